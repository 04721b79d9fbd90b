//! Once the revoking commit is acknowledged, every statement that starts afterwards sees it.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

fn revoke(cluster: &Cluster, user: &str) {
    assert!(operate(cluster, &format!("revoke_user('{user}')")));
}

#[test]
fn the_next_statement_sees_a_revocation_at_every_isolation_level() {
    let cluster = server(Config::default());
    for level in ["read committed", "repeatable read", "serializable"] {
        let mut client = gateway(&cluster);
        set_claims(&mut client, &claims(ADA));
        client
            .batch_execute(&format!("begin isolation level {level}"))
            .unwrap();
        for _ in 0..3 {
            assert_eq!(seen(&mut client), 3, "{level}");
        }
        revoke(&cluster, ADA);
        assert_eq!(seen(&mut client), 0, "{level}");
        assert_eq!(
            text(&mut client, "select auth.revocation_reason()").as_deref(),
            Some("user")
        );
        assert!(operate(
            &cluster,
            &format!("restore_user('{ADA}', revive_tokens => true)")
        ));
        assert_eq!(seen(&mut client), 3, "{level}");
        client.batch_execute("commit").unwrap();
    }
}

#[test]
fn a_prepared_statement_with_a_generic_plan_sees_it() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    client
        .batch_execute("set plan_cache_mode = force_generic_plan")
        .unwrap();
    let count = client
        .prepare("select count(*), max(auth.subject()) from notes")
        .unwrap();
    let ask = |client: &mut Client, user: &str| {
        set_claims(client, &claims(user));
        let row = client.query_one(&count, &[]).unwrap();
        (row.get::<_, i64>(0), row.get::<_, Option<String>>(1))
    };
    assert_eq!(ask(&mut client, ADA), (3, Some(ADA.into())));
    assert_eq!(ask(&mut client, BEN), (3, Some(BEN.into())));
    revoke(&cluster, ADA);
    assert_eq!(ask(&mut client, ADA), (0, None));
    assert_eq!(ask(&mut client, BEN), (3, Some(BEN.into())));
}

#[test]
fn parallel_workers_decide_alike() {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute(
            "insert into notes select g, null from generate_series(4, 200000) g; analyze notes",
        )
        .unwrap();
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(ADA));
    in_workers(&mut client);
    let mine =
        "select count(*) from notes where auth.subject() = 'a0000000-0000-4000-8000-00000000000a'";
    assert_eq!(
        client.query_one(mine, &[]).unwrap().get::<_, i64>(0),
        200_000
    );
    revoke(&cluster, ADA);
    assert_eq!(seen(&mut client), 0);
}

#[test]
fn a_running_statement_keeps_its_answer_and_a_fetch_is_a_new_one() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(ADA));
    // The first row waits for this lock; the others come after the revocation.
    let mut holder = admin(&cluster);
    holder.batch_execute("select pg_advisory_lock(1)").unwrap();
    let slow = std::thread::spawn(move || {
        let sql = "select id, pg_advisory_xact_lock_shared(1), auth.is_revoked() from notes";
        let rows = client
            .query(sql, &[])
            .unwrap()
            .iter()
            .map(|row| row.get::<_, bool>(2))
            .collect::<Vec<_>>();
        (rows, client)
    });
    wait_for_a_waiter(&cluster);
    revoke(&cluster, ADA);
    holder
        .batch_execute("select pg_advisory_unlock(1)")
        .unwrap();
    let (answers, mut client) = slow.join().unwrap();
    assert_eq!(answers, [false, false, false]);
    assert_eq!(seen(&mut client), 0);

    assert!(operate(
        &cluster,
        &format!("restore_user('{ADA}', revive_tokens => true)")
    ));
    client
        .batch_execute("begin; declare c cursor for select id from notes")
        .unwrap();
    assert_eq!(client.query("fetch 1 from c", &[]).unwrap().len(), 1);
    revoke(&cluster, ADA);
    assert_eq!(client.query("fetch 1 from c", &[]).unwrap().len(), 0);
}

#[test]
fn without_its_trigger_a_revocation_is_seen_all_the_same() {
    // No invalidation signals this change, so the client looks again at every statement.
    let cluster = server(Config::default().set("autovacuum", "off"));
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(ADA));
    assert_eq!(seen(&mut client), 3);
    admin(&cluster)
        .batch_execute("alter table authguard.revocation disable trigger invalidate")
        .unwrap();
    for _ in 0..2 {
        assert_eq!(seen(&mut client), 3);
        revoke(&cluster, ADA);
        assert_eq!(seen(&mut client), 0);
        assert!(operate(
            &cluster,
            &format!("restore_user('{ADA}', revive_tokens => true)")
        ));
    }
}
