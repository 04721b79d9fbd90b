//! Claims that are refused are an error of every reader, whoever calls it and from wherever.

use authguard_wire::shaped::{ADOPT, owner, shaped};
use authguard_wire::tokens::Issuer;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::{DbError, SqlState};

/// The readers, each as an expression that is not NULL if there are claims.
const READERS: [&str; 24] = [
    "auth.jwt()",
    "auth.uid()",
    "auth.subject()",
    "auth.issuer()",
    "auth.role()",
    "auth.email()",
    "auth.aal()",
    "auth.session_id()",
    "auth.sid()",
    "auth.client_id()",
    "auth.org_id()",
    "auth.org_role()",
    "auth.roles()",
    "auth.claim('sub')",
    "auth.claim_text('sub')",
    "auth.app_metadata()",
    "auth.is_anonymous()",
    "auth.issued_at()",
    "auth.expires_at()",
    "auth.authenticated_at()",
    "auth.token_age()",
    "auth.is_expired()",
    "(select auth.jwt() -> 'app_metadata')",
    "current_setting('x', true) || auth.subject()",
];

fn error(client: &mut Client, sql: &str) -> DbError {
    match client.batch_execute(sql) {
        Ok(()) => panic!("no error: {sql}"),
        Err(error) => error.as_db_error().expect("an error of the server").clone(),
    }
}

/// Asserts that a statement fails because the claims are refused. Returns the hint.
fn refused(client: &mut Client, sql: &str) -> String {
    let error = error(client, sql);
    assert_eq!(
        error.code(),
        &SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        "{sql}: {error:?}"
    );
    assert_eq!(
        error.message(),
        "the claims of this request are refused",
        "{sql}"
    );
    error.hint().expect("a hint").to_owned()
}

/// A connection as a role that is no gateway, with claims set.
fn no_gateway(cluster: &Cluster) -> Client {
    let mut client = cluster.connect("web", "wire").unwrap();
    client.batch_execute("set role authenticated").unwrap();
    set_claims(&mut client, &claims(ADA));
    client
}

/// Sets `authguard.refused_claims` for the server, and waits until the client has it.
fn set_refused_claims(cluster: &Cluster, client: &mut Client, value: &str) {
    let mut admin = admin(cluster);
    for sql in [
        "load 'authguard'".to_owned(),
        format!("alter system set authguard.refused_claims = '{value}'"),
        "select pg_reload_conf()".to_owned(),
    ] {
        admin.batch_execute(&sql).unwrap();
    }
    let shown = "show authguard.refused_claims";
    wait_until(
        || text(client, shown).as_deref() == Some(value),
        "the reload arrives",
    );
}

#[test]
fn every_reader_of_refused_claims_raises_and_no_check_does() {
    let cluster = server(Config::default());
    Issuer::trusted(&cluster, "https://a");
    let mut client = no_gateway(&cluster);
    for reader in READERS {
        for sql in [
            format!("select {reader}"),
            format!("select {reader} from generate_series(1, 3)"),
            format!(
                "do $$ begin if {reader} is null then raise exception 'it is null'; end if; end $$"
            ),
        ] {
            let hint = refused(&mut client, &sql);
            assert!(
                hint.contains("web") && hint.contains("authguard.gateway_roles"),
                "{hint}"
            );
        }
    }
    let checks = "select string_agg(distinct concat_ws(' ', auth.is_revoked(), auth.is_active(),
                         auth.revocation_reason(), auth.is_fresh('1 day'), auth.has_scope('read'), auth.has_role('x'), auth.has_permission('x'),
                         (select status from auth.whoami())), ', ') from generate_series(1, 3)";
    assert_eq!(
        text(&mut client, checks).as_deref(),
        Some("t f refused f f f f refused")
    );
    // After a check has been remembered for the statement, a reader raises all the same.
    refused(
        &mut client,
        "select auth.is_revoked(), auth.is_fresh('1 day'), auth.authenticated_at()",
    );

    // Absent claims stay NULL.
    set_claims(&mut client, "");
    for reader in READERS {
        assert_eq!(
            text(&mut client, &format!("select ({reader})::text")),
            None,
            "{reader}"
        );
    }
    // A bad token: nothing is told about it.
    client
        .batch_execute("set authguard.jwt = 'secret'")
        .unwrap();
    let hint = refused(&mut client, "select auth.uid()");
    assert!(
        hint.contains("authguard.jwt") && !hint.contains("secret"),
        "{hint}"
    );

    // As the setting says, they are NULL.
    set_refused_claims(&cluster, &mut client, "null");
    for reader in READERS {
        assert_eq!(
            text(&mut client, &format!("select ({reader})::text")),
            None,
            "{reader}"
        );
    }
    assert_eq!(
        text(&mut client, checks).as_deref(),
        Some("t f refused f f f f refused")
    );
    set_refused_claims(&cluster, &mut client, "error");
    refused(&mut client, "select auth.uid()");
}

