//! If commits may wait for a standby, a revoking commit does, even if its caller asked for less.
//! Otherwise a failover could bring back the token of an acknowledged revocation.

use authguard_wire::commits::wait as waits;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A server whose commits wait for a standby that never comes.
fn alone() -> Cluster {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute("create table plain (n int)")
        .unwrap();
    commits::hold(&cluster);
    cluster
}

/// Does some work within one second of the clock, from the start of that second. In a later second,
/// a repeated revocation would move its cut-off. If the machine was too slow, this does the work
/// again; `work` gets the number of tries before.
fn within_a_second<R>(mut work: impl FnMut(u32) -> R) -> R {
    let since = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    for tried in 0..20 {
        let left = Duration::from_nanos(since().subsec_nanos().into());
        std::thread::sleep(Duration::from_secs(1) - left);
        let second = since().as_secs();
        let done = work(tried);
        if since().as_secs() == second {
            return done;
        }
    }
    panic!("the machine is too slow");
}

#[test]
fn a_revoking_commit_waits_for_the_standby_that_its_caller_would_skip() {
    let cluster = alone();
    for (n, caller) in ["off", "local"].into_iter().enumerate() {
        assert!(!waits(&cluster, caller, "insert into plain values (1)"));
        for revoke in ["token", "session", "user", "issued_before"] {
            let twice = within_a_second(|tried| {
                let argument = match revoke {
                    "session" => format!("a0000000-0000-4000-8000-00000000{n}0{tried:02}"),
                    "issued_before" => format!("200{n}-01-{:02}", tried + 1),
                    _ => format!("{caller} {tried}"),
                };
                // Afterwards the session's own setting is unchanged.
                let sql = format!(
                    "begin; select authguard.revoke_{revoke}('{argument}'); commit;
                     do $$ begin assert current_setting('synchronous_commit') = '{caller}'; end $$"
                );
                [(); 2].map(|()| waits(&cluster, caller, &sql))
            });
            assert_eq!(twice, [true, false], "{caller}: {revoke}");
        }
        let sql = format!(
            "begin; select authguard.revoke_token('{caller}'); rollback; insert into plain values (2)"
        );
        assert!(!waits(&cluster, caller, &sql), "{caller}: rolled back");
    }
}

#[test]
fn what_revokes_nothing_does_not_wait() {
    let cluster = alone();
    let local = |sql: &str| waits(&cluster, "local", sql);
    let twice = within_a_second(|_| [(); 2].map(|()| local("select authguard.revoke_user('ada')")));
    assert_eq!(twice, [true, false]);
    for nothing in ["restore_user('nobody')", "prune()"] {
        assert!(!local(&format!("select authguard.{nothing}")), "{nothing}");
    }
    // A clean-up need not outlive a failover, so a standby that is away does not stop it.
    assert!(local(
        "insert into authguard.revocation (kind, key, keep_until) values ('token', 'old', '2000-01-01')"
    ));
    for forgets in ["prune()", "restore_user('ada', revive_tokens => true)"] {
        assert!(!local(&format!("select authguard.{forgets}")), "{forgets}");
    }
}

#[test]
fn what_hands_tokens_out_waits_as_a_revoking_commit_does() {
    let cluster = alone();
    let local = |sql: &str| waits(&cluster, "local", sql);
    // The first sign-in also makes keys.
    assert!(local("select authguard.sign_in('ada')"));
    assert!(local(
        "create table mine as select * from authguard.sign_in('ada')"
    ));
    assert!(local("select auth.refresh(refresh_token) from mine"));
    assert!(!local("select auth.refresh('junk')"));
}
