//! `docs/guide.md`: its SQL makes the database, and its Node lines are the application.

use authguard_wire::page::{self, Page};
use authguard_wire::policies::assert_exemplary;
use authguard_wire::script::Script;
use authguard_wire::tokens::{AUDIENCE, Issuer};
use authguard_wire::{ADA, BEN, set_claims, wait_until};
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::postgres::Install;
use postgres::Client;
use serde_json::{Value, json};

const DATABASE: &str = "app";

/// The page's database and its application; `None` without Node.
struct Guide {
    node: Script,
    admin: Client,
    cluster: Cluster,
}

impl Guide {
    fn start() -> Option<Self> {
        let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
        let cluster = Cluster::create(&install, Config::default()).unwrap();
        page::database(&cluster, DATABASE);
        let page = Page::read("guide.md");
        for heading in [
            "Roles and a table",
            "Listen to events",
            "Before a sensitive operation",
            "Policies that ask for revoked access",
            "Configuration",
        ] {
            for block in page.blocks(heading, "sql") {
                page::run(&cluster, DATABASE, &block);
            }
        }
        assert_exemplary(&cluster, DATABASE);
        let admin = cluster.connect("postgres", DATABASE).unwrap();
        // Every client that connects from here on has the settings.
        let set = || {
            let mut client = cluster.connect("postgres", DATABASE).unwrap();
            client.batch_execute("load 'authguard'").unwrap();
            let row = client
                .query_one("show authguard.notify_events", &[])
                .unwrap();
            row.get::<_, String>(0).contains("SIGNED_IN")
        };
        wait_until(set, "the settings arrive");
        let source = page.every("js").join("\n") + include_str!("../clients/guide.mjs");
        let node = Script::node(
            "guide.mjs",
            &source,
            &[
                ("PGHOST", "127.0.0.1".to_owned()),
                ("PGPORT", cluster.port().to_string()),
                ("PGDATABASE", DATABASE.to_owned()),
            ],
        )?;
        Some(Self {
            node,
            admin,
            cluster,
        })
    }

    /// Calls a function of the page and returns its result.
    fn call(&mut self, call: Value) -> Value {
        let answer = self.node.ask(&call);
        assert!(answer["error"].is_null(), "{call}: {answer}");
        answer["value"].clone()
    }

    /// Calls a function that must fail, and returns the SQLSTATE or the message.
    fn error(&mut self, call: Value) -> String {
        let answer = self.node.ask(&call);
        let error = answer["error"].as_str();
        error
            .unwrap_or_else(|| panic!("{call}: {answer}"))
            .to_owned()
    }

    fn sign_in(&mut self, user: &str) -> Value {
        let session = self.call(json!(["signIn", user]));
        assert_eq!(session["status"], "ok");
        session
    }

    fn rows(&mut self, session: &Value) -> usize {
        let sql = "select * from sensitive_data";
        let rows = self.call(json!(["query", session["access_token"], sql]));
        rows.as_array().unwrap().len()
    }
}