#[test]
fn malformed_claims_are_told_by_their_rule() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    for (claims, rule) in [
        ("{\"sub\":1}", "claim \"sub\" is not a string"),
        ("{\"sub\":\"a\"", "not valid JSON"),
        ("{\"sub\":\"a\",\"sub\":\"b\"}", "a key occurs twice"),
    ] {
        set_claims(&mut client, claims);
        let hint = refused(&mut client, "select auth.jwt()");
        assert!(hint.contains(rule), "{hint}");
    }
}

#[test]
fn an_expired_token_is_refused_too_and_says_so() {
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    let mut client = cluster.connect("web", "wire").unwrap();
    let mut expired = issuer.claims(ADA);
    expired["exp"] = 1_700_000_100.into();
    let token = issuer.sign(&expired);
    client
        .execute("select set_config('authguard.jwt', $1, false)", &[&token])
        .unwrap();
    let hint = refused(&mut client, "select auth.uid()");
    assert!(hint.contains("refresh"), "{hint}");
    let known = "select concat_ws(' ', auth.is_expired(), auth.revocation_reason())";
    assert_eq!(text(&mut client, known).as_deref(), Some("t expired"));
}

#[test]
fn defaults_triggers_views_and_workers_raise_it() {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute(
            "create table written (id int, owner uuid default auth.uid());
             create table watched (id int);
             create function watch() returns trigger language plpgsql as
                 $$ begin perform auth.subject(); return new; end $$;
             create trigger watch before insert on watched for each row execute function watch();
             create view mine with (security_barrier) as select * from written where owner = auth.uid();
             create function who() returns uuid language plpgsql stable as $$ begin return auth.uid(); end $$;
             create function peek(p_user uuid) returns bigint language plpgsql security definer
                 set search_path = public, pg_temp as $$
                 begin
                     if auth.uid() is not null and auth.uid() <> p_user then
                         raise 'Unauthorized';
                     end if;
                     return (select count(*) from written where owner = p_user);
                 end $$;
             insert into written values (1, 'b0000000-0000-4000-8000-00000000000b');
             grant all on written, watched, mine to authenticated;",
        )
        .unwrap();
    let mut client = no_gateway(&cluster);
    for sql in [
        "insert into written (id) values (1)",
        "insert into watched values (1)",
        "select * from mine",
        "select who()",
        "select peek('b0000000-0000-4000-8000-00000000000b')",
        "select count(*) from written where coalesce(auth.uid() = owner, true)",
        "prepare mine as select * from written where owner = auth.uid(); execute mine",
        "set plan_cache_mode = force_generic_plan; execute mine",
        "declare c cursor with hold for select auth.uid()",
    ] {
        refused(&mut client, sql);
    }
    in_workers(&mut client);
    refused(
        &mut client,
        "select count(*) from written where auth.subject() = owner::text",
    );
    // A worker refuses as its leader does.
    let checks = "select count(*)::text from notes where auth.is_revoked()";
    assert_eq!(text(&mut client, checks).as_deref(), Some("0"));
}

