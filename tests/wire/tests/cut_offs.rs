//! A cut-off covers every token that exists when it commits, and nobody gets a token that is dead.

use authguard_wire::sessions::{issued, issued_in_the_end, opens, refresh, server, sign_in};
use authguard_wire::tokens::{Issuer, reason, set_token, web};
use authguard_wire::{
    ADA, BEN, admin, commits, gateway, operator, seen, set_claims, text, wait_until,
};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;
use serde_json::json;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The clock, in seconds, of the server and of every issuer here.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn run(client: &mut Client, sql: &str) {
    client.batch_execute(sql).unwrap();
}

/// The client's reason for a gateway's claims of `user` that are dated `ahead` seconds from now.
fn reason_of(client: &mut Client, user: &str, ahead: i64) -> Option<String> {
    let claims = json!({"sub": user, "role": "authenticated", "iat": now() + ahead});
    set_claims(client, &claims.to_string());
    assert_eq!(seen(client) == 3, reason(client).is_none());
    reason(client)
}

#[test]
fn a_token_that_is_dated_ahead_is_covered_by_every_cut_off() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    for (number, (cut_off, expected)) in [
        (
            "revoke_user('USER'); select authguard.restore_user('USER')",
            "user_cut_off",
        ),
        ("sign_out_user('USER')", "user_cut_off"),
        ("credentials_changed('USER')", "user_cut_off"),
        ("revoke_issued_before(now())", "issuer_cut_off"),
        ("end_all_sessions('test')", "issuer_cut_off"),
    ]
    .into_iter()
    .enumerate()
    {
        let user = format!("user {number}");
        run(&mut admin(&cluster), "select authguard.restore_issuer()");
        assert_eq!(reason_of(&mut client, &user, 20), None, "{cut_off}");
        let sql = format!("select authguard.{}", cut_off.replace("USER", &user));
        run(&mut admin(&cluster), &sql);
        let reason = reason_of(&mut client, &user, 20);
        assert_eq!(reason.as_deref(), Some(expected), "{cut_off}");
        // A token that is dated more than a leeway after the cut-off is new.
        run(
            &mut admin(&cluster),
            "update authguard.revocation set issued_before = issued_before - interval '15 s'",
        );
        assert_eq!(reason_of(&mut client, &user, 20), None, "{cut_off}");
    }
}

#[test]
fn an_issuer_whose_clock_is_right_says_so_and_its_users_come_back_at_once() {
    let cluster = server(Config::default());
    let (exact, other) = (
        Issuer::trusted(&cluster, "https://exact"),
        Issuer::trusted(&cluster, "https://other"),
    );
    let token = |issuer: &Issuer, second: i64| {
        let mut claims = issuer.claims(ADA);
        claims["iat"] = json!(second);
        issuer.sign(&claims)
    };
    let skew = |seconds: i64| {
        let sql =
            "select authguard.trust_issuer($1, $2::text::jsonb, '{app}', shares_subjects => true,
                       clock_skew => make_interval(secs => $3))";
        let jwks = exact.jwks(&[exact.kid()]);
        admin(&cluster).execute(sql, &[&exact.name, &jwks, &(seconds as f64)])
    };
    skew(0).unwrap();
    for user in [ADA, BEN] {
        admin(&cluster)
            .execute("select authguard.sign_out_user($1)", &[&user])
            .unwrap();
    }
    // The clock of a test may be in the next second already, so the cut-off tells its own.
    let cut_off = "select floor(extract(epoch from issued_before))::bigint
         from authguard.revocation where key = $1";
    let cut_off = admin(&cluster).query_one(cut_off, &[&ADA]).unwrap().get(0);
    let early = token(&exact, cut_off);
    thread::sleep(Duration::from_millis(1100));
    let (exact_token, other_token) = (token(&exact, now()), token(&other, now()));
    let mut client = web(&cluster);
    for (token, expected) in [
        (&early, Some("user_cut_off")),
        (&exact_token, None),
        (&other_token, Some("user_cut_off")),
    ] {
        set_token(&mut client, token);
        assert_eq!(reason(&mut client).as_deref(), expected);
    }
    // A gateway's claims of that issuer are judged by the same clock.
    let mut gateway = gateway(&cluster);
    for (issuer, expected) in [(&exact, None), (&other, Some("user_cut_off"))] {
        let claims = json!({"iss": issuer.name, "sub": BEN, "role": "authenticated", "iat": now()});
        set_claims(&mut gateway, &claims.to_string());
        assert_eq!(reason(&mut gateway).as_deref(), expected);
    }
    // A wider one counts at the next statement, and one that is not given stays.
    set_token(&mut client, &exact_token);
    assert_eq!(reason(&mut client), None);
    skew(300).unwrap();
    assert_eq!(reason(&mut client).as_deref(), Some("user_cut_off"));
    skew(0).unwrap();
    exact.trust(&cluster, &exact.jwks(&[exact.kid()]));
    assert_eq!(reason(&mut client), None);
    for wrong in [-1, 301] {
        let error = skew(wrong).unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::INVALID_PARAMETER_VALUE));
    }
}

