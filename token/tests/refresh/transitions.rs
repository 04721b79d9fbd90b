//! Changes of a session by anything but a refresh: proofs of who the user is, new credentials,
//! endings.

use authguard_token::refresh::{
    Answer, Change, EndReason, Ended, RefreshState, end_now, issued_after, new_credentials,
    reauthenticate, step_up,
};
use authguard_token::{Entry, EntryKind};
use proptest::prelude::*;

use crate::grid::{any_row, instants, rows, settings};
use crate::support::{S, START};

/// The row after a step-up and after a reauthentication, field by field: what is not named stays.
fn expected(row: &RefreshState, now: i64) -> [RefreshState; 2] {
    [
        RefreshState {
            counter: row.counter + 1,
            stepped_up_from: Some(row.counter),
            reuse_count: 0,
            refreshed_at: now,
            rotated_at: now,
            authenticated_at: now,
            ..*row
        },
        RefreshState {
            authenticated_at: now,
            ..*row
        },
    ]
}

#[test]
fn a_living_session_takes_each_proof_and_a_dead_one_none() {
    let mut alive = 0;
    for settings in settings() {
        for row in rows() {
            for now in instants() {
                let is_past = row.expires_at(&settings).is_some_and(|end| now >= end);
                let (answer, change) = match row.ended {
                    Some(Ended::Revoked) => (Answer::SessionRevoked, Some(Change::None)),
                    Some(Ended::Expired) => (Answer::SessionExpired, Some(Change::None)),
                    None if is_past => {
                        let reason = EndReason::Expired;
                        (Answer::SessionExpired, Some(Change::End { reason }))
                    }
                    None => (Answer::Ok, None),
                };
                let decisions = [
                    step_up(&row, now, &settings),
                    reauthenticate(&row, now, &settings),
                ];
                for (decision, expected) in decisions.into_iter().zip(expected(&row, now)) {
                    assert_eq!(decision.answer, answer, "{now}, {row:?}, {settings:?}");
                    let mut after = row;
                    after.apply(decision.change);
                    match change {
                        Some(change) => assert_eq!(decision.change, change, "{row:?}"),
                        None => assert_eq!(after, expected),
                    }
                    alive += u32::from(change.is_none());
                }
            }
        }
    }
    assert!(alive > 0, "no session of the grid was alive");
}

#[test]
fn each_reason_ends_a_session_once() {
    for reason in EndReason::ALL {
        let mut row = RefreshState::begin(START);
        let change = end_now(&row, reason);
        assert_eq!(change, Change::End { reason });
        row.apply(change);
        let by_time = reason == EndReason::Expired;
        let ended = if by_time {
            Ended::Expired
        } else {
            Ended::Revoked
        };
        assert_eq!(row.ended, Some(ended), "{reason:?}");
        for again in EndReason::ALL {
            assert_eq!(end_now(&row, again), Change::None);
        }
    }
}

fn cutoff(kind: EntryKind, at: i64) -> Entry<'static> {
    Entry {
        kind,
        issuer: None,
        client: None,
        blocked: false,
        blocked_until: None,
        issued_before: Some(at),
        include_keys: false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// The session that is kept is not covered by the cut-off of its change of credentials, even if
    /// the clock was set back.
    #[test]
    fn new_credentials_keep_the_session_that_they_were_set_in(
        row in any_row(),
        at in prop_oneof![START..START + 2 * S, any::<i64>()],
        later in prop_oneof![-2 * S..2 * S, any::<i64>()],
    ) {
        let at = at.min(i64::MAX - 1);
        let now = at.saturating_add(later);
        let mut after = row;
        after.apply(new_credentials(at, now));
        prop_assert!(!cutoff(EntryKind::User, at).cuts_off(after.authenticated_at));
        prop_assert_eq!(after.authenticated_at, now.max(at + 1));
        prop_assert_eq!(RefreshState { authenticated_at: row.authenticated_at, ..after }, row);
    }

    /// A token is younger than the change that it must tell of, and no older than it would be
    /// without one.
    #[test]
    fn a_token_after_a_change_is_not_stale(
        at in START / S..START / S + 10,
        changed in prop::option::of(START - 5 * S..START + 15 * S),
    ) {
        let issued = issued_after(at, changed);
        match changed {
            Some(changed) => {
                let entry = cutoff(EntryKind::Claims, changed);
                prop_assert!(!entry.cuts_off_token(Some(issued * S), 0));
                // No later than needed.
                prop_assert!(issued == at || entry.cuts_off_token(Some((issued - 1) * S), 0));
            }
            None => prop_assert_eq!(issued, at),
        }
        prop_assert!(issued >= at);
    }
}
