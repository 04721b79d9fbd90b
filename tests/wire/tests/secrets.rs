//! Secrets and private keys leave the server in no dump and through no publication.

use authguard_wire::tokens::*;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use serde_json::json;

const SECRET: &str = "a secret that must not leave, of 40 bytes";

/// The spellings of a secret or private key, wherever it could be kept: the start of each option of
/// the user mapping, its bytes in base64 (as it is stored) and in hexadecimal digits, and as text.
fn signs_of_secrets(owner: &mut Client, number: usize) -> Vec<String> {
    let rows = owner
        .query(
            "select left(kept, 24), left(encode(decode(kept, 'base64'), 'hex'), 40), right(kept, 24)
               from pg_user_mappings, unnest(umoptions) as o(text), substr(text, strpos(text, '=') + 1) as kept
              where srvname = 'authguard_credentials'",
            &[],
        )
        .unwrap();
    assert_eq!(rows.len(), number, "secrets and private keys");
    let mut signs: Vec<String> = rows
        .iter()
        .flat_map(|row| [row.get(0), row.get(1), row.get(2)])
        .collect();
    signs.extend([SECRET.to_owned(), "secret that must".to_owned()]);
    signs
}

/// Signs a token that would be accepted.
const SIGN: &str = r#"select authguard.sign('{"iss":"authguard","aud":"authenticated","sub":"x","exp":4102444800}')"#;

/// A server that trusts an issuer with public keys, one with a secret, and the local issuer.
/// Returns tokens of the first and the last.
fn fixture() -> (Cluster, [String; 2], Vec<String>) {
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://public");
    let mut owner = admin(&cluster);
    owner
        .execute(
            "select authguard.trust_secret('https://secret', $1, '{app}', shares_subjects => true)",
            &[&SECRET],
        )
        .unwrap();
    let mut claims = issuer.claims(ADA);
    (claims["iss"], claims["aud"]) = (json!("authguard"), json!("authenticated"));
    let row = owner
        .query_one(
            "select authguard.sign($1::text::jsonb) from authguard.rotate_signing_key()",
            &[&claims.to_string()],
        )
        .unwrap();
    let signs = signs_of_secrets(&mut owner, 2);
    (cluster, [issuer.token(ADA), row.get(0)], signs)
}

/// The output of a program of Postgres.
fn output(cluster: &Cluster, program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = cluster
        .client_command(program, "wire")
        .args(arguments)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {complaint}"
    );
    output.stdout
}

#[test]
fn no_dump_has_a_secret_and_a_restored_one_trusts_public_keys_alone() {
    let (cluster, [public, own], signs) = fixture();
    let file = cluster.dir().join("custom");
    let file = file.to_str().unwrap();
    let custom = output(&cluster, "pg_dump", &["--format=custom", "--compress=0"]);
    std::fs::write(file, &custom).unwrap();
    for (how, dump) in [
        ("plain", output(&cluster, "pg_dump", &[])),
        ("inserts", output(&cluster, "pg_dump", &["--inserts"])),
        (
            "schema only",
            output(&cluster, "pg_dump", &["--schema-only"]),
        ),
        ("custom", custom),
        (
            "custom, as text",
            output(&cluster, "pg_restore", &["--file=-", file]),
        ),
        ("everything", output(&cluster, "pg_dumpall", &[])),
    ] {
        let dump = String::from_utf8_lossy(&dump);
        for sign in &signs {
            assert!(!dump.contains(sign.as_str()), "{how} has {sign}");
        }
        if how != "schema only" {
            assert!(
                dump.contains("https://public") && dump.contains("https://secret"),
                "{how}"
            );
            assert!(dump.contains("OKP"), "{how} has no public key");
        }
    }

    let mut owner = admin(&cluster);
    owner.batch_execute("create database copy").unwrap();
    output(
        &cluster,
        "pg_restore",
        &["--dbname=copy", "--exit-on-error", file],
    );
    let mut owner = cluster.connect("postgres", "copy").unwrap();
    let mut client = cluster.connect("web", "copy").unwrap();
    for token in [&public, &own] {
        set_token(&mut client, token);
        assert_eq!(
            (subject(&mut client).as_deref(), seen(&mut client)),
            (Some(ADA), 3)
        );
    }
    let keys: i64 = owner
        .query_one(
            "select count(*) from authguard.key where issuer = 'https://secret'",
            &[],
        )
        .unwrap()
        .get(0);
    assert_eq!(keys, 0, "a key without its secret");
    owner
        .execute(
            "select authguard.trust_secret('https://secret', $1, '{app}', shares_subjects => true)",
            &[&SECRET],
        )
        .expect("it can be set again");
    // No key can sign until a new one is made; the earlier one still verifies.
    owner
        .batch_execute(SIGN)
        .expect_err("the private key is not here");
    owner
        .batch_execute(&format!("select authguard.rotate_signing_key(); {SIGN}"))
        .unwrap();
    assert_eq!(subject(&mut client).as_deref(), Some(ADA));
}