#[test]
fn what_another_issuer_signs_until_the_commit_is_covered() {
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://exact");
    run(
        &mut admin(&cluster),
        "update authguard.issuer set clock_skew = 0",
    );
    let cut_offs = [
        "revoke_user($1), authguard.restore_user($1)",
        "sign_out_user($1)",
        "credentials_changed($1)",
        "revoke_issued_before(case $1 when 'x' then null else now() end)",
    ];
    for cut_off in cut_offs {
        run(&mut admin(&cluster), "truncate authguard.revocation");
        let token = || {
            let mut claims = issuer.claims(ADA);
            claims["iat"] = json!(now());
            issuer.sign(&claims)
        };
        let mut client = web(&cluster);
        let mut ops = admin(&cluster);
        run(&mut ops, "begin");
        ops.query_one(&format!("select authguard.{cut_off}"), &[&ADA])
            .unwrap();
        thread::sleep(Duration::from_millis(2100));
        set_token(&mut client, &token());
        assert_eq!(reason(&mut client), None, "not yet: {cut_off}");
        run(&mut ops, "commit");
        assert!(reason(&mut client).is_some(), "{cut_off}");
        thread::sleep(Duration::from_millis(1100));
        set_token(&mut client, &token());
        assert_eq!(reason(&mut client), None, "a later one: {cut_off}");
    }
}

/// Cuts off in a transaction that stays open, and returns its connection.
fn cutting(cluster: &Cluster, call: &str) -> Client {
    let mut ops = admin(cluster);
    run(&mut ops, &format!("begin; select authguard.{call}"));
    ops
}

const ALL: &str = "revoke_issued_before(now())";

fn ada(call: &str) -> String {
    format!("{call}('{ADA}')")
}

#[test]
fn a_sign_in_waits_for_a_cut_off_and_is_later() {
    let cluster = server(Config::default());
    for cut_off in [ALL, &ada("sign_out_user"), &ada("credentials_changed")] {
        let mut ops = cutting(&cluster, cut_off);
        let begun = thread::scope(|scope| {
            let waiting = scope.spawn(|| sign_in(&cluster, ADA));
            thread::sleep(Duration::from_millis(300));
            run(&mut ops, "commit");
            waiting.join().unwrap()
        });
        assert!(opens(&cluster, begun.access()), "{cut_off}");
        // One that is rolled back does no harm, either.
        let mut ops = cutting(&cluster, cut_off);
        run(&mut ops, "rollback");
        assert!(opens(&cluster, begun.access()), "{cut_off}");
    }
    // Who is to be blocked is blocked.
    let mut ops = cutting(&cluster, &ada("revoke_user"));
    let status = thread::scope(|scope| {
        let waiting =
            scope.spawn(|| issued_in_the_end(&mut admin(&cluster), "authguard.sign_in($1)", ADA));
        thread::sleep(Duration::from_millis(300));
        run(&mut ops, "commit");
        waiting.join().unwrap().unwrap().status
    });
    assert_eq!(status, "user_blocked");
}

