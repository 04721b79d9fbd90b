//! The programs in `examples` keep what `docs/examples.md` promises of each.

use authguard_wire::example::Example;
use authguard_wire::tokens::{Issuer, forged};
use authguard_wire::{ADA, BEN, admin, text, wait_for_a_waiter, wait_until};
use postgres::Client;
use serde_json::{Value, json};
use std::thread;

/// The headers of requests that nobody may make.
const NO_TOKEN: [&[&str]; 6] = [
    &[],
    &["Authorization:"],
    &["Authorization: Bearer"],
    &["Authorization: Bearer "],
    &["Authorization: Basic YWRhOnNlY3JldA=="],
    &["Authorization: Bearer undefined"],
];

const ROUTES: [(&str, &str); 4] = [
    ("GET", "/notes"),
    ("POST", "/notes"),
    ("POST", "/notes/1/lines"),
    ("GET", "/notices"),
];

fn sign_in(owner: &mut Client, user: &str) -> String {
    let sql = format!("select access_token from authguard.sign_in('{user}')");
    text(owner, &sql).expect("a token")
}

fn write(app: &Example, token: &str, body: &str) -> i64 {
    let (status, note) = app.ask(token, "POST", "/notes", &json!({ "body": body }));
    assert_eq!(status, 201, "{note}");
    note["id"]
        .as_i64()
        .or_else(|| note["id"].as_str()?.parse().ok())
        .expect("an id")
}

fn bodies(app: &Example, token: &str) -> Vec<String> {
    let (status, notes) = app.get(token, "/notes");
    assert_eq!(status, 200, "{notes}");
    let notes = notes.as_array().expect("a list").iter();
    notes
        .map(|note| note["body"].as_str().expect("a body").to_owned())
        .collect()
}

fn users_have_their_own_rows(app: &Example) {
    let mut owner = admin(&app.cluster);
    let (ada, ben) = (sign_in(&mut owner, ADA), sign_in(&mut owner, BEN));
    let id = write(app, &ada, "of Ada");
    write(app, &ben, "of Ben");
    assert_eq!(bodies(app, &ada), ["of Ada"]);
    assert_eq!(bodies(app, &ben), ["of Ben"]);
    // A scheme is case-insensitive (RFC 9110, section 11.1).
    let header = format!("authorization: bearer {ada}");
    assert_eq!(app.send("GET", "/notes", &[&header], &Value::Null).0, 200);

    let of_another = json!({"body": "forged", "owner": BEN});
    let refused = app.ask(&ada, "POST", "/notes", &of_another);
    assert_eq!(refused, (403, json!({"error": "forbidden"})));
    let lines = format!("/notes/{id}/lines");
    let line = json!({"line": "more"});
    assert_eq!(app.ask(&ben, "POST", &lines, &line).0, 404, "of another");
    let (status, note) = app.ask(&ada, "POST", &lines, &line);
    assert_eq!((status, &note["body"]), (200, &json!("of Ada\nmore")));
    for bad in [
        json!({}),
        json!({"body": "a", "owner": "no id"}),
        json!({"body": null}),
    ] {
        let (status, answer) = app.ask(&ada, "POST", "/notes", &bad);
        assert!([400, 422].contains(&status), "{bad}: {status} {answer}");
    }
    // What is no text is refused or written as one, and ends neither the request nor the API.
    for odd in [json!(7), json!({"a": 1}), json!(["a"]), json!(true)] {
        for odd in [json!({ "body": odd }), json!({"body": "odd", "owner": odd})] {
            let (status, answer) = app.ask(&ada, "POST", "/notes", &odd);
            assert!(
                [201, 400, 422].contains(&status),
                "{odd}: {status} {answer}"
            );
        }
    }
    let (status, answer) = app.ask(&ada, "POST", &lines, &json!({}));
    assert!([400, 422].contains(&status), "no line: {answer}");
    for path in ["/notes", &lines] {
        let header = format!("Authorization: Bearer {ada}");
        let (status, ..) = app.send("POST", path, &[&header], &json!(null));
        assert!([400, 422].contains(&status), "no JSON: {status}");
    }
    owner
        .batch_execute("delete from note where body <> all (array['of Ben', E'of Ada\\nmore'])")
        .expect("the odd ones go");
    let count = "select string_agg(body, ', ' order by id) from note";
    assert_eq!(
        text(&mut owner, count).as_deref(),
        Some("of Ada\nmore, of Ben")
    );
}

