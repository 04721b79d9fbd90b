//! A full disk: what cannot be written is an error, and leaves nothing behind. What was
//! acknowledged is there, verdicts stay right, and everything works again once there is space.

use authguard_wire::disk::Disk;
use authguard_wire::sessions::{Issued, count, issued, opens, refresh, sign_in};
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::error::SqlState;
use postgres::{Client, Error};

/// The most calls that a full disk lets through: there is space in pages that are not full.
const MOST: usize = 20_000;

/// Calls until the disk is full. Returns the results of the calls that were answered. The last call
/// has failed with 53100.
fn until_full<T>(mut call: impl FnMut(usize) -> Result<T, Error>) -> Vec<T> {
    let mut done = Vec::new();
    for number in 0..MOST {
        match call(number) {
            Ok(result) => done.push(result),
            Err(error) => {
                assert_eq!(error.code(), Some(&SqlState::DISK_FULL), "{error:?}");
                return done;
            }
        }
    }
    panic!("the disk is not full");
}

fn config() -> Config {
    Config::default()
        .set("min_wal_size", "32MB")
        .set("max_wal_size", "32MB")
}

fn revoke(operator: &mut Client, user: &str) -> Result<bool, Error> {
    let revoke = "select authguard.revoke_user($1, reason => repeat('x', 200))";
    Ok(operator.query_one(revoke, &[&user])?.get(0))
}

/// Returns true if the claims of a user let him see the notes.
fn is_in(cluster: &Cluster, user: &str) -> bool {
    let mut client = gateway(cluster);
    set_claims(&mut client, &claims(user));
    seen(&mut client) == 3
}

#[test]
fn a_revocation_on_a_full_disk_is_whole_or_an_error() {
    let Some(disk) = Disk::mounted() else { return };
    let cluster = disk.server(config());
    let mut warm = gateway(&cluster);
    set_claims(&mut warm, &claims(ADA));
    assert_eq!(seen(&mut warm), 3);
    disk.fill();
    let mut operator = operator(&cluster);
    let user = |number: usize| format!("user {number}");
    let done = until_full(|number| revoke(&mut operator, &user(number))).len();
    assert_eq!(traces(&mut admin(&cluster), &user(done)), [0, 0, 0]);
    assert!(is_in(&cluster, &user(done)));
    if let Some(last) = done.checked_sub(1) {
        assert_eq!(traces(&mut admin(&cluster), &user(last)), [1, 0, 1]);
        assert!(!is_in(&cluster, &user(last)) && !is_in(&cluster, &user(0)));
    }
    assert_eq!(seen(&mut warm), 3);
    disk.empty();
    assert!(revoke(&mut operator, &user(done)).unwrap());
    assert!(!is_in(&cluster, &user(done)));
    assert!(revoke(&mut operator, ADA).unwrap());
    wait_until_hidden(&mut warm);
}

#[test]
fn sessions_on_a_full_disk_are_whole_or_an_error() {
    let Some(disk) = Disk::mounted() else { return };
    let cluster = disk.server(config());
    admin(&cluster)
        .batch_execute("select authguard.grant_client('web')")
        .unwrap();
    let mut last = sign_in(&cluster, BEN);
    let mut admin = admin(&cluster);
    disk.fill();
    let done: Vec<Issued> = until_full(|_| issued(&mut admin, "authguard.sign_in($1)", ADA));
    assert!(done.iter().all(|issued| issued.status == "ok"));
    let sessions = format!("select count(*) from authguard.session where user_id = '{ADA}'");
    assert_eq!(count(&cluster, &sessions), done.len() as i64);
    let events = format!("select count(*) from authguard.event where user_id = '{ADA}'");
    assert_eq!(count(&cluster, &events), done.len() as i64);

    let mut client = tokens::web(&cluster);
    until_full(|_| {
        last = issued(&mut client, "auth.refresh($1)", last.refresh())?;
        assert_eq!(last.status, "ok");
        Ok(())
    });
    assert!(opens(&cluster, last.access()));
    let sign_out = "select authguard.sign_out_user($1)";
    let before = count(&cluster, &format!("{sessions} and ended_at is null"));
    // Ending a session frees no space. It may still find some in a page.
    match admin.query_one(sign_out, &[&ADA]) {
        Ok(_) => assert_eq!(
            count(&cluster, &format!("{sessions} and ended_at is null")),
            0
        ),
        Err(error) => {
            assert_eq!(error.code(), Some(&SqlState::DISK_FULL), "{error:?}");
            let after = count(&cluster, &format!("{sessions} and ended_at is null"));
            assert_eq!(after, before);
        }
    }
    disk.empty();
    // The refresh that has failed has used nothing up.
    assert_eq!(refresh(&mut client, last.refresh()).status, "ok");
    assert_eq!(sign_in(&cluster, ADA).status, "ok");
}

#[test]
fn no_acknowledged_revocation_is_lost_with_a_server_that_cannot_write_its_log() {
    let Some(disk) = Disk::mounted() else { return };
    // A checkpoint would make room in the log.
    let config = config()
        .set("max_wal_size", "10GB")
        .set("checkpoint_timeout", "1h");
    let mut cluster = server(config);
    cluster.stop().unwrap();
    disk.take_log_of(&cluster);
    cluster.start().unwrap();
    let mut operator = operator(&cluster);
    let mut admin = admin(&cluster);
    operator
        .batch_execute("set synchronous_commit = off")
        .unwrap();
    disk.fill();
    // Each round writes to the log, until there is no space for more of it.
    let write = "select pg_logical_emit_message(false, 'authguard', repeat('x', 100000))";
    let mut done = 0;
    while revoke(&mut operator, &format!("user {done}")).is_ok() {
        done += 1;
        assert!(done < 5000, "the log found space");
        if admin.batch_execute(write).is_err() {
            break;
        }
    }
    cluster.crash();
    disk.empty();
    cluster.start().expect("the server starts again");
    for number in 0..done {
        assert!(!is_in(&cluster, &format!("user {number}")), "user {number}");
    }
    assert!(is_in(&cluster, "user without an entry"));
    let mut operator = authguard_wire::operator(&cluster);
    assert!(revoke(&mut operator, "user without an entry").unwrap());
}
