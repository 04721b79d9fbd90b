//! Where issuers keep what the readers return: paths, errors, and the tokens of ten providers. The
//! tokens are made after the pages that `presets.rs` cites.

use authguard_token::{
    ClaimName, ClaimNames, ClaimNamesError, Claims, ClaimsError, JsonError, MAX_PATH_BYTES,
    MAX_PATHS, Preset,
};
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000;

/// The claims, read by a preset and an object of names; `""` and `null` are none.
fn read(preset: &str, names: Value, claims: &Value) -> Claims {
    let names = (!names.is_null()).then(|| names.to_string());
    let names = ClaimNames::new(Some(preset), names.as_deref()).unwrap();
    let text = claims.to_string();
    let object = authguard_token::Object::parse(&text).unwrap();
    let claims = Claims::read(&object, names.as_ref()).unwrap();
    // A text that only jsonb accepts is read by the same names.
    let loose = format!(
        "{},\"user_metadata\":1e400}}",
        text.strip_suffix('}').unwrap()
    );
    let loose = Claims::read_jsonb_text(loose.as_bytes(), names.as_ref(), |part| {
        std::str::from_utf8(part).ok().map(Into::into)
    });
    assert!(loose == Ok(claims.clone()), "{text}");
    claims
}

fn refused(names: &str) -> ClaimNamesError {
    ClaimNames::new(None, Some(names)).unwrap_err()
}

fn texts<const N: usize>(all: [&str; N]) -> Option<Vec<String>> {
    Some(all.map(str::to_owned).to_vec())
}

/// What the readers return, in the order of the preset's test.
#[derive(Default)]
struct Expected {
    sid: Option<&'static str>,
    client: Option<&'static str>,
    role: Option<&'static str>,
    org_id: Option<&'static str>,
    org_role: Option<&'static str>,
    roles: Option<Vec<String>>,
    scopes: &'static [&'static str],
    permissions: &'static [&'static str],
    authenticated_at: Option<i64>,
}

fn check(preset: &str, claims: Value, expected: &Expected) -> Claims {
    let claims = read(preset, Value::Null, &claims);
    assert_eq!(claims.session.as_deref(), expected.sid, "{preset}: sid");
    assert_eq!(
        claims.client.as_deref(),
        expected.client,
        "{preset}: client"
    );
    assert_eq!(claims.role.as_deref(), expected.role, "{preset}: role");
    assert_eq!(
        claims.org_id.as_deref(),
        expected.org_id,
        "{preset}: org_id"
    );
    let org_role = claims.org_role.as_deref();
    assert_eq!(org_role, expected.org_role, "{preset}: org_role");
    assert_eq!(claims.roles, expected.roles, "{preset}: roles");
    for scope in expected.scopes {
        assert!(claims.has_scope(scope), "{preset}: {scope}");
    }
    assert!(!claims.has_scope("absent"));
    for permission in expected.permissions {
        assert!(claims.has_permission(permission), "{preset}: {permission}");
    }
    assert!(!claims.has_permission("absent"));
    for role in expected.roles.iter().flatten() {
        assert!(claims.has_role(role), "{preset}: {role}");
    }
    assert!(!claims.has_role("absent") && !claims.has_role(""));
    let at = claims.authenticated_at.map(|at| at / 1_000_000);
    assert_eq!(at, expected.authenticated_at, "{preset}: authenticated_at");
    claims
}

