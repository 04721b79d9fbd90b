//! `docs/operations.md` and the files of `docs/monitoring`: the questions and their answers, the
//! exporter's queries, the alerts, the dashboard, and the runbooks.
//!
//! If a program cannot be fetched, its test says so and checks nothing.

use authguard_wire::http::get;
use authguard_wire::monitoring::{self, shipped};
use authguard_wire::page::{self, Page};
use authguard_wire::tokens::{AUDIENCE, Issuer};
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::dirs;
use postgres::Client;
use serde_json::{Value, json};
use std::process::Command;

/// A database with the roles of the page, and something to see in it.
fn watched() -> Cluster {
    let cluster = server(Config::default());
    let roles = Page::read("operations.md").block("A role that only watches", "sql");
    page::run(&cluster, "wire", &roles);
    let support = "create role support login; select authguard.grant_operator('support')";
    admin(&cluster).batch_execute(support).unwrap();
    cluster
}

/// What psql says, with what differs from run to run replaced: ids, names of keys, times.
fn stable(shown: &str) -> String {
    let word = |word: &str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let hex = word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        match word {
            _ if word.len() == 36 && hex => "<id>".to_owned(),
            _ if word.len() >= 40 && !word.starts_with('-') => "<kid>".to_owned(),
            _ if digits >= 6 && word.contains(':') => "<time>".to_owned(),
            _ if digits >= 8 && word.matches('-').count() == 2 => "<date>".to_owned(),
            _ if !word.is_empty() && word.chars().all(|c| c == '-' || c == '+') => "-".to_owned(),
            _ => word.to_owned(),
        }
    };
    let line = |line: &str| {
        let words = line.split_whitespace().map(word);
        words.collect::<Vec<_>>().join(" ")
    };
    shown.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_question_has_the_answer_that_the_page_shows() {
    let cluster = watched();
    let page = Page::read("operations.md");
    let mut questions = page.blocks("Questions", "sql");
    let answers = page.blocks("Questions", "text");
    page::run(&cluster, "wire", &questions.remove(0));
    assert_eq!(questions.len(), answers.len());
    for (question, answer) in questions.iter().zip(&answers) {
        let shown = page::output(&cluster, "monitor", "wire", question);
        assert_eq!(stable(&shown), stable(answer), "{question}\n{shown}");
    }
}

/// The expressions of the dashboard's panels.
fn expressions() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&shipped("grafana.json")).expect("it is JSON");
    let panels = dashboard["panels"].as_array().expect("it has panels");
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().expect("each has targets"));
    let expressions = targets.map(|target| target["expr"].as_str().expect("each has a query"));
    expressions.map(str::to_owned).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The result of a query of Prometheus, or why there is none.
fn ask(port: u16, query: &str) -> Result<Vec<Value>, String> {
    let path = format!("/api/v1/query?query={}", encoded(query));
    let answer: Value = serde_json::from_str(&get(port, &path, &[]).body).expect("it is JSON");
    match answer["data"]["result"].as_array() {
        Some(rows) => Ok(rows.clone()),
        None => Err(answer["error"].to_string()),
    }
}

