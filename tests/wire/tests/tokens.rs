//! Verified tokens over real connections: the users they speak for, and for how long.

use authguard_wire::tokens::*;
use authguard_wire::*;
use pgrx_embed::cluster::Config;
use postgres::Client;
use postgres::error::SqlState;
use serde_json::json;
use std::time::Duration;

#[test]
fn users_take_turns_on_a_pooled_connection() {
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    let mut client = web(&cluster);
    for round in 0..3 {
        for user in [ADA, BEN] {
            for end in ["commit", "rollback"] {
                client.batch_execute("begin").unwrap();
                client
                    .execute("select auth.set_token($1)", &[&issuer.token(user)])
                    .unwrap();
                assert_eq!(subject(&mut client).as_deref(), Some(user), "{round}");
                assert_eq!(seen(&mut client), 3);
                client.batch_execute(end).unwrap();
                assert_eq!(subject(&mut client), None, "after {end}");
            }
        }
        set_token(&mut client, &issuer.token(ADA));
        assert_eq!(subject(&mut client).as_deref(), Some(ADA));
        client.batch_execute("discard all").unwrap();
        assert_eq!(subject(&mut client), None, "after discard all");
        // A transaction that fails leaves nothing behind. After a bad token, the previous token
        // does not count either.
        client.batch_execute("begin").unwrap();
        set_token(&mut client, &issuer.token(BEN));
        assert_eq!(subject(&mut client).as_deref(), Some(BEN));
        client.batch_execute("select 1 / 0").unwrap_err();
        client.batch_execute("rollback").unwrap();
        assert_eq!(subject(&mut client), None, "after an error");
        set_token(&mut client, &forged(&issuer.token(ADA)));
        assert_eq!((subject(&mut client), seen(&mut client)), (None, 0));
        client.batch_execute("reset authguard.jwt").unwrap();
    }
}

#[test]
fn a_generic_plan_follows_the_token() {
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    let mut client = web(&cluster);
    client
        .batch_execute("set plan_cache_mode = force_generic_plan")
        .unwrap();
    let count = client
        .prepare("select count(*), max(auth.subject()) from notes where auth.uid() is not null")
        .unwrap();
    let mut ask = |token: &str| {
        set_token(&mut client, token);
        let row = client.query_one(&count, &[]).ok()?;
        Some((row.get::<_, i64>(0), row.get::<_, Option<String>>(1)))
    };
    for _ in 0..2 {
        assert_eq!(ask(&issuer.token(ADA)), Some((3, Some(ADA.into()))));
        assert_eq!(ask(&issuer.token(BEN)), Some((3, Some(BEN.into()))));
        assert_eq!(ask(&forged(&issuer.token(ADA))), None);
        assert_eq!(ask(""), Some((0, None)));
    }
}

#[test]
fn parallel_workers_believe_the_token_of_their_leader() {
    let mine = |client: &mut Client| -> i64 {
        let sql = format!(
            "select count(*) from notes where auth.subject() || left(id::text, 0) = '{ADA}'"
        );
        client.query_one(&sql, &[]).unwrap().get(0)
    };
    // Passing claims on to a worker does not change sealed claims.
    for seal in ["off", "on"] {
        let cluster = server(Config::default().set("authguard.seal_claims", seal));
        let issuer = Issuer::trusted(&cluster, "https://a");
        admin(&cluster)
            .batch_execute(
                "insert into notes select g, null from generate_series(4, 100000) g; analyze notes",
            )
            .unwrap();
        let mut expired = issuer.claims(ADA);
        expired["exp"] = json!(1_700_000_100);
        for mut client in [web(&cluster), gateway(&cluster)] {
            in_workers(&mut client);
            set_token(&mut client, &issuer.token(ADA));
            assert_eq!((mine(&mut client), seen(&mut client)), (100_000, 100_000));
            // A worker does not read the gateway's claims either.
            set_claims(&mut client, &claims(ADA));
            set_token(&mut client, &issuer.token(BEN));
            assert_eq!((mine(&mut client), seen(&mut client)), (0, 100_000));
            for bad in [forged(&issuer.token(ADA)), issuer.sign(&expired)] {
                set_token(&mut client, &bad);
                assert_eq!(
                    (mine(&mut client), seen(&mut client)),
                    (0, 0),
                    "seal {seal}"
                );
            }
        }
    }
}

/// The time of the server's clock, in seconds.
fn now(client: &mut Client) -> f64 {
    client
        .query_one("select extract(epoch from clock_timestamp())::float8", &[])
        .unwrap()
        .get(0)
}

