//! Databases in other encodings than UTF-8: texts work, or the error is in words.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

/// A server with databases in several encodings, each with the extension; and their superusers.
fn databases(cluster: &Cluster) -> Vec<(&'static str, Client)> {
    let all = [
        ("latin", "LATIN1"),
        ("euc", "EUC_JP"),
        ("ascii", "SQL_ASCII"),
    ];
    all.into_iter()
        .map(|(name, encoding)| {
            admin(cluster)
                .batch_execute(&format!(
                    "create database {name} encoding '{encoding}' lc_collate 'C' lc_ctype 'C' template template0"
                ))
                .unwrap();
            let mut owner = cluster.connect("postgres", name).unwrap();
            owner
                .batch_execute(
                    "create extension authguard; select authguard.grant_operator('ops');
                     select authguard.grant_signer('ops'); select authguard.grant_client('web')",
                )
                .unwrap();
            (encoding, owner)
        })
        .collect()
}

/// A user's name beyond ASCII that the encoding has.
fn name(encoding: &str) -> &'static str {
    match encoding {
        "LATIN1" => "müller",
        _ => "山田",
    }
}

/// The SQLSTATE of the error of a statement, if it fails.
fn state(client: &mut Client, sql: &str) -> Option<String> {
    let error = client.batch_execute(sql).err()?;
    let error = error
        .as_db_error()
        .unwrap_or_else(|| panic!("{sql}: {error}"));
    assert!(
        !error.message().contains("UTF-8 compatible"),
        "{sql}: {error:?}"
    );
    Some(error.code().code().to_owned())
}

#[test]
fn every_function_that_takes_text_takes_any_text_of_its_database() {
    let cluster = server(Config::default());
    for (encoding, mut owner) in databases(&cluster) {
        let name = name(encoding);
        let calls: Vec<String> = text(
            &mut owner,
            "select string_agg(format('select %s(%s)', p.oid::regproc,
                        (select string_agg(case when t = 'text'::regtype then '%1$L' else 'null::' || t::regtype end, ', ' order by n)
                           from unnest(p.proargtypes) with ordinality a (t, n))), E'\\n')
               from pg_proc p
              where pronamespace in ('auth'::regnamespace, 'authguard'::regnamespace)
                and 'text'::regtype = any (proargtypes) and prokind = 'f' and provariadic = 0",
        )
        .unwrap()
        .lines()
        .map(|call| call.replace("%1$L", &format!("'{name}'")))
        .collect();
        assert!(calls.len() > 30, "{calls:?}");
        for call in calls {
            let state = state(&mut owner, &call);
            assert_ne!(state.as_deref(), Some("XX000"), "{encoding}: {call}");
        }
    }
}

#[test]
fn users_beyond_ascii_are_revoked_and_restored() {
    let cluster = server(Config::default());
    for (encoding, mut owner) in databases(&cluster) {
        let name = name(encoding);
        let database = text(&mut owner, "select current_database()::text").unwrap();
        let mut ops = cluster.connect("ops", &database).unwrap();
        let mut client = cluster.connect("authenticator", &database).unwrap();
        let claims = format!(
            r#"{{"sub":"{name}","iat":1700000000,"email":"{name}@example.org","scope":"read {name}","user_metadata":{{"name":"{name}"}}}}"#
        );
        set_claims(&mut client, &claims);
        let read = "select concat_ws(' ', auth.subject(), auth.email(), auth.claim_text('user_metadata', 'name'), auth.is_active())";
        let expected = format!("{name} {name}@example.org {name} t");
        assert_eq!(
            text(&mut client, read).as_deref(),
            Some(&*expected),
            "{encoding}"
        );
        assert_eq!(
            text(
                &mut client,
                &format!(
                    "select (auth.jwt() = '{claims}'::jsonb)::text || auth.has_scope('{name}')"
                )
            )
            .as_deref(),
            Some("truetrue")
        );
        let who = text(
            &mut client,
            "select status || ' ' || subject from auth.whoami()",
        );
        assert_eq!(who.as_deref(), Some(&*format!("accepted {name}")));
        ops.batch_execute(&format!(
            "select authguard.revoke_user('{name}', 'for {name}')"
        ))
        .unwrap();
        let reason = "select auth.revocation_reason()";
        assert_eq!(
            text(&mut client, reason).as_deref(),
            Some("user"),
            "{encoding}"
        );
        let told = format!("select name from authguard.event where user_id = '{name}'");
        assert_eq!(text(&mut ops, &told).as_deref(), Some("USER_REVOKED"));
        ops.batch_execute(&format!(
            "select authguard.restore_user('{name}', revive_tokens => true)"
        ))
        .unwrap();
        assert_eq!(text(&mut client, reason), None, "{encoding}");
        // An identity that is spelt with escapes is the same.
        let escaped = claims.replace("\"sub\"", "\"s\\u0075b\"");
        set_claims(&mut client, &escaped);
        assert_eq!(
            text(&mut client, read).as_deref(),
            Some(&*expected),
            "{encoding}"
        );
    }
}

