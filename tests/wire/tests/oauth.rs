//! Logging in by token, from Postgres 18 on: who gets in, as whom, and what becomes of the
//! connection once the token is not good any more.

use authguard_wire::oauth::{ask_for_tokens, entry, is_known, issuers_file, log_in, write_issuers};
use authguard_wire::page::{self, Page, with_output};
use authguard_wire::script::Script;
use authguard_wire::tokens::*;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::postgres::Install;
use postgres::Client;
use postgres::error::SqlState;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// The options of a line whose role the file alone decides.
const BY_FILE: &str = "delegate_ident_mapping=1";

/// A server that asks `web` for a token of the issuer, which the file and the database trust.
fn asking(config: Config) -> Option<(Cluster, Issuer)> {
    if !is_known() {
        return None;
    }
    let config = config.set("oauth_validator_libraries", "authguard");
    let mut cluster = server(config);
    let issuer = Issuer::trusted(&cluster, "https://a");
    write_issuers(&cluster, &[entry(&issuer, &json!({"web": {}}))]);
    let file = issuers_file(&cluster);
    cluster
        .configure(&[("authguard.oauth_issuers_file", file.to_str().unwrap())])
        .unwrap();
    ask_for_tokens(&mut cluster, &[("web", BY_FILE)], "");
    Some((cluster, issuer))
}

fn with(issuer: &Issuer, more: Value) -> String {
    let mut claims = issuer.claims(ADA);
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    issuer.sign(&claims)
}

fn source(client: &mut Client) -> String {
    text(client, "select source || ' ' || status from auth.whoami()").unwrap()
}

#[test]
fn a_connection_acts_for_the_token_of_its_login_and_no_setting_changes_that() {
    for preloaded in ["", "authguard"] {
        let config = Config::default().set("shared_preload_libraries", preloaded);
        let Some((cluster, issuer)) = asking(config) else {
            return;
        };
        let mut client = log_in(&cluster, "web", Some(&issuer.token(ADA))).unwrap();
        let is_ada = |client: &mut Client, after: &str| {
            assert_eq!(subject(client).as_deref(), Some(ADA), "{after}");
            assert_eq!(source(client), "login accepted", "{after}");
            assert_eq!(seen(client), 3, "{after}");
        };
        is_ada(&mut client, "the login");
        let system_user = text(&mut client, "select system_user");
        assert_eq!(system_user, Some(format!("oauth:{ADA}")));
        let other = issuer.token(BEN);
        let changes = [
            format!("set authguard.jwt = '{other}'"),
            format!("set request.jwt.claims = '{}'", claims(BEN)),
            "reset authguard.jwt".to_owned(),
            "reset all".to_owned(),
            "discard all".to_owned(),
            "set authguard.jwt = ''; set request.jwt.claims = ''".to_owned(),
            format!("begin; set local authguard.jwt = '{other}'; rollback"),
            "reset session authorization".to_owned(),
        ];
        for change in changes {
            client.batch_execute(&change).unwrap();
            is_ada(&mut client, &change);
        }
        for refused in [
            "set authguard.leader = 'x'",
            "set authguard.oauth_issuers_file = ''",
            "set authguard.oauth_terminate = on",
        ] {
            client.batch_execute(refused).unwrap_err();
            is_ada(&mut client, refused);
        }
        // A pool that acts for another user by auth.set_token must learn that it does not.
        for token in [other.as_str(), &issuer.token(ADA), "no token"] {
            let refused = client
                .execute("select auth.set_token($1, false)", &[&token])
                .unwrap_err();
            assert_eq!(
                refused.code(),
                Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE)
            );
            is_ada(&mut client, "set_token");
        }
        assert_eq!(
            text(
                &mut client,
                "select current_setting('authguard.leader', true)"
            )
            .as_deref(),
            Some("")
        );
    }
}

