//! Refreshing and signing in, against the minimum that does the same work: the same number of rows
//! written, by one function call, and a signature.
//!
//! The signature is one that `authguard.sign` makes in the same statement. In a loop that only
//! signs, a signature takes a third of that time: each signature reads the library's table of the
//! curve (150 KB), which then stays in the cache next to the core.

use crate::DATABASE;
use crate::case::{Case, Limit};
use crate::pgbench::Script;
use crate::tokens::verifier::Verifier;
use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::{Error, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const PAIRS: usize = 9;
const SECONDS: u32 = 3;

/// The limit: 0.7 of the transactions a second.
const LIMIT: Limit = Limit::Times(1.0 / 0.7);

const PLAIN: &str = "
create table plain_session (
    id uuid primary key default gen_random_uuid(), user_id text not null,
    counter bigint not null default 0, at timestamptz not null default clock_timestamp());
create table plain_log (
    id bigint generated always as identity primary key, name text not null,
    session_id uuid not null, at timestamptz not null default clock_timestamp());

create function plain_begin(user_id text) returns uuid language plpgsql as $$
declare
    session uuid;
begin
    insert into plain_session (user_id) values (plain_begin.user_id) returning id into session;
    insert into plain_log (name, session_id) values ('SIGNED_IN', session);
    return session;
end $$;

create function plain_refresh(session uuid) returns bigint language plpgsql as $$
declare
    generation bigint;
begin
    update plain_session s set counter = s.counter + 1, at = clock_timestamp() where s.id = session
    returning counter into generation;
    insert into plain_log (name, session_id) values ('TOKEN_REFRESHED', session);
    return generation;
end $$;

create function plain_signed() returns text language sql as $$
    select authguard.sign('{\"iss\":\"authguard\",\"aud\":\"authenticated\",\"sub\":\"a\",\"exp\":4102444800}')
$$;";

const SIGN_IN: &str =
    "select 1 / (status = 'ok')::int from authguard.sign_in('user ' || :client_id);\n";
const PLAIN_SIGN_IN: &str = "select plain_begin('user ' || :client_id), plain_signed() <> '';\n";

/// Each client begins a session, then hands in the refresh token that it got last. It begins
/// another session while each refresh still writes its event: beyond a thousand refreshes of a
/// session, only one a minute does.
const REFRESH: &str = "
\\if :left = 0
select refresh_token as token from authguard.sign_in('user ' || :client_id) \\gset
\\set left 900
\\endif
\\set left :left - 1
select refresh_token as token, 1 / (status = 'ok')::int as good from auth.refresh(:token) \\gset
";
const PLAIN_REFRESH: &str = "
\\if :left = 0
select plain_begin('user ' || :client_id) as session \\gset
\\set left 900
\\endif
\\set left :left - 1
select 1 / (plain_refresh(:session) > 0)::int as good, plain_signed() <> '' as signed \\gset
";
/// The part of the script that makes the signature.
const SIGNED: &str = ", plain_signed() <> '' as signed";

/// Makes the tables and functions to compare with, and the keys.
pub fn make(cluster: &Cluster) -> Result<()> {
    let mut admin = cluster.connect("postgres", DATABASE)?;
    admin.batch_execute(PLAIN)?;
    Ok(admin.batch_execute("select authguard.sign_in('first')")?)
}

pub fn refresh(cluster: &Cluster, clients: usize) -> Result<Case> {
    let what = format!("auth.refresh, {}", of(clients));
    let against = "a row updated by its key, one inserted, and a signature";
    compared(cluster, clients, (&what, REFRESH), (against, PLAIN_REFRESH))
}

pub fn sign_in(cluster: &Cluster, clients: usize) -> Result<Case> {
    let what = format!("authguard.sign_in, {}", of(clients));
    let against = "two rows inserted, and a signature";
    compared(cluster, clients, (&what, SIGN_IN), (against, PLAIN_SIGN_IN))
}

/// Measures two scripts, each with its name.
fn compared(
    cluster: &Cluster,
    clients: usize,
    (what, ours): (&str, &str),
    (against, plain): (&str, &str),
) -> Result<Case> {
    let (ours, plain) = (script(cluster, ours)?, script(cluster, plain)?);
    Case::new(what, against, "µs", Some(LIMIT)).pairs(
        PAIRS,
        || ours.micros(clients),
        || plain.micros(clients),
    )
}

/// Measures a refresh against rows and a signature that is as fast as in a loop.
pub fn refresh_beside_loop(
    cluster: &Cluster,
    verifier: &mut Verifier,
    clients: usize,
) -> Result<Case> {
    let ours = script(cluster, REFRESH)?;
    let plain = script(cluster, &PLAIN_REFRESH.replace(SIGNED, ""))?;
    let what = format!("auth.refresh, {}", of(clients));
    let against = "a row updated by its key, one inserted, and the time of a signature in a loop";
    Case::new(&what, against, "µs", None).pairs(
        PAIRS,
        || ours.micros(clients),
        || Ok(plain.micros(clients)? + signing(verifier, clients)?),
    )
}

/// Measures refreshes that notify a listener, against refreshes that do not.
pub fn notified(cluster: &Cluster, clients: usize) -> Result<Case> {
    let script = script(cluster, REFRESH)?;
    let with = |events: &str| {
        cluster.configure(&[("authguard.notify_events", events)])?;
        // New backends have the setting only after the postmaster has read it.
        thread::sleep(Duration::from_millis(300));
        script.micros(clients)
    };
    let what = format!("auth.refresh with a notification each, {}", of(clients));
    let stop = AtomicBool::new(false);
    let (case, heard) = thread::scope(|scope| {
        let listener = scope.spawn(|| listen(cluster, &stop));
        let case = Case::new(&what, "without", "µs", None).pairs(
            PAIRS,
            || with("TOKEN_REFRESHED"),
            || with(""),
        );
        stop.store(true, Ordering::Relaxed);
        (case, listener.join())
    });
    match heard {
        Ok(Ok(1..)) => case,
        Ok(Err(error)) => Err(error),
        _ => Err(Error::new("no notification has arrived")),
    }
}

/// Receives notifications until `stop` is set, and returns their number.
fn listen(cluster: &Cluster, stop: &AtomicBool) -> Result<usize> {
    use postgres::fallible_iterator::FallibleIterator;
    let mut client = cluster.connect("postgres", DATABASE)?;
    client.batch_execute("listen authguard")?;
    let mut heard = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut notifications = client.notifications();
        let mut arriving = notifications.timeout_iter(Duration::from_millis(100));
        while arriving.next()?.is_some() {
            heard += 1;
        }
    }
    Ok(heard)
}

fn script<'a>(cluster: &'a Cluster, text: &str) -> Result<Script<'a>> {
    let script = Script::new(cluster, DATABASE, "postgres", text)?;
    Ok(script.define("left", "0").lasting(SECONDS))
}

/// The time that signing adds from one commit to the next, if the clients sign at the same time.
fn signing(verifier: &mut Verifier, clients: usize) -> Result<f64> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    verifier.sign(clients.min(processors))
}

fn of(clients: usize) -> String {
    match clients {
        1 => "1 client".to_owned(),
        many => format!("{many} clients"),
    }
}
