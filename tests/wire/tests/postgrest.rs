//! PostgREST, driven by postgrest-js: the SQL and the configuration of `docs/postgrest.md`, and the
//! promises of that page.
//!
//! If the packages cannot be installed, a test says so and checks nothing.

use authguard_wire::api::{Api, note};
use authguard_wire::http::get;
use authguard_wire::{ADA, BEN, page, script, wait_until};
use pgrx_embed::clients;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::dirs::checkout;
use pgrx_embed::postgres::Install;
use pgrx_embed::sidecar::Sidecar;
use serde_json::json;

/// A guarded row that everybody may read, so that only the guard decides.
const OPEN: &str = "
    create table api.news (id int primary key);
    insert into api.news values (1);
    grant select on api.news to anon, authenticated;
    create policy everyone on api.news using (true);
    select authguard.guard_table('api.news');
    notify pgrst, 'reload schema';";

/// A function that runs a client's SQL: it removes the token and sets a gateway's claims.
const ATTACK: &str = r#"
    create function api.attack() returns text language plpgsql volatile as $$
    begin
        perform set_config('authguard.jwt', '', true);
        perform set_config('request.jwt.claims', '{"sub": "a0000000-0000-4000-8000-00000000000a"}', true);
        return (select w.status from auth.whoami() w);
    end
    $$;
    notify pgrst, 'reload schema';"#;

#[test]
fn each_request_is_what_its_token_says() {
    let Some(mut api) = Api::start() else { return };
    let (ada, _) = api.sign_in(ADA);
    let (ben, _) = api.sign_in(BEN);

    for request in [
        json!({"table": "note"}),
        note("a"),
        json!({"rpc": "sign_out"}),
    ] {
        let (status, error) = api.ask(None, request);
        assert_eq!((status, &error["code"]), (401, &json!("42501")));
    }
    assert_eq!(
        api.whoami(None),
        [
            "gateway",
            "accepted",
            "The token is active. It is anonymous: it names no user (claim sub). \
             A guard of kind 'user' shuts it out."
        ]
    );

    let (status, made) = api.ask(Some(&ada), note("of Ada"));
    assert_eq!((status, &made[0]["owner"]), (201, &json!(ADA)));
    let id = &made[0]["id"];
    assert_eq!(api.read(Some(&ada)), (200, made.clone()));
    let update = json!({"table": "note", "id": id, "update": {"body": "changed"}});
    // Another user can neither see nor change the note.
    assert_eq!(api.read(Some(&ben)), (200, json!([])));
    assert_eq!(api.ask(Some(&ben), update.clone()), (200, json!([])));
    let (status, changed) = api.ask(Some(&ada), update);
    assert_eq!((status, &changed[0]["body"]), (200, &json!("changed")));
    let foreign = json!({"table": "note", "insert": {"body": "b", "owner": BEN}});
    assert_eq!(api.ask(Some(&ada), foreign).0, 403);
    let removed = api.ask(
        Some(&ada),
        json!({"table": "note", "id": id, "remove": true}),
    );
    assert_eq!(removed, (200, changed));

    // PostgREST refuses these by authguard's keys: they never reach the database.
    api.admin
        .batch_execute("update authguard.issuer set audience = '{authenticated,others}'")
        .unwrap();
    for changed in [json!({"exp": 1_700_000_001}), json!({"aud": "others"})] {
        let token = api.token(ADA, changed);
        assert_eq!(api.read(Some(&token)).0, 401);
    }
    let forged = authguard_wire::tokens::forged(&ada);
    assert_eq!(api.read(Some(&forged)).0, 401);
}

