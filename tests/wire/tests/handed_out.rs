//! Tokens that were handed out stay valid through a crash and a failover, and are never handed out
//! in a prepared transaction or on a standby.

use authguard_wire::sessions::{issued, refresh, server, sign_in};
use authguard_wire::tokens::web;
use authguard_wire::{ADA, admin};
use pgrx_embed::cluster::Config;
use postgres::error::SqlState;

#[test]
fn a_refresh_that_was_acknowledged_is_not_lost_in_a_crash() {
    // Nothing but the commit itself writes the log to the disk, and a slow recovery does not count
    // as theft.
    let config = Config::default().durable().set("wal_writer_delay", "10s");
    let mut cluster = server(config.set("authguard.refresh_token_reuse_interval", 300));
    let mut current = sign_in(&cluster, ADA);
    for n in 0..3 {
        let mut client = web(&cluster);
        client
            .batch_execute("set synchronous_commit = off")
            .unwrap();
        let next = refresh(&mut client, current.refresh());
        assert_eq!(next.status, "ok", "refresh {n}");
        let mut app = admin(&cluster);
        app.batch_execute("set synchronous_commit = off").unwrap();
        let other = issued(&mut app, "authguard.sign_in($1)", ADA).unwrap();
        cluster.crash();
        cluster.start().unwrap();
        // The statuses are neither state_lost nor unknown. The token before the crash is still the
        // previous one.
        assert_eq!(refresh(&mut web(&cluster), other.refresh()).status, "ok");
        assert_eq!(
            refresh(&mut web(&cluster), current.refresh()).status,
            "reused"
        );
        current = next;
    }
}

#[test]
fn a_transaction_that_refreshed_or_issued_tokens_is_not_prepared() {
    let cluster = server(Config::default().set("max_prepared_transactions", 2));
    let mut client = admin(&cluster);
    let current = sign_in(&cluster, ADA);
    let stolen = sign_in(&cluster, ADA);
    let mut superseded = stolen.refresh().to_owned();
    for _ in 0..2 {
        superseded = refresh(&mut web(&cluster), &superseded)
            .refresh()
            .to_owned();
    }
    let step_up = format!(
        "select status from authguard.step_up('{ADA}', '{}', 'totp', 'aal2')",
        current.session()
    );
    for (call, status) in [
        (
            format!("select status from authguard.sign_in('{ADA}')"),
            "ok",
        ),
        (step_up, "ok"),
        (
            format!("select status from auth.refresh('{}')", current.refresh()),
            "ok",
        ),
        (
            format!("select status from auth.refresh('{}')", stolen.refresh()),
            "refresh_token_already_used",
        ),
    ] {
        client.batch_execute("begin").unwrap();
        let answer: String = client.query_one(&call, &[]).unwrap().get(0);
        assert_eq!(answer, status);
        let error = client.batch_execute("prepare transaction 'p'").unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(*error.code(), SqlState::FEATURE_NOT_SUPPORTED, "{call}");
        assert!(error.hint().is_some());
        // The transaction is rolled back, and the next one may be prepared.
        for statement in [
            "begin",
            "create table p ()",
            "prepare transaction 'p'",
            "rollback prepared 'p'",
        ] {
            client.batch_execute(statement).unwrap();
        }
    }
    // The refresh token is not consumed, and revocations are unchanged.
    assert_eq!(refresh(&mut web(&cluster), current.refresh()).status, "ok");
    let sign_out = format!("select authguard.sign_out_user('{ADA}')");
    for statement in [
        "begin",
        &sign_out,
        "prepare transaction 'p'",
        "commit prepared 'p'",
    ] {
        client.batch_execute(statement).unwrap();
    }
    assert_eq!(
        refresh(&mut web(&cluster), current.refresh()).status,
        "session_revoked"
    );
}

#[test]
fn on_a_standby_every_write_says_where_to_go() {
    let primary = server(Config::default());
    let begun = sign_in(&primary, ADA);
    let standby = primary.standby(Config::default()).unwrap();
    let mut client = admin(&standby);
    let session = begun.session();
    for call in [
        format!("authguard.sign_in('{ADA}')"),
        format!("auth.refresh('{}')", begun.refresh()),
        format!("authguard.step_up('{ADA}', '{session}', 'totp', 'aal2')"),
        format!("authguard.reauthenticated('{ADA}', '{session}', 'password')"),
        format!("authguard.credentials_changed('{ADA}')"),
        format!("authguard.credentials_changed('{ADA}', '{session}')"),
        "authguard.end_all_sessions()".to_owned(),
        format!("authguard.record_event('USER_UPDATED', '{ADA}')"),
        format!("authguard.sign_out_user('{ADA}')"),
        "authguard.set_claims_function(null)".to_owned(),
        "authguard.prune()".to_owned(),
    ] {
        let error = client.query(&format!("select {call}"), &[]).unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(*error.code(), SqlState::READ_ONLY_SQL_TRANSACTION, "{call}");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("primary")),
            "{call}: {error}"
        );
    }
    // Readers on the standby also check the session's row.
    let mut reader = web(&standby);
    authguard_wire::tokens::set_token(&mut reader, begun.access());
    let fresh: bool = reader
        .query_one("select auth.is_fresh('1 hour')", &[])
        .unwrap()
        .get(0);
    assert!(fresh);
}
