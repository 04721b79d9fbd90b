//! A database that was restored or cloned may have forgotten revocations: authguard notices that.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

const WARNING: &str = "WARNING:  this database was restored, cloned or upgraded";

/// Runs a program of Postgres, which must succeed.
fn run(cluster: &Cluster, program: &str, arguments: &[&str]) {
    let output = cluster
        .client_command(program, "wire")
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {told}");
}

fn is_copy(cluster: &Cluster, database: &str) -> bool {
    let mut owner = cluster.connect("postgres", database).unwrap();
    let noticed: i64 = owner
        .query_one(
            "select count(*) from authguard.coverage() where kind = 'database' and hint like '%acknowledge_restore()%'",
            &[],
        )
        .unwrap()
        .get(0);
    let copy: bool = owner
        .query_one("select authguard.is_copy()", &[])
        .unwrap()
        .get(0);
    assert_eq!(copy, noticed == 1);
    copy
}

/// A gateway's connection to that database.
fn user(cluster: &Cluster, database: &str) -> Client {
    let mut client = cluster.connect("authenticator", database).unwrap();
    client.batch_execute("set role authenticated").unwrap();
    client
}

fn reason(client: &mut Client) -> Option<String> {
    text(client, "select auth.revocation_reason()")
}

/// Waits for a reloaded setting.
fn wait_for(client: &mut Client, expected: Option<&str>) {
    wait_until(
        || reason(client).as_deref() == expected,
        &format!("the reason is {expected:?}"),
    );
}

/// Dumps `wire`, and restores it into database `wire` or `copy` of a server.
fn restored(from: &Cluster, to: &Cluster, database: &str) {
    let file = from.dir().join("dump");
    let file = file.to_str().unwrap();
    run(from, "pg_dump", &["--format=custom", "--file", file]);
    to.connect("postgres", "postgres")
        .unwrap()
        .batch_execute(&format!("create database {database}"))
        .unwrap();
    run(
        to,
        "pg_restore",
        &["--exit-on-error", "--dbname", database, file],
    );
}

