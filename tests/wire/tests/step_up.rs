//! Step-up and reauthentication among several connections.

use authguard_wire::sessions::{
    Issued, issued, issued_in_the_end, opens, refresh, server, sign_in,
};
use authguard_wire::tokens::{set_token, web};
use authguard_wire::{ADA, BEN, admin, text, wait_for_a_waiter};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;
use std::sync::Barrier;
use std::thread;

/// A connection of the application that signs users in.
fn signer(cluster: &Cluster) -> Client {
    admin(cluster)
        .batch_execute(
            "do $$ begin create role signer login; exception when duplicate_object then null; end $$;
             select authguard.grant_signer('signer')",
        )
        .unwrap();
    cluster.connect("signer", "wire").unwrap()
}

/// Steps ADA's session up to aal2.
const STEP_UP: &str =
    "authguard.step_up('a0000000-0000-4000-8000-00000000000a', $1::text::uuid, 'totp', 'aal2')";

fn step_up(client: &mut Client, session: &str) -> Result<Issued, postgres::Error> {
    issued(client, STEP_UP, session)
}

/// The level that an access token claims.
fn level(cluster: &Cluster, token: &str) -> String {
    admin(cluster)
        .query_one("select auth.verify($1) ->> 'aal'", &[&token])
        .unwrap()
        .get(0)
}

#[test]
fn a_token_of_the_lower_level_never_takes_the_higher_one() {
    let cluster = server(Config::default());
    let mut app = signer(&cluster);
    let mut tab = web(&cluster);
    for _ in 0..25 {
        let begun = sign_in(&cluster, ADA);
        let start = Barrier::new(2);
        let (tabs, stepped) = thread::scope(|scope| {
            let refreshing = scope.spawn(|| {
                start.wait();
                issued_in_the_end(&mut tab, "auth.refresh($1)", begun.refresh())
            });
            start.wait();
            let stepped = issued_in_the_end(&mut app, STEP_UP, begun.session());
            (refreshing.join().unwrap().unwrap(), stepped.unwrap())
        });
        assert_eq!(stepped.status, "ok");
        assert_eq!(level(&cluster, stepped.access()), "aal2");
        match tabs.status.as_str() {
            "ok" => assert_eq!(level(&cluster, tabs.access()), "aal1"),
            "stepped_up" => assert_eq!((tabs.access, tabs.refresh), (None, None)),
            other => panic!("{other}"),
        }
        // Nothing has ended, and the first access token is unchanged.
        assert!(opens(&cluster, begun.access()));
        assert_eq!(level(&cluster, begun.access()), "aal1");
        let next = refresh(&mut web(&cluster), stepped.refresh());
        assert_eq!(
            (next.status.as_str(), level(&cluster, next.access())),
            ("ok", "aal2".into())
        );
    }
}

#[test]
fn a_backend_that_knew_the_session_before_the_second_factor_takes_the_token_at_its_word() {
    let cluster = server(Config::default());
    let begun = sign_in(&cluster, ADA);
    let mut client = web(&cluster);
    set_token(&mut client, begun.access());
    let claimed =
        |client: &mut Client| text(client, "select auth.aal() || ' ' || auth.is_active()");
    assert_eq!(claimed(&mut client).as_deref(), Some("aal1 true"));
    let high = step_up(&mut signer(&cluster), begun.session()).unwrap();
    assert_eq!(claimed(&mut client).as_deref(), Some("aal1 true"));
    set_token(&mut client, high.access());
    assert_eq!(claimed(&mut client).as_deref(), Some("aal2 true"));
    set_token(&mut client, begun.access());
    assert_eq!(claimed(&mut client).as_deref(), Some("aal1 true"));
}

#[test]
fn a_session_that_somebody_holds_is_busy() {
    let config = Config::default().set("log_lock_waits", "on");
    let cluster = server(config.set("deadlock_timeout", "10ms"));
    const WAITED: &str = "still waiting for";
    let begun = sign_in(&cluster, ADA);
    let mut other = admin(&cluster);
    other
        .batch_execute("begin; select from authguard.session for update")
        .unwrap();
    let mut app = signer(&cluster);
    assert_eq!(step_up(&mut app, begun.session()).unwrap().status, "busy");
    let waits = cluster.log().matches(WAITED).count();
    assert!(waits > 0);
    // A client that names another user's session neither waits for it nor holds it.
    let call = format!(
        "authguard.step_up($1, '{}', 'totp', 'aal2')",
        begun.session()
    );
    assert!(issued(&mut app, &call, BEN).is_err());
    assert_eq!(cluster.log().matches(WAITED).count(), waits);
    other.batch_execute("rollback").unwrap();
    assert_eq!(step_up(&mut app, begun.session()).unwrap().status, "ok");
}

