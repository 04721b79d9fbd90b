//! The examples of the specifications, as they are written there. They are received a minute after
//! they were issued, for the audience that they name.

use authguard_token::{EventAction, EventPolicy, ReceivedEvent, WIDER_THAN_SUBJECT};
use serde_json::{Value, json};

use crate::support::{BACKCHANNEL, CAEP, LOGOUT, RISC, SECEVENT, one, summary, verify_by};

fn received_by(typ: &str, example: &Value) -> ReceivedEvent {
    let audience = match &example["aud"] {
        Value::Array(all) => all[0].as_str(),
        one => one.as_str(),
    };
    let policy = EventPolicy {
        issuer: example["iss"].as_str().unwrap().to_owned(),
        audience: vec![audience.unwrap().to_owned()],
        emails: false,
        forgotten_until: i64::MIN,
        leeway: 0,
    };
    let now = (example["iat"].as_i64().unwrap() + 60) * 1_000_000;
    one(verify_by(&policy, typ, example, now))
}

fn received(example: &Value) -> ReceivedEvent {
    received_by(SECEVENT, example)
}

/// OpenID Connect Back-Channel Logout 1.0 section 2.4, and RFC 8417 section 2.1.2, which has it
/// without `exp`.
#[test]
fn back_channel_logout() {
    let mut example = json!({
        "iss": "https://server.example.com",
        "sub": "248289761001",
        "aud": "s6BhdRkqt3",
        "iat": 1_471_566_154,
        "exp": 1_471_569_754,
        "jti": "bWJq",
        "sid": "08a5019c-17e1-4977-8f42-65a12843ea02",
        "events": {BACKCHANNEL: {}}
    });
    let of_session = (
        EventAction::SessionEnded,
        Some("248289761001"),
        Some("08a5019c-17e1-4977-8f42-65a12843ea02"),
    );
    assert_eq!(summary(&received_by(LOGOUT, &example)), of_session);
    example.as_object_mut().unwrap().remove("exp");
    assert_eq!(summary(&received_by(LOGOUT, &example)), of_session);
    assert_eq!(summary(&received_by(SECEVENT, &example)), of_session);
    example.as_object_mut().unwrap().remove("sid");
    let logout = received_by(LOGOUT, &example);
    assert_eq!(
        summary(&logout),
        (EventAction::UserSignedOut, Some("248289761001"), None)
    );
    assert_eq!(logout.happened_at, 1_471_566_154_000_000);
}

/// RFC 8417 sections 2.1.1 and 2.1.3: events of others.
#[test]
fn events_that_are_not_known() {
    let created = "urn:ietf:params:scim:event:create";
    let example = json!({
        "iss": "https://scim.example.com",
        "iat": 1_458_496_404,
        "jti": "4d3559ec67504aaba65d40b0363faad8",
        "aud": [
            "https://scim.example.com/Feeds/98d52461fa5bbc879593b7754",
            "https://scim.example.com/Feeds/5d7604516b1d08641d7676ee7"
        ],
        "events": {
            created: {
                "ref": "https://scim.example.com/Users/44f6142df96bd6ab61e7521d9",
                "attributes": ["id", "name", "userName", "password", "emails"]
            }
        }
    });
    let event = received(&example);
    assert_eq!(summary(&event), (EventAction::Ignored, None, None));
    assert_eq!(event.name, created);
    assert_eq!(event.detail.as_deref(), Some("the event is not known"));

    let example = json!({
        "iss": "https://my.med.example.org",
        "iat": 1_458_496_025,
        "jti": "fb4e75b5411e4e19b6c0fe87950f7749",
        "aud": ["https://rp.example.com"],
        "events": {
            "https://openid.net/heart/specs/consent.html": {
                "iss": "https://connect.example.com",
                "sub": "248289761001",
                "consentUri": ["https://terms.med.example.org/labdisclosure.html#Agree"]
            }
        }
    });
    assert_eq!(received(&example).action, EventAction::Ignored);
}

