//! Sessions through PostgREST: `refresh` and `sign_out` as `docs/postgrest.md` exposes them, and
//! the endpoints of `docs/oauth.md`.
//!
//! If the packages cannot be installed, a test says so and checks nothing.

use authguard_wire::api::{Api, note};
use authguard_wire::http::{Answer, post, send};
use authguard_wire::page::Page;
use authguard_wire::{ADA, BEN};
use serde_json::{Value, json};

#[test]
fn sign_out_ends_the_session_and_can_be_repeated() {
    let Some(mut api) = Api::start() else { return };
    let (first, _) = api.sign_in(ADA);
    let (second, _) = api.sign_in(ADA);
    api.ask(Some(&first), note("of Ada"));
    let sign_out = |scope| json!({"rpc": "sign_out", "args": {"scope": scope}});
    for _ in 0..2 {
        assert_eq!(api.ask(Some(&first), sign_out("local")), (204, Value::Null));
        assert_eq!(api.read(Some(&first)), (200, json!([])));
        assert_eq!(api.read(Some(&second)).1.as_array().map(Vec::len), Some(1));
    }
    assert_eq!(api.ask(Some(&second), sign_out("neither")).0, 400);
    assert_eq!(
        api.ask(Some(&second), sign_out("global")),
        (204, Value::Null)
    );
    assert_eq!(api.read(Some(&second)), (200, json!([])));
}