#[test]
fn only_a_good_token_logs_in_and_only_as_a_role_of_the_file() {
    let Some((mut cluster, issuer)) = asking(Config::default()) else {
        return;
    };
    let stranger = Issuer::new("https://stranger");
    let impostor = Issuer::new("https://a");
    let good = issuer.token(ADA);
    let unsigned = {
        let (_, rest) = good.split_once('.').unwrap();
        let (payload, _) = rest.split_once('.').unwrap();
        format!("eyJhbGciOiJub25lIn0.{payload}.")
    };
    for (token, cause) in [
        (with(&issuer, json!({"aud": "another"})), "\"aud\""),
        (with(&issuer, json!({"exp": 1_700_000_100})), "expired"),
        (
            with(&issuer, json!({"nbf": 4_102_444_000_i64})),
            "not valid yet",
        ),
        (forged(&good), "signature"),
        (unsigned, "none"),
        (
            stranger.token(ADA),
            "is not one of authguard.oauth_issuers_file",
        ),
        (
            impostor.sign_as(&impostor.claims(ADA), issuer.kid()),
            "signature",
        ),
        (impostor.token(ADA), "has no such key"),
        ("a.b.c".to_owned(), "base64url"),
        (issuer.sign_typed(&issuer.claims(ADA), "logout+jwt"), "typ"),
        (
            issuer.sign_typed(&issuer.claims(ADA), "secevent+jwt"),
            "typ",
        ),
    ] {
        // Whoever asks about it learns as little.
        let ask = "select auth.introspect($1)::text";
        let told = admin(&cluster).query_one(ask, &[&token]).unwrap();
        assert_eq!(told.get::<_, String>(0), r#"{"active": false}"#, "{cause}");
        let before = cluster.log().len();
        let told = log_in(&cluster, "web", Some(&token)).err().expect(cause);
        assert!(
            told.contains("OAuth bearer authentication failed"),
            "{told}"
        );
        let log = cluster.log()[before..].to_owned();
        assert!(log.contains("login by token refused: "), "{cause}: {log}");
        assert!(log.contains(cause), "{cause}: {log}");
        for secret in token.split('.').filter(|part| part.len() > 8) {
            assert!(!log.contains(secret) && !told.contains(secret), "{log}");
        }
    }
    log_in(&cluster, "web", None).err().expect("no token");
    log_in(&cluster, "web", Some(""))
        .err()
        .expect("an empty token");
    assert!(log_in(&cluster, "web", Some(&good)).is_ok());

    // The map of pg_ident.conf decides beside the file, and neither alone lets anybody in.
    admin(&cluster)
        .batch_execute("create role analyst login; create role boss login superuser")
        .unwrap();
    let mut named = entry(
        &issuer,
        &json!({"web": {}, "analyst": {"/realm/roles": "analyst"}}),
    );
    named["authn_id"] = json!("name");
    named["scopes"] = json!(["db"]);
    write_issuers(&cluster, &[named]);
    let lines = [
        ("web", BY_FILE),
        ("analyst", "map=tokens"),
        ("boss", "map=tokens"),
        ("ops", ""),
    ];
    let map = "tokens /^(.*)@example\\.com$ \\1\ntokens root@example.com boss\n";
    ask_for_tokens(&mut cluster, &lines, map);
    let may = |role: &str, name: &str, more: Value| {
        let mut claims = json!({"name": name, "scope": "db"});
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        log_in(&cluster, role, Some(&with(&issuer, claims))).is_ok()
    };
    let analyst = || json!({"realm": {"roles": ["analyst"]}});
    assert!(may("analyst", "analyst@example.com", analyst()));
    assert!(!may("analyst", "web@example.com", analyst()), "the map");
    assert!(
        !may("analyst", "analyst@example.com", json!({})),
        "the file"
    );
    assert!(!may("boss", "root@example.com", analyst()), "no such role");
    assert!(!may("ops", "ops", analyst()), "no such role");
    assert!(may("web", "anybody", json!({})));
    assert!(!may("web", "anybody", json!({"scope": "other"})), "scope");
}

#[test]
fn a_revoked_connection_reads_nothing_more_and_ends_if_that_is_wanted() {
    let Some((cluster, issuer)) = asking(Config::default()) else {
        return;
    };
    let mut owner = admin(&cluster);
    let good = issuer.token(ADA);
    let mut clients: Vec<_> = (0..2)
        .map(|_| log_in(&cluster, "web", Some(&good)).unwrap())
        .collect();
    let mut other = log_in(&cluster, "web", Some(&issuer.token(BEN))).unwrap();
    clients[1].batch_execute("begin").unwrap();
    let counts: Vec<_> = clients
        .iter_mut()
        .map(|client| client.prepare("select count(*) from notes").unwrap())
        .collect();
    for (away, back) in [
        (
            format!("select authguard.revoke_user('{ADA}')"),
            format!("select authguard.restore_user('{ADA}', null, true)"),
        ),
        (
            format!("select authguard.revoke_token('token of {ADA}')"),
            "delete from authguard.revocation".to_owned(),
        ),
    ] {
        for (client, count) in clients.iter_mut().zip(&counts) {
            assert_eq!(client.query_one(count, &[]).unwrap().get::<_, i64>(0), 3);
        }
        owner.batch_execute(&away).unwrap();
        for (client, count) in clients.iter_mut().zip(&counts) {
            assert_eq!(client.query_one(count, &[]).unwrap().get::<_, i64>(0), 0);
            let state = (seen(client), source(client));
            assert_eq!(state, (0, "login revoked".to_owned()), "{away}");
        }
        assert_eq!(seen(&mut other), 3);
        owner.batch_execute(&back).unwrap();
    }
    // The issuer is trusted by the file, but not by the database any more.
    let distrust = "select authguard.distrust_issuer('https://a')";
    owner.batch_execute(distrust).unwrap();
    let state = (seen(&mut clients[0]), source(&mut clients[0]));
    assert_eq!(state, (0, "login refused".to_owned()));
    let late = log_in(&cluster, "web", Some(&good));
    assert_eq!(seen(&mut late.unwrap()), 0);
    issuer.trust(&cluster, &issuer.jwks(&[issuer.kid()]));
    assert_eq!(seen(&mut clients[0]), 3);

    clients[1].batch_execute("rollback").unwrap();
    assert!(operate(&cluster, &format!("revoke_user('{ADA}')")));
    for client in &mut clients {
        assert_eq!(seen(client), 0);
    }
    cluster
        .configure(&[("authguard.oauth_terminate", "on")])
        .unwrap();
    let statements = ["select 1", "lock table notes"];
    for (client, statement) in clients.iter_mut().zip(statements) {
        wait_until(
            || text(client, "show authguard.oauth_terminate").as_deref() == Some("on"),
            "the setting arrives",
        );
        client.batch_execute("begin").unwrap();
        // The library of the client tells of the end, and not why.
        client.batch_execute(statement).unwrap_err();
        let why =
            "FATAL:  the token that this connection has logged in with is not active any more";
        let log = cluster.log();
        let (_, end) = log.rsplit_once(why).expect(statement);
        assert!(end.contains("The reason is user, and authguard.oauth_terminate is on."));
        assert!(end.contains(&format!("STATEMENT:  {statement}")), "{end}");
        client.batch_execute("rollback").expect_err("it has ended");
    }
    assert_eq!(seen(&mut other), 3);
    assert_eq!(seen(&mut owner), 3);
}

#[test]
fn connections_of_a_pool_act_each_for_its_own_user_until_its_token_expires() {
    let Some((cluster, issuer)) = asking(Config::default().set("authguard.leeway", 0)) else {
        return;
    };
    let now: f64 = admin(&cluster)
        .query_one("select extract(epoch from clock_timestamp())::float8", &[])
        .unwrap()
        .get(0);
    let end = now as i64 + 12;
    let mut pool: Vec<_> = [ADA, BEN, ADA, BEN]
        .iter()
        .enumerate()
        .map(|(place, user)| {
            let mut claims = issuer.claims(user);
            if place < 2 {
                claims["exp"] = json!(end);
            }
            let client = log_in(&cluster, "web", Some(&issuer.sign(&claims))).unwrap();
            (*user, client)
        })
        .collect();
    for _ in 0..3 {
        for (user, client) in &mut pool {
            client.batch_execute("begin").unwrap();
            assert_eq!(subject(client).as_deref(), Some(*user));
            client.batch_execute("rollback").unwrap();
            client.batch_execute("discard all").unwrap();
        }
    }
    let (early, late) = pool.split_at_mut(2);
    wait_until(
        || reason(&mut early[1].1).as_deref() == Some("expired"),
        "the token expires",
    );
    for (_, client) in early {
        assert_eq!((seen(client), subject(client)), (0, None));
        assert_eq!(source(client), "login expired");
    }
    for (user, client) in late {
        assert_eq!((seen(client), subject(client).as_deref()), (3, Some(*user)));
    }
}

#[test]
fn parallel_workers_act_for_the_token_of_the_login() {
    let Some((cluster, issuer)) = asking(Config::default()) else {
        return;
    };
    admin(&cluster)
        .batch_execute(
            "insert into notes select g, null from generate_series(4, 100000) g; analyze notes",
        )
        .unwrap();
    let mut client = log_in(&cluster, "web", Some(&issuer.token(ADA))).unwrap();
    in_workers(&mut client);
    let mine =
        format!("select count(*) from notes where auth.subject() || left(id::text, 0) = '{ADA}'");
    let count = |client: &mut Client| client.query_one(&mine, &[]).unwrap().get::<_, i64>(0);
    assert_eq!(count(&mut client), 100_000);
    set_token(&mut client, &issuer.token(BEN));
    assert_eq!(count(&mut client), 100_000);
    assert!(operate(&cluster, &format!("revoke_user('{ADA}')")));
    assert_eq!(count(&mut client), 0);
}

#[test]
fn a_file_that_cannot_be_trusted_lets_nobody_in_and_the_log_says_why() {
    let Some((cluster, issuer)) = asking(Config::default()) else {
        return;
    };
    let file = issuers_file(&cluster);
    let good = fs::read_to_string(&file).unwrap();
    let token = issuer.token(ADA);
    let refused = |says: &str| {
        let before = cluster.log().len();
        log_in(&cluster, "web", Some(&token)).err().expect(says);
        let log = cluster.log()[before..].to_owned();
        let line = "cannot use the issuers in authguard.oauth_issuers_file: ";
        assert!(log.contains(&format!("{line}{says}")), "{says}: {log}");
    };
    for mode in [0o664, 0o646, 0o666] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        refused("others than its owner may write it");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&file, &good[1..]).unwrap();
    refused("not a JSON object");
    fs::write(&file, good.replace("login_roles", "roles")).unwrap();
    refused("issuer 1: unknown member \"roles\"");
    fs::write(&file, " ".repeat(1024 * 1024 + 1)).unwrap();
    refused("it has more than 1048576 bytes");
    fs::write(&file, "").unwrap();
    refused("not a JSON object");
    fs::write(
        &file,
        good.replacen("\"issuers\"", "\"issuers\": [], \"issuers\"", 1),
    )
    .unwrap();
    refused("a key occurs twice");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    refused("Permission denied");
    fs::remove_file(&file).unwrap();
    refused("No such file");
    let rows =
        "select problem from authguard.coverage() where object = 'authguard.oauth_issuers_file'";
    let problem = text(&mut admin(&cluster), rows).unwrap();
    assert!(
        problem.contains("nobody logs in by token: No such file"),
        "{problem}"
    );
    fs::create_dir(&file).unwrap();
    refused("it is no file");
    fs::remove_dir(&file).unwrap();
    let pipe = Command::new("mkfifo")
        .args(["-m", "644"])
        .arg(&file)
        .status();
    assert!(pipe.unwrap().success());
    refused("it is no file");
    fs::remove_file(&file).unwrap();
    // A name that leads to the file is as good as the file.
    let elsewhere = cluster.dir().join("elsewhere.json");
    fs::write(&elsewhere, &good).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert!(log_in(&cluster, "web", Some(&token)).is_ok());
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o666)).unwrap();
    refused("others than its owner may write it");
    fs::remove_file(&file).unwrap();
    // Another key counts from the next login on.
    let other = Issuer::new("https://a");
    write_issuers(&cluster, &[entry(&other, &json!({"web": {}}))]);
    assert!(log_in(&cluster, "web", Some(&token)).is_err());
    assert!(log_in(&cluster, "web", Some(&other.token(ADA))).is_ok());
    fs::write(&file, &good).unwrap();
    assert!(log_in(&cluster, "web", Some(&token)).is_ok());
    assert_eq!(
        text(
            &mut admin(&cluster),
            &format!("select count(*)::text from ({rows}) r")
        )
        .as_deref(),
        Some("0")
    );
    cluster
        .configure(&[("authguard.oauth_issuers_file", "")])
        .unwrap();
    wait_until(
        || log_in(&cluster, "web", Some(&token)).is_err(),
        "the setting arrives",
    );
    refused("the setting is empty");
}

