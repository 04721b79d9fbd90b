//! Crashes, standbys, broken installations: access is closed, or as acknowledged, never open.

use authguard_wire::*;
use pgrx_embed::cluster::Config;
use postgres::error::SqlState;

#[test]
fn no_acknowledged_revocation_is_lost_in_a_crash() {
    let mut cluster = server(Config::default().durable());
    for n in 0..100 {
        let mut client = operator(&cluster);
        client
            .batch_execute("set synchronous_commit = off")
            .unwrap();
        let jti = format!("crash {n}");
        client
            .query_one("select authguard.revoke_token($1)", &[&jti])
            .unwrap();
        cluster.crash();
        cluster.start().unwrap();
        let found: i64 = operator(&cluster)
            .query_one(
                "select count(*) from authguard.revocation where key = $1",
                &[&jti],
            )
            .unwrap()
            .get(0);
        assert_eq!(found, 1, "revocation {n}");
    }
}

#[test]
fn a_standby_honours_a_revocation_after_replay() {
    let primary = server(Config::default());
    let standby = primary.standby(Config::default()).unwrap();
    let mut client = gateway(&standby);
    set_claims(&mut client, &claims(ADA));
    client
        .batch_execute("begin isolation level repeatable read")
        .unwrap();
    assert_eq!(seen(&mut client), 3);
    assert!(operate(&primary, &format!("revoke_user('{ADA}')")));
    wait_until_hidden(&mut client);
    assert_eq!(
        text(&mut client, "select auth.revocation_reason()").as_deref(),
        Some("user")
    );

    let error = operator(&standby)
        .query("select authguard.revoke_token('x')", &[])
        .unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(*error.code(), SqlState::READ_ONLY_SQL_TRANSACTION);
    assert!(error.hint().is_some_and(|hint| hint.contains("primary")));

    standby.promote().unwrap();
    let mut client = gateway(&standby);
    set_claims(&mut client, &claims(ADA));
    assert_eq!(seen(&mut client), 0);
}

#[test]
fn a_schema_that_exists_is_never_reused() {
    let cluster = server(Config::default());
    let mut client = admin(&cluster);
    client
        .batch_execute("drop extension authguard cascade")
        .unwrap();
    for schema in ["auth", "authguard"] {
        client
            .batch_execute(&format!("create schema {schema}"))
            .unwrap();
        let error = client
            .batch_execute("create extension authguard")
            .unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(*error.code(), SqlState::DUPLICATE_SCHEMA);
        assert!(error.hint().is_some());
        let left: i64 = client
            .query_one(
                "select count(*) from pg_namespace where nspname in ('auth', 'authguard')",
                &[],
            )
            .unwrap()
            .get(0);
        assert_eq!(left, 1);
        client
            .batch_execute(&format!("drop schema {schema}"))
            .unwrap();
    }
}

#[test]
fn what_the_library_cannot_serve_is_an_error_and_a_new_install_is_found() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(ADA));
    assert_eq!(seen(&mut client), 3);
    let mut admin = admin(&cluster);
    admin
        .batch_execute(
            "update pg_extension set extversion = '9.9.9' where extname = 'authguard';
             alter table authguard.revocation set (fillfactor = 90)",
        )
        .unwrap();
    let error = client.query("select count(*) from notes", &[]).unwrap_err();
    assert_eq!(
        error.code(),
        Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE)
    );
    admin
        .batch_execute("drop extension authguard cascade; create extension authguard; select authguard.guard_table('notes')")
        .unwrap();
    assert_eq!(seen(&mut client), 3);
    admin
        .query("select authguard.revoke_user($1)", &[&ADA])
        .unwrap();
    assert_eq!(seen(&mut client), 0);
}

#[test]
fn a_dump_keeps_the_revocations() {
    let cluster = server(Config::default());
    assert!(operate(&cluster, &format!("revoke_user('{ADA}', 'fraud')")));
    copies::restore(&cluster, &copies::dumped(&cluster));
    let mut client = cluster.connect("authenticator", "copy").unwrap();
    client.batch_execute("set role authenticated").unwrap();
    set_claims(&mut client, &claims(ADA));
    assert_eq!(seen(&mut client), 0);
    set_claims(&mut client, &claims(BEN));
    assert_eq!(seen(&mut client), 3);
}