#[test]
fn gateways_are_compared_byte_by_byte() {
    let cluster = server(Config::default());
    let (_, mut owner) = databases(&cluster).remove(0);
    for sql in [
        r#"create role "mül" login"#,
        r#"create role "möl" login"#,
        "load 'authguard'",
        r#"alter system set authguard.gateway_roles = '"mül"'"#,
        "select pg_reload_conf()",
    ] {
        owner.batch_execute(sql).unwrap();
    }
    let reloaded = "show authguard.gateway_roles";
    wait_until(
        || text(&mut owner, reloaded).as_deref() == Some("\"mül\""),
        "the reload arrives",
    );
    for (role, status) in [("mül", "accepted"), ("möl", "refused")] {
        owner
            .batch_execute(&format!(
                "set session authorization \"{role}\"; set request.jwt.claims = '{{\"sub\":\"a\"}}'"
            ))
            .unwrap();
        let is = text(&mut owner, "select status from auth.whoami()");
        assert_eq!(is.as_deref(), Some(status), "{role}");
        let told = text(&mut owner, "select login_role || hint from auth.whoami()").unwrap();
        assert!(told.contains(role), "{told}");
        if status == "refused" {
            assert_eq!(
                state(&mut owner, "select auth.uid()").as_deref(),
                Some("28000")
            );
        }
        owner.batch_execute("reset session authorization").unwrap();
    }
}

#[test]
fn messages_that_name_a_text_arrive_and_roles_are_known_by_their_names() {
    let cluster = server(Config::default());
    for (encoding, mut owner) in databases(&cluster) {
        let name = name(encoding);
        owner.batch_execute("load 'authguard'").unwrap();
        let trust = |issuer: &str| {
            format!(
                "select authguard.trust_secret('{issuer}', 'the secret of {encoding}, 32 bytes or more', '{{app}}')"
            )
        };
        owner.batch_execute(&trust(name)).unwrap();
        let another = state(&mut owner, &trust(&format!("{name}2")));
        assert_eq!(another.as_deref(), Some("22023"), "{encoding}");
        let wrong = format!("alter system set authguard.min_aal = '{name}'");
        assert_eq!(
            state(&mut owner, &wrong).as_deref(),
            Some("22023"),
            "{encoding}"
        );
        // The role's name in this encoding.
        let role = format!("{encoding} {name}");
        owner
            .batch_execute(&format!("create role \"{role}\""))
            .unwrap();
        let set = |role: &str| format!("alter system set authguard.gateway_roles = '\"{role}\"'");
        for (role, doubts) in [(role.clone(), 0), (format!("{role}2"), 1)] {
            owner.batch_execute(&set(&role)).unwrap();
            owner.batch_execute("select pg_reload_conf()").unwrap();
            let has_role =
                format!("select 1 where current_setting('authguard.gateway_roles') = '\"{role}\"'");
            wait_until(
                || owner.query_opt(&has_role, &[]).unwrap().is_some(),
                "the reload arrives",
            );
            let told: i64 = owner
                .query_one(
                    "select count(*) from authguard.coverage()
                      where object = 'authguard.gateway_roles' and problem like '%' || $1 || '%'",
                    &[&role],
                )
                .unwrap()
                .get(0);
            assert_eq!(told, doubts, "{encoding}: {role}");
        }
        owner
            .batch_execute("alter system reset authguard.gateway_roles")
            .unwrap();
    }
}
