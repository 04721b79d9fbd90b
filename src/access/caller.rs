//! The caller of a function that acts for the user of the current token.

use super::{decide, memo};
use crate::settings;

/// The user, session and issuer of the current token, and the decision about it.
pub struct Caller {
    /// The user, in canonical form. `None` if there are no claims, or they name no user.
    pub subject: Option<String>,
    /// The session, if the token has one.
    pub session: Option<[u8; 16]>,
    /// True if there are claims, and they are accepted.
    pub is_accepted: bool,
    /// True if the token is the local issuer's.
    pub is_local: bool,
    /// The answer of `auth.is_revoked()`.
    pub is_revoked: bool,
    /// The answer of `auth.is_active()`.
    pub is_active: bool,
}

/// The caller, by the current claims. Nothing is called by name here: if schema `auth` was adopted,
/// its owner may replace functions.
pub fn caller() -> Caller {
    let is_revoked = decide::reason().is_some();
    memo().with(|current| {
        let claims = current.claims();
        let issuer = claims.and_then(|claims| claims.issuer.as_deref());
        Caller {
            subject: claims.and_then(|claims| claims.subject.clone()),
            session: claims.and_then(|claims| claims.session_id),
            is_accepted: claims.is_some(),
            is_local: issuer == Some(&settings::issuer()),
            is_revoked,
            is_active: claims.is_some() && !is_revoked,
        }
    })
}
