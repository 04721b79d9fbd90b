//! Every combination of what matters, against the rules written a second time.

use std::collections::BTreeMap;

use authguard_token::refresh::{Change, Ended, RefreshSettings, RefreshState, decide};
use proptest::prelude::*;

use crate::oracle;
use crate::support::{S, START};

const COUNTER: u64 = 7;
const LIMIT: u32 = 3;

/// The settings of the grid: rotation, interval, limit.
pub fn settings() -> Vec<RefreshSettings> {
    let mut all = Vec::new();
    for rotation_enabled in [true, false] {
        for reuse_interval in [0, 10, u32::MAX] {
            for reuse_limit in [0, LIMIT, u32::MAX] {
                for (timebox, inactivity_timeout) in [(0, 0), (5000, 0), (0, 4000), (5000, 4000)] {
                    all.push(RefreshSettings {
                        rotation_enabled,
                        reuse_interval,
                        reuse_limit,
                        timebox,
                        inactivity_timeout,
                        ..RefreshSettings::default()
                    });
                }
            }
        }
    }
    all
}

pub fn rows() -> Vec<RefreshState> {
    let mut all = Vec::new();
    for ended in [None, Some(Ended::Expired), Some(Ended::Revoked)] {
        for stepped_up_from in [None, Some(COUNTER - 2), Some(COUNTER - 1), Some(COUNTER)] {
            for reuse_count in [0, LIMIT - 1, LIMIT, LIMIT + 1, u32::MAX] {
                for not_after in [None, Some(START + 6000 * S)] {
                    all.push(RefreshState {
                        counter: COUNTER,
                        refreshed_at: START + 1500 * S,
                        rotated_at: START + 1000 * S,
                        reuse_count,
                        stepped_up_from,
                        not_after,
                        ended,
                        ..RefreshState::begin(START)
                    });
                }
            }
        }
    }
    all
}

/// The edges of the window and of each limit, one microsecond to either side, and the ends of the
/// range.
pub fn instants() -> Vec<i64> {
    let edges = [1000, 1010, 5000, 5500, 6000].map(|second| START + second * S);
    let near = edges
        .into_iter()
        .flat_map(|edge| [edge - 1, edge, edge + 1]);
    near.chain([i64::MIN, START - 3600 * S, START, i64::MAX])
        .collect()
}

#[test]
fn every_combination_is_decided_as_the_design_says() {
    let mut seen = BTreeMap::new();
    for settings in settings() {
        for row in rows() {
            for now in instants() {
                for distance in -2_i64..=3 {
                    let counter = COUNTER.checked_add_signed(-distance).unwrap();
                    let decision = decide(&row, counter, now, &settings);
                    assert_eq!(
                        decision,
                        oracle::decide(&row, counter, now, &settings),
                        "distance {distance}, {now}, {row:?}, {settings:?}"
                    );
                    *seen.entry(decision.answer.as_str()).or_insert(0_u32) += 1;
                }
            }
        }
    }
    // None of the words is missing, else the grid would prove nothing of it.
    let words: Vec<_> = seen.into_keys().collect();
    assert_eq!(
        words,
        [
            "ok",
            "refresh_token_already_used",
            "reused",
            "session_expired",
            "session_revoked",
            "state_lost",
            "stepped_up",
        ]
    );
}

pub fn any_row() -> impl Strategy<Value = RefreshState> {
    let time = || prop_oneof![any::<i64>(), START..START + 100 * S];
    let ended = prop::sample::select(vec![None, None, None, Some(Ended::Revoked)]);
    let counters = (any_counter(), prop::option::of(any_counter()), any::<u32>());
    (
        counters,
        time(),
        time(),
        time(),
        prop::option::of(time()),
        ended,
    )
        .prop_map(
            |(
                (counter, stepped_up_from, reuse_count),
                created,
                refreshed,
                rotated,
                not_after,
                ended,
            )| {
                RefreshState {
                    counter,
                    created_at: created,
                    authenticated_at: created,
                    refreshed_at: refreshed,
                    rotated_at: rotated,
                    reuse_count,
                    stepped_up_from,
                    not_after,
                    ended,
                }
            },
        )
}

fn any_counter() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..4, 0..u64::MAX]
}

fn any_settings() -> impl Strategy<Value = RefreshSettings> {
    let seconds = || prop_oneof![Just(0), 0_u32..100, any::<u32>()];
    (
        any::<bool>(),
        seconds(),
        seconds(),
        seconds(),
        seconds(),
        seconds(),
    )
        .prop_map(
            |(rotation_enabled, jwt_expiry, reuse_interval, reuse_limit, timebox, idle)| {
                RefreshSettings {
                    jwt_expiry,
                    rotation_enabled,
                    reuse_interval,
                    reuse_limit,
                    timebox,
                    inactivity_timeout: idle,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_row_time_and_settings_are_decided_as_the_design_says(
        row in any_row(),
        counter in any_counter(),
        now in prop_oneof![any::<i64>(), START..START + 100 * S],
        settings in any_settings(),
    ) {
        let expected = oracle::decide(&row, counter, now, &settings);
        prop_assert_eq!(decide(&row, counter, now, &settings), expected);
    }

    /// Only what gives tokens moves anything but the end, and a dead session never moves.
    #[test]
    fn a_refusal_changes_nothing_but_the_end(
        row in any_row(),
        counter in any_counter(),
        now in START..START + 100 * S,
        settings in any_settings(),
    ) {
        let decision = decide(&row, counter, now, &settings);
        let mut after = row;
        after.apply(decision.change);
        if !decision.answer.gives_tokens() {
            prop_assert_eq!(RefreshState { ended: row.ended, ..after }, row);
        }
        if row.ended.is_some() {
            prop_assert_eq!(decision.change, Change::None);
        }
        // What ended stays so, and is not ended again.
        if after.ended.is_some() {
            let again = decide(&after, counter, now, &settings);
            prop_assert_eq!(again.change, Change::None);
            prop_assert!(!again.answer.gives_tokens());
        }
    }
}
