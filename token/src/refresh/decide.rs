//! The decision of a refresh: a pure function of the row, the token's counter, the time and the
//! settings.
//!
//! RFC 9700 section 4.14.2: if a superseded token is used, it or its successor was stolen. Nobody
//! can tell which, so the session ends. There is one exception, for two tabs and lost answers: the
//! token directly before the current one, for a few seconds. No use makes them longer.

use super::answer::{Answer, Change, EndReason, RefreshDecision};
use super::session::{Ended, RefreshState};
use super::settings::{RefreshSettings, micros};
use crate::time::second;

/// The events of refreshes that a session may have at once.
const MOST_TOLD: u64 = 1000;

/// Decides a refresh. `counter` is that of a verified token of this session, `now` is microseconds.
///
/// An ended session does not change any more, so a thief who tries again ends nothing twice.
///
/// ```
/// # use authguard_token::refresh::{Answer, RefreshSettings, RefreshState, decide};
/// let settings = RefreshSettings::default();
/// let mut row = RefreshState::begin(0);
/// let mut refresh = |counter, now| {
///     let decision = decide(&row, counter, now, &settings);
///     row.apply(decision.change);
///     decision.answer
/// };
/// assert_eq!(refresh(0, 3_000_000_000), Answer::Ok);
/// assert_eq!(refresh(0, 3_000_000_001), Answer::Reused);
/// assert_eq!(refresh(0, 6_000_000_000), Answer::AlreadyUsed);
/// assert_eq!(refresh(1, 6_000_000_001), Answer::SessionRevoked);
/// ```
pub fn decide(
    row: &RefreshState,
    counter: u64,
    now: i64,
    settings: &RefreshSettings,
) -> RefreshDecision {
    if let Some(refusal) = refuse_dead(row, now, settings) {
        return refusal;
    }
    match row.counter.checked_sub(counter) {
        // Nobody can forge a token of the future: the row was restored from an earlier state.
        None => end(Answer::StateLost, EndReason::StateLost),
        Some(0) if settings.rotation_enabled => give(Change::Rotate {
            counter: row.counter.saturating_add(1),
            at: now,
        }),
        Some(0) => give(Change::Refresh { at: now }),
        Some(1) if is_in_window(row, now, settings) => superseded_just_now(row, counter, settings),
        Some(_) => end(Answer::AlreadyUsed, EndReason::Reuse),
    }
}

/// Decides a step-up: the counter moves even without rotation, so that the earlier token does not
/// get the higher level.
pub fn step_up(row: &RefreshState, now: i64, settings: &RefreshSettings) -> RefreshDecision {
    refuse_dead(row, now, settings).unwrap_or_else(|| {
        give(Change::StepUp {
            counter: row.counter.saturating_add(1),
            at: now,
        })
    })
}

/// Decides a reauthentication: another proof of who the user is, and no new tokens.
pub fn reauthenticate(row: &RefreshState, now: i64, settings: &RefreshSettings) -> RefreshDecision {
    refuse_dead(row, now, settings).unwrap_or_else(|| give(Change::Reauthenticate { at: now }))
}

/// Returns the change of the session in which its user got new credentials: a proof of who the user
/// is. It is later than the cut-off that comes with new credentials, so that the session goes on.
///
/// ```
/// # use authguard_token::refresh::{Change, new_credentials};
/// assert_eq!(new_credentials(1_000, 2_000), Change::Reauthenticate { at: 2_000 });
/// assert_eq!(new_credentials(2_000, 2_000), Change::Reauthenticate { at: 2_001 });
/// ```
pub const fn new_credentials(cutoff: i64, now: i64) -> Change {
    let after = cutoff.saturating_add(1);
    Change::Reauthenticate {
        at: if now > after { now } else { after },
    }
}

/// Decides an ending by anything but a refresh. A session ends once: what has ended changes no
/// more.
pub const fn end_now(row: &RefreshState, reason: EndReason) -> Change {
    match row.ended {
        Some(_) => Change::None,
        None => Change::End { reason },
    }
}

/// Returns claim `iat` (seconds) of a token that is about to be issued at the second `at`: later
/// than the change (microseconds) of what tokens say about the user. A token of the second of the
/// change counts as older.
///
/// ```
/// # use authguard_token::refresh::issued_after;
/// assert_eq!(issued_after(10, None), 10);
/// assert_eq!(issued_after(10, Some(9_999_999)), 10);
/// assert_eq!(issued_after(10, Some(10_000_000)), 11);
/// ```
pub fn issued_after(at: i64, changed: Option<i64>) -> i64 {
    changed.map_or(at, |changed| at.max(second(changed).saturating_add(1)))
}

/// Returns true if a refresh should write an event. A client may refresh without end, so the events
/// are bounded: a thousand for a session, and one more a minute. `row` is the one before the
/// change.
pub fn should_log_event(row: &RefreshState, change: Change) -> bool {
    let minutes = |from: i64, to: i64| to.saturating_sub(from).max(0).div_euclid(micros(60));
    match change {
        Change::Rotate { at, .. } => {
            let bound = MOST_TOLD.saturating_add_signed(minutes(row.created_at, at));
            row.counter < bound
        }
        Change::Refresh { at } => minutes(row.refreshed_at, at) > 0,
        _ => false,
    }
}

fn refuse_dead(
    row: &RefreshState,
    now: i64,
    settings: &RefreshSettings,
) -> Option<RefreshDecision> {
    match row.ended {
        Some(Ended::Expired) => Some(refuse(Answer::SessionExpired)),
        Some(Ended::Revoked) => Some(refuse(Answer::SessionRevoked)),
        // The end is stored, so that a clock set back or a longer limit does not revive the
        // session.
        None => (now >= row.expires_at(settings)?)
            .then(|| end(Answer::SessionExpired, EndReason::Expired)),
    }
}

/// Returns true in the window for reuse. It has no lower edge: if the clock was set back, two tabs
/// must not count as theft. The window is then longer by that much, and the limit of uses still
/// holds.
fn is_in_window(row: &RefreshState, now: i64, settings: &RefreshSettings) -> bool {
    let age = now.saturating_sub(row.rotated_at).max(0);
    age < micros(settings.reuse_interval)
}

fn superseded_just_now(
    row: &RefreshState,
    counter: u64,
    settings: &RefreshSettings,
) -> RefreshDecision {
    if row.stepped_up_from == Some(counter) {
        return refuse(Answer::SteppedUp);
    }
    if row.reuse_count >= settings.reuse_limit {
        return end(Answer::AlreadyUsed, EndReason::Reuse);
    }
    RefreshDecision {
        answer: Answer::Reused,
        change: Change::CountReuse {
            reuse_count: row.reuse_count.saturating_add(1),
        },
    }
}

fn give(change: Change) -> RefreshDecision {
    RefreshDecision {
        answer: Answer::Ok,
        change,
    }
}

fn refuse(answer: Answer) -> RefreshDecision {
    RefreshDecision {
        answer,
        change: Change::None,
    }
}

fn end(answer: Answer, reason: EndReason) -> RefreshDecision {
    RefreshDecision {
        answer,
        change: Change::End { reason },
    }
}
