//! Reads the entries that concern a token from `authguard.revocation`.

use super::place::Place;
use crate::invalidation;
use crate::pg::catalog::{self, Key, Row};
use crate::pg::leaf;
use crate::session;
use crate::settings;
use authguard_token::{
    Claims, Entry, Judge, Kind, RefreshSettings, Verdict, canonical, format_uuid,
};
use pgrx::pg_sys::TimestampTz;

/// Columns of `authguard.revocation`, in the order of `sql/revocation.sql`.
mod column {
    pub const KIND: i16 = 1;
    pub const KEY: i16 = 2;
    pub const ISSUER: i16 = 3;
    pub const BLOCKED: i16 = 4;
    pub const BLOCKED_UNTIL: i16 = 5;
    pub const ISSUED_BEFORE: i16 = 6;
    pub const INCLUDE_KEYS: i16 = 7;
}

/// What a verdict depends on beside the claims and the time: while it is the same, so is the verdict. To
/// be taken before the look-up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    generation: u64,
    leeway: i64,
    sessions: RefreshSettings,
    place: Place,
}

impl Basis {
    /// That of this moment.
    pub fn current() -> Self {
        Self {
            generation: invalidation::revocations(),
            leeway: settings::leeway(),
            sessions: settings::refresh(),
            place: Place::current(),
        }
    }
}

/// The verdict on `claims` at `now` (microseconds since the Unix epoch), from the newest committed
/// entries and this transaction's own.
pub fn judge(claims: &Claims, now: i64, basis: Basis) -> Verdict {
    if let Some(verdict) = basis.place.verdict() {
        return verdict;
    }
    let objects = invalidation::objects();
    let index = objects.index(c"revocation_key");
    let mut judge = Judge::new(claims, now, settings::leeway());
    let own = session::find(claims);
    if let Some(row) = &own {
        judge.session(row.as_ref());
    }
    let session = claims.session_id.as_ref().map(format_uuid);
    // Of an issuer with a namespace for its subjects: the user is known here by either.
    let uid = claims.uid.as_ref().map(format_uuid);
    let uid = uid.filter(|uid| claims.subject.as_ref() != Some(uid));
    let keys = [
        (Kind::Token, claims.jti.as_deref()),
        (Kind::Session, session.as_deref()),
        (Kind::User, claims.subject.as_deref()),
        (Kind::User, uid.as_deref()),
        (Kind::Issuer, Some("")),
    ];
    let keys: Vec<_> = keys
        .into_iter()
        .filter_map(|(kind, key)| Some((kind, canonical(key?))))
        .collect();
    let sets: Vec<_> = keys
        .iter()
        .map(|(kind, key)| {
            [
                Key::Text(column::KIND, kind.as_str()),
                Key::Text(column::KEY, key),
            ]
        })
        .collect();
    let sets: Vec<&[Key<'_>]> = sets.iter().map(<[_; 2]>::as_slice).collect();
    if judge.settled() {
        return judge.verdict();
    }
    catalog::scan_all(objects.revocation, index, &sets, |number, row| {
        let issuer: Option<String> = row.get(column::ISSUER);
        judge.entry(&Entry {
            kind: keys[number].0,
            issuer: issuer.as_deref(),
            blocked: row.get(column::BLOCKED).unwrap_or(true),
            blocked_until: time(&row, column::BLOCKED_UNTIL),
            issued_before: time(&row, column::ISSUED_BEFORE),
            include_keys: row.get(column::INCLUDE_KEYS).unwrap_or(true),
        });
        !judge.settled()
    });
    judge.verdict()
}

fn time(row: &Row, column: i16) -> Option<i64> {
    row.get::<i64>(column)
        .map(|timestamp: TimestampTz| leaf::unix_micros(timestamp))
}
