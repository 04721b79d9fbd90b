//! Reads the entries that concern a token from `authguard.revocation`.

use super::availability::Availability;
use super::{clock_skew, own_session, unused_kinds};
use crate::attached;
use crate::invalidation;
use crate::pg::catalog::{Key, Snapshot};
use crate::schema::{self, Table, revocation as column};
use crate::settings;
use authguard_token::{Claims, Entry, EntryKind, Judge, RefreshSettings, Verdict, format_uuid};

/// The basis of a verdict, besides the claims and the time. While it is the same, the verdict is
/// the same. To be taken before the look-up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    generation: u64,
    /// The generation of issuers, whose clocks may differ.
    issuers: u64,
    /// The generation of the settings. `authguard.issuer` is one of them: it says which sessions
    /// are local.
    settings: u64,
    leeway: i64,
    sessions: RefreshSettings,
    availability: Availability,
}

impl Basis {
    /// The basis of this moment.
    pub fn current() -> Self {
        Self {
            generation: invalidation::revocations(),
            issuers: invalidation::keys(),
            settings: invalidation::settings(),
            leeway: settings::leeway(),
            sessions: settings::refresh(),
            availability: Availability::current(),
        }
    }
}

/// The finding of the tables on a token.
pub struct Finding {
    /// The verdict: it says if the token is revoked.
    pub verdict: Verdict,
    /// The time at which the user last proved who it is, by the row of a local session.
    pub authenticated_at: Option<i64>,
}

/// The finding on `claims` at `now` (microseconds since the Unix epoch), from one committed state
/// of all tables, the newest, and from this transaction's own writes. To be called from within
/// [`invalidation::until_still`].
pub fn judge(claims: &Claims, now: i64, basis: Basis) -> Finding {
    if let Some(verdict) = basis.availability.verdict() {
        return Finding {
            verdict,
            authenticated_at: None,
        };
    }
    Snapshot::with_newest(|snapshot| judge_at(snapshot, claims, now))
}

fn judge_at(snapshot: Snapshot<'_>, claims: &Claims, now: i64) -> Finding {
    let leeway = settings::leeway();
    let found = find(claims, Judge::new(claims, now, leeway), snapshot);
    // The issuer's row is read only if it matters, which is rare.
    let Found { judge, .. } = &found;
    let skew = claims.issuer.as_deref().filter(|_| judge.depends_on_skew());
    match skew.and_then(clock_skew::of).filter(|skew| *skew < leeway) {
        Some(skew) => {
            let mut judge = Judge::new(claims, now, leeway);
            judge.narrow_skew(skew);
            find(claims, judge, snapshot).finding()
        }
        None => found.finding(),
    }
}

/// A judge that has weighed everything.
struct Found<'c> {
    judge: Judge<'c>,
    authenticated_at: Option<i64>,
}

impl Found<'_> {
    fn finding(&self) -> Finding {
        Finding {
            verdict: self.judge.verdict(),
            authenticated_at: self.authenticated_at,
        }
    }
}

/// Lets the judge weigh the session, the entries and the attached rows that concern the claims.
fn find<'c>(claims: &'c Claims, mut judge: Judge<'c>, snapshot: Snapshot<'_>) -> Found<'c> {
    let own = own_session::find(claims, snapshot);
    if let Some(row) = &own {
        judge.session(row.as_ref());
    }
    let authenticated_at = own.flatten().and_then(|row| row.authenticated_at);
    if judge.settled() {
        return Found {
            judge,
            authenticated_at,
        };
    }
    let session = claims.session_key();
    // As a rule one or none.
    let clients: Vec<_> = claims.client_keys().collect();
    let grants = |user| clients.first().and(user);
    // If the issuer has a namespace for its subjects, this database knows the user by the subject
    // and by the UUID.
    let uid = claims.uid.as_ref().map(format_uuid);
    let uid = uid.filter(|uid| claims.subject.as_ref() != Some(uid));
    // All keys are in their canonical form.
    let mut keys = vec![
        (EntryKind::Token, claims.jti.as_deref()),
        (EntryKind::Session, session.as_deref()),
        (EntryKind::User, claims.subject.as_deref()),
        (EntryKind::User, uid.as_deref()),
        (EntryKind::Claims, claims.subject.as_deref()),
        (EntryKind::Issuer, Some("")),
        (EntryKind::Grant, grants(claims.subject.as_deref())),
        (EntryKind::Grant, grants(uid.as_deref())),
    ];
    let of_client = |client| (EntryKind::Client, Some(client));
    keys.extend(clients.iter().map(|client| of_client(client.as_ref())));
    entries(&keys, snapshot, |entry| {
        judge.entry(entry);
        !judge.settled()
    });
    if !judge.settled() {
        attached::weigh(&mut judge, claims, snapshot);
    }
    Found {
        judge,
        authenticated_at,
    }
}

/// Shows the entries of these kinds and keys (in canonical form), until `each` returns false. They
/// are those of the snapshot. To be called from within [`invalidation::until_still`].
pub fn entries(
    keys: &[(EntryKind, Option<&str>)],
    snapshot: Snapshot<'_>,
    mut each: impl FnMut(&Entry<'_>) -> bool,
) {
    let looked_for = keys.iter().filter(|(_, key)| key.is_some());
    let unused = unused_kinds::unused(looked_for.map(|(kind, _)| *kind));
    let looked_for = keys.iter().filter_map(|(kind, key)| Some((*kind, (*key)?)));
    let mut sets = looked_for.filter(|(kind, _)| !unused.has(*kind)).peekable();
    if sets.peek().is_none() {
        return;
    }
    schema::read_at(Table::Revocation, snapshot, |table| {
        let sets = sets.map(|(kind, key)| {
            let keys = [
                Key::Text(table.at(column::KIND), kind.as_str()),
                Key::Text(table.at(column::KEY), key),
            ];
            (kind, keys)
        });
        table.scan_all(sets, |kind, row| {
            let issuer = row.text(column::ISSUER);
            let client = row.text(column::CLIENT_ID);
            each(&Entry {
                kind,
                issuer: issuer.as_deref(),
                client: client.as_deref(),
                blocked: row.get(column::BLOCKED).unwrap_or(true),
                blocked_until: row.time(column::BLOCKED_UNTIL),
                issued_before: row.time(column::ISSUED_BEFORE),
                include_keys: row.get(column::INCLUDE_KEYS).unwrap_or(true),
            })
        });
    });
}
