//! Crashes in the middle of refreshes and endings. An acknowledged change is there. Any other is
//! whole or not at all there. A client whose answer was lost goes on with the token that it has.

use authguard_wire::crash::{Victim, moment};
use authguard_wire::sessions::*;
use authguard_wire::tokens::web;
use authguard_wire::{ADA, admin};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use std::sync::mpsc;
use std::thread;

/// Refreshes as fast as possible until the connection breaks. Returns the last token that has
/// arrived.
fn refresh_until_broken(
    client: &mut Client,
    mut token: String,
    begun: &mpsc::Sender<()>,
) -> String {
    while let Ok(next) = issued(client, "auth.refresh($1)", &token) {
        assert_eq!(next.status, "ok");
        next.refresh().clone_into(&mut token);
        let _ = begun.send(());
    }
    token
}

/// A server on which a slow recovery does not make a thief of a client that comes with the previous
/// token.
fn patient(config: Config) -> Cluster {
    server(config.set("authguard.refresh_token_reuse_interval", 300))
}

/// Checks that the client knows one of the two last generations, and that row, event and token went
/// together.
fn require_whole(cluster: &Cluster, session: &str, last: &str, round: u64) {
    let counter = format!("select counter from authguard.session where id = '{session}'");
    let events = format!(
        "select count(*) from authguard.event where session_id = '{session}' and name = 'TOKEN_REFRESHED'"
    );
    assert_eq!(
        count(cluster, &counter),
        count(cluster, &events),
        "round {round}"
    );
    let mut client = web(cluster);
    let next = refresh(&mut client, last);
    assert!(
        ["ok", "reused"].contains(&next.status.as_str()),
        "round {round}: {}",
        next.status
    );
    assert!(opens(cluster, next.access()));
    assert_eq!(
        refresh(&mut client, next.refresh()).status,
        "ok",
        "round {round}"
    );
}

#[test]
fn a_backend_that_is_killed_in_mid_refresh_leaves_it_whole_or_undone() {
    let cluster = patient(Config::default());
    for round in 0..8 {
        let begun = sign_in(&cluster, ADA);
        let mut client = web(&cluster);
        let victim = Victim::of(&cluster, &mut client);
        let (sender, first) = mpsc::channel();
        let token = begun.refresh().to_owned();
        let refreshing = thread::spawn(move || refresh_until_broken(&mut client, token, &sender));
        first.recv().unwrap();
        thread::sleep(moment(round));
        victim.kill();
        let last = refreshing.join().unwrap();
        require_whole(&cluster, begun.session(), &last, round);
    }
}

#[test]
fn no_acknowledged_ending_or_rotation_is_lost_with_the_server() {
    let mut cluster = patient(Config::default().durable().set("wal_writer_delay", "10s"));
    let mut round = 0;
    for commit in ["off", "local", "on"] {
        for _ in 0..2 {
            round += 1;
            let set = format!("set synchronous_commit = {commit}");
            let (ended, living) = (sign_in(&cluster, ADA), sign_in(&cluster, ADA));
            let mut client = web(&cluster);
            client.batch_execute(&set).unwrap();
            let (sender, first) = mpsc::channel();
            let token = living.refresh().to_owned();
            let refreshing =
                thread::spawn(move || refresh_until_broken(&mut client, token, &sender));
            first.recv().unwrap();
            thread::sleep(moment(round));
            let mut user = web(&cluster);
            user.batch_execute(&set).unwrap();
            user.execute("select auth.set_token($1, false)", &[&ended.access()])
                .unwrap();
            let signed_out: i32 = user
                .query_one("select auth.sign_out('local')", &[])
                .unwrap()
                .get(0);
            assert_eq!(signed_out, 1);
            cluster.crash();
            let last = refreshing.join().unwrap();
            cluster.start().unwrap();
            assert!(!opens(&cluster, ended.access()), "{commit}, round {round}");
            let status = refresh(&mut web(&cluster), ended.refresh()).status;
            assert_eq!(status, "session_revoked", "{commit}, round {round}");
            require_whole(&cluster, living.session(), &last, round);
        }
    }
}

#[test]
fn the_old_token_works_once_more_where_the_answer_was_lost_in_a_crash() {
    let mut cluster = patient(Config::default().durable());
    let begun = sign_in(&cluster, ADA);
    // The refresh is committed, but its answer reached no client.
    let unheard = refresh(&mut web(&cluster), begun.refresh());
    cluster.crash();
    cluster.start().unwrap();
    let again = refresh(&mut web(&cluster), begun.refresh());
    assert_eq!(again.status, "reused");
    assert_eq!(again.refresh, unheard.refresh);
    assert!(opens(&cluster, again.access()));
    // The window is over: a client that comes with this token now does not count as a client whose
    // answer was lost.
    admin(&cluster)
        .batch_execute("update authguard.session set rotated_at = rotated_at - interval '300 s'")
        .unwrap();
    let late = refresh(&mut web(&cluster), begun.refresh());
    assert_eq!(late.status, "refresh_token_already_used");
    assert!(!opens(&cluster, again.access()));
}
