//! Growth: the rows that a client can make the database write, and those that are forgotten while
//! clients go on.

use authguard_wire::sessions::*;
use authguard_wire::tokens::web;
use authguard_wire::{ADA, BEN, admin, operator};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn events(cluster: &Cluster) -> i64 {
    count(cluster, "select count(*) from authguard.event")
}

fn bearer(cluster: &Cluster, issued: &Issued) -> Client {
    let mut client = web(cluster);
    client
        .execute("select auth.set_token($1, false)", &[&issued.access()])
        .unwrap();
    client
}

#[test]
fn a_thief_who_replays_writes_one_event() {
    let cluster = server(Config::default());
    let stolen = sign_in(&cluster, ADA);
    let mut client = web(&cluster);
    let second = refresh(&mut client, stolen.refresh());
    refresh(&mut client, second.refresh());
    let before = events(&cluster);
    assert_eq!(
        refresh(&mut client, stolen.refresh()).status,
        "refresh_token_already_used"
    );
    assert_eq!(events(&cluster), before + 1);
    for _ in 0..50 {
        for token in [stolen.refresh(), second.refresh()] {
            assert_eq!(refresh(&mut client, token).status, "session_revoked");
        }
    }
    assert_eq!(events(&cluster), before + 1);
    let reused = "select count(*) from authguard.event where name = 'REFRESH_TOKEN_REUSED'";
    assert_eq!(count(&cluster, reused), 1);
}

#[test]
fn what_changes_nothing_writes_no_event() {
    let cluster = server(Config::default());
    let (ada, ben) = (sign_in(&cluster, ADA), sign_in(&cluster, BEN));
    let mut client = web(&cluster);
    refresh(&mut client, ada.refresh());
    let mut bens = bearer(&cluster, &ben);
    bens.execute("select auth.sign_out()", &[]).unwrap();
    let before = events(&cluster);
    for _ in 0..30 {
        assert_eq!(refresh(&mut client, ada.refresh()).status, "reused");
        assert_eq!(refresh(&mut client, "junk").status, "invalid");
        assert_eq!(
            refresh(&mut client, ben.refresh()).status,
            "session_revoked"
        );
        for scope in ["global", "local", "others"] {
            bens.execute("select auth.sign_out($1)", &[&scope]).unwrap();
        }
        let other = bens.query("select auth.end_session($1::text::uuid)", &[&ada.session()]);
        assert!(other.is_err());
    }
    assert_eq!(events(&cluster), before);
}

#[test]
fn a_client_that_refreshes_without_end_writes_a_bounded_number_of_events() {
    for rotation in ["on", "off"] {
        let cluster =
            server(Config::default().set("authguard.refresh_token_rotation_enabled", rotation));
        let mut token = sign_in(&cluster, ADA).refresh().to_owned();
        let mut client = web(&cluster);
        let refreshed = "select count(*) from authguard.event where name = 'TOKEN_REFRESHED'";
        let mut first = 0;
        for n in 0..1_100 {
            let next = refresh(&mut client, &token);
            assert_eq!(next.status, "ok");
            next.refresh().clone_into(&mut token);
            if n == 9 {
                first = count(&cluster, refreshed);
            }
        }
        assert_eq!(first, if rotation == "on" { 10 } else { 0 });
        let all = count(&cluster, refreshed);
        assert!(all <= 1_010, "{all} with rotation {rotation}");
        // An hour later there is a new event.
        admin(&cluster)
            .batch_execute(
                "update authguard.session
                    set created_at = created_at - interval '10 h', refreshed_at = refreshed_at - interval '1 h'",
            )
            .unwrap();
        assert_eq!(refresh(&mut client, &token).status, "ok");
        assert_eq!(count(&cluster, refreshed), all + 1, "rotation {rotation}");
    }
}

#[test]
fn prune_works_in_batches_beside_live_traffic() {
    let cluster = server(Config::default());
    sign_in(&cluster, ADA);
    admin(&cluster)
        .batch_execute(
            "insert into authguard.session (user_id, issuer, aal, amr, ended_at, ended_reason)
             select 'old ' || g, 'authguard', 'aal1', '[]', now() - interval '8 days', 'signed_out'
               from generate_series(1, 25000) g;
             insert into authguard.event (name, actor, happened_at)
             select 'SIGNED_OUT', 'user', now() - interval '91 days' from generate_series(1, 250000)",
        )
        .unwrap();
    let begun: Vec<Issued> = (0..4).map(|_| sign_in(&cluster, BEN)).collect();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: Vec<_> = begun
            .iter()
            .map(|issued| {
                scope.spawn(|| {
                    let mut client = web(&cluster);
                    let mut token = issued.refresh().to_owned();
                    let mut refreshes = 0;
                    while !done.load(Ordering::Relaxed) {
                        let next = refresh(&mut client, &token);
                        assert_eq!(next.status, "ok");
                        next.refresh().clone_into(&mut token);
                        refreshes += 1;
                    }
                    assert!(opens(&cluster, refresh(&mut client, &token).access()));
                    refreshes
                })
            })
            .collect();
        let mut operator = operator(&cluster);
        let mut forgotten = Vec::new();
        for _ in 0..4 {
            let rows = operator
                .query("select forgotten from authguard.prune()", &[])
                .unwrap();
            let numbers: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
            forgotten.push((numbers[1], numbers[2]));
        }
        done.store(true, Ordering::Relaxed);
        for client in clients {
            assert!(client.join().unwrap() > 0);
        }
        let expected = [
            (10_000, 100_000),
            (10_000, 100_000),
            (5_000, 50_000),
            (0, 0),
        ];
        assert_eq!(forgotten, expected);
    });
    assert_eq!(count(&cluster, "select count(*) from authguard.session"), 5);
}