/// RFC 8417 section 2.1.4: RISC as it was in 2018, and as Google still sends it.
#[test]
fn an_account_is_disabled_as_google_says_it() {
    let disabled = format!("{RISC}account-disabled");
    let example = json!({
        "iss": "https://idp.example.com/",
        "jti": "756E69717565206964656E746966696572",
        "iat": 1_508_184_845,
        "aud": "636C69656E745F6964",
        "events": {
            disabled: {
                "subject": {
                    "subject_type": "iss-sub",
                    "iss": "https://idp.example.com/",
                    "sub": "7375626A656374"
                },
                "reason": "hijacking"
            }
        }
    });
    assert_eq!(
        summary(&received(&example)),
        (EventAction::UserBlocked, Some("7375626A656374"), None)
    );
}

/// RISC 1.0 sections 2.1 to 2.7: what all events of accounts look like.
#[test]
fn events_of_risc() {
    for (name, event, action) in [
        (
            "account-credential-change-required",
            json!({}),
            EventAction::UserBlocked,
        ),
        ("account-purged", json!({}), EventAction::UserBlocked),
        (
            "account-disabled",
            json!({"reason": "hijacking"}),
            EventAction::UserBlocked,
        ),
        (
            "credential-compromise",
            json!({"credential_type": "password"}),
            EventAction::UserBlocked,
        ),
        ("account-enabled", json!({}), EventAction::UserRestored),
        ("sessions-revoked", json!({}), EventAction::UserSignedOut),
    ] {
        let uri = format!("{RISC}{name}");
        let example = json!({
            "iss": "https://idp.example.com/",
            "jti": "756E69717565206964656E746966696572",
            "iat": 1_508_184_845,
            "aud": "636C69656E745F6964",
            "sub_id": {
                "format": "iss_sub",
                "iss": "https://idp.example.com/",
                "sub": "7375626A656374"
            },
            "events": {uri: event}
        });
        let event = received(&example);
        assert_eq!(
            summary(&event),
            (action, Some("7375626A656374"), None),
            "{name}"
        );
        assert_eq!(
            (event.happened_at, event.detail),
            (1_508_184_845_000_000, None)
        );
    }
    // Those that are about something else than access.
    for (name, event) in [
        (
            "identifier-changed",
            json!({"new-value": "john.roe@example.com"}),
        ),
        ("identifier-recycled", json!({})),
        ("opt-out-initiated", json!({})),
        ("recovery-activated", json!({})),
    ] {
        let uri = format!("{RISC}{name}");
        let example = json!({
            "iss": "https://idp.example.com/",
            "jti": "756E69717565206964656E746966696572",
            "iat": 1_508_184_845,
            "aud": "636C69656E745F6964",
            "sub_id": {"format": "email", "email": "john.doe@example.com"},
            "events": {uri: event}
        });
        assert_eq!(received(&example).action, EventAction::Ignored, "{name}");
    }
}

fn caep(iss: &str, aud: &str, subject: Value, name: &str, event: Value) -> Value {
    let uri = format!("{CAEP}{name}");
    json!({
        "iss": iss, "jti": "24c63fb56e5a2d77a6b512616ca9fa24", "iat": 1_615_305_159, "aud": aud,
        "txn": "8675309", "sub_id": subject, "events": {uri: event}
    })
}

const IDP: &str = "https://idp.example.com/123456789/";
const SP: &str = "https://sp.example.com/caep";

