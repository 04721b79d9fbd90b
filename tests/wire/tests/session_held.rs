//! A client that holds a session's row in an open transaction. It keeps the owner from signing out
//! for two seconds at a time, and operators not at all.

use authguard_wire::sessions::{Issued, count, opens, refresh, server, sign_in};
use authguard_wire::tokens::{set_token, web};
use authguard_wire::{ADA, operator};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;

/// A thief who has refreshed a stolen token, and leaves the transaction open.
fn holding(cluster: &Cluster, stolen: &Issued) -> Client {
    let mut thief = web(cluster);
    thief.batch_execute("begin").unwrap();
    assert_eq!(refresh(&mut thief, stolen.refresh()).status, "ok");
    thief
}

/// The owner's client. It gives up waiting after a while, so that a test fails instead of hanging.
fn bearer(cluster: &Cluster, issued: &Issued) -> Client {
    let mut owner = web(cluster);
    owner
        .batch_execute("set statement_timeout = '30s'")
        .unwrap();
    set_token(&mut owner, issued.access());
    owner
}

fn is_held(owner: &mut Client, call: &str) {
    let error = owner.query_one(&format!("select {call}"), &[]).unwrap_err();
    let error = error.as_db_error().expect("the database answers");
    assert_eq!(error.code(), &SqlState::LOCK_NOT_AVAILABLE, "{call}");
    assert_eq!(error.message(), "another transaction has the session");
    let hint = error.hint().unwrap_or_default();
    assert!(hint.contains("authguard.sign_out_user"), "{hint}");
}

/// Checks every call that would end the stolen session, by its own token or by another session's.
fn is_held_off(cluster: &Cluster, stolen: &Issued, other: &Issued) {
    let endings = "select (select count(*) from authguard.revocation)
                   + (select count(*) from authguard.event where name = 'SIGNED_OUT')";
    let before = count(cluster, endings);
    is_held(&mut bearer(cluster, other), "auth.sign_out()");
    is_held(&mut bearer(cluster, other), "auth.sign_out('others')");
    is_held(&mut bearer(cluster, stolen), "auth.sign_out('local')");
    let one = format!("auth.end_session('{}')", stolen.session());
    is_held(&mut bearer(cluster, other), &one);
    // No call was half done.
    assert_eq!(count(cluster, endings), before);
    for session in [stolen, other] {
        assert!(opens(cluster, session.access()));
    }
}

#[test]
fn an_owner_who_is_held_off_is_told_so_and_signs_out_afterwards() {
    let cluster = server(Config::default());
    let (stolen, other) = (sign_in(&cluster, ADA), sign_in(&cluster, ADA));
    let mut thief = holding(&cluster, &stolen);
    is_held_off(&cluster, &stolen, &other);
    thief.batch_execute("commit").unwrap();
    let ended: i32 = bearer(&cluster, &other)
        .query_one("select auth.sign_out()", &[])
        .unwrap()
        .get(0);
    assert_eq!(ended, 2);
    for session in [&stolen, &other] {
        assert!(!opens(&cluster, session.access()));
    }
}

#[test]
fn an_operator_ends_at_once_what_an_owner_is_held_off_from() {
    let cluster = server(Config::default());
    let (stolen, other) = (sign_in(&cluster, ADA), sign_in(&cluster, ADA));
    let mut thief = holding(&cluster, &stolen);
    let mut held = bearer(&cluster, &other);
    held.batch_execute("begin").unwrap();
    is_held(&mut held, "auth.sign_out()");
    let mut support = operator(&cluster);
    // With this setting any wait is an error.
    support.batch_execute("set lock_timeout = '1ms'").unwrap();
    let ended: i32 = support
        .query_one("select authguard.sign_out_user($1)", &[&ADA])
        .unwrap()
        .get(0);
    assert_eq!(ended, 2);
    for session in [&stolen, &other] {
        assert!(!opens(&cluster, session.access()));
    }
    thief.batch_execute("commit").unwrap();
    assert!(!opens(&cluster, stolen.access()));
    let next = refresh(&mut web(&cluster), stolen.refresh());
    assert_eq!(next.status, "session_revoked");
}
