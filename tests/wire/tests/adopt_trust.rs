//! Somebody else's schema `auth`: which adoptions are refused, who decides about them, and what the
//! schema's owner can do.

use authguard_wire::shaped::*;
use authguard_wire::*;
use pgrx_embed::cluster::Cluster;
use postgres::Client;

/// The error of an adoption that follows a script. The script's transaction leaves nothing behind.
fn refusal(client: &mut Client, script: &str) -> (String, String) {
    let script = format!("begin; {script}");
    let error = client.batch_execute(&script).expect_err(&script);
    client.batch_execute("rollback").unwrap();
    let error = error.as_db_error().expect("the server refuses");
    let nothing = "select concat((select string_agg(extname, '') from pg_extension where extname = 'authguard'),
                                 (select nspname from pg_namespace where nspname = 'authguard'))";
    assert_eq!(text(client, nothing).as_deref(), Some(""), "after {script}");
    (
        error.message().to_owned(),
        error.hint().unwrap_or_default().to_owned(),
    )
}

#[test]
fn what_cannot_be_adopted_is_refused_and_untouched() {
    let cluster = shaped();
    let mut owner = owner(&cluster);
    let (message, hint) = refusal(&mut owner, "create extension authguard");
    assert_eq!(
        message,
        "authguard needs to create schema auth, which exists already"
    );
    assert!(hint.contains("set authguard.adopt = on"), "{hint}");
    for owners in [
        "",
        "postgres, supabase",
        "\"supabase_admin",
        "supabase_admins",
    ] {
        let script = format!(
            "set authguard.adopt = on; set authguard.adopt_owners = '{owners}'; create extension authguard"
        );
        let (message, hint) = refusal(&mut owner, &script);
        assert_eq!(
            message,
            "schema auth belongs to role supabase_admin, which is not trusted with it"
        );
        assert!(
            hint.contains("set authguard.adopt_owners = 'supabase_admin'"),
            "{hint}"
        );
    }

    // The names that the extension has in that schema now.
    let names = admin(&cluster)
        .query(
            "select distinct proname::text from pg_proc where pronamespace = 'auth'::regnamespace",
            &[],
        )
        .unwrap();
    let names: Vec<String> = names.iter().map(|row| row.get(0)).collect();
    assert!(names.len() > 25);
    let overloads: String = names
        .iter()
        .map(|name| {
            format!("create function auth.{name}(bytea) returns int language sql as 'select 1';")
        })
        .collect();
    let (message, _) = refusal(&mut owner, &format!("{overloads} {ADOPT}"));
    for name in names {
        assert!(
            message.contains(&format!("auth.{name}(bytea)")),
            "{name} is not in: {message}"
        );
    }

    for (stranger, named) in [
        (
            "create function auth.is_revoked() returns bool language sql as 'select false'",
            "auth.is_revoked()",
        ),
        (
            "create function auth.uid(who text default '') returns uuid language sql as 'select null::uuid'",
            "auth.uid(text)",
        ),
        (
            "alter function auth.uid() rename to was; create function auth.uid() returns text language sql as 'select null'",
            "auth.uid()",
        ),
        (
            "alter function auth.uid() rename to was; create function auth.uid() returns setof uuid language sql as 'select null::uuid'",
            "auth.uid()",
        ),
        (
            "alter function auth.uid() rename to was; create function auth.uid(out who uuid) language sql as 'select null::uuid'",
            "auth.uid()",
        ),
        (
            "alter function auth.jwt() rename to was; create function auth.jwt() returns jsonb language plpgsql as 'begin return null; end'",
            "auth.jwt()",
        ),
        (
            "alter function auth.role() rename to was; create procedure auth.role() language sql as 'select 1'",
            "auth.role()",
        ),
        (
            "alter extension plpgsql add function auth.email()",
            "auth.email()",
        ),
    ] {
        let (message, _) = refusal(&mut owner, &format!("{stranger}; {ADOPT}"));
        assert_eq!(
            message,
            format!("authguard cannot take the place of {named}")
        );
    }
    let (message, _) = refusal(
        &mut owner,
        &format!("alter extension plpgsql add schema auth; {ADOPT}"),
    );
    assert_eq!(message, "schema auth belongs to extension plpgsql");
    let (message, _) = refusal(
        &mut owner,
        &format!("drop schema auth cascade; create schema authguard; {ADOPT}"),
    );
    assert!(message.contains("schema authguard"), "{message}");
}

