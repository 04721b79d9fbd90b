//! Sessions over real connections: many tabs at once, endings among them, isolation levels,
//! restores.

use authguard_wire::sessions::*;
use authguard_wire::{ADA, admin};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;
use std::sync::Barrier;
use std::thread;

/// A client that may refresh, as the role `web`.
fn client(cluster: &Cluster) -> Client {
    cluster.connect("web", "wire").unwrap()
}

/// A server for 64 tabs, none of which comes too late for the reuse interval.
fn many() -> Cluster {
    let config = Config::default().set("max_connections", "100");
    server(config.set("authguard.refresh_token_reuse_interval", 300))
}

/// Refreshes one token from 64 tabs at the same time, while `meanwhile` happens. A tab that finds
/// the session busy, on a slow machine, tries again, as clients should.
fn refresh_at_once(cluster: &Cluster, token: &str, meanwhile: impl FnOnce() + Send) -> Vec<Issued> {
    let mut clients: Vec<Client> = (0..64).map(|_| client(cluster)).collect();
    let start = Barrier::new(65);
    thread::scope(|scope| {
        let tabs: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                scope.spawn(|| {
                    start.wait();
                    loop {
                        let answer = refresh(client, token);
                        if answer.status != "busy" {
                            break answer;
                        }
                    }
                })
            })
            .collect();
        start.wait();
        meanwhile();
        tabs.into_iter().map(|tab| tab.join().unwrap()).collect()
    })
}

#[test]
fn sixty_four_tabs_get_one_refresh_token() {
    let cluster = many();
    let first = sign_in(&cluster, ADA).refresh.unwrap();
    let answers = refresh_at_once(&cluster, &first, || {});
    let with = |status: &str| answers.iter().filter(|one| one.status == status).count();
    assert_eq!((with("ok"), with("reused")), (1, 63), "{answers:?}");
    let mut tokens: Vec<_> = answers.iter().map(|one| one.refresh.as_ref()).collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_ne!(tokens[0], Some(&first));
    let counter: i64 = admin(&cluster)
        .query_one("select counter from authguard.session", &[])
        .unwrap()
        .get(0);
    assert_eq!(counter, 1);
}

#[test]
fn nothing_lives_after_a_sign_out_among_sixty_four_refreshes() {
    let cluster = many();
    let begun = sign_in(&cluster, ADA);
    let first = begun.refresh.clone().unwrap();
    let answers = refresh_at_once(&cluster, &first, || {
        assert!(opens(&cluster, begun.access.as_ref().unwrap()));
        admin(&cluster)
            .query_one("select authguard.sign_out_user($1)", &[&ADA])
            .unwrap();
    });
    // There is one increment at most, and one refresh token for all tabs that got one.
    let counter: i64 = admin(&cluster)
        .query_one("select counter from authguard.session", &[])
        .unwrap()
        .get(0);
    let rotated = answers.iter().filter(|one| one.status == "ok").count();
    assert_eq!(counter, i64::try_from(rotated).unwrap(), "{answers:?}");
    assert!(rotated <= 1);
    let mut given: Vec<_> = answers
        .iter()
        .filter_map(|one| one.refresh.clone())
        .collect();
    given.dedup();
    assert!(given.len() <= 1);
    let known = ["ok", "reused", "session_revoked"];
    assert!(
        answers
            .iter()
            .all(|one| known.contains(&one.status.as_str())),
        "{answers:?}"
    );
    let given: Vec<_> = answers.iter().chain([&begun]).collect();
    let mut tab = client(&cluster);
    for one in given {
        if let (Some(access), Some(token)) = (&one.access, &one.refresh) {
            assert!(!opens(&cluster, access));
            assert_eq!(refresh(&mut tab, token).status, "session_revoked");
        }
    }
}

