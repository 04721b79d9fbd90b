//! The answer of introspection: what of a token is in it, and in which form (RFC 7662 section 2.2).

use authguard_token::{Claims, Node, Object, inactive, introspection};
use serde_json::{Value, json};

fn answer(claims: &Value) -> Value {
    let text = claims.to_string();
    let payload = Object::parse(&text).unwrap();
    let read = Claims::read(&payload, None).unwrap();
    introspection(&payload, &read, |answer| {
        serde_json::from_str(&Node::Object(answer.clone()).to_json()).unwrap()
    })
}

#[test]
fn the_answer_has_every_claim_of_an_access_token_of_rfc_9068() {
    // The payload of section 3 of RFC 9068, with the other claims of its section 2.2.
    let claims = json!({
        "iss": "https://authorization-server.example.com/", "sub": "5ba552d67",
        "aud": "https://rs.example.com/", "exp": 1_639_528_912, "iat": 1_618_354_090,
        "jti": "dbe39bf3a3ba4238a513f51d6e1691c4", "client_id": "s6BhdRkqt3",
        "scope": "openid profile reademail", "auth_time": 1_618_354_000, "acr": "urn:loa:2",
        "amr": ["pwd", "otp"], "roles": ["editor"], "groups": ["staff"],
        "entitlements": ["print"], "cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"},
    });
    let mut expected = claims.clone();
    expected["active"] = json!(true);
    expected["token_type"] = json!("Bearer");
    assert_eq!(answer(&claims), expected);
}

#[test]
fn the_answer_s_own_members_are_never_the_token_s() {
    let told = answer(&json!({"sub": "a", "active": false, "token_type": "N_A"}));
    assert_eq!(told["active"], json!(true));
    assert_eq!(told["token_type"], json!("Bearer"));
}

#[test]
fn a_token_that_is_bound_to_a_dpop_key_says_so() {
    let told =
        answer(&json!({"sub": "a", "cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}));
    assert_eq!(told["token_type"], json!("DPoP"));
    assert_eq!(
        told["cnf"]["jkt"],
        json!("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
    );
    for other in [json!({"jkt": 1}), json!("jkt"), json!(["jkt"])] {
        assert_eq!(
            answer(&json!({"cnf": other}))["token_type"],
            json!("Bearer")
        );
    }
}

#[test]
fn scopes_are_one_string_and_the_client_is_named_once() {
    let told = answer(&json!({"scp": ["read", "write"], "permissions": ["print"], "azp": "app"}));
    let mut scopes: Vec<_> = told["scope"].as_str().unwrap().split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(scopes, ["print", "read", "write"]);
    assert_eq!(told["client_id"], json!("app"));
    assert_eq!(
        answer(&json!({"client_id": "a", "azp": "b"}))["client_id"],
        json!("a")
    );
    let told = answer(&json!({"scope": 7, "client_id": ["a"]}));
    assert_eq!((told.get("scope"), told.get("client_id")), (None, None));
}

#[test]
fn times_are_whole_seconds_and_null_is_left_out() {
    let told =
        answer(&json!({"exp": 1_700_000_000.75, "iat": 1_600_000_000.25, "nbf": null, "x": null}));
    assert_eq!(told["exp"], json!(1_700_000_000));
    assert_eq!(told["iat"], json!(1_600_000_000));
    assert_eq!((told.get("nbf"), told.get("x")), (None, None));
}

#[test]
fn what_is_not_active_is_told_nothing_more() {
    assert_eq!(Node::Object(inactive()).to_json(), r#"{"active":false}"#);
}