#[test]
fn the_exporter_s_figures_feed_every_panel_and_every_alert() {
    let cluster = watched();
    let Some(exporter) = monitoring::exporter(&cluster, "monitor", "wire") else {
        return;
    };
    let mut login = admin(&cluster);
    let mut sign_in = |user: &str| {
        let call = format!("select refresh_token from authguard.sign_in('{user}')");
        text(&mut login, &call).unwrap()
    };
    let (ada, _) = (sign_in("ada"), sign_in("ben"));
    let mut owner = admin(&cluster);
    let refresh = "select status from auth.refresh($1)";
    assert_eq!(
        owner
            .query_one(refresh, &[&ada])
            .unwrap()
            .get::<_, String>(0),
        "ok"
    );
    owner
        .batch_execute("select authguard.revoke_user('eve'), authguard.sign_out_user('ben'); select authguard.prune()")
        .unwrap();
    let metrics = get(exporter.port(), "/metrics", &[]).body;
    let value = |series: &str| {
        let (name, label) = series.split_once('{').unwrap_or((series, ""));
        let mut lines = metrics.lines();
        let line = lines.find(|line| line.starts_with(name) && line.contains(label));
        let line = line.unwrap_or_else(|| panic!("no {series} in {metrics}"));
        line.rsplit(' ').next().unwrap().to_owned()
    };
    for (series, expected) in [
        ("authguard_sessions_live{", "1"),
        ("authguard_sign_ins_total{", "2"),
        ("authguard_refreshes_total{", "1"),
        ("authguard_thefts_total{", "0"),
        ("authguard_sessions_ended_total{", "1"),
        ("authguard_revocation_entries{kind=\"user\"", "2"),
        ("authguard_health_findings{level=\"error\"", "0"),
        ("pg_exporter_user_queries_load_error{", "0"),
        ("pg_exporter_last_scrape_error", "0"),
    ] {
        assert_eq!(value(series), expected, "{series}");
    }
    assert!(metrics.contains("authguard_key_age_seconds{issuer=\"authguard\""));

    let Some(prometheus) = monitoring::prometheus(&cluster, &exporter) else {
        return;
    };
    for expression in expressions() {
        let told = |reason: &str| format!("{expression}: {reason}");
        let mut answer = Ok(Vec::new());
        wait_until(
            || {
                answer = ask(prometheus.port(), &expression);
                answer.as_ref().is_ok_and(|rows| !rows.is_empty()) || answer.is_err()
            },
            &told("it has rows"),
        );
        answer.unwrap_or_else(|error| panic!("{}", told(&error)));
    }
    let rules: Value =
        serde_json::from_str(&get(prometheus.port(), "/api/v1/rules", &[]).body).unwrap();
    let rules = rules["data"]["groups"][0]["rules"].as_array().unwrap();
    assert_eq!(
        rules.len(),
        shipped("alerts.yaml").matches("- alert: ").count()
    );
    for rule in rules {
        assert_eq!(rule["lastError"].as_str().unwrap_or(""), "", "{rule}");
        assert_eq!(rule["state"], "inactive", "{rule}");
    }
}

#[test]
fn each_alert_fires_when_it_should() {
    let Some(tool) = monitoring::program("prometheus", "promtool") else {
        return;
    };
    let cluster = server(Config::default());
    monitoring::place(&cluster, "alerts.yaml");
    let tests = dirs::checkout().join("tests/wire/fixtures/alerts_test.yaml");
    let tests = std::fs::read_to_string(tests).unwrap();
    std::fs::write(cluster.dir().join("alerts_test.yaml"), &tests).unwrap();
    for (what, file) in [("check", "alerts.yaml"), ("test", "alerts_test.yaml")] {
        let mut command = Command::new(&tool);
        command
            .args([what, "rules", file])
            .current_dir(cluster.dir());
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{told}");
    }
    let alerts = shipped("alerts.yaml");
    for alert in alerts
        .lines()
        .filter_map(|line| line.split_once("- alert: "))
    {
        let fires = format!(
            "alertname: {}\n        exp_alerts:\n          - exp_labels",
            alert.1
        );
        assert!(tests.contains(&fires), "no test in which {} fires", alert.1);
    }
}

/// The page's runbooks with SQL, in their order: laptop, key, provider, failover.
fn runbook(number: usize) -> String {
    Page::read("operations.md")
        .blocks("Runbooks", "sql")
        .remove(number)
}

/// The access token and the refresh token of a new session.
fn tokens(admin: &mut Client, user: &str) -> (String, String) {
    let sign_in = "select access_token, refresh_token from authguard.sign_in($1)";
    let row = admin.query_one(sign_in, &[&user]).unwrap();
    (row.get(0), row.get(1))
}

fn verifies(admin: &mut Client, token: &str) -> bool {
    admin.query_one("select auth.verify($1)", &[&token]).is_ok()
}

fn refreshed(admin: &mut Client, token: &str) -> (String, Option<String>) {
    let refresh = "select status, access_token from auth.refresh($1)";
    let row = admin.query_one(refresh, &[&token]).unwrap();
    (row.get(0), row.get(1))
}

#[test]
fn after_a_stolen_laptop_she_is_out_everywhere_and_signs_in_again() {
    let cluster = watched();
    let mut owner = admin(&cluster);
    let (access, refresh) = tokens(&mut owner, "ada");
    let (of_ben, _) = tokens(&mut owner, "ben");
    assert!(verifies(&mut owner, &access));
    let shown = page::output(&cluster, "support", "wire", &runbook(0));
    assert!(shown.contains("(1 row)"), "{shown}");
    assert!(!verifies(&mut owner, &access));
    assert_eq!(refreshed(&mut owner, &refresh).0, "session_revoked");
    assert!(verifies(&mut owner, &of_ben));
    let (again, _) = tokens(&mut owner, "ada");
    assert!(verifies(&mut owner, &again));
}

