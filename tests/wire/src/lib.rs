//! Shared code of the wire tests: a database for each test, the weak roles, and tokens of a
//! gateway.

pub mod api;
pub mod attached;
pub mod cancel;
pub mod cli;
pub mod clock;
pub mod commits;
pub mod copies;
pub mod crash;
pub mod disk;
pub mod example;
pub mod http;
pub mod memory;
pub mod monitoring;
pub mod own;
pub mod page;
pub mod partitioned;
pub mod policies;
pub mod pool;
pub mod script;
pub mod sessions;
pub mod shaped;
pub mod startup;
pub mod tokens;
pub mod transcript;

use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::postgres::Install;
use postgres::Client;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The user of most tests.
pub const ADA: &str = "a0000000-0000-4000-8000-00000000000a";
/// Another user.
pub const BEN: &str = "b0000000-0000-4000-8000-00000000000b";

/// A throw-away server with the extension in database `wire`, a guarded table `notes` of three rows
/// that everybody sees, the gateway role `authenticator`, the operator role `ops` and the role
/// `web` of an end user who connects directly.
pub fn server(config: Config) -> Cluster {
    equipped(Cluster::create(&install(), config))
}

/// The same server, with its files in a directory that this makes.
pub fn server_in(dir: PathBuf, config: Config) -> Cluster {
    equipped(Cluster::create_in(&install(), config, dir))
}

fn install() -> Install {
    Install::from_env().expect("AUTHGUARD_PG_BIN")
}

fn equipped(cluster: pgrx_embed::error::Result<Cluster>) -> Cluster {
    let cluster = cluster.expect("the server starts");
    cluster
        .create_database("wire")
        .expect("the database is made");
    admin(&cluster)
        .batch_execute(
            "create role authenticator login noinherit; create role authenticated; create role ops login;
             create role web login; grant authenticated to authenticator, web; select authguard.grant_operator('ops');
             create table notes (id int primary key, owner uuid);
             insert into notes select g from generate_series(1, 3) g;
             grant select on notes to authenticated;
             create policy everyone on notes using (true);
             select authguard.guard_table('notes');",
        )
        .expect("the fixture is made");
    cluster
}

/// A superuser's connection.
pub fn admin(cluster: &Cluster) -> Client {
    cluster
        .connect("postgres", "wire")
        .expect("a superuser connects")
}

/// An operator's connection.
pub fn operator(cluster: &Cluster) -> Client {
    cluster
        .connect("ops", "wire")
        .expect("the operator connects")
}

/// A gateway's connection that acts as the weak role `authenticated`.
pub fn gateway(cluster: &Cluster) -> Client {
    let mut client = cluster
        .connect("authenticator", "wire")
        .expect("the gateway connects");
    client
        .batch_execute("set role authenticated")
        .expect("the role is set");
    client
}

/// Claims of `user` that expire in the year 2100.
pub fn claims(user: &str) -> String {
    format!(
        r#"{{"sub":"{user}","role":"authenticated","jti":"token of {user}","iat":1700000000,"exp":4102444800}}"#
    )
}

/// Sets the claims for the session.
pub fn set_claims(client: &mut Client, claims: &str) {
    client
        .execute(
            "select set_config('request.jwt.claims', $1, false)",
            &[&claims],
        )
        .expect("the claims are set");
}

/// The number of notes, of the three, that the client sees.
pub fn seen(client: &mut Client) -> i64 {
    client
        .query_one("select count(*) from notes", &[])
        .expect("notes are counted")
        .get(0)
}

/// Waits until a revocation from another connection has arrived and the client no longer sees any
/// note.
pub fn wait_until_hidden(client: &mut Client) {
    wait_until(|| seen(client) == 0, "the revocation arrives");
}

/// Waits for an event that is on its way.
pub fn wait_until(mut happened: impl FnMut() -> bool, what: &str) {
    // The limit is long enough for a machine that is busy: only a failure takes that long.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !happened() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until some backend waits for a lock.
pub fn wait_for_a_waiter(cluster: &Cluster) {
    let sql = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
    let mut watcher = admin(cluster);
    let mut waits = || {
        watcher
            .query_one(sql, &[])
            .expect("it is shown")
            .get::<_, i64>(0)
            > 0
    };
    wait_until(&mut waits, "somebody waits for a lock");
}

/// The traces of a revoked user: the numbers of entries, ended sessions and events.
pub fn traces(admin: &mut Client, user: &str) -> [i64; 3] {
    [
        "authguard.revocation where key = $1",
        "authguard.session where user_id = $1 and ended_at is not null",
        "authguard.event where user_id = $1 and name = 'USER_REVOKED'",
    ]
    .map(|from| {
        let sql = format!("select count(*) from {from}");
        admin
            .query_one(&sql, &[&user])
            .expect("traces are counted")
            .get(0)
    })
}

/// The pid of the backend that serves a client.
pub fn backend(client: &mut Client) -> i32 {
    client
        .query_one("select pg_backend_pid()", &[])
        .expect("it has one")
        .get(0)
}

/// Lets plans of this session be as they are, though the server may force workers on them (suites
/// on Postgres with assertions). For what cannot be the same in a worker, such as the log.
pub fn without_forced_workers(client: &mut Client) {
    client
        .batch_execute(
            "select set_config(name, 'off', false) from pg_settings
              where name in ('debug_parallel_query', 'force_parallel_mode')",
        )
        .expect("one of the two is there");
}

/// The single text that a query returns.
pub fn text(client: &mut Client, sql: &str) -> Option<String> {
    client.query_one(sql, &[]).expect("the query runs").get(0)
}

/// Revokes or restores, as the operator.
pub fn operate(cluster: &Cluster, call: &str) -> bool {
    operator(cluster)
        .query_one(&format!("select authguard.{call}"), &[])
        .expect("the operator may")
        .get(0)
}

/// The private memory of a process, from /proc.
pub fn resident_kib(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    let line = status
        .lines()
        .find(|line| line.starts_with("RssAnon:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Makes every scan of `notes` run in workers only.
pub fn in_workers(client: &mut Client) {
    client
        .batch_execute(
            "set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0;
             set max_parallel_workers_per_gather = 2; set parallel_leader_participation = off",
        )
        .unwrap();
    let plan: Vec<String> = client
        .query(
            "explain (analyze, costs off, timing off, summary off) select count(*) from notes",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(
        plan.iter().any(|line| line.contains("Workers Launched: 2")),
        "{plan:?}"
    );
}