#[test]
fn only_a_superuser_says_that_a_schema_is_adopted() {
    let cluster = shaped();
    owner(&cluster)
        .batch_execute("create role weak login")
        .and_then(|()| owner(&cluster).batch_execute("create database weakly owner weak"))
        .unwrap();
    // The weak role cannot set authguard.adopt for a later superuser's session, nor for its own.
    for options in ["", "-c authguard.adopt=on"] {
        let mut weak = postgres::Config::new();
        weak.host_path(cluster.dir())
            .port(cluster.port())
            .user("weak")
            .dbname("weakly")
            .options(options);
        let mut weak = weak.connect(postgres::NoTls).unwrap();
        for pin in ["alter database weakly", "alter role weak"] {
            for value in ["authguard.adopt = on", "authguard.adopt_owners = 'weak'"] {
                let error = weak
                    .batch_execute(&format!("{pin} set {value}"))
                    .unwrap_err();
                assert_eq!(
                    error.code().map(|code| code.code()),
                    Some("42501"),
                    "{pin} set {value}"
                );
            }
        }
        weak.batch_execute(
            "create schema auth; set authguard.adopt = on; set authguard.adopt_owners = 'weak'",
        )
        .unwrap();
        let error = weak
            .batch_execute("create extension authguard")
            .unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some("42501"));
        weak.batch_execute("drop schema auth").unwrap();
    }
    // A function of the library loads the library, which removes the role's setting.
    let mut web = web_in(
        &cluster,
        "-c authguard.adopt=on -c authguard.adopt_owners=supabase_admin",
    );
    web.batch_execute("set authguard.adopt = on; select auth.uid()")
        .unwrap();
    assert_eq!(
        text(&mut web, "show authguard.adopt").as_deref(),
        Some("off")
    );
    assert_eq!(
        text(&mut web, "show authguard.adopt_owners").as_deref(),
        Some("")
    );
    web.batch_execute("set authguard.adopt = on")
        .expect_err("it is no superuser");
}

/// Connects as the weak role `web` to the database with the extension, with options at the start.
fn web_in(cluster: &Cluster, options: &str) -> Client {
    postgres::Config::new()
        .host_path(cluster.dir())
        .port(cluster.port())
        .user("web")
        .dbname("wire")
        .options(options)
        .connect(postgres::NoTls)
        .unwrap()
}

#[test]
fn what_the_schemas_owner_leaves_in_it_decides_nothing() {
    let cluster = shaped();
    let mut owner = owner(&cluster);
    owner
        .batch_execute(
            "set role supabase_admin;
             create function auth.boom(text, text) returns bool language plpgsql as $$ begin raise exception 'hijacked'; end $$;
             create operator auth.= (leftarg = text, rightarg = text, procedure = auth.boom);
             create operator auth.<> (leftarg = text, rightarg = text, procedure = auth.boom);
             create function auth.clock_timestamp() returns timestamptz language sql as $$ select 'infinity'::timestamptz $$;
             create function auth.canonical(text) returns text language sql as $$ select 'nobody' $$;
             create table auth.revocation (kind text, key text); create domain auth.text as pg_catalog.int4;
             reset role; alter database shaped set search_path = auth, public, pg_temp, pg_catalog;",
        )
        .unwrap();
    let mut owner = cluster.connect("postgres", "shaped").unwrap();
    owner
        .query_one("select 'a'::pg_catalog.text = 'a'::pg_catalog.text", &[])
        .expect_err("it is found first");
    owner.batch_execute(ADOPT).unwrap();
    let mut user = cluster.connect("authenticator", "shaped").unwrap();
    user.batch_execute("set role authenticated").unwrap();
    set_claims(&mut user, &claims(ADA));
    owner
        .batch_execute("select authguard.guard_table('public.todos')")
        .unwrap();
    let todos = |user: &mut Client| -> i64 {
        user.query_one("select count(*) from todos", &[])
            .unwrap()
            .get(0)
    };
    assert_eq!(todos(&mut user), 10);
    owner
        .batch_execute(&format!("select authguard.revoke_user('{ADA}')"))
        .unwrap();
    assert_eq!(todos(&mut user), 0);
    owner
        .batch_execute("select * from authguard.coverage(); drop policy authguard on public.todos; select authguard.release()")
        .unwrap();
    assert_eq!(todos(&mut user), 10);
}