/// CAEP 1.0 section 3.1.
#[test]
fn session_revoked() {
    let at = json!({"event_timestamp": 1_615_304_991});
    let session = json!({"format": "opaque", "id": "dMTlD|1600802906337.16|16008.16"});
    let example = caep(IDP, SP, session.clone(), "session-revoked", at.clone());
    let event = received(&example);
    let id = Some("dMTlD|1600802906337.16|16008.16");
    assert_eq!(summary(&event), (EventAction::SessionEnded, None, id));
    assert_eq!(event.happened_at, 1_615_304_991_000_000);

    let user = json!({
        "format": "iss_sub", "iss": IDP, "sub": "99beb27c-c1c2-4955-882a-e0dc4996fcbc"
    });
    let tenant = json!({"format": "opaque", "id": "123456789"});
    let why = json!({
        "initiating_entity": "policy",
        "reason_admin": {"en": "Landspeed Policy Violation: C076E82F"},
        "reason_user": {
            "en": "Access attempt from multiple regions.",
            "es-410": "Intento de acceso desde varias regiones."
        },
        "event_timestamp": 1_615_304_991
    });
    let subject = json!({
        "format": "complex", "session": session, "user": user, "tenant": tenant
    });
    let event = received(&caep(IDP, SP, subject, "session-revoked", why));
    let user = Some("99beb27c-c1c2-4955-882a-e0dc4996fcbc");
    assert_eq!(summary(&event), (EventAction::SessionEnded, user, id));

    let device = "e9297990-14d2-42ec-a4a9-4036db86509a";
    let subject = json!({
        "format": "complex",
        "user": {"format": "iss_sub", "iss": IDP, "sub": "jane.smith@example.com"},
        "device": {"format": "iss_sub", "iss": IDP, "sub": device},
        "tenant": tenant
    });
    let event = received(&caep(IDP, SP, subject, "session-revoked", at));
    let user = Some("jane.smith@example.com");
    assert_eq!(summary(&event), (EventAction::UserSignedOut, user, None));
    assert_eq!(event.detail.as_deref(), Some(WIDER_THAN_SUBJECT));
}

/// CAEP 1.0 section 3.2.
#[test]
fn token_claims_change() {
    let idp = "https://idp.example.com/987654321/";
    let jti = "f61t6e20zdo3px56gepu8rzlsp4c1dpc0fx7";
    let subject = json!({"format": "jwt_id", "iss": idp, "jti": jti});
    let change = json!({"event_timestamp": 1_615_304_991, "claims": {"role": "ro-admin"}});
    let sp = "https://sp.example2.net/caep";
    let event = received(&caep(
        idp,
        sp,
        subject,
        "token-claims-change",
        change.clone(),
    ));
    assert_eq!(summary(&event), (EventAction::ClaimsStale, None, None));
    assert_eq!(event.token.as_deref(), Some(jti));

    let subject = json!({
        "format": "saml_assertion_id", "issuer": idp, "assertion_id": "_a75adf55-01d7-dbd8372ebdfc"
    });
    let event = received(&caep(idp, sp, subject, "token-claims-change", change));
    assert_eq!(summary(&event), (EventAction::Ignored, None, None));
    assert_eq!(
        event.detail.as_deref(),
        Some("the format of the subject is not known")
    );
}

/// CAEP 1.0 sections 3.3 and 3.4.
#[test]
fn credentials_and_levels_change() {
    let idp = "https://idp.example.com/3456789/";
    let sp = "https://sp.example2.net/caep";
    let jane = Some("jane.smith@example.com");
    let subject = json!({"format": "iss_sub", "iss": idp, "sub": jane});
    let change = json!({
        "credential_type": "fido2-roaming", "change_type": "create",
        "fido2_aaguid": "accced6a-63f5-490a-9eea-e59bc1896cfc",
        "friendly_name": "Jane's USB authenticator", "initiating_entity": "user",
        "reason_admin": {"en": "User self-enrollment"}, "event_timestamp": 1_615_304_991
    });
    let event = received(&caep(idp, sp, subject.clone(), "credential-change", change));
    assert_eq!(summary(&event), (EventAction::UserSignedOut, jane, None));
    assert_eq!(event.happened_at, 1_615_304_991_000_000);

    for change in [
        json!({
            "namespace": "NIST-AAL", "current_level": "nist-aal2", "previous_level": "nist-aal1",
            "change_direction": "increase", "initiating_entity": "user",
            "event_timestamp": 1_615_304_991
        }),
        json!({
            "namespace": "Retinal Scan", "current_level": "hi-res-scan",
            "initiating_entity": "user", "event_timestamp": 1_615_304_991
        }),
    ] {
        let event = received(&caep(
            idp,
            sp,
            subject.clone(),
            "assurance-level-change",
            change,
        ));
        assert_eq!(summary(&event), (EventAction::ClaimsStale, jane, None));
    }
}

