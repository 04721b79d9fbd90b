//! A refresh that is cancelled or times out at any point: nothing has changed, and the same token
//! works afterwards.

use authguard_wire::cancel::{no_limit, racing, until_both};
use authguard_wire::sessions::*;
use authguard_wire::tokens::web;
use authguard_wire::{ADA, admin, backend, wait_until};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;
use std::thread;

/// Everything that a refresh can write: the session, the entries, the events.
fn written(admin: &mut Client) -> [Option<String>; 3] {
    ["session", "revocation", "event"].map(|table| {
        let sql =
            format!("select string_agg(t::text, ' ' order by t::text) from authguard.{table} t");
        admin.query_one(&sql, &[]).unwrap().get(0)
    })
}

/// The places where a refresh is made to wait, each with the lock that it waits for.
const WAITS: [(&str, &str); 2] = [
    ("for the row", "select from authguard.session for update"),
    // The row is changed and the token is made; the event, or that of an ending, is not yet
    // written.
    ("half way", "lock table authguard.event in share mode"),
];

/// Refreshes while `lock` is held, and interrupts the refresh by a cancel and by a time limit.
fn interrupt(cluster: &Cluster, client: &mut Client, token: &str, lock: &str) {
    let mut holder = admin(cluster);
    let before = written(&mut holder);
    holder.batch_execute(&format!("begin; {lock}")).unwrap();
    for limit in [false, true] {
        // The limit is below the two seconds after which a refresh answers `busy`.
        let setting = if limit { "500ms" } else { "0" };
        let pid = backend(client);
        client
            .batch_execute(&format!("set statement_timeout = '{setting}'"))
            .unwrap();
        let mut canceller = admin(cluster);
        let cancel = "select pg_cancel_backend(pid) from pg_stat_activity
                       where pid = $1 and wait_event_type = 'Lock' and not $2";
        let outcome = thread::scope(|scope| {
            // On a machine that stops for a while, the refresh may have waited long enough.
            let refreshing = scope.spawn(|| issued_in_the_end(client, "auth.refresh($1)", token));
            let mut is_over = || {
                let cancelled = canceller.query(cancel, &[&pid, &limit]).unwrap();
                !cancelled.is_empty() || refreshing.is_finished()
            };
            wait_until(&mut is_over, "the refresh waits and is cancelled");
            refreshing.join().unwrap()
        });
        let code = outcome.unwrap_err().code().cloned();
        assert_eq!(code, Some(SqlState::QUERY_CANCELED), "{lock}");
        no_limit(client);
    }
    // No tokens were handed out, so this transaction may be prepared.
    for statement in ["begin", "prepare transaction 'p'", "rollback prepared 'p'"] {
        client.batch_execute(statement).unwrap();
    }
    holder.batch_execute("rollback").unwrap();
    assert_eq!(written(&mut holder), before, "{lock}");
}

#[test]
fn a_refresh_that_is_cancelled_or_runs_out_of_time_changes_nothing() {
    let cluster = server(Config::default());
    let mut token = sign_in(&cluster, ADA);
    let mut client = web(&cluster);
    for (place, lock) in WAITS {
        interrupt(&cluster, &mut client, token.refresh(), lock);
        assert!(opens(&cluster, token.access()), "{place}");
        // A refresh on the same connection works as if it were the first.
        let next = refresh(&mut client, token.refresh());
        assert_eq!(next.status, "ok", "{place}");
        assert!(opens(&cluster, next.access()), "{place}");
        assert_eq!(refresh(&mut client, token.refresh()).refresh, next.refresh);
        token = next;
    }
}

#[test]
fn a_theft_whose_discovery_is_cancelled_is_discovered_the_next_time() {
    let cluster = server(Config::default());
    for (place, lock) in WAITS {
        let stolen = sign_in(&cluster, ADA);
        let mut client = web(&cluster);
        let second = refresh(&mut client, stolen.refresh());
        let third = refresh(&mut client, second.refresh());
        interrupt(&cluster, &mut client, stolen.refresh(), lock);
        assert!(opens(&cluster, third.access()), "{place}");
        let found = refresh(&mut client, stolen.refresh()).status;
        assert_eq!(found, "refresh_token_already_used", "{place}");
        assert!(!opens(&cluster, third.access()), "{place}");
    }
}

#[test]
fn a_cancel_at_any_moment_leaves_a_refresh_whole_or_undone() {
    let cluster = server(Config::default());
    let begun = sign_in(&cluster, ADA);
    let mut token = begun.refresh().to_owned();
    let mut client = web(&cluster);
    let mut watcher = admin(&cluster);
    let mut rotations = 0;
    until_both(|round| {
        let outcome = racing(&mut client, round, |client| {
            issued(client, "auth.refresh($1)", &token)
        });
        let done = outcome.is_ok();
        match outcome {
            Ok(next) => {
                assert_eq!(next.status, "ok", "{round}");
                next.refresh().clone_into(&mut token);
                rotations += 1;
            }
            Err(error) => assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{round}"),
        }
        let found: [i64; 2] = [
            "select counter + reuse_count from authguard.session",
            "select count(*) from authguard.event where name = 'TOKEN_REFRESHED'",
        ]
        .map(|sql| watcher.query_one(sql, &[]).unwrap().get(0));
        assert_eq!(found, [rotations; 2], "{round}");
        done
    });
    assert_eq!(refresh(&mut client, &token).status, "ok");
}