fn nobody_gets_in(app: &Example) {
    let mut owner = admin(&app.cluster);
    let refuse = |headers: &[&str]| {
        for (method, path) in ROUTES {
            let body = match method {
                "POST" => json!({"body": "of nobody", "line": "of nobody"}),
                _ => Value::Null,
            };
            let (status, head, answer) = app.send(method, path, headers, &body);
            let what = format!("{method} {path} {headers:?}");
            assert_eq!(
                (status, answer),
                (401, json!({"error": "sign in"})),
                "{what}"
            );
            let head = head.to_ascii_lowercase();
            assert!(
                head.contains("\r\nwww-authenticate: bearer"),
                "{what}: {head}"
            );
        }
    };
    NO_TOKEN.iter().for_each(|headers| refuse(headers));
    let good = sign_in(&mut owner, ADA);
    let issuer = Issuer::trusted(&app.cluster, "https://issuer");
    assert_eq!(app.get(&issuer.token(ADA), "/notes").0, 200);
    let mut expired = issuer.claims(ADA);
    expired["exp"] = json!(1_700_000_060);
    let unknown = Issuer::new("https://unknown").token(ADA);
    for token in [forged(&good), issuer.sign(&expired), unknown] {
        refuse(&[&format!("Authorization: Bearer {token}")]);
    }
    // Whatever revokes counts at the next request.
    for revoke in [
        "select authguard.revoke_token($1 ->> 'jti')",
        "select authguard.revoke_session(($1 ->> 'session_id')::uuid)",
        "select authguard.sign_out_user($1 ->> 'sub')",
        "select authguard.revoke_user($1 ->> 'sub')",
    ] {
        let token = sign_in(&mut owner, ADA);
        assert_eq!(app.get(&token, "/notes").0, 200, "{revoke}");
        let sql = revoke.replace("$1", "auth.verify($1)");
        owner.execute(&sql, &[&token]).expect("it is revoked");
        refuse(&[&format!("Authorization: Bearer {token}")]);
    }
    owner
        .batch_execute(&format!("select authguard.restore_user('{ADA}')"))
        .expect("she is restored");
    let of_nobody = "select count(*)::text from note where body like '%nobody%'";
    assert_eq!(text(&mut owner, of_nobody).as_deref(), Some("0"));
}

/// Adds a line to a note that the test holds, and does something before the test lets go.
fn append_while_held(app: &Example, token: &str, id: i64, hold: &str, then: &str) -> (u16, Value) {
    let mut holder = admin(&app.cluster);
    holder
        .batch_execute(&format!("begin; {hold} where id = {id}"))
        .expect("it is held");
    thread::scope(|scope| {
        let path = format!("/notes/{id}/lines");
        let line = json!({"line": "more"});
        let appended = scope.spawn(move || app.ask(token, "POST", &path, &line));
        wait_for_a_waiter(&app.cluster);
        admin(&app.cluster).batch_execute(then).expect("it is done");
        holder.batch_execute("commit").expect("it is let go");
        appended.join().expect("an answer")
    })
}

fn transactions_are_whole(app: &Example) {
    let mut owner = admin(&app.cluster);
    let token = sign_in(&mut owner, ADA);
    let id = write(app, &token, "held");
    // A serialization failure is tried again, and sees what the other has written.
    let (status, note) = append_while_held(
        app,
        &token,
        id,
        "update note set body = 'changed'",
        "select",
    );
    assert_eq!((status, &note["body"]), (200, &json!("changed\nmore")));
    // A request that is revoked while it runs writes nothing.
    let end = format!("select authguard.sign_out_user('{ADA}')");
    let (status, answer) = append_while_held(app, &token, id, "table note for update; --", &end);
    assert_eq!((status, answer), (401, json!({"error": "sign in"})));
    let body = format!("select body from note where id = {id}");
    assert_eq!(text(&mut owner, &body).as_deref(), Some("changed\nmore"));
}

