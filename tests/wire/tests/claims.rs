//! Claims follow their setting exactly: in pools, savepoints, cursors and procedures.

use authguard_wire::*;
use pgrx_embed::cluster::Config;

const WHO: &str = "select auth.subject()";

#[test]
fn two_users_on_one_pooled_connection_never_mix() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    for end in ["commit", "rollback"] {
        for user in [ADA, BEN, ADA] {
            client.batch_execute("begin").unwrap();
            client
                .execute(
                    "select set_config('request.jwt.claims', $1, true)",
                    &[&claims(user)],
                )
                .unwrap();
            assert_eq!(text(&mut client, WHO).as_deref(), Some(user));
            client.batch_execute(end).unwrap();
            assert_eq!(text(&mut client, WHO), None, "after {end}");
        }
    }
    for end in ["discard all", "reset request.jwt.claims", "reset all"] {
        set_claims(&mut client, &claims(ADA));
        assert_eq!(text(&mut client, WHO).as_deref(), Some(ADA));
        client.batch_execute(end).unwrap();
        assert_eq!(text(&mut client, WHO), None, "after {end}");
    }
}

#[test]
fn a_savepoint_brings_the_claims_back() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    client.batch_execute("begin").unwrap();
    set_claims(&mut client, &claims(ADA));
    client.batch_execute("savepoint s").unwrap();
    set_claims(&mut client, &claims(BEN));
    assert_eq!(text(&mut client, WHO).as_deref(), Some(BEN));
    client.batch_execute("rollback to s").unwrap();
    assert_eq!(text(&mut client, WHO).as_deref(), Some(ADA));
    client.batch_execute("rollback").unwrap();
    assert_eq!(text(&mut client, WHO), None);
}

#[test]
fn a_procedure_that_commits_keeps_the_claims_it_was_called_with() {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute(
            "create procedure churn(first text) language plpgsql as $$
             begin
                 for g in 1..200 loop
                     perform set_config('request.jwt.claims', '{\"sub\":\"user ' || g || '\"}', false);
                     perform auth.subject();
                     commit;
                 end loop;
                 perform set_config('app.first', first || ' then ' || auth.subject(), false);
             end $$",
        )
        .unwrap();
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(ADA));
    client.batch_execute("call churn(auth.subject())").unwrap();
    assert_eq!(
        text(&mut client, "select current_setting('app.first')"),
        Some(format!("{ADA} then user 200"))
    );
}

#[test]
fn a_transaction_takes_its_own_revocation_back() {
    let cluster = server(Config::default());
    let mut client = cluster.connect("postgres", "wire").unwrap();
    set_claims(&mut client, &claims(ADA));
    let revoked = "select auth.is_revoked()::text";
    client.batch_execute("begin").unwrap();
    assert_eq!(text(&mut client, revoked).as_deref(), Some("false"));
    client.batch_execute("savepoint s").unwrap();
    client
        .query("select authguard.revoke_user($1)", &[&ADA])
        .unwrap();
    assert_eq!(text(&mut client, revoked).as_deref(), Some("true"));
    client.batch_execute("rollback to s").unwrap();
    assert_eq!(text(&mut client, revoked).as_deref(), Some("false"));
    client
        .query("select authguard.revoke_user($1)", &[&ADA])
        .unwrap();
    assert_eq!(text(&mut client, revoked).as_deref(), Some("true"));
    client.batch_execute("rollback").unwrap();
    assert_eq!(text(&mut client, revoked).as_deref(), Some("false"));
}

#[test]
fn the_memory_of_a_backend_is_flat() {
    let cluster = server(Config::default());
    let mut client = cluster.connect("authenticator", "wire").unwrap();
    let set = client
        .prepare("select set_config('request.jwt.claims', $1, false)")
        .unwrap();
    let read = client
        .prepare("select count(auth.uid()) + count(auth.jwt()) + count(auth.is_revoked() or null) from generate_series(1, 10)")
        .unwrap();
    let pid: i32 = client
        .query_one("select pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let mut churn = |from: u32, to: u32| -> u64 {
        for n in from..to {
            let claims = claims(&format!("a0000000-0000-4000-8000-{n:012}"));
            client.query_one(&set, &[&claims]).unwrap();
            client.query_one(&read, &[]).unwrap();
        }
        resident_kib(pid)
    };
    let warm = churn(0, 5_000);
    let after = churn(5_000, 25_000);
    assert!(
        after <= warm + 512,
        "{warm} KiB after 5,000 claims, {after} KiB after 25,000"
    );
}