/// Supabase: <https://supabase.com/docs/guides/auth/jwt-fields>.
#[test]
fn supabase() {
    let claims = check(
        "supabase",
        json!({
            "iss": "https://project.supabase.example/auth/v1", "aud": "authenticated",
            "exp": NOW + 3600, "iat": NOW, "sub": "123e4567-e89b-12d3-a456-426614174000",
            "role": "authenticated", "aal": "aal1", "email": "user@example.com", "phone": "",
            "session_id": "7c3b1f6a-4b57-4d5e-9a55-0f2a4d6c8e10", "is_anonymous": false,
            "client_id": "9a8b7c6d-1f2e-4d3c-8b7a-6f5e4d3c2b1a", "user_role": "moderator",
            "app_metadata": {
                "provider": "email", "org_id": "org-1", "org_role": "owner", "roles": ["editor"],
                "permissions": ["notes.write"],
            },
            "user_metadata": {"roles": ["admin"], "org_id": "org-2"},
            "amr": [{"method": "password", "timestamp": NOW - 60}],
        }),
        &Expected {
            sid: Some("7c3b1f6a-4b57-4d5e-9a55-0f2a4d6c8e10"),
            client: Some("9a8b7c6d-1f2e-4d3c-8b7a-6f5e4d3c2b1a"),
            role: Some("authenticated"),
            org_id: Some("org-1"),
            org_role: Some("owner"),
            roles: texts(["editor", "moderator"]),
            permissions: &["notes.write"],
            authenticated_at: Some(NOW - 60),
            ..Expected::default()
        },
    );
    assert!(claims.session_id.is_some());
}

/// Keycloak:
/// <https://www.keycloak.org/docs/latest/server_admin/index.html#_mapping_organization_claims_>.
#[test]
fn keycloak() {
    let mut token = json!({
        "exp": NOW + 300, "iat": NOW, "auth_time": NOW - 5, "jti": "onrtac:6f1c9a",
        "iss": "https://id.example/realms/acme", "aud": "account", "typ": "Bearer",
        "sub": "f1c4f64e-2c0c-4cda-8c9f-9f3f8f3a2b0e", "azp": "notes-web",
        "sid": "4c0a3a8a-3a47-4f2f-8e89-9e5f9b0a0a0a", "acr": "1",
        "realm_access": {"roles": ["default-roles-acme", "offline_access", "editor"]},
        "resource_access": {"notes-api": {"roles": ["write"]}, "account": {"roles": ["view"]}},
        "scope": "openid profile email organization", "organization": ["testcorp"],
    });
    let expected = Expected {
        sid: Some("4c0a3a8a-3a47-4f2f-8e89-9e5f9b0a0a0a"),
        client: Some("notes-web"),
        org_id: Some("testcorp"),
        roles: texts(["default-roles-acme", "offline_access", "editor"]),
        scopes: &["openid", "organization"],
        authenticated_at: Some(NOW - 5),
        ..Expected::default()
    };
    check("keycloak", token.clone(), &expected);
    // With the mapper's options on, it is an object, and its key is the alias all the same.
    token["organization"] = json!({"testcorp": {"id": "42c3e46f-2477-44d7-a85b-d3b43f6b31fa"}});
    check("keycloak", token.clone(), &expected);
    // With `organization:*` there may be several, and none is the one.
    for several in [
        json!(["a", "b"]),
        json!({"a": {}, "b": {}}),
        json!({}),
        json!([]),
    ] {
        token["organization"] = several;
        assert_eq!(read("keycloak", Value::Null, &token).org_id, None);
    }
    let names = json!({"roles": ["/realm_access/roles", "/resource_access/notes-api/roles"]});
    let claims = read("keycloak", names, &token);
    assert!(claims.has_role("editor") && claims.has_role("write") && !claims.has_role("view"));
}

/// Auth0: <https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles>.
#[test]
fn auth0() {
    let mut token = json!({
        "iss": "https://tenant.auth0.example/", "sub": "auth0|123456",
        "aud": ["https://example.com/health-api", "https://tenant.auth0.example/userinfo"],
        "azp": "my_client_id", "exp": NOW + 3600, "iat": NOW,
        "scope": "openid profile read:patients", "org_id": "org_9ybsU1dN2dKfDkBi",
        "permissions": ["read:patients", "read:admin"],
        "https://example.com/roles": ["marketplace-administrator"],
    });
    let expected = Expected {
        client: Some("my_client_id"),
        org_id: Some("org_9ybsU1dN2dKfDkBi"),
        scopes: &["openid", "read:patients"],
        permissions: &["read:patients", "read:admin"],
        ..Expected::default()
    };
    check("auth0", token.clone(), &expected);
    // The profile of RFC 9068.
    token.as_object_mut().unwrap().remove("azp");
    token["client_id"] = json!("my_client_id");
    check("auth0", token.clone(), &expected);
    for path in ["https://example.com/roles", "/https:~1~1example.com~1roles"] {
        let claims = read("auth0", json!({"roles": path}), &token);
        assert_eq!(claims.roles, texts(["marketplace-administrator"]), "{path}");
    }
}