fn users_who_share_the_pool_never_meet(app: &Example) {
    let mut owner = admin(&app.cluster);
    let tokens = [sign_in(&mut owner, ADA), sign_in(&mut owner, BEN)];
    let expected = tokens.each_ref().map(|token| bodies(app, token));
    assert_ne!(expected[0], expected[1]);
    let other = [BEN, ADA];
    thread::scope(|scope| {
        for n in 0..50 {
            let (tokens, expected) = (&tokens, &expected);
            scope.spawn(move || {
                for round in 0..4 {
                    let user = (n + round) % 2;
                    match (n / 2 + round) % 4 {
                        0 => assert_eq!(
                            app.send("GET", "/notes", &[], &Value::Null).0,
                            401,
                            "without a token"
                        ),
                        1 => {
                            // A transaction that fails takes its user with it, too.
                            let note = json!({"body": "forged", "owner": other[user]});
                            assert_eq!(app.ask(&tokens[user], "POST", "/notes", &note).0, 403);
                        }
                        2 => {
                            let (status, _, health) = app.send("GET", "/health", &[], &Value::Null);
                            assert_eq!((status, health), (200, json!({"clean": true})));
                        }
                        _ => assert_eq!(bodies(app, &tokens[user]), expected[user]),
                    }
                }
            });
        }
    });
}

/// A statement that has the token fails, for another reason than the token: `signal` ends it.
fn fail_with(app: &Example, signal: &str, token: &str) -> (u16, Value) {
    let mut holder = admin(&app.cluster);
    holder
        .batch_execute("begin; lock table authguard.session")
        .expect("it is held");
    thread::scope(|scope| {
        let asked = scope.spawn(|| app.get(token, "/notes"));
        wait_for_a_waiter(&app.cluster);
        holder
            .batch_execute(&format!(
                "select {signal}(pid) from pg_stat_activity
                  where usename = 'app' and wait_event_type = 'Lock'"
            ))
            .expect("it is ended");
        asked.join().expect("an answer")
    })
}

/// The log is looked at in the end.
fn a_failure_shows_nothing_of_the_token(app: &Example) {
    let token = sign_in(&mut admin(&app.cluster), ADA);
    let answer = fail_with(app, "pg_cancel_backend", &token);
    assert_eq!(answer, (500, json!({"error": "server error"})));
    let log = || app.log().contains("canceling statement");
    wait_until(log, "the log says why");
}

fn a_connection_that_is_lost_in_a_transaction_is_replaced(app: &Example) {
    let token = sign_in(&mut admin(&app.cluster), ADA);
    let answer = fail_with(app, "pg_terminate_backend", &token);
    assert_eq!(answer, (500, json!({"error": "server error"})));
    assert_eq!(app.get(&token, "/notes").0, 200);
}

/// The login of the API itself fails with the same SQLSTATE as a bad token: 28000.
fn a_login_that_fails_is_no_bad_token(app: &Example) {
    let mut owner = admin(&app.cluster);
    let token = sign_in(&mut owner, ADA);
    owner
        .batch_execute(
            "alter role app nologin;
             select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = 'app'",
        )
        .expect("it is shut out");
    for _ in 0..3 {
        let refused = app.get(&token, "/notes");
        assert_eq!(refused, (500, json!({"error": "server error"})));
    }
    owner
        .batch_execute("alter role app login")
        .expect("it is let in");
    wait_until(|| app.get(&token, "/notes").0 == 200, "the API works again");
}

/// Waits until every event of a user is a notice.
fn all_events_arrive(app: &Example) {
    let mut owner = admin(&app.cluster);
    let missing = "select count(*)::text from authguard.event e
                    where not exists (select from notice n where n.event_id = e.id and n.owner = e.user_id)";
    let arrived = || text(&mut owner, missing).as_deref() == Some("0");
    wait_until(arrived, "the events arrive");
}

/// The same, and the user reads each event once.
fn every_event_arrives_once(app: &Example) {
    let mut owner = admin(&app.cluster);
    // Wakes the reader: not every event notifies.
    let token = sign_in(&mut owner, ADA);
    all_events_arrive(app);
    let ids = "select json_agg(id order by id)::text from authguard.event where user_id = $1";
    let expected: String = owner.query_one(ids, &[&ADA]).unwrap().get(0);
    let (status, notices) = app.get(&token, "/notices");
    assert_eq!(status, 200, "{notices}");
    let seen: Vec<String> = notices
        .as_array()
        .expect("a list")
        .iter()
        .map(|notice| notice["event_id"].to_string().replace('"', ""))
        .collect();
    assert_eq!(format!("[{}]", seen.join(", ")), expected);
}