#[test]
fn a_token_that_is_remembered_ends_at_its_time() {
    let cluster = server(Config::default().set("authguard.leeway", 0));
    let issuer = Issuer::trusted(&cluster, "https://a");
    let mut watch = admin(&cluster);
    let end = now(&mut watch).floor() + 10.0;
    let mut claims = issuer.claims(ADA);
    claims["exp"] = json!(end as i64);
    let token = issuer.sign(&claims);
    let mut clients = [web(&cluster), web(&cluster), web(&cluster)];
    let prepared = clients[0].prepare("select count(*) from notes").unwrap();
    for (client, begin) in
        clients
            .iter_mut()
            .zip(["", "begin", "begin isolation level serializable"])
    {
        client.batch_execute(begin).unwrap();
        set_token(client, &token);
        assert_eq!(seen(client), 3);
    }
    assert_eq!(
        clients[0]
            .query_one(&prepared, &[])
            .unwrap()
            .get::<_, i64>(0),
        3
    );
    while now(&mut watch) < end {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(
        clients[0]
            .query_one(&prepared, &[])
            .unwrap()
            .get::<_, i64>(0),
        0
    );
    for client in &mut clients {
        assert_eq!((seen(client), subject(client)), (0, None));
        assert_eq!(reason(client).as_deref(), Some("expired"));
    }
}

#[test]
fn a_token_in_the_servers_file_is_nobodys() {
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    let mut before = web(&cluster);
    assert_eq!(subject(&mut before), None);
    cluster
        .configure(&[
            ("authguard.jwt", &issuer.token(ADA)),
            ("authguard.leeway", "7"),
        ])
        .unwrap();
    for client in [&mut before, &mut web(&cluster)] {
        wait_for_setting(client, "authguard.leeway", "7s");
        assert_eq!(subject(client), None);
        set_token(client, &issuer.token(BEN));
        client.batch_execute("reset authguard.jwt").unwrap();
        assert_eq!(subject(client), None);
    }
}

/// Waits until a changed setting has reached the client's backend.
fn wait_for_setting(client: &mut Client, name: &str, value: &str) {
    let setting = format!("select current_setting('{name}', true)");
    let mut arrived = || {
        let _ = subject(client);
        text(client, &setting).as_deref() == Some(value)
    };
    wait_until(&mut arrived, name);
}

#[test]
fn the_log_says_why_and_once_a_verification_and_no_client_is_told() {
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    let (heard, notices) = std::sync::mpsc::channel();
    let mut client = postgres::Config::new()
        .host_path(cluster.dir())
        .port(cluster.port())
        .user("web")
        .dbname("wire")
        .notice_callback(move |notice| heard.send(format!("{notice:?}")).unwrap())
        .connect(postgres::NoTls)
        .unwrap();
    client
        .batch_execute("set client_min_messages = debug1")
        .unwrap();
    without_forced_workers(&mut client);
    let refusals = |cause: &str| {
        cluster
            .log()
            .matches(&format!("token refused: {cause}"))
            .count()
    };

    let bad = forged(&issuer.token(ADA));
    set_token(&mut client, &bad);
    for _ in 0..3 {
        assert_eq!(seen(&mut client), 0);
        client
            .query(
                "select auth.is_revoked(), auth.is_active() from auth.whoami(), notes",
                &[],
            )
            .unwrap();
    }
    assert_eq!(refusals("the signature does not verify"), 1);
    for _ in 0..2 {
        client.query("select auth.verify($1)", &[&bad]).unwrap_err();
    }
    assert_eq!(refusals("the signature does not verify"), 3);
    client.query("select auth.verify('x')", &[]).unwrap_err();
    assert_eq!(refusals("the token does not have three parts"), 1);
    assert!(operate(&cluster, &format!("revoke_user('{BEN}')")));
    client
        .query("select auth.verify($1)", &[&issuer.token(BEN)])
        .unwrap_err();
    assert_eq!(refusals("the token is revoked"), 1);

    let mut logged = 5;
    for (level, threshold, more) in [
        ("debug1", "warning", 0),
        ("debug1", "debug1", 1),
        ("off", "debug5", 0),
    ] {
        cluster
            .configure(&[
                ("authguard.log_refused_tokens", level),
                ("log_min_messages", threshold),
            ])
            .unwrap();
        wait_for_setting(&mut client, "authguard.log_refused_tokens", level);
        wait_for_setting(&mut client, "log_min_messages", threshold);
        client.query("select auth.verify($1)", &[&bad]).unwrap_err();
        logged += more;
        assert_eq!(refusals(""), logged, "{level} at {threshold}");
    }
    let told: Vec<String> = notices
        .try_iter()
        .filter(|notice| notice.contains("refused"))
        .collect();
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_verification_that_fails_on_the_way_leaves_nobody_elses_claims() {
    let cluster = server(Config::default());
    let first = Issuer::trusted(&cluster, "https://a");
    let second = Issuer::trusted(&cluster, "https://b");
    let mut client = web(&cluster);
    set_token(&mut client, &first.token(ADA));
    assert_eq!(subject(&mut client).as_deref(), Some(ADA));
    // The next user's token cannot be verified while its issuer cannot be read.
    let mut other = admin(&cluster);
    other
        .batch_execute("begin; lock table authguard.issuer in access exclusive mode")
        .unwrap();
    client.batch_execute("set lock_timeout = '100ms'").unwrap();
    client
        .execute(
            "select set_config('authguard.jwt', $1, false)",
            &[&second.token(BEN)],
        )
        .unwrap();
    for _ in 0..2 {
        let error = client.query_one("select auth.subject()", &[]).unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::LOCK_NOT_AVAILABLE));
    }
    other.batch_execute("rollback").unwrap();
    assert_eq!(subject(&mut client).as_deref(), Some(BEN));
}