/// Clerk: <https://clerk.com/docs/guides/sessions/session-tokens>, version 2.
#[test]
fn clerk() {
    let mut token = json!({
        "azp": "https://example.com", "exp": NOW + 60, "fva": [7, -1], "iat": NOW,
        "iss": "https://clerk.example.com", "jti": "1234567890", "nbf": NOW - 10,
        "sid": "sess_123", "sub": "user_123", "v": 2, "pla": "u:free,o:pro",
        "fea": "o:dashboard,o:teams", "sts": "active",
        "o": {"id": "org_123", "slg": "org-slug", "rol": "admin", "per": "manage,read", "fpm": "3,2"},
    });
    let expected = Expected {
        sid: Some("sess_123"),
        org_id: Some("org_123"),
        org_role: Some("admin"),
        roles: texts(["admin"]),
        permissions: &[
            "org:dashboard:manage",
            "org:dashboard:read",
            "org:teams:read",
        ],
        // Seven minutes, and no more than another one.
        authenticated_at: Some(NOW - 480),
        ..Expected::default()
    };
    let claims = check("clerk", token.clone(), &expected);
    for absent in ["org:teams:manage", "manage", "read", "dashboard"] {
        assert!(!claims.has_permission(absent), "{absent}");
    }
    assert_eq!(claims.session_id, None);
    // A feature of the user takes no place among those of the organization.
    token["fea"] = json!("u:export,uo:dashboard,o:teams");
    let claims = check("clerk", token.clone(), &expected);
    assert!(!claims.has_permission("org:export:read"));

    let permissions = |token: &Value| read("clerk", Value::Null, token).permissions;
    for (name, value) in [
        ("per", Value::Null),
        ("per", json!(["manage"])),
        ("fpm", json!("x,-1")),
        ("fpm", json!(3)),
        ("fpm", json!("99999999999999999999")),
    ] {
        let mut token = token.clone();
        token["o"][name] = value.clone();
        assert_eq!(permissions(&token), None, "{name}: {value}");
    }
    // One with a space in it would be two.
    let mut spaced = token.clone();
    spaced["fea"] = json!("o:dash x,o:teams");
    let claims = read("clerk", Value::Null, &spaced);
    assert!(!claims.has_permission("x:manage") && !claims.has_permission("org:dash"));
    // Sixty-four digits are the most, and so many bytes.
    let many: Vec<_> = (0..2000).map(|number| number.to_string()).collect();
    token["o"]["per"] = json!(many.join(","));
    token["o"]["fpm"] = json!("18446744073709551615,18446744073709551615");
    let of = permissions(&token).unwrap();
    assert_eq!(of.split(' ').count(), 128);
    token["fea"] = json!(vec!["o:a"; 2000].join(","));
    token["o"]["fpm"] = json!(vec!["18446744073709551615"; 2000].join(","));
    assert!(permissions(&token).unwrap().len() < 20_000);
    for (ages, expected) in [
        (json!([0, 12]), Some(NOW - 60)),
        (json!([-1, -1]), None),
        (json!([9, 2]), Some(NOW - 180)),
        (json!("7"), None),
        (json!([i64::MAX]), Some(i64::MIN / 1_000_000)),
    ] {
        token["fva"] = ages.clone();
        let at = read("clerk", Value::Null, &token).authenticated_at;
        let at = at.map(|at| if at < 0 { i64::MIN } else { at } / 1_000_000);
        assert_eq!(at, expected, "{ages}");
    }
}