#[test]
fn a_cut_off_that_stays_open_makes_those_busy_whom_it_covers() {
    let cluster = server(Config::default().set("max_prepared_transactions", 1));
    let begun = sign_in(&cluster, ADA);
    let mut ops = cutting(&cluster, &ada("sign_out_user"));
    let mut signer = admin(&cluster);
    let mut status = |call: &str, user: &str| issued(&mut signer, call, user).unwrap().status;
    assert_eq!(status("authguard.sign_in($1)", ADA), "busy");
    assert_eq!(status("authguard.sign_in($1)", BEN), "ok");
    run(&mut ops, "rollback; begin");
    run(&mut ops, &format!("select authguard.{ALL}"));
    let step_up = format!("authguard.step_up('{ADA}', $1::text::uuid, 'totp', 'aal2')");
    assert_eq!(status(&step_up, begun.session()), "busy");
    assert_eq!(status("authguard.sign_in($1)", BEN), "busy");
    let again = "select authguard.reauthenticated($1, $2::text::uuid, 'totp')";
    let error = admin(&cluster).execute(again, &[&ADA, &begun.session()]);
    assert_eq!(
        error.unwrap_err().code(),
        Some(&SqlState::LOCK_NOT_AVAILABLE)
    );
    // Cut-offs of another issuer are nobody's business here.
    run(&mut ops, "rollback; begin");
    run(
        &mut ops,
        "select authguard.revoke_issued_before(now(), 'https://elsewhere')",
    );
    assert_eq!(status("authguard.sign_in($1)", ADA), "ok");
    // As long as a cut-off is prepared, too.
    run(&mut ops, "rollback; begin");
    run(
        &mut ops,
        &format!("select authguard.{}", ada("sign_out_user")),
    );
    run(&mut ops, "prepare transaction 'p'");
    assert_eq!(status("authguard.sign_in($1)", ADA), "busy");
    run(&mut ops, "commit prepared 'p'");
    assert_eq!(status("authguard.sign_in($1)", ADA), "ok");
}

#[test]
fn a_sign_in_that_is_busy_replaces_no_session() {
    let cluster = server(Config::default().set("authguard.single_session_per_user", "on"));
    let begun = sign_in(&cluster, ADA);
    let mut ops = cutting(&cluster, ALL);
    let answer = issued(&mut admin(&cluster), "authguard.sign_in($1)", ADA);
    assert_eq!(answer.unwrap().status, "busy");
    run(&mut ops, "rollback");
    assert!(opens(&cluster, begun.access()));
    let next = sign_in(&cluster, ADA);
    assert!(opens(&cluster, next.access()) && !opens(&cluster, begun.access()));
}

#[test]
fn a_session_is_older_than_a_cut_off_or_later_to_the_microsecond() {
    let cluster = server(Config::default());
    let mut ops = admin(&cluster);
    let mut signer = admin(&cluster);
    let mut client = web(&cluster);
    run(&mut client, "set role authenticated");
    let mut is_in = |token: &str| {
        set_token(&mut client, token);
        seen(&mut client) == 3
    };
    // Many within one second: a token never tells which was first, the row does.
    let restored = format!("revoke_user('{ADA}'); select authguard.restore_user('{ADA}')");
    for cut_off in [
        ALL,
        &ada("sign_out_user"),
        &ada("credentials_changed"),
        &restored,
    ] {
        for round in 0..20 {
            let begun = issued(&mut signer, "authguard.sign_in($1)", ADA).unwrap();
            assert_eq!(begun.status, "ok");
            assert!(is_in(begun.access()), "{cut_off} {round}");
            run(&mut ops, &format!("select authguard.{cut_off}"));
            assert!(!is_in(begun.access()), "{cut_off} {round}");
        }
    }
}

#[test]
fn a_transaction_that_cuts_off_and_signs_in_gives_a_token_that_lives() {
    let cluster = server(Config::default());
    let before = sign_in(&cluster, ADA);
    for cut_off in [ALL, &ada("sign_out_user")] {
        let mut both = cutting(&cluster, cut_off);
        let begun = issued(&mut both, "authguard.sign_in($1)", ADA).unwrap();
        assert_eq!(begun.status, "ok");
        // Past the second of the cut-off: the commit must not date it again.
        thread::sleep(Duration::from_millis(1100));
        run(&mut both, "commit");
        assert!(opens(&cluster, begun.access()), "{cut_off}");
        assert!(!opens(&cluster, before.access()), "{cut_off}");
        assert_eq!(refresh(&mut web(&cluster), begun.refresh()).status, "ok");
        let next = sign_in(&cluster, ADA);
        assert!(opens(&cluster, next.access()), "{cut_off}");
    }
}