#[test]
fn a_revocation_counts_at_the_next_request_whatever_the_gateway_has_cached() {
    let Some(mut api) = Api::start() else { return };
    let (ben, _) = api.sign_in(BEN);
    assert_eq!(api.ask(Some(&ben), note("of Ben")).0, 201);
    for (call, reason) in [
        ("revoke_token('token of %')", "token"),
        (
            "revoke_session('5e551011-0000-4000-8000-000000000001')",
            "session",
        ),
        ("revoke_user('%')", "user"),
        ("revoke_user('%', until => '2100-01-01')", "user"),
        ("revoke_issued_before(now())", "issuer_cut_off"),
    ] {
        api.admin
            .batch_execute("delete from authguard.revocation")
            .unwrap();
        let ada = match reason {
            // Only a session of this database would be judged by its row.
            "session" => {
                let session = "5e551011-0000-4000-8000-000000000001";
                let insert = "insert into authguard.session (id, user_id, issuer, aal, amr) \
                              values ($1::text::uuid, $2, 'authguard', 'aal1', '[]')";
                api.admin.execute(insert, &[&session, &ADA]).unwrap();
                api.token(ADA, json!({"session_id": session}))
            }
            _ => api.token(ADA, json!({})),
        };
        let (status, made) = api.ask(Some(&ada), note("of Ada"));
        assert_eq!(status, 201, "{call}: {made}");
        assert_eq!(api.read(Some(&ada)).1.as_array().map(Vec::len), Some(1));

        let call = call.replace('%', ADA);
        api.admin
            .batch_execute(&format!("select authguard.{call}"))
            .unwrap();
        let id = &made[0]["id"];
        assert_eq!(api.read(Some(&ada)), (200, json!([])), "{call}");
        let (status, error) = api.ask(Some(&ada), note("again"));
        assert_eq!((status, &error["code"]), (403, &json!("42501")), "{call}");
        let update = json!({"table": "note", "id": id, "update": {"body": "changed"}});
        assert_eq!(api.ask(Some(&ada), update), (200, json!([])), "{call}");
        let remove = json!({"table": "note", "id": id, "remove": true});
        assert_eq!(api.ask(Some(&ada), remove), (200, json!([])), "{call}");
        let why = match reason {
            "user" => {
                "the user is blocked, by authguard.revoke_user or by its row in an attached table. \
                 Signing in again does not help until that is lifted."
            }
            "issuer_cut_off" => {
                "it was issued before authguard.revoke_issued_before revoked all tokens of its \
                 issuer. Sign in again; if the new token is revoked, too, once more after \
                 authguard.leeway."
            }
            _ => "sign in again.",
        };
        let hint = format!("The token is revoked ({reason}): {why}");
        assert_eq!(
            api.whoami(Some(&ada)),
            ["gateway", "revoked", &hint],
            "{call}"
        );
        if reason != "issuer_cut_off" {
            assert_eq!(api.read(Some(&ben)).1.as_array().map(Vec::len), Some(1));
        }
        api.admin
            .batch_execute("delete from api.note where body <> 'of Ben'")
            .unwrap();
    }
}

#[test]
fn a_user_who_is_banned_or_deleted_in_an_attached_table_is_out_at_the_next_request() {
    let Some(mut api) = Api::start() else { return };
    api.admin
        .batch_execute(&format!(
            "create schema people;
             create table people.users (id uuid primary key, banned_until timestamptz);
             insert into people.users values ('{ADA}'), ('{BEN}');
             select authguard.attach_users('people.users', banned_until => 'banned_until')"
        ))
        .unwrap();
    let (ada, refresh) = api.sign_in(ADA);
    let (ben, _) = api.sign_in(BEN);
    assert_eq!(api.ask(Some(&ada), note("of Ada")).0, 201);
    assert_eq!(api.ask(Some(&ben), note("of Ben")).0, 201);
    let seen = |api: &mut Api, token: &str| {
        let (status, rows) = api.read(Some(token));
        (status, rows.as_array().map(Vec::len))
    };
    let user = format!("people.users where id = '{ADA}'");
    for (change, reason, back) in [
        (
            format!("update people.users set banned_until = '2100-01-01' where id = '{ADA}'"),
            "user_banned",
            format!("update people.users set banned_until = null where id = '{ADA}'"),
        ),
        (
            format!("delete from {user}"),
            "user_deleted",
            format!("insert into people.users values ('{ADA}')"),
        ),
    ] {
        assert_eq!(seen(&mut api, &ada), (200, Some(1)), "{reason}");
        api.admin.batch_execute(&change).unwrap();
        assert_eq!(seen(&mut api, &ada), (200, Some(0)), "{reason}");
        assert_eq!(api.ask(Some(&ada), note("again")).0, 403, "{reason}");
        let hint = format!(
            "The token is revoked ({reason}): the user's row in an attached table shuts it out."
        );
        assert_eq!(api.whoami(Some(&ada)), ["gateway", "revoked", &hint]);
        let renewed = json!({"rpc": "refresh", "args": {"refresh_token": refresh}});
        assert_eq!(api.ask(None, renewed).0, 403, "{reason}");
        assert_eq!(seen(&mut api, &ben), (200, Some(1)), "{reason}");
        api.admin.batch_execute(&back).unwrap();
    }
    assert_eq!(seen(&mut api, &ada), (200, Some(1)));
}