/// Cognito:
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>.
#[test]
fn cognito() {
    let issuer = "https://cognito-idp.eu-central-1.amazonaws.example/eu-central-1_example";
    let mut token = json!({
        "sub": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "cognito:groups": ["editors", "staff"],
        "iss": issuer, "version": 2, "client_id": "xxxxxxxxxxxxexample",
        "origin_jti": "bbbbbbbb-1111-4222-8333-444444444444", "token_use": "access",
        "event_id": "64f513be-32db-42b0-b78e-b02127b4f463", "scope": "openid phone notes/read",
        "auth_time": NOW - 30, "exp": NOW + 3600, "iat": NOW,
        "jti": "cccccccc-1111-4222-8333-444444444444", "username": "my-test-user",
    });
    let expected = Expected {
        sid: Some("bbbbbbbb-1111-4222-8333-444444444444"),
        client: Some("xxxxxxxxxxxxexample"),
        roles: texts(["editors", "staff"]),
        scopes: &["openid", "notes/read"],
        authenticated_at: Some(NOW - 30),
        ..Expected::default()
    };
    check("cognito", token.clone(), &expected);
    // An ID token.
    token.as_object_mut().unwrap().remove("client_id");
    token.as_object_mut().unwrap().remove("scope");
    token["aud"] = json!("xxxxxxxxxxxxexample");
    let expected = Expected {
        scopes: &[],
        ..expected
    };
    check("cognito", token, &expected);
}

/// Okta: <https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/>.
#[test]
fn okta() {
    check(
        "okta",
        json!({
            "ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
            "iss": "https://acme.okta.example/oauth2/default", "aud": "https://api.example.com",
            "sub": "user@example.com", "iat": NOW, "exp": NOW + 3600, "cid": "nmdP1fcyvdVO11AL7ECm",
            "uid": "00ujmkLgagxeRrAg20g3", "scp": ["openid", "notes:read"], "auth_time": NOW - 9,
            "groups": ["Everyone", "West Coast Admins"],
        }),
        &Expected {
            client: Some("nmdP1fcyvdVO11AL7ECm"),
            roles: texts(["Everyone", "West Coast Admins"]),
            scopes: &["openid", "notes:read"],
            authenticated_at: Some(NOW - 9),
            ..Expected::default()
        },
    );
}

/// Entra:
/// <https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference>.
#[test]
fn entra() {
    let mut token = json!({
        "aud": "00001111-aaaa-2222-bbbb-3333cccc4444", "ver": "2.0",
        "iss": "https://login.microsoftonline.example/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
        "iat": NOW, "nbf": NOW, "exp": NOW + 3600, "aio": "opaque", "azpacr": "0",
        "azp": "11112222-bbbb-3333-cccc-4444dddd5555", "oid": "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb",
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "scp": "Notes.Read Notes.Write",
        "tid": "aaaabbbb-0000-cccc-1111-dddd2222eeee", "roles": ["Notes.Admin"], "uti": "opaque",
        "sid": "00f2a1b3-4c5d-4e6f-8a9b-0c1d2e3f4a5b", "auth_time": NOW - 90,
    });
    let expected = Expected {
        sid: Some("00f2a1b3-4c5d-4e6f-8a9b-0c1d2e3f4a5b"),
        client: Some("11112222-bbbb-3333-cccc-4444dddd5555"),
        org_id: Some("aaaabbbb-0000-cccc-1111-dddd2222eeee"),
        roles: texts(["Notes.Admin"]),
        scopes: &["Notes.Read", "Notes.Write"],
        authenticated_at: Some(NOW - 90),
        ..Expected::default()
    };
    check("entra", token.clone(), &expected);
    // Version 1.0, whose amr has no times.
    token["appid"] = token["azp"].take();
    token["amr"] = json!(["pwd", "mfa"]);
    check("entra", token, &expected);
}

