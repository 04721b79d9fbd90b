//! Keys and issuers: after trust in one is withdrawn, every backend refuses it at the next
//! statement.

use authguard_token::{Algorithm, SigningKey};
use authguard_wire::tokens::*;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;
use serde_json::{Value, json};

/// Runs as the owner of the extension.
fn own(cluster: &Cluster, sql: &str) {
    admin(cluster).batch_execute(sql).unwrap();
}

#[test]
fn fifty_backends_refuse_at_their_next_statement() {
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    let token = issuer.token(ADA);
    let levels = ["read committed", "repeatable read", "serializable"];
    let mut clients: Vec<Client> = (0..50).map(|_| web(&cluster)).collect();
    let other = Issuer::new("https://a");
    let kid = issuer.kid();
    let take_back = [
        format!(
            "select authguard.set_jwks('https://a', '{}')",
            other.jwks(&["other"])
        ),
        "select authguard.distrust_issuer('https://a')".to_owned(),
        "delete from authguard.key".to_owned(),
        "truncate authguard.key".to_owned(),
        format!(
            "select authguard.trust_issuer('https://a', '{}', '{{another audience}}', shares_subjects => true)",
            issuer.jwks(&[kid])
        ),
        format!(
            "select authguard.trust_issuer('https://a', '{}', '{{app}}', shares_subjects => true, roles => '{{}}')",
            issuer.jwks(&[kid])
        ),
        // This one is last: a key that is revoked by hand stays revoked.
        format!("select authguard.revoke_key('{kid}', 'https://a')"),
    ];
    for how in take_back {
        issuer.trust(&cluster, &issuer.jwks(&[kid]));
        for (n, client) in clients.iter_mut().enumerate() {
            // Every fourth client is in no transaction.
            if let Some(level) = levels.get(n % 4) {
                client
                    .batch_execute(&format!("begin isolation level {level}"))
                    .unwrap();
            }
            set_token(client, &token);
            assert_eq!((seen(client), seen(client)), (3, 3), "before {how}");
        }
        own(&cluster, &how);
        for client in &mut clients {
            assert_eq!(seen(client), 0, "{how}");
            assert_eq!(
                (subject(client), reason(client).as_deref()),
                (None, Some("refused")),
                "{how}"
            );
            client
                .batch_execute("rollback; reset authguard.jwt")
                .unwrap();
        }
    }
}

#[test]
fn what_is_rolled_back_was_never_revoked() {
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    let mut other = web(&cluster);
    let mut owner = admin(&cluster);
    for client in [&mut other, &mut owner] {
        set_token(client, &issuer.token(ADA));
        assert_eq!(subject(client).as_deref(), Some(ADA));
    }
    let revoke = format!(
        "select authguard.revoke_key('{}', 'https://a')",
        issuer.kid()
    );
    for (begin, back) in [
        ("begin", "rollback"),
        ("begin; savepoint s", "rollback to s"),
        ("begin isolation level serializable", "rollback"),
    ] {
        owner.batch_execute(begin).unwrap();
        owner.batch_execute(&revoke).unwrap();
        // The transaction itself sees the revocation from its next command on; no other client sees
        // it.
        assert_eq!(subject(&mut owner), None, "{begin}");
        assert_eq!(subject(&mut other).as_deref(), Some(ADA));
        owner.batch_execute(back).unwrap();
        assert_eq!(subject(&mut owner).as_deref(), Some(ADA), "{back}");
        owner.batch_execute("rollback").unwrap();
        assert_eq!(subject(&mut owner).as_deref(), Some(ADA));
        assert_eq!(subject(&mut other).as_deref(), Some(ADA));
    }
    // The same within one function body.
    owner
        .batch_execute(&format!(
            "do $$ begin
                 perform authguard.revoke_key('{}', 'https://a');
                 if not auth.is_revoked() then raise 'still there'; end if;
             end $$",
            issuer.kid()
        ))
        .unwrap();
    assert_eq!((subject(&mut other), subject(&mut owner)), (None, None));
}

#[test]
fn a_secret_that_is_replaced_verifies_nothing_more() {
    let cluster = server(Config::default());
    own(
        &cluster,
        "select authguard.trust_secret('https://s', 'the first secret of 32 bytes, ok', '{app}')",
    );
    let claims = Issuer::new("https://s").claims(ADA);
    let signed = |secret: &str| signed_by_secret(&cluster, secret, &claims);
    let mut client = web(&cluster);
    set_token(&mut client, &signed("the first secret of 32 bytes, ok"));
    assert_eq!(subject(&mut client).as_deref(), Some(ADA));
    own(
        &cluster,
        "select authguard.trust_secret('https://s', 'another secret of 32 bytes as wel', '{app}')",
    );
    assert_eq!((subject(&mut client), seen(&mut client)), (None, 0));
    set_token(&mut client, &signed("another secret of 32 bytes as wel"));
    assert_eq!(subject(&mut client).as_deref(), Some(ADA));
    own(&cluster, "select authguard.distrust_issuer('https://s')");
    assert_eq!((subject(&mut client), seen(&mut client)), (None, 0));
}

