//! The rules of who may end which sessions.
//!
//! Each ending takes effect at the next statement. It writes an event, and also a revocation entry,
//! so that databases which only receive entries agree. If a session has ended already, ending it
//! again succeeds and writes nothing; only `authguard.revoke_session` may still write an entry.

use super::ending::{self, Ending, end_by_entry, end_nowait, end_wait};
use super::entries::SessionEntry;
use super::record::Locked;
use super::{cut_offs, entries, events, step_up, wait, writes};
use crate::access;
use crate::attached;
use crate::error::Error;
use crate::keys;
use crate::pg::call::{Call, Value, guarded, raw_function};
use crate::pg::catalog::Row;
use crate::pg::encoding::Utf8;
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use crate::pg::{lock, memory, transaction, unguarded};
use crate::schema::{self, Table};
use crate::settings;
use authguard_token::refresh::{EndReason, new_credentials, reauthenticate};
use authguard_token::{Actor, Event, SignOutScope, format_uuid, parse_uuid};
use pgrx::Uuid;
use pgrx::pg_sys::{self, Datum, TimestampTz};
use pgrx::prelude::*;

// All queries list sessions in one order, so that two endings of one user's sessions cannot wait
// for each other.

static OF_USER: PerBackend<Plan> = Plan::new(
    c"select pg_catalog.array_agg(s.id order by s.id) from authguard.session s
       where s.user_id = $1 and s.ended_at is null and ($2 is null or s.issuer = $2)",
    &[pg_sys::TEXTOID, pg_sys::TEXTOID],
);

static OF_TAG: PerBackend<Plan> = Plan::new(
    c"select pg_catalog.array_agg(s.id order by s.id) from authguard.session s
       where s.user_id = $1 and s.ended_at is null and s.tag is not distinct from $2",
    &[pg_sys::TEXTOID, pg_sys::TEXTOID],
);

static OF_ALL: PerBackend<Plan> = Plan::new(
    c"select pg_catalog.array_agg(s.id order by s.id) from authguard.session s
       where s.ended_at is null",
    &[],
);

static REVOKE_ALL: PerBackend<Plan> = Plan::new(
    c"select authguard.revoke_issued_before(pg_catalog.clock_timestamp(), null, $1)",
    &[pg_sys::TEXTOID],
);

/// The sessions that a query lists.
fn listed(row: Option<Row>) -> Vec<[u8; 16]> {
    let ids: Option<Vec<Uuid>> = row.and_then(|row| row.get(1));
    let ids = ids.unwrap_or_default().into_iter();
    ids.map(|id| *id.as_bytes()).collect()
}

/// Ends sessions one by one, and counts those that `end` ends.
fn count(sessions: impl IntoIterator<Item = [u8; 16]>, end: impl Fn([u8; 16]) -> bool) -> i32 {
    let end = |id| i32::from(memory::scratch(|| end(id)));
    sessions.into_iter().map(end).sum()
}

/// Ends sessions one by one, and counts those that it ends. A row that cannot be written, because a
/// trigger raises an error for it, say, keeps no other session alive: an entry ends its session.
fn end_each(sessions: &[[u8; 16]], ending: Ending) -> i32 {
    if sessions.is_empty() {
        return 0;
    }
    let sessions = || sessions.iter().copied();
    // A subtransaction for each is needed only if one of them fails.
    let all = || count(sessions(), |id| end_nowait(id, ending, None));
    transaction::attempt(all).unwrap_or_else(|| {
        count(sessions(), |id| {
            transaction::attempt(|| end_nowait(id, ending, None))
                .unwrap_or_else(|| end_by_entry(id, ending, None))
        })
    })
}

/// Ends the sessions of a user (a `text` in canonical form) except `kept`, without waiting for
/// anybody. `issuer` is a `text`; NULL stands for every issuer.
fn end_user(user: Value, issuer: Value, ending: Ending, kept: Option<[u8; 16]>) -> i32 {
    let sessions = OF_USER.run(&[user, issuer], listed);
    let others = sessions.into_iter().filter(|id| Some(*id) != kept);
    end_each(&others.collect::<Vec<_>>(), ending)
}

/// Ends the sessions of a user (in canonical form) with this tag (a `text`), for the session that
/// is about to begin. Other transactions that sign this user in wait for the end of this one.
/// Returns false, and has ended nothing, if that takes too long.
pub fn replace(user: &str, tag: Value) -> bool {
    if !transaction::is_read_committed() {
        Error::SingleSessionSnapshot.raise();
    }
    // If two sign-ins of one user run at once, the second one ends the session of the first.
    if !wait::for_sign_in(user) {
        return false;
    }
    let ending = Ending {
        reason: EndReason::Replaced,
        actor: Actor::Policy,
    };
    let sessions = OF_TAG.run(&[Value::of(user), tag], listed);
    count(sessions, |id| end_nowait(id, ending, None));
    true
}

