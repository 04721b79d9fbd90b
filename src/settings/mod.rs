//! Every setting but `request.jwt.claims`, `authguard.jwt` and `authguard.gateway_roles`, whose hooks are in
//! `pg/request.rs` and `pg/gateways.rs`. All but those of CREATE EXTENSION are for the server's file or ALTER SYSTEM.

mod database;
mod issuing;
mod judging;
mod server;

pub use database::{AfterRestore, after_restore, max_replay_lag};
pub use issuing::{
    audience, issuer, min_aal, notifies, refresh, signing_key_file, single_session_per_user,
};
pub use judging::{
    RefusalLevel, leeway, log_refused_tokens, max_claims_size, max_token_lifetime, max_token_size,
    seal_claims,
};

use crate::pg::guc::Text;

/// Defines the settings. To be called once, from `_PG_init`. `keys_changed` is called when a text is assigned,
/// which may decide which tokens are good.
pub fn define(keys_changed: fn()) {
    Text::when_assigned(keys_changed);
    judging::define();
    issuing::define();
    database::define();
}
