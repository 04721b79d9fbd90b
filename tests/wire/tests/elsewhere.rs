//! Revocations that arrive without an operator's commit, and settings that belong to another
//! library.

use authguard_wire::*;
use pgrx_embed::cluster::Config;
use std::process::Command;

#[test]
fn a_prepared_transaction_revokes_when_it_is_committed() {
    let cluster = server(Config::default().set("max_prepared_transactions", 2));
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(ADA));
    let mut ops = operator(&cluster);
    for (end, left) in [("rollback prepared 'p'", 3), ("commit prepared 'p'", 0)] {
        ops.batch_execute("begin").unwrap();
        ops.query("select authguard.revoke_user($1)", &[&ADA])
            .unwrap();
        ops.batch_execute("prepare transaction 'p'").unwrap();
        assert_eq!(seen(&mut client), 3);
        ops.batch_execute(end).unwrap();
        assert_eq!(seen(&mut client), left, "{end}");
    }
}

#[test]
fn a_revocation_that_arrives_by_logical_replication_counts() {
    let publisher = server(Config::default().set("wal_level", "logical"));
    let subscriber = server(Config::default().own_identity());
    admin(&publisher)
        .batch_execute("create publication revocations for table authguard.revocation")
        .unwrap();
    admin(&subscriber)
        .batch_execute(&format!(
            "create subscription revocations connection '{}' publication revocations",
            publisher.uri("postgres", "wire")
        ))
        .unwrap();
    let mut client = gateway(&subscriber);
    set_claims(&mut client, &claims(ADA));
    client
        .batch_execute("begin isolation level repeatable read")
        .unwrap();
    assert_eq!(seen(&mut client), 3);
    assert!(operate(&publisher, &format!("revoke_user('{ADA}')")));
    wait_until_hidden(&mut client);
    admin(&subscriber)
        .batch_execute("drop subscription revocations")
        .unwrap();
}

#[test]
fn claims_are_followed_where_another_library_owns_the_setting() {
    const SOURCE: &str = r#"
        #include "postgres.h"
        #include "fmgr.h"
        #include "utils/guc.h"
        PG_MODULE_MAGIC;
        static char *claims;
        void _PG_init(void);
        void _PG_init(void)
        {
            DefineCustomStringVariable("request.jwt.claims", "another owner's", NULL, &claims, "",
                                       PGC_USERSET, 0, NULL, NULL, NULL);
        }
    "#;
    let mut cluster = server(Config::default());
    let source = cluster.dir().join("other.c");
    let library = cluster.restart_apart().unwrap().pkglib.join("other.so");
    std::fs::write(&source, SOURCE).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-I"])
        .arg(&cluster.install().headers)
        .arg(&source)
        .arg("-o")
        .arg(&library)
        .status()
        .unwrap();
    assert!(built.success());
    cluster
        .configure(&[("session_preload_libraries", "other,authguard")])
        .unwrap();
    // Every client that connects from here on has both settings.
    let told = || text(&mut admin(&cluster), "show session_preload_libraries").unwrap();
    wait_until(|| told().contains("other"), "the settings arrive");

    let mut client = gateway(&cluster);
    let pin = "alter role authenticated set request.jwt.claims = '{}'";
    admin(&cluster)
        .batch_execute(pin)
        .expect("the other library checks nothing: the setting is its own");
    for user in [ADA, BEN, ADA] {
        set_claims(&mut client, &claims(user));
        assert_eq!(
            text(&mut client, "select auth.subject()").as_deref(),
            Some(user)
        );
    }
    client
        .batch_execute("begin; set local request.jwt.claims = '{\"sub\":\"local\"}'")
        .unwrap();
    assert_eq!(
        text(&mut client, "select auth.subject()").as_deref(),
        Some("local")
    );
    client.batch_execute("rollback").unwrap();
    assert_eq!(
        text(&mut client, "select auth.subject()").as_deref(),
        Some(ADA)
    );
    assert!(operate(&cluster, &format!("revoke_user('{ADA}')")));
    assert_eq!(seen(&mut client), 0);
}
