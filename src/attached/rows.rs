//! Reads the rows of attached tables: for the verdict on a token, for the verdict on a user who is
//! to get one, and for the sessions of a user.

use super::registry::{self, Source};
use super::table::{self as tables, Table};
use super::{AttachedKind, Identity, Layout, Part, TableProblem, descent};
use crate::pg::catalog::{self, Row, Snapshot};
use crate::pg::unguarded;
use crate::settings;
use authguard_token::{
    Claims, Judge, RevocationReason, SessionRow, UserRow, is_flag_set, parse_uuid,
};
use pgrx::pg_sys::TimestampTz;

/// Weighs the rows of every attached table that concerns the claims, by one snapshot.
pub fn weigh(judge: &mut Judge<'_>, claims: &Claims, snapshot: Snapshot<'_>) {
    for source in registry::sources().iter() {
        let identity = match source.kind {
            AttachedKind::Users => Identity::of_user(claims),
            // The sessions that this database has begun are judged by their rows in
            // authguard.session.
            AttachedKind::Sessions
                if source.issuer.is_none() && claims.is_of_local_session(&settings::issuer()) =>
            {
                None
            }
            AttachedKind::Sessions => Identity::of_session(claims),
        };
        let Some(identity) = identity.filter(|_| judge.is_of_issuer(source.issuer.as_deref()))
        else {
            continue;
        };
        if weigh_rows(judge, source, &identity, snapshot).is_err() {
            judge.broken_source();
        }
    }
}

fn weigh_rows(
    judge: &mut Judge<'_>,
    source: &Source,
    identity: &Identity,
    snapshot: Snapshot<'_>,
) -> Result<(), TableProblem> {
    let mut missing = true;
    let found = find(source, identity, snapshot, |layout, row| {
        missing = false;
        match source.kind {
            AttachedKind::Users => judge.user_row(Some(&user(layout, row))),
            AttachedKind::Sessions => judge.session_row(Some(&SessionRow {
                not_after: layout.time(row, Part::NotAfter),
            })),
        }
    })?;
    match source.kind {
        AttachedKind::Users if missing => judge.user_row(None),
        AttachedKind::Sessions if missing => judge.session_row(None),
        _ => {}
    }
    if !found.in_every_form {
        judge.may_appear();
    }
    if !found.has_invalidation_triggers {
        judge.changes_unseen();
    }
    Ok(())
}

/// The user as the row describes it.
fn user(layout: &Layout, row: &Row) -> UserRow {
    UserRow {
        deleted: layout.is_set(row, Part::DeletedAt),
        banned_until: layout.time(row, Part::BannedUntil),
        access_revoked: layout
            .json(row, Part::AppMetadata, Some("access_revoked"))
            .is_some_and(|flag| is_flag_set(&flag)),
    }
}

/// The claims of a locally issued token that decide about a user (in canonical form).
fn claims_of(user: &str) -> Claims {
    Claims {
        issuer: Some(settings::issuer()),
        subject: Some(user.to_owned()),
        uid: parse_uuid(user),
        ..Claims::default()
    }
}

/// Returns true if the attached tables shut a user (in canonical form) out of locally issued
/// tokens, by one snapshot.
pub fn shuts(user: &str, snapshot: Snapshot<'_>) -> bool {
    let claims = claims_of(user);
    let mut judge = Judge::new(&claims, unguarded::clock(), 0);
    weigh(&mut judge, &claims, snapshot);
    judge.verdict().reason.is_some()
}

/// Returns the metadata of a user of the local issuer, one for each attached table that has the
/// user. Metadata that is no object counts as empty.
pub fn metadata(user: &str) -> Vec<String> {
    let claims = claims_of(user);
    let judge = Judge::new(&claims, 0, 0);
    let identity = Identity::of_user(&claims);
    let mut found = Vec::new();
    for source in registry::sources().iter() {
        if source.kind == AttachedKind::Users
            && judge.is_of_issuer(source.issuer.as_deref())
            && let Some(identity) = &identity
        {
            // A table that cannot be read shuts the user out.
            let _ = find(source, identity, Snapshot::FRESH, |layout, row| {
                if layout.column(Part::AppMetadata).is_some() {
                    let metadata = layout.json(row, Part::AppMetadata, None);
                    let metadata = metadata.filter(|json| json.starts_with('{'));
                    found.push(metadata.unwrap_or_else(|| "{}".to_owned()));
                }
            });
        }
    }
    found
}

/// What an attached table has of a user.
pub struct Explained {
    pub source: Source,
    /// The number of its rows; of sessions only those that are not past their time.
    pub found: i64,
    /// The reason for which it shuts the user out.
    pub reason: Option<RevocationReason>,
}