#[test]
fn a_restored_dump_is_noticed_and_denies_where_it_is_told_to() {
    let cluster = server(Config::default());
    assert!(operate(&cluster, &format!("revoke_user('{BEN}')")));
    assert!(operate(&cluster, "revoke_client('app')"));
    let of_agent = format!("revoke_client('agent', user_id => '{ADA}')");
    assert!(operate(&cluster, &of_agent));
    let other = server(Config::default().own_identity());
    assert!(!is_copy(&cluster, "wire") && !is_copy(&other, "wire"));
    for to in [&cluster, &other] {
        restored(&cluster, to, "copy");
        assert!(is_copy(to, "copy") && !is_copy(to, "wire"));

        // By default authguard only warns, once for each connection.
        let mut client = user(to, "copy");
        let before = to.log().matches(WARNING).count();
        for (user, reason_of) in [(ADA, None), (BEN, Some("user")), (ADA, None)] {
            set_claims(&mut client, &claims(user));
            assert_eq!(reason(&mut client).as_deref(), reason_of);
        }
        assert_eq!(to.log().matches(WARNING).count(), before + 1);
        for app in ["app", "agent"] {
            let of_app = format!(r#"{{"client_id":"{app}","#);
            set_claims(&mut client, &claims(ADA).replacen('{', &of_app, 1));
            assert_eq!(reason(&mut client).as_deref(), Some("client"), "{app}");
        }
        set_claims(&mut client, &claims(ADA));

        to.configure(&[("authguard.after_restore", "deny")])
            .unwrap();
        wait_for(&mut client, Some("restored"));
        assert_eq!(seen(&mut client), 0);
        let hint = text(&mut client, "select hint from auth.whoami()").unwrap();
        assert!(hint.contains("authguard.acknowledge_restore()"), "{hint}");
        let mut elsewhere = gateway(to);
        set_claims(&mut elsewhere, &claims(ADA));
        assert_eq!(seen(&mut elsewhere), 3, "the other database is no copy");
        set_claims(&mut client, "");
        assert_eq!(reason(&mut client), None, "absent claims are not revoked");
        set_claims(&mut client, &claims(ADA));

        let mut owner = to.connect("postgres", "copy").unwrap();
        let mut acknowledge = owner.transaction().unwrap();
        acknowledge
            .execute("select authguard.acknowledge_restore()", &[])
            .unwrap();
        acknowledge.rollback().unwrap();
        assert_eq!(reason(&mut client).as_deref(), Some("restored"));
        let changed = "select authguard.acknowledge_restore()::text";
        assert_eq!(text(&mut owner, changed).as_deref(), Some("true"));
        assert_eq!(seen(&mut client), 3, "from the next statement on");
        set_claims(&mut client, &claims(BEN));
        assert_eq!(reason(&mut client).as_deref(), Some("user"));
        assert_eq!(text(&mut owner, changed).as_deref(), Some("false"));
        assert!(!is_copy(to, "copy"));
        to.configure(&[("authguard.after_restore", "warn")])
            .unwrap();
    }
}

#[test]
fn nobody_but_the_owner_acknowledges() {
    let cluster = server(Config::default());
    for mut client in [
        operator(&cluster),
        gateway(&cluster),
        cluster.connect("web", "wire").unwrap(),
    ] {
        for call in [
            "select authguard.acknowledge_restore()",
            "delete from authguard.installation",
            "select * from authguard.installation",
        ] {
            let error = client.execute(call, &[]).expect_err(call);
            assert_eq!(
                error.code().map(|code| code.code()),
                Some("42501"),
                "{call}"
            );
        }
    }
    gateway(&cluster)
        .execute("select authguard.end_all_sessions('mine')", &[])
        .expect_err("it is for operators");
}

#[test]
fn a_clone_is_noticed_and_a_standby_is_none() {
    let cluster = server(Config::default().set("wal_level", "replica"));
    cluster
        .connect("postgres", "postgres")
        .unwrap()
        .batch_execute("create database clone template wire")
        .unwrap();
    assert!(is_copy(&cluster, "clone") && !is_copy(&cluster, "wire"));
    let standby = cluster.standby(Config::default()).unwrap();
    assert!(!is_copy(&standby, "wire") && is_copy(&standby, "clone"));
    standby.promote().unwrap();
    assert!(!is_copy(&standby, "wire") && is_copy(&standby, "clone"));
}

#[test]
fn a_table_without_its_row_counts_as_a_copy() {
    let cluster = server(Config::default().set("authguard.after_restore", "deny"));
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(ADA));
    assert_eq!(seen(&mut client), 3);
    admin(&cluster)
        .batch_execute("truncate authguard.installation")
        .unwrap();
    assert_eq!(seen(&mut client), 0);
    admin(&cluster)
        .batch_execute("select authguard.acknowledge_restore()")
        .unwrap();
    assert_eq!(seen(&mut client), 3);
}

#[test]
fn all_sessions_end_and_every_issuer_is_cut_off_but_keys_stay() {
    let cluster = server(Config::default());
    let mut owner = admin(&cluster);
    owner
        .batch_execute("select authguard.rotate_signing_key()")
        .unwrap();
    let sign_in = format!("select access_token from authguard.sign_in('{ADA}')");
    let tokens: Vec<String> = (0..3)
        .map(|_| text(&mut owner, &sign_in).unwrap())
        .collect();
    let mut web = cluster.connect("web", "wire").unwrap();
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(BEN));
    let mut service = gateway(&cluster);
    set_claims(
        &mut service,
        r#"{"role":"service_role","iat":1700000000,"exp":4102444800}"#,
    );
    let mut count = |token: &String| {
        tokens::set_token(&mut web, token);
        seen(&mut web)
    };
    assert_eq!(tokens.iter().map(&mut count).collect::<Vec<_>>(), [3, 3, 3]);
    assert_eq!((seen(&mut client), seen(&mut service)), (3, 3));

    let ended: i32 = operator(&cluster)
        .query_one("select authguard.end_all_sessions('restored to noon')", &[])
        .unwrap()
        .get(0);
    assert_eq!(ended, 3);
    assert_eq!(tokens.iter().map(&mut count).collect::<Vec<_>>(), [0, 0, 0]);
    assert_eq!((seen(&mut client), seen(&mut service)), (0, 3));
    assert_eq!(reason(&mut client).as_deref(), Some("issuer_cut_off"));
    let again = text(&mut owner, &sign_in).unwrap();
    assert_eq!(count(&again), 3, "signing in again works");
}
