//! A client that never got its answer comes back with the parent of the current token. It is
//! answered for the reuse interval, exactly, while nobody has used the child.

use authguard_token::refresh::{Answer, RefreshSettings};

use crate::support::{HOUR, S, Session};

fn session(reuse_interval: u32) -> Session {
    Session::new(RefreshSettings {
        reuse_interval,
        ..RefreshSettings::default()
    })
}

#[test]
fn the_parent_is_answered_up_to_the_interval_and_not_at_it_or_after() {
    for seconds in [1, 2, 10, 60, 3600, 86_400, 31_536_000, u32::MAX] {
        let interval = i64::from(seconds) * S;
        for (after, answer) in [
            (0, Answer::Reused),
            (interval - S, Answer::Reused),
            (interval - 1, Answer::Reused),
            (interval, Answer::AlreadyUsed),
            (interval + 1, Answer::AlreadyUsed),
            (interval + S, Answer::AlreadyUsed),
        ] {
            let mut session = session(seconds);
            session.now += HOUR;
            assert_eq!(session.refresh(0), (Answer::Ok, Some(1)));
            session.now += after;
            let gives = (answer == Answer::Reused).then_some(1);
            assert_eq!(
                session.refresh(0),
                (answer, gives),
                "{seconds} s, {after} µs"
            );
            assert_eq!(session.is_revoked(), gives.is_none());
        }
    }
}

#[test]
fn an_interval_of_nothing_answers_no_parent() {
    let mut session = session(0);
    session.answer(0);
    assert_eq!(session.answer(0), Answer::AlreadyUsed);
}

#[test]
fn no_answer_in_the_window_moves_its_end() {
    let mut session = session(3600);
    session.answer(0);
    for _ in 0..59 {
        session.now += 60 * S;
        assert_eq!(session.refresh(0), (Answer::Reused, Some(1)));
    }
    session.now += 60 * S;
    assert_eq!(session.answer(0), Answer::AlreadyUsed);
}

#[test]
fn the_child_of_a_lost_answer_works_like_any_other_token() {
    let mut session = session(3600);
    session.answer(0);
    session.now += 3599 * S;
    // The answer was lost; this one is not.
    assert_eq!(session.refresh(0), (Answer::Reused, Some(1)));
    session.now += 24 * HOUR;
    assert_eq!(session.refresh(1), (Answer::Ok, Some(2)));
}

#[test]
fn once_the_child_is_used_the_parent_is_stolen_however_long_the_interval_is() {
    for interval in [10, 3600, u32::MAX] {
        let mut session = session(interval);
        session.answer(0);
        assert_eq!(session.answer(0), Answer::Reused);
        assert_eq!(session.refresh(1), (Answer::Ok, Some(2)));
        // The parent of the current token is the child now, and the former parent is a grandparent.
        assert_eq!(session.refresh(1), (Answer::Reused, Some(2)));
        assert_eq!(session.refresh(0), (Answer::AlreadyUsed, None));
        assert!(session.is_revoked());
        assert_eq!(session.answer(2), Answer::SessionRevoked);
    }
}
