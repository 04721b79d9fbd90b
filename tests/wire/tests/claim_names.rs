//! Claim names of issuers and gateways: what the readers return of the tokens of others, and what
//! revokes these by session and by client. All of it as the weak role `web` or a gateway.

use authguard_wire::tokens::{AUDIENCE, Issuer, reason, set_token, signed_by_secret, web};
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use serde_json::{Value, json};

/// What the readers return, in one line.
const READ: &str =
    "select concat_ws(' ', auth.sid(), auth.session_id() is not null, auth.client_id(),
                           auth.org_id(), auth.org_role(), auth.role(), auth.roles()::text,
                           auth.has_role('editor'), auth.has_permission('notes.write'),
                           auth.has_scope('read'), extract(epoch from auth.authenticated_at()))";

/// The claims of a token as Keycloak signs it.
fn keycloak(issuer: &Issuer) -> Value {
    let mut claims = issuer.claims(ADA);
    let more = json!({
        "sid": "4c0a3a8a-3a47-4f2f-8e89-9e5f9b0a0a0a", "azp": "notes-web",
        "organization": {"acme": {}}, "realm_access": {"roles": ["editor", "staff"]},
        "resource_access": {"notes-api": {"roles": ["auditor"]}}, "scope": "openid read",
        "auth_time": 1_700_000_000,
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn trust(cluster: &Cluster, issuer: &Issuer, more: &str) {
    let sql = format!(
        "select authguard.trust_issuer($1, $2::text::jsonb, array[$3], shares_subjects => true{more})"
    );
    let jwks = issuer.jwks(&[issuer.kid()]);
    admin(cluster)
        .execute(&sql, &[&issuer.name, &jwks, &AUDIENCE])
        .expect("the issuer is trusted");
}

/// A weak role's connection with a token.
fn with_token(cluster: &Cluster, token: &str) -> Client {
    let mut client = web(cluster);
    client.batch_execute("set role authenticated").unwrap();
    set_token(&mut client, token);
    client
}

fn set_gateway_claims(cluster: &Cluster, client: &mut Client, value: &str) {
    let mut admin = admin(cluster);
    for sql in [
        "load 'authguard'".to_owned(),
        format!("alter system set authguard.gateway_claims = '{value}'"),
        "select pg_reload_conf()".to_owned(),
    ] {
        admin.batch_execute(&sql).unwrap();
    }
    let shown = "show authguard.gateway_claims";
    wait_until(
        || text(client, shown).as_deref() == Some(value),
        "the reload arrives",
    );
}

#[test]
fn a_verified_token_is_read_by_the_names_of_its_issuer() {
    let cluster = server(Config::default());
    let issuer = Issuer::new("https://id.example/realms/acme");
    trust(&cluster, &issuer, ", preset => 'keycloak'");
    let mut client = with_token(&cluster, &issuer.sign(&keycloak(&issuer)));
    let by_preset = "4c0a3a8a-3a47-4f2f-8e89-9e5f9b0a0a0a t notes-web acme authenticated \
                     {editor,staff} t f t 1700000000.000000";
    assert_eq!(text(&mut client, READ).as_deref(), Some(by_preset));
    // In workers, too, which read no table.
    without_forced_workers(&mut client);
    in_workers(&mut client);
    let read = "select min(array_to_string(auth.roles(), ',')) from notes";
    assert_eq!(text(&mut client, read).as_deref(), Some("editor,staff"));
    // What is named otherwise counts from the next statement on; what is not named stays.
    let names = r#"{"roles": "/resource_access/notes-api/roles", "permissions": []}"#;
    trust(&cluster, &issuer, &format!(", claims => '{names}'"));
    assert_eq!(
        text(&mut client, "select auth.roles()::text").as_deref(),
        Some("{auditor}")
    );
    assert_eq!(
        text(&mut client, "select auth.org_id()").as_deref(),
        Some("acme")
    );
    assert_eq!(text(&mut client, read).as_deref(), Some("auditor"));
    trust(&cluster, &issuer, ", claims => '{}', preset => ''");
    assert_eq!(text(&mut client, "select auth.roles()::text"), None);
}

#[test]
fn a_role_at_another_place_is_judged_there_and_nowhere_else() {
    let cluster = server(Config::default());
    let issuer = Issuer::new("https://a");
    let mut claims = issuer.claims(ADA);
    claims["role"] = json!("admin");
    claims["db"] = json!({"role": "authenticated"});
    let token = issuer.sign(&claims);
    trust(&cluster, &issuer, "");
    assert_eq!(
        reason(&mut with_token(&cluster, &token)).as_deref(),
        Some("refused")
    );
    trust(&cluster, &issuer, r#", claims => '{"role": "/db/role"}'"#);
    let mut client = with_token(&cluster, &token);
    assert_eq!(
        text(&mut client, "select auth.role()").as_deref(),
        Some("authenticated")
    );
    trust(&cluster, &issuer, r#", claims => '{"role": []}'"#);
    assert_eq!(text(&mut client, "select auth.role()"), None);
    claims["db"]["role"] = json!("service_role");
    let mut client = with_token(&cluster, &issuer.sign(&claims));
    assert_eq!(reason(&mut client), None);
    trust(&cluster, &issuer, r#", claims => '{"role": "/db/role"}'"#);
    assert_eq!(reason(&mut client).as_deref(), Some("refused"));
    claims["db"]["role"] = json!(["authenticated"]);
    let mut client = with_token(&cluster, &issuer.sign(&claims));
    assert_eq!(reason(&mut client).as_deref(), Some("refused"));
}

#[test]
fn names_that_are_none_are_refused_with_a_list_of_those_known() {
    let cluster = server(Config::default());
    let mut owner = admin(&cluster);
    for (more, message, hint) in [
        (
            "preset => 'keykloak'",
            "there is no preset \"keykloak\"",
            "keycloak",
        ),
        (
            r#"claims => '{"scope": "scp"}'"#,
            "\"scope\" is no claim name",
            "scopes",
        ),
        (
            r#"claims => '{"roles": 7}'"#,
            "\"roles\" is no path to a claim",
            "/realm_access/roles",
        ),
        (
            "claims => '[]'",
            "the claim names cannot be read: not a JSON object",
            "{\"roles\"",
        ),
    ] {
        let sql = format!(
            "select authguard.trust_issuer('https://a', '{{\"keys\":[]}}'::jsonb, '{{app}}'::text[], {more})"
        );
        let error = owner.batch_execute(&sql).unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!((error.code().code(), error.message()), ("22023", message));
        let told = error.hint().unwrap();
        assert!(told.contains(hint), "{told}");
    }
    // A row that somebody has changed by hand shuts its issuer out.
    let issuer = Issuer::new("https://b");
    trust(&cluster, &issuer, "");
    let mut client = with_token(&cluster, &issuer.token(ADA));
    assert_eq!(reason(&mut client), None);
    let break_it = r#"update authguard.issuer set claims = '{"roles": 7}'"#;
    owner.batch_execute(break_it).unwrap();
    assert_eq!(reason(&mut client).as_deref(), Some("refused"));
}

#[test]
fn a_session_and_a_client_of_any_name_are_revoked_by_it() {
    let cluster = server(Config::default());
    let issuer = Issuer::new("https://clerk.example");
    trust(&cluster, &issuer, ", preset => 'clerk'");
    let mut claims = issuer.claims(ADA);
    claims["sid"] = json!("sess_123");
    claims["client_id"] = json!("app");
    let mut client = with_token(&cluster, &issuer.sign(&claims));
    claims["sid"] = json!("sess_124");
    claims["client_id"] = json!("other");
    let mut other = with_token(&cluster, &issuer.sign(&claims));
    let restored = |client: &mut Client| {
        admin(&cluster)
            .batch_execute("delete from authguard.revocation")
            .unwrap();
        assert_eq!(reason(client), None);
    };
    for (call, why) in [
        ("revoke_session('sess_123')", "session"),
        (
            "revoke_session('sess_123', issuer => 'https://clerk.example')",
            "session",
        ),
        ("revoke_client('app')", "client"),
        (
            "revoke_client('app', 'https://clerk.example', reason => 'stolen')",
            "client",
        ),
    ] {
        assert!(operate(&cluster, call), "{call}");
        assert_eq!(reason(&mut client).as_deref(), Some(why), "{call}");
        assert_eq!(seen(&mut client), 0, "{call}");
        assert_eq!(reason(&mut other), None, "{call}");
        restored(&mut client);
    }
    let of_user = |user: &str| format!("revoke_client('app', user_id => '{user}')");
    for (call, covers) in [
        (
            "revoke_session('sess_123', issuer => 'https://another')".to_owned(),
            false,
        ),
        ("revoke_client('app', 'https://another')".to_owned(), false),
        ("revoke_client('App')".to_owned(), false),
        (of_user(BEN), false),
        (of_user(&ADA.to_uppercase()), true),
    ] {
        assert!(operate(&cluster, &call), "{call}");
        assert_eq!(reason(&mut client).is_some(), covers, "{call}");
        assert_eq!(reason(&mut other), None, "{call}");
        restored(&mut client);
    }
}

#[test]
fn a_client_is_revoked_by_any_name_it_has_and_restored_by_no_other() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    let mut ops = operator(&cluster);
    let longest = "\u{e9}".repeat(512);
    let uuid = "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}";
    let of = |clients: Value| {
        let mut claims: Value = serde_json::from_str(&claims(ADA)).unwrap();
        for (name, value) in clients.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.to_string()
    };
    for (clients, revoked, covers) in [
        // Two places that disagree: either one is enough.
        (json!({"client_id": "app", "azp": "agent"}), "app", true),
        (json!({"client_id": "app", "azp": "agent"}), "agent", true),
        (json!({"client_id": "app"}), "agent", false),
        (json!({"client_id": "app"}), "App", false),
        (json!({"client_id": "app "}), "app", false),
        // Composed and decomposed: byte by byte, as an issuer compares them.
        (json!({"client_id": "\u{e9}"}), "e\u{301}", false),
        (json!({"client_id": longest}), &longest, true),
        (
            json!({"client_id": uuid}),
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            true,
        ),
        // A token that names no client, or one that cannot be revoked, is nobody's.
        (json!({}), "app", false),
        (json!({"client_id": format!("{longest}x")}), &longest, false),
        (json!({"client_id": ["app"]}), "app", false),
    ] {
        for user in [None, Some(ADA)] {
            set_claims(&mut client, &of(clients.clone()));
            assert_eq!(reason(&mut client), None, "{clients}");
            let revoke = "select authguard.revoke_client($1, user_id => $2)";
            assert!(
                ops.query_one(revoke, &[&revoked, &user])
                    .unwrap()
                    .get::<_, bool>(0)
            );
            let found = reason(&mut client);
            assert_eq!(
                found.as_deref(),
                covers.then_some("client"),
                "{clients} {revoked}"
            );
            assert_eq!(seen(&mut client), if covers { 0 } else { 3 });
            let restore = "select authguard.restore_client($1, null, $2, true)";
            // What was revoked for one user is not restored for all, and the reverse.
            let other = user.xor(Some(ADA));
            for (user, changed) in [(other, false), (user, true), (user, false)] {
                let row = ops.query_one(restore, &[&revoked, &user]).unwrap();
                assert_eq!(row.get::<_, bool>(0), changed, "{clients} {user:?}");
            }
        }
    }
    // One user's grants of two clients are two entries.
    for client in ["app", "agent"] {
        let of_user = format!("'{client}', user_id => '{ADA}'");
        assert!(operate(&cluster, &format!("revoke_client({of_user})")));
        assert!(!operate(&cluster, &format!("revoke_client({of_user})")));
    }
    let of_app = format!("restore_client('app', user_id => '{ADA}', revive_tokens => true)");
    assert!(operate(&cluster, &of_app));
    for (clients, found) in [("app", None), ("agent", Some("client"))] {
        set_claims(&mut client, &of(json!({"client_id": clients})));
        assert_eq!(reason(&mut client).as_deref(), found, "{clients}");
    }
    for (arguments, code) in [
        ("null", "22004"),
        ("''", "22023"),
        ("repeat('x', 1025)", "22023"),
        ("repeat('\u{e9}', 513)", "22023"),
        ("'app', repeat('x', 1025)", "22023"),
        ("'app', user_id => ''", "22023"),
        ("'app', user_id => repeat('x', 1025)", "22023"),
    ] {
        for function in ["revoke_client", "restore_client"] {
            // An issuer that no claims can have has no entries, and none to restore.
            if function == "restore_client" && arguments.starts_with("'app', repeat") {
                continue;
            }
            let error = ops
                .batch_execute(&format!("select authguard.{function}({arguments})"))
                .unwrap_err();
            assert_eq!(
                error.code().unwrap().code(),
                code,
                "{function}({arguments})"
            );
        }
    }
}

#[test]
fn a_user_s_grant_is_revoked_by_either_name_of_the_user() {
    let cluster = server(Config::default());
    let issuer = Issuer::new("https://idp");
    let jwks = issuer.jwks(&[issuer.kid()]);
    let sql = "select authguard.trust_issuer($1, $2::text::jsonb, array[$3], preset => 'okta',
                   subject_namespace => '5e55104e-0000-4000-8000-000000000001')";
    admin(&cluster)
        .execute(sql, &[&issuer.name, &jwks, &AUDIENCE])
        .unwrap();
    let mut claims = issuer.claims("ada@example.com");
    claims["cid"] = json!("app");
    let mut client = with_token(&cluster, &issuer.sign(&claims));
    let uid = text(&mut client, "select auth.uid()::text").unwrap();
    for user in [uid.as_str(), "ada@example.com", BEN] {
        let of_user = format!("'app', user_id => '{user}'");
        assert!(operate(&cluster, &format!("revoke_client({of_user})")));
        let found = reason(&mut client);
        assert_eq!(
            found.as_deref(),
            (user != BEN).then_some("client"),
            "{user}"
        );
        let restore = format!("restore_client({of_user}, revive_tokens => true)");
        assert!(operate(&cluster, &restore));
        assert_eq!(reason(&mut client), None);
    }
}

#[test]
fn a_secret_takes_names_as_keys_do() {
    let cluster = server(Config::default());
    let mut owner = admin(&cluster);
    let secret = "a secret of thirty-two bytes, or more";
    owner
        .execute(
            "select authguard.trust_secret('https://a', $1, array[$2], preset => 'supabase',
                                           claims => '{\"org_id\": \"tenant\"}')",
            &[&secret, &AUDIENCE],
        )
        .unwrap();
    // Again, and nothing said of names: they stay.
    owner
        .execute("select authguard.trust_secret('https://a', $1)", &[&secret])
        .unwrap();
    let payload = json!({
        "iss": "https://a", "aud": AUDIENCE, "sub": ADA, "role": "authenticated",
        "iat": 1_700_000_000, "exp": 4_102_444_800_i64, "tenant": "t-1",
        "app_metadata": {"roles": ["editor"], "org_id": "other"},
        "user_metadata": {"roles": ["admin"]},
    });
    let token = signed_by_secret(&cluster, secret, &payload);
    let mut client = with_token(&cluster, &token);
    let read = "select auth.roles()::text || ' ' || auth.org_id()";
    assert_eq!(text(&mut client, read).as_deref(), Some("{editor} t-1"));
}

#[test]
fn a_restored_client_is_accepted_with_new_tokens_only_unless_they_are_revived() {
    let cluster = server(Config::default());
    let issuer = Issuer::new("https://a");
    trust(&cluster, &issuer, "");
    let mut claims = issuer.claims(ADA);
    claims["azp"] = json!("app");
    let mut earlier = with_token(&cluster, &issuer.sign(&claims));
    let why = |client: &mut Client| reason(client);
    for user in ["", &format!(", user_id => '{ADA}'")] {
        assert!(operate(&cluster, &format!("revoke_client('app'{user})")));
        assert!(operate(&cluster, &format!("restore_client('app'{user})")));
        assert!(!operate(&cluster, &format!("restore_client('app'{user})")));
        assert_eq!(why(&mut earlier).as_deref(), Some("client"), "{user}");
        let later = "select floor(extract(epoch from clock_timestamp()))::bigint";
        let now: i64 = admin(&cluster).query_one(later, &[]).unwrap().get(0);
        // Later than the cut-off by more than the leeway of its clock.
        claims["iat"] = json!(now + 20);
        trust(&cluster, &issuer, ", clock_skew => '0'");
        let mut new = with_token(&cluster, &issuer.sign(&claims));
        assert_eq!(why(&mut new), None, "{user}");
        let revive = format!("restore_client('app', revive_tokens => true{user})");
        assert!(operate(&cluster, &revive));
        assert_eq!(why(&mut earlier), None, "{user}");
    }
    let names: Vec<String> = admin(&cluster)
        .query("select name || coalesce(' ' || user_id, '') || ' ' || reason from authguard.event order by id", &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let of = |user: &str| {
        ["CLIENT_REVOKED", "CLIENT_RESTORED", "CLIENT_RESTORED"]
            .map(|name| format!("{name}{user} app"))
    };
    assert_eq!(names, [of(""), of(&format!(" {ADA}"))].concat());
    // An entry of every issuer is lifted as such.
    operate(&cluster, "revoke_client('app')");
    let error = operator(&cluster)
        .batch_execute("select authguard.restore_client('app', 'https://a')")
        .unwrap_err();
    assert_eq!(error.code().unwrap().code(), "55000");
    let error = web(&cluster)
        .batch_execute("select authguard.revoke_client('app')")
        .unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42501");
}

#[test]
fn what_happened_to_a_session_or_a_client_of_any_name_is_found_by_it() {
    let cluster = server(Config::default());
    let issuer = Issuer::new("https://idp");
    trust(&cluster, &issuer, ", events => true");
    let mut owner = admin(&cluster);
    let now = "select floor(extract(epoch from clock_timestamp()))::bigint";
    let now: i64 = owner.query_one(now, &[]).unwrap().get(0);
    let logout = json!({
        "iss": issuer.name, "aud": AUDIENCE, "iat": now, "exp": now + 60, "jti": "e-1", "sid": "sess_123",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    let logout = issuer.sign_typed(&logout, "logout+jwt");
    let action = "select action from authguard.receive_event($1)";
    let action: String = owner.query_one(action, &[&logout]).unwrap().get(0);
    assert_eq!(action, "session_ended");
    assert!(operate(
        &cluster,
        "revoke_client('app', reason => 'leaked secret')"
    ));
    let found = "select string_agg(name, ' ' order by id) from authguard.recent_events
                  where session_id is null and reason ~ '(sess_123|app: leaked secret)$'";
    let found = text(&mut owner, found);
    assert_eq!(found.as_deref(), Some("EVENT_RECEIVED CLIENT_REVOKED"));
}

#[test]
fn a_gateway_s_claims_are_read_by_the_names_in_the_setting() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    let claims = json!({
        "iss": "https://idp", "sub": ADA, "cid": "okta-app", "groups": ["editor"], "role": "authenticated",
        "sid": "s-1", "o": {"id": "org-1"},
    });
    set_claims(&mut client, &claims.to_string());
    assert_eq!(text(&mut client, "select auth.client_id()"), None);
    set_gateway_claims(&cluster, &mut client, "okta");
    assert_eq!(
        text(&mut client, READ).as_deref(),
        Some("s-1 f okta-app authenticated {editor} t f f")
    );
    set_gateway_claims(
        &cluster,
        &mut client,
        r#"{"preset":"okta","org_id":"/o/id"}"#,
    );
    assert_eq!(
        text(&mut client, "select auth.org_id()").as_deref(),
        Some("org-1")
    );
    assert!(operate(&cluster, "revoke_client('okta-app')"));
    assert_eq!(reason(&mut client).as_deref(), Some("client"));
    // Nobody else can set it, and a wrong text is an error.
    for sql in [
        "set authguard.gateway_claims = ''",
        "alter role current_user set authguard.gateway_claims = ''",
    ] {
        assert!(client.batch_execute(sql).is_err(), "{sql}");
    }
    let wrong = "alter system set authguard.gateway_claims = '{\"sesion\":\"sid\"}'";
    let mut owner = admin(&cluster);
    owner.batch_execute("load 'authguard'").unwrap();
    let error = owner.batch_execute(wrong).unwrap_err();
    assert_eq!(error.code().unwrap().code(), "22023");
}

#[test]
fn names_in_a_file_that_cannot_be_used_let_no_gateway_in() {
    let config = Config::default().set("authguard.gateway_claims", r#"{"sesion":"sid"}"#);
    let cluster = server(config);
    let mut client = gateway(&cluster);
    set_claims(&mut client, &claims(ADA));
    assert_eq!(reason(&mut client).as_deref(), Some("refused"));
    assert_eq!(seen(&mut client), 0);
    let hint = text(&mut client, "select hint from auth.whoami()").unwrap();
    assert!(hint.contains("authguard.gateway_claims"), "{hint}");
    let rule = "select count(*)::text from authguard.setting_problems() where setting = 'authguard.gateway_claims'";
    assert_eq!(text(&mut admin(&cluster), rule).as_deref(), Some("1"));
    for check in ["coverage", "health"] {
        let told = format!(
            "select string_agg(c::text, '') from authguard.{check}() c
              where object = 'authguard.gateway_claims'"
        );
        let told = text(&mut admin(&cluster), &told).unwrap_or_default();
        assert!(
            told.contains("no claims of a gateway are believed"),
            "{check}: {told}"
        );
    }
}

#[test]
fn a_local_session_is_found_whatever_the_gateway_s_names() {
    let cluster = server(Config::default());
    let mut owner = admin(&cluster);
    let sign_in = format!("select session_id::text from authguard.sign_in('{ADA}')");
    let session = text(&mut owner, &sign_in).unwrap();
    let mut client = gateway(&cluster);
    seen(&mut client);
    let claims = |session: &str| {
        json!({"iss": "authguard", "sub": ADA, "role": "authenticated", "session_id": session, "sid": "elsewhere"})
            .to_string()
    };
    set_gateway_claims(&cluster, &mut client, r#"{"session":"sid"}"#);
    set_claims(&mut client, &claims(&session));
    assert_eq!(reason(&mut client), None);
    assert_eq!(
        text(&mut client, "select auth.sid()"),
        Some(session.clone())
    );
    assert!(operate(&cluster, &format!("revoke_session('{session}')")));
    assert_eq!(reason(&mut client).as_deref(), Some("session"));
    // One that no session of this database can have has no row.
    set_claims(&mut client, &claims("x"));
    assert_eq!(reason(&mut client).as_deref(), Some("session_ended"));
    // Nor do names in the local issuer's row, which only a hand can write there.
    owner
        .batch_execute("update authguard.issuer set preset = 'neon'")
        .unwrap();
    let sign_in = "select access_token, session_id::text from authguard.sign_in($1)";
    let row = owner.query_one(sign_in, &[&ADA]).unwrap();
    let (token, session): (String, String) = (row.get(0), row.get(1));
    let mut client = with_token(&cluster, &token);
    assert_eq!(reason(&mut client), None);
    assert!(operate(&cluster, &format!("revoke_session('{session}')")));
    assert_eq!(reason(&mut client).as_deref(), Some("session"));
}

#[test]
fn an_attached_table_has_sessions_by_any_name() {
    let cluster = server(Config::default());
    let mut owner = admin(&cluster);
    owner
        .batch_execute(&format!(
            "create table session (id text primary key, user_id uuid);
             insert into session values ('sess_1', '{ADA}'), ('sess_2', '{ADA}');
             select authguard.attach_sessions('session')"
        ))
        .unwrap();
    let mut client = gateway(&cluster);
    let of = |session: &str| {
        json!({"iss": "https://idp", "sub": ADA, "role": "authenticated", "sid": session})
            .to_string()
    };
    set_claims(&mut client, &of("sess_1"));
    assert_eq!(reason(&mut client), None);
    set_claims(&mut client, &of("Sess_1"));
    assert_eq!(reason(&mut client).as_deref(), Some("session_ended"));
    set_claims(&mut client, &of("sess_1"));
    owner
        .batch_execute("delete from session where id = 'sess_1'")
        .unwrap();
    assert_eq!(reason(&mut client).as_deref(), Some("session_ended"));
    // Signing the user out revokes what is left, by its name.
    set_claims(&mut client, &of("sess_2"));
    let sign_out = format!("select authguard.sign_out_user('{ADA}')::text");
    assert_eq!(
        text(&mut operator(&cluster), &sign_out).as_deref(),
        Some("1")
    );
    assert_eq!(reason(&mut client).as_deref(), Some("session"));
}
