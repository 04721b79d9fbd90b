//! Whom an event is about: the formats of RFC 9493 and of the Shared Signals Framework.

use authguard_token::{
    EventAction, EventError, Ignored, ONE_TOKEN, WIDER_THAN_CLIENT, WIDER_THAN_SUBJECT,
};
use serde_json::{Value, json};

use crate::support::{
    BACKCHANNEL, CAEP, ISSUER, NOW, RISC, SECEVENT, event, one, policy, received, summary, verify,
    verify_by,
};

/// What an event does to a subject: action, user, session.
fn done(name: &str, subject: Value) -> (EventAction, Option<String>, Option<String>) {
    let event = received(name, json!({}), json!({"sub_id": subject}));
    (event.action, event.user, event.session)
}

fn detail(name: &str, subject: Value) -> Option<String> {
    received(name, json!({}), json!({"sub_id": subject})).detail
}

fn refused(name: &str, subject: Value) -> EventError {
    let payload = event(name, json!({}), json!({"sub_id": subject}));
    verify(SECEVENT, &payload).unwrap_err()
}

fn disabled() -> String {
    format!("{RISC}account-disabled")
}

fn alice() -> Value {
    json!({"format": "iss_sub", "iss": ISSUER, "sub": "alice"})
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_user_is_a_subject_of_the_issuer() {
    let blocked = (EventAction::UserBlocked, some("alice"), None);
    assert_eq!(done(&disabled(), alice()), blocked);
    let more = json!({"format": "iss_sub", "iss": ISSUER, "sub": "alice", "x": 1});
    assert_eq!(done(&disabled(), more), blocked);
    for issuer in ["https://idp.example/", "https://IDP.example", "other"] {
        let foreign = json!({"format": "iss_sub", "iss": issuer, "sub": "alice"});
        assert_eq!(
            done(&disabled(), foreign.clone()),
            (EventAction::Ignored, None, None)
        );
        assert_eq!(
            detail(&disabled(), foreign).as_deref(),
            Some(Ignored::ForeignSubject.as_str())
        );
    }
}

/// An entry has the canonical form.
#[test]
fn a_uuid_has_one_spelling() {
    let spelt = "{A0EEBC99-9C0B4EF8-BB6D6BB9BD380A11}";
    let canonical = some("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    let subject = json!({"format": "iss_sub", "iss": ISSUER, "sub": spelt});
    assert_eq!(done(&disabled(), subject).1, canonical);
    let opaque = json!({"format": "opaque", "id": spelt});
    assert_eq!(done(&disabled(), opaque.clone()).1, canonical);
    let revoked = format!("{CAEP}session-revoked");
    assert_eq!(done(&revoked, opaque).2, canonical);
    let claims = received(BACKCHANNEL, json!({}), json!({"sub": spelt, "sid": spelt}));
    assert_eq!(
        (claims.user, claims.session),
        (canonical.clone(), canonical)
    );
}

/// Its issuer alone knows what it means; the event says what it can mean.
#[test]
fn an_opaque_identifier_is_a_session_or_a_user() {
    let opaque = || json!({"format": "opaque", "id": "x-1"});
    for (name, expected) in [
        (
            "session-revoked",
            (EventAction::SessionEnded, None, some("x-1")),
        ),
        (
            "credential-change",
            (EventAction::UserSignedOut, some("x-1"), None),
        ),
        (
            "token-claims-change",
            (EventAction::ClaimsStale, some("x-1"), None),
        ),
    ] {
        assert_eq!(done(&format!("{CAEP}{name}"), opaque()), expected, "{name}");
    }
    assert_eq!(
        done(&format!("{RISC}sessions-revoked"), opaque()),
        (EventAction::UserSignedOut, some("x-1"), None)
    );
}

#[test]
fn an_email_address_names_somebody_only_if_the_issuer_is_trusted_for_it() {
    let email = || json!({"format": "email", "email": "ada@example.com"});
    assert_eq!(
        done(&disabled(), email()),
        (EventAction::Ignored, None, None)
    );
    assert_eq!(
        detail(&disabled(), email()).as_deref(),
        Some(Ignored::Email.as_str())
    );
    // Neither as a part of another subject.
    let complex = json!({"format": "complex", "user": email()});
    assert_eq!(done(&disabled(), complex).0, EventAction::Ignored);
    let aliases = json!({"format": "aliases", "identifiers": [email()]});
    assert_eq!(done(&disabled(), aliases).0, EventAction::Ignored);

    let trusted = authguard_token::EventPolicy {
        emails: true,
        ..policy()
    };
    let payload = event(&disabled(), json!({}), json!({"sub_id": email()}));
    let event = one(verify_by(&trusted, SECEVENT, &payload, NOW));
    assert_eq!(
        summary(&event),
        (EventAction::UserBlocked, Some("ada@example.com"), None)
    );
}

/// RFC 9493 section 3.2, with its examples.
#[test]
fn other_formats_name_nobody_here() {
    for subject in [
        json!({"format": "account", "uri": "acct:example.user@service.example.com"}),
        json!({"format": "phone_number", "phone_number": "+12065550100"}),
        json!({"format": "did", "url": "did:example:123456"}),
        json!({"format": "uri", "uri": "https://user.example.com/"}),
        json!({"format": "ip-addresses", "ip-addresses": ["10.29.37.75"]}),
        json!({"format": "catalog_item", "catalog_id": "c0384/winter/2354122"}),
    ] {
        assert_eq!(
            detail(&disabled(), subject.clone()).as_deref(),
            Some(Ignored::Format.as_str()),
            "{subject}"
        );
        assert_eq!(done(&disabled(), subject).0, EventAction::Ignored);
    }
}

#[test]
fn of_aliases_the_first_that_names_a_user_counts() {
    let email = json!({"format": "email", "email": "user@example.com"});
    let phone = json!({"format": "phone_number", "phone_number": "+12065550100"});
    let bob = json!({"format": "iss_sub", "iss": ISSUER, "sub": "bob"});
    let aliases = |all: Value| json!({"format": "aliases", "identifiers": all});
    assert_eq!(
        done(&disabled(), aliases(json!([email, phone, alice(), bob]))),
        (EventAction::UserBlocked, some("alice"), None)
    );
    let opaque = json!({"format": "opaque", "id": "x"});
    let revoked = format!("{CAEP}session-revoked");
    assert_eq!(
        done(&revoked, aliases(json!([opaque, alice()]))).0,
        EventAction::UserSignedOut
    );
    let nobody = aliases(json!([email, phone]));
    assert_eq!(done(&disabled(), nobody).0, EventAction::Ignored);
    for bad in [
        json!([]),
        json!("x"),
        json!([1]),
        json!([aliases(json!([alice()]))]),
        json!([{"format": "complex", "user": alice()}]),
    ] {
        let error = refused(&disabled(), aliases(bad));
        assert!(matches!(error, EventError::Subject(_)), "{error:?}");
    }
}

#[test]
fn a_subject_has_the_members_of_its_format() {
    let long = "x".repeat(1025);
    for (subject, name) in [
        (json!({}), "format"),
        (json!({"format": 1}), "format"),
        (json!("alice"), "format"),
        (json!(null), "format"),
        (json!({"format": "iss_sub", "iss": ISSUER}), "sub"),
        (json!({"format": "iss_sub", "sub": "alice"}), "iss"),
        (
            json!({"format": "iss_sub", "iss": ISSUER, "sub": ""}),
            "sub",
        ),
        (json!({"format": "iss_sub", "iss": ISSUER, "sub": 7}), "sub"),
        (
            json!({"format": "iss_sub", "iss": ISSUER, "sub": long}),
            "sub",
        ),
        (json!({"format": "opaque"}), "id"),
        (json!({"format": "email"}), "email"),
        (json!({"format": "jwt_id", "iss": ISSUER}), "jti"),
        (json!({"format": "complex", "user": "alice"}), "format"),
        (
            json!({"format": "complex", "user": {"format": "complex", "user": alice()}}),
            "format",
        ),
    ] {
        let error = refused(&disabled(), subject.clone());
        assert_eq!(error, EventError::Subject(name), "{subject}");
    }
}

/// The member that says the format was named otherwise once, and Google still does.
#[test]
fn the_earlier_name_of_the_format_is_read() {
    let google = |format: &str| json!({"subject_type": format, "iss": ISSUER, "sub": "alice"});
    for format in ["iss-sub", "iss_sub", "id_token_claims", "id-token-claims"] {
        assert_eq!(
            done(&disabled(), google(format)).1,
            some("alice"),
            "{format}"
        );
    }
    // The present name counts.
    let both = json!({
        "subject_type": "iss-sub", "format": "opaque", "id": "bob", "iss": ISSUER, "sub": "alice"
    });
    assert_eq!(done(&disabled(), both).1, some("bob"));
}

#[test]
fn several_places_name_the_same_subject() {
    let bob = json!({"format": "iss_sub", "iss": ISSUER, "sub": "bob"});
    let judge = |in_event: Value, changes: Value| {
        let payload = event(&disabled(), in_event, changes);
        verify(SECEVENT, &payload).map(|received| received.events[0].user.clone())
    };
    let in_event = || json!({"subject": alice()});
    assert_eq!(judge(in_event(), json!({})), Ok(some("alice")));
    assert_eq!(
        judge(in_event(), json!({"sub_id": alice(), "sub": "alice"})),
        Ok(some("alice"))
    );
    assert_eq!(judge(json!({}), json!({"sub": "alice"})), Ok(some("alice")));
    for changes in [json!({"sub_id": bob}), json!({"sub": "bob"})] {
        assert_eq!(
            judge(in_event(), changes.clone()),
            Err(EventError::SubjectsDiffer),
            "{changes}"
        );
    }
    let differ = json!({"sub_id": alice(), "sub": "bob"});
    assert_eq!(judge(json!({}), differ), Err(EventError::SubjectsDiffer));
}

fn complex(members: &[(&str, Value)]) -> Value {
    let mut all = json!({"format": "complex"});
    for (name, member) in members {
        all[name] = member.clone();
    }
    all
}

fn opaque(id: &str) -> Value {
    json!({"format": "opaque", "id": id})
}

/// Revoking more than the subject says is safe; revoking less is not.
#[test]
fn a_narrower_subject_stands_for_the_whole_user() {
    let wider = Some(WIDER_THAN_SUBJECT.to_owned());
    for (name, members, expected, wide) in [
        (
            format!("{CAEP}session-revoked"),
            vec![("user", alice()), ("device", opaque("d"))],
            (EventAction::UserSignedOut, some("alice"), None),
            true,
        ),
        (
            format!("{CAEP}session-revoked"),
            vec![("user", alice()), ("application", opaque("app"))],
            (EventAction::UserSignedOut, some("alice"), None),
            true,
        ),
        (
            format!("{CAEP}credential-change"),
            vec![("user", alice()), ("session", opaque("s"))],
            (EventAction::UserSignedOut, some("alice"), some("s")),
            true,
        ),
        (
            disabled(),
            vec![("user", opaque("alice")), ("tenant", opaque("t"))],
            (EventAction::UserBlocked, some("alice"), None),
            true,
        ),
        (
            format!("{CAEP}token-claims-change"),
            vec![("user", alice()), ("session", opaque("s"))],
            (EventAction::ClaimsStale, some("alice"), some("s")),
            true,
        ),
        (
            disabled(),
            vec![("user", alice())],
            (EventAction::UserBlocked, some("alice"), None),
            false,
        ),
    ] {
        let subject = complex(&members);
        assert_eq!(done(&name, subject.clone()), expected, "{subject}");
        let expected = if wide { wider.clone() } else { None };
        assert_eq!(detail(&name, subject), expected);
    }
}

/// As in the first drafts of the framework, and as some transmitters still send it.
#[test]
fn a_complex_subject_need_not_say_so() {
    for (members, expected) in [
        (
            json!({"user": alice(), "device": opaque("d")}),
            (EventAction::UserBlocked, some("alice"), None),
        ),
        (
            json!({"session": opaque("s")}),
            (EventAction::SessionEnded, None, some("s")),
        ),
        (
            json!({"tenant": opaque("t")}),
            (EventAction::Ignored, None, None),
        ),
    ] {
        assert_eq!(done(&disabled(), members.clone()), expected, "{members}");
    }
    // What has a format is what the format says.
    let simple = json!({"format": "opaque", "id": "bob", "user": alice()});
    assert_eq!(done(&disabled(), simple).1, some("bob"));
    let google = json!({"subject_type": "iss-sub", "user": alice()});
    assert_eq!(refused(&disabled(), google), EventError::Subject("sub"));
    for bad in [json!({"user": "alice"}), json!({"user": {"user": alice()}})] {
        assert_eq!(refused(&disabled(), bad), EventError::Subject("format"));
    }
}

/// One user's account in an application is not the application.
#[test]
fn a_client_is_not_revoked_because_of_a_user_who_is_not_known() {
    let application = || ("application", opaque("app-1"));
    for (user, why) in [
        (
            json!({"format": "email", "email": "ada@example.com"}),
            Ignored::Email,
        ),
        (
            json!({"format": "phone_number", "phone_number": "+12065550100"}),
            Ignored::Format,
        ),
        (
            json!({"format": "iss_sub", "iss": "other", "sub": "alice"}),
            Ignored::ForeignSubject,
        ),
    ] {
        let subject = complex(&[("user", user), application()]);
        assert_eq!(done(&disabled(), subject.clone()).0, EventAction::Ignored);
        assert_eq!(detail(&disabled(), subject).as_deref(), Some(why.as_str()));
    }
    let subject = complex(&[application(), ("tenant", opaque("t"))]);
    assert_eq!(
        done(&disabled(), subject.clone()).0,
        EventAction::ClientRevoked
    );
    assert_eq!(
        detail(&disabled(), subject).as_deref(),
        Some(WIDER_THAN_CLIENT)
    );
}

/// Letting in more than the subject says is not safe.
#[test]
fn only_a_whole_user_is_let_in_again() {
    let enabled = format!("{RISC}account-enabled");
    assert_eq!(
        done(&enabled, alice()),
        (EventAction::UserRestored, some("alice"), None)
    );
    for member in ["device", "tenant", "session", "application", "anything"] {
        let subject = complex(&[("user", alice()), (member, opaque("x"))]);
        assert_eq!(done(&enabled, subject.clone()).0, EventAction::Ignored);
        assert_eq!(
            detail(&enabled, subject).as_deref(),
            Some(Ignored::NotWholeUser.as_str()),
            "{member}"
        );
    }
    for subject in [
        complex(&[("session", opaque("x"))]),
        json!({"format": "jwt_id", "iss": ISSUER, "jti": "t"}),
    ] {
        assert_eq!(
            detail(&enabled, subject).as_deref(),
            Some(Ignored::NoUser.as_str())
        );
    }
}

#[test]
fn a_subject_that_is_no_user_is_revoked_as_far_as_it_is_known() {
    let session = complex(&[("session", opaque("s"))]);
    for name in [disabled(), format!("{CAEP}assurance-level-change")] {
        assert_eq!(
            done(&name, session.clone()),
            (EventAction::SessionEnded, None, some("s"))
        );
    }
    let token = json!({"format": "jwt_id", "iss": ISSUER, "jti": "t-1"});
    for (name, action) in [
        ("session-revoked", EventAction::SessionEnded),
        ("token-claims-change", EventAction::ClaimsStale),
    ] {
        let event = received(
            &format!("{CAEP}{name}"),
            json!({}),
            json!({"sub_id": token}),
        );
        assert_eq!((event.action, event.token), (action, some("t-1")));
        assert_eq!(event.detail.as_deref(), Some(ONE_TOKEN));
    }
    let foreign = json!({"format": "jwt_id", "iss": "other", "jti": "t-1"});
    let event = received(&disabled(), json!({}), json!({"sub_id": foreign}));
    assert_eq!((event.action, event.token), (EventAction::Ignored, None));

    let client = complex(&[("application", opaque("app-1"))]);
    let event = received(&disabled(), json!({}), json!({"sub_id": client}));
    assert_eq!(
        (event.action, event.client),
        (EventAction::ClientRevoked, some("app-1"))
    );
    let revoked = format!("{CAEP}session-revoked");
    let device = complex(&[("device", opaque("d"))]);
    for subject in [client, device] {
        assert_eq!(
            detail(&revoked, subject).as_deref(),
            Some(Ignored::NoUser.as_str())
        );
    }
}

/// A logout token is about a logout, whatever else it announces.
#[test]
fn a_logout_token_does_nothing_else() {
    let payload = event(
        BACKCHANNEL,
        json!({}),
        json!({"sub": "alice", "events": {BACKCHANNEL: {}, disabled(): {}, "a:b": {}}}),
    );
    let mut actions: Vec<_> = verify(crate::support::LOGOUT, &payload)
        .unwrap()
        .events
        .into_iter()
        .map(|event| (event.action, event.detail))
        .collect();
    actions.sort();
    assert_eq!(
        actions,
        [
            (EventAction::UserSignedOut, None),
            (
                EventAction::Ignored,
                some(Ignored::NotInLogoutToken.as_str())
            ),
            (EventAction::Ignored, some(Ignored::UnknownEvent.as_str())),
        ]
    );
}
