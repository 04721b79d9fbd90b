//! Pools: pgbouncer in transaction mode, and the examples of `docs/pool.md`, which run unchanged.
//!
//! If pgbouncer or the packages cannot be installed, a test says so and checks nothing.

use authguard_wire::pool::Pool;
use authguard_wire::script::Script;
use authguard_wire::{ADA, BEN};
use postgres::{Client, Transaction};
use serde_json::json;

const TOKEN: &str = "select auth.set_token($1)";
const CLAIMS: &str = "select set_config('request.jwt.claims', $1, true)";

/// Inserts one note of Ada and one of Ben.
fn notes(pool: &mut Pool) {
    let insert = "insert into note (owner, body) values ($1::text::uuid, 'of Ada'), ($2::text::uuid, 'of Ben')";
    pool.admin.execute(insert, &[&ADA, &BEN]).unwrap();
}

/// A transaction in which `set` has set the user's token or claims.
fn transaction<'a>(client: &'a mut Client, set: &str, value: &str) -> Transaction<'a> {
    let mut transaction = client.transaction().unwrap();
    transaction.query_one(set, &[&value]).unwrap();
    transaction
        .batch_execute("set local role authenticated")
        .unwrap();
    transaction
}

/// The server process that answers, and the notes that it shows.
fn seen(transaction: &mut Transaction) -> (i32, Vec<String>) {
    let backend = transaction
        .query_one("select pg_backend_pid()", &[])
        .unwrap();
    let rows = transaction
        .query("select body from note order by id", &[])
        .unwrap();
    (backend.get(0), rows.iter().map(|row| row.get(0)).collect())
}

#[test]
fn users_take_turns_on_one_server_connection_and_never_see_the_other() {
    let Some(mut pool) = Pool::start("") else {
        return;
    };
    notes(&mut pool);
    let tokens = [pool.token(ADA), pool.token(BEN)];
    let claims = [authguard_wire::claims(ADA), authguard_wire::claims(BEN)];
    let mut backends = Vec::new();
    for (role, set, values) in [("app", TOKEN, tokens), ("authenticator", CLAIMS, claims)] {
        let (mut ada, mut ben, mut nobody) =
            (pool.connect(role), pool.connect(role), pool.connect(role));
        for round in 0..10 {
            let mut turn = transaction(&mut ada, set, &values[0]);
            let (backend, rows) = seen(&mut turn);
            assert_eq!(rows, ["of Ada"]);
            backends.push(backend);
            // Every other transaction fails, and takes its claims with it.
            match round % 2 {
                0 => turn.commit().unwrap(),
                _ => {
                    assert!(turn.batch_execute("select 1 / 0").is_err());
                    turn.rollback().unwrap();
                }
            }
            let mut turn = transaction(&mut ben, set, &values[1]);
            assert_eq!(seen(&mut turn), (backend, vec!["of Ben".to_owned()]));
            turn.commit().unwrap();
            let mut turn = nobody.transaction().unwrap();
            turn.batch_execute("set local role authenticated").unwrap();
            assert_eq!(seen(&mut turn), (backend, Vec::new()));
        }
    }
    backends.dedup();
    assert_eq!(
        backends.len(),
        2,
        "one server connection for each login role"
    );
}

