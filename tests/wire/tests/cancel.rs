//! A revocation that is cancelled or times out at any point: it happens as a whole or not at all,
//! and the next statement is clean.

use authguard_wire::cancel::{no_limit, racing, until_both};
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;
use std::thread;

fn sign_in(admin: &mut Client, user: &str) {
    let sql = "select status from authguard.sign_in($1)";
    let status: String = admin.query_one(sql, &[&user]).unwrap().get(0);
    assert_eq!(status, "ok");
}

/// Revokes while another transaction blocks the writing of events, so that the revocation stops
/// half way: the entry is written, its event is not yet. `interrupt` makes the revocation give up.
fn interrupted(cluster: &Cluster, setting: &str, interrupt: impl FnOnce(&mut Client, i32)) {
    let mut admin = admin(cluster);
    sign_in(&mut admin, ADA);
    let mut holder = cluster.connect("postgres", "wire").unwrap();
    holder
        .batch_execute("begin; lock table authguard.event in share mode")
        .unwrap();
    let mut ops = operator(cluster);
    let pid = backend(&mut ops);
    ops.batch_execute(setting).unwrap();
    let revoking = thread::spawn(move || {
        let outcome = ops.query_one("select authguard.revoke_user($1)", &[&ADA]);
        (ops, outcome.map(drop))
    });
    interrupt(&mut admin, pid);
    let (mut ops, outcome) = revoking.join().unwrap();
    let code = outcome.unwrap_err().code().cloned();
    assert_eq!(code, Some(SqlState::QUERY_CANCELED));
    assert_eq!(traces(&mut admin, ADA), [0; 3], "nothing is left");
    let mut user = gateway(cluster);
    set_claims(&mut user, &claims(ADA));
    assert_eq!(seen(&mut user), 3);

    holder.batch_execute("rollback").unwrap();
    no_limit(&mut ops);
    ops.query_one("select authguard.revoke_user($1)", &[&ADA])
        .unwrap();
    assert_eq!(traces(&mut admin, ADA)[1..], [1, 1]);
    assert_eq!(seen(&mut user), 0);
}

#[test]
fn a_revocation_that_is_cancelled_half_way_leaves_nothing() {
    interrupted(&server(Config::default()), "", |admin, pid| {
        let cancel = "select pg_cancel_backend(pid) from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'";
        let mut cancelled = || !admin.query(cancel, &[&pid]).unwrap().is_empty();
        wait_until(&mut cancelled, "the revocation waits");
    });
}

#[test]
fn a_revocation_that_runs_out_of_time_leaves_nothing() {
    let setting = "set statement_timeout = '200ms'";
    interrupted(&server(Config::default()), setting, |_, _| ());
}

#[test]
fn a_cancel_at_any_moment_leaves_all_or_nothing() {
    let cluster = server(Config::default());
    let mut admin = admin(&cluster);
    let mut ops = operator(&cluster);
    until_both(|n| {
        let user = format!("c0000000-0000-4000-8000-{n:012}");
        sign_in(&mut admin, &user);
        let mut client = gateway(&cluster);
        set_claims(&mut client, &claims(&user));
        assert_eq!(seen(&mut client), 3);
        let outcome = racing(&mut ops, n, |ops| {
            ops.query_one("select authguard.revoke_user($1)", &[&user])
        });
        let found = traces(&mut admin, &user);
        match &outcome {
            Ok(_) => assert!(found.iter().all(|many| *many > 0), "{n}: {found:?}"),
            Err(error) => {
                assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
                assert_eq!(found, [0; 3], "{n}");
            }
        }
        assert_eq!(seen(&mut client), if found[0] == 0 { 3 } else { 0 });
        outcome.is_ok()
    });
}