/// Firebase: <https://firebase.google.com/docs/auth/admin/verify-id-tokens>.
#[test]
fn firebase() {
    check(
        "firebase",
        json!({
            "iss": "https://securetoken.google.example/my-project", "aud": "my-project",
            "auth_time": NOW - 120, "user_id": "oX4Lk9b2", "sub": "oX4Lk9b2", "iat": NOW,
            "exp": NOW + 3600, "email": "user@example.com", "email_verified": true,
            "role": "authenticated", "roles": ["editor"], "permissions": ["notes.write"],
            "firebase": {
                "identities": {"email": ["user@example.com"]}, "sign_in_provider": "password",
                "tenant": "acme-1a2b3",
            },
        }),
        &Expected {
            role: Some("authenticated"),
            org_id: Some("acme-1a2b3"),
            roles: texts(["editor"]),
            permissions: &["notes.write"],
            authenticated_at: Some(NOW - 120),
            ..Expected::default()
        },
    );
}

/// WorkOS: <https://workos.com/docs/reference/authkit/session-tokens/access-token>.
#[test]
fn workos() {
    let claims = check(
        "workos",
        json!({
            "iss": "https://api.workos.example", "sub": "user_01HBEQKA6K4QJAS93VPE39W1JT",
            "sid": "session_01HQSXZGF8FHF7A9ZZFCW4387R", "jti": "01HQSXZXPPFPKMDD32RKTFY6PV",
            "org_id": "org_01HRDMC6CM357W30QMHMQ96Q0S", "role": "admin",
            "roles": ["admin", "billing"], "permissions": ["posts:read", "posts:write"],
            "entitlements": ["audit-logs"], "exp": NOW + 300, "iat": NOW,
            "client_id": "client_01HRDMC6CM357W30QMHMQ96Q0S",
        }),
        &Expected {
            sid: Some("session_01HQSXZGF8FHF7A9ZZFCW4387R"),
            client: Some("client_01HRDMC6CM357W30QMHMQ96Q0S"),
            org_id: Some("org_01HRDMC6CM357W30QMHMQ96Q0S"),
            org_role: Some("admin"),
            roles: texts(["admin", "billing"]),
            permissions: &["posts:read", "posts:write"],
            ..Expected::default()
        },
    );
    // It is no role of the database, so no role is asserted.
    assert!(!claims.role_is_malformed && !claims.has_usual_role());
}

/// Neon: <https://neon.com/docs/auth/guides/plugins/jwt>, and Stack Auth:
/// <https://docs.stack-auth.com/docs/concepts/jwt>.
#[test]
fn neon() {
    let stack = json!({
        "sub": "f1c4f64e-2c0c-4cda-8c9f-9f3f8f3a2b0e", "exp": NOW + 600, "iat": NOW,
        "iss": "https://api.stack-auth.example/api/v1/projects/p-1", "aud": "p-1",
        "project_id": "p-1", "branch_id": "main", "role": "authenticated", "name": "User Name",
        "refresh_token_id": "4c0a3a8a-3a47-4f2f-8e89-9e5f9b0a0a0a", "email": "user@example.com",
        "email_verified": true, "selected_team_id": "team-1", "is_anonymous": false,
    });
    check(
        "neon",
        stack,
        &Expected {
            sid: Some("4c0a3a8a-3a47-4f2f-8e89-9e5f9b0a0a0a"),
            role: Some("authenticated"),
            org_id: Some("team-1"),
            ..Expected::default()
        },
    );
    check(
        "neon",
        json!({
            "iat": NOW, "name": "User Name", "email": "user@example.com", "emailVerified": false,
            "image": null, "role": "authenticated", "banned": false, "banReason": null,
            "id": "860dc360-609f-4b7d-9e70-ec93fe6414d3",
            "sub": "860dc360-609f-4b7d-9e70-ec93fe6414d3", "exp": NOW + 900,
            "iss": "https://ep-xx.aws.neon.example", "aud": "https://ep-xx.aws.neon.example",
            "o": {"id": "org-123", "slug": "my-org", "role": "owner"},
        }),
        &Expected {
            role: Some("authenticated"),
            org_id: Some("org-123"),
            org_role: Some("owner"),
            roles: texts(["owner"]),
            ..Expected::default()
        },
    );
}