#[test]
fn the_restrictive_policy_of_a_flag_no_longer_lets_refused_claims_pass() {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute(
            r#"create table sensitive_data (id int);
             insert into sensitive_data values (1);
             grant select on sensitive_data to authenticated;
             alter table sensitive_data enable row level security;
             create policy everyone on sensitive_data using (true);
             create policy "check_access_not_revoked" on sensitive_data as restrictive for all to authenticated
             using (coalesce((select auth.jwt()->'app_metadata'->>'access_revoked')::boolean, false) = false);"#,
        )
        .unwrap();
    let read = "select count(*)::text from sensitive_data";
    let mut client = no_gateway(&cluster);
    refused(&mut client, read);
    let mut gateway = gateway(&cluster);
    set_claims(&mut gateway, &claims(ADA));
    assert_eq!(text(&mut gateway, read).as_deref(), Some("1"));
    set_claims(&mut gateway, r#"{"sub":"a","app_metadata":[]}"#);
    refused(&mut gateway, read);
}

#[test]
fn an_estimate_of_the_planner_is_no_error_but_a_call_is() {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute(
            "create table written as select g as id, gen_random_uuid() as owner, g::text as org
               from generate_series(1, 1000) g;
             create index on written (owner); analyze written;
             alter table written enable row level security;
             grant select on written to authenticated;
             create policy own on written using (owner = auth.uid());
             create function folded() returns text language plpgsql immutable as
                 $$ begin return auth.subject(); end $$;
             create function folded_sql() returns text language sql immutable as
                 $$ select auth.subject() from generate_series(1, 1) $$;",
        )
        .unwrap();
    let mut client = no_gateway(&cluster);
    // If the first query of a connection loads the library, its planning has begun without it.
    client.batch_execute("select auth.is_revoked()").unwrap();
    for query in [
        "select * from written",
        "select * from written where org = auth.claim_text('org') and org < auth.subject()",
        "select * from written where id < extract(epoch from auth.issued_at())",
    ] {
        client
            .batch_execute(&format!("explain {query}"))
            .unwrap_or_else(|error| panic!("{query}: {error}"));
        // It is planned, and never run.
        client
            .batch_execute(&format!(
                "select case when auth.is_revoked() then 0 else (select count(*) from ({query}) q) end"
            ))
            .unwrap_or_else(|error| panic!("{query}: {error}"));
        client
            .batch_execute(&format!(
                "do $$ begin if auth.is_active() then perform * from ({query}) q; end if; end $$"
            ))
            .unwrap();
        refused(&mut client, query);
        refused(
            &mut client,
            &format!("do $$ begin perform * from ({query}) q; end $$"),
        );
    }
    // What the planner folds for good is no estimate.
    for folded in ["folded()", "folded_sql()"] {
        refused(&mut client, &format!("select 1 where {folded} is null"));
        refused(
            &mut client,
            &format!("select * from notes where owner::text = {folded}"),
        );
    }
}

#[test]
fn a_login_role_of_tests_is_told_which_setting() {
    let cluster = shaped();
    owner(&cluster).batch_execute(ADOPT).unwrap();
    admin(&cluster)
        .batch_execute("create role tester login; grant authenticated to tester")
        .unwrap();
    let mut client = cluster.connect("tester", "shaped").unwrap();
    client
        .batch_execute("set role authenticated; set request.jwt.claims = '{\"sub\":\"a\",\"role\":\"authenticated\"}'")
        .unwrap();
    for reader in ["jwt", "uid", "role", "email"] {
        let hint = refused(&mut client, &format!("select auth.{reader}()"));
        assert!(
            hint.contains("tester") && hint.contains("authguard.gateway_roles"),
            "{hint}"
        );
    }
}

/// The seconds since 1970, shifted.
fn seconds(client: &mut Client, shift: i64) -> i64 {
    client
        .query_one(
            "select floor(extract(epoch from clock_timestamp()))::bigint + $1",
            &[&shift],
        )
        .unwrap()
        .get(0)
}

#[test]
fn claims_of_a_gateway_from_the_future_are_refused_until_their_time() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    let hint = "select hint from auth.whoami()";
    let with = |iat: i64| format!(r#"{{"sub":"{ADA}","role":"authenticated","iat":{iat}}}"#);
    for ahead in [60, 3_000, 1 << 40] {
        let iat = seconds(&mut client, ahead);
        set_claims(&mut client, &with(iat));
        assert_eq!(seen(&mut client), 0);
        refused(&mut client, "select auth.uid()");
        assert!(
            text(&mut client, hint)
                .unwrap()
                .contains("authguard.leeway")
        );
    }
    let milliseconds = seconds(&mut client, 0) * 1000;
    set_claims(&mut client, &with(milliseconds));
    assert_eq!(seen(&mut client), 0);
    let told = refused(&mut client, "select auth.uid()");
    assert!(told.contains("milliseconds?"), "{told}");
    // An expiry in milliseconds says nothing wrong by a rule, and is told.
    set_claims(
        &mut client,
        &format!(r#"{{"sub":"{ADA}","iat":1700000000,"exp":{milliseconds}}}"#),
    );
    assert_eq!(seen(&mut client), 3);
    assert!(text(&mut client, hint).unwrap().contains("milliseconds?"));
    // Clocks may differ by the leeway; and what is refused is accepted once its time has come.
    let iat = seconds(&mut client, 20);
    set_claims(&mut client, &with(iat));
    assert_eq!(seen(&mut client), 3);
    let iat = seconds(&mut client, 33);
    set_claims(&mut client, &with(iat));
    assert_eq!(seen(&mut client), 0);
    wait_until(|| seen(&mut client) == 3, "the claims' time comes");
}

#[test]
fn a_pool_that_sets_a_bad_token_does_not_go_on_as_the_client_before() {
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    let bad: [Option<&str>; 3] = [None, Some(""), Some("a.b.c")];
    let who =
        "select coalesce(auth.subject(), 'nobody') || ' ' || (select status from auth.whoami())";
    for login in ["web", "authenticator"] {
        let mut client = cluster.connect(login, "wire").unwrap();
        client.batch_execute("set role authenticated").unwrap();
        for bad in bad {
            for (begin, end) in [
                ("", ""),
                ("begin", "rollback"),
                ("begin; savepoint s", "rollback to s; commit"),
                (
                    "begin; savepoint s; savepoint t",
                    "rollback to t; release t; rollback to s; commit",
                ),
                (
                    "begin; savepoint s",
                    "rollback to s; select auth.is_revoked(); rollback",
                ),
            ] {
                client
                    .query("select auth.set_token($1, false)", &[&issuer.token(ADA)])
                    .unwrap();
                assert_eq!(text(&mut client, who), Some(format!("{ADA} accepted")));
                // Those of a gateway are no way back to the client before either.
                set_claims(&mut client, &claims(ADA));
                client.batch_execute(begin).unwrap();
                let error = client
                    .query("select auth.set_token($1, true)", &[&bad])
                    .expect_err("a bad token");
                let code = error.code().expect("an error of the server").code();
                match begin {
                    "" => assert!(["28000", "25P01"].contains(&code), "{error:?}"),
                    _ => assert_eq!(code, "28000", "{error:?}"),
                }
                client.batch_execute(end).unwrap();
                assert_eq!(
                    text(&mut client, who).as_deref(),
                    Some("nobody absent"),
                    "{login} {bad:?} {begin} {end}"
                );
            }
        }
        // Within the transaction, and in its workers.
        in_workers(&mut client);
        client
            .query("select auth.set_token($1, false)", &[&issuer.token(ADA)])
            .unwrap();
        client.batch_execute("begin; savepoint s").unwrap();
        client
            .query("select auth.set_token(null)", &[])
            .unwrap_err();
        client.batch_execute("rollback to s").unwrap();
        let mine = format!(
            "select count(*)::text from notes where auth.subject() || left(id::text, 0) = '{ADA}'"
        );
        assert_eq!(text(&mut client, &mine).as_deref(), Some("0"));
        client.batch_execute("commit").unwrap();
        // The next client's token counts.
        client
            .query("select auth.set_token($1, false)", &[&issuer.token(BEN)])
            .unwrap();
        assert_eq!(text(&mut client, who), Some(format!("{BEN} accepted")));
    }
}

#[test]
fn sealed_claims_stay_though_a_token_is_refused_until_the_transaction_ends() {
    let cluster = server(Config::default().set("authguard.seal_claims", "on"));
    let issuer = Issuer::trusted(&cluster, "https://a");
    let mut client = cluster.connect("web", "wire").unwrap();
    client.batch_execute("set role authenticated").unwrap();
    let who = "select auth.subject()";
    for end in ["rollback", "commit"] {
        client
            .query("select auth.set_token($1, false)", &[&issuer.token(ADA)])
            .unwrap();
        client.batch_execute("begin").unwrap();
        assert_eq!(text(&mut client, who).as_deref(), Some(ADA));
        for bad in [None, Some("a.b.c")] {
            client.batch_execute("savepoint s").unwrap();
            client
                .query("select auth.set_token($1)", &[&bad])
                .unwrap_err();
            client.batch_execute("rollback to s").unwrap();
            assert_eq!(text(&mut client, who).as_deref(), Some(ADA));
        }
        client.batch_execute(end).unwrap();
        assert_eq!(text(&mut client, who), None, "after {end}");
    }
}