#[test]
fn libpq_itself_logs_in_by_a_token_that_a_program_hands_over() {
    let Some((mut cluster, issuer)) = asking(Config::default()) else {
        return;
    };
    // Of several libraries, the line names one.
    let libraries = [("oauth_validator_libraries", "authguard, another")];
    cluster.configure(&libraries).unwrap();
    let line = format!("{BY_FILE} validator=authguard");
    ask_for_tokens(&mut cluster, &[("web", &line)], "");
    let libpq = Install::from_env().unwrap().libpq();
    if !libpq.exists() {
        println!("SKIPPED: no libpq beside the server");
        return;
    }
    let environment = [("LIBPQ", libpq.display().to_string())];
    let source = include_str!("../clients/libpq_oauth.py");
    let Some(mut script) = Script::python("libpq_oauth.py", source, &environment) else {
        return;
    };
    let host = cluster.dir().display();
    let conninfo = format!(
        "host={host} port={} user=web dbname=wire require_auth=oauth oauth_issuer=https://a \
         oauth_client_id=psql",
        cluster.port()
    );
    let mut log_in = |token: &str| {
        let answer = script.ask(&json!({"connect": conninfo, "token": token}));
        let asked = json!(["https://a/.well-known/openid-configuration", "db"]);
        assert_eq!(answer["asked"], asked, "{answer}");
        let mut query = |text: &str| script.ask(&json!({ "query": text }))["value"].clone();
        match answer.get("error") {
            Some(error) => Err(error.as_str().unwrap().to_owned()),
            None => Ok((
                query("select auth.subject()"),
                query("select count(*) from notes"),
            )),
        }
    };
    let good = issuer.token(ADA);
    assert_eq!(log_in(&good), Ok((json!(ADA), json!("3"))));
    for (more, what) in [
        (json!({"aud": "another"}), "another audience"),
        (json!({"exp": 1_700_000_100}), "expired"),
    ] {
        let refused = log_in(&with(&issuer, more)).expect_err(what);
        let says = "OAuth bearer authentication failed for user \"web\"";
        assert!(refused.contains(says), "{what}: {refused}");
    }
    let ben = issuer.token(BEN);
    assert_eq!(log_in(&ben), Ok((json!(BEN), json!("3"))));
    // Revoked while connected, and then ended at the next statement.
    assert!(operate(&cluster, &format!("revoke_user('{BEN}')")));
    let mut query = |text: &str| script.ask(&json!({ "query": text }));
    let count = "select count(*) from notes";
    assert_eq!(query(count), json!({"value": "0"}));
    cluster
        .configure(&[("authguard.oauth_terminate", "on")])
        .unwrap();
    wait_until(
        || query("show authguard.oauth_terminate")["value"] == "on",
        "the setting arrives",
    );
    let ended = query(count)["error"].clone();
    let says = "FATAL:  the token that this connection has logged in with is not active any more";
    assert!(ended.as_str().unwrap().contains(says), "{ended}");
}