#[test]
fn a_prepared_statement_that_users_share_asks_for_the_claims_anew() {
    let Some(mut pool) = Pool::start("") else {
        return;
    };
    notes(&mut pool);
    pool.admin
        .batch_execute("alter role app set plan_cache_mode = force_generic_plan")
        .unwrap();
    let tokens = [pool.token(ADA), pool.token(BEN)];
    let (mut ada, mut ben) = (pool.connect("app"), pool.connect("app"));
    let execute = |client: &mut Client, token: &str| {
        let mut turn = transaction(client, TOKEN, token);
        let answer = turn.simple_query("execute shared").unwrap();
        let rows = answer.iter().filter_map(|message| match message {
            postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        let rows: Vec<String> = rows.collect();
        turn.commit().unwrap();
        rows
    };
    // The prepared statement stays on the server's connection, for every later client.
    let mut turn = transaction(&mut ada, TOKEN, &tokens[0]);
    turn.batch_execute("prepare shared as select body from note")
        .unwrap();
    turn.commit().unwrap();
    for _ in 0..3 {
        assert_eq!(execute(&mut ada, &tokens[0]), ["of Ada"]);
        assert_eq!(execute(&mut ben, &tokens[1]), ["of Ben"]);
    }
}

/// The view of a client that sets nothing, after another client has set its token for the session.
fn after_a_leak(lines: &str) -> Option<(Option<String>, Option<bool>, String)> {
    let mut pool = Pool::start(lines)?;
    let token = pool.token(ADA);
    // This runs in transactions: pgbouncer must not change the connection between a prepare and its
    // execute.
    let mut careless = pool.connect("app");
    let mut turn = careless.transaction().unwrap();
    turn.query_one("select auth.set_token($1, false)", &[&token])
        .unwrap();
    turn.commit().unwrap();
    let mut next = pool.connect("app");
    let mut turn = next.transaction().unwrap();
    let row = turn
        .query_one("select subject, session_wide, hint from auth.whoami()", &[])
        .unwrap();
    Some((row.get(0), row.get(1), row.get(2)))
}

#[test]
fn a_token_that_leaks_to_the_next_client_is_noticed() {
    let Some((subject, session_wide, hint)) = after_a_leak("") else {
        return;
    };
    // The trap that the page describes: pgbouncer resets nothing in transaction mode.
    assert_eq!((subject.as_deref(), session_wide), (Some(ADA), Some(true)));
    assert!(
        hint.contains("a pool hands it to its next client"),
        "{hint}"
    );
}

#[test]
fn a_pool_that_always_resets_leaks_nothing() {
    let Some(seen) = after_a_leak("server_reset_query_always = 1") else {
        return;
    };
    assert_eq!((seen.0, seen.1), (None, None));
}

/// Runs an example of the page: two users in turn, a bad token, a query that fails and a
/// revocation.
fn example(pool: &mut Pool, script: &mut Script) {
    notes(pool);
    let tokens = [pool.token(ADA), pool.token(BEN)];
    let mut ask = |token: &str, sql: &str| script.ask(&json!({"token": token, "sql": sql}));
    let select = "select body from note order by id";
    for _ in 0..10 {
        assert_eq!(
            ask(&tokens[0], select),
            json!({"rows": [{"body": "of Ada"}]})
        );
        assert_eq!(
            ask(&tokens[1], select),
            json!({"rows": [{"body": "of Ben"}]})
        );
    }
    assert_eq!(ask("no token", select), json!({"code": "28000"}));
    assert_eq!(ask(&tokens[0], "select 1 / 0"), json!({"code": "22012"}));
    let insert = "insert into note (body) values ('new') returning owner";
    assert_eq!(ask(&tokens[0], insert), json!({"rows": [{"owner": ADA}]}));
    let count = |pool: &mut Pool| -> i64 {
        pool.admin
            .query_one("select count(*) from note", &[])
            .unwrap()
            .get(0)
    };
    assert_eq!(count(pool), 3, "it was committed");
    let told = ask(
        &tokens[0],
        "select source, status, session_wide from auth.whoami()",
    );
    assert_eq!(
        told["rows"],
        json!([{"source": "token", "status": "accepted", "session_wide": false}])
    );
    pool.admin
        .batch_execute(&format!("select authguard.revoke_user('{ADA}')"))
        .unwrap();
    assert_eq!(ask(&tokens[0], select), json!({"code": "28000"}));
    assert_eq!(
        ask(&tokens[1], select),
        json!({"rows": [{"body": "of Ben"}]})
    );
    // Nothing of the example stays on the connection.
    let mut next = pool.connect("app");
    let mut turn = next.transaction().unwrap();
    let row = turn.query_one("select status, acting_role from auth.whoami()", &[]);
    let row = row.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("absent", "app"));
}

#[test]
fn the_example_for_node_keeps_users_apart() {
    let Some(mut pool) = Pool::start("") else {
        return;
    };
    let source = pool.page.block("Node", "js") + include_str!("../clients/pool.mjs");
    let environment = [("DATABASE_URL", pool.uri("app"))];
    let Some(mut script) = Script::node("pool.mjs", &source, &environment) else {
        return;
    };
    example(&mut pool, &mut script);
}

#[test]
fn the_example_for_python_keeps_users_apart() {
    let Some(mut pool) = Pool::start("") else {
        return;
    };
    let source = pool.page.block("Python", "python") + include_str!("../clients/pool.py");
    let environment = [("DATABASE_URL", pool.uri("app"))];
    let Some(mut script) = Script::python("pool.py", &source, &environment) else {
        return;
    };
    example(&mut pool, &mut script);
}
