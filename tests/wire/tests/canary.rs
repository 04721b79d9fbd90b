//! A marked token and a marked secret go through success and every failure, as bound parameters.
//! Afterwards they are nowhere to be found. Tokens in the text of a statement (SET) are excluded:
//! any log of statements has those, and the docs say so.

use authguard_wire::tokens::*;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::types::ToSql;
use serde_json::json;

/// The marker of tokens: in the payload, the header (`kid`) and the role.
const TOKEN: &str = "canary7f3a91token";
/// The marker of secrets.
const SECRET: &str = "canary5be2c4secret";

/// The possible spellings of `marker`: as it is, in hexadecimal digits, and in base64 at each of
/// its three possible positions. Base64 is searched without the ends, which depend on neighbouring
/// bytes. No character of the marker is spelled differently in base64url.
fn spellings(marker: &str) -> Vec<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut all = vec![marker.to_owned()];
    all.push(marker.bytes().map(|byte| format!("{byte:02x}")).collect());
    for before in 0..3 {
        let bytes: Vec<u8> = std::iter::repeat_n(b' ', before)
            .chain(marker.bytes())
            .collect();
        let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
        let text: String = (0..bits.len() / 6)
            .map(|n| ALPHABET[usize::from_str_radix(&bits[n * 6..n * 6 + 6], 2).unwrap()] as char)
            .collect();
        all.push(text[[0, 2, 3][before]..text.len() - 1].to_owned());
    }
    all
}

struct Watch {
    spellings: Vec<String>,
    /// The number of errors that were searched.
    errors: usize,
}

impl Watch {
    fn nothing_in(&self, place: &str, text: &str) {
        for spelling in &self.spellings {
            if let Some(at) = text.find(spelling.as_str()) {
                let around: String = text[..at].chars().rev().take(200).collect();
                panic!(
                    "{spelling} is in {place}, after: {}",
                    around.chars().rev().collect::<String>()
                );
            }
        }
    }

