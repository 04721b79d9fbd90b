//! The server's clock is set while sessions live: an hour either way, and past the ends of 32-bit
//! counts.

use authguard_wire::clock::{self, Clock};
use authguard_wire::sessions::*;
use authguard_wire::tokens::web;
use authguard_wire::{ADA, BEN, admin, operator};
use pgrx_embed::cluster::Cluster;

const HOUR: i64 = 3600;

/// A session whose refresh token has rotated once: the superseded token, and the current answer.
fn rotated(cluster: &Cluster, user: &str) -> (Issued, Issued) {
    let begun = sign_in(cluster, user);
    let next = refresh(&mut web(cluster), begun.refresh());
    assert_eq!(next.status, "ok");
    (begun, next)
}

fn status(cluster: &Cluster, token: &Issued) -> String {
    refresh(&mut web(cluster), token.refresh()).status
}

#[test]
fn a_clock_that_is_set_ahead_or_back_lets_nobody_in_that_was_out_and_makes_no_thief() {
    let Some((cluster, clock)) = clock::server() else {
        return;
    };
    let (before, current) = rotated(&cluster, ADA);
    let (other_before, other) = rotated(&cluster, ADA);
    let ended = sign_in(&cluster, BEN);
    operator(&cluster)
        .execute("select authguard.sign_out_user($1)", &[&BEN])
        .unwrap();
    assert!(opens(&cluster, current.access()));

    clock.step(HOUR + 60);
    assert!(!opens(&cluster, current.access()), "past its exp");
    assert_eq!(status(&cluster, &before), "refresh_token_already_used");
    let next = refresh(&mut web(&cluster), other.refresh());
    assert_eq!(next.status, "ok");
    assert!(opens(&cluster, next.access()));

    clock.step(0);
    // A session that was stolen by the clock of an hour ahead stays ended, and so does one that had
    // ended before.
    assert_eq!(status(&cluster, &current), "session_revoked");
    assert!(!opens(&cluster, ended.access()));
    // By the new clock a tab comes late, which does not count as theft.
    assert_eq!(status(&cluster, &other), "reused");
    assert_eq!(
        status(&cluster, &other_before),
        "refresh_token_already_used"
    );
    assert!(!opens(&cluster, next.access()));

    clock.step(-HOUR);
    let back = sign_in(&cluster, BEN);
    assert!(opens(&cluster, back.access()));
    let again = refresh(&mut web(&cluster), back.refresh());
    assert!(opens(&cluster, again.access()));
    assert!(!opens(&cluster, ended.access()));
    // An ending with an earlier time than the session's beginning still counts.
    clock.step(-2 * HOUR);
    operator(&cluster)
        .execute("select authguard.sign_out_user($1)", &[&BEN])
        .unwrap();
    assert!(!opens(&cluster, again.access()));
    clock.step(0);
    assert!(!opens(&cluster, again.access()));
    assert_eq!(status(&cluster, &again), "session_revoked");
}

fn lives_at(cluster: &Cluster, clock: &Clock, edge: i64) {
    clock.set(edge - 30);
    let (before, current) = rotated(cluster, ADA);
    assert!(opens(cluster, current.access()), "{edge}");
    clock.set(edge + 30);
    assert!(opens(cluster, current.access()), "{edge}");
    assert_eq!(
        status(cluster, &before),
        "refresh_token_already_used",
        "{edge}"
    );
    let (before, current) = rotated(cluster, ADA);
    assert_eq!(status(cluster, &before), "reused", "{edge}");
    assert!(opens(cluster, current.access()), "{edge}");
    let claims = "select auth.expires_at() - clock_timestamp() between '59 min' and '1 h',
                         auth.is_fresh('1 minute'), auth.token_age() < '1 minute'";
    let mut user = web(cluster);
    user.execute("select auth.set_token($1, false)", &[&current.access()])
        .unwrap();
    let row = user.query_one(claims, &[]).unwrap();
    assert_eq!(
        [0, 1, 2].map(|at| row.get::<_, bool>(at)),
        [true; 3],
        "{edge}"
    );
    assert_eq!(
        user.query_one("select auth.sign_out()", &[])
            .unwrap()
            .get::<_, i32>(0),
        1
    );
    assert!(!opens(cluster, current.access()), "{edge}");
    // A day after the seven days of prune() the session is forgotten, and stays shut out.
    clock.set(edge + 8 * 24 * HOUR);
    admin(cluster)
        .execute("select authguard.prune()", &[])
        .unwrap();
    let left = "select count(*) from authguard.session where ended_at is not null";
    assert_eq!(count(cluster, left), 0, "{edge}");
    assert_eq!(status(cluster, &current), "not_found", "{edge}");
}

#[test]
fn sessions_live_and_end_past_2038_and_2106() {
    let Some((cluster, clock)) = clock::server() else {
        return;
    };
    lives_at(&cluster, &clock, i64::from(i32::MAX));
    lives_at(&cluster, &clock, i64::from(u32::MAX));
}