#[test]
fn at_repeatable_read_a_step_up_after_a_refresh_fails_and_can_be_tried_again() {
    let cluster = server(Config::default());
    let begun = sign_in(&cluster, ADA);
    let mut app = signer(&cluster);
    app.batch_execute("begin isolation level repeatable read; select 1")
        .unwrap();
    assert_eq!(refresh(&mut web(&cluster), begun.refresh()).status, "ok");
    let error = step_up(&mut app, begun.session()).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE));
    app.batch_execute("rollback").unwrap();
    assert_eq!(step_up(&mut app, begun.session()).unwrap().status, "ok");
}

#[test]
fn a_user_who_is_blocked_between_lock_and_answer_has_no_living_token() {
    let cluster = server(Config::default());
    let block = format!("select authguard.revoke_user('{ADA}')");
    let restore = format!("select authguard.restore_user('{ADA}')");
    for stepping in [false, true] {
        let issue = |client: &mut Client, begun: &Issued| match stepping {
            true => issued_in_the_end(client, STEP_UP, begun.session()),
            false => issued_in_the_end(client, "auth.refresh($1)", begun.refresh()),
        };
        let client = || match stepping {
            true => signer(&cluster),
            false => web(&cluster),
        };
        // First the order with the answer before the block: the block waits for nobody, and the
        // answer is dead once it is committed.
        let begun = sign_in(&cluster, ADA);
        let mut one = client();
        one.batch_execute("begin").unwrap();
        let given = issue(&mut one, &begun).unwrap();
        assert_eq!(given.status, "ok");
        admin(&cluster)
            .batch_execute(&format!("set statement_timeout = '30s'; {block}"))
            .unwrap();
        one.batch_execute("commit").unwrap();
        assert!(!opens(&cluster, given.access()));
        admin(&cluster).batch_execute(&restore).unwrap();
        assert!(!opens(&cluster, given.access()));
        let after = refresh(&mut web(&cluster), given.refresh());
        assert_eq!(after.status, "session_revoked");

        // Then the order with the block before the answer: a client that waited for the lock gets
        // nothing.
        let begun = sign_in(&cluster, ADA);
        let mut blocker = admin(&cluster);
        blocker.batch_execute(&format!("begin; {block}")).unwrap();
        let mut one = client();
        let given = thread::scope(|scope| {
            let waiting = scope.spawn(|| issue(&mut one, &begun).unwrap());
            wait_for_a_waiter(&cluster);
            blocker.batch_execute("commit").unwrap();
            waiting.join().unwrap()
        });
        let expected = if stepping {
            "user_blocked"
        } else {
            "session_revoked"
        };
        assert_eq!((given.status.as_str(), given.access), (expected, None));
        admin(&cluster).batch_execute(&restore).unwrap();
    }
}

#[test]
fn a_new_proof_counts_in_every_backend_at_its_next_statement() {
    let cluster = server(Config::default());
    let begun = sign_in(&cluster, ADA);
    admin(&cluster)
        .execute(
            "update authguard.session set authenticated_at = authenticated_at - interval '1 h',
                    amr = jsonb_build_array(jsonb_build_object('method', 'password', 'timestamp', 1))",
            &[],
        )
        .unwrap();
    let old = refresh(&mut web(&cluster), begun.refresh());
    let fresh = "select auth.is_fresh('5 min'), auth.authenticated_at() > clock_timestamp() - interval '5 min'";
    let ask = |client: &mut Client| -> (bool, bool) {
        let row = client.query_one(fresh, &[]).unwrap();
        (row.get(0), row.get(1))
    };
    let mut reading = web(&cluster);
    set_token(&mut reading, old.access());
    let mut long = web(&cluster);
    set_token(&mut long, old.access());
    long.batch_execute("begin isolation level repeatable read")
        .unwrap();
    for client in [&mut reading, &mut long] {
        assert_eq!(ask(client), (false, false));
    }
    let mut app = signer(&cluster);
    let prove = format!(
        "select authguard.reauthenticated('{ADA}', '{}', 'password')",
        begun.session()
    );
    app.batch_execute(&format!("begin; {prove}")).unwrap();
    for client in [&mut reading, &mut long] {
        assert_eq!(ask(client), (false, false), "before the commit");
    }
    app.batch_execute("commit").unwrap();
    for client in [&mut reading, &mut long] {
        assert_eq!(ask(client), (true, true));
    }
    // The refresh token is still the current one.
    assert_eq!(refresh(&mut web(&cluster), old.refresh()).status, "ok");
}
