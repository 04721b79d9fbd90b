//! Parallel workers answer as their leader does.

use authguard_wire::attached::change;
use authguard_wire::tokens::{Issuer, set_token, web};
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The number of notes.
const ALL: i64 = 4_000;

/// A server with so many notes.
fn many_notes(config: Config) -> Cluster {
    let cluster = server(config.set("max_parallel_workers", 16));
    change(
        &mut admin(&cluster),
        &format!("insert into notes select g from generate_series(4, {ALL}) g; analyze notes"),
    );
    cluster
}

/// A client whose scans run in workers, in the leader as well if `leader` is true.
fn parallel(mut client: Client, leader: bool) -> Client {
    in_workers(&mut client);
    if leader {
        change(&mut client, "set parallel_leader_participation = on");
    }
    client
}

/// Two scans in workers, the second one after a wait, and the leader's own answer.
const TWICE: &str = "select (select count(*) from notes), pg_advisory_xact_lock_shared(1)::text,
    (select count(*) from notes where id > 0), auth.is_active()";

type Answers = (i64, i64, bool);

fn twice(client: &mut Client) -> Answers {
    let row = client.query_one(TWICE, &[]).expect("it is counted");
    (row.get(0), row.get(2), row.get(3))
}

/// Runs [`twice`], and `between` while it waits between its two scans.
fn with_a_pause(cluster: &Cluster, client: &mut Client, between: impl FnOnce()) -> Answers {
    let mut holder = admin(cluster);
    change(&mut holder, "select pg_advisory_lock(1)");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| twice(client));
        wait_for_a_waiter(cluster);
        between();
        change(&mut holder, "select pg_advisory_unlock(1)");
        waiting.join().expect("it returns")
    })
}

fn revoke(cluster: &Cluster) {
    assert!(operate(cluster, &format!("revoke_user('{ADA}')")));
}

fn restore(cluster: &Cluster) {
    let call = format!("restore_user('{ADA}', revive_tokens => true)");
    assert!(operate(cluster, &call));
}

#[test]
fn workers_that_start_after_a_revocation_answer_as_their_leader_did_before() {
    let cluster = many_notes(Config::default());
    for leader in [true, false] {
        let mut client = parallel(gateway(&cluster), leader);
        set_claims(&mut client, &claims(ADA));
        let answers = with_a_pause(&cluster, &mut client, || revoke(&cluster));
        assert_eq!(answers, (ALL, ALL, true), "revoked, leader {leader}");
        let answers = with_a_pause(&cluster, &mut client, || restore(&cluster));
        assert_eq!(answers, (0, 0, false), "restored, leader {leader}");
        assert_eq!(twice(&mut client), (ALL, ALL, true), "leader {leader}");
    }
}

/// The settings of a client whose scans run in workers only, without a scan that would load the
/// library.
const IN_WORKERS: &str = "set parallel_setup_cost = 0; set parallel_tuple_cost = 0;
    set min_parallel_table_scan_size = 0; set parallel_leader_participation = off";

#[test]
fn the_first_statement_of_a_connection_and_calls_inside_functions_have_one_answer_too() {
    let cluster = many_notes(Config::default());
    let mut client = gateway(&cluster);
    change(&mut client, IN_WORKERS);
    set_claims(&mut client, &claims(ADA));
    // To plan the statement loads the library.
    let answers = with_a_pause(&cluster, &mut client, || revoke(&cluster));
    assert_eq!(answers, (ALL, ALL, true));
    restore(&cluster);
    change(
        &mut admin(&cluster),
        "create function shut() returns bool language plpgsql stable parallel safe
             as 'begin return auth.is_revoked(); end';
         select authguard.unguard_table('notes');
         create policy shut on notes as restrictive using (not shut())",
    );
    let answers = with_a_pause(&cluster, &mut client, || revoke(&cluster));
    assert_eq!(answers, (ALL, ALL, true));
    assert_eq!(twice(&mut client), (0, 0, false));
}

