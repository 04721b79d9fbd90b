//! The keys of sessions: who makes them and when, whose users they speak for, and a signing key
//! that is in a file, so that no row holds it.

use authguard_wire::sessions::*;
use authguard_wire::tokens::{Issuer, subject, web};
use authguard_wire::{ADA, BEN, admin, text};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::{DbError, SqlState};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// A file with a new key, which only the server may read.
fn key_file(cluster: &Cluster) -> String {
    let file = cluster.dir().join("signing.pem");
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "EC"])
        .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-out"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let server = fs::metadata(cluster.data()).unwrap();
    chown(&file, Some(server.uid()), Some(server.gid())).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Configures a file with a new key.
fn with_key_file(cluster: &mut Cluster) {
    let file = key_file(cluster);
    cluster
        .configure(&[("authguard.signing_key_file", &file)])
        .unwrap();
    cluster.restart().unwrap();
}

/// A role that signs users in, and its connection. It gives up after a while, so that a test fails
/// instead of hanging.
fn signer(cluster: &Cluster) -> Client {
    let made = "do $$ begin
                    create role signer login;
                    perform authguard.grant_signer('signer');
                exception when duplicate_object then null; end $$";
    admin(cluster).batch_execute(made).unwrap();
    patient(cluster.connect("signer", "wire").unwrap())
}

fn patient(mut client: Client) -> Client {
    client
        .batch_execute("set statement_timeout = '30s'")
        .unwrap();
    client
}

fn refused(client: &mut Client, sql: &str) -> DbError {
    let error = client.query(sql, &[]).expect_err(sql);
    error.as_db_error().expect("the database answers").clone()
}

const ACTIVE: &str = "select kid from authguard.key where status = 'active'";

#[test]
fn a_client_that_refreshes_after_its_key_was_revoked_makes_no_key_and_holds_up_nobody() {
    let cluster = server(Config::default());
    let begun = sign_in(&cluster, ADA);
    let kid = text(&mut admin(&cluster), ACTIVE).unwrap();
    admin(&cluster)
        .execute("select authguard.revoke_key($1)", &[&kid])
        .unwrap();
    // Its successor is there at once.
    let next = text(&mut admin(&cluster), ACTIVE).unwrap();
    assert_ne!(next, kid);
    let mut client = web(&cluster);
    client.batch_execute("begin").unwrap();
    let refreshed = refresh(&mut client, begun.refresh());
    assert_eq!(refreshed.status, "ok");
    // While the client's transaction stays open, others sign in, and keys are changed.
    let signed = issued(&mut signer(&cluster), "authguard.sign_in($1)", BEN).unwrap();
    assert_eq!(signed.status, "ok");
    let mut owner = patient(admin(&cluster));
    owner
        .batch_execute(&format!(
            "select authguard.rotate_signing_key(); select authguard.revoke_key('{next}')"
        ))
        .unwrap();
    let signed = issued(&mut owner, "authguard.sign_in($1)", BEN).unwrap();
    assert!(opens(&cluster, signed.access()));
    client.batch_execute("commit").unwrap();
    // The client's token is of the key that has been revoked meanwhile.
    assert!(!opens(&cluster, refreshed.access()));
    assert!(opens(
        &cluster,
        refresh(&mut client, refreshed.refresh()).access()
    ));
}

#[test]
fn a_client_finds_no_key_and_is_told_so_and_an_application_that_signs_in_makes_one() {
    let cluster = server(Config::default());
    let begun = sign_in(&cluster, ADA);
    admin(&cluster)
        .batch_execute("delete from authguard.key")
        .unwrap();
    let mut client = web(&cluster);
    let error = issued(&mut client, "auth.refresh($1)", begun.refresh()).unwrap_err();
    assert_eq!(
        error.code(),
        Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE)
    );
    assert_eq!(count(&cluster, "select count(*) from authguard.key"), 0);
    let signed = issued(&mut signer(&cluster), "authguard.sign_in($1)", BEN).unwrap();
    assert_eq!(signed.status, "ok");
    assert_eq!(refresh(&mut client, begun.refresh()).status, "ok");
}

