//! The rules of a login by token: the document that says who may log in, and each reason to refuse
//! a token.

use authguard_token::{
    Algorithm, LoginAttempt, LoginIssuers, LoginRejected, MAX_LOGIN_FILE_BYTES, SigningKey,
    TokenError,
};
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_100;

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::EdDSA).unwrap()
}

fn jwk(key: &SigningKey, kid: &str) -> Value {
    let mut jwk: Value = serde_json::from_str(&key.public().to_jwk().unwrap()).unwrap();
    jwk["kid"] = json!(kid);
    jwk
}

/// One issuer, whose tokens may log in as `web`.
fn issuer(key: &SigningKey) -> Value {
    json!({
        "issuer": "https://a", "audience": ["db"], "jwks": {"keys": [jwk(key, "k")]},
        "login_roles": {"web": {}},
    })
}

fn parse(issuers: &[Value]) -> Result<LoginIssuers, String> {
    let document = json!({ "issuers": issuers }).to_string();
    LoginIssuers::parse(&document).map_err(|error| error.to_string())
}

fn claims() -> Value {
    json!({"iss": "https://a", "aud": "db", "sub": "ada", "iat": NOW - 60, "exp": NOW + 600})
}

fn with(more: Value) -> Value {
    let mut claims = claims();
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn attempt(role: &str) -> LoginAttempt<'_> {
    LoginAttempt {
        role,
        now: NOW * 1_000_000,
        leeway: 0,
        max_bytes: 8192,
    }
}

fn login(issuer: &Value, token: &str, role: &str) -> Result<String, LoginRejected> {
    parse(std::slice::from_ref(issuer))
        .unwrap()
        .verify(token, attempt(role))
}

fn signed(key: &SigningKey, claims: &Value) -> String {
    key.sign(&claims.to_string(), "k").unwrap()
}

#[test]
fn a_good_token_proves_its_subject_and_logs_in_as_a_listed_role_only() {
    let key = key();
    let token = signed(&key, &claims());
    assert_eq!(login(&issuer(&key), &token, "web"), Ok("ada".to_owned()));
    for role in ["postgres", "Web", "web ", "", "ada"] {
        assert_eq!(
            login(&issuer(&key), &token, role),
            Err(LoginRejected::Role),
            "{role:?}"
        );
    }
}

#[test]
fn what_a_token_of_the_tables_must_be_a_token_that_logs_in_must_be() {
    let key = key();
    let refused = |more: Value| login(&issuer(&key), &signed(&key, &with(more)), "web");
    use LoginRejected::{Token, UnknownIssuer};
    for (more, cause) in [
        (json!({"iss": "https://b"}), UnknownIssuer),
        (json!({"iss": null}), UnknownIssuer),
        (json!({"iss": "https://a/"}), UnknownIssuer),
        (json!({"aud": "api"}), Token(TokenError::Audience)),
        (json!({"aud": null}), Token(TokenError::Missing("aud"))),
        (json!({"aud": {"db": 1}}), Token(TokenError::AudienceType)),
        (json!({"exp": NOW}), Token(TokenError::Expired)),
        (json!({"exp": null}), Token(TokenError::Missing("exp"))),
        (json!({"nbf": NOW + 1}), Token(TokenError::NotYetValid)),
        (json!({"iat": NOW + 1}), Token(TokenError::IssuedInFuture)),
        (json!({"sub": null}), Token(TokenError::Missing("sub"))),
    ] {
        assert_eq!(refused(more.clone()), Err(cause), "{more}");
    }
    let token = signed(&key, &claims());
    let another = self::key();
    let cut = &token[..token.len() - 4];
    for (text, cause) in [
        ("", TokenError::NotThreeParts),
        (&signed(&another, &claims()), TokenError::Signature),
        (&format!("{cut}AAAA"), TokenError::Signature),
    ] {
        assert_eq!(login(&issuer(&key), text, "web"), Err(Token(cause)));
    }
    let short = LoginAttempt {
        max_bytes: token.len() - 1,
        ..attempt("web")
    };
    let known = parse(&[issuer(&key)]).unwrap();
    assert_eq!(known.verify(&token, short), Err(Token(TokenError::TooLong)));
    let late = LoginAttempt {
        now: (NOW + 610) * 1_000_000,
        ..attempt("web")
    };
    assert_eq!(known.verify(&token, late), Err(Token(TokenError::Expired)));
    assert!(
        known
            .verify(&token, LoginAttempt { leeway: 30, ..late })
            .is_ok()
    );
}