#[test]
fn what_ends_a_connection_and_what_does_not() {
    let Some((mut cluster, issuer)) = asking(Config::default()) else {
        return;
    };
    let mut owner = admin(&cluster);
    owner
        .batch_execute("create role boss login superuser")
        .unwrap();
    write_issuers(&cluster, &[entry(&issuer, &json!({"web": {}, "boss": {}}))]);
    let lines = [("web", BY_FILE), ("boss", BY_FILE)];
    cluster
        .configure(&[("authguard.oauth_terminate", "on")])
        .unwrap();
    ask_for_tokens(&mut cluster, &lines, "");
    // A good token changes nothing, whatever the statement needs.
    let mut boss = log_in(&cluster, "boss", Some(&issuer.token(BEN))).unwrap();
    for statement in [
        "vacuum notes",
        "create index concurrently on notes (id)",
        "checkpoint",
        "create database another",
        "begin; lock table notes; set transaction isolation level serializable; select 1; commit",
        "begin; select 1 / 0",
        "rollback",
        "listen a",
        "set role web; set session authorization web; reset session authorization",
    ] {
        let answer = boss.batch_execute(statement);
        assert_eq!(answer.is_err(), statement.contains('/'), "{statement}");
    }
    // A superuser who tests policies as another learns that this does not work here.
    for call in ["act_as_user('u')", "act_as('web', null)", "act_reset()"] {
        let refused = boss
            .batch_execute(&format!("begin; select authguard.{call}"))
            .unwrap_err();
        let code = refused.code();
        assert_eq!(code, Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE));
        boss.batch_execute("rollback").unwrap();
    }
    // Neither does another login role make another token of it.
    boss.batch_execute(&format!(
        "set session authorization web; set request.jwt.claims = '{}'",
        claims(ADA)
    ))
    .unwrap();
    assert_eq!(subject(&mut boss).as_deref(), Some(BEN));

    let prepared = [
        ("begin; declare c cursor for select from notes", "fetch c"),
        ("", "copy notes to stdout"),
        ("prepare p as select 1", "execute p"),
        (
            "",
            "do $$ begin for i in 1..2 loop perform i; end loop; end $$",
        ),
        ("begin; savepoint s", "select 1"),
        ("", "notify a"),
        ("", "discard all"),
    ];
    let mut clients: Vec<_> = prepared
        .map(|(before, _)| {
            let mut client = log_in(&cluster, "web", Some(&issuer.token(ADA))).unwrap();
            client.batch_execute(before).unwrap();
            client
        })
        .into();
    let mut failed = log_in(&cluster, "web", Some(&issuer.token(ADA))).unwrap();
    failed.batch_execute("begin; select 1 / 0").unwrap_err();
    assert!(operate(&cluster, &format!("revoke_user('{ADA}')")));
    for (client, (_, statement)) in clients.iter_mut().zip(prepared) {
        client
            .batch_execute("show authguard.oauth_terminate")
            .unwrap();
        client.batch_execute(statement).expect_err(statement);
        client.batch_execute("rollback").expect_err(statement);
    }
    // A failed transaction ends first.
    failed.batch_execute("select 1").unwrap_err();
    failed.batch_execute("rollback").unwrap();
    failed.batch_execute("select 1").unwrap_err();
    failed.batch_execute("rollback").unwrap_err();
    // Whoever connects again is ended, too.
    let mut late = log_in(&cluster, "web", Some(&issuer.token(ADA))).unwrap();
    late.batch_execute("select 1").unwrap_err();
    late.batch_execute("rollback").unwrap_err();
}