#[test]
fn nobody_waits_long_for_a_transaction_that_makes_the_first_keys() {
    let cluster = server(Config::default());
    let mut first = signer(&cluster);
    first.batch_execute("begin").unwrap();
    let signed = issued(&mut first, "authguard.sign_in($1)", ADA).unwrap();
    assert_eq!(signed.status, "ok");
    // Left open. Whoever needs the same keys, or changes keys, hears of it soon.
    let second = issued(&mut signer(&cluster), "authguard.sign_in($1)", BEN).unwrap();
    assert_eq!(second.status, "busy");
    let mut owner = patient(admin(&cluster));
    for change in [
        "select authguard.rotate_signing_key()",
        "select authguard.revoke_key('x')",
        "select authguard.distrust_issuer('authguard')",
        "select authguard.end_all_sessions()",
        "select authguard.trust_secret('https://s', repeat('xy', 32), '{app}')",
    ] {
        let error = refused(&mut owner, change);
        assert_eq!(*error.code(), SqlState::LOCK_NOT_AVAILABLE, "{change}");
        assert!(error.message().contains("changing issuers or keys"));
        assert!(error.hint().is_some());
    }
    first.batch_execute("commit").unwrap();
    let second = issued(&mut owner, "authguard.sign_in($1)", BEN).unwrap();
    assert_eq!(second.status, "ok");
}

#[test]
fn a_sign_in_or_refresh_that_meets_a_revocation_of_the_key_gets_the_new_key() {
    const ROUNDS: usize = 150;
    let cluster = server(Config::default());
    sign_in(&cluster, ADA);
    signer(&cluster);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut signer, mut client) = (signer(&cluster), web(&cluster));
                while !is_over.load(Ordering::Relaxed) {
                    let signed = issued_in_the_end(&mut signer, "authguard.sign_in($1)", BEN);
                    let signed = signed.expect("a sign-in answers");
                    assert_eq!(signed.status, "ok");
                    let next = issued_in_the_end(&mut client, "auth.refresh($1)", signed.refresh());
                    assert_eq!(next.expect("a refresh answers").status, "ok");
                }
            });
        }
        let mut owner = patient(admin(&cluster));
        for _ in 0..ROUNDS {
            let sql = format!("select authguard.revoke_key(({ACTIVE}))");
            let revoked = owner.query_one(&sql, &[]).map(|row| row.get(0));
            is_over.store(!matches!(revoked, Ok(Some(true))), Ordering::Relaxed);
            assert_eq!(revoked.unwrap(), Some(true));
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn nobody_but_the_log_learns_why_the_key_file_cannot_be_used() {
    let mut cluster = server(Config::default());
    let file = cluster.dir().join("no such folder").join("signing.pem");
    let file = file.to_str().unwrap().to_owned();
    cluster
        .configure(&[("authguard.signing_key_file", &file)])
        .unwrap();
    cluster.restart().unwrap();
    let mut client = web(&cluster);
    for sql in ["select auth.jwks()", "show authguard.signing_key_file"] {
        let error = refused(&mut client, sql);
        let told = format!("{error:?}");
        for hint in ["No such", "os error", "no such folder", "signing.pem"] {
            assert!(!told.contains(hint), "{told}");
        }
    }
    let error = refused(&mut admin(&cluster), "select * from authguard.sign_in('x')");
    assert_eq!(*error.code(), SqlState::CONFIG_FILE_ERROR);
    assert!(!format!("{error:?}").contains("os error"), "{error:?}");
    assert!(cluster.log().contains("No such file or directory"));
}

/// Whose tokens would speak for whose users, as the error says it.
fn clash(error: &DbError) -> &str {
    assert_eq!(*error.code(), SqlState::INVALID_PARAMETER_VALUE, "{error}");
    assert!(error.hint().unwrap().contains("subject_namespace"));
    error.message()
}

#[test]
fn the_order_in_which_the_local_issuer_and_another_come_decides_nothing() {
    let plain = |issuer: &Issuer| {
        format!(
            "select authguard.trust_issuer('{}', '{}', '{{app}}')",
            issuer.name,
            issuer.jwks(&[issuer.kid()])
        )
    };
    let other = Issuer::new("https://b");
    let refusal = "issuer 'https://b' would speak for the users of issuer 'authguard'";
    let trust = plain(&other);
    // The other issuer comes first, then the first sign-in.
    let mut cluster = server(Config::default());
    let mut owner = admin(&cluster);
    owner.batch_execute(&trust).unwrap();
    let sign_in_ada = "select * from authguard.sign_in('ada')";
    for sql in [sign_in_ada, "select authguard.rotate_signing_key()"] {
        assert_eq!(clash(&refused(&mut owner, sql)), refusal, "{sql}");
    }
    let mut signing = signer(&cluster);
    assert_eq!(clash(&refused(&mut signing, sign_in_ada)), refusal);
    // The same where the key of the local issuer comes from a file, and no row of it is written.
    with_key_file(&mut cluster);
    let mut owner = admin(&cluster);
    assert_eq!(clash(&refused(&mut owner, sign_in_ada)), refusal);
    let local = "select auth.verify(authguard.sign(jsonb_build_object('iss', 'authguard', 'aud',
                 'authenticated', 'sub', 'ada', 'exp', 4102444800)))";
    assert_eq!(clash(&refused(&mut owner, local)), refusal);
    // Said of the other issuer, it is as in the other order.
    owner
        .batch_execute(&trust.replace(")", ", shares_subjects => true)"))
        .unwrap();
    owner.batch_execute(sign_in_ada).unwrap();
    owner.batch_execute(local).unwrap();
    let signs = "select string_agg(concat_ws(' ', k.issuer, k.algorithm, k.kid = j ->> 'kid'), ', ')
                   from authguard.keys k, jsonb_path_query(auth.jwks(), '$.keys[0]') j where k.signs";
    assert_eq!(
        text(&mut owner, signs).as_deref(),
        Some("authguard ES256 t")
    );
    let mut client = web(&cluster);
    authguard_wire::tokens::set_token(&mut client, &other.token(ADA));
    assert_eq!(subject(&mut client).as_deref(), Some(ADA));
    // With the file first.
    owner
        .batch_execute("select authguard.distrust_issuer('https://b')")
        .unwrap();
    assert_eq!(clash(&refused(&mut owner, &trust)), refusal);
    let namespace = trust.replace(")", ", subject_namespace => gen_random_uuid())");
    owner.batch_execute(&namespace).unwrap();
}