    /// Runs a statement that may fail, and searches every field of its error, and each way to show
    /// it.
    fn run(&mut self, client: &mut Client, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> bool {
        match client.query(sql, parameters) {
            Ok(_) => true,
            Err(error) => {
                self.errors += 1;
                self.nothing_in(sql, &format!("{error:?}"));
                false
            }
        }
    }
}

fn fixture() -> (Cluster, bool) {
    let config = Config::default()
        .set("log_min_messages", "debug1")
        .set("log_error_verbosity", "verbose")
        .set("log_statement", "none")
        .set("log_min_error_statement", "debug5")
        .set("track_activities", "on");
    let statements = server(Config::default())
        .install()
        .extensions()
        .join("pg_stat_statements.control")
        .exists();
    if !statements {
        return (server(config), false);
    }
    let cluster = server(
        config
            .set("shared_preload_libraries", "pg_stat_statements")
            .set("pg_stat_statements.track", "all")
            .set("pg_stat_statements.track_utility", "on"),
    );
    admin(&cluster)
        .batch_execute("create extension pg_stat_statements")
        .unwrap();
    (cluster, true)
}

/// Searches everything that the server has stored or reported. The text of the statement `last`
/// must be found there, otherwise the search proves nothing.
fn look_everywhere(watch: &Watch, cluster: &Cluster, statements: bool, last: &str) {
    watch.nothing_in("the log", &cluster.log());
    let mut owner = admin(cluster);
    let mut seen = |sql: &str| text(&mut owner, sql).unwrap_or_default();
    let activity = seen("select string_agg(a::text, ' ') from pg_stat_activity a");
    assert!(activity.contains(last), "{activity}");
    watch.nothing_in("pg_stat_activity", &activity);
    if statements {
        let kept = seen("select string_agg(query, ' ') from pg_stat_statements");
        // pg_stat_statements replaces constants.
        let (start, _) = last.split_once('(').unwrap();
        assert!(kept.contains(start), "{last} is not kept");
        watch.nothing_in("pg_stat_statements", &kept);
    }
    let dump = cluster.client_command("pg_dump", "wire").output().unwrap();
    watch.nothing_in("pg_dump", &String::from_utf8_lossy(&dump.stdout));
}

#[test]
fn a_marker_is_found_in_all_its_spellings() {
    let issuer = Issuer::new("https://a");
    for pad in ["", "x", "xx"] {
        let mut claims = issuer.claims(ADA);
        claims["jti"] = json!(format!("{pad}{TOKEN}"));
        let token = issuer.sign(&claims);
        assert!(
            spellings(TOKEN)
                .iter()
                .any(|spelling| token.contains(spelling.as_str())),
            "{pad}"
        );
    }
    let watch = Watch {
        spellings: spellings(TOKEN),
        errors: 0,
    };
    let found = std::panic::catch_unwind(|| watch.nothing_in("a test", "…canary7f3a91token…"));
    assert!(found.is_err());
}

#[test]
fn a_marked_token_is_nowhere() {
    let (cluster, statements) = fixture();
    let issuer = Issuer::new("https://a");
    issuer.trust(&cluster, &issuer.jwks(&["plain", "gone"]));
    admin(&cluster)
        .batch_execute("select authguard.revoke_key('gone', 'https://a')")
        .unwrap();
    let mut watch = Watch {
        spellings: spellings(TOKEN),
        errors: 0,
    };
    let marked = |name: &str, value: serde_json::Value| {
        let mut claims = issuer.claims(ADA);
        claims["canary"] = json!(TOKEN);
        claims[name] = value;
        claims
    };
    let mut claims = marked("email", json!(TOKEN));
    claims["session_id"] = json!(TOKEN);
    let good = issuer.sign_as(&claims, "plain");
    let revoked = issuer.sign_as(
        &marked("app_metadata", json!({"access_revoked": true, "x": TOKEN})),
        "plain",
    );
    let mut bad = vec![
        revoked,
        forged(&good),
        good.clone() + "=",
        good.clone() + "." + TOKEN,
        TOKEN.to_owned(),
        format!("{TOKEN}.{TOKEN}.{TOKEN}"),
        TOKEN.repeat(1000),
        issuer.sign_as(&marked("email", json!(TOKEN)), TOKEN),
        issuer.sign_as(&marked("email", json!(TOKEN)), "gone"),
        issuer.sign_as(&marked("email", json!(TOKEN)), &TOKEN.repeat(20)),
        issuer.sign_as(
            &marked(
                "x",
                json!({TOKEN: [[[[[[[[[[[[[[[[[[[TOKEN]]]]]]]]]]]]]]]]]]]}),
            ),
            "plain",
        ),
    ];
    for (name, value) in [
        ("iss", json!(TOKEN)),
        ("aud", json!(TOKEN)),
        ("aud", json!({ TOKEN: TOKEN })),
        ("role", json!(TOKEN)),
        ("sub", json!([TOKEN])),
        ("exp", json!(TOKEN)),
        ("exp", json!(1_700_000_001)),
        ("nbf", json!(4_000_000_000_i64)),
        ("app_metadata", json!(TOKEN)),
        ("email", json!(format!("{TOKEN}\0"))),
    ] {
        bad.push(issuer.sign_as(&marked(name, value), "plain"));
    }
    let mut client = web(&cluster);
    client
        .batch_execute("set client_min_messages = debug1")
        .unwrap();
    for token in [&good].into_iter().chain(&bad) {
        let is_good = *token == good;
        for call in ["auth.set_token($1, false)", "auth.verify($1)"] {
            assert_eq!(
                watch.run(&mut client, &format!("select {call}"), &[token]),
                is_good
            );
        }
        assert!(watch.run(
            &mut client,
            "select set_config('authguard.jwt', $1, false)",
            &[token]
        ));
        // A reader raises an error if the token is not accepted.
        watch.run(&mut client, "select auth.subject() from auth.whoami()", &[]);
        assert_eq!(
            watch.run(&mut client, "select auth.require_active()", &[]),
            is_good
        );
        // If a later expression fails, the log gets the statement's text, but not its parameters.
        assert!(!watch.run(&mut client, "select 1 / length($1) * 0, 1 / 0", &[token]));
        assert!(!watch.run(&mut client, "select auth.set_token($1), 1 / 0", &[token]));
        client.batch_execute("reset authguard.jwt").unwrap();
    }
    assert!(watch.errors > 4 * bad.len(), "{} errors", watch.errors);
    assert!(cluster.log().contains("token refused"));
    let last = "select auth.set_token($1, false) is not null";
    assert!(watch.run(&mut client, last, &[&good]));
    look_everywhere(&watch, &cluster, statements, last);
}

#[test]
fn a_marked_secret_is_nowhere() {
    let (cluster, statements) = fixture();
    let mut watch = Watch {
        spellings: spellings(SECRET),
        errors: 0,
    };
    let mut owner = admin(&cluster);
    owner
        .batch_execute("set client_min_messages = debug1")
        .unwrap();
    let trust = "select authguard.trust_secret('https://s', $1, '{app}', shares_subjects => true)";
    let good = format!("{SECRET} and so on to 32 bytes");
    assert!(watch.run(&mut owner, trust, &[&good]));
    assert!(watch.run(&mut owner, trust, &[&format!("another {good}")]));
    for (sql, secret) in [
        (trust, SECRET.to_owned()),
        (
            trust,
            format!("-----BEGIN PUBLIC KEY-----\n{good}\n-----END PUBLIC KEY-----"),
        ),
        (trust, json!({"kty": "oct", "k": good}).to_string()),
        (
            "select authguard.trust_secret('https://s', $1, '{app}', 'HS512', shares_subjects => true)",
            good.clone(),
        ),
        (
            "select authguard.trust_secret('https://s', $1, '{app}', 'none')",
            good.clone(),
        ),
        (
            "select authguard.trust_secret('https://s', $1, '{}', shares_subjects => true)",
            good.clone(),
        ),
        (
            "select authguard.trust_secret('https://t', $1, '{app}', subject_namespace => gen_random_uuid(), shares_subjects => true)",
            good.clone(),
        ),
        (
            "select authguard.trust_secret('https://t', $1, '{app}', kid => repeat('k', 300), shares_subjects => true)",
            good.clone(),
        ),
        (
            "select authguard.set_jwks('https://s', $1::text::jsonb)",
            json!({"keys": [{"kty": "oct", "alg": "HS256", "k": good}]}).to_string(),
        ),
        (
            "select authguard.trust_issuer('https://u', $1::text::jsonb, '{app}', shares_subjects => true)",
            json!({"keys": [{"kty": "oct", "alg": "HS256", "k": good}]}).to_string(),
        ),
        (
            "select authguard.trust_issuer('https://u', $1::text::jsonb, '{app}', shares_subjects => true)",
            json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": good, "d": good}]}).to_string(),
        ),
        ("select authguard.check_secret($1, 'HS512')", good.clone()),
        (
            "select authguard.keep_credential('00000000-0000-0000-0000-000000000001', $1::text::bytea), 1 / 0",
            good.clone(),
        ),
    ] {
        assert!(!watch.run(&mut owner, sql, &[&secret]), "{sql}");
    }
    // The same call by clients without the right to it: an end user, and an operator.
    for mut client in [web(&cluster), operator(&cluster)] {
        assert!(!watch.run(&mut client, trust, &[&good]));
    }
    // Tokens for whose verification the secret is read.
    let mut other = web(&cluster);
    set_token(&mut other, &Issuer::new("https://s").token(ADA));
    assert_eq!(subject(&mut other), None);
    owner
        .batch_execute("select authguard.distrust_issuer('https://s')")
        .unwrap();
    assert!(watch.run(&mut owner, trust, &[&good]));
    assert!(watch.errors >= 15, "{} errors", watch.errors);
    look_everywhere(&watch, &cluster, statements, trust);
}