#[test]
fn types_clients_and_the_lifetime_are_those_of_the_document() {
    let key = key();
    let mut strict = issuer(&key);
    strict["types"] = json!(["at+jwt"]);
    let token = signed(&key, &claims());
    use LoginRejected::Token;
    assert_eq!(login(&strict, &token, "web"), Err(Token(TokenError::Type)));
    let mut short = issuer(&key);
    short["max_lifetime"] = json!(600);
    let refused = Err(Token(TokenError::LifetimeTooLong));
    assert_eq!(login(&short, &token, "web"), refused);
    short["max_lifetime"] = json!(660);
    assert!(login(&short, &token, "web").is_ok());
    let mut client = issuer(&key);
    client["audience"] = json!([]);
    client["client_ids"] = json!(["psql"]);
    assert_eq!(
        login(&client, &token, "web"),
        Err(Token(TokenError::Client))
    );
    let of_client = signed(&key, &with(json!({"azp": "psql"})));
    assert!(login(&client, &of_client, "web").is_ok());
}

#[test]
fn a_key_is_chosen_by_its_name_and_never_by_another_issuer() {
    let (one, two) = (key(), key());
    let mut both = issuer(&one);
    both["jwks"] = json!({"keys": [jwk(&one, "k"), jwk(&two, "other")]});
    let token = |key: &SigningKey, kid| key.sign(&claims().to_string(), kid).unwrap();
    assert!(login(&both, &token(&one, "k"), "web").is_ok());
    assert!(login(&both, &token(&two, "other"), "web").is_ok());
    let forged = Err(LoginRejected::Token(TokenError::Signature));
    assert_eq!(login(&both, &token(&two, "k"), "web"), forged);
    let unknown = Err(LoginRejected::UnknownKey);
    assert_eq!(login(&both, &token(&one, "third"), "web"), unknown);
    let mut elsewhere = issuer(&two);
    elsewhere["issuer"] = json!("https://b");
    let known = parse(&[issuer(&one), elsewhere]).unwrap();
    assert_eq!(known.verify(&token(&two, "k"), attempt("web")), forged);
}

#[test]
fn scopes_are_all_needed() {
    let key = key();
    let mut scoped = issuer(&key);
    scoped["scopes"] = json!(["db", "db:login"]);
    for scope in [
        json!(null),
        json!("db"),
        json!("db:login dbx"),
        json!("xdb db:login"),
    ] {
        let token = signed(&key, &with(json!({ "scope": scope })));
        assert_eq!(login(&scoped, &token, "web"), Err(LoginRejected::Scope));
    }
    let token = signed(&key, &with(json!({"scp": ["db:login", "db"]})));
    assert!(login(&scoped, &token, "web").is_ok());
}

#[test]
fn the_identity_is_a_printable_string_and_an_email_must_be_verified() {
    let key = key();
    let mut named = issuer(&key);
    named["authn_id"] = json!("/user/name~1x");
    let identity = |issuer: &Value, more| login(issuer, &signed(&key, &with(more)), "web");
    let none = Err(LoginRejected::Identity);
    let good = json!({"user": {"name/x": "ada@example.com"}});
    assert_eq!(identity(&named, good), Ok("ada@example.com".to_owned()));
    for name in [
        json!(null),
        json!(7),
        json!(""),
        json!(["ada"]),
        json!("a\nb"),
        json!("é"),
        json!("a".repeat(1025)),
    ] {
        let more = json!({"user": {"name/x": name}});
        assert_eq!(identity(&named, more), none, "{name}");
    }
    assert_eq!(identity(&named, json!({"user": "name"})), none);
    for place in ["email", "/email"] {
        let mut mail = issuer(&key);
        mail["authn_id"] = json!(place);
        for verified in [json!(null), json!(false), json!("true"), json!(1)] {
            let more = json!({"email": "a@example.com", "email_verified": verified});
            assert_eq!(identity(&mail, more), none, "{verified}");
        }
        let more = json!({"email": "a@example.com", "email_verified": true});
        assert_eq!(identity(&mail, more), Ok("a@example.com".to_owned()));
    }
}

#[test]
fn a_role_may_need_claims() {
    let key = key();
    let mut mapped = issuer(&key);
    mapped["login_roles"] = json!({
        "web": {},
        "analyst": {"/realm_access/roles": ["analyst", "admin"], "tenant": "one"},
    });
    let may = |more: Value| login(&mapped, &signed(&key, &with(more)), "analyst").is_ok();
    assert!(may(
        json!({"tenant": "one", "realm_access": {"roles": ["x", "admin"]}})
    ));
    assert!(may(
        json!({"tenant": ["one"], "realm_access": {"roles": "analyst"}})
    ));
    for more in [
        json!({}),
        json!({"tenant": "one"}),
        json!({"tenant": "two", "realm_access": {"roles": ["analyst"]}}),
        json!({"tenant": "one", "realm_access": {"roles": ["analysts"]}}),
        json!({"tenant": "one", "realm_access": ["analyst"]}),
        json!({"tenant": "one", "/realm_access/roles": "analyst"}),
        json!({"tenant": {"one": 1}, "realm_access": {"roles": ["analyst"]}}),
    ] {
        assert!(!may(more.clone()), "{more}");
    }
    assert!(login(&mapped, &signed(&key, &claims()), "web").is_ok());
}