#[test]
fn without_a_preset_the_names_are_those_of_the_standards() {
    let claims = json!({
        "sid": "s-1", "azp": "app", "role": "member", "org_id": "o-1", "org_role": "owner",
        "roles": ["a", "b", "a", 1, null, ""], "scope": "r w", "permissions": ["p q", "p"],
        "auth_time": NOW,
    });
    let read = |claims: &Value| read("", Value::Null, claims);
    let found = read(&claims);
    assert_eq!(found.session.as_deref(), Some("s-1"));
    assert_eq!(found.client.as_deref(), Some("app"));
    assert_eq!(found.org_id.as_deref(), Some("o-1"));
    assert_eq!(found.org_role.as_deref(), Some("owner"));
    assert_eq!(found.roles, texts(["a", "b"]));
    assert!(found.has_permission("p") && !found.has_permission("q"));
    assert!(found.names.is_none() && found.has_usual_role());
    let both = json!({"session_id": "x", "sid": "y", "client_id": "c", "azp": "a"});
    assert_eq!(read(&both).session.as_deref(), Some("x"));
    assert_eq!(read(&both).client.as_deref(), Some("c"));
    assert_eq!(read(&json!({"roles": []})).roles, texts([]));
    assert_eq!(
        read(&json!({"roles": "admin user"})).roles,
        texts(["admin user"])
    );
}

#[test]
fn a_role_is_where_the_names_say_and_a_string() {
    for (role, expected, is_malformed) in [
        (json!("editor"), Some("editor"), false),
        (json!(null), None, false),
        (json!(["editor"]), None, true),
        (json!({}), None, true),
        (json!(7), None, true),
    ] {
        let claims = json!({"db": {"role": role}, "role": "service_role"});
        let found = read("", json!({"role": "/db/role"}), &claims);
        assert_eq!(found.role.as_deref(), expected, "{role}");
        assert_eq!(found.role_is_malformed, is_malformed, "{role}");
        assert!(!found.has_usual_role());
    }
}

#[test]
fn every_client_that_is_named_can_be_revoked() {
    let keys = |preset: &str, claims: Value| {
        let found = read(preset, Value::Null, &claims);
        found.client_keys().map(String::from).collect::<Vec<_>>()
    };
    for (preset, claims, expected) in [
        ("", json!({"client_id": "a", "azp": "b"}), &["a", "b"][..]),
        ("", json!({"client_id": "a", "azp": "a"}), &["a"]),
        ("", json!({"client_id": 7, "azp": "b"}), &["b"]),
        ("", json!({"client_id": "", "azp": ["b"]}), &[]),
        (
            "",
            json!({"client_id": "x".repeat(1025), "azp": "b"}),
            &["b"],
        ),
        (
            "keycloak",
            json!({"client_id": "a", "azp": "b"}),
            &["b", "a"],
        ),
        ("okta", json!({"client_id": "a", "cid": "b"}), &["b"]),
        ("entra", json!({"appid": "a", "azp": "b"}), &["b", "a"]),
    ] {
        assert_eq!(keys(preset, claims.clone()), expected, "{preset}: {claims}");
    }
    // A UUID has one spelling, and any other name is its own.
    let usual = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    for (name, key) in [
        ("{A0EEBC999C0B4EF8BB6D6BB9BD380A11}", usual),
        ("App", "App"),
    ] {
        let found = read("", Value::Null, &json!({"sid": name, "azp": name}));
        assert_eq!(found.session.as_deref(), Some(name));
        assert_eq!(found.session_key().as_deref(), Some(key));
        assert_eq!(found.client_keys().next().as_deref(), Some(key));
    }
}