#[test]
fn theft_ends_the_session_for_thief_and_owner_and_is_committed() {
    let cluster = server(Config::default());
    let begun = sign_in(&cluster, ADA);
    let stolen = begun.refresh.unwrap();
    let mut owner = client(&cluster);
    let mut thief = client(&cluster);
    let second = refresh(&mut owner, &stolen);
    let third = refresh(&mut owner, second.refresh.as_ref().unwrap());
    assert_eq!(
        (second.status.as_str(), third.status.as_str()),
        ("ok", "ok")
    );
    assert_eq!(
        refresh(&mut thief, &stolen).status,
        "refresh_token_already_used"
    );
    // Another client sees the same at once.
    assert!(!opens(&cluster, third.access.as_ref().unwrap()));
    assert_eq!(
        refresh(&mut owner, third.refresh.as_ref().unwrap()).status,
        "session_revoked"
    );
}

#[test]
fn a_replay_does_not_hold_the_window_open() {
    let cluster = server(Config::default().set("authguard.refresh_token_reuse_interval", 300));
    let begun = sign_in(&cluster, ADA);
    let mut tab = client(&cluster);
    let next = refresh(&mut tab, begun.refresh());
    // Each refresh comes within the interval after the previous one. Counted from the rotation, the
    // second comes after twice the time.
    for status in ["reused", "refresh_token_already_used"] {
        admin(&cluster)
            .batch_execute(
                "update authguard.session set rotated_at = rotated_at - interval '200 s'",
            )
            .unwrap();
        assert_eq!(refresh(&mut tab, begun.refresh()).status, status);
    }
    assert!(!opens(&cluster, next.access()));
}

#[test]
fn of_two_at_repeatable_read_the_second_fails_and_can_try_again() {
    let cluster = server(Config::default());
    let token = sign_in(&cluster, ADA).refresh.unwrap();
    let mut one = client(&cluster);
    let mut two = client(&cluster);
    two.batch_execute("begin isolation level repeatable read; select 1")
        .unwrap();
    assert_eq!(refresh(&mut one, &token).status, "ok");
    let error = issued(&mut two, "auth.refresh($1)", &token).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE));
    two.batch_execute("rollback").unwrap();
    assert_eq!(refresh(&mut two, &token).status, "reused");
}

#[test]
fn a_row_that_is_locked_for_long_is_busy_and_no_theft() {
    let cluster = server(Config::default());
    let token = sign_in(&cluster, ADA).refresh.unwrap();
    let mut other = admin(&cluster);
    other
        .batch_execute("begin; select from authguard.session for update")
        .unwrap();
    let mut tab = client(&cluster);
    assert_eq!(refresh(&mut tab, &token).status, "busy");
    other.batch_execute("rollback").unwrap();
    assert_eq!(refresh(&mut tab, &token).status, "ok");
}

#[test]
fn a_token_of_another_database_is_invalid() {
    let cluster = server(Config::default());
    let token = sign_in(&cluster, ADA).refresh.unwrap();
    cluster.create_database("other").unwrap();
    let mut other = cluster.connect("postgres", "other").unwrap();
    assert_eq!(refresh(&mut other, &token).status, "invalid");
    issued(&mut other, "authguard.sign_in($1)", ADA).unwrap();
    assert_eq!(refresh(&mut other, &token).status, "invalid");
}

#[test]
fn a_refresh_that_is_rolled_back_consumes_nothing() {
    let cluster = server(Config::default());
    let begun = sign_in(&cluster, ADA);
    let mut tab = client(&cluster);
    for end in ["rollback", "select 1/0"] {
        tab.batch_execute("begin").unwrap();
        assert_eq!(refresh(&mut tab, begun.refresh()).status, "ok");
        let _ = tab.batch_execute(end);
        tab.batch_execute("rollback").unwrap();
    }
    // Neither the token nor one of its allowed repetitions is used up.
    let used = "select counter + reuse_count from authguard.session";
    assert_eq!(count(&cluster, used), 0);
    let refreshed = "select count(*) from authguard.event where name = 'TOKEN_REFRESHED'";
    assert_eq!(count(&cluster, refreshed), 0);
    assert_eq!(refresh(&mut tab, begun.refresh()).status, "ok");
    assert_eq!(count(&cluster, refreshed), 1);
}
