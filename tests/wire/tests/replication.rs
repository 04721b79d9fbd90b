//! Several servers: standbys that fall behind, and other primaries that receive the entries.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use std::thread::sleep;
use std::time::Duration;

fn reason(client: &mut Client) -> Option<String> {
    text(client, "select auth.revocation_reason()")
}

fn wait_for(client: &mut Client, expected: Option<&str>) {
    wait_until(
        || reason(client).as_deref() == expected,
        &format!("the reason is {expected:?}"),
    );
}

/// A primary, a standby that may be that many seconds behind, and a client of the standby who sees
/// all rows.
fn pair(lag: i32) -> (Cluster, Cluster, Client) {
    let primary = server(Config::default().set("autovacuum", "off"));
    let standby = primary
        .standby(Config::default().set("authguard.max_replay_lag", lag))
        .unwrap();
    let mut client = gateway(&standby);
    set_claims(&mut client, &claims(ADA));
    wait_until(|| seen(&mut client) == 3, "the standby has caught up");
    (primary, standby, client)
}

fn write(primary: &Cluster) {
    admin(primary)
        .batch_execute("create table if not exists written (at timestamptz); insert into written values (now())")
        .unwrap();
}

#[test]
fn an_idle_primary_is_not_taken_for_a_dead_one() {
    // The limit is more than a busy machine takes to replay a commit.
    let (primary, standby, mut client) = pair(4);
    write(&primary);
    let mut owner = admin(&standby);
    let idle = "select coalesce(now() - pg_last_xact_replay_timestamp() > '5 s', false)";
    wait_until(
        || owner.query_one(idle, &[]).unwrap().get(0),
        "the last commit is older than the limit",
    );
    assert_eq!(seen(&mut client), 3);
    // The moment between the arrival and the replay of a later commit does not count as lag either.
    for _ in 0..50 {
        write(&primary);
        assert_eq!(seen(&mut client), 3);
    }
}

#[test]
fn a_standby_that_is_too_far_behind_believes_no_token() {
    let (primary, standby, mut client) = pair(1);
    let mut owner = admin(&standby);
    owner.batch_execute("select pg_wal_replay_pause()").unwrap();
    assert!(operate(&primary, &format!("revoke_user('{BEN}')")));
    wait_for(&mut client, Some("replica_lag"));
    assert_eq!(seen(&mut client), 0);
    let hint = text(&mut client, "select hint from auth.whoami()").unwrap();
    assert!(hint.contains("standby"), "{hint}");
    let health = "select string_agg(check_name, ' ') from authguard.health()";
    assert_eq!(text(&mut owner, health).as_deref(), Some("replica_lag"));
    let told = format!("select answer from authguard.explain_user('{ADA}') where not passed");
    let told = text(&mut owner, &format!("{told} order by step limit 1")).unwrap();
    assert!(told.contains("standby"), "{told}");
    set_claims(&mut client, "");
    assert_eq!(reason(&mut client), None, "absent claims are not revoked");
    set_claims(&mut client, &claims(ADA));
    owner
        .batch_execute("select pg_wal_replay_resume()")
        .unwrap();
    wait_until(|| seen(&mut client) == 3, "the standby has caught up");
    assert_eq!(text(&mut owner, health), None);
    let figures = "select count(value)::text from authguard.statistics where name = 'sign_ins'";
    assert_eq!(text(&mut owner, figures).as_deref(), Some("1"));
    set_claims(&mut client, &claims(BEN));
    // The lag ends when replay reaches the chunk that has the revocation, an instant before the
    // revocation counts.
    wait_for(&mut client, Some("user"));

    standby
        .configure(&[("authguard.max_replay_lag", "0")])
        .unwrap();
    let limit = |client: &mut Client| text(client, "show authguard.max_replay_lag").unwrap();
    wait_until(|| limit(&mut client) == "0", "the setting arrives");
    owner.batch_execute("select pg_wal_replay_pause()").unwrap();
    write(&primary);
    sleep(Duration::from_millis(1500));
    set_claims(&mut client, &claims(ADA));
    assert_eq!(seen(&mut client), 3, "0 is no limit");
}

#[test]
fn a_standby_without_its_primary_believes_no_token_until_it_is_promoted() {
    let (mut primary, standby, mut client) = pair(1);
    assert!(operate(&primary, &format!("revoke_user('{BEN}')")));
    primary.stop().unwrap();
    wait_for(&mut client, Some("replica_lag"));
    assert_eq!(seen(&mut client), 0);
    standby.promote().unwrap();
    wait_for(&mut client, None);
    assert_eq!(seen(&mut client), 3);
    set_claims(&mut client, &claims(BEN));
    assert_eq!(
        reason(&mut client).as_deref(),
        Some("user"),
        "promotion keeps what was revoked"
    );
    assert!(operate(&standby, &format!("revoke_user('{ADA}')")));
    set_claims(&mut client, &claims(ADA));
    assert_eq!(seen(&mut client), 0);
}

/// A second primary that receives the entries of the first.
fn primaries() -> (Cluster, Cluster) {
    let first = server(Config::default().set("wal_level", "logical"));
    let second = server(
        Config::default()
            .own_identity()
            .set("authguard.issuer", "second"),
    );
    admin(&first)
        .batch_execute("create publication revocations for table authguard.revocation")
        .unwrap();
    admin(&second)
        .batch_execute(&format!(
            "create subscription revocations connection '{}' publication revocations",
            first.uri("postgres", "wire")
        ))
        .unwrap();
    (first, second)
}

#[test]
fn another_primary_decides_by_the_entries_that_reach_it_and_by_its_own() {
    let (first, second) = primaries();
    let mut client = gateway(&second);
    set_claims(&mut client, &claims(ADA));
    assert_eq!(seen(&mut client), 3);
    assert!(operate(&first, &format!("revoke_user('{ADA}')")));
    wait_for(&mut client, Some("user"));
    assert!(operate(
        &first,
        &format!("restore_user('{ADA}', revive_tokens => true)")
    ));
    wait_for(&mut client, None);

    // A session of the first primary ends there. On the second primary its entry tells so.
    let mut owner = admin(&first);
    owner
        .batch_execute("select authguard.rotate_signing_key()")
        .unwrap();
    let session = text(
        &mut owner,
        &format!("select session_id::text from authguard.sign_in('{ADA}')"),
    )
    .unwrap();
    let token = format!(
        r#"{{"sub":"{ADA}","iss":"authguard","session_id":"{session}","iat":1700000000,"exp":4102444800}}"#
    );
    set_claims(&mut client, &token);
    assert_eq!(seen(&mut client), 3);
    owner
        .execute("select authguard.sign_out_user($1)", &[&ADA])
        .unwrap();
    wait_for(&mut client, Some("session"));

    // A revocation on the second primary counts there only.
    set_claims(&mut client, &claims(BEN));
    assert_eq!(seen(&mut client), 3);
    assert!(operate(&second, &format!("revoke_user('{BEN}')")));
    assert_eq!(reason(&mut client).as_deref(), Some("user"));
    let mut there = gateway(&first);
    set_claims(&mut there, &claims(BEN));
    assert_eq!(seen(&mut there), 3);
    admin(&second)
        .batch_execute("drop subscription revocations")
        .unwrap();
}
