//! A backend or a server that is killed (SIGKILL) while it shuts somebody out. An acknowledged
//! revocation is there after the recovery. Any other is whole or not at all there.

use authguard_wire::attached::{attached, change, idp, request};
use authguard_wire::crash::{Victim, moment};
use authguard_wire::sessions::{opens, server, sign_in};
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use std::sync::mpsc;
use std::thread;

const REVOKE: &str = "select authguard.revoke_user($1)";

/// An operator whose commits wait for nothing that they need not wait for.
fn hasty(cluster: &Cluster) -> Client {
    let mut ops = operator(cluster);
    ops.batch_execute("set synchronous_commit = off").unwrap();
    ops
}

/// A server that writes its log to the disk if a commit asks for it, and otherwise late.
fn lazy() -> Cluster {
    server(Config::default().set("wal_writer_delay", "10s"))
}

fn user(round: u64, n: usize) -> String {
    format!("c0000000-0000-4000-8000-{round:04}{n:08}")
}

/// Revokes one user after another until the connection breaks. Returns the number of acknowledged
/// revocations.
fn revoke_until_broken(mut ops: Client, users: &[String], begun: &mpsc::Sender<()>) -> usize {
    for (n, user) in users.iter().enumerate() {
        if ops.query_one(REVOKE, &[user]).is_err() {
            return n;
        }
        let _ = begun.send(());
    }
    panic!("all {} are revoked, and the backend lives", users.len());
}

#[test]
fn a_backend_that_is_killed_while_it_revokes_loses_nothing_that_it_acknowledged() {
    let cluster = lazy();
    let mut unacknowledged = 0;
    for round in 0..5 {
        let users: Vec<String> = (0..150).map(|n| user(round, n)).collect();
        // A session for each user, as sign_in makes it, in one transaction.
        admin(&cluster)
            .execute(
                "select status from unnest($1::text[]) u, authguard.sign_in(u)",
                &[&users],
            )
            .unwrap();
        let mut ops = hasty(&cluster);
        let victim = Victim::of(&cluster, &mut ops);
        let (sender, first) = mpsc::channel();
        let acknowledged = thread::scope(|scope| {
            let revoking = scope.spawn(|| revoke_until_broken(ops, &users, &sender));
            first.recv().unwrap();
            thread::sleep(moment(round));
            victim.kill();
            revoking.join().unwrap()
        });
        let mut admin = admin(&cluster);
        for (n, user) in users.iter().enumerate() {
            let found = traces(&mut admin, user).map(|many| many > 0);
            match n {
                // The user's entry, the session's end and the event are all parts of a revocation.
                _ if n < acknowledged => assert_eq!(found, [true; 3], "round {round}, {n}"),
                _ if n == acknowledged => {
                    assert!(
                        found == [true; 3] || found == [false; 3],
                        "{round}: {found:?}"
                    );
                    unacknowledged += usize::from(found[0]);
                }
                _ => assert_eq!(found, [false; 3], "round {round}, {n}"),
            }
        }
        let mut client = gateway(&cluster);
        for (n, user) in users
            .iter()
            .enumerate()
            .skip(acknowledged.saturating_sub(3))
        {
            set_claims(&mut client, &claims(user));
            let expected = if traces(&mut admin, user)[0] > 0 {
                0
            } else {
                3
            };
            assert_eq!(seen(&mut client), expected, "round {round}, {n}");
        }
    }
    println!("{unacknowledged} of 5 were committed and not acknowledged");
}

#[test]
fn a_backend_that_is_killed_in_mid_revocation_has_revoked_nothing_and_lost_nothing() {
    let cluster = lazy();
    let (ada, ben) = (sign_in(&cluster, ADA), sign_in(&cluster, BEN));
    let mut ops = hasty(&cluster);
    ops.query_one(REVOKE, &[&BEN]).unwrap();
    // The writing of events is blocked. The entry is written, the session has ended, and the
    // revocation waits.
    let mut holder = admin(&cluster);
    holder
        .batch_execute("begin; lock table authguard.event in share mode")
        .unwrap();
    let victim = Victim::of(&cluster, &mut ops);
    thread::scope(|scope| {
        let revoking = scope.spawn(|| ops.query_one(REVOKE, &[&ADA]).map(drop));
        wait_for_a_waiter(&cluster);
        victim.kill();
        assert!(revoking.join().unwrap().is_err());
    });
    let mut admin = admin(&cluster);
    assert_eq!(traces(&mut admin, ADA), [0; 3]);
    assert!(opens(&cluster, ada.access()));
    assert!(!opens(&cluster, ben.access()));
    assert_eq!(traces(&mut admin, BEN), [1; 3]);
    operator(&cluster).query_one(REVOKE, &[&ADA]).unwrap();
    assert_eq!(traces(&mut admin, ADA)[1..], [1, 1]);
    assert!(!opens(&cluster, ada.access()));
}

#[test]
fn a_deletion_in_an_attached_table_that_was_acknowledged_is_not_lost_with_the_server() {
    let mut cluster = attached(Config::default().durable().set("wal_writer_delay", "10s"));
    for (user, how) in [
        (ADA, "delete from people.users"),
        (BEN, "update people.users set deleted_at = now()"),
    ] {
        assert_eq!(seen(&mut request(&cluster, user)), 3, "{how}");
        let mut idp = idp(&cluster);
        change(&mut idp, "set synchronous_commit = off");
        change(&mut idp, &format!("{how} where id = '{user}'"));
        cluster.crash();
        cluster.start().unwrap();
        assert_eq!(seen(&mut request(&cluster, user)), 0, "{how}");
    }
}