#[test]
fn the_local_issuer_under_an_earlier_name_is_asked_as_under_the_present_one() {
    let mut cluster = server(Config::default());
    sign_in(&cluster, ADA);
    cluster
        .configure(&[("authguard.issuer", "https://db.example")])
        .unwrap();
    cluster.restart().unwrap();
    let other = Issuer::new("https://b");
    let trust = |issuer: &str| {
        format!(
            "select authguard.trust_issuer('{issuer}', '{}', '{{app}}')",
            other.jwks(&[other.kid()])
        )
    };
    // Before the first sign-in under the new name, and after it.
    let refusal = "issuer 'https://b' would speak for the users of issuer 'authguard'";
    let mut owner = admin(&cluster);
    assert_eq!(clash(&refused(&mut owner, &trust("https://b"))), refusal);
    let begun = sign_in(&cluster, ADA);
    assert!(opens(&cluster, begun.access()));
    assert_eq!(clash(&refused(&mut owner, &trust("https://b"))), refusal);
    // The earlier name in the hands of others is another issuer.
    let shared = trust("authguard").replace(")", ", shares_subjects => true)");
    let error = refused(&mut owner, &shared);
    assert_eq!(*error.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    owner
        .batch_execute("select authguard.distrust_issuer('authguard')")
        .unwrap();
    assert!(clash(&refused(&mut owner, &trust("authguard"))).starts_with("issuer 'authguard'"));
    // The name of an issuer that is trusted is no name for the local one.
    owner
        .batch_execute(&trust("https://b").replace(")", ", shares_subjects => true)"))
        .unwrap();
    cluster
        .configure(&[("authguard.issuer", "https://b")])
        .unwrap();
    cluster.restart().unwrap();
    let sign_in = "select * from authguard.sign_in('ada')";
    let error = refused(&mut admin(&cluster), sign_in);
    assert_eq!(*error.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    with_key_file(&mut cluster);
    let error = refused(&mut admin(&cluster), sign_in);
    assert_eq!(*error.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
}

#[test]
fn sessions_begin_go_on_and_end_with_a_key_in_a_file() {
    let mut cluster = server(Config::default());
    with_key_file(&mut cluster);
    let mut before = web(&cluster);
    let begun = sign_in(&cluster, ADA);
    assert!(opens(&cluster, begun.access()));
    // A backend that has looked for the key of refresh tokens in vain, or knows the previous one,
    // looks it up again.
    assert_eq!(refresh(&mut before, "junk").status, "invalid");
    let next = refresh(&mut before, begun.refresh());
    assert_eq!(next.status, "ok");
    assert!(opens(&cluster, next.access()));
    admin(&cluster)
        .batch_execute("select authguard.end_all_sessions()")
        .unwrap();
    assert_eq!(refresh(&mut before, next.refresh()).status, "invalid");
    let again = sign_in(&cluster, ADA);
    assert_eq!(refresh(&mut before, again.refresh()).status, "ok");
}
