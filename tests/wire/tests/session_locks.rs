//! Locks that a client's transaction takes and can keep: who waits for them, and for how long.

use authguard_wire::attached::change;
use authguard_wire::sessions::{Issued, count, issued, refresh, server, sign_in};
use authguard_wire::tokens::{set_token, web};
use authguard_wire::{ADA, BEN, admin, commits, operator, wait_until};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

/// A session of another issuer.
const ELSEWHERE: &str = "e0000000-0000-4000-8000-00000000000e";

/// A server whose clients may change the settings in their rows of two attached tables. A change
/// makes earlier tokens stale.
fn attached(config: Config) -> Cluster {
    let cluster = server(config);
    change(
        &mut admin(&cluster),
        &format!(
            "create table account (id uuid primary key, settings jsonb not null default '{{}}');
             create table profile (id uuid primary key, settings jsonb not null default '{{}}');
             insert into account values ('{ADA}'), ('{BEN}');
             insert into profile select * from account;
             grant select (id), update (settings) on account, profile to web;
             select authguard.attach_users('account', app_metadata => 'settings', refresh_on_change => true);
             select authguard.attach_users('profile', app_metadata => 'settings', refresh_on_change => true);"
        ),
    );
    cluster
}

/// An operator for whom any wait is an error.
fn impatient(cluster: &Cluster) -> Client {
    let mut operator = operator(cluster);
    change(&mut operator, "set lock_timeout = '1ms'");
    operator
}

/// Writes an entry whose time is over, of a session of another issuer.
fn expired_entry(cluster: &Cluster) {
    change(
        &mut admin(cluster),
        &format!(
            "insert into authguard.revocation (kind, key, keep_until)
             values ('session', '{ELSEWHERE}', now() - interval '1 s')
             on conflict do nothing"
        ),
    );
}

/// Writes that entry again, as an operator who does not wait.
fn is_revoked_again(cluster: &Cluster) {
    let sql = format!("select authguard.revoke_session('{ELSEWHERE}')");
    let revoked: bool = impatient(cluster).query_one(&sql, &[]).unwrap().get(0);
    assert!(revoked);
    change(
        &mut admin(cluster),
        &format!("delete from authguard.revocation where key = '{ELSEWHERE}'"),
    );
}

fn bearer(cluster: &Cluster, issued: &Issued) -> Client {
    let mut client = web(cluster);
    set_token(&mut client, issued.access());
    client
}

#[test]
fn a_client_s_open_transaction_has_forgotten_no_entry_that_an_operator_writes_again() {
    let cluster = server(Config::default());
    let signed_in: Vec<_> = (0..3).map(|_| sign_in(&cluster, ADA)).collect();
    let mut holding = bearer(&cluster, &signed_in[0]);
    for end in [
        format!("select auth.end_session('{}')", signed_in[1].session()),
        "select auth.sign_out('local')".to_owned(),
        "select auth.sign_out()".to_owned(),
    ] {
        expired_entry(&cluster);
        change(&mut holding, &format!("begin; {end}"));
        is_revoked_again(&cluster);
        change(&mut holding, "rollback");
    }
    // A stolen token ends its session in a transaction of the client, too.
    let mut thief = web(&cluster);
    let next = refresh(&mut thief, signed_in[2].refresh());
    refresh(&mut thief, next.refresh());
    expired_entry(&cluster);
    change(&mut thief, "begin");
    let stolen = refresh(&mut thief, signed_in[2].refresh());
    assert_eq!(stolen.status, "refresh_token_already_used");
    is_revoked_again(&cluster);
    change(&mut thief, "commit");
}

/// Runs `work` while a client's commit of a change of ADA's rows hangs, as a client can make it.
fn while_a_commit_hangs(cluster: &Cluster, work: impl FnOnce()) {
    let sql = format!("update account set settings = '{{\"a\": 1}}' where id = '{ADA}'");
    while_it_hangs(cluster, &sql, work);
}

/// Runs `work` while a client's commit of `sql` hangs.
fn while_it_hangs(cluster: &Cluster, sql: &str, work: impl FnOnce()) {
    // The commit waits for a standby that does not exist, with all its locks.
    commits::hold(cluster);
    thread::scope(|scope| {
        scope.spawn(|| {
            change(&mut web(cluster), sql);
        });
        let hanging = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'";
        wait_until(|| count(cluster, hanging) == 1, "the commit hangs");
        let done = catch_unwind(AssertUnwindSafe(work));
        commits::release(cluster);
        done.unwrap_or_else(|panic| resume_unwind(panic));
    });
}

#[test]
fn a_commit_that_a_client_makes_slow_holds_up_tokens_of_that_user_only() {
    let cluster = attached(Config::default());
    let (ada, ben) = (sign_in(&cluster, ADA), sign_in(&cluster, BEN));
    while_a_commit_hangs(&cluster, || {
        let mut signer = admin(&cluster);
        let mut client = web(&cluster);
        // Nothing is committed, because that would wait for the standby, too.
        for (user, session, status) in [(BEN, &ben, "ok"), (ADA, &ada, "busy")] {
            change(&mut signer, "begin");
            let begun = issued(&mut signer, "authguard.sign_in($1)", user).unwrap();
            assert_eq!(begun.status, status, "{user}");
            change(&mut signer, "rollback; begin");
            let step_up = format!(
                "authguard.step_up($1, '{}', 'totp', 'aal2')",
                session.session()
            );
            let higher = issued(&mut signer, &step_up, user).unwrap();
            assert_eq!(higher.status, status, "{user}");
            change(&mut signer, "rollback");
            change(&mut client, "begin");
            assert_eq!(
                refresh(&mut client, session.refresh()).status,
                status,
                "{user}"
            );
            change(&mut client, "rollback");
        }
        // Operators wait for nobody.
        let mut operator = impatient(&cluster);
        change(
            &mut operator,
            &format!("begin; select authguard.revoke_user('{ADA}'); rollback"),
        );
    });
    assert_eq!(refresh(&mut web(&cluster), ben.refresh()).status, "ok");
    assert_eq!(refresh(&mut web(&cluster), ada.refresh()).status, "ok");
}

