//! Restarts, failovers, dumps: every successor refuses an old refresh token, and nobody gets in by
//! accident.

use authguard_wire::sessions::*;
use authguard_wire::tokens::web;
use authguard_wire::{ADA, BEN, admin, copies, wait_until};
use pgrx_embed::cluster::{Cluster, Config};

/// A session with a superseded refresh token, its current refresh token, and its access token.
fn rotated(cluster: &Cluster, user: &str) -> (String, Issued) {
    let begun = sign_in(cluster, user);
    let mut client = web(cluster);
    let second = refresh(&mut client, begun.refresh());
    let third = refresh(&mut client, second.refresh());
    (begun.refresh().to_owned(), third)
}

/// Checks that current tokens work, that superseded ones count as theft, and that ended sessions
/// stay ended.
fn require_continuity(cluster: &Cluster, good: &Issued, stolen: &str, ended: &Issued) {
    let mut client = web(cluster);
    assert!(opens(cluster, good.access()));
    assert!(!opens(cluster, ended.access()));
    assert_eq!(
        refresh(&mut client, ended.refresh()).status,
        "session_revoked"
    );
    let next = refresh(&mut client, good.refresh());
    assert_eq!(next.status, "ok");
    assert_eq!(
        refresh(&mut client, stolen).status,
        "refresh_token_already_used"
    );
    assert!(!opens(cluster, next.access()));
}

/// A session that goes on, its superseded token, and a session that is signed out.
fn fixture(cluster: &Cluster) -> (String, Issued, Issued) {
    let (stolen, good) = rotated(cluster, ADA);
    let ended = sign_in(cluster, BEN);
    admin(cluster)
        .execute("select authguard.sign_out_user($1)", &[&BEN])
        .unwrap();
    (stolen, good, ended)
}

#[test]
fn a_restart_forgets_nothing() {
    let mut cluster = server(Config::default());
    let (stolen, good, ended) = fixture(&cluster);
    cluster.restart().unwrap();
    require_continuity(&cluster, &good, &stolen, &ended);
}

#[test]
fn a_promoted_standby_forgets_nothing_and_refreshes_nothing_before() {
    let primary = server(Config::default());
    let standby = primary.standby(Config::default()).unwrap();
    let (stolen, good, ended) = fixture(&primary);
    let ended_there = "select count(*) from authguard.session where ended_at is not null";
    wait_until(|| count(&standby, ended_there) > 0, "the ending arrives");
    let error = issued(&mut web(&standby), "auth.refresh($1)", good.refresh()).unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(error.code().code(), "25006");
    assert!(error.hint().is_some_and(|hint| hint.contains("primary")));
    // Reading needs no primary.
    assert!(opens(&standby, good.access()));
    assert!(!opens(&standby, ended.access()));
    drop(primary);
    standby.promote().unwrap();
    require_continuity(&standby, &good, &stolen, &ended);
}

#[test]
fn after_a_restore_earlier_refresh_tokens_are_refused_and_the_ended_stay_ended() {
    let cluster = server(Config::default());
    let (stolen, good, ended) = fixture(&cluster);
    let key: String = admin(&cluster)
        .query_one(
            "select min(split_part(o, '=', 2)) from pg_user_mapping, unnest(umoptions) o where o like '%refresh%'",
            &[],
        )
        .unwrap()
        .get(0);
    assert!(key.len() > 40, "the key of refresh tokens was not found");
    let text = copies::dumped(&cluster);
    assert!(text.contains(good.session()), "sessions are in the dump");
    for secret in [
        &key,
        &stolen,
        good.access(),
        good.refresh(),
        ended.refresh(),
    ] {
        assert!(!text.contains(secret), "a secret is in the dump");
    }
    copies::restore(&cluster, &text);

    let mut client = cluster.connect("web", "copy").unwrap();
    let mut owner = cluster.connect("postgres", "copy").unwrap();
    let mut require_refused = |when: &str| {
        for token in [stolen.as_str(), good.refresh(), ended.refresh()] {
            assert_eq!(refresh(&mut client, token).status, "invalid", "{when}");
        }
        // The dump contains the public keys. A session that was live at the time of the dump is
        // judged by its row.
        assert!(opens_in(&cluster, "copy", good.access()), "{when}");
        assert!(!opens_in(&cluster, "copy", ended.access()), "{when}");
    };
    require_refused("without keys");
    let begun = issued(&mut owner, "authguard.sign_in($1)", ADA).unwrap();
    require_refused("with new keys");
    assert!(opens_in(&cluster, "copy", begun.access()));
    // The database that the copy was made from is unaffected.
    require_continuity(&cluster, &good, &stolen, &ended);
}