#[test]
fn workers_believe_the_token_and_the_claims_that_their_leader_believes() {
    let cluster = many_notes(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    let mut user = web(&cluster);
    change(&mut user, "set role authenticated");
    let mut user = parallel(user, false);
    set_token(&mut user, &issuer.token(ADA));
    let jwks = issuer.jwks(&[issuer.kid()]);
    let revoke_key = || {
        let sql = "select authguard.revoke_key($1, 'https://a')";
        admin(&cluster).query_one(sql, &[&issuer.kid()]).unwrap();
    };
    let answers = with_a_pause(&cluster, &mut user, revoke_key);
    assert_eq!(answers, (ALL, ALL, true), "the key is revoked");
    assert_eq!(twice(&mut user), (0, 0, false));
    let answers = with_a_pause(&cluster, &mut user, || {
        change(
            &mut admin(&cluster),
            "select authguard.distrust_issuer('https://a')",
        );
        issuer.trust(&cluster, &jwks);
    });
    assert_eq!(answers, (0, 0, false), "the key is trusted again");
    assert_eq!(twice(&mut user), (ALL, ALL, true));

    let mut client = parallel(gateway(&cluster), false);
    set_claims(&mut client, &claims(ADA));
    let rename = |from: &str, to: &str| {
        change(
            &mut admin(&cluster),
            &format!("alter role {from} rename to {to}"),
        );
    };
    let answers = with_a_pause(&cluster, &mut client, || rename("authenticator", "other"));
    assert_eq!(answers, (ALL, ALL, true), "no gateway any more");
    assert_eq!(twice(&mut client), (0, 0, false));
    let answers = with_a_pause(&cluster, &mut client, || rename("other", "authenticator"));
    assert_eq!(answers, (0, 0, false), "a gateway again");
    assert_eq!(twice(&mut client), (ALL, ALL, true));
}

/// Runs a statement 500 times while `ada` is revoked and restored without end, and returns the
/// numbers of answers: everything, nothing.
fn in_flight(cluster: &Cluster, leader: bool) -> [u32; 2] {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut operator = operator(cluster);
            let mut call = |sql: String| operator.batch_execute(&sql).unwrap();
            while !done.load(Relaxed) {
                call(format!("select authguard.revoke_user('{ADA}')"));
                std::thread::sleep(std::time::Duration::from_millis(3));
                call(format!(
                    "select authguard.restore_user('{ADA}', revive_tokens => true)"
                ));
                std::thread::sleep(std::time::Duration::from_millis(3));
            }
        });
        let mut client = parallel(gateway(cluster), leader);
        set_claims(&mut client, &claims(ADA));
        let mut counts = [0, 0];
        let mut failure = None;
        for run in 0..500 {
            match twice(&mut client) {
                (ALL, ALL, true) => counts[0] += 1,
                (0, 0, false) => counts[1] += 1,
                mixed => {
                    failure = Some(format!("run {run}, leader {leader}: {mixed:?}"));
                    break;
                }
            }
        }
        done.store(true, Relaxed);
        assert_eq!(failure, None);
        counts
    })
}

#[test]
fn a_thousand_statements_with_revocations_in_flight_have_one_answer_each() {
    let cluster = many_notes(Config::default());
    for leader in [true, false] {
        let [all, none] = in_flight(&cluster, leader);
        assert!(all > 0 && none > 0, "{all} and {none}");
    }
}

#[test]
fn claims_that_only_workers_read_are_sealed() {
    let cluster = many_notes(Config::default().set("authguard.seal_claims", "on"));
    let mut client = parallel(gateway(&cluster), false);
    set_claims(&mut client, &claims(ADA));
    change(&mut client, "begin");
    assert_eq!(seen(&mut client), ALL);
    let other = format!("set local request.jwt.claims = '{}'", claims(BEN));
    let error = client.batch_execute(&other).unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42501");
    change(&mut client, "rollback; begin");
    // If nothing has read the claims, they are not sealed.
    change(&mut client, "select count(*) from pg_class");
    change(&mut client, &other);
    change(&mut client, "commit");
}

#[test]
fn nobody_can_say_in_the_leaders_place_what_it_decided() {
    let cluster = many_notes(Config::default());
    let forged = "set authguard.leader = 'forged'";
    // Before the library is loaded, and after it.
    for first in ["select 1", "select auth.uid()"] {
        let mut client = gateway(&cluster);
        change(&mut client, first);
        let _ = client.batch_execute(forged);
        let _ = client.batch_execute("alter role current_user set authguard.leader = 'forged'");
        let mut client = parallel(client, false);
        set_claims(&mut client, &claims(ADA));
        assert_eq!(twice(&mut client), (ALL, ALL, true));
        assert!(client.batch_execute(forged).is_err());
        revoke(&cluster);
        assert_eq!(twice(&mut client), (0, 0, false));
        restore(&cluster);
    }
}
