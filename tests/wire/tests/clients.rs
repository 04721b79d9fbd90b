//! Tokens between third-party libraries and authguard, in both directions: jose (npm) and PyJWT.
//!
//! If the libraries cannot be installed, a test says so and checks nothing.

use authguard_wire::script::Script;
use authguard_wire::tokens::*;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use serde_json::{Value, json};

/// The database's verdict on a token of such a library, and on the same token with another
/// signature.
fn judge(client: &mut Client, token: &str) -> (Option<String>, i64, i64) {
    set_token(client, &forged(token));
    let bad = seen(client);
    set_token(client, token);
    let subject = subject(client);
    if subject.is_some() {
        let email = text(client, "select auth.email()");
        assert!(email.is_some_and(|email| !email.is_empty()), "not ASCII");
    }
    (subject, seen(client), bad)
}

fn we_verify(library: &str, cluster: &Cluster, script: &mut Script) {
    let issuer = format!("https://{library}");
    let made = script
        .ask(&json!({"command": "sign", "issuer": issuer, "audience": AUDIENCE, "subject": ADA}));
    let (mut owner, mut client) = (admin(cluster), web(cluster));
    let jwks = made["jwks"].to_string();
    owner
        .execute(
            "select authguard.trust_issuer($1, $2::text::jsonb, array[$3], shares_subjects => true)",
            &[&issuer, &jwks, &AUDIENCE],
        )
        .unwrap();
    let tokens = made["tokens"].as_object().unwrap();
    assert!(tokens.len() >= 6, "{}", library);
    let accepted = (Some(ADA.to_owned()), 3, 0);
    let refused = (None, 0, 0);
    for (algorithm, token) in tokens {
        let verdict = judge(&mut client, token.as_str().unwrap());
        // A token signed with a secret is refused until that secret is trusted.
        let expected = if algorithm == "HS256" {
            &refused
        } else {
            &accepted
        };
        assert_eq!(verdict, *expected, "{} {algorithm}", library);
    }
    let secret = made["secret"].as_str().unwrap();
    owner
        .execute("select authguard.distrust_issuer($1)", &[&issuer])
        .unwrap();
    owner
        .execute(
            "select authguard.trust_secret($1, $2, array[$3], shares_subjects => true)",
            &[&issuer, &secret, &AUDIENCE],
        )
        .unwrap();
    for (algorithm, token) in tokens {
        let verdict = judge(&mut client, token.as_str().unwrap());
        let expected = if algorithm == "HS256" {
            &accepted
        } else {
            &refused
        };
        assert_eq!(verdict, *expected, "{} {algorithm} by a secret", library);
    }
}

fn they_verify(library: &str, cluster: &Cluster, script: &mut Script) {
    let mut owner = admin(cluster);
    let claims = json!({"iss": "authguard", "aud": "authenticated", "sub": ADA, "email": "ä", "exp": 4_102_444_800_i64});
    let mut tokens = Vec::new();
    for algorithm in ["ES256", "ES384", "EdDSA", "RS256"] {
        let token: String = owner
            .query_one(
                "select authguard.sign($2::text::jsonb) from authguard.rotate_signing_key($1)",
                &[&algorithm, &claims.to_string()],
            )
            .unwrap()
            .get(0);
        tokens.push(token);
    }
    let jwks = text(&mut web(cluster), "select auth.jwks()::text").unwrap();
    let jwks: Value = serde_json::from_str(&jwks).unwrap();
    let told = script.ask(&json!({
        "command": "verify", "issuer": "authguard", "audience": "authenticated",
        "jwks": jwks, "tokens": tokens,
    }));
    assert_eq!(told, json!([ADA, ADA, ADA, ADA]), "{}", library);
}

fn exchange(library: &str, script: Option<Script>) {
    if let Some(mut script) = script {
        let cluster = server(Config::default());
        we_verify(library, &cluster, &mut script);
        they_verify(library, &cluster, &mut script);
    }
}

#[test]
fn jose_and_we_understand_each_other() {
    let source = include_str!("../clients/jose.mjs");
    exchange("jose", Script::node("jose.mjs", source, &[]));
}

#[test]
fn pyjwt_and_we_understand_each_other() {
    let source = include_str!("../clients/pyjwt.py");
    exchange("pyjwt", Script::python("pyjwt_tokens.py", source, &[]));
}
