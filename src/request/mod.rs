//! What a request sets: `request.jwt.claims` and `authguard.jwt`, whose claims are believed
//! (`authguard.gateway_roles`), and the seal that keeps claims until the transaction ends.
#![allow(unsafe_code)]

pub mod gateways;
mod request;
pub mod seal;
pub mod set_in_transaction;

pub use request::{claims_are_foreign, claims_text, define, set_token, token_text};
