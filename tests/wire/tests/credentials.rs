//! New credentials: everybody who got in by the old ones is out at the next statement.

use authguard_wire::sessions::{count, opens, refresh, server, sign_in};
use authguard_wire::tokens::{reason, set_token, web};
use authguard_wire::{ADA, admin, seen, wait_for_a_waiter};
use pgrx_embed::cluster::Config;
use postgres::error::SqlState;
use std::thread;
use std::time::Duration;

#[test]
fn a_credential_change_ends_the_others_at_their_next_statement() {
    let cluster = server(Config::default());
    let kept = sign_in(&cluster, ADA);
    let others = [sign_in(&cluster, ADA), sign_in(&cluster, ADA)];
    let mut clients: Vec<_> = others.iter().map(|_| web(&cluster)).collect();
    for (client, other) in clients.iter_mut().zip(&others) {
        set_token(client, other.access());
        client
            .batch_execute("set role authenticated; begin isolation level repeatable read")
            .unwrap();
        assert_eq!(seen(client), 3);
    }
    admin(&cluster)
        .query_one(
            "select authguard.credentials_changed($1, $2::text::uuid)",
            &[&ADA, &kept.session()],
        )
        .unwrap();
    for (client, other) in clients.iter_mut().zip(&others) {
        assert_eq!(seen(client), 0);
        assert_eq!(reason(client).as_deref(), Some("session"));
        assert_eq!(
            refresh(&mut web(&cluster), other.refresh()).status,
            "session_revoked"
        );
    }
    // The kept session's token, and its next token in the same second, still work.
    assert!(opens(&cluster, kept.access()));
    let next = refresh(&mut web(&cluster), kept.refresh());
    assert_eq!(next.status, "ok");
    assert!(opens(&cluster, next.access()));
    let later = sign_in(&cluster, ADA);
    assert!(opens(&cluster, later.access()));
}

#[test]
fn a_factor_that_is_removed_takes_the_level_along() {
    let cluster = server(Config::default());
    let begun = sign_in(&cluster, ADA);
    let high = authguard_wire::sessions::issued(
        &mut admin(&cluster),
        &format!("authguard.step_up('{ADA}', $1::text::uuid, 'totp', 'aal2')"),
        begun.session(),
    )
    .unwrap();
    assert!(opens(&cluster, high.access()));
    admin(&cluster)
        .query_one("select authguard.credentials_changed($1)", &[&ADA])
        .unwrap();
    for token in [begun.access(), high.access()] {
        assert!(!opens(&cluster, token));
    }
    assert_eq!(
        refresh(&mut web(&cluster), high.refresh()).status,
        "session_revoked"
    );
}

#[test]
fn a_sign_in_with_the_old_password_that_commits_late_is_shut_out() {
    let cluster = server(Config::default());
    let mut late = admin(&cluster);
    late.batch_execute("begin").unwrap();
    let begun = authguard_wire::sessions::issued(&mut late, "authguard.sign_in($1)", ADA).unwrap();
    thread::sleep(Duration::from_millis(10));
    admin(&cluster)
        .query_one("select authguard.credentials_changed($1)", &[&ADA])
        .unwrap();
    late.batch_execute("commit").unwrap();
    assert!(!opens(&cluster, begun.access()));
    // A second later the token would no longer be of the cut-off's own second.
    thread::sleep(Duration::from_millis(1100));
    let next = refresh(&mut web(&cluster), begun.refresh());
    assert_eq!(
        (next.status.as_str(), next.access),
        ("session_revoked", None)
    );
}

#[test]
fn of_two_changes_at_once_that_keep_another_session_each_the_second_finds_its_own_ended() {
    let cluster = server(Config::default());
    let sessions = [sign_in(&cluster, ADA), sign_in(&cluster, ADA)];
    let change = "select authguard.credentials_changed($1, $2::text::uuid)";
    let mut one = admin(&cluster);
    one.batch_execute("begin").unwrap();
    one.query_one(change, &[&ADA, &sessions[0].session()])
        .unwrap();
    let second = thread::scope(|scope| {
        // It does not wait for ever: on a machine that stops for a while, it is called again.
        let waiting = scope.spawn(|| {
            let mut two = admin(&cluster);
            loop {
                let error = two.query_one(change, &[&ADA, &sessions[1].session()]).err();
                let code = error.as_ref().and_then(postgres::Error::code);
                if code != Some(&SqlState::LOCK_NOT_AVAILABLE) {
                    break error;
                }
            }
        });
        wait_for_a_waiter(&cluster);
        one.batch_execute("commit").unwrap();
        waiting.join().unwrap()
    });
    let second = second.expect("its session has ended");
    assert_eq!(
        second.code(),
        Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
    );
    assert_eq!(
        sessions.each_ref().map(|one| opens(&cluster, one.access())),
        [true, false]
    );
    let changes = "select count(*) from authguard.event where name = 'USER_UPDATED'";
    assert_eq!(count(&cluster, changes), 1);
}