/// Locks the sign-in of a user (in canonical form) until the transaction ends.
#[pg_extern(sql = false)]
fn authguard_lock_sign_in(user: Utf8) {
    let class = schema::objects().table(Table::Session);
    lock::take(class, user.as_bytes(), lock::Mode::Exclusive);
}

/// Ends the sessions of a token's user for which `wanted` returns true. Waits for any transaction
/// that has the row of one.
fn sign_out(user: &str, wanted: impl Fn([u8; 16]) -> bool) -> i32 {
    let ending = Ending {
        reason: EndReason::SignedOut,
        actor: Actor::User,
    };
    let issuer = Value::of(settings::issuer());
    let sessions = OF_USER.run(&[Value::of(user), issuer], listed);
    let wanted = sessions.into_iter().filter(|id| wanted(*id));
    count(wanted, |id| end_wait(id, ending))
}

/// `auth.sign_out`.
#[pg_extern(sql = false)]
fn authguard_sign_out(scope: Option<Utf8>) -> i32 {
    let Some(scope) = scope.and_then(|scope| SignOutScope::from_name(&scope)) else {
        Error::Argument(format!("scope must be {}", SignOutScope::listed()), None).raise()
    };
    writes::require_primary();
    let caller = access::caller();
    if !caller.is_accepted {
        access::not_active().raise();
    }
    let Some(user) = caller.subject.filter(|_| caller.is_local) else {
        Error::NoLocalToken.raise()
    };
    let scope = match (scope, caller.session) {
        (SignOutScope::Local | SignOutScope::Others, None) => Error::NoSession.raise(),
        // The holder of a revoked token is shut out, and must not shut out the user's later
        // sessions in turn.
        (SignOutScope::Others, _) | (_, None) if caller.is_revoked => return 0,
        (_, Some(_)) if caller.is_revoked => SignOutScope::Local,
        (scope, _) => scope,
    };
    sign_out(&user, |id| match scope {
        SignOutScope::Global => true,
        SignOutScope::Local => Some(id) == caller.session,
        SignOutScope::Others => Some(id) != caller.session,
    })
}

/// `auth.end_session`.
#[pg_extern(sql = false)]
fn authguard_end_session(id: Option<Uuid>) -> bool {
    writes::require_primary();
    let caller = access::caller();
    if !caller.is_active {
        access::not_active().raise();
    }
    match (id, caller.subject.filter(|_| caller.is_local)) {
        (Some(id), Some(user)) => sign_out(&user, |other| other == *id.as_bytes()) > 0,
        _ => false,
    }
}

raw_function!(
    /// `authguard.revoke_session`.
    authguard_revoke_session,
    |call| guarded(|| {
        writes::require_primary();
        let id = call.uuid(0).map(|id| format_uuid(&id));
        revoke_named(call, id.as_deref())
    })
);

raw_function!(
    /// `authguard.revoke_session` for a session as its issuer names it.
    authguard_revoke_named_session,
    |call| guarded(|| {
        writes::require_primary();
        let name = call.text(0);
        revoke_named(call, name.as_deref())
    })
);

fn revoke_named(call: Call, name: Option<&str>) -> Datum {
    Datum::from(revoke_and_forget(SessionEntry {
        key: writes::identity("session_id", name),
        reason: call.value(1),
        issuer: call.value(2),
        expires_at: call.value(3),
    }))
}

/// Revokes every token of a session, and forgets a few old entries.
pub fn revoke_and_forget(entry: SessionEntry) -> bool {
    let revoked = revoke_session(entry);
    if revoked {
        entries::forget();
    }
    revoked
}

/// Revokes every token of a session, of the local issuer or of another. An issuer that does not
/// know of this may refresh the session for ever. So an entry that does not say when the session's
/// last token expires is kept.
fn revoke_session(entry: SessionEntry) -> bool {
    let id = parse_uuid(&entry.key);
    let live = id.and_then(|id| Some((id, ending::find(id, entry.issuer)?)));
    let Some((id, session)) = live else {
        return entry.write();
    };
    let ending = Ending {
        reason: EndReason::Revoked,
        actor: Actor::Admin,
    };
    let later = |end: Datum| Datum::from((end.value() as TimestampTz).max(session.tokens_until));
    let entry = SessionEntry {
        expires_at: entry.expires_at.map(later),
        ..entry
    };
    end_nowait(id, ending, Some(&entry))
}