#[test]
fn after_a_leaked_key_its_tokens_are_dead_and_clients_refresh() {
    let cluster = watched();
    let mut owner = admin(&cluster);
    let (access, refresh) = tokens(&mut owner, "ada");
    let forge =
        r#"select authguard.sign(auth.verify($1) - 'session_id'::text || '{"sub": "ben"}'::jsonb)"#;
    let forged: String = owner.query_one(forge, &[&access]).unwrap().get(0);
    assert!(verifies(&mut owner, &forged));
    let shown = page::output(&cluster, "postgres", "wire", &runbook(1));
    assert!(
        shown.contains("another_key_signs\n-------------------\n t"),
        "{shown}"
    );
    assert!(!verifies(&mut owner, &access) && !verifies(&mut owner, &forged));
    let (status, renewed) = refreshed(&mut owner, &refresh);
    assert_eq!(status, "ok");
    assert!(verifies(&mut owner, &renewed.unwrap()));
}

#[test]
fn a_compromised_provider_is_out_by_token_and_by_gateway_and_comes_back_with_new_keys() {
    const PROVIDER: &str = "https://idp.example.com/";
    let cluster = watched();
    let mut owner = admin(&cluster);
    let issuer = Issuer::new(PROVIDER);
    let claims = |at: i64| {
        let mut claims = issuer.claims(ADA);
        claims["iat"] = json!(at);
        claims["exp"] = json!(at + 3600);
        claims
    };
    let now: i64 = owner
        .query_one("select floor(extract(epoch from now()))::bigint", &[])
        .unwrap()
        .get(0);
    let trust = |owner: &mut Client, kids: &[&str]| {
        let call = "select authguard.trust_issuer($1, $2::text::jsonb, audience => array[$3], \
                    shares_subjects => true, clock_skew => '0 seconds')";
        owner
            .execute(call, &[&PROVIDER, &issuer.jwks(kids), &AUDIENCE])
            .unwrap();
    };
    trust(&mut owner, &[issuer.kid()]);
    let token = issuer.sign(&claims(now));
    assert!(verifies(&mut owner, &token));
    let mut user = gateway(&cluster);
    set_claims(&mut user, &claims(now).to_string());
    assert_eq!(seen(&mut user), 3);
    page::run(&cluster, "wire", &runbook(2));
    assert!(!verifies(&mut owner, &token));
    assert_eq!(seen(&mut user), 0);
    let later = issuer.sign(&claims(now + 25));
    assert!(!verifies(&mut owner, &later), "it is not trusted");
    // Its clock is right, so what it issues after the second of the cut-off counts.
    trust(&mut owner, &[issuer.kid()]);
    assert!(!verifies(&mut owner, &token), "from before the cut-off");
    assert!(verifies(&mut owner, &later), "from after it");
}

#[test]
fn after_a_failover_the_new_primary_knows_what_was_revoked() {
    let mut primary = watched();
    let standby = primary.standby(Config::default()).unwrap();
    let mut owner = admin(&primary);
    let (access, _) = tokens(&mut owner, "ada");
    let (of_ben, _) = tokens(&mut owner, "ben");
    owner
        .batch_execute("select authguard.sign_out_user('ada')")
        .unwrap();
    let replayed = "select count(*)::text from authguard.event where name = 'SIGNED_OUT'";
    let mut there = admin(&standby);
    wait_until(
        || text(&mut there, replayed).as_deref() == Some("1"),
        "the standby replays it",
    );
    drop((owner, there));
    let before = page::output(&standby, "postgres", "wire", &runbook(3));
    assert!(
        before.contains("still_a_standby\n-----------------\n t"),
        "{before}"
    );
    primary.stop().unwrap();
    standby.promote().unwrap();
    let after = page::output(&standby, "postgres", "wire", &runbook(3));
    assert!(
        after.contains("still_a_standby\n-----------------\n f"),
        "{after}"
    );
    assert!(
        after.ends_with("(0 rows)\n"),
        "nothing needs somebody: {after}"
    );
    let mut owner = admin(&standby);
    assert!(!verifies(&mut owner, &access) && verifies(&mut owner, &of_ben));
}

#[test]
fn the_sizes_can_be_measured() {
    let cluster = server(Config::default());
    page::database(&cluster, "sizing");
    let few = shipped("sizing.sql").replace("\\set n 5000", "\\set n 50");
    let shown = page::output(&cluster, "postgres", "sizing", &few);
    for kind in ["revocation", "session", "event"] {
        let words = shown
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        let words: Vec<_> = words.filter(|words| words.first() == Some(&kind)).collect();
        let bytes: u32 = words[0][2].parse().unwrap();
        assert!(bytes > 100, "{shown}");
        assert_eq!(words[1][2], "50", "all are forgotten: {shown}");
    }
}