#[test]
fn the_page_leads_from_the_login_to_the_revocation() {
    if !is_known() {
        return;
    }
    let mut cluster = server(Config::default());
    let page = Page::read("oauth.md");
    let issuer = Issuer::new("https://id.example.com");
    let keys = issuer.jwks(&[issuer.kid()]);
    let mut owner = admin(&cluster);
    let roles = "create role authenticated_app login in role authenticated;
                 create role analyst login in role authenticated";
    owner.batch_execute(roles).unwrap();

    let file = issuers_file(&cluster);
    let mut document: Value = serde_json::from_str(&page.of_anchor("The file", "json")[0]).unwrap();
    document["issuers"][0]["jwks"] = serde_json::from_str(&keys).unwrap();
    fs::write(&file, document.to_string()).unwrap();
    let settings = page.of_anchor("The server", "ini");
    let path = file.display().to_string();
    let settings = settings[0].replace("/etc/postgresql/issuers.json", &path);
    let append = |name: &str, text: &str| {
        let file = cluster.data().join(name);
        let before = fs::read_to_string(&file).unwrap();
        let (first, second) = match name {
            "pg_hba.conf" => (text, before.as_str()),
            _ => (before.as_str(), text),
        };
        fs::write(&file, format!("{first}\n{second}")).unwrap();
    };
    append("postgresql.conf", &settings);
    let lines = page.of_anchor("The server", "text")[0].replace("hostssl app", "local wire");
    append("pg_hba.conf", &lines.replace(" all oauth", " oauth"));
    append("pg_ident.conf", "tokens /^.*$ analyst\n");
    cluster.restart().unwrap();

    let [trust, revoke] = &page.of_anchor("From the login to the revocation", "sql")[..] else {
        panic!("two blocks");
    };
    let fetch = "curl -fsS https://id.example.com/jwks.json";
    page::run(&cluster, "wire", &with_output(trust, fetch, &keys));
    let token = with(&issuer, json!({"aud": "postgres"}));
    let mut client = log_in(&cluster, "authenticated_app", Some(&token)).unwrap();
    assert_eq!(
        (seen(&mut client), source(&mut client).as_str()),
        (3, "login accepted")
    );
    assert!(log_in(&cluster, "analyst", Some(&token)).is_err());
    let more = json!({"aud": "postgres", "realm_access": {"roles": ["admin"]}});
    assert!(log_in(&cluster, "analyst", Some(&with(&issuer, more))).is_ok());

    page::run(&cluster, "wire", revoke);
    let mut late = log_in(&cluster, "authenticated_app", Some(&token)).unwrap();
    for client in [&mut client, &mut late] {
        assert_eq!(
            (seen(client), source(client).as_str()),
            (0, "login revoked")
        );
    }
    cluster
        .configure(&[("authguard.oauth_terminate", "on")])
        .unwrap();
    let mut new = log_in(&cluster, "authenticated_app", Some(&token)).unwrap();
    for client in [&mut new, &mut client] {
        let ends = || client.batch_execute("select 1").is_err();
        wait_until(ends, "the connection ends");
    }
}
