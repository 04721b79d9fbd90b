//! A part of the extension is missing: every query through a guard fails, and none shows a row.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;

/// The error of a query of the guarded table.
fn refused(client: &mut Client) -> SqlState {
    let error = client
        .query("select id from notes", &[])
        .expect_err("the guarded table is closed");
    error.code().expect("an error of the server").clone()
}

#[test]
fn a_missing_library_is_an_error_and_its_return_opens() {
    let mut cluster = server(Config::default());
    let library = cluster.restart_apart().unwrap().pkglib.join("authguard.so");
    let away = library.with_extension("away");
    std::fs::rename(&library, &away).unwrap();
    // The query fails without claims, too. In that case a guard of the kind `revoked` would
    // otherwise let everybody in.
    let mut anonymous = gateway(&cluster);
    assert_eq!(refused(&mut anonymous), SqlState::UNDEFINED_FILE);
    let mut user = gateway(&cluster);
    set_claims(&mut user, &claims(ADA));
    assert_eq!(refused(&mut user), SqlState::UNDEFINED_FILE);
    assert_eq!(refused(&mut user), SqlState::UNDEFINED_FILE, "once more");

    std::fs::rename(&away, &library).unwrap();
    assert_eq!(seen(&mut user), 3, "the claims set meanwhile are adopted");
    assert!(operate(&cluster, &format!("revoke_user('{ADA}')")));
    assert_eq!(seen(&mut user), 0);
    assert_eq!(seen(&mut anonymous), 3);
}

fn rename(cluster: &Cluster, from: &str, to: &str) {
    admin(cluster)
        .batch_execute(&format!("alter table authguard.{from} rename to {to}"))
        .unwrap();
}

#[test]
fn a_missing_table_is_an_error_and_its_return_decides_as_before() {
    let cluster = server(Config::default());
    let mut warm = [gateway(&cluster), gateway(&cluster)];
    for (client, user) in warm.iter_mut().zip([ADA, BEN]) {
        set_claims(client, &claims(user));
    }
    assert!(operate(&cluster, &format!("revoke_user('{BEN}')")));
    assert_eq!(warm.each_mut().map(seen), [3, 0]);

    rename(&cluster, "revocation", "elsewhere");
    let mut cold = gateway(&cluster);
    set_claims(&mut cold, &claims(ADA));
    for client in warm.iter_mut().chain([&mut cold]) {
        for _ in 0..2 {
            assert_eq!(refused(client), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
        }
    }
    rename(&cluster, "elsewhere", "revocation");
    assert_eq!(warm.each_mut().map(seen), [3, 0]);
    assert_eq!(seen(&mut cold), 3);
}

#[test]
fn an_index_that_is_rebuilt_or_gone_changes_no_decision() {
    let cluster = server(Config::default());
    let mut admin = admin(&cluster);
    let mut warm = gateway(&cluster);
    set_claims(&mut warm, &claims(ADA));
    assert_eq!(seen(&mut warm), 3);
    for change in [
        "reindex index concurrently authguard.revocation_key",
        "reindex index authguard.revocation_key",
        "drop index authguard.revocation_key",
    ] {
        admin.batch_execute(change).unwrap();
        assert_eq!(seen(&mut warm), 3, "{change}");
        // The owner writes the entry directly, which needs no index.
        let entry = format!(
            "insert into authguard.revocation (kind, key, blocked) values ('user', '{ADA}', true)"
        );
        admin.batch_execute(&entry).unwrap();
        assert_eq!(seen(&mut warm), 0, "{change}");
        admin
            .batch_execute("delete from authguard.revocation")
            .unwrap();
        assert_eq!(seen(&mut warm), 3, "{change}");
    }
}

#[test]
fn without_its_channel_nothing_is_revoked_in_vain() {
    let cluster = server(Config::default());
    rename(&cluster, "channel", "elsewhere");
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(ADA));
    assert_eq!(
        refused(&mut client),
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE
    );
    // No backend would learn of this revocation, so it is not acknowledged.
    let revoke = format!("select authguard.revoke_user('{ADA}')");
    let error = operator(&cluster).query(&revoke, &[]).unwrap_err();
    assert_eq!(
        error.code(),
        Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE)
    );
    rename(&cluster, "elsewhere", "channel");
    assert_eq!(seen(&mut client), 3);
}

#[test]
fn a_table_that_somebody_else_put_in_its_place_decides_nothing() {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute(
            "alter table authguard.revocation rename to elsewhere;
             create table authguard.revocation (like authguard.elsewhere)",
        )
        .unwrap();
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(ADA));
    assert_eq!(
        refused(&mut client),
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE
    );
}