#[test]
fn a_whole_cluster_that_is_restored_denies_and_then_trusts_public_keys_alone() {
    let (cluster, [public, own], _) = fixture();
    let mut owner = admin(&cluster);
    // pg_dumpall keeps the passwords of user mappings, except for servers that belong to an
    // extension.
    owner
        .batch_execute(&format!(
            "select authguard.grant_client('web'), authguard.revoke_user('{BEN}');
             create foreign data wrapper elsewhere; create server elsewhere foreign data wrapper elsewhere;
             create user mapping for web server elsewhere options (password 'a password of another''s')"
        ))
        .unwrap();
    let begun = sessions::sign_in(&cluster, ADA);
    let claims = Issuer::new("https://secret").claims(ADA);
    let by_secret = signed_by_secret(&cluster, SECRET, &claims);
    let theirs = [&public, &own, begun.access(), &by_secret].map(str::to_owned);
    let opened = |cluster: &Cluster| theirs.each_ref().map(|one| sessions::opens(cluster, one));
    assert_eq!(opened(&cluster), [true; 4]);

    let dump = output(&cluster, "pg_dumpall", &[]);
    let text = String::from_utf8_lossy(&dump);
    assert!(text.contains("a password of another''s"));
    assert!(!text.contains("authguard_credentials"), "or its mappings");
    let signs = signs_of_secrets(&mut owner, 3);
    for secret in signs.iter().map(String::as_str).chain([begun.refresh()]) {
        assert!(!text.contains(secret), "{secret}");
    }

    let config = Config::default()
        .own_identity()
        .set("authguard.after_restore", "deny");
    let other = Cluster::create(cluster.install(), config).unwrap();
    let file = other.dir().join("everything.sql");
    std::fs::write(&file, &dump).unwrap();
    let restored = other
        .client_command("psql", "postgres")
        .args(["-X", "-q", "-f"])
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&restored.stderr);
    let errors: Vec<&str> = told.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{told}");
    assert!(errors[0].ends_with("role \"postgres\" already exists"));

    // No token opens anything until somebody confirms that nothing is missing.
    let mut there = admin(&other);
    assert_eq!(opened(&other), [false; 4]);
    let mut ben = gateway(&other);
    set_claims(&mut ben, &authguard_wire::claims(BEN));
    assert_eq!(reason(&mut ben).as_deref(), Some("restored"));
    let acknowledge = "select authguard.acknowledge_restore()::text";
    assert_eq!(
        authguard_wire::text(&mut there, acknowledge).as_deref(),
        Some("true")
    );
    assert_eq!(opened(&other), [true, true, true, false]);
    assert_eq!(reason(&mut ben).as_deref(), Some("user"));
    // The dump has no secret: nothing can be refreshed or signed until there are new keys.
    let kept =
        "select count(*)::text from pg_user_mappings where srvname = 'authguard_credentials'";
    assert_eq!(authguard_wire::text(&mut there, kept).as_deref(), Some("0"));
    there
        .batch_execute(SIGN)
        .expect_err("there is no private key");
    let mut client = web(&other);
    let status = sessions::refresh(&mut client, begun.refresh()).status;
    assert_eq!(status, "invalid");
    let anew = sessions::sign_in(&other, ADA);
    assert_eq!(sessions::refresh(&mut client, anew.refresh()).status, "ok");
    assert!(sessions::opens(&other, anew.access()));
    // The two servers have different keys.
    assert!(!sessions::opens(&cluster, anew.access()));
    let status = sessions::refresh(&mut web(&cluster), anew.refresh()).status;
    assert_eq!(status, "invalid");
}

#[test]
fn no_publication_has_a_secret() {
    let (cluster, _, signs) = fixture();
    let mut owner = admin(&cluster);
    owner
        .batch_execute("create publication everything for all tables")
        .unwrap();
    let tables = owner
        .query(
            "select format('%I.%I', schemaname, tablename) from pg_publication_tables where pubname = 'everything'",
            &[],
        )
        .unwrap();
    assert!(tables.len() >= 4, "{} tables", tables.len());
    for table in tables {
        let table: String = table.get(0);
        let content = text(
            &mut owner,
            &format!("select string_agg(t::text, ' ') from {table} t"),
        );
        let content = content.unwrap_or_default();
        for sign in &signs {
            assert!(!content.contains(sign.as_str()), "{table} has {sign}");
        }
    }
}

#[test]
fn nobody_but_its_owner_reads_a_secret() {
    let (cluster, _, signs) = fixture();
    // Everything that a catalogue shows as text is read by each of the weak roles.
    let views = [
        "pg_catalog.pg_user_mapping",
        "pg_catalog.pg_user_mappings",
        "information_schema.user_mapping_options",
        "information_schema.user_mappings",
        "information_schema._pg_user_mappings",
        "pg_catalog.pg_foreign_server",
        "pg_catalog.pg_settings",
        "pg_catalog.pg_stat_activity",
        "authguard.issuer",
        "authguard.key",
    ];
    for mut client in [web(&cluster), operator(&cluster), gateway(&cluster)] {
        for view in views {
            let shown = client
                .query(&format!("select t::text from {view} t"), &[])
                .map_or_else(
                    |error| format!("{error:?}"),
                    |rows| rows.iter().map(|row| row.get::<_, String>(0)).collect(),
                );
            for sign in &signs {
                assert!(!shown.contains(sign.as_str()), "{view} has {sign}");
            }
        }
    }
}