#[test]
fn refresh_answers_with_a_status_and_keeps_what_it_has_ended() {
    let Some(mut api) = Api::start() else { return };
    let refresh = |token: &str| json!({"rpc": "refresh", "args": {"refresh_token": token}});
    let (access, first) = api.sign_in(ADA);
    api.ask(Some(&access), note("of Ada"));
    let (status, answer) = api.ask(None, refresh(&first));
    assert_eq!((status, &answer["status"]), (200, &json!("ok")));
    let second = answer["refresh_token"].as_str().unwrap().to_owned();
    let access = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(api.read(Some(&access)).1.as_array().map(Vec::len), Some(1));
    let (status, again) = api.ask(None, refresh(&first));
    assert_eq!((status, &again["status"]), (200, &json!("reused")));
    assert_eq!(again["refresh_token"], json!(second));
    assert_eq!(api.ask(Some(&access), refresh(&second)).0, 403, "anon only");

    let (status, answer) = api.ask(None, refresh("junk"));
    assert_eq!((status, &answer["status"]), (401, &json!("invalid")));

    // Another client has locked the row.
    let mut other = api.cluster.connect("postgres", "app").unwrap();
    let mut lock = other.transaction().unwrap();
    lock.execute("select from authguard.session for update", &[])
        .unwrap();
    let body = json!({"refresh_token": second}).to_string();
    let busy = post(api.port(), "/rpc/refresh", &[], &body);
    assert_eq!(busy.status, 503, "{}", busy.body);
    assert!(busy.head.contains("Retry-After: 1") && busy.head.contains("Cache-Control: no-store"));
    assert!(busy.body.contains(r#""status":"busy""#));
    let bearer = format!("Authorization: Bearer {access}");
    let local = r#"{"scope": "local"}"#;
    let busy = post(api.port(), "/rpc/sign_out", &[&bearer], local);
    assert_eq!(busy.status, 503, "{}", busy.body);
    assert!(busy.head.contains("Retry-After: 1"));
    lock.rollback().unwrap();

    // This entry is written directly: authguard.revoke_user would have ended the session as well.
    let (_, ben) = api.sign_in(BEN);
    let block = "insert into authguard.revocation (kind, key, blocked) values ('user', $1, true)";
    api.admin.execute(block, &[&BEN]).unwrap();
    let (status, answer) = api.ask(None, refresh(&ben));
    assert_eq!((status, &answer["status"]), (403, &json!("user_blocked")));

    // A client refreshes with a stolen token and asks for a rollback. That request is ignored.
    let theft = json!({"refresh_token": second}).to_string();
    let (_, third) = api.ask(None, refresh(&second));
    api.ask(None, refresh(third["refresh_token"].as_str().unwrap()));
    let answer = post(api.port(), "/rpc/refresh", &["Prefer: tx=rollback"], &theft);
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert!(
        answer.body.contains("refresh_token_already_used"),
        "{}",
        answer.body
    );
    assert_eq!(
        api.read(Some(&access)),
        (200, json!([])),
        "the ending stays"
    );
    let (status, answer) = api.ask(None, refresh(&second));
    assert_eq!(
        (status, &answer["status"]),
        (401, &json!("session_revoked"))
    );
}

#[test]
fn revocation_and_introspection_have_the_answers_of_both_standards() {
    let Some(mut api) = Api::start() else { return };
    let page = Page::read("oauth.md");
    api.run(&page.blocks("Introspection", "sql")[0]);
    let [functions, sign] = &page.of_anchor("Both endpoints behind PostgREST", "sql")[..] else {
        panic!("two blocks");
    };
    // The schema is there already, by the page on PostgREST.
    api.run_and_load(&functions.replacen("create schema api;", "", 1));
    api.run(sign);
    let server = api.token("my-api", json!({"role": "resource_server"}));
    let port = api.port();
    let form = |path: &str, token: Option<&str>, body: &str| -> Answer {
        let bearer = token.map(|token| format!("Authorization: Bearer {token}"));
        let length = format!("Content-Length: {}", body.len());
        let mut headers = vec!["Content-Type: application/x-www-form-urlencoded", &length];
        headers.extend(bearer.as_deref());
        send(port, "POST", path, &headers, body)
    };
    let introspect = |token: &str| {
        let body = format!("token={token}&token_type_hint=access_token");
        let answer = form("/rpc/introspect", Some(&server), &body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let head = answer.head.to_ascii_lowercase();
        assert!(head.contains("content-type: application/json"), "{head}");
        serde_json::from_str::<Value>(&answer.body).unwrap()
    };
    let revoke = |body: &str| {
        let answer = form("/rpc/revoke", None, body);
        let head = answer.head.to_ascii_lowercase();
        assert!(
            answer.status == 503 || head.contains("cache-control: no-store"),
            "{head}"
        );
        (answer.status, answer.body)
    };
    let nothing = || (200, String::new());
    let inactive = json!({"active": false});

    let (access, refresh) = api.sign_in(ADA);
    let told = introspect(&access);
    assert_eq!((&told["active"], &told["sub"]), (&json!(true), &json!(ADA)));
    assert_eq!(introspect(&refresh), inactive);
    assert_eq!(introspect("no%20token"), inactive);
    let unknown = "token=no%20token&token_type_hint=no_such_type&client_id=app";
    assert_eq!(revoke(unknown), nothing());
    // Another transaction holds the session.
    let body = format!("token={refresh}&token_type_hint=refresh_token");
    let mut other = api.cluster.connect("postgres", "app").unwrap();
    let mut lock = other.transaction().unwrap();
    lock.execute("select from authguard.session for update", &[])
        .unwrap();
    assert_eq!(revoke(&body).0, 503);
    lock.rollback().unwrap();
    assert_eq!(introspect(&access)["active"], json!(true));
    for _ in 0..2 {
        assert_eq!(revoke(&body), nothing());
        assert_eq!(introspect(&access), inactive);
    }
    // A token without a name cannot be revoked alone.
    let nameless = api.token(BEN, json!({"jti": null}));
    for (body, error) in [
        (format!("token={nameless}"), "unsupported_token_type"),
        ("token_type_hint=access_token".to_owned(), "invalid_request"),
    ] {
        let (status, body) = revoke(&body);
        let told: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, told), (400, json!({ "error": error })));
    }
    // Nobody but a resource server may ask.
    let body = format!("token={access}");
    assert_eq!(form("/rpc/introspect", None, &body).status, 401);
    let ben = api.token(BEN, json!({}));
    assert_eq!(form("/rpc/introspect", Some(&ben), &body).status, 403);
}