/// Returns what each attached table has of a user with these names (in canonical form).
pub fn explain(names: &[String]) -> Vec<Explained> {
    let identities: Vec<_> = names.iter().map(|name| Identity::of(name)).collect();
    let sources = registry::sources();
    let explained = sources.iter().map(|source| {
        let (mut found, mut reason) = (0, None);
        for identity in &identities {
            let looked = match source.kind {
                AttachedKind::Users => find(source, identity, Snapshot::FRESH, |layout, row| {
                    found += 1;
                    reason = reason.or(finding(|judge| judge.user_row(Some(&user(layout, row)))));
                })
                .err(),
                AttachedKind::Sessions => of_user(source, identity, |layout, row| {
                    let not_after = layout.time(row, Part::NotAfter);
                    let end = finding(|judge| judge.session_row(Some(&SessionRow { not_after })));
                    found += i64::from(end.is_none());
                })
                .err(),
            };
            if looked.is_some() {
                reason = finding(|judge| judge.broken_source());
                break;
            }
        }
        if source.kind == AttachedKind::Users && found == 0 {
            reason = reason.or(finding(|judge| judge.user_row(None)));
        }
        Explained {
            source: source.clone(),
            found,
            reason,
        }
    });
    explained.collect()
}

/// The reason that one row gives now.
fn finding(weigh: impl FnOnce(&mut Judge<'_>)) -> Option<RevocationReason> {
    let claims = Claims::default();
    let mut judge = Judge::new(&claims, unguarded::clock(), 0);
    weigh(&mut judge);
    judge.verdict().reason
}

/// A session in an attached table.
pub struct AttachedSession {
    /// The session, in canonical form.
    pub key: String,
    /// The issuer that the table is attached for.
    pub issuer: Option<String>,
    /// The end of the session, a `timestamptz`.
    pub not_after: Option<TimestampTz>,
}

/// The sessions of a user in all attached tables. Each table is read by `attempt`, which may fail.
pub fn sessions(
    user: &str,
    attempt: impl Fn(&dyn Fn() -> Vec<AttachedSession>) -> Option<Vec<AttachedSession>>,
) -> Vec<AttachedSession> {
    let identity = Identity::of(user);
    let sources = registry::sources();
    let tables = sources
        .iter()
        .filter(|source| source.kind == AttachedKind::Sessions);
    tables
        .filter_map(|source| attempt(&|| sessions_in(source, &identity)))
        .flatten()
        .collect()
}

fn sessions_in(source: &Source, identity: &Identity) -> Vec<AttachedSession> {
    let mut found = Vec::new();
    // A table whose form cannot be read shuts everybody out.
    let _ = of_user(source, identity, |layout, row| {
        if let Some(key) = layout.id(row) {
            let end = layout.column(Part::NotAfter);
            found.push(AttachedSession {
                key,
                issuer: source.issuer.clone(),
                not_after: end.and_then(|(number, _)| row.get(number)),
            });
        }
    });
    found
}

/// The result of looking for the rows of an identity in an attached table.
struct Found {
    /// True if every form of the key that was looked for has a row. Otherwise another row may
    /// arrive.
    in_every_form: bool,
    /// True if the table reports every change.
    has_invalidation_triggers: bool,
}

/// Calls `each` for the rows of an attached table that have the key of the identity.
fn find(
    source: &Source,
    identity: &Identity,
    snapshot: Snapshot<'_>,
    mut each: impl FnMut(&Layout, &Row),
) -> Result<Found, TableProblem> {
    let mut in_every_form = true;
    let has_invalidation_triggers = read(source, Some(identity), |table, layout| {
        let index = Some(layout.index);
        for key in layout.keys(Part::Id, identity, index) {
            let mut is_there = false;
            catalog::scan_in(table, index, &[key], snapshot, |row| {
                is_there = true;
                each(layout, &row);
            });
            in_every_form &= is_there;
        }
    })?;
    Ok(Found {
        in_every_form,
        has_invalidation_triggers,
    })
}

/// Calls `each` for the user's rows in an attached table of sessions. Uses an index if there is
/// one.
fn of_user(
    source: &Source,
    identity: &Identity,
    mut each: impl FnMut(&Layout, &Row),
) -> Result<bool, TableProblem> {
    read(source, None, |table, layout| {
        let Some((number, base_type)) = layout.column(Part::UserId) else {
            return;
        };
        let index = tables::any_index(table, number, base_type);
        for key in layout.keys(Part::UserId, identity, index) {
            let each = |row: Row| each(layout, &row);
            catalog::scan_in(table, index, &[key], Snapshot::FRESH, each);
        }
    })
}

fn read(
    source: &Source,
    identity: Option<&Identity>,
    each: impl FnMut(&Table, &Layout),
) -> Result<bool, TableProblem> {
    let read = tables::open(source.relation, |table| {
        descent::read(table, source.kind, identity, each)
    });
    read.unwrap_or(Err(TableProblem::Gone))
}