#[test]
fn a_new_key_is_told_at_the_commit() {
    let Some(mut api) = Api::start() else { return };
    let (old, _) = api.sign_in(ADA);
    assert_eq!(api.read(Some(&old)).0, 200);
    let rotate = api.page.blocks("Keys", "sql").remove(1);
    api.run_and_reload(&rotate);
    let (new, _) = api.sign_in(ADA);
    assert_ne!(header(&old), header(&new), "another key signs");
    assert_eq!(api.read(Some(&new)).0, 200);
    assert_eq!(api.read(Some(&old)).0, 200);
    let revoke =
        "select authguard.revoke_key(k.kid) from authguard.key k where k.status = 'retiring'";
    api.admin.batch_execute(revoke).unwrap();
    api.run_and_reload("notify pgrst, 'reload config'");
    assert_eq!(api.read(Some(&new)).0, 200);
    // As the page warns, PostgREST does not check its keys for a token that is in its cache.
    assert_eq!(api.read(Some(&old)).0, 200);
}

fn header(token: &str) -> &str {
    token.split('.').next().unwrap()
}

#[test]
fn the_pre_request_says_401_to_whoever_is_revoked() {
    let Some(mut api) = Api::start() else { return };
    let block = api.page.block("401 for whoever is revoked", "sql");
    api.run_and_reload(&block);
    let (ada, _) = api.sign_in(ADA);
    assert_eq!(api.ask(Some(&ada), note("of Ada")).0, 201);
    api.admin
        .batch_execute(&format!("select authguard.sign_out_user('{ADA}')"))
        .unwrap();
    let (status, error) = api.read(Some(&ada));
    assert_eq!(
        (status, &error["message"], &error["details"]),
        (401, &json!("the token is revoked"), &json!("session"))
    );
    assert_eq!(api.ask(Some(&ada), json!({"rpc": "sign_out"})).0, 401);
    assert_eq!(api.whoami(None)[1], "accepted");
}