fn no_event_is_lost(app: &mut Example) {
    let mut owner = admin(&app.cluster);
    every_event_arrives_once(app);
    // What any role may send is not believed.
    owner
        .batch_execute("select pg_notify('authguard', '{\"id\": 1, \"name\": \"SIGNED_OUT\"}')")
        .expect("it is sent");
    // Written before the listener is lost, and committed after later events have arrived.
    let mut late = admin(&app.cluster);
    let record = format!("begin; select authguard.record_event('LATE', '{ADA}')");
    late.batch_execute(&record).expect("it is written");
    sign_in(&mut owner, BEN);
    let lost = "select count(pg_terminate_backend(pid, 10000))::text from pg_stat_activity
                 where usename = 'listener'";
    assert_ne!(text(&mut owner, lost).as_deref(), Some("0"));
    sign_in(&mut owner, ADA);
    every_event_arrives_once(app);
    late.batch_execute("commit").expect("it is committed");
    every_event_arrives_once(app);
    // While the whole API is away.
    app.restart(|cluster| drop(sign_in(&mut admin(cluster), BEN)));
    all_events_arrive(app);
    every_event_arrives_once(app);
}

fn a_restart_of_the_server_is_survived(app: &mut Example) {
    let token = sign_in(&mut admin(&app.cluster), ADA);
    let before = bodies(app, &token);
    app.cluster.stop().expect("the server stops");
    // The API may also begin while the server is away.
    for begin in [false, true] {
        if begin {
            app.restart(|_| ());
        }
        let answer = app.get(&token, "/notes");
        assert_eq!(answer, (500, json!({"error": "server error"})));
        // Without a token there is no request to the database.
        assert_eq!(app.send("GET", "/notes", &[], &Value::Null).0, 401);
    }
    app.cluster.start().expect("the server starts");
    wait_until(|| app.get(&token, "/notes").0 == 200, "the API works again");
    assert_eq!(bodies(app, &token), before);
    every_event_arrives_once(app);
}

/// Runs an example, if its packages can be installed. `lost`: what happens if a connection is lost
/// in a transaction.
fn keeps_its_promises(app: Option<Example>, lost: fn(&Example)) {
    let Some(mut app) = app else {
        return;
    };
    users_have_their_own_rows(&app);
    nobody_gets_in(&app);
    transactions_are_whole(&app);
    users_who_share_the_pool_never_meet(&app);
    a_failure_shows_nothing_of_the_token(&app);
    lost(&app);
    a_login_that_fails_is_no_bad_token(&app);
    no_event_is_lost(&mut app);
    a_restart_of_the_server_is_survived(&mut app);
    // Neither the log of the API nor that of the server has anything of a token.
    for log in [app.log(), app.cluster.log()] {
        assert!(!log.contains("eyJ"), "{log}");
    }
}

#[test]
fn express_with_pg_keeps_its_promises() {
    keeps_its_promises(
        Example::start("express", &["node", "server.js"], None),
        a_connection_that_is_lost_in_a_transaction_is_replaced,
    );
}

#[test]
fn fastapi_with_asyncpg_keeps_its_promises() {
    keeps_its_promises(
        Example::start("fastapi", &["python3", "app.py"], None),
        a_connection_that_is_lost_in_a_transaction_is_replaced,
    );
}

/// Next.js itself takes hundreds of megabytes. The test does what it does with these files.
#[test]
fn nextjs_with_postgres_js_keeps_its_promises() {
    let server = ("server.mjs", include_str!("../clients/nextjs.mjs"));
    let app = Example::start("nextjs", &["node", "server.mjs"], Some(server));
    // Its README says what postgres.js does if a connection is lost in a transaction: the process
    // ends.
    keeps_its_promises(app, |_| ());
}

#[test]
fn sqlalchemy_keeps_its_promises() {
    keeps_its_promises(
        Example::start("sqlalchemy", &["python3", "app.py"], None),
        a_connection_that_is_lost_in_a_transaction_is_replaced,
    );
}

#[test]
fn drizzle_keeps_its_promises() {
    keeps_its_promises(
        Example::start("drizzle", &["node", "server.js"], None),
        a_connection_that_is_lost_in_a_transaction_is_replaced,
    );
}
