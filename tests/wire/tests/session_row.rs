//! The session's row after a refresh. The rules are tested in `token/tests/refresh`; these tests
//! show that the row follows them.

use authguard_wire::sessions::*;
use authguard_wire::tokens::web;
use authguard_wire::{ADA, admin};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;

/// Moves a time of all sessions that many seconds back.
fn age(cluster: &Cluster, column: &str, seconds: u32) {
    let sql = format!("update authguard.session set {column} = {column} - interval '{seconds} s'");
    admin(cluster).batch_execute(&sql).unwrap();
}

fn status(client: &mut Client, token: &Issued) -> String {
    refresh(client, token.refresh()).status
}

#[test]
fn each_rotation_is_answered_again_so_often_and_no_more() {
    let config = Config::default()
        .set("authguard.refresh_token_reuse_interval", 300)
        .set("authguard.refresh_token_reuse_limit", 2);
    let cluster = server(config);
    let mut tab = web(&cluster);
    let mut token = sign_in(&cluster, ADA);
    for _ in 0..3 {
        let next = refresh(&mut tab, token.refresh());
        assert_eq!(next.status, "ok");
        for _ in 0..2 {
            let again = refresh(&mut tab, token.refresh());
            assert_eq!(
                (again.status.as_str(), &again.refresh),
                ("reused", &next.refresh)
            );
        }
        token = next;
    }
    let last = refresh(&mut tab, token.refresh());
    for expected in ["reused", "reused", "refresh_token_already_used"] {
        assert_eq!(status(&mut tab, &token), expected);
    }
    assert!(!opens(&cluster, last.access()));
}

#[test]
fn a_refresh_is_activity_and_a_replay_is_none() {
    for rotation in ["on", "off"] {
        let config = Config::default()
            .set("authguard.refresh_token_rotation_enabled", rotation)
            .set("authguard.refresh_token_reuse_interval", 3_000)
            .set("authguard.session_inactivity_timeout", 1_000);
        let cluster = server(config);
        let mut tab = web(&cluster);
        let mut before = sign_in(&cluster, ADA);
        let mut token = before.clone();
        for _ in 0..3 {
            age(&cluster, "refreshed_at", 600);
            let next = refresh(&mut tab, token.refresh());
            assert_eq!(next.status, "ok", "rotation {rotation}");
            before = std::mem::replace(&mut token, next);
        }
        age(&cluster, "refreshed_at", 600);
        if rotation == "on" {
            assert_eq!(status(&mut tab, &before), "reused");
        }
        assert!(opens(&cluster, token.access()), "rotation {rotation}");
        age(&cluster, "refreshed_at", 600);
        assert!(!opens(&cluster, token.access()), "rotation {rotation}");
        assert_eq!(status(&mut tab, &token), "session_expired");
    }
}

#[test]
fn the_entry_of_an_ending_is_kept_longer_than_the_last_token_lives() {
    for rotation in ["on", "off"] {
        let config = Config::default().set("authguard.refresh_token_rotation_enabled", rotation);
        let cluster = server(config);
        let mut tab = web(&cluster);
        let begun = sign_in(&cluster, ADA);
        let outlives = |token: &Issued| {
            // Afterwards the row's time moves back, as if the tokens so far had come from an
            // earlier time.
            let sql = "select tokens_until >= to_timestamp((auth.verify($1) ->> 'exp')::int8) from authguard.session";
            let outlives: bool = admin(&cluster)
                .query_one(sql, &[&token.access()])
                .unwrap()
                .get(0);
            age(&cluster, "tokens_until", 7_200);
            outlives
        };
        assert!(outlives(&begun));
        for status in ["ok", if rotation == "on" { "reused" } else { "ok" }] {
            let given = refresh(&mut tab, begun.refresh());
            assert_eq!(given.status, status);
            assert!(outlives(&given), "{status}, rotation {rotation}");
        }
    }
}

#[test]
fn an_index_that_is_rebuilt_or_gone_changes_no_refresh() {
    let cluster = server(Config::default());
    let mut tab = web(&cluster);
    let begun = sign_in(&cluster, ADA);
    let mut token = refresh(&mut tab, begun.refresh());
    for change in [
        "reindex index concurrently authguard.session_pkey",
        "alter table authguard.session drop constraint session_pkey",
    ] {
        // A transaction that began earlier and has not read anything yet.
        tab.batch_execute("begin").unwrap();
        admin(&cluster).batch_execute(change).unwrap();
        token = refresh(&mut tab, token.refresh());
        assert_eq!(token.status, "ok", "{change}");
        tab.batch_execute("commit").unwrap();
    }
    assert!(opens(&cluster, token.access()));
}

#[test]
fn a_refresh_in_a_read_only_transaction_is_an_error_and_consumes_nothing() {
    let cluster = server(Config::default());
    let mut tab = web(&cluster);
    let begun = sign_in(&cluster, ADA);
    tab.batch_execute("begin read only").unwrap();
    let error = issued(&mut tab, "auth.refresh($1)", begun.refresh()).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION));
    tab.batch_execute("rollback").unwrap();
    assert_eq!(status(&mut tab, &begun), "ok");
}