#[test]
fn a_reader_that_the_issuer_replaces_is_noticed() {
    let cluster = shaped();
    let mut owner = owner(&cluster);
    owner.batch_execute(ADOPT).unwrap();
    fn noticed(owner: &mut Client) -> Vec<(String, Option<String>)> {
        let rows = owner
            .query("select object, hint from authguard.coverage() where problem like 'replaced or altered%'", &[])
            .unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
    assert_eq!(noticed(&mut owner), []);
    for migration in [
        "create or replace function auth.uid() returns uuid language sql stable as $$ select null::uuid $$",
        "alter function auth.uid() immutable",
        "alter function auth.uid() security definer",
        "alter function auth.uid() set search_path = public",
    ] {
        owner
            .batch_execute(&format!(
                "set role supabase_auth_admin; {migration}; reset role"
            ))
            .unwrap();
        let found = noticed(&mut owner);
        assert_eq!(found.len(), 1, "{migration}");
        assert_eq!(found[0].0, "auth.uid()");
        owner
            .batch_execute(found[0].1.as_deref().unwrap())
            .expect("the hint is SQL");
        assert_eq!(noticed(&mut owner), []);
    }
    // Functions that the issuer has replaced remain the issuer's when the schema is released.
    owner
        .batch_execute(
            "create or replace function auth.email() returns text language sql stable as $$ select 'theirs'::text $$;
             select authguard.release(); drop extension authguard",
        )
        .unwrap();
    assert_eq!(
        text(&mut owner, "select auth.email()").as_deref(),
        Some("theirs")
    );
}

#[test]
fn the_schemas_owner_runs_nothing_as_the_owner_of_the_extension() {
    let cluster = shaped();
    let mut owner = owner(&cluster);
    owner
        .batch_execute(&format!(
            "{ADOPT}; create table public.ran (by name, what text); grant insert on public.ran to public;
             grant create on database shaped to supabase_admin"
        ))
        .unwrap();
    // For a token of a locally issued session, the gateway's word is enough.
    let session: String = owner
        .query_one(
            "select session_id::text from authguard.sign_in($1)",
            &[&ADA],
        )
        .unwrap()
        .get(0);
    let claims = claims(ADA).replace(
        '}',
        &format!(r#","iss":"authguard","session_id":"{session}"}}"#),
    );
    let signature = [
        ("jwt", "jsonb"),
        ("uid", "uuid"),
        ("role", "text"),
        ("email", "text"),
    ];
    let spies: String = signature
        .map(|(name, answers)| {
            format!(
                "create or replace function auth.{name}() returns {answers} language plpgsql as $$
                     begin insert into public.ran values (current_user, '{name}'); return null; end $$;"
            )
        })
        .concat();
    owner
        .batch_execute(&format!("set role supabase_auth_admin; {spies} reset role"))
        .unwrap();
    let call_all = |schema: &str| {
        let mut user = cluster.connect("authenticator", "shaped").unwrap();
        user.batch_execute("set role authenticated").unwrap();
        set_claims(&mut user, &claims);
        let calls = [
            "sessions()",
            "end_session(gen_random_uuid())",
            "sign_out('local')",
        ];
        calls.map(|call| {
            user.query(&format!("select * from {schema}.{call}"), &[])
                .is_ok()
        })
    };
    let ran = "select string_agg(distinct what, ' ') from public.ran where by <> 'authenticated'";
    let answered = call_all("auth");
    assert_eq!(text(&mut owner, ran), None);
    assert_eq!(answered, [true; 3]);

    // Another schema of that name, in which all these functions are the attacker's.
    let names = [
        ("session_id", "uuid"),
        ("subject", "text"),
        ("issuer", "text"),
        ("is_revoked", "bool"),
        ("is_active", "bool"),
        ("require_active", "int4"),
    ];
    let spies: String = names
        .map(|(name, answers)| {
            format!(
                "create function auth.{name}() returns {answers} language plpgsql as $$
                     begin insert into public.ran values (current_user, '{name}'); return null; end $$;"
            )
        })
        .concat();
    owner
        .batch_execute(&format!(
            "set role supabase_admin; alter schema auth rename to ours; create schema auth;
             grant usage on schema auth to public; {spies} reset role"
        ))
        .unwrap();
    let answered = call_all("ours");
    assert_eq!(text(&mut owner, ran), None);
    // By now this token belongs to an ended session.
    assert_eq!(answered, [true, false, true]);
}

#[test]
fn a_forged_schema_auth_is_called_by_no_function_of_the_extension() {
    let cluster = shaped();
    let mut owner = owner(&cluster);
    owner
        .batch_execute(&format!(
            "{ADOPT}; create table public.ran (by name, what text); grant insert on public.ran to public;
             grant create on database shaped to supabase_admin; create role ops_of_shaped;
             create role clerk login; grant clerk to authenticator"
        ))
        .unwrap();
    let spies: String = [
        ("jwt()", "jsonb"),
        ("uid()", "uuid"),
        ("role()", "text"),
        ("email()", "text"),
        ("subject()", "text"),
        ("session_id()", "uuid"),
        ("issued_at()", "timestamptz"),
        ("expires_at()", "timestamptz"),
        ("authenticated_at()", "timestamptz"),
        ("claim(variadic text[])", "jsonb"),
        ("is_revoked()", "bool"),
        ("is_active()", "bool"),
        ("is_user()", "bool"),
        ("require_active()", "void"),
        ("refresh(text)", "text"),
        ("whoami()", "table (status text, hint text)"),
    ]
    .map(|(signature, answers)| {
        let answer = if answers.starts_with("table") { "return" } else { "return null" };
        let answer = if answers == "void" { "return" } else { answer };
        format!(
            "create function auth.{signature} returns {answers} language plpgsql as $$
                 begin insert into public.ran values (current_user, '{signature}'); {answer}; end $$;"
        )
    })
    .concat();
    // Its own readers, which it may replace, are forged as well.
    let replaced: String = [("jwt", "jsonb"), ("uid", "uuid"), ("role", "text"), ("email", "text")]
        .map(|(name, answers)| {
            format!(
                "create or replace function ours.{name}() returns {answers} language plpgsql as $$
                     begin insert into public.ran values (current_user, '{name}'); return null; end $$;"
            )
        })
        .concat();
    owner
        .batch_execute(&format!(
            "set role supabase_admin; alter schema auth rename to ours; create schema auth;
             grant usage on schema auth to public; {spies} reset role;
             set role supabase_auth_admin; {replaced} reset role"
        ))
        .unwrap();

    // A superuser calls whatever could call them.
    let acted = format!(
        "begin; select authguard.act_as_user('{ADA}'); select authguard.act_as('authenticated', null);
         select authguard.act_reset(); rollback;
         begin; select set_config('request.jwt.claims', '{}', true);
         select ours.claim('sub'), ours.claim_text('sub'), ours.app_metadata(), ours.token_age();
         select * from ours.get_user(); select * from ours.sessions(); rollback",
        claims(ADA)
    );
    owner.batch_execute(&acted).unwrap();
    for kind in ["revoked", "active", "user"] {
        owner
            .batch_execute(&format!(
                "select authguard.guard_table('public.todos', '{kind}')"
            ))
            .unwrap();
        let guard =
            "select qual from pg_policies where policyname = 'authguard' and tablename = 'todos'";
        assert!(
            text(&mut owner, guard).unwrap().contains("ours.is_"),
            "{kind}"
        );
    }
    owner
        .batch_execute(
            "select * from authguard.guard_schema('public'); select * from authguard.coverage();
             select authguard.grant_client('ops_of_shaped'), authguard.revoke_client_role('ops_of_shaped'),
                    authguard.grant_client('ops_of_shaped'), authguard.close_grants(true)",
        )
        .unwrap();
    let told = "select string_agg(object, ' ' order by object) from authguard.coverage()
                 where rule in ('renamed_schema', 'replaced_reader')";
    assert_eq!(
        text(&mut owner, told).as_deref(),
        Some("ours ours.email() ours.jwt() ours.role() ours.uid()")
    );
    let client =
        "select has_function_privilege('ops_of_shaped', 'ours.refresh(text)', 'execute')::text";
    assert_eq!(text(&mut owner, client).as_deref(), Some("true"));

    // The guard is the one of the extension. Policies of Supabase's shape call a reader that its
    // owner has replaced, as the client.
    owner
        .batch_execute(
            "create table public.plain (a int); insert into public.plain values (1);
                        grant select on public.plain to authenticated;
                        create policy everyone on public.plain using (true);
                        select authguard.guard_table('public.plain')",
        )
        .unwrap();
    let mut user = cluster.connect("authenticator", "shaped").unwrap();
    user.batch_execute("set role authenticated").unwrap();
    set_claims(&mut user, &claims(ADA));
    let seen = |user: &mut Client| text(user, "select count(*)::text from plain");
    assert_eq!(seen(&mut user).as_deref(), Some("1"));
    owner
        .batch_execute(&format!("select authguard.revoke_user('{ADA}')"))
        .unwrap();
    assert_eq!(seen(&mut user).as_deref(), Some("0"));

    owner.batch_execute("select authguard.release()").unwrap();
    assert_eq!(
        text(
            &mut owner,
            "select string_agg(distinct by || ' ' || what, ', ') from public.ran"
        ),
        None
    );
}

#[test]
fn the_owner_of_a_schema_cannot_rename_it_while_it_is_adopted() {
    let cluster = shaped();
    let mut owner = owner(&cluster);
    owner
        .batch_execute("grant create on database shaped to supabase_admin")
        .and_then(|()| owner.batch_execute("begin"))
        .unwrap();
    owner.batch_execute(ADOPT).unwrap();
    let mut issuer = cluster.connect("postgres", "shaped").unwrap();
    let error = issuer
        .batch_execute(
            "set role supabase_admin; set lock_timeout = '1s'; alter schema auth rename to theirs",
        )
        .unwrap_err();
    assert_eq!(error.code().map(|code| code.code()), Some("55P03"));
    owner.batch_execute("commit").unwrap();
    assert_eq!(
        text(&mut owner, "select auth.is_revoked()::text").as_deref(),
        Some("false")
    );
}
