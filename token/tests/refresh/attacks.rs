//! Attacks with a stolen refresh token, by name, and the two tabs that must not look like one.

use authguard_token::refresh::{Answer, Change, RefreshSettings, decide};
use proptest::prelude::*;

use crate::support::{HOUR, S, Session};

fn session() -> Session {
    Session::new(RefreshSettings::default())
}

#[test]
fn a_thief_and_the_owner_who_alternate_hourly_are_found_at_the_second_use() {
    let mut session = session();
    session.now += HOUR;
    assert_eq!(session.refresh(0), (Answer::Ok, Some(1)), "the thief");
    session.now += HOUR;
    assert_eq!(session.refresh(0), (Answer::AlreadyUsed, None), "the owner");
    session.now += HOUR;
    assert_eq!(
        session.refresh(1),
        (Answer::SessionRevoked, None),
        "the thief"
    );
    assert_eq!(session.endings, 1);
}

#[test]
fn replays_every_nine_seconds_do_not_hold_the_window_open() {
    let mut session = session();
    assert_eq!(session.answer(0), Answer::Ok);
    let answers: Vec<_> = (0..7)
        .map(|_| {
            session.now += 9 * S;
            session.answer(0)
        })
        .collect();
    let mut expected = [Answer::SessionRevoked; 7];
    expected[0] = Answer::Reused;
    expected[1] = Answer::AlreadyUsed;
    assert_eq!(answers, expected);
    assert_eq!(session.endings, 1);
}

#[test]
fn of_two_rotations_within_a_second_the_first_token_is_dead() {
    let mut session = session();
    assert_eq!(session.answer(0), Answer::Ok);
    session.now += S / 2;
    assert_eq!(session.answer(1), Answer::Ok);
    session.now += S / 4;
    assert_eq!(session.answer(0), Answer::AlreadyUsed);
    assert!(session.is_revoked());
}

#[test]
fn two_generations_are_theft_even_in_the_same_microsecond() {
    let mut session = session();
    for counter in 0..2 {
        assert_eq!(session.answer(counter), Answer::Ok);
    }
    assert_eq!(session.answer(0), Answer::AlreadyUsed);
    assert_eq!(session.answer(2), Answer::SessionRevoked);
}

#[test]
fn two_tabs_get_the_same_token_and_there_is_one_chain() {
    let mut session = session();
    session.now += HOUR;
    assert_eq!(session.refresh(0), (Answer::Ok, Some(1)));
    let rotated = session.row.rotated_at;
    for _ in 0..63 {
        session.now += S / 10;
        assert_eq!(session.refresh(0), (Answer::Reused, Some(1)));
    }
    assert_eq!((session.row.rotated_at, session.row.counter), (rotated, 1));
    session.now += HOUR;
    assert_eq!(session.refresh(1), (Answer::Ok, Some(2)));
    assert_eq!(session.endings, 0);
}

#[test]
fn the_limit_of_reuse_is_one_window_s() {
    let mut session = session();
    session.settings.reuse_limit = 2;
    for counter in 0..3 {
        session.now += HOUR;
        assert_eq!(session.answer(counter), Answer::Ok);
        assert_eq!(session.answer(counter), Answer::Reused);
        assert_eq!(session.answer(counter), Answer::Reused);
    }
    assert_eq!(session.answer(2), Answer::AlreadyUsed);
    assert!(session.is_revoked());
}

#[test]
fn without_an_interval_a_replay_in_the_same_microsecond_is_theft() {
    let mut session = session();
    session.settings.reuse_interval = 0;
    assert_eq!(session.answer(0), Answer::Ok);
    session.now -= S;
    assert_eq!(session.answer(0), Answer::AlreadyUsed);
}

#[test]
fn a_thief_who_goes_on_ends_the_session_once() {
    let mut session = session();
    session.answer(0);
    session.now += HOUR;
    assert_eq!(session.answer(0), Answer::AlreadyUsed);
    for counter in [0, 1, 0, 2] {
        let decision = decide(&session.row, counter, session.now, &session.settings);
        assert_eq!(decision.answer, Answer::SessionRevoked);
        assert_eq!(decision.change, Change::None);
    }
}

