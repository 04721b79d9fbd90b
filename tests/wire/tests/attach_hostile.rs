//! Attached tables that a client with ordinary rights may write. The client may change its own row,
//! and cannot hold up any other client by doing so.

use authguard_wire::attached::change;
use authguard_wire::sessions::*;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use std::thread;

/// A server where `web` may change what tokens say of its users.
fn members(config: Config) -> Cluster {
    let cluster = authguard_wire::sessions::server(config);
    change(
        &mut admin(&cluster),
        &format!(
            "create table member (id uuid primary key, settings jsonb not null default '{{}}');
             insert into member values ('{ADA}'), ('{BEN}');
             grant select, update (settings) on member to web;
             select authguard.attach_users('member', app_metadata => 'settings', refresh_on_change => true)"
        ),
    );
    cluster
}

/// Refreshes as another user than the one whose row the client has changed. The refresh fails if it
/// has to wait for that change.
fn assert_refreshes(cluster: &Cluster, token: &str) -> String {
    let mut ben = web(cluster);
    let answer = refresh(&mut ben, token);
    assert_eq!(answer.status, "ok");
    answer.refresh().to_owned()
}

fn web(cluster: &Cluster) -> Client {
    cluster.connect("web", "wire").unwrap()
}

fn updates(cluster: &Cluster) -> i64 {
    count(
        cluster,
        "select count(*) from authguard.event where name = 'USER_UPDATED'",
    )
}

const CHANGE: &str = "update member set settings = jsonb_build_object('n', clock_timestamp())
                       where id = 'a0000000-0000-4000-8000-00000000000a'";

#[test]
fn a_client_that_changes_its_row_and_waits_holds_up_no_refresh() {
    let cluster = members(Config::default().set("max_prepared_transactions", 2));
    let ada = sign_in(&cluster, ADA);
    let token = sign_in(&cluster, BEN).refresh().to_owned();
    assert!(opens(&cluster, ada.access()));

    // The client makes triggers fire at once.
    let mut client = web(&cluster);
    client
        .batch_execute(&format!(
            "begin; set constraints all immediate; {CHANGE}; savepoint s; set constraints all immediate"
        ))
        .unwrap();
    let token = assert_refreshes(&cluster, &token);
    assert_eq!(updates(&cluster), 0);
    client.batch_execute("commit").unwrap();
    assert_eq!(updates(&cluster), 1);
    assert!(!opens(&cluster, ada.access()), "its tokens are stale");

    // A trigger of the client fires after authguard's trigger, at the commit, and waits.
    let mut holder = admin(&cluster);
    holder.batch_execute("select pg_advisory_lock(42)").unwrap();
    client
        .batch_execute(
            "create temp table slow ();
             create function pg_temp.wait() returns trigger language plpgsql as $$
                 begin perform pg_advisory_xact_lock(42); return null; end $$;
             create constraint trigger wait after insert on slow deferrable initially deferred
                 for each row execute function pg_temp.wait()",
        )
        .unwrap();
    let slow = thread::spawn(move || {
        client
            .batch_execute(&format!(
                "begin; {CHANGE}; insert into slow default values; commit"
            ))
            .unwrap();
        client
    });
    let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
    wait_until(|| count(&cluster, waiting) == 1, "its commit waits");
    let token = assert_refreshes(&cluster, &token);
    holder
        .batch_execute("select pg_advisory_unlock(42)")
        .unwrap();
    let mut client = slow.join().unwrap();
    assert_eq!(updates(&cluster), 2);

    // The client tries to leave the transaction prepared, and disconnects.
    let error = client
        .batch_execute(&format!("begin; {CHANGE}; prepare transaction 'p'"))
        .unwrap_err();
    assert_eq!(error.code().map(|code| code.code()), Some("0A000"));
    drop(client);
    assert_refreshes(&cluster, &token);
    assert_eq!(updates(&cluster), 2);
}

#[test]
fn a_change_is_told_of_once_it_is_committed_and_never_otherwise() {
    let cluster = members(Config::default());
    let mut client = web(&cluster);
    client
        .batch_execute(&format!(
            "set session characteristics as transaction isolation level read committed;
             begin; {CHANGE}; rollback;
             begin; set constraints all immediate; {CHANGE}; rollback;
             begin; set constraints all immediate; savepoint a; {CHANGE}; savepoint b; release b; rollback to a; commit;
             begin; savepoint a; {CHANGE}; savepoint b; {CHANGE}; rollback to a; commit"
        ))
        .unwrap();
    assert_eq!(updates(&cluster), 0);
    client
        .batch_execute(&format!(
            "begin; set constraints all immediate; savepoint a; {CHANGE}; release a; savepoint b; rollback to b; commit"
        ))
        .unwrap();
    assert_eq!(updates(&cluster), 1);
    // The subtransaction that is rolled back began after the change.
    client
        .batch_execute(&format!(
            "begin; {CHANGE}; savepoint a; set constraints all immediate; rollback to a; commit"
        ))
        .unwrap();
    assert_eq!(updates(&cluster), 2);
    // The same from within a statement.
    client
        .batch_execute(&format!(
            "do $$ begin {CHANGE}; commit; {CHANGE}; rollback; {CHANGE}; end $$"
        ))
        .unwrap();
    assert_eq!(updates(&cluster), 4);
    client
        .batch_execute(&format!("begin; {CHANGE}; savepoint a; {CHANGE}; commit"))
        .unwrap();
    assert_eq!(updates(&cluster), 5, "one a transaction");
    let by = "select count(distinct revoked_by) + count(distinct key) from authguard.revocation where kind = 'claims' and revoked_by = 'web'";
    assert_eq!(count(&cluster, by), 2, "one entry, of the login role");
}

#[test]
fn a_deferrable_trigger_on_the_events_fires_with_the_change_of_a_user() {
    let cluster = members(Config::default());
    change(
        &mut admin(&cluster),
        "create table seen (name text);
         create function see() returns trigger language plpgsql as $$
             begin insert into public.seen values (new.name); return null; end $$;
         create function see_entry() returns trigger language plpgsql as $$
             begin insert into public.seen values (new.kind); return null; end $$;
         create constraint trigger see after insert on authguard.event
             deferrable initially deferred for each row execute function see();
         create constraint trigger see after insert on authguard.revocation
             deferrable for each row execute function see_entry()",
    );
    let mut client = web(&cluster);
    client
        .batch_execute(&format!(
            "begin; set constraints all deferred; {CHANGE}; commit"
        ))
        .unwrap();
    let seen = "select count(*) from seen where name in ('USER_UPDATED', 'claims')";
    assert_eq!(count(&cluster, seen), 2);
    assert_eq!(updates(&cluster), 1);
}