/// CAEP 1.0 sections 3.5 to 3.8: what revokes nothing.
#[test]
fn other_events_of_caep() {
    for (name, event) in [
        (
            "device-compliance-change",
            json!({"current_status": "not-compliant", "previous_status": "compliant"}),
        ),
        ("session-established", json!({"acr": "AAL2"})),
        ("session-presented", json!({"ext_id": "12345"})),
        (
            "risk-level-change",
            json!({"current_level": "LOW", "principal": "USER"}),
        ),
    ] {
        let subject = json!({"format": "email", "email": "someuser@somedomain.com"});
        let event = received(&caep(IDP, SP, subject, name, event));
        assert_eq!(
            summary(&event),
            (EventAction::Ignored, None, None),
            "{name}"
        );
    }
}

/// The types of Google's Cross-Account Protection, which are those of the RISC drafts, in a token
/// as Google's guide shows it.
#[test]
fn cross_account_protection() {
    let oauth = "https://schemas.openid.net/secevent/oauth/event-type/";
    let subject = json!({
        "subject_type": "iss-sub", "iss": "https://accounts.google.com/", "sub": "7375626A656374"
    });
    for (uri, action) in [
        (
            format!("{RISC}sessions-revoked"),
            EventAction::UserSignedOut,
        ),
        (format!("{oauth}tokens-revoked"), EventAction::UserSignedOut),
        (format!("{RISC}account-disabled"), EventAction::UserBlocked),
        (format!("{RISC}account-enabled"), EventAction::UserRestored),
        (
            format!("{RISC}account-credential-change-required"),
            EventAction::UserBlocked,
        ),
    ] {
        let example = json!({
            "iss": "https://accounts.google.com/", "jti": "756E69717565206964656E746966696572",
            "aud": "123456789-abcedfgh.apps.googleusercontent.com", "iat": 1_508_184_845,
            "events": {&uri: {"subject": subject, "reason": "hijacking"}}
        });
        let event = received(&example);
        assert_eq!(
            summary(&event),
            (action, Some("7375626A656374"), None),
            "{uri}"
        );
    }
    // One refresh token, named by its hash: no access token has that.
    let uri = format!("{oauth}token-revoked");
    let example = json!({
        "iss": "https://accounts.google.com/", "jti": "756E69717565206964656E746966696573",
        "aud": "123456789-abcedfgh.apps.googleusercontent.com", "iat": 1_508_184_845,
        "events": {uri: {"subject": {
            "subject_type": "oauth_token", "token_type": "refresh_token",
            "token_identifier_alg": "hash_SHA512_double", "token": "double SHA-512 hash value"
        }}}
    });
    assert_eq!(received(&example).action, EventAction::Ignored);
}

/// Shared Signals Framework 1.0 sections 8.1.4 and 8.1.5, also by their earlier names.
#[test]
fn events_of_the_stream() {
    let state = "VGhpcyBpcyBhbiBleGFtcGxlIHN0YXRlIHZhbHVlLgo=";
    for (uri, event, detail) in [
        (
            "https://schemas.openid.net/secevent/ssf/event-type/verification",
            json!({"state": state}),
            format!("state: {state}"),
        ),
        (
            "https://schemas.openid.net/secevent/risc/event-type/verification",
            json!({"state": state}),
            format!("state: {state}"),
        ),
        (
            "https://schemas.openid.net/secevent/sse/event-type/verification",
            json!({"state": state}),
            format!("state: {state}"),
        ),
        (
            "https://schemas.openid.net/secevent/ssf/event-type/stream-updated",
            json!({"status": "paused", "reason": "Internal error"}),
            "status: paused".to_owned(),
        ),
        (
            "https://schemas.openid.net/secevent/sse/event-type/stream-updated",
            json!({"status": "disabled"}),
            "status: disabled".to_owned(),
        ),
    ] {
        let example = json!({
            "jti": "123456",
            "iss": "https://transmitter.example.com",
            "aud": "receiver.example.com",
            "iat": 1_493_856_000,
            "sub_id": {"format": "opaque", "id": "f67e39a0a4d34d56b3aa1bc4cff0069f"},
            "events": {uri: event}
        });
        let event = received(&example);
        assert_eq!(summary(&event), (EventAction::Ignored, None, None));
        assert_eq!(event.detail, Some(detail));
    }
}