raw_function!(
    /// `authguard.end_blocked_sessions`: ends the sessions of a user (in canonical form) who is
    /// shut out at an issuer, or at every issuer. Both texts stay as they are: if the database's
    /// encoding is not UTF-8, it may hold names that no token can have.
    authguard_end_blocked_sessions,
    |call| guarded(|| {
        let ending = Ending {
            reason: EndReason::Blocked,
            actor: Actor::Admin,
        };
        Datum::from(end_user(call.value(0), call.value(1), ending, None))
    })
);

/// `authguard.sign_out_user`.
#[pg_extern(sql = false)]
fn authguard_sign_out_user(user: Option<Utf8>, scope: Option<Utf8>) -> i32 {
    let user = writes::identity("user_id", user.as_deref());
    writes::require_primary();
    if scope.as_deref() != Some(SignOutScope::Global.as_str()) {
        Error::Argument(
            "the scope of authguard.sign_out_user is global".to_owned(),
            Some("authguard.revoke_session ends one session."),
        )
        .raise();
    }
    let ending = Ending {
        reason: EndReason::SignedOut,
        actor: Actor::Admin,
    };
    // First, so that it covers a session that is not committed yet.
    entries::cut_off_user(&user, ending.reason);
    let ended = end_user(Value::of(user.as_str()), Value::NULL, ending, None);
    // The application that keeps those tables may refresh such a session for ever. The session's
    // tokens stay dead in this database.
    let mut elsewhere = attached::sessions(&user, |read| {
        let sessions = transaction::attempt(|| wait::briefly(read));
        if sessions.is_none() {
            Error::AttachedUnread.report().warn();
        }
        sessions
    });
    elsewhere.sort_by(|one, other| one.key.cmp(&other.key));
    let elsewhere = elsewhere.iter().filter(|session| {
        // Whoever may write rows there must not end the sessions that others have here.
        let id = parse_uuid(&session.key);
        let own = id.and_then(|id| ending::find(id, Value::NULL));
        if own.is_some_and(|own| own.user != user) {
            return false;
        }
        let reason = EndReason::SignedOut.as_str();
        memory::scratch(|| {
            let revoked = revoke_session(SessionEntry {
                key: session.key.clone(),
                issuer: Value::of(session.issuer.as_deref()),
                reason: Value::of(reason),
                // An infinite end does not say when the session's last token expires.
                expires_at: Value::of(session.not_after.filter(|end| *end != TimestampTz::MAX)),
            });
            if revoked {
                ending::tell(&user, id, ending);
            }
            revoked
        })
    });
    let ended = ended.saturating_add(i32::try_from(elsewhere.count()).unwrap_or(i32::MAX));
    if ended > 0 {
        entries::forget();
    }
    ended
}

/// `authguard.credentials_changed`.
#[pg_extern(sql = false)]
fn authguard_credentials_changed(user: Option<Utf8>, keep: Option<Uuid>) -> i32 {
    let user = writes::identity("user_id", user.as_deref());
    writes::require_primary();
    // Before the session is looked at: a cut-off that is being committed may cover it.
    cut_offs::lock(&user);
    let kept = keep.and_then(
        |id| match step_up::lock_of_user(Some(*id.as_bytes()), &user) {
            // Another transaction may keep the row for ever. So this session ends with the others.
            Locked::Busy => None,
            locked => Some(step_up::living(locked, unguarded::clock(), reauthenticate).0),
        },
    );
    let reason = EndReason::Credentials;
    let ending = Ending {
        reason,
        actor: Actor::User,
    };
    let cutoff = entries::cut_off_user(&user, reason);
    let kept_id = kept.as_ref().map(|held| held.session.id);
    let ended = end_user(Value::of(user.as_str()), Value::NULL, ending, kept_id);
    if let Some(mut kept) = kept {
        // The user who has set the new credentials has proved who it is.
        kept.store(new_credentials(cutoff, unguarded::clock()));
    }
    events::record(
        Event::UserUpdated.as_str(),
        Some(&user),
        kept_id,
        Actor::User.as_str(),
        Some(reason.as_str()),
    );
    ended
}

raw_function!(
    /// `authguard.end_all_sessions`.
    authguard_end_all_sessions,
    |call| guarded(|| Datum::from(end_all(call)))
);

fn end_all(call: Call) -> i32 {
    writes::require_primary();
    let ending = Ending {
        reason: EndReason::Revoked,
        actor: Actor::Admin,
    };
    let sessions = OF_ALL.run(&[], listed);
    let ended = end_each(&sessions, ending);
    wait::for_key_change();
    keys::replace_refresh_key();
    REVOKE_ALL.run(&[call.value(0)], |_| ());
    ended
}