#[test]
fn a_standby_honours_it_after_replay() {
    let primary = server(Config::default());
    let issuer = Issuer::trusted(&primary, "https://a");
    let standby = primary.standby(Config::default()).unwrap();
    let mut client = web(&standby);
    client
        .batch_execute("begin isolation level repeatable read")
        .unwrap();
    set_token(&mut client, &issuer.token(ADA));
    assert_eq!(
        (seen(&mut client), subject(&mut client).as_deref()),
        (3, Some(ADA))
    );
    own(
        &primary,
        &format!(
            "select authguard.revoke_key('{}', 'https://a')",
            issuer.kid()
        ),
    );
    wait_until_hidden(&mut client);
    assert_eq!(reason(&mut client).as_deref(), Some("refused"));
    for call in [
        "authguard.rotate_signing_key()",
        "authguard.distrust_issuer('https://a')",
        "authguard.revoke_key('x', 'https://a')",
        "authguard.set_jwks('https://a', '{}')",
        "authguard.trust_issuer('x', '{}', '{app}')",
        "authguard.trust_secret('x', repeat('xy', 32), '{app}')",
    ] {
        let error = admin(&standby)
            .query(&format!("select {call}"), &[])
            .unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(*error.code(), SqlState::READ_ONLY_SQL_TRANSACTION, "{call}");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("primary")),
            "{call}"
        );
    }
}

#[test]
fn a_crash_loses_no_key_that_was_revoked() {
    let mut cluster = server(Config::default().durable());
    let issuer = Issuer::new("https://a");
    let kids: Vec<String> = (0..20).map(|n| format!("key {n}")).collect();
    let names: Vec<&str> = kids.iter().map(String::as_str).collect();
    issuer.trust(&cluster, &issuer.jwks(&names));
    for kid in &names {
        let token = issuer.sign_as(&issuer.claims(ADA), kid);
        let mut client = web(&cluster);
        set_token(&mut client, &token);
        assert_eq!(subject(&mut client).as_deref(), Some(ADA), "{kid}");
        own(
            &cluster,
            &format!(
                "set synchronous_commit = off; select authguard.revoke_key('{kid}', 'https://a')"
            ),
        );
        cluster.crash();
        cluster.start().unwrap();
        let mut client = web(&cluster);
        set_token(&mut client, &token);
        assert_eq!(
            (subject(&mut client), seen(&mut client)),
            (None, 0),
            "{kid}"
        );
    }
}

#[test]
fn no_issuer_signs_for_another() {
    let cluster = server(Config::default());
    let a = Issuer::new("https://a");
    let b = Issuer::new("https://b");
    // Each issuer has a key of the same name, and one that only it has.
    a.trust(&cluster, &a.jwks(&["same", "a"]));
    b.trust(&cluster, &b.jwks(&["same", "b"]));
    let mut client = web(&cluster);
    let mut who = |token: &str| {
        set_token(&mut client, token);
        text(
            &mut client,
            "select case when not auth.is_revoked() then auth.issuer() end",
        )
    };
    for (signer, kids) in [(&a, ["same", "a"]), (&b, ["same", "b"])] {
        for kid in kids {
            let own = signer.sign_as(&signer.claims(ADA), kid);
            assert_eq!(who(&own).as_deref(), Some(signer.name.as_str()), "{kid}");
        }
    }
    for (signer, victim) in [(&a, &b), (&b, &a)] {
        for kid in ["same", "a", "b"] {
            assert_eq!(
                who(&signer.sign_as(&victim.claims(ADA), kid)),
                None,
                "{kid}"
            );
        }
    }
    // Keys that trade places verify only for their new issuer, even in backends that knew them
    // before.
    let (of_a, of_b) = (
        a.sign_as(&a.claims(ADA), "same"),
        b.sign_as(&b.claims(ADA), "same"),
    );
    own(
        &cluster,
        &format!(
            "select authguard.set_jwks('https://a', '{}')",
            b.jwks(&["same"])
        ),
    );
    own(
        &cluster,
        &format!(
            "select authguard.set_jwks('https://b', '{}')",
            a.jwks(&["same"])
        ),
    );
    assert_eq!((who(&of_a), who(&of_b)), (None, None));
    let swapped = b.sign_as(&a.claims(ADA), "same");
    assert_eq!(who(&swapped).as_deref(), Some("https://a"));
}

#[test]
fn a_kid_of_two_keys_names_the_key_of_the_token_s_algorithm() {
    let cluster = server(Config::default());
    let keys = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::ES384]
        .map(|algorithm| SigningKey::generate(algorithm).unwrap());
    let jwk = |key: &SigningKey| {
        let mut jwk: Value = serde_json::from_str(&key.public().to_jwk().unwrap()).unwrap();
        jwk["kid"] = json!("same");
        jwk
    };
    // One of them is listed twice.
    let set = json!({"keys": [jwk(&keys[0]), jwk(&keys[1]), jwk(&keys[0])]});
    let issuer = Issuer::new("https://a");
    issuer.trust(&cluster, &set.to_string());
    let claims = issuer.claims(ADA).to_string();
    let [ec, ed, other] = keys
        .each_ref()
        .map(|key| key.sign(&claims, "same").unwrap());
    let mut client = web(&cluster);
    let mut who = |token: &str| -> Option<String> {
        let verified = client.query_one("select auth.verify($1) ->> 'sub'", &[&token]);
        verified.ok()?.get(0)
    };
    for token in [&ec, &ed] {
        assert_eq!(who(token).as_deref(), Some(ADA));
    }
    assert_eq!(who(&other), None);
    // The name is revoked, and with it both keys, whatever the issuer publishes.
    own(&cluster, "select authguard.revoke_key('same', 'https://a')");
    let newer = json!({"keys": [jwk(&keys[2]), jwk(&keys[1]), serde_json::from_str::<Value>(&keys[0].public().to_jwk().unwrap()).unwrap()]});
    issuer.trust(&cluster, &newer.to_string());
    for token in [&ec, &ed, &other] {
        assert_eq!(who(token), None);
    }
    let kid = keys[0].public().key_id().unwrap();
    let renamed = keys[0].sign(&claims, kid).unwrap();
    assert_eq!(who(&renamed).as_deref(), Some(ADA));
}
