//! `authguard.leader`: what the leader of a parallel query tells its workers.
//!
//! Postgres hands the settings of a leader to each worker when it starts the worker. So this
//! setting carries the leader's decision. Nobody can set it: the library sets it in the leader, and
//! Postgres in a worker that starts.

use super::{CachedClaims, Origin, Status};
use crate::error::{Error, Report};
use crate::pg::guc::{Hooks, SetBy, SetFrom, Text};
use crate::pg::state::PerBackend;
use crate::pg::transaction;
use crate::request;
use authguard_token::{
    Claims, LeaderDecision, RevocationReason, format_uuid, leader_fingerprint as fingerprint,
};
use pgrx::pg_sys;
use std::cell::RefCell;
use std::ffi::{CStr, CString};

static LEADER: Text<Leader> = Text::text(
    c"authguard.leader",
    c"",
    c"What the leader of a parallel query tells its workers.",
)
.more(c"Nobody can set it.")
.set_by(SetBy::Anybody)
.flag(pg_sys::GUC_NO_SHOW_ALL | pg_sys::GUC_NOT_IN_SAMPLE | pg_sys::GUC_DISALLOW_IN_FILE);

/// The character between the decision and the token of the leader's login, which no setting holds.
const LOGIN: char = '\n';

/// The text that this backend tells, as the leader.
static SAID: PerBackend<RefCell<Option<CString>>> = PerBackend::new(RefCell::new(None));

/// The decision of this worker's leader.
static TOLD: PerBackend<RefCell<Option<LeaderDecision>>> = PerBackend::new(RefCell::new(None));

enum Leader {}

impl Hooks for Leader {
    const SHOW: Option<fn() -> &'static CStr> = Some(|| c"");

    fn check(new: &CStr, source: SetFrom) -> Result<(), Report> {
        let by_leader = SAID.borrow().as_deref() == Some(new);
        let in_worker = transaction::is_worker_starting() && source == SetFrom::Session;
        match new.is_empty() || by_leader || in_worker {
            true => Ok(()),
            false => Err(Error::LeaderOnly.report()),
        }
    }

    fn assign(new: &CStr) {
        if transaction::is_parallel_worker() {
            let told = new.to_str().unwrap_or_default();
            let (decision, token) = match told.split_once(LOGIN) {
                Some((decision, token)) => (decision, CString::new(token).ok()),
                None => (told, None),
            };
            if let Some(token) = token {
                request::keep_login_token(&token);
            }
            TOLD.replace(LeaderDecision::parse(decision));
        }
    }
}

/// Defines the setting. To be called once, from `_PG_init`.
pub fn define() {
    LEADER.define();
}

/// Tells the workers that start from now on what was decided about `claims` for the statement that
/// began at `now`.
pub fn tell<D>(
    claims: &CachedClaims<D>,
    now: i64,
    reason: Option<RevocationReason>,
    authenticated_at: Option<i64>,
) {
    let mut decision = match claims.status {
        // Where no claims are set, nothing is decided.
        Status::Absent => String::new(),
        _ => LeaderDecision {
            statement: now,
            fingerprint: claims.fingerprint(),
            accepted: claims.claims().is_some(),
            user: claims.claims().and_then(user_in_namespace),
            reason,
            authenticated_at,
            names: claims.claims().and_then(|claims| claims.names.clone()),
        }
        .to_string(),
    };
    if let Some(token) = request::login_token() {
        decision.push(LOGIN);
        decision.push_str(&token.to_string_lossy());
    }
    if LEADER.with(|told| told.to_bytes() != decision.as_bytes()) {
        let decision = CString::new(decision).expect("it has no NUL");
        SAID.replace(Some(decision.clone()));
        LEADER.set(&decision, false);
    }
}

/// The user, if the issuer has a namespace for its subjects.
fn user_in_namespace(claims: &Claims) -> Option<[u8; 16]> {
    claims
        .uid
        .filter(|uid| claims.subject.as_ref() != Some(&format_uuid(uid)))
}

/// What the leader of this worker has decided about such claims for the statement that began at
/// `now`. `None` if this is no worker, or if the leader had not loaded the library.
pub fn told(now: i64, origin: Origin, mark: &[u8]) -> Option<LeaderDecision> {
    if !transaction::is_parallel_worker() {
        return None;
    }
    let told = TOLD.borrow();
    let told = told.as_ref().filter(|told| told.statement == now)?;
    let fingerprint = fingerprint(origin != Origin::Gateway, mark);
    (told.fingerprint == fingerprint).then(|| told.clone())
}