#[test]
fn an_unknown_shape_is_absent_and_never_an_error() {
    let shapes = [
        json!(null),
        json!(true),
        json!(7),
        json!(1.5),
        json!({}),
        json!([]),
        json!([[]]),
        json!([7]),
        json!({"a": 1, "b": 2}),
        json!([{"a": "x"}]),
        json!(""),
    ];
    for name in [
        "session_id",
        "sid",
        "client_id",
        "azp",
        "org_id",
        "org_role",
        "roles",
        "scope",
        "permissions",
    ] {
        for shape in &shapes {
            let found = read("", Value::Null, &json!({name: shape}));
            let scalar = [
                &found.session,
                &found.client,
                &found.org_id,
                &found.org_role,
            ];
            assert!(scalar.into_iter().all(Option::is_none), "{name}: {shape}");
            assert!(found.roles.iter().flatten().count() == 0, "{name}: {shape}");
            assert!(
                !found.has_scope("x") && !found.has_permission("x"),
                "{name}: {shape}"
            );
        }
    }
    // The next path has it.
    let found = read("", Value::Null, &json!({"session_id": 7, "sid": "s"}));
    assert_eq!(found.session.as_deref(), Some("s"));
    for preset in Preset::ALL {
        for shape in &shapes {
            let names = [
                "o",
                "fea",
                "fva",
                "realm_access",
                "organization",
                "app_metadata",
                "firebase",
            ];
            let claims: serde_json::Map<_, _> = names
                .into_iter()
                .filter(|name| *name != "app_metadata" || shape.is_object())
                .map(|name| (name.to_owned(), shape.clone()))
                .collect();
            let found = read(preset.as_str(), Value::Null, &Value::Object(claims));
            assert_eq!(found.session, None);
            assert_eq!(found.permissions, None);
            assert_eq!(found.authenticated_at, None);
        }
    }
}

#[test]
fn a_path_is_a_claim_or_a_json_pointer() {
    let claims = json!({
        "a.b": "dots", "a": {"b": "deep", "": "empty", "x/y": "slash", "x~y": "tilde", "~1": "both"},
        "": {"": "nameless"}, "list": ["zero", {"one": "found"}], "/a/b": "never",
    });
    for (path, expected) in [
        ("a.b", Some("dots")),
        ("/a.b", Some("dots")),
        ("/a/b", Some("deep")),
        ("/a/", Some("empty")),
        ("/a/x~1y", Some("slash")),
        ("/a/x~0y", Some("tilde")),
        ("/a/~01", Some("both")),
        ("//", Some("nameless")),
        ("/list/0", Some("zero")),
        ("/list/1/one", Some("found")),
        ("/list/00", None),
        ("/list/01", None),
        ("/list/+0", None),
        ("/list/2", None),
        ("/list/-", None),
        ("/a/c", None),
        ("/a.b/c", None),
        ("~0", None),
    ] {
        let found = read("", json!({"session": path}), &claims);
        assert_eq!(found.session.as_deref(), expected, "{path}");
    }
    let several = json!({"session": ["/a/c", "/list/0", "/a/b"]});
    assert_eq!(read("", several, &claims).session.as_deref(), Some("zero"));
    assert_eq!(
        read("", json!({"session": []}), &json!({"sid": "x"})).session,
        None
    );
}

