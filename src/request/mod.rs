//! The settings of a request: `request.jwt.claims` and `authguard.jwt`, the roles that may set
//! claims (`authguard.gateway_roles`), and the seal that keeps claims until the transaction ends.
//! And the token of the login, which is no setting.

mod claims;
mod forget;
mod gateways;
mod login;
mod seal;
mod session_only;
pub mod set_in_transaction;
mod token;

pub use claims::{claims_are_foreign, with_claims};
pub use forget::ClaimsForgotten;
pub use gateways::{gateway_problems, is_gateway, names as gateway_names};
pub use login::{keep_login_token, login_token};
pub use seal::read as claims_were_read;
pub use token::{set_token, with_token};

use crate::pg::hook::Hook;

static ASSIGNED: Hook = Hook::new();

/// Raises an error if a setting would not get the value that it was given. To be called from
/// `_PG_init`, before any setting is defined.
pub fn check_given() {
    gateways::check_given();
    token::check_given();
    claims::check_given();
}

/// Defines the settings. To be called once, from `_PG_init`. `changed` is called whenever a setting
/// is assigned.
pub fn define(changed: fn()) {
    ASSIGNED.set(changed);
    seal::adopting(|| {
        gateways::define();
        token::define();
        claims::define();
    });
}

/// Ends a subtransaction. To be called while it is the current one.
pub fn end_of_subtransaction(committed: bool) {
    seal::end_of_subtransaction(committed);
    set_in_transaction::end_of_subtransaction(committed);
}

/// Ends a transaction.
pub fn end_of_transaction() {
    seal::end_of_transaction();
    set_in_transaction::end_of_transaction();
}
