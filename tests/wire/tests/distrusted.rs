//! The local issuer is distrusted: no token that it has issued lets anybody in, neither then nor
//! after the next sign-in.

use authguard_wire::sessions::{count, issued, opens, refresh, server, sign_in};
use authguard_wire::tokens::{reason, set_token, web};
use authguard_wire::{ADA, admin, gateway, seen, set_claims, text, wait_until};
use pgrx_embed::cluster::{Cluster, Config};
use std::thread;

fn distrust(cluster: &Cluster) {
    admin(cluster)
        .batch_execute("select authguard.distrust_issuer(authguard.own_issuer())")
        .unwrap();
}

#[test]
fn what_our_issuer_has_issued_stays_dead_when_it_is_trusted_anew() {
    let cluster = server(Config::default());
    let before = sign_in(&cluster, ADA);
    let mut direct = web(&cluster);
    set_token(&mut direct, before.access());
    let claims = text(&mut direct, "select auth.jwt()::text").unwrap();
    // A client whose gateway has checked the signature.
    let mut behind = gateway(&cluster);
    set_claims(&mut behind, &claims);
    assert_eq!(seen(&mut behind), 3);
    distrust(&cluster);
    assert!(!opens(&cluster, before.access()));
    assert_eq!(seen(&mut behind), 0);
    assert_eq!(reason(&mut behind).as_deref(), Some("issuer_cut_off"));
    assert_eq!(
        refresh(&mut web(&cluster), before.refresh()).status,
        "invalid"
    );
    // No request has made a new key.
    assert_eq!(count(&cluster, "select count(*) from authguard.key"), 0);

    let after = sign_in(&cluster, ADA);
    assert!(opens(&cluster, after.access()));
    let next = refresh(&mut web(&cluster), after.refresh());
    assert_eq!(next.status, "ok");
    assert!(opens(&cluster, next.access()));
    assert!(!opens(&cluster, before.access()));
    assert_eq!(seen(&mut behind), 0);
    assert_eq!(
        refresh(&mut web(&cluster), before.refresh()).status,
        "invalid"
    );
    let step_up = format!("authguard.step_up('{ADA}', $1::text::uuid, 'totp', 'aal2')");
    let refused = issued(&mut admin(&cluster), &step_up, before.session()).unwrap_err();
    let refused = refused.as_db_error().unwrap();
    assert_eq!(refused.message(), "the session has ended");
}

#[test]
fn a_refresh_that_waits_while_our_issuer_is_distrusted_gets_no_tokens() {
    let cluster = server(Config::default());
    let stolen = sign_in(&cluster, ADA);
    let mut holder = web(&cluster);
    holder.batch_execute("begin").unwrap();
    assert_eq!(refresh(&mut holder, stolen.refresh()).status, "ok");
    let answer = thread::scope(|scope| {
        // The waiting refresh has read its token with the key that is forgotten meanwhile.
        let waiting = scope.spawn(|| refresh(&mut web(&cluster), stolen.refresh()));
        let waits = "select count(*) from pg_stat_activity where usename = 'web' and wait_event_type = 'Lock'";
        wait_until(|| count(&cluster, waits) == 1, "the second refresh waits");
        distrust(&cluster);
        holder.batch_execute("rollback").unwrap();
        waiting.join().unwrap()
    });
    assert_eq!(
        (answer.status.as_str(), answer.access, answer.refresh),
        ("session_revoked", None, None)
    );
}
