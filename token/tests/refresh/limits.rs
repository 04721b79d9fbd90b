//! Limits of a session by time: each with its own value, and no access token that outlives them.

use authguard_token::refresh::{
    Answer, Change, Ended, RefreshSettings, RefreshState, should_log_event,
};

use crate::support::{HOUR, S, START, Session};

fn limits(timebox: u32, inactivity_timeout: u32) -> RefreshSettings {
    RefreshSettings {
        timebox,
        inactivity_timeout,
        ..RefreshSettings::default()
    }
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let expected = RefreshSettings {
        jwt_expiry: 3600,
        rotation_enabled: true,
        reuse_interval: 10,
        reuse_limit: 100,
        timebox: 0,
        inactivity_timeout: 0,
    };
    assert_eq!(RefreshSettings::default(), expected);
}

#[test]
fn the_timebox_counts_from_the_sign_in_whatever_was_refreshed() {
    let mut session = Session::new(limits(7200, 0));
    session.now += 2 * HOUR - 1;
    assert_eq!(session.answer(0), Answer::Ok);
    session.now += 1;
    assert_eq!(session.answer(1), Answer::SessionExpired);
    assert_eq!(session.row.ended, Some(Ended::Expired));
}

#[test]
fn inactivity_counts_from_the_last_refresh() {
    let mut session = Session::new(limits(0, 600));
    for counter in 0..5 {
        session.now += 600 * S - 1;
        assert_eq!(session.answer(counter), Answer::Ok);
    }
    session.now += 600 * S;
    assert_eq!(session.answer(5), Answer::SessionExpired);
}

#[test]
fn a_refresh_without_rotation_and_a_step_up_are_activity() {
    let mut session = Session::new(limits(0, 600));
    session.settings.rotation_enabled = false;
    for _ in 0..5 {
        session.now += 599 * S;
        assert_eq!(session.answer(0), Answer::Ok);
    }
    session.now += 599 * S;
    assert_eq!(session.step_up(), Answer::Ok);
    session.now += 599 * S;
    assert_eq!(session.answer(1), Answer::Ok);
}

#[test]
fn a_superseded_token_keeps_no_session_alive() {
    let mut session = Session::new(limits(0, 600));
    session.settings.reuse_interval = u32::MAX;
    assert_eq!(session.answer(0), Answer::Ok);
    session.now += 599 * S;
    assert_eq!(session.answer(0), Answer::Reused);
    session.now += S;
    assert_eq!(session.answer(0), Answer::SessionExpired);
}

#[test]
fn each_limit_has_its_own_value_and_the_nearest_counts() {
    let row = RefreshState {
        refreshed_at: START + 50 * S,
        ..RefreshState::begin(START)
    };
    let until = |seconds| Some(START + seconds * S);
    assert_eq!(row.expires_at(&limits(0, 0)), None);
    assert_eq!(row.expires_at(&limits(100, 0)), until(100));
    assert_eq!(row.expires_at(&limits(0, 100)), until(150));
    assert_eq!(row.expires_at(&limits(100, 30)), until(80));
    assert_eq!(row.expires_at(&limits(70, 30)), until(70));
    let capped = RefreshState {
        not_after: until(60),
        ..row
    };
    assert_eq!(capped.expires_at(&limits(0, 0)), until(60));
    assert_eq!(capped.expires_at(&limits(100, 30)), until(60));
    assert_eq!(capped.expires_at(&limits(40, 0)), until(40));
}

#[test]
fn what_expired_stays_dead_when_the_limit_grows_or_the_clock_is_set_back() {
    let mut session = Session::new(limits(600, 0));
    session.now += 600 * S;
    assert_eq!(session.answer(0), Answer::SessionExpired);
    session.settings.timebox = 0;
    session.now -= HOUR;
    assert_eq!(session.answer(0), Answer::SessionExpired);
    assert_eq!(session.endings, 1);
}

#[test]
fn past_its_time_a_session_is_expired_not_stolen() {
    let mut session = Session::new(limits(600, 0));
    session.answer(0);
    session.answer(1);
    session.now += 600 * S;
    assert_eq!(session.answer(0), Answer::SessionExpired);
}

#[test]
fn no_access_token_outlives_its_session() {
    let second = START / S;
    for (row_end, expiry, now, expected) in [
        (None, 3600, START, second + 3600),
        (None, 3600, START + S - 1, second + 3600),
        (None, 0, START, second),
        (Some(START + 60 * S), 3600, START, second + 60),
        // Seconds are floored: the last fraction belongs to no token.
        (Some(START + 60 * S + 999_999), 3600, START, second + 60),
        (Some(START + 7200 * S), 3600, START, second + 3600),
        (Some(-1), 3600, -S, -1),
    ] {
        let row = RefreshState {
            not_after: row_end,
            ..RefreshState::begin(START)
        };
        let settings = RefreshSettings {
            jwt_expiry: expiry,
            ..RefreshSettings::default()
        };
        let exp = row.access_expires_at(now, &settings);
        assert_eq!(exp, expected, "{row_end:?} {expiry} {now}");
        assert!(row_end.is_none_or(|end| exp * S <= end));
    }
}

#[test]
fn a_refresh_moves_the_end_that_its_access_token_has() {
    let mut session = Session::new(limits(0, 600));
    session.now += 300 * S;
    session.answer(0);
    let exp = session
        .row
        .access_expires_at(session.now, &session.settings);
    assert_eq!(exp, START / S + 900);
}

#[test]
fn a_reason_that_is_not_time_is_a_revocation() {
    assert_eq!(Ended::by("expired"), Ended::Expired);
    for reason in ["reuse", "state_lost", "signed_out", "", "Expired"] {
        assert_eq!(Ended::by(reason), Ended::Revoked, "{reason}");
    }
}

#[test]
fn refreshes_without_end_are_told_a_thousand_times_and_once_a_minute() {
    let rotate = |counter, at| {
        let row = RefreshState {
            counter,
            ..RefreshState::begin(START)
        };
        let change = Change::Rotate {
            counter: counter.saturating_add(1),
            at: START + at,
        };
        should_log_event(&row, change)
    };
    assert!(rotate(999, 0));
    assert!(!rotate(1000, 59 * S));
    assert!(rotate(1000, 60 * S));
    assert!(!rotate(1001, 60 * S));
    assert!(!rotate(u64::MAX, i64::MAX - START));
    assert!(!rotate(1000, -HOUR), "a clock that was set back");

    let row = RefreshState {
        refreshed_at: START + HOUR,
        ..RefreshState::begin(START)
    };
    let refresh = |after| {
        let at = row.refreshed_at + after;
        should_log_event(&row, Change::Refresh { at })
    };
    assert!(!refresh(60 * S - 1));
    assert!(refresh(60 * S));
    assert!(!should_log_event(
        &row,
        Change::CountReuse { reuse_count: 1 }
    ));
    assert!(!should_log_event(&row, Change::None));
}
