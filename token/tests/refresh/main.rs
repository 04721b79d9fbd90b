//! Refresh tokens and the sessions behind them: no text that is not ours is read, and nobody who
//! holds a superseded token goes on unnoticed.

mod attacks;
mod clock;
mod forgery;
mod grid;
mod limits;
mod lost_answers;
mod oracle;
mod support;
mod text;
mod transitions;
