//! Node texts: the tree that they make, the expressions made of it, and what holds for any text.

mod clauses;
mod expr;
mod print;
mod properties;
mod texts;
mod tree;
