//! Sessions of our own: what `sql/sessions.sql` and its companions ask of the rules in the `token` crate,
//! and the row that judges a session's access tokens.

mod arguments;
mod events;
mod functions;
mod issued;
mod issuing;
mod refresh;
mod row;
mod sign_in;
mod stored;
mod tokens;

pub use issuing::{before_prepare, end_of_transaction};
pub use row::{find, is_own};