#[test]
fn the_token_from_before_a_step_up_takes_nothing_and_ends_nothing() {
    let mut session = session();
    session.now += HOUR;
    assert_eq!(session.step_up(), Answer::Ok);
    let row = session.row;
    session.now += 10 * S - 1;
    assert_eq!(session.refresh(0), (Answer::SteppedUp, None));
    assert_eq!(session.row, row, "nothing is written");
    session.now += 1;
    assert_eq!(session.answer(0), Answer::AlreadyUsed);
    assert!(session.is_revoked());
}

#[test]
fn a_step_up_supersedes_what_two_tabs_shared() {
    let mut session = session();
    assert_eq!(session.answer(0), Answer::Ok);
    assert_eq!(session.answer(0), Answer::Reused);
    assert_eq!(session.step_up(), Answer::Ok);
    assert_eq!(session.row.reuse_count, 0);
    assert_eq!(session.answer(1), Answer::SteppedUp);
    assert_eq!(session.answer(0), Answer::AlreadyUsed, "two generations");
}

#[test]
fn after_a_step_up_two_tabs_are_two_tabs_again() {
    let mut session = session();
    session.step_up();
    session.now += HOUR;
    assert_eq!(session.refresh(1), (Answer::Ok, Some(2)));
    assert_eq!(session.refresh(1), (Answer::Reused, Some(2)));
    assert_eq!(session.answer(0), Answer::AlreadyUsed, "two generations");
}

#[test]
fn a_dead_session_takes_no_step_up() {
    let mut session = session();
    session.settings.timebox = 60;
    session.now += 60 * S;
    assert_eq!(session.step_up(), Answer::SessionExpired);
    assert_eq!(session.step_up(), Answer::SessionExpired);
    assert_eq!((session.endings, session.row.counter), (1, 0));
}

#[test]
fn a_token_of_the_future_is_a_restored_database_not_a_thief() {
    for ahead in [1, 2, u64::MAX] {
        let mut session = session();
        assert_eq!(session.answer(ahead), Answer::StateLost);
        assert!(session.is_revoked());
        assert_eq!(session.answer(0), Answer::SessionRevoked);
        assert_eq!(session.endings, 1);
    }
}

#[test]
fn without_rotation_the_token_stays_and_what_was_superseded_stays_dead() {
    let mut session = session();
    assert_eq!(session.answer(0), Answer::Ok);
    session.settings.rotation_enabled = false;
    let rotated = session.row.rotated_at;
    for _ in 0..3 {
        session.now += HOUR;
        assert_eq!(session.refresh(1), (Answer::Ok, Some(1)));
        assert_eq!(session.row.refreshed_at, session.now);
        assert_eq!(session.row.rotated_at, rotated);
    }
    assert_eq!(session.step_up(), Answer::Ok);
    assert_eq!(session.answer(1), Answer::SteppedUp);
    assert_eq!(session.refresh(2), (Answer::Ok, Some(2)));
    session.now += HOUR;
    assert_eq!(session.answer(1), Answer::AlreadyUsed);
    assert!(session.is_revoked());
}

#[test]
fn switched_on_again_rotation_goes_on_where_it_was() {
    let mut session = session();
    session.settings.rotation_enabled = false;
    session.now += HOUR;
    assert_eq!(session.refresh(0), (Answer::Ok, Some(0)));
    session.settings.rotation_enabled = true;
    assert_eq!(session.refresh(0), (Answer::Ok, Some(1)));
    session.now += HOUR;
    assert_eq!(session.answer(0), Answer::AlreadyUsed);
}

proptest! {
    /// However often either comes and however long they wait, past the window.
    #[test]
    fn of_two_who_hold_one_token_the_second_to_come_ends_it(
        first in 1_usize..6,
        waits in prop::collection::vec(10 * S..24 * HOUR, 8),
    ) {
        let mut session = session();
        let mut held = 0;
        for wait in waits.iter().take(first) {
            session.now += wait;
            let (answer, next) = session.refresh(held);
            prop_assert_eq!(answer, Answer::Ok);
            held = next.unwrap();
        }
        session.now += waits[first];
        prop_assert_eq!(session.refresh(0), (Answer::AlreadyUsed, None));
        prop_assert_eq!(session.refresh(held), (Answer::SessionRevoked, None));
    }
}