#[test]
fn sessions_that_are_used_while_a_cut_off_is_on_its_way_end_with_it() {
    let cluster = server(Config::default());
    let begun = sign_in(&cluster, ADA);
    // A sign-in that is not committed yet is covered, too.
    let mut late = admin(&cluster);
    run(&mut late, "begin");
    let uncommitted = issued(&mut late, "authguard.sign_in($1)", ADA).unwrap();
    let mut ops = cutting(&cluster, ALL);
    run(&mut late, "commit");
    assert!(opens(&cluster, uncommitted.access()));
    // A refresh in a later second than that of the cut-off: the session is older all the same.
    thread::sleep(Duration::from_millis(1100));
    let next = refresh(&mut web(&cluster), begun.refresh());
    assert_eq!(next.status, "ok");
    assert!(opens(&cluster, next.access()));
    run(&mut ops, "commit");
    for token in [&begun, &next, &uncommitted] {
        assert!(!opens(&cluster, token.access()));
    }
    let status = refresh(&mut web(&cluster), next.refresh()).status;
    assert_eq!(status, "session_revoked");
}

#[test]
fn sign_ins_and_cut_offs_at_once_leave_no_dead_answer_and_no_survivor() {
    const ROUNDS: usize = 40;
    let cluster = server(Config::default());
    for cut_off in [ALL, &ada("sign_out_user")] {
        let answers = thread::scope(|scope| {
            let signing: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let mut signer = admin(&cluster);
                        let mut answers = Vec::new();
                        for _ in 0..ROUNDS {
                            let call = "authguard.sign_in($1)";
                            answers.push(issued_in_the_end(&mut signer, call, ADA).unwrap());
                        }
                        answers
                    })
                })
                .collect();
            let mut ops = admin(&cluster);
            for _ in 0..ROUNDS {
                run(&mut ops, &format!("select authguard.{cut_off}"));
            }
            let answers = signing.into_iter().flat_map(|one| one.join().unwrap());
            answers.collect::<Vec<_>>()
        });
        assert!(answers.iter().all(|answer| answer.status == "ok"));
        // The order of the commits decides: whoever saw the last cut-off lives, all others do not.
        let survivors = "select count(*) from authguard.session s
             where s.ended_at is null and s.created_at <= (select max(issued_before) from authguard.revocation)
               and not authguard.is_cut_off(s.id, s.user_id, s.issuer, s.created_at, s.authenticated_at)";
        assert_eq!(authguard_wire::sessions::count(&cluster, survivors), 0);
        let last = sign_in(&cluster, ADA);
        run(&mut admin(&cluster), &format!("select authguard.{cut_off}"));
        for answer in answers.iter().chain([&last]) {
            assert!(!opens(&cluster, answer.access()), "{cut_off}");
        }
        assert!(opens(&cluster, sign_in(&cluster, ADA).access()));
    }
}