#[test]
fn a_document_with_a_fault_is_refused_as_a_whole() {
    let key = key();
    let problem = |name: &str, value: Value| {
        let mut wrong = issuer(&key);
        wrong[name] = value;
        parse(&[issuer(&key), wrong]).unwrap_err()
    };
    let private = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}]});
    let names: Vec<_> = (0..33).map(|n| n.to_string()).collect();
    for (name, value, says) in [
        ("issuer", json!(""), "issuer 2: \"issuer\" must be"),
        (
            "issuer",
            json!("a".repeat(1025)),
            "issuer 2: \"issuer\" must be",
        ),
        ("issuer", json!("https://a"), "each with another \"issuer\""),
        (
            "audience",
            json!([]),
            "issuer 2: \"audience\" must be there",
        ),
        (
            "audience",
            json!("db"),
            "issuer 2: \"audience\" must be an array",
        ),
        (
            "audience",
            json!([""]),
            "issuer 2: \"audience\" must be an array",
        ),
        (
            "audience",
            json!(names),
            "issuer 2: \"audience\" must be an array",
        ),
        (
            "client_ids",
            json!([7]),
            "issuer 2: \"client_ids\" must be an array",
        ),
        ("types", json!([]), "issuer 2: \"types\" must be absent"),
        (
            "max_lifetime",
            json!(0),
            "issuer 2: \"max_lifetime\" must be",
        ),
        (
            "max_lifetime",
            json!("1 hour"),
            "issuer 2: \"max_lifetime\" must be",
        ),
        (
            "max_lifetime",
            json!(1.5),
            "issuer 2: \"max_lifetime\" must be",
        ),
        ("jwks", json!({"keys": []}), "issuer 2: \"jwks\": "),
        (
            "jwks",
            json!("https://a/jwks"),
            "issuer 2: \"jwks\" must be a JWK set",
        ),
        ("jwks", private, "issuer 2: \"jwks\": "),
        ("authn_id", json!(""), "issuer 2: \"authn_id\" must be"),
        (
            "scopes",
            json!("db"),
            "issuer 2: \"scopes\" must be an array",
        ),
        (
            "login_roles",
            json!({}),
            "issuer 2: \"login_roles\" must be",
        ),
        (
            "login_roles",
            json!(["web"]),
            "issuer 2: \"login_roles\" must be",
        ),
        (
            "login_roles",
            json!({"": {}}),
            "issuer 2: \"login_roles\" must be",
        ),
        (
            "login_roles",
            json!({"web": true}),
            "issuer 2: \"login_roles\" must be",
        ),
        (
            "login_roles",
            json!({"web": {"a": []}}),
            "issuer 2: \"login_roles\" must be",
        ),
        (
            "login_roles",
            json!({"web": {"a": ""}}),
            "issuer 2: \"login_roles\" must be",
        ),
        (
            "login_roles",
            json!({"web": {"": "a"}}),
            "issuer 2: \"login_roles\" must be",
        ),
        (
            "client_id",
            json!(["psql"]),
            "issuer 2: unknown member \"client_id\"",
        ),
    ] {
        let told = match name == "issuer" && value == "https://a" {
            true => problem("issuer", value.clone()),
            false => {
                let mut wrong = issuer(&key);
                wrong["issuer"] = json!("https://b");
                wrong[name] = value.clone();
                parse(&[issuer(&key), wrong]).unwrap_err()
            }
        };
        assert!(told.contains(says), "{name} {value}: {told}");
        assert!(!told.contains("nWGxne"), "no key: {told}");
    }
    for (document, says) in [
        ("", "not a JSON object"),
        ("[]", "not a JSON object"),
        (r#"{"issuers": 1}"#, "\"issuers\" must be"),
        (r#"{"issuers": []}"#, "\"issuers\" must be"),
        (r#"{"issuers": [1]}"#, "\"issuers\" must be"),
        (r#"{"issuer": []}"#, "unknown member \"issuer\""),
        (r#"{"issuers": [], "issuers": []}"#, "a key occurs twice"),
        (
            &" ".repeat(MAX_LOGIN_FILE_BYTES + 1),
            "more than 1048576 bytes",
        ),
    ] {
        let told = LoginIssuers::parse(document).unwrap_err().to_string();
        assert!(told.contains(says), "{told}");
    }
    let many: Vec<_> = (0..33)
        .map(|n| {
            let mut one = issuer(&key);
            one["issuer"] = json!(format!("https://{n}"));
            one
        })
        .collect();
    assert!(parse(&many).unwrap_err().contains("1 to 32"));
    assert!(parse(&many[..32]).is_ok());
}
