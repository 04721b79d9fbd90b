//! Clocks that step, years that overflow other types, and the ends of the range.

use authguard_token::refresh::{Answer, RefreshSettings, RefreshState, decide, step_up};

use crate::support::{HOUR, S, Session};

#[test]
fn a_clock_an_hour_ahead_closes_the_window_and_the_current_token_works() {
    let mut session = Session::new(RefreshSettings::default());
    session.answer(0);
    session.now += HOUR;
    assert_eq!(session.answer(1), Answer::Ok);
    session.now += HOUR;
    assert_eq!(session.answer(1), Answer::AlreadyUsed);
}

#[test]
fn a_clock_set_back_an_hour_makes_no_thief_of_another_tab() {
    let mut session = Session::new(RefreshSettings::default());
    session.answer(0);
    session.now -= HOUR;
    assert_eq!(session.refresh(0), (Answer::Reused, Some(1)));
    // From the next rotation on the window is that of the new clock.
    assert_eq!(session.answer(1), Answer::Ok);
    session.now += 10 * S - 1;
    assert_eq!(session.answer(1), Answer::Reused);
    session.now += 1;
    assert_eq!(session.answer(1), Answer::AlreadyUsed);
}

#[test]
fn a_clock_set_back_gives_no_more_than_the_limit() {
    let mut session = Session::new(RefreshSettings::default());
    session.answer(0);
    session.now -= HOUR;
    for _ in 0..100 {
        assert_eq!(session.answer(0), Answer::Reused);
    }
    assert_eq!(session.answer(0), Answer::AlreadyUsed);
}

/// What time alone refuses, a later time does not accept.
#[test]
fn with_time_acceptance_only_shrinks() {
    let row = RefreshState {
        counter: 1,
        not_after: Some(30 * S),
        ..RefreshState::begin(0)
    };
    let settings = RefreshSettings::default();
    for counter in [0, 1] {
        let accepted = |now: i64| decide(&row, counter, now, &settings).answer.gives_tokens();
        let steps: Vec<_> = (-20..50).map(|second| accepted(second * S)).collect();
        assert!(steps.is_sorted_by(|earlier, later| earlier >= later));
        assert!(steps.contains(&true) && steps.contains(&false));
    }
}

#[test]
fn years_that_overflow_other_types_are_years_like_any_other() {
    // The last second of a signed and of an unsigned 32-bit count, and the year 9999.
    for edge in [i64::from(i32::MAX), i64::from(u32::MAX), 253_402_300_799] {
        let settings = RefreshSettings {
            timebox: 100_000,
            inactivity_timeout: 50_000,
            ..RefreshSettings::default()
        };
        let mut session = Session::at(edge * S, settings);
        session.now += 5 * S;
        assert_eq!(session.refresh(0), (Answer::Ok, Some(1)));
        session.now += 9 * S;
        assert_eq!(session.refresh(0), (Answer::Reused, Some(1)));
        let exp = session.row.access_expires_at(session.now, &settings);
        assert_eq!(exp, edge + 14 + 3600);
        session.now += S;
        assert_eq!(session.refresh(0), (Answer::AlreadyUsed, None));
    }
}

#[test]
fn the_ends_of_the_range_panic_nowhere() {
    let times = [i64::MIN, -1, 0, 1, i64::MAX];
    let settings = RefreshSettings {
        jwt_expiry: u32::MAX,
        reuse_interval: u32::MAX,
        reuse_limit: u32::MAX,
        timebox: u32::MAX,
        inactivity_timeout: u32::MAX,
        ..RefreshSettings::default()
    };
    for begun in times {
        for now in times {
            for counter in [0, 1, u64::MAX] {
                let mut row = RefreshState::begin(begun);
                row.counter = counter;
                row.reuse_count = u32::MAX;
                for of_token in [0, 1, u64::MAX - 1, u64::MAX] {
                    row.apply(decide(&row, of_token, now, &settings).change);
                    row.apply(step_up(&row, now, &settings).change);
                    assert!(row.access_expires_at(now, &settings) <= i64::MAX / S);
                }
            }
        }
    }
    let row = RefreshState::begin(i64::MAX);
    assert_eq!(row.expires_at(&settings), Some(i64::MAX));
}