#[test]
fn a_refresh_that_waits_for_its_second_sees_a_change_that_is_being_committed() {
    let cluster = server(Config::default());
    run(
        &mut admin(&cluster),
        &format!(
            "create table users (id uuid primary key, meta jsonb not null default '{{\"n\": 0}}');
             insert into users values ('{ADA}');
             select authguard.attach_users('users', app_metadata => 'meta', refresh_on_change => true)"
        ),
    );
    let begun = sign_in(&cluster, ADA);
    // Commits wait for a standby that never comes, with their locks, until they are cancelled.
    commits::hold(&cluster);
    let waiting = "select coalesce(max(pid), 0) from pg_stat_activity where wait_event = 'SyncRep' and query like 'update users%'";
    let change = |n: i32| {
        let mut idp = admin(&cluster);
        let sql = format!("update users set meta = jsonb_build_object('n', {n})");
        thread::spawn(move || idp.batch_execute(&sql))
    };
    let hanging = || -> i32 { admin(&cluster).query_one(waiting, &[]).unwrap().get(0) };
    let let_go = || {
        wait_until(|| hanging() != 0, "a commit waits");
        let cancel = format!("select pg_cancel_backend({})", hanging());
        run(&mut admin(&cluster), &cancel);
    };
    let mut n = 0;
    // The transaction of the refresh stays open.
    let (_user, token) = loop {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let rest = 1_000_000_000 - u64::from(since.subsec_nanos());
        thread::sleep(Duration::from_nanos(rest) + Duration::from_millis(100));
        // The first change makes the refresh wait for the next second; the second one is dated
        // before that second, and commits in it.
        let first = change(n + 1);
        let_go();
        first.join().unwrap().unwrap();
        n += 2;
        let mut user = web(&cluster);
        run(&mut user, "begin");
        let token = begun.refresh().to_owned();
        let refreshing = thread::spawn(move || {
            let answer = issued_in_the_end(&mut user, "auth.refresh($1)", &token);
            (user, answer.unwrap())
        });
        thread::sleep(Duration::from_millis(100));
        let second = change(n);
        wait_until(
            || hanging() != 0 || refreshing.is_finished(),
            "the second change is being committed",
        );
        let in_time = hanging() != 0;
        if in_time {
            thread::sleep(Duration::from_millis(1100));
            let_go();
        }
        let (mut user, token) = refreshing.join().unwrap();
        if !in_time {
            // The machine was slow. The refresh was first, and the change waits for it.
            run(&mut user, "rollback");
            let_go();
        }
        second.join().unwrap().unwrap();
        if in_time {
            break (user, token);
        }
    };
    assert_eq!(token.status, "ok");
    let mut client = web(&cluster);
    set_token(&mut client, token.access());
    let read = text(&mut client, "select auth.claim_text('app_metadata', 'n')");
    let stale = reason(&mut client).as_deref() == Some("claims_stale");
    assert!(read == Some(n.to_string()) || stale, "{read:?}");
}

#[test]
fn no_token_is_issued_in_the_second_in_which_its_session_ends() {
    let cluster = server(Config::default().set("authguard.leeway", 0));
    let begun = sign_in(&cluster, ADA);
    // Claim exp has whole seconds. If the machine is slow, the session is over.
    run(
        &mut admin(&cluster),
        "update authguard.session set not_after = date_trunc('second', clock_timestamp()) + interval '1.9 s';
         select pg_sleep(1.05 - extract(epoch from clock_timestamp() - date_trunc('second', clock_timestamp())))",
    );
    let status = refresh(&mut web(&cluster), begun.refresh()).status;
    assert_eq!(status, "session_expired");
    let step_up = format!("authguard.step_up('{ADA}', $1::text::uuid, 'totp', 'aal2')");
    let error = issued(&mut admin(&cluster), &step_up, begun.session()).unwrap_err();
    assert_eq!(
        error.code(),
        Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
    );
}

#[test]
fn a_cut_off_in_the_future_is_refused_and_one_can_be_lifted() {
    let cluster = server(Config::default());
    let begun = sign_in(&cluster, ADA);
    let mut ops = operator(&cluster);
    let error = ops
        .execute(
            "select authguard.revoke_issued_before(now() + interval '1 day')",
            &[],
        )
        .unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(*error.code(), SqlState::INVALID_PARAMETER_VALUE);
    assert!(error.detail().unwrap().contains("clock of the server"));
    assert!(opens(&cluster, begun.access()));
    let mut call = |sql: &str| ops.query_one(sql, &[]).unwrap().get::<_, bool>(0);
    assert!(!call("select authguard.restore_issuer()"));
    assert!(call("select authguard.revoke_issued_before(now())"));
    assert!(!opens(&cluster, begun.access()));
    assert!(call("select authguard.restore_issuer()"));
    assert!(opens(&cluster, begun.access()));
    assert!(!call("select authguard.restore_issuer()"));
    let by = "select by::text from authguard.event where name = 'ISSUER_RESTORED'";
    assert_eq!(text(&mut admin(&cluster), by).as_deref(), Some("ops"));
}