#[test]
fn names_that_are_none_are_errors_that_list_those_known() {
    assert_eq!(refused("[]"), ClaimNamesError::Json(JsonError::NotAnObject));
    assert_eq!(
        refused(r#"{"roles":"a","roles":"b"}"#),
        ClaimNamesError::Json(JsonError::DuplicateKey)
    );
    let unknown = refused(r#"{"role":"r","scope":"scp"}"#);
    assert_eq!(unknown, ClaimNamesError::Unknown("scope".to_owned()));
    for name in ClaimName::ALL {
        assert!(unknown.hint().contains(name.as_str()), "{name:?}");
    }
    // In an object that a preset is beside, it would count in one place and not in another.
    for preset in [None, Some("okta")] {
        let within = ClaimNames::new(preset, Some(r#"{"preset":"keycloak"}"#)).unwrap_err();
        assert_eq!(within, ClaimNamesError::PresetWithin);
        assert!(within.hint().contains("preset =>"));
    }
    let preset = ClaimNames::new(Some("Keycloak"), None).unwrap_err();
    assert_eq!(preset, ClaimNamesError::Preset("Keycloak".to_owned()));
    for known in Preset::ALL {
        assert!(preset.hint().contains(known.as_str()), "{known:?}");
    }
    for path in [
        "7",
        "null",
        "true",
        "{}",
        "[7]",
        "[[\"a\"]]",
        "\"\"",
        "[\"\"]",
        "\"/a~2\"",
        "\"/a~\"",
        "\"/~\"",
    ] {
        let text = format!(r#"{{"roles":{path}}}"#);
        assert_eq!(
            refused(&text),
            ClaimNamesError::NoPath(ClaimName::Roles),
            "{path}"
        );
    }
    let long = "x".repeat(MAX_PATH_BYTES + 1);
    let text = json!({"roles": long}).to_string();
    assert_eq!(refused(&text), ClaimNamesError::NoPath(ClaimName::Roles));
    let many = json!({"roles": vec!["x"; MAX_PATHS + 1]}).to_string();
    assert_eq!(refused(&many), ClaimNamesError::TooMany(ClaimName::Roles));
    let unknown = ClaimNamesError::Unknown("x".repeat(1000)).to_string();
    assert!(unknown.len() < 100, "{unknown}");
}

#[test]
fn names_are_one_text_with_or_without_a_preset() {
    for (text, preset, object) in [
        ("keycloak", Some("keycloak"), None),
        (" keycloak\n", Some("keycloak"), Some("{}")),
        (
            r#"{"preset":"okta","roles":"/x/y"}"#,
            Some("okta"),
            Some(r#"{"roles":"/x/y"}"#),
        ),
        (
            r#"{"client":["cid","azp"]}"#,
            None,
            Some(r#"{"client":["cid","azp"]}"#),
        ),
        ("", None, None),
        ("{}", Some(""), Some("{}")),
    ] {
        let names = ClaimNames::parse(text).unwrap();
        assert_eq!(names, ClaimNames::new(preset, object).unwrap(), "{text}");
        let again = names.as_ref().map_or("", |names| names.as_text());
        assert_eq!(ClaimNames::parse(again).unwrap(), names, "{text}");
    }
    for wrong in [
        "key cloak",
        "[]",
        "7",
        "{",
        r#"{"preset":7}"#,
        r#"{"preset":"x"}"#,
    ] {
        assert!(ClaimNames::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_places_that_identify_stay_strict_in_a_text_that_only_jsonb_accepts() {
    let names = json!({
        "session": "/s/id", "client": "c", "role": "r", "authenticated_at": "t", "org_id": "o",
    })
    .to_string();
    let names = ClaimNames::new(None, Some(&names)).unwrap();
    let loose = |text: &str| {
        Claims::read_jsonb_text(text.as_bytes(), names.as_ref(), |part| {
            std::str::from_utf8(part).ok().map(Into::into)
        })
    };
    let twice = Some(ClaimsError::Json(JsonError::DuplicateKey));
    assert_eq!(loose(r#"{"s":{"id":"a"},"s":{"id":"b"}}"#).err(), twice);
    assert_eq!(loose(r#"{"c":"a","\u0063":"b"}"#).err(), twice);
    assert!(loose(r#"{"s":{"id":"a","x":1e400}}"#).is_err());
    assert_eq!(loose(r#"{"r":"a","r":"b"}"#).err(), twice);
    assert_eq!(loose(r#"{"t":1,"t":2}"#).err(), twice);
    // What is found elsewhere no longer identifies.
    assert_eq!(loose(r#"{"sid":"a","sid":"b"}"#).unwrap().session, None);
    let last = loose(r#"{"o":"a","o":"b","s":{"id":"x"}}"#).unwrap();
    assert_eq!(last.org_id.as_deref(), Some("b"));
    assert_eq!(last.session.as_deref(), Some("x"));
    assert_eq!(loose(r#"{"o":1e400}"#).unwrap().org_id, None);
}
