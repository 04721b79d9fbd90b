//! Events of identity providers, delivered by the role of a gateway: what they shut, and what they
//! do not.

use authguard_wire::page::{self, Page, with_output};
use authguard_wire::tokens::{AUDIENCE, Issuer, forged, reason, set_token, subject, web};
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::postgres::Install;
use postgres::{Client, SimpleQueryMessage};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const IDP: &str = "https://idp.example";
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
const SESSION: &str = "5e551011-0000-4000-8000-000000000001";
const BOTH: &str = "secevent+jwt";

fn caep(name: &str) -> String {
    format!("https://schemas.openid.net/secevent/caep/event-type/{name}")
}

fn risc(name: &str) -> String {
    format!("https://schemas.openid.net/secevent/risc/event-type/{name}")
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// A server that trusts one provider for events, with the role that delivers them.
fn start() -> (Cluster, Issuer) {
    let cluster = server(Config::default());
    let idp = Issuer::trusted(&cluster, IDP);
    let mut owner = admin(&cluster);
    let trust = "select authguard.trust_issuer($1, $2::text::jsonb, events => true)";
    owner
        .execute(trust, &[&IDP, &idp.jwks(&[idp.kid()])])
        .unwrap();
    owner
        .batch_execute("create role receiver login; select authguard.grant_receiver('receiver')")
        .unwrap();
    (cluster, idp)
}

fn receiver(cluster: &Cluster) -> Client {
    cluster.connect("receiver", "wire").unwrap()
}

/// The claims of a token with one event, issued now.
fn claims(jti: &str, event: &str, of: Value, others: Value) -> Value {
    let mut claims = json!({
        "iss": IDP, "aud": AUDIENCE, "iat": now(), "jti": jti, "events": {event: of},
    });
    for (name, value) in others.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn of_user(user: &str) -> Value {
    json!({"sub_id": {"format": "iss_sub", "iss": IDP, "sub": user}})
}

/// Delivers a token: what was done, and why, for each event.
fn receive(client: &mut Client, token: &str) -> Vec<(String, Option<String>)> {
    let sql = "select action, detail from authguard.receive_event($1)";
    let rows = client.query(sql, &[&token]).unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// The only action of a token.
fn action(client: &mut Client, token: &str) -> String {
    let mut done = receive(client, token);
    assert_eq!(done.len(), 1);
    done.remove(0).0
}

/// SQLSTATE and DETAIL of a token that is refused.
fn refused(client: &mut Client, token: &str) -> (String, Option<String>) {
    let error = client
        .query("select * from authguard.receive_event($1)", &[&token])
        .unwrap_err();
    let error = error.as_db_error().unwrap();
    (
        error.code().code().to_owned(),
        error.detail().map(str::to_owned),
    )
}

/// A token of the user that was issued so many seconds ago.
fn access(idp: &Issuer, user: &str, seconds_ago: i64) -> String {
    let mut claims = idp.claims(user);
    claims["iat"] = json!(now() - seconds_ago);
    claims["session_id"] = json!(SESSION);
    claims["client_id"] = json!("agent");
    idp.sign(&claims)
}

#[test]
fn an_event_shuts_the_data_at_the_next_statement() {
    let (cluster, idp) = start();
    let mut gateway = receiver(&cluster);
    let mut client = web(&cluster);
    client.batch_execute("set role authenticated").unwrap();
    for (number, (typ, event, of, others, done, why)) in [
        (
            "logout+jwt",
            LOGOUT.to_owned(),
            json!({}),
            json!({"sub": ADA, "sid": SESSION}),
            "session_ended",
            "session",
        ),
        (
            "logout+jwt",
            LOGOUT.to_owned(),
            json!({}),
            json!({"sub": ADA}),
            "user_signed_out",
            "user_cut_off",
        ),
        (
            BOTH,
            caep("session-revoked"),
            json!({"event_timestamp": now() - 5}),
            json!({"sub_id": {"format": "opaque", "id": SESSION}}),
            "session_ended",
            "session",
        ),
        (
            BOTH,
            risc("account-disabled"),
            json!({}),
            json!({"sub_id": {
                "format": "complex", "application": {"format": "opaque", "id": "agent"},
            }}),
            "client_revoked",
            "client",
        ),
        (
            BOTH,
            caep("session-revoked"),
            json!({}),
            json!({"sub_id": {"format": "jwt_id", "iss": IDP, "jti": format!("token of {ADA}")}}),
            "session_ended",
            "token",
        ),
        (
            BOTH,
            caep("credential-change"),
            json!({"credential_type": "password", "change_type": "update"}),
            of_user(ADA),
            "user_signed_out",
            "user_cut_off",
        ),
        (
            BOTH,
            caep("token-claims-change"),
            json!({"claims": {"role": "guest"}}),
            of_user(ADA),
            "claims_stale",
            "claims_stale",
        ),
        (
            BOTH,
            caep("assurance-level-change"),
            json!({"namespace": "NIST-AAL", "current_level": "nist-aal1"}),
            of_user(ADA),
            "claims_stale",
            "claims_stale",
        ),
        (
            BOTH,
            risc("sessions-revoked"),
            json!({}),
            of_user(ADA),
            "user_signed_out",
            "user_cut_off",
        ),
        (
            BOTH,
            risc("account-disabled"),
            json!({"reason": "hijacking"}),
            of_user(ADA),
            "user_blocked",
            "user",
        ),
        (
            BOTH,
            risc("account-purged"),
            json!({}),
            of_user(ADA),
            "user_blocked",
            "user",
        ),
        (
            BOTH,
            risc("account-credential-change-required"),
            json!({}),
            of_user(ADA),
            "user_blocked",
            "user",
        ),
        (
            BOTH,
            risc("credential-compromise"),
            json!({"credential_type": "password"}),
            of_user(ADA),
            "user_blocked",
            "user",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        admin(&cluster)
            .batch_execute("delete from authguard.revocation")
            .unwrap();
        // Issued so long ago that the cut-off covers it, whatever the leeway.
        set_token(&mut client, &access(&idp, ADA, 3600));
        assert_eq!(seen(&mut client), 3, "{event}");
        let claims = claims(&format!("e-{number}"), &event, of, others);
        let token = idp.sign_typed(&claims, typ);
        assert_eq!(action(&mut gateway, &token), done, "{event}");
        assert_eq!(seen(&mut client), 0, "{event}");
        assert_eq!(reason(&mut client).as_deref(), Some(why), "{event}");
        // Ben's token is of the same session id: only what names a user leaves it alone.
        if !matches!(why, "session" | "token" | "client") {
            set_token(&mut client, &access(&idp, BEN, 3600));
            assert_eq!(seen(&mut client), 3, "{event}");
        }
        // The same again changes nothing.
        let before = entries(&cluster);
        assert_eq!(action(&mut gateway, &token), "replayed", "{event}");
        assert_eq!(entries(&cluster), before, "{event}");
        // There is one note of it, which says what was done, and by whom.
        let noted =
            "select string_agg(concat_ws(' ', name, actor, by, reason), ';') from authguard.event";
        let mut owner = admin(&cluster);
        assert_eq!(
            text(&mut owner, noted),
            Some(format!("EVENT_RECEIVED issuer receiver {done}: {event}"))
        );
        owner.batch_execute("truncate authguard.event").unwrap();
    }
}

/// A session is whatever the issuer calls it, also one that no token has had so far.
#[test]
fn a_session_ends_by_its_name_and_what_holds_already_is_done() {
    let (cluster, idp) = start();
    let mut gateway = receiver(&cluster);
    let mut client = web(&cluster);
    client.batch_execute("set role authenticated").unwrap();
    let logout = |jti: &str| {
        let of = json!({"sid": "dMTlD|1600802906337.16"});
        idp.sign_typed(&claims(jti, LOGOUT, json!({}), of), "logout+jwt")
    };
    assert_eq!(action(&mut gateway, &logout("e-1")), "session_ended");
    let before = entries(&cluster);
    // Another token with the same news; and a jti is compared byte by byte.
    for jti in ["e-2", "E-1"] {
        assert_eq!(action(&mut gateway, &logout(jti)), "session_ended");
    }
    assert_eq!(entries(&cluster), before);
    let notes = "select count(*)::text from authguard.event where session_id is null";
    assert_eq!(text(&mut admin(&cluster), notes).as_deref(), Some("1"));
    let mut token = idp.claims(ADA);
    for (sid, rows) in [("dMTlD|1600802906337.16", 0), ("dMTlD|1600802906337.17", 3)] {
        token["sid"] = json!(sid);
        token.as_object_mut().unwrap().remove("session_id");
        set_token(&mut client, &idp.sign(&token));
        assert_eq!(seen(&mut client), rows, "{sid}");
    }
}

/// A backend that verifies both remembers access tokens, and no event takes the place of one.
#[test]
fn no_event_is_among_the_remembered_tokens_or_drives_one_out() {
    let (cluster, idp) = start();
    // Only a superuser may call both functions here.
    let mut client = admin(&cluster);
    let known = idp.token(ADA);
    let verifies = |client: &mut Client, token: &str| {
        client.query("select auth.verify($1)", &[&token]).is_ok()
    };
    assert!(verifies(&mut client, &known));
    let logouts: Vec<String> = (0..40)
        .map(|number| {
            let claims = claims(
                &format!("e-{number}"),
                LOGOUT,
                json!({}),
                json!({"sub": BEN}),
            );
            idp.sign_typed(&claims, "logout+jwt")
        })
        .collect();
    for logout in &logouts {
        action(&mut client, logout);
        assert_eq!(action(&mut client, logout), "replayed");
        assert!(!verifies(&mut client, logout));
        // What an access token is remembered as is no event.
        assert_eq!(refused(&mut client, &known).1.unwrap(), "invalid_request");
    }
    // From now on a token passes only if it is remembered.
    let size = "authguard.max_token_size";
    cluster.configure(&[(size, "256")]).unwrap();
    let show = format!("show {size}");
    wait_until(
        || text(&mut client, &show).as_deref() == Some("256B"),
        "the setting is read",
    );
    assert!(verifies(&mut client, &known));
    let other = idp.token("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a99");
    assert!(!verifies(&mut client, &other));
    for logout in &logouts {
        assert_eq!(refused(&mut client, logout).1.unwrap(), "invalid_request");
    }
}

/// Events about one user take turns, however they arrive.
#[test]
fn a_block_that_waits_sees_the_event_that_has_let_the_user_in() {
    let (cluster, idp) = start();
    let mut one = receiver(&cluster);
    let mut two = receiver(&cluster);
    let at = now() - 100;
    let event = |jti: &str, name: &str, at: i64| {
        let of = json!({"event_timestamp": at});
        idp.sign_typed(&claims(jti, &risc(name), of, of_user(ADA)), BOTH)
    };
    one.batch_execute("begin").unwrap();
    let enabled = event("e-1", "account-enabled", at + 10);
    assert_eq!(action(&mut one, &enabled), "ignored");
    let disabled = event("e-2", "account-disabled", at);
    let second = waiting(&cluster, two, disabled);
    one.batch_execute("commit").unwrap();
    assert_eq!(second.join().unwrap(), "ignored");
    assert_eq!(entries(&cluster), None);

    // The same token from two connections.
    two = receiver(&cluster);
    let purged = event("e-3", "account-purged", at + 20);
    one.batch_execute("begin").unwrap();
    assert_eq!(action(&mut one, &purged), "user_blocked");
    let second = waiting(&cluster, two, purged);
    one.batch_execute("commit").unwrap();
    assert_eq!(second.join().unwrap(), "replayed");
}

/// Delivers a token on another thread, and returns when that waits for a lock.
fn waiting(
    cluster: &Cluster,
    mut client: Client,
    token: String,
) -> std::thread::JoinHandle<String> {
    let pid = backend(&mut client);
    let delivery = std::thread::spawn(move || action(&mut client, &token));
    let mut owner = admin(cluster);
    let waits = format!("select wait_event_type = 'Lock' from pg_stat_activity where pid = {pid}");
    wait_until(
        || {
            let waits = owner.query_one(waits.as_str(), &[]).unwrap();
            waits.get::<_, Option<bool>>(0) == Some(true)
        },
        "the delivery waits",
    );
    delivery
}

/// Whatever ends a delivery early leaves nothing, so that the provider can try again.
#[test]
fn a_delivery_that_is_cancelled_leaves_nothing_behind() {
    let (cluster, idp) = start();
    let mut gateway = receiver(&cluster);
    let disabled = claims("e-1", &risc("account-disabled"), json!({}), of_user(ADA));
    let disabled = idp.sign_typed(&disabled, BOTH);
    let mut owner = admin(&cluster);
    owner
        .batch_execute(&format!(
            "begin; select authguard.revoke_user('{ADA}', issuer => '{IDP}')"
        ))
        .unwrap();
    gateway
        .batch_execute("set statement_timeout = 300")
        .unwrap();
    let refused = |client: &mut Client| {
        let error = client.query("select * from authguard.receive_event($1)", &[&disabled]);
        error.unwrap_err().code().unwrap().code().to_owned()
    };
    assert_eq!(refused(&mut gateway), "57014");
    owner.batch_execute("rollback").unwrap();
    gateway
        .batch_execute("reset statement_timeout; begin read only")
        .unwrap();
    assert_eq!(refused(&mut gateway), "25006");
    gateway.batch_execute("rollback").unwrap();
    assert_eq!(entries(&cluster), None);
    for level in ["serializable", "repeatable read"] {
        gateway
            .batch_execute(&format!("begin isolation level {level}"))
            .unwrap();
        assert_eq!(action(&mut gateway, &disabled), "user_blocked", "{level}");
        gateway.batch_execute("rollback").unwrap();
    }
    assert_eq!(action(&mut gateway, &disabled), "user_blocked");
}

/// An event names the user as the issuer does, also if the database has another name for the user.
#[test]
fn a_user_of_an_issuer_with_a_namespace_is_shut_out() {
    let (cluster, idp) = start();
    admin(&cluster)
        .execute(
            "select authguard.trust_issuer($1, $2::text::jsonb, shares_subjects => false,
                subject_namespace => '6ba7b812-9dad-11d1-80b4-00c04fd430c8')",
            &[&IDP, &idp.jwks(&[idp.kid()])],
        )
        .unwrap();
    let mut gateway = receiver(&cluster);
    let mut client = web(&cluster);
    client.batch_execute("set role authenticated").unwrap();
    set_token(&mut client, &access(&idp, "auth0|ada", 3600));
    assert_ne!(subject(&mut client).as_deref(), Some("auth0|ada"));
    assert_eq!(reason(&mut client), None);
    let disabled = claims(
        "e-1",
        &risc("account-disabled"),
        json!({}),
        of_user("auth0|ada"),
    );
    let disabled = idp.sign_typed(&disabled, BOTH);
    assert_eq!(action(&mut gateway, &disabled), "user_blocked");
    assert_eq!(reason(&mut client).as_deref(), Some("user"));
}

/// No token of such a database can have the identity, and an error must not look like one that
/// trying again could mend.
#[test]
fn what_the_encoding_cannot_hold_is_refused_in_the_words_of_the_standard() {
    let (cluster, idp) = start();
    admin(&cluster)
        .batch_execute("create database latin encoding 'LATIN1' locale 'C' template template0")
        .unwrap();
    let mut owner = cluster.connect("postgres", "latin").unwrap();
    owner
        .batch_execute("create extension authguard; select authguard.grant_receiver('receiver')")
        .unwrap();
    let trust =
        "select authguard.trust_issuer($1, $2::text::jsonb, array[$3::text], events => true)";
    owner
        .execute(trust, &[&IDP, &idp.jwks(&[idp.kid()]), &AUDIENCE])
        .unwrap();
    let mut gateway = cluster.connect("receiver", "latin").unwrap();
    let mut logout = |jti: &str, sub: &str| {
        let claims = claims(jti, LOGOUT, json!({}), json!({"sub": sub}));
        let token = idp.sign_typed(&claims, "logout+jwt");
        let answer = gateway.query("select action from authguard.receive_event($1)", &[&token]);
        match answer {
            Ok(rows) => rows[0].get::<_, String>(0),
            Err(error) => error.as_db_error().unwrap().detail().unwrap().to_owned(),
        }
    };
    for (jti, sub) in [("e-1", "Zoë"), ("e-1", "Łukasz"), ("Ł", "ada")] {
        assert_eq!(logout(jti, sub), "invalid_request", "{jti} {sub}");
    }
    assert_eq!(logout("e-1", "ada"), "user_signed_out");
}

/// Every entry as it is.
fn entries(cluster: &Cluster) -> Option<String> {
    let sql = "select string_agg(r::text, ';' order by r::text) from authguard.revocation r";
    text(&mut admin(cluster), sql)
}

/// A cut-off is at the time of the event, and not at that of its delivery.
#[test]
fn tokens_that_were_issued_after_the_event_live() {
    let (cluster, idp) = start();
    let mut gateway = receiver(&cluster);
    let mut client = web(&cluster);
    client.batch_execute("set role authenticated").unwrap();
    let change = claims(
        "e-1",
        &caep("credential-change"),
        json!({"event_timestamp": now() - 1000}),
        of_user(ADA),
    );
    let change = idp.sign_typed(&change, BOTH);
    assert_eq!(action(&mut gateway, &change), "user_signed_out");
    for (seconds_ago, rows) in [(1001, 0), (1000, 0), (900, 3)] {
        set_token(&mut client, &access(&idp, ADA, seconds_ago));
        assert_eq!(seen(&mut client), rows, "{seconds_ago}");
    }
}

#[test]
fn an_event_lets_in_again_only_whom_an_event_has_shut_out() {
    let (cluster, idp) = start();
    let mut gateway = receiver(&cluster);
    let mut ops = operator(&cluster);
    let mut client = web(&cluster);
    client.batch_execute("set role authenticated").unwrap();
    let mut number = 0;
    let mut event = |name: &str, at: i64| {
        number += 1;
        let at = json!({"event_timestamp": at});
        let claims = claims(&format!("e-{number}"), &risc(name), at, of_user(ADA));
        idp.sign_typed(&claims, BOTH)
    };
    let start = now() - 100;
    let revoke = format!("select authguard.revoke_user('{ADA}', issuer => '{IDP}')");
    let restore = format!("select authguard.restore_user('{ADA}')");

    // Disabled, and enabled later. Earlier tokens stay dead.
    let old = access(&idp, ADA, 0);
    let disabled = event("account-disabled", start);
    assert_eq!(action(&mut gateway, &disabled), "user_blocked");
    set_token(&mut client, &old);
    assert_eq!(reason(&mut client).as_deref(), Some("user"));
    // An earlier or simultaneous one does not open.
    for at in [start - 1, start] {
        let enabled = event("account-enabled", at);
        assert_eq!(action(&mut gateway, &enabled), "ignored");
    }
    assert_eq!(reason(&mut client).as_deref(), Some("user"));
    let enabled = event("account-enabled", start + 10);
    let lifetime = "authguard.max_token_lifetime";
    cluster.configure(&[(lifetime, "3600")]).unwrap();
    let show = format!("show {lifetime}");
    wait_until(
        || text(&mut gateway, &show).as_deref() == Some("1h"),
        "the setting is read",
    );
    assert_eq!(action(&mut gateway, &enabled), "user_restored");
    assert_eq!(reason(&mut client).as_deref(), Some("user_cut_off"));
    // What is left is forgotten when no token of before is accepted any more.
    let forgotten = "select (keep_until > now())::text from authguard.revocation";
    let forgotten = text(&mut admin(&cluster), forgotten);
    assert_eq!(forgotten.as_deref(), Some("true"));
    // Delivered again, neither counts.
    assert_eq!(action(&mut gateway, &disabled), "replayed");
    assert_eq!(action(&mut gateway, &enabled), "replayed");
    // A block from before it that comes late.
    let late = event("account-disabled", start + 9);
    assert_eq!(
        receive(&mut gateway, &late),
        [(
            "ignored".to_owned(),
            Some("a later event has let the user in again".to_owned())
        )]
    );
    assert_eq!(reason(&mut client).as_deref(), Some("user_cut_off"));

    // An operator's block stands, whether it was there before the event or came after it.
    for order in [[true, false], [false, true]] {
        for by_event in order {
            if by_event {
                let disabled = event("account-disabled", start + 20);
                assert_eq!(action(&mut gateway, &disabled), "user_blocked");
            } else {
                ops.execute(revoke.as_str(), &[]).unwrap();
            }
        }
        let enabled = event("account-enabled", start + 30);
        assert_eq!(action(&mut gateway, &enabled), "ignored", "{order:?}");
        assert_eq!(reason(&mut client).as_deref(), Some("user"), "{order:?}");
        ops.execute(restore.as_str(), &[]).unwrap();
        assert_eq!(reason(&mut client).as_deref(), Some("user_cut_off"));
        admin(&cluster)
            .batch_execute("delete from authguard.revocation; delete from authguard.received_event")
            .unwrap();
    }
    // An operator lifts what an event has shut.
    let disabled = event("account-disabled", start + 40);
    assert_eq!(action(&mut gateway, &disabled), "user_blocked");
    ops.execute(restore.as_str(), &[]).unwrap();
    assert_eq!(action(&mut gateway, &disabled), "replayed");
    assert_eq!(reason(&mut client).as_deref(), Some("user_cut_off"));
}

#[test]
fn an_event_touches_tokens_of_its_issuer_only() {
    let (cluster, idp) = start();
    let other = Issuer::trusted(&cluster, "https://other.example");
    let mut gateway = receiver(&cluster);
    let mut client = web(&cluster);
    client.batch_execute("set role authenticated").unwrap();
    for (jti, event, others) in [
        ("e-1", LOGOUT.to_owned(), json!({"sid": SESSION})),
        ("e-2", caep("credential-change"), of_user(ADA)),
        ("e-3", risc("account-disabled"), of_user(ADA)),
    ] {
        let token = idp.sign_typed(&claims(jti, &event, json!({}), others), BOTH);
        action(&mut gateway, &token);
        set_token(&mut client, &access(&other, ADA, 3600));
        assert_eq!(seen(&mut client), 3, "{event}");
    }
    // The other one is trusted, but not for events; and nobody speaks for another.
    let claims = claims("e-4", LOGOUT, json!({}), json!({"sub": ADA}));
    let mut theirs = claims.clone();
    theirs["iss"] = json!(other.name);
    let mut refuse = |token: &str| refused(&mut gateway, token).1.unwrap();
    let own = other.sign_typed(&theirs, "logout+jwt");
    assert_eq!(refuse(&own), "access_denied");
    let stolen_name = other.sign_typed(&claims, "logout+jwt");
    assert_eq!(refuse(&stolen_name), "invalid_key");
    theirs["iss"] = json!("https://nobody.example");
    let unknown = other.sign_typed(&theirs, "logout+jwt");
    assert_eq!(refuse(&unknown), "invalid_issuer");
}

#[test]
fn a_refused_event_names_its_reason_and_changes_nothing() {
    let (cluster, idp) = start();
    let mut gateway = receiver(&cluster);
    let good = claims("e-1", LOGOUT, json!({}), json!({"sub": ADA}));
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        idp.sign_typed(&claims, "logout+jwt")
    };
    let honest = idp.sign_typed(&good, "logout+jwt");
    let before = entries(&cluster);
    for (token, detail) in [
        (String::new(), "invalid_request"),
        ("junk".to_owned(), "invalid_request"),
        (idp.token(ADA), "invalid_request"),
        (idp.sign_typed(&good, "JWT"), "invalid_request"),
        (changed("nonce", json!("n")), "invalid_request"),
        (changed("events", json!([])), "invalid_request"),
        (changed("iat", json!(now() - 259_300)), "invalid_request"),
        (changed("iat", json!(now() + 100)), "invalid_request"),
        (changed("exp", json!(now() - 100)), "invalid_request"),
        (changed("jti", Value::Null), "invalid_request"),
        (changed("aud", json!("other")), "invalid_audience"),
        (forged(&honest), "authentication_failed"),
    ] {
        assert_eq!(
            refused(&mut gateway, &token),
            ("22023".to_owned(), Some(detail.to_owned())),
            "{token}"
        );
    }
    let none: Option<&str> = None;
    let error = gateway
        .query("select authguard.receive_event($1)", &[&none])
        .unwrap_err();
    assert_eq!(
        error.as_db_error().unwrap().detail(),
        Some("invalid_request")
    );
    assert_eq!(entries(&cluster), before);
    // A refused token was not received: a good one with its jti is.
    assert_eq!(action(&mut gateway, &honest), "user_signed_out");

    let mut owner = admin(&cluster);
    owner
        .execute("select authguard.revoke_key($1, $2)", &[&idp.kid(), &IDP])
        .unwrap();
    let next = changed("jti", json!("e-2"));
    assert_eq!(refused(&mut gateway, &next).1.unwrap(), "invalid_key");
    // The log has the reason, and nothing of a token.
    let log = cluster.log();
    for cause in [
        "event refused: claim \"nonce\" is not allowed in an event",
        "event refused: the signature does not verify",
        "event refused: the key is revoked",
    ] {
        assert!(log.contains(cause), "{cause}");
    }
    assert!(!log.contains(&honest[..60]));
}

#[test]
fn an_event_is_no_access_token_and_an_access_token_no_event() {
    let (cluster, idp) = start();
    let mut gateway = receiver(&cluster);
    let mut client = web(&cluster);
    // Even if somebody has put the types of events among those of access tokens.
    admin(&cluster)
        .execute(
            "select authguard.trust_issuer($1, $2::text::jsonb, types => '{JWT,logout+jwt,secevent+jwt}')",
            &[&IDP, &idp.jwks(&[idp.kid()])],
        )
        .unwrap();
    let mut both = claims(
        "e-1",
        LOGOUT,
        json!({}),
        json!({"sub": ADA, "sid": SESSION}),
    );
    both["exp"] = json!(now() + 3600);
    both["role"] = json!("authenticated");
    for typ in ["logout+jwt", BOTH, "JWT"] {
        let token = idp.sign_typed(&both, typ);
        set_token(&mut client, &token);
        assert_eq!(subject(&mut client), None, "{typ}");
        assert_eq!(reason(&mut client).as_deref(), Some("refused"), "{typ}");
        let verify = client.query("select auth.verify($1)", &[&token]);
        assert!(verify.is_err(), "{typ}");
    }
    for typ in ["JWT", "at+jwt"] {
        let token = idp.sign_typed(&both, typ);
        assert_eq!(
            refused(&mut gateway, &token).1.unwrap(),
            "invalid_request",
            "{typ}"
        );
    }
    set_token(&mut client, &idp.token(ADA));
    assert_eq!(subject(&mut client).as_deref(), Some(ADA));
    assert_eq!(
        refused(&mut gateway, &idp.token(ADA)).1.unwrap(),
        "invalid_request"
    );
}

#[test]
fn only_the_role_of_the_gateway_delivers_and_it_does_nothing_else() {
    let (cluster, idp) = start();
    let claims = claims("e-1", LOGOUT, json!({}), json!({"sub": ADA}));
    let token = idp.sign_typed(&claims, "logout+jwt");
    let denied = Some("42501".to_owned());
    for mut client in [web(&cluster), operator(&cluster), gateway(&cluster)] {
        let error = client.query("select * from authguard.receive_event($1)", &[&token]);
        let error = error.unwrap_err();
        assert_eq!(error.code().map(|code| code.code().to_owned()), denied);
    }
    let mut receiver = receiver(&cluster);
    for sql in [
        "select authguard.revoke_client_by_event('c', 'i', null)",
        "select authguard.forget_received_events(0)",
        "select authguard.block_by_event('i', 'u', now(), null)",
        "select authguard.restore_by_event('i', 'u', now())",
        "select authguard.revoke_user('u')",
        "select authguard.trust_events('i', true, null, null)",
        "select * from authguard.received_event",
        "select * from authguard.event_issuer",
        "select * from authguard.revocation",
    ] {
        let error = receiver.batch_execute(sql).unwrap_err();
        let code = error.code().map(|code| code.code().to_owned());
        assert_eq!(code, denied, "{sql}");
    }
    assert_eq!(action(&mut receiver, &token), "user_signed_out");
    admin(&cluster)
        .batch_execute("select authguard.revoke_receiver('receiver'); drop role receiver")
        .unwrap();
}

/// The token counts with the transaction that receives it, or not at all.
#[test]
fn an_event_whose_transaction_is_rolled_back_can_be_delivered_again() {
    let (cluster, idp) = start();
    let mut one = receiver(&cluster);
    let mut two = receiver(&cluster);
    let claims = claims("e-1", LOGOUT, json!({}), json!({"sub": ADA}));
    let token = idp.sign_typed(&claims, "logout+jwt");
    one.batch_execute("begin").unwrap();
    assert_eq!(action(&mut one, &token), "user_signed_out");
    // The second delivery waits for the first.
    let (pid, second) = {
        let pid: i32 = two
            .query_one("select pg_backend_pid()", &[])
            .unwrap()
            .get(0);
        let token = token.clone();
        (pid, std::thread::spawn(move || action(&mut two, &token)))
    };
    let mut owner = admin(&cluster);
    let waits = format!("select wait_event_type = 'Lock' from pg_stat_activity where pid = {pid}");
    wait_until(
        || {
            let waits = owner.query_one(waits.as_str(), &[]).unwrap();
            waits.get::<_, Option<bool>>(0) == Some(true)
        },
        "the second delivery waits",
    );
    one.batch_execute("rollback").unwrap();
    assert_eq!(second.join().unwrap(), "user_signed_out");
    assert_eq!(action(&mut one, &token), "replayed");
}

/// Whatever the receiver has set.
#[test]
fn an_event_that_was_received_outlives_a_crash() {
    let (mut cluster, idp) = start();
    let mut client = receiver(&cluster);
    client
        .batch_execute("set synchronous_commit = off")
        .unwrap();
    let disabled = claims("e-1", &risc("account-disabled"), json!({}), of_user(ADA));
    let disabled = idp.sign_typed(&disabled, BOTH);
    assert_eq!(action(&mut client, &disabled), "user_blocked");
    drop(client);
    // A standby receives nothing, and shuts out whom the primary does.
    let standby = cluster.standby(Config::default()).unwrap();
    assert_eq!(refused(&mut receiver(&standby), &disabled).0, "25006");
    let mut client = web(&standby);
    client.batch_execute("set role authenticated").unwrap();
    set_token(&mut client, &access(&idp, ADA, 0));
    wait_until(
        || reason(&mut client).as_deref() == Some("user"),
        "the block arrives",
    );
    drop(client);
    drop(standby);
    cluster.crash();
    cluster.start().unwrap();
    let mut client = web(&cluster);
    client.batch_execute("set role authenticated").unwrap();
    set_token(&mut client, &access(&idp, ADA, 0));
    assert_eq!(reason(&mut client).as_deref(), Some("user"));
    assert_eq!(action(&mut receiver(&cluster), &disabled), "replayed");
}

/// Flooding by a provider keeps no more rows than the bound, and makes no old event new again.
#[test]
fn what_is_forgotten_is_refused() {
    let (cluster, idp) = start();
    let mut gateway = receiver(&cluster);
    let mut owner = admin(&cluster);
    let long_ago = now() - 1000;
    let old = |jti: &str| {
        let mut claims = claims(jti, LOGOUT, json!({}), json!({"sub": ADA}));
        claims["iat"] = json!(long_ago);
        idp.sign_typed(&claims, "logout+jwt")
    };
    assert_eq!(action(&mut gateway, &old("e-1")), "user_signed_out");
    owner
        .execute(
            "insert into authguard.received_event (issuer, jti, issued_at)
             select $1, 'flood ' || n, now() from generate_series(1, 100) n",
            &[&IDP],
        )
        .unwrap();
    let forgotten = owner.query_one("select authguard.forget_received_events(100)", &[]);
    assert_eq!(forgotten.unwrap().get::<_, i64>(0), 1);
    for jti in ["e-1", "e-2"] {
        assert_eq!(
            refused(&mut gateway, &old(jti)).1.unwrap(),
            "invalid_request"
        );
    }
    let fresh = claims("e-3", LOGOUT, json!({}), json!({"sub": BEN}));
    let fresh = idp.sign_typed(&fresh, "logout+jwt");
    assert_eq!(action(&mut gateway, &fresh), "user_signed_out");
    // Nobody has to call anything: once in a thousand tokens, what is too old goes.
    owner
        .batch_execute(
            "insert into authguard.received_event (issuer, jti, issued_at)
             values ('https://gone.example', 'old', now() - interval '7 days');
             select setval('authguard.received_event_count', 998)",
        )
        .unwrap();
    for (jti, left) in [("e-4", "1"), ("e-5", "0")] {
        let next = claims(jti, LOGOUT, json!({}), json!({"sub": BEN}));
        let next = idp.sign_typed(&next, "logout+jwt");
        assert_eq!(action(&mut gateway, &next), "user_signed_out");
        let old = "select count(*)::text from authguard.received_event where jti = 'old'";
        assert_eq!(text(&mut owner, old).as_deref(), Some(left));
    }
    // Trusting the issuer again does not lose that.
    owner
        .execute(
            "select authguard.trust_issuer($1, $2::text::jsonb, events => true)",
            &[&IDP, &idp.jwks(&[idp.kid()])],
        )
        .unwrap();
    assert_eq!(
        refused(&mut gateway, &old("e-1")).1.unwrap(),
        "invalid_request"
    );
}

#[test]
fn an_issuer_is_trusted_for_events_by_its_owner_only_and_as_long_as_that_says() {
    let (cluster, idp) = start();
    let mut gateway = receiver(&cluster);
    let mut owner = admin(&cluster);
    let mut number = 0;
    let mut logout = |aud: &str| {
        number += 1;
        let mut claims = claims(
            &format!("e-{number}"),
            LOGOUT,
            json!({}),
            json!({"sub": ADA}),
        );
        claims["aud"] = json!(aud);
        idp.sign_typed(&claims, "logout+jwt")
    };
    let mut trust = |arguments: &str| {
        let sql = format!("select authguard.trust_issuer($1, $2::text::jsonb, {arguments})");
        owner
            .execute(&sql, &[&IDP, &idp.jwks(&[idp.kid()])])
            .unwrap();
    };
    trust("event_audience => '{client}'");
    assert_eq!(
        refused(&mut gateway, &logout(AUDIENCE)).1.unwrap(),
        "invalid_audience"
    );
    assert_eq!(action(&mut gateway, &logout("client")), "user_signed_out");
    // What is not given stays.
    trust("max_lifetime => null");
    assert_eq!(action(&mut gateway, &logout("client")), "user_signed_out");
    trust("event_audience => '{}', client_ids => '{web}'");
    for audience in [AUDIENCE, "web"] {
        assert_eq!(action(&mut gateway, &logout(audience)), "user_signed_out");
    }
    trust("events => false");
    assert_eq!(
        refused(&mut gateway, &logout("web")).1.unwrap(),
        "access_denied"
    );
}

/// The blocks of `docs/events.md`, but for those of PostgREST.
#[test]
fn the_page_on_events_receives_a_logout() {
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    let cluster = Cluster::create(&install, Config::default()).expect("the server starts");
    page::database(&cluster, "app");
    page::run(&cluster, "app", "\\i setup.sql");
    let page = Page::read("events.md");
    let idp = Issuer::new("https://idp.example.com/");
    let [trust, role] = &page.blocks("Trust", "sql")[..] else {
        panic!("two blocks");
    };
    let fetch = "curl -fsS https://idp.example.com/.well-known/jwks.json";
    page::run(
        &cluster,
        "app",
        &with_output(trust, fetch, &idp.jwks(&[idp.kid()])),
    );
    page::run(&cluster, "app", role);
    let claims = json!({
        "iss": idp.name, "aud": "my-client-id", "iat": now(), "jti": "l-1", "sub": ADA,
        "events": {LOGOUT: {}},
    });
    let token = idp.sign_typed(&claims, "logout+jwt");
    // What the page has the user read, with a token of before.
    let mut access = idp.claims(ADA);
    access["iat"] = json!(now() - 3600);
    access["aud"] = json!("my-api");
    let access = idp.sign(&access);
    let next = page.block("The next statement", "sql");
    let next = with_output(&next, "cat access_token.txt", &access);
    let shown_to_user = |cluster: &Cluster| page::run(cluster, "app", &next);
    let note = format!("insert into note (owner, body) values ('{ADA}', 'of Ada')");
    page::run(&cluster, "app", &note);
    let before = shown_to_user(&cluster);
    assert!(before.contains("|     1"), "{before}");
    let receive = with_output(
        &page.block("Receiving", "sql"),
        "cat logout_token.txt",
        &token,
    );
    let shown = page::run(
        &cluster,
        "app",
        &format!("set role event_receiver;\n{receive}"),
    );
    assert!(shown.contains("| user_signed_out |"), "{shown}");
    let again = page::run(&cluster, "app", &receive);
    assert!(again.contains("| replayed |"), "{again}");
    assert!(shown_to_user(&cluster).contains("user_cut_off      |     0"));
    let mut owner = cluster.connect("postgres", "app").unwrap();
    let logged = owner.simple_query("select reason from authguard.event where actor = 'issuer'");
    let logged = logged.unwrap();
    let row = logged.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    assert_eq!(row, Some(format!("user_signed_out: {LOGOUT}")));
}
