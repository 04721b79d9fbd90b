//! Tokens from libraries that we did not write, and ours to them: jose (npm) and PyJWT.
//!
//! Their packages are installed once, below the tool's cache. Where they cannot be had the test says so
//! and checks nothing.

use authguard_wire::tokens::*;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::places;
use postgres::Client;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A library: how it is installed into a directory, and how its script in `tests/wire/clients` is run.
struct Library {
    name: &'static str,
    script: &'static str,
    install: fn(&Path) -> Vec<Command>,
    program: fn(&Path) -> PathBuf,
}

const JOSE: Library = Library {
    name: "jose",
    script: "jose.mjs",
    install: |dir| {
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "jose@6",
            "--prefix",
        ]);
        npm.arg(dir);
        vec![npm]
    },
    program: |_| PathBuf::from("node"),
};

const PYJWT: Library = Library {
    name: "pyjwt",
    script: "pyjwt.py",
    install: |dir| {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(dir);
        let mut pip = Command::new(dir.join("bin/pip"));
        pip.args(["install", "--quiet", "pyjwt>=2.10,<3", "cryptography"]);
        vec![venv, pip]
    },
    program: |dir| dir.join("bin/python"),
};

impl Library {
    /// Where it is installed; `None`, and a word on the terminal, where it cannot be.
    fn ready(&self) -> Option<PathBuf> {
        let dir = places::cache().ok()?.join("clients").join(self.name);
        let done = dir.join("installed");
        if !done.exists() {
            places::readable_dir(dir.clone()).ok()?;
            for mut step in (self.install)(&dir) {
                if !step
                    .stdout(Stdio::null())
                    .status()
                    .is_ok_and(|status| status.success())
                {
                    // Not captured, as a test's eprintln! would be.
                    let _ = writeln!(
                        std::io::stderr(),
                        "SKIPPED: {} cannot be installed ({step:?})",
                        self.name
                    );
                    return None;
                }
            }
            std::fs::write(&done, "").unwrap();
        }
        // A module looks for its imports from where it is.
        let source = places::checkout()
            .join("tests/wire/clients")
            .join(self.script);
        std::fs::copy(source, dir.join(self.script)).unwrap();
        Some(dir)
    }

    fn run(&self, dir: &Path, command: &str, issuer: &str, audience: &str, input: &Value) -> Value {
        let mut child = Command::new((self.program)(dir))
            .arg(dir.join(self.script))
            .args([command, issuer, audience, ADA])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // One that reads nothing has closed it.
        let _ = stdin.write_all(input.to_string().as_bytes());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{} {command}", self.name);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// What the database makes of a token of theirs, and of the same with another signature.
fn judge(client: &mut Client, token: &str) -> (Option<String>, i64, i64) {
    set_token(client, &forged(token));
    let bad = seen(client);
    set_token(client, token);
    let email = text(client, "select auth.email()");
    assert_eq!(email.is_some(), subject(client).is_some());
    assert_ne!(email.as_deref(), Some(""), "not ASCII");
    (subject(client), seen(client), bad)
}

fn we_verify(library: &Library, cluster: &Cluster, dir: &Path) {
    let issuer = format!("https://{}", library.name);
    let made = library.run(dir, "sign", &issuer, AUDIENCE, &json!(null));
    let (mut owner, mut client) = (admin(cluster), web(cluster));
    let jwks = made["jwks"].to_string();
    owner
        .execute(
            "select authguard.trust_issuer($1, $2::text::jsonb, array[$3], shares_subjects => true)",
            &[&issuer, &jwks, &AUDIENCE],
        )
        .unwrap();
    let tokens = made["tokens"].as_object().unwrap();
    assert!(tokens.len() >= 6, "{}", library.name);
    let accepted = (Some(ADA.to_owned()), 3, 0);
    let refused = (None, 0, 0);
    for (algorithm, token) in tokens {
        let verdict = judge(&mut client, token.as_str().unwrap());
        // Theirs by a secret waits for the secret.
        let expected = if algorithm == "HS256" {
            &refused
        } else {
            &accepted
        };
        assert_eq!(verdict, *expected, "{} {algorithm}", library.name);
    }
    let secret = made["secret"].as_str().unwrap();
    owner
        .execute("select authguard.distrust_issuer($1)", &[&issuer])
        .unwrap();
    owner
        .execute(
            "select authguard.trust_secret($1, $2, array[$3], shares_subjects => true)",
            &[&issuer, &secret, &AUDIENCE],
        )
        .unwrap();
    for (algorithm, token) in tokens {
        let verdict = judge(&mut client, token.as_str().unwrap());
        let expected = if algorithm == "HS256" {
            &accepted
        } else {
            &refused
        };
        assert_eq!(
            verdict, *expected,
            "{} {algorithm} by a secret",
            library.name
        );
    }
}

fn they_verify(library: &Library, cluster: &Cluster, dir: &Path) {
    let mut owner = admin(cluster);
    let claims = json!({"iss": "authguard", "aud": "authenticated", "sub": ADA, "email": "ä", "exp": 4_102_444_800_i64});
    let mut tokens = Vec::new();
    for algorithm in ["ES256", "ES384", "EdDSA", "RS256"] {
        let token: String = owner
            .query_one(
                "select authguard.sign($2::text::jsonb) from authguard.rotate_signing_key($1)",
                &[&algorithm, &claims.to_string()],
            )
            .unwrap()
            .get(0);
        tokens.push(token);
    }
    let jwks = text(&mut web(cluster), "select auth.jwks()::text").unwrap();
    let jwks: Value = serde_json::from_str(&jwks).unwrap();
    let told = library.run(
        dir,
        "verify",
        "authguard",
        "authenticated",
        &json!({"jwks": jwks, "tokens": tokens}),
    );
    assert_eq!(told, json!([ADA, ADA, ADA, ADA]), "{}", library.name);
}

fn exchange(library: &Library) {
    if let Some(dir) = library.ready() {
        let cluster = server(Config::default());
        we_verify(library, &cluster, &dir);
        they_verify(library, &cluster, &dir);
    }
}

#[test]
fn jose_and_we_understand_each_other() {
    exchange(&JOSE);
}

#[test]
fn pyjwt_and_we_understand_each_other() {
    exchange(&PYJWT);
}
