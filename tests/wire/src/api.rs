//! A database behind PostgREST, set up by the SQL of `docs/postgrest.md`, with postgrest-js as its
//! client.

use crate::page::{self, Page};
use crate::script::{self, Script};
use pgrx_embed::clients;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::postgres::Install;
use pgrx_embed::sidecar::Sidecar;
use postgres::Client;
use serde_json::{Value, json};

const DATABASE: &str = "app";

/// The request that adds a note.
pub fn note(body: &str) -> Value {
    json!({"table": "note", "insert": {"body": body}})
}

/// A database behind PostgREST, with everything between it and the client.
pub struct Api {
    script: Script,
    gateway: Sidecar,
    /// A superuser's connection.
    pub admin: Client,
    /// The server.
    pub cluster: Cluster,
    /// The page that it was set up from.
    pub page: Page,
}

impl Api {
    /// Sets up what the page's sections on roles, keys, refresh and sign-out describe. Returns
    /// `None` if the clients cannot be installed.
    pub fn start() -> Option<Self> {
        script::installed(clients::postgrest())?;
        let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
        let cluster = Cluster::create(&install, Config::default()).expect("the server starts");
        page::database(&cluster, DATABASE);
        let page = Page::read("postgrest.md");
        for block in [
            page.block("Roles and a table", "sql"),
            page.blocks("Keys", "sql").remove(0),
        ] {
            page::run(&cluster, DATABASE, &block);
        }
        let conf = page.block("Keys", "ini");
        let gateway = Sidecar::postgrest(&cluster, "authenticator", DATABASE, &conf)
            .expect("PostgREST starts");
        let mut admin = cluster
            .connect("postgres", DATABASE)
            .expect("a superuser connects");
        // PostgREST serves before it listens, and would miss a notification in between.
        let listens =
            "select count(*) from pg_stat_activity where query ilike 'listen%' and state = 'idle'";
        let mut listening = || {
            admin
                .query_one(listens, &[])
                .is_ok_and(|row| row.get::<_, i64>(0) > 0)
        };
        crate::wait_until(&mut listening, "PostgREST listens");
        crate::wait_until(|| loads(&gateway) > 0, "PostgREST has begun");
        let functions = page.block("Refresh and sign out", "sql");
        run_and_load(&cluster, &gateway, &functions);
        let url = format!("http://127.0.0.1:{}", gateway.port());
        let source = include_str!("../clients/postgrest.mjs");
        Some(Self {
            script: Script::node("postgrest.mjs", source, &[("POSTGREST", url)])?,
            gateway,
            admin,
            cluster,
            page,
        })
    }

    /// Runs SQL of the page.
    pub fn run(&self, sql: &str) {
        page::run(&self.cluster, DATABASE, sql);
    }

    /// Runs SQL of a page that adds functions and notifies PostgREST, and waits until it has seen
    /// them.
    pub fn run_and_load(&self, sql: &str) {
        run_and_load(&self.cluster, &self.gateway, sql);
    }

    /// Runs SQL of the page that changes PostgREST's configuration, and waits for the reload.
    pub fn run_and_reload(&self, sql: &str) {
        let before = self.reloads();
        self.run(sql);
        let told = || self.reloads() > before;
        crate::wait_until(told, "PostgREST reloads its configuration");
    }

    fn reloads(&self) -> usize {
        self.gateway.log().matches("Config reloaded").count()
    }

    /// The port of PostgREST.
    pub fn port(&self) -> u16 {
        self.gateway.port()
    }

    /// Sends a request by postgrest-js. Returns its status, and the data or the error.
    pub fn ask(&mut self, token: Option<&str>, request: Value) -> (u64, Value) {
        let mut request = request;
        request["token"] = json!(token);
        let answer = self.script.ask(&request);
        let data = match &answer["error"] {
            Value::Null => &answer["data"],
            error => error,
        };
        (
            answer["status"].as_u64().expect("it has a status"),
            data.clone(),
        )
    }

    /// Reads the table.
    pub fn read(&mut self, token: Option<&str>) -> (u64, Value) {
        self.ask(token, json!({"table": "note"}))
    }

    /// The source, the status and the hint that `whoami` returns for a token.
    pub fn whoami(&mut self, token: Option<&str>) -> [Value; 3] {
        let (status, told) = self.ask(token, json!({"rpc": "whoami"}));
        assert_eq!(status, 200, "{told}");
        ["source", "status", "hint"].map(|column| told[column].clone())
    }

    /// Begins a session and returns its access and refresh token.
    pub fn sign_in(&mut self, user: &str) -> (String, String) {
        let row = self
            .admin
            .query_one(
                "select access_token, refresh_token from authguard.sign_in($1)",
                &[&user],
            )
            .expect("the user signs in");
        (row.get(0), row.get(1))
    }

    /// Signs a user's token of this database that has no session, with other claims changed.
    pub fn token(&mut self, user: &str, changed: Value) -> String {
        let mut claims = json!({
            "iss": "authguard", "aud": "authenticated", "role": "authenticated", "sub": user,
            "jti": format!("token of {user}"), "iat": 1_700_000_000, "exp": 4_102_444_800_i64,
        });
        for (name, value) in changed.as_object().expect("claims are an object") {
            claims[name] = value.clone();
        }
        let sign = "select authguard.sign($1::text::jsonb)";
        let row = self.admin.query_one(sign, &[&claims.to_string()]);
        row.expect("the token is signed").get(0)
    }
}

/// The number of times that PostgREST has read which functions there are.
fn loads(gateway: &Sidecar) -> usize {
    gateway.log().matches("Schema cache loaded").count()
}

fn run_and_load(cluster: &Cluster, gateway: &Sidecar, sql: &str) {
    let before = loads(gateway);
    page::run(cluster, DATABASE, sql);
    crate::wait_until(|| loads(gateway) > before, "PostgREST sees the functions");
}
