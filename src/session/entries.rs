//! The revocation entries that endings write, through `authguard.revoke`.

use super::record::{Session, time};
use crate::pg::call::Value;
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use crate::pg::timestamp;
use authguard_token::format_uuid;
use authguard_token::refresh::EndReason;
use pgrx::pg_sys;

static REVOKE_SESSION: PerBackend<Plan> = Plan::new(
    c"select authguard.revoke(authguard.entry('session', $1, $2, null, $3,
        authguard.expiry_with_leeway($4)))",
    &[
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::TIMESTAMPTZOID,
    ],
);

static CUT_OFF_USER: PerBackend<Plan> = Plan::new(
    c"select authguard.cut_off_user($1, $2)",
    &[pg_sys::TEXTOID, pg_sys::TEXTOID],
);

static FORGET: PerBackend<Plan> = Plan::new(c"select authguard.forget()", &[]);

/// Forgets a few entries that decide nothing any more. Only for operators: a client could keep its
/// transaction open, and an operator who writes a forgotten entry again would wait for it.
pub fn forget() {
    FORGET.run(&[], |_| ());
}

/// An entry that revokes the tokens of a session.
pub struct SessionEntry {
    /// The session, in canonical form.
    pub key: String,
    /// The issuer, a `text`; NULL stands for every issuer.
    pub issuer: Value,
    /// The reason, a `text`.
    pub reason: Value,
    /// The time when the session's last token expires, a `timestamptz`; NULL keeps the entry.
    pub expires_at: Value,
}

impl SessionEntry {
    /// The entry of a session that ends.
    pub fn of(session: &Session, reason: EndReason) -> Self {
        Self {
            key: format_uuid(&session.id),
            issuer: Value::of(session.issuer.as_str()),
            reason: Value::of(reason.as_str()),
            expires_at: time(session.tokens_until),
        }
    }

    /// Writes the entry. Returns false if another entry covers as much.
    pub fn write(&self) -> bool {
        let key = Value::of(self.key.as_str());
        let parameters = [key, self.issuer, self.reason, self.expires_at];
        REVOKE_SESSION.run(&parameters, |row| row.and_then(|row| row.get(1))) == Some(true)
    }
}

/// Revokes the tokens that a user (in canonical form) was issued so far, at every issuer. Returns
/// the cut-off, in microseconds.
pub fn cut_off_user(user: &str, reason: EndReason) -> i64 {
    let parameters = [Value::of(user), Value::of(reason.as_str())];
    let cutoff = CUT_OFF_USER.run(&parameters, |row| row.and_then(|row| row.get(1)));
    cutoff.map_or(i64::MAX, timestamp::unix_micros)
}
