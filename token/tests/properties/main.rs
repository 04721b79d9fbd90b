//! What must hold for any input. The tables of single cases are beside this directory.

mod claims;
mod events;
mod identity;
mod json;
mod names;
mod revocation;
mod subjects;