#[test]
fn a_user_who_may_choose_a_name_chooses_none_that_shares_a_lock_with_another() {
    let cluster = server(Config::default());
    change(
        &mut admin(&cluster),
        "create table account (name text collate \"C\" primary key, settings jsonb not null);
         insert into account values ('costarring', '{}'), ('liquid', '{}');
         grant select (name), update (settings) on account to web;
         select authguard.attach_users('account', id => 'name',
             app_metadata => 'settings', refresh_on_change => true);",
    );
    // Two words with one hash FNV-1a, which everybody can compute.
    let sql = r#"update account set settings = '{"a": 1}' where name = 'costarring'"#;
    while_it_hangs(&cluster, sql, || {
        let mut signer = admin(&cluster);
        for (user, status) in [("liquid", "ok"), ("costarring", "busy")] {
            change(&mut signer, "begin");
            let begun = issued(&mut signer, "authguard.sign_in($1)", user).unwrap();
            assert_eq!(begun.status, status, "{user}");
            change(&mut signer, "rollback");
        }
    });
}

#[test]
fn two_transactions_that_change_two_users_crosswise_commit() {
    let cluster = attached(Config::default().set("deadlock_timeout", "100ms"));
    let both = |(first, second): (&str, &str)| {
        format!(
            "update account set settings = jsonb_build_object('n', random()) where id = '{first}';
             update profile set settings = jsonb_build_object('n', random()) where id = '{second}';"
        )
    };
    for _ in 0..20 {
        thread::scope(|scope| {
            let clients: Vec<_> = [(ADA, BEN), (BEN, ADA)]
                .map(|users| {
                    let mut client = web(&cluster);
                    change(&mut client, &format!("begin; {}", both(users)));
                    client
                })
                .into_iter()
                .map(|mut client| scope.spawn(move || client.batch_execute("commit")))
                .collect();
            for client in clients {
                client.join().unwrap().expect("no deadlock");
            }
        });
    }
}

#[test]
fn what_a_commit_would_report_to_may_be_gone_by_then() {
    for gone in [
        "select authguard.detach_users('account')",
        "drop table account cascade",
        "drop extension authguard cascade",
        "drop extension authguard cascade; create extension authguard",
    ] {
        let cluster = attached(Config::default());
        change(
            &mut admin(&cluster),
            &format!(
                "begin; update account set settings = '{{\"b\": 1}}' where id = '{ADA}'; {gone}; commit"
            ),
        );
    }
}

#[test]
fn a_sign_in_that_is_left_open_holds_up_sign_ins_of_that_user_only_and_for_a_while() {
    let cluster = server(Config::default().set("authguard.single_session_per_user", "on"));
    // The first sign-in of all makes the keys, which others wait for.
    sign_in(&cluster, BEN);
    let mut left_open = admin(&cluster);
    change(&mut left_open, "begin");
    let first = issued(&mut left_open, "authguard.sign_in($1)", ADA).unwrap();
    assert_eq!(first.status, "ok");
    let mut signer = admin(&cluster);
    change(&mut signer, "set statement_timeout = '30s'");
    for (user, status) in [(ADA, "busy"), (BEN, "ok")] {
        let begun = issued(&mut signer, "authguard.sign_in($1)", user).unwrap();
        assert_eq!(begun.status, status, "{user}");
    }
    change(&mut left_open, "commit");
    let second = issued(&mut signer, "authguard.sign_in($1)", ADA).unwrap();
    assert_eq!(second.status, "ok");
    let ended = refresh(&mut web(&cluster), first.refresh());
    assert_eq!(ended.status, "session_revoked");
}

#[test]
fn at_serializable_operators_with_nothing_in_common_may_have_to_try_again() {
    let cluster = server(Config::default());
    let (mut one, mut other) = (operator(&cluster), operator(&cluster));
    for (operator, jti) in [(&mut one, "one"), (&mut other, "other")] {
        let revoke =
            format!("begin isolation level serializable; select authguard.revoke_token('{jti}')");
        change(operator, &revoke);
    }
    change(&mut one, "commit");
    let error = other.batch_execute("commit").unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE));
    let entries = "select count(*) from authguard.revocation";
    assert_eq!(count(&cluster, entries), 1, "it has revoked nothing");
    change(&mut other, "select authguard.revoke_token('other')");
    assert_eq!(count(&cluster, entries), 2);
    let told = "select count(*) from pg_proc p join pg_description d on d.objoid = p.oid
                 where d.description like '%40001 at SERIALIZABLE%'";
    assert_eq!(count(&cluster, told), 10);
}
