//! PostgREST as the receiver of events: the functions of `docs/events.md`, asked as identity
//! providers ask, with the answers of OpenID Connect Back-Channel Logout 1.0 and RFC 8935.
//!
//! If the packages cannot be installed, a test says so and checks nothing.

use authguard_wire::ADA;
use authguard_wire::api::{Api, note};
use authguard_wire::http::{Answer, send};
use authguard_wire::page::{Page, with_output};
use authguard_wire::tokens::{Issuer, forged};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
const DISABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-disabled";

/// A proxy that calls a body of type `application/secevent+jwt` a text, as the page has nginx do.
/// Returns its port.
fn proxy(to: u16) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("the proxy listens");
    let port = listener.local_addr().expect("it has a port").port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let _ = pass(client, to);
        }
    });
    port
}

/// Passes one request on, and its answer back.
fn pass(mut client: TcpStream, to: u16) -> std::io::Result<()> {
    let mut request = BufReader::new(client.try_clone()?);
    let mut gateway = TcpStream::connect(("127.0.0.1", to))?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        request.read_line(&mut line)?;
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        match lower.starts_with("content-type:") {
            true => gateway.write_all(b"Content-Type: text/plain\r\n")?,
            false => gateway.write_all(line.as_bytes())?,
        }
        if line.trim().is_empty() {
            break;
        }
    }
    std::io::copy(&mut request.take(length), &mut gateway)?;
    std::io::copy(&mut gateway, &mut client)?;
    Ok(())
}

fn post(port: u16, path: &str, content: &str, body: &str) -> Answer {
    let length = format!("Content-Length: {}", body.len());
    let content = format!("Content-Type: {content}");
    let headers = [content.as_str(), &length, "Accept: application/json"];
    send(port, "POST", path, &headers, body)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs()
}

#[test]
fn providers_get_the_answers_of_both_standards() {
    let Some(mut api) = Api::start() else { return };
    let page = Page::read("events.md");
    let idp = Issuer::new("https://idp.example.com/");
    let [trust, role] = &page.blocks("Trust", "sql")[..] else {
        panic!("two blocks");
    };
    let fetch = "curl -fsS https://idp.example.com/.well-known/jwks.json";
    let trust = with_output(trust, fetch, &idp.jwks(&[idp.kid()]));
    // The page begins without the schema and the roles of the page on PostgREST.
    let trust = trust.replace("events => true", "shares_subjects => true, events => true");
    api.run(&trust);
    api.run(role);
    let functions = page.block("PostgREST", "sql");
    let functions = functions.replacen("create schema api;", "", 1);
    api.run_and_load(&functions);
    let port = api.port();

    // PostgREST believes tokens of the local issuer only, so the data is asked for as its gateway
    // would ask.
    let mut gateway = api.cluster.connect("authenticator", "app").unwrap();
    let claims = json!({
        "iss": idp.name, "sub": ADA, "role": "authenticated", "iat": now() - 3600,
        "exp": now() + 3600, "session_id": "5e551011-0000-4000-8000-000000000001",
    });
    api.admin
        .execute(
            "insert into api.note (owner, body) values ($1::text::uuid, 'of Ada')",
            &[&ADA],
        )
        .unwrap();
    gateway
        .execute(
            "select set_config('request.jwt.claims', $1, false), set_config('role', 'authenticated', false)",
            &[&claims.to_string()],
        )
        .unwrap();
    let mut rows = || -> i64 {
        let count = "select count(*) from api.note";
        gateway.query_one(count, &[]).unwrap().get(0)
    };
    assert_eq!(rows(), 1);

    // A form post of a logout token.
    let logout = |jti: &str, others: Value| {
        let mut claims = json!({
            "iss": idp.name, "aud": "my-client-id", "iat": now(), "exp": now() + 120, "jti": jti,
            "sub": ADA, "sid": "5e551011-0000-4000-8000-000000000001", "events": {LOGOUT: {}},
        });
        for (name, value) in others.as_object().unwrap() {
            claims[name] = value.clone();
        }
        idp.sign_typed(&claims, "logout+jwt")
    };
    let form = "application/x-www-form-urlencoded";
    let path = "/rpc/backchannel_logout";
    let token = logout("l-1", json!({}));
    let answer = post(
        port,
        path,
        form,
        &format!("logout_token={}", forged(&token)),
    );
    let error: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        (answer.status, error),
        (
            400,
            json!({
                "error": "invalid_request", "error_description": "authentication_failed"
            })
        )
    );
    assert_eq!(rows(), 1);
    for _ in 0..2 {
        let answer = post(port, path, form, &format!("logout_token={token}"));
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        let head = answer.head.to_ascii_lowercase();
        assert!(head.contains("cache-control: no-store"), "{head}");
        assert_eq!(rows(), 0);
    }
    let bad = logout("l-2", json!({"nonce": "n"}));
    let answer = post(port, path, form, &format!("logout_token={bad}"));
    assert_eq!(answer.status, 400);

    // A push of a security event token.
    api.admin
        .batch_execute("delete from authguard.revocation")
        .unwrap();
    assert_eq!(rows(), 1);
    let set = |jti: &str, aud: &str| {
        let claims = json!({
            "iss": idp.name, "aud": aud, "iat": now(), "jti": jti,
            "sub_id": {"format": "iss_sub", "iss": idp.name, "sub": ADA},
            "events": {DISABLED: {"reason": "hijacking"}},
        });
        idp.sign_typed(&claims, "secevent+jwt")
    };
    let path = "/rpc/security_event";
    let content = "application/secevent+jwt";
    // PostgREST does not take the type: the page says so.
    let answer = post(port, path, content, &set("s-1", "my-client-id"));
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("PGRST102"), "{}", answer.body);
    assert_eq!(rows(), 1);
    let proxy = proxy(port);
    let answer = post(proxy, path, content, &set("s-1", "another"));
    let error: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        (answer.status, error),
        (400, json!({"err": "invalid_audience"}))
    );
    let head = answer.head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/json"), "{head}");
    for _ in 0..2 {
        let answer = post(proxy, path, content, &set("s-1", "my-client-id"));
        assert_eq!((answer.status, answer.body.as_str()), (202, ""));
        assert_eq!(rows(), 0);
    }
    // Whoever may post may do nothing else.
    let token = note("x");
    assert_eq!(api.ask(None, token).0, 401);
    let anon = "set role anon; select authguard.receive_event('x')";
    let mut client = api.cluster.connect("authenticator", "app").unwrap();
    assert!(client.batch_execute(anon).is_err());
}