#[test]
fn the_guide_signs_in_refreshes_and_signs_out() {
    let Some(mut guide) = Guide::start() else {
        return;
    };
    let (laptop, phone) = (guide.sign_in(ADA), guide.sign_in(ADA));
    let tab = guide.call(json!(["refreshSession", laptop]));
    let other_tab = guide.call(json!(["refreshSession", laptop]));
    assert_eq!(tab["refresh_token"], other_tab["refresh_token"]);
    assert_ne!(tab["refresh_token"], laptop["refresh_token"]);
    let operation = |session: &Value| {
        json!([
            "performSensitiveOperation",
            session["access_token"],
            "secret"
        ])
    };
    assert_eq!(guide.call(operation(&tab)), ADA);
    assert_eq!(guide.rows(&phone), 1);

    let others = json!(["signOut", phone["access_token"], "others"]);
    assert_eq!(guide.call(others.clone()), 1);
    assert_eq!(guide.call(others), 0);
    assert_eq!(guide.error(operation(&tab)), "28000");
    assert_eq!(guide.call(json!(["refreshSession", tab])), Value::Null);
    assert_eq!(guide.call(operation(&phone)), ADA);
    // A second sign-out of any scope is a success. It ends nothing of others.
    let mut sign_out = |session: &Value, scope: &str| {
        guide.call(json!(["signOut", session["access_token"], scope]))
    };
    for scope in ["local", "others", "global"] {
        assert_eq!(sign_out(&tab, scope), 0, "{scope}");
    }
    assert_eq!(guide.call(operation(&phone)), ADA);
    // Nor is a sign-out refused to whoever is locked out. Other tokens are.
    guide.call(json!(["revokeUserAccess", ADA, "fraud"]));
    assert_eq!(guide.call(json!(["signOut", phone["access_token"]])), 0);
    guide.call(json!(["restoreUserAccess", ADA]));
    let token = phone["access_token"].as_str().unwrap();
    for other in ["", "no token", &token[..token.len() - 4]] {
        assert_eq!(guide.error(json!(["signOut", other])), "28000", "{other}");
    }

    // A message that is not an event is not believed.
    guide
        .admin
        .batch_execute(r#"select pg_notify('authguard', '{"id": 1, "name": "SIGNED_OUT"}')"#)
        .unwrap();
    let ben = guide.sign_in(BEN);
    assert_eq!(guide.rows(&ben), 0);
    let expected = json!([
        ["SIGNED_IN", ADA],
        ["SIGNED_IN", ADA],
        ["TOKEN_REFRESHED", ADA],
        ["SIGNED_OUT", ADA],
        ["SIGNED_OUT", ADA],
        ["USER_REVOKED", ADA],
        ["USER_RESTORED", ADA],
        ["SIGNED_IN", BEN]
    ]);
    wait_until(
        || guide.call(json!(["heard"])) == expected,
        "the listener hears of it",
    );
}

#[test]
fn the_guide_survives_the_loss_of_its_connections_and_misses_no_event() {
    let Some(mut guide) = Guide::start() else {
        return;
    };
    let lose = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                 where usename in ('app', 'support')";
    let mut expected = Vec::new();
    for round in 0..3 {
        guide.sign_in(ADA);
        expected.push(json!(["SIGNED_IN", ADA]));
        // One event is written before the loss and committed after it.
        let mut late = guide.cluster.connect("postgres", DATABASE).unwrap();
        let sql = format!("begin; select authguard.record_event('LATE', 'late {round}')");
        late.batch_execute(&sql).unwrap();
        let lost: i64 = guide.admin.query_one(lose, &[]).unwrap().get(0);
        assert!(lost >= 2, "the listener and a pool");
        // While nobody listens.
        let ben = guide.admin.execute("select authguard.sign_in($1)", &[&BEN]);
        ben.unwrap();
        expected.push(json!(["SIGNED_IN", BEN]));
        wait_until(
            || guide.call(json!(["heard"])).as_array().unwrap().len() == expected.len(),
            "what was missed is read",
        );
        late.batch_execute("commit").unwrap();
        expected.push(json!(["LATE", format!("late {round}")]));
    }
    // A server that is away for a while.
    guide.cluster.stop().unwrap();
    assert_eq!(guide.error(json!(["signIn", ADA])), "ECONNREFUSED");
    guide.cluster.start().unwrap();
    guide.sign_in(BEN);
    expected.push(json!(["SIGNED_IN", BEN]));
    // A connection that is lost in a transaction.
    let session = guide.sign_in(ADA);
    expected.push(json!(["SIGNED_IN", ADA]));
    let suicide = "select pg_terminate_backend(pg_backend_pid())";
    guide.error(json!(["query", session["access_token"], suicide]));
    guide.call(json!(["signOut", session["access_token"], "local"]));
    expected.push(json!(["SIGNED_OUT", ADA]));
    wait_until(
        || guide.call(json!(["heard"])).as_array().unwrap().len() >= expected.len(),
        "all events are heard",
    );
    let heard = guide.call(json!(["heard"]));
    let sorted = |list: &[Value]| {
        let mut texts: Vec<_> = list.iter().map(Value::to_string).collect();
        texts.sort();
        texts
    };
    assert_eq!(sorted(heard.as_array().unwrap()), sorted(&expected));
}

#[test]
fn the_guide_forces_a_sign_out_and_lets_in_again() {
    let Some(mut guide) = Guide::start() else {
        return;
    };
    let operation = |session: &Value| {
        json!([
            "performSensitiveOperation",
            session["access_token"],
            "secret"
        ])
    };
    let first = guide.sign_in(ADA);
    guide.call(json!(["signOutUser", ADA]));
    assert_eq!(guide.error(operation(&first)), "28000");
    let second = guide.sign_in(ADA);
    assert_eq!(guide.call(operation(&second)), ADA);
    guide.call(json!(["revokeUserAccess", ADA, "fraud"]));
    assert_eq!(guide.error(operation(&second)), "28000");
    let status = guide.call(json!(["signIn", ADA]))["status"].clone();
    assert_eq!(status, "user_blocked");
    guide.call(json!(["restoreUserAccess", ADA]));
    let third = guide.sign_in(ADA);
    assert_eq!(guide.call(operation(&third)), ADA);
    assert_eq!(guide.error(operation(&second)), "28000");
}

#[test]
fn the_guide_asks_a_stale_session_who_it_is() {
    let Some(mut guide) = Guide::start() else {
        return;
    };
    let begun = guide.sign_in(ADA);
    guide
        .admin
        .batch_execute(
            "update authguard.session
                set authenticated_at = authenticated_at - interval '10 min',
                    amr = jsonb_set(amr, '{0,timestamp}', to_jsonb((amr -> 0 ->> 'timestamp')::int8 - 600))",
        )
        .unwrap();
    let stale = guide.call(json!(["refreshSession", begun]));
    let operation = json!(["performSensitiveOperation", stale["access_token"], "secret"]);
    assert_eq!(guide.error(operation.clone()), "sign in again to go on");
    // If the application forgets the check, the policy refuses the statement.
    let insert = "insert into sensitive_data (body) values ('secret')";
    let past = json!(["query", stale["access_token"], insert]);
    assert_eq!(guide.error(past.clone()), "42501");
    guide.call(json!(["reauthenticated", stale]));
    assert_eq!(guide.call(operation), ADA);
    guide.call(past);
    assert_eq!(guide.rows(&stale), 2);

    // The policy on the claim, without the guard. The claims come from a gateway, because such a
    // token is refused at once, and this database signs none.
    let elsewhere = Issuer::new("https://elsewhere");
    guide
        .admin
        .execute(
            "select authguard.trust_issuer($1, $2::text::jsonb, array[$3], shares_subjects => true)",
            &[&elsewhere.name, &elsewhere.jwks(&[elsewhere.kid()]), &AUDIENCE],
        )
        .unwrap();
    let mut claims = elsewhere.claims(ADA);
    claims["app_metadata"] = json!({"access_revoked": true});
    let flagged = elsewhere.sign(&claims);
    assert_eq!(guide.error(json!(["query", flagged, "select 1"])), "28000");
    guide
        .admin
        .batch_execute("select authguard.unguard_table('sensitive_data'); set role authenticated")
        .unwrap();
    for (flag, rows) in [("false", 2), ("true", 0)] {
        let claims = format!(r#"{{"sub": "{ADA}", "app_metadata": {{"access_revoked": {flag}}}}}"#);
        set_claims(&mut guide.admin, &claims);
        let sql = "select count(*) from sensitive_data";
        let seen: i64 = guide.admin.query_one(sql, &[]).unwrap().get(0);
        assert_eq!(seen, rows, "{flag}");
    }
}
