//! Sessions through PostgREST: `refresh` and `sign_out` as `docs/postgrest.md` exposes them.
//!
//! If the packages cannot be installed, a test says so and checks nothing.

use authguard_wire::api::{Api, note};
use authguard_wire::http::post;
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
