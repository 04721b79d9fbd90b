//! Who calls a function that acts for the user of the current token.

use super::{decide, memo};
use crate::settings;

/// Whose the current token is, and the decision about it.
pub struct Caller {
    /// The user, in canonical form; `None` without claims, or if they have none.
    pub subject: Option<String>,
    /// The session, if the token has one.
    pub session: Option<[u8; 16]>,
    /// True if the local issuer's.
    pub is_local: bool,
    /// As `auth.is_revoked()`.
    pub is_revoked: bool,
    /// As `auth.is_active()`.
    pub is_active: bool,
}

/// The caller by the current claims. Of an adopted schema `auth` the owner may replace functions,
/// so nothing is called by name here.
pub fn caller() -> Caller {
    let is_revoked = decide::reason().is_some();
    memo().with(|current| {
        let claims = current.claims();
        let issuer = claims.and_then(|claims| claims.issuer.as_deref());
        Caller {
            subject: claims.and_then(|claims| claims.subject.clone()),
            session: claims.and_then(|claims| claims.session_id),
            is_local: issuer == Some(&settings::issuer()),
            is_revoked,
            is_active: claims.is_some() && !is_revoked,
        }
    })
}