#[test]
fn the_database_verifies_what_the_gateway_hands_over() {
    let Some(mut api) = Api::start() else { return };
    let block = api.page.block("The database verifies", "sql");
    api.run_and_reload(&block);
    api.run(OPEN);
    wait_until(
        || get(api.port(), "/news", &[]).status == 200,
        "PostgREST reads the schema",
    );
    let (ada, _) = api.sign_in(ADA);
    let (ben, _) = api.sign_in(BEN);
    assert_eq!(
        api.whoami(Some(&ada)),
        ["token", "accepted", "The token is active."]
    );
    assert_eq!(api.whoami(None)[1], "absent");
    assert_eq!(api.ask(Some(&ada), note("of Ada")).0, 201);
    assert_eq!(api.read(Some(&ada)).1.as_array().map(Vec::len), Some(1));
    assert_eq!(api.read(Some(&ben)), (200, json!([])));

    // A client's SQL cannot act as another user.
    api.run(ATTACK);
    let attack = json!({"rpc": "attack"});
    wait_until(
        || api.ask(Some(&ben), attack.clone()).0 == 200,
        "PostgREST reads the schema",
    );
    assert_eq!(api.ask(Some(&ben), attack), (200, json!("refused")));

    let port = api.port();
    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    assert_eq!(get(port, "/news", &[&bearer(&ada)]).status, 200);
    api.admin
        .batch_execute(&format!("select authguard.sign_out_user('{ADA}')"))
        .unwrap();
    // The answer depends neither on the spelling of the header nor on another header beside it.
    let revoked = bearer(&ada);
    for headers in [
        vec![revoked.clone()],
        vec![revoked.replace("Bearer", "BEARER")],
        vec![revoked.replace("Bearer ", "bearer  ")],
        vec![revoked.replace("Authorization", "AUTHORIZATION")],
        vec![revoked.clone(), "Authorization:".to_owned()],
        vec!["Authorization:".to_owned(), revoked.clone()],
        vec![revoked.clone(), "Authorization: bearer ".to_owned()],
        vec![revoked.clone(), "Authorization: Basic eDp5".to_owned()],
    ] {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let answer = get(port, "/news", &headers);
        assert_eq!(answer.status, 401, "{}", answer.body);
    }
    // If there are two tokens, the claims are those of the token that was verified here.
    let told = get(port, "/rpc/whoami", &[&revoked, &bearer(&ben)]);
    assert!(
        told.status == 401 || told.body.contains(BEN),
        "{}",
        told.body
    );

    assert_eq!(get(port, "/news", &[&bearer(&ben)]).status, 200);
    let revoke =
        "select authguard.revoke_key(k.kid) from authguard.key k where k.status = 'active'";
    api.admin.batch_execute(revoke).unwrap();
    assert_eq!(get(port, "/news", &[&bearer(&ben)]).status, 401);
}

/// The variables that `compose.yaml` gives PostgREST, as lines of its configuration file.
fn of_compose_file() -> String {
    let file = std::fs::read_to_string(checkout().join("compose.yaml")).unwrap();
    let given = file.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("PGRST_")?.split_once(": ")?;
        let name = name.to_lowercase().replace('_', "-");
        // The tests have an address of their own.
        (name != "db-uri").then(|| format!("{name} = \"{value}\"\n"))
    });
    given.collect()
}

#[test]
fn the_compose_file_serves_its_seeded_user_until_the_user_is_revoked() {
    if script::installed(clients::postgrest()).is_none() {
        return;
    }
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    let cluster = Cluster::create(&install, Config::default()).unwrap();
    page::database(&cluster, "app");
    for file in ["docs/setup.sql", "packaging/compose/seed.sql"] {
        let sql = std::fs::read_to_string(checkout().join(file)).unwrap();
        page::run(&cluster, "app", &sql);
    }
    let gateway = Sidecar::postgrest(&cluster, "authenticator", "app", &of_compose_file()).unwrap();
    let mut admin = cluster.connect("postgres", "app").unwrap();
    let user: String = admin
        .query_one("select owner::text from note where body = 'buy milk'", &[])
        .unwrap()
        .get(0);
    let token: String = admin
        .query_one("select access_token from authguard.sign_in($1)", &[&user])
        .unwrap()
        .get(0);
    let bearer = format!("Authorization: Bearer {token}");
    let notes = || {
        let answer = get(gateway.port(), "/note?select=body&order=id", &[&bearer]);
        (answer.status, answer.body)
    };
    let hers = "[{\"body\":\"call the bank\"}, \n {\"body\":\"buy milk\"}]";
    assert_eq!(notes(), (200, hers.to_owned()));
    assert_eq!(get(gateway.port(), "/note", &[]).status, 401);
    admin
        .execute("select authguard.revoke_user($1)", &[&user])
        .unwrap();
    assert_eq!(notes(), (200, "[]".to_owned()));
}
