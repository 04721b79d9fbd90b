//! The claims function over real connections: the roles that may name it, and the attempts of a
//! client to interfere.

use authguard_wire::sessions::{issued, refresh, server, sign_in};
use authguard_wire::tokens::web;
use authguard_wire::{ADA, admin, copies, operator};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::error::SqlState;

/// A server whose tokens get their `user_role` from a table.
fn with_roles(config: Config) -> Cluster {
    let cluster = server(config);
    admin(&cluster)
        .batch_execute(&format!(
            "create schema app;
             create table app.member (user_id text primary key, role text);
             insert into app.member values ('{ADA}', 'editor');
             create function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language plpgsql as $$
             begin
                 return claims || jsonb_build_object('by', current_user, 'user_role',
                     (select upper(m.role) from app.member m where m.user_id = claims.user_id));
             end $$;
             create role signer login; select authguard.grant_signer('signer');
             select authguard.set_claims_function('app.claims(text, uuid, jsonb)');"
        ))
        .unwrap();
    cluster
}

fn claim(cluster: &Cluster, token: &str, name: &str) -> Option<String> {
    admin(cluster)
        .query_one("select auth.verify($1) ->> $2", &[&token, &name])
        .unwrap()
        .get(0)
}

#[test]
fn a_role_change_reaches_the_next_token_of_every_client() {
    let cluster = with_roles(Config::default());
    let begun = sign_in(&cluster, ADA);
    assert_eq!(
        claim(&cluster, begun.access(), "user_role").as_deref(),
        Some("EDITOR")
    );
    assert_eq!(
        claim(&cluster, begun.access(), "by").as_deref(),
        Some("postgres")
    );
    admin(&cluster)
        .batch_execute("update app.member set role = 'viewer'")
        .unwrap();
    let next = refresh(&mut web(&cluster), begun.refresh());
    assert_eq!(
        claim(&cluster, next.access(), "user_role").as_deref(),
        Some("VIEWER")
    );
}

#[test]
fn one_that_is_set_or_taken_away_elsewhere_counts_at_the_next_token() {
    let cluster = with_roles(Config::default());
    let mut tab = web(&cluster);
    let mut token = sign_in(&cluster, ADA);
    let mut by = || {
        token = refresh(&mut tab, token.refresh());
        claim(&cluster, token.access(), "by")
    };
    let set = "select authguard.set_claims_function('app.claims(text, uuid, jsonb)')";
    for (change, expected) in [
        // After this the client knows of no function.
        ("select authguard.set_claims_function(null)", None),
        (set, Some("postgres")),
        ("truncate authguard.claims_function", None),
        (&format!("begin; {set}; rollback"), None),
        (set, Some("postgres")),
        (
            "begin; delete from authguard.claims_function; rollback",
            Some("postgres"),
        ),
    ] {
        admin(&cluster).batch_execute(change).unwrap();
        assert_eq!(by().as_deref(), expected, "{change}");
    }
    // The same holds within the transaction that removes the function.
    let mut ops = admin(&cluster);
    ops.batch_execute("begin; select authguard.set_claims_function(null)")
        .unwrap();
    let sql = "select auth.verify(access_token) ->> 'by' from authguard.sign_in('bob')";
    let by =
        |ops: &mut postgres::Client| -> Option<String> { ops.query_one(sql, &[]).unwrap().get(0) };
    assert_eq!(by(&mut ops), None);
    ops.batch_execute("rollback").unwrap();
    assert_eq!(by(&mut ops).as_deref(), Some("postgres"));
}

#[test]
fn nobody_but_the_owner_names_it_or_runs_it() {
    let cluster = with_roles(Config::default());
    // The function is called by its OID, which needs no right to its schema.
    let oid: u32 = admin(&cluster)
        .query_one(
            "select 'app.claims(text, uuid, jsonb)'::regprocedure::oid",
            &[],
        )
        .unwrap()
        .get(0);
    let run = format!("select authguard.run_claims_function({oid}, 'postgres', '', null, '{{}}')");
    for mut client in [
        web(&cluster),
        operator(&cluster),
        cluster.connect("signer", "wire").unwrap(),
    ] {
        for attempt in [
            "select authguard.set_claims_function(null)",
            run.as_str(),
            "select authguard.fresh_claims('', null, '{}')",
            "delete from authguard.claims_function",
            "insert into authguard.claims_function values ('public', 'x', 'web')",
            "drop function app.claims(text, uuid, jsonb)",
            "create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language sql as 'select claims'",
        ] {
            let error = client.batch_execute(attempt).unwrap_err();
            assert_eq!(
                error.code(),
                Some(&SqlState::INSUFFICIENT_PRIVILEGE),
                "{attempt}"
            );
        }
    }
}

#[test]
fn no_search_path_or_temporary_object_of_a_client_gets_into_it() {
    let cluster = with_roles(Config::default());
    let begun = sign_in(&cluster, ADA);
    admin(&cluster)
        .batch_execute("grant create on database wire to web")
        .unwrap();
    let mut client = web(&cluster);
    client
        .batch_execute(
            "create schema hostile;
             create function hostile.upper(text) returns text language sql as $$ select 'root' $$;
             create function hostile.jsonb_build_object(variadic text[]) returns jsonb language sql as $$ select '{\"user_role\":\"root\"}'::jsonb $$;
             create function hostile.cat(jsonb, jsonb) returns jsonb language sql as $$ select '{\"user_role\":\"root\"}'::jsonb $$;
             create operator hostile.|| (leftarg = jsonb, rightarg = jsonb, function = hostile.cat);
             create temp table member (user_id text, role text);
             insert into member values ('x', 'root');
             set search_path = hostile, pg_temp, pg_catalog",
        )
        .unwrap();
    let next = issued(&mut client, "auth.refresh($1)", begun.refresh()).unwrap();
    assert_eq!(
        claim(&cluster, next.access(), "user_role").as_deref(),
        Some("EDITOR")
    );
    let path: String = client.query_one("show search_path", &[]).unwrap().get(0);
    assert_eq!(path, "hostile, pg_temp, pg_catalog");
}

#[test]
fn where_it_fails_the_client_is_who_it_was_and_its_refresh_token_still_works() {
    let cluster = with_roles(Config::default());
    let begun = sign_in(&cluster, ADA);
    let mut owner = admin(&cluster);
    owner
        .batch_execute(
            "create role other; alter function app.claims(text, uuid, jsonb) owner to other",
        )
        .unwrap();
    let mut client = web(&cluster);
    let error = issued(&mut client, "auth.refresh($1)", begun.refresh()).unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(*error.code(), SqlState::INSUFFICIENT_PRIVILEGE);
    assert!(
        error.message().contains("must be owned by postgres"),
        "{error}"
    );
    assert!(error.hint().is_some());
    owner
        .batch_execute(
            "alter function app.claims(text, uuid, jsonb) owner to postgres; drop table app.member",
        )
        .unwrap();
    // The same within a transaction that goes on, still as the client's role.
    client.batch_execute("begin; savepoint before").unwrap();
    let error = issued(&mut client, "auth.refresh($1)", begun.refresh()).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::UNDEFINED_TABLE));
    client
        .batch_execute("rollback to before; create temp table unrestricted (n int)")
        .unwrap();
    let who: String = client
        .query_one("select current_user::text", &[])
        .unwrap()
        .get(0);
    assert_eq!(who, "web");
    let error = client
        .batch_execute("select * from authguard.session")
        .unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    client.batch_execute("rollback").unwrap();
    owner
        .batch_execute("select authguard.set_claims_function(null)")
        .unwrap();
    assert_eq!(refresh(&mut client, begun.refresh()).status, "ok");
}

#[test]
fn an_old_snapshot_does_not_bring_an_old_owner_back() {
    let cluster = with_roles(Config::default());
    let begun = sign_in(&cluster, ADA);
    let mut client = web(&cluster);
    client
        .batch_execute("begin isolation level repeatable read; select 1")
        .unwrap();
    admin(&cluster)
        .batch_execute(
            "create role other; grant usage, create on schema app to other;
             alter function app.claims(text, uuid, jsonb) owner to other; set role other;
             create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb
             language sql as $$ select '{\"user_role\":\"root\"}'::jsonb $$",
        )
        .unwrap();
    let error = issued(&mut client, "auth.refresh($1)", begun.refresh()).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
}

#[test]
fn a_dump_keeps_it_and_the_copy_asks_its_own() {
    let cluster = with_roles(Config::default());
    sign_in(&cluster, ADA);
    copies::restore(&cluster, &copies::dumped(&cluster));
    let mut copy = cluster.connect("postgres", "copy").unwrap();
    copy.batch_execute("update app.member set role = 'copied'")
        .unwrap();
    let begun = issued(&mut copy, "authguard.sign_in($1)", ADA).unwrap();
    let role: String = copy
        .query_one("select auth.verify($1) ->> 'user_role'", &[&begun.access()])
        .unwrap()
        .get(0);
    assert_eq!(role, "COPIED");
}

/// The claims that the next refresh of a client gets from the function, after the client has done
/// `before`. The database answers them itself.
fn claims_after(cluster: &Cluster, before: &str) -> serde_json::Value {
    let begun = sign_in(cluster, ADA);
    let mut client = web(cluster);
    client.batch_execute(before).unwrap();
    let next = issued(&mut client, "auth.refresh($1)", begun.refresh()).unwrap();
    let claims: String = admin(cluster)
        .query_one("select auth.verify($1)::text", &[&next.access()])
        .unwrap()
        .get(0);
    let mut claims: serde_json::Value = serde_json::from_str(&claims).unwrap();
    for name in ["iat", "exp", "amr", "session_id", "jti"] {
        claims.as_object_mut().unwrap().remove(name);
    }
    claims
}

#[test]
fn no_temporary_object_gets_in_whatever_search_path_the_function_or_its_helpers_declare() {
    let cluster = with_roles(Config::default());
    admin(&cluster)
        .batch_execute(
            "create type app.level as enum ('low', 'high');
             create function app.role_of(id text) returns text language plpgsql set search_path = app as $$
             begin return (select m.role from member m where m.user_id = id); end $$;
             create function app.role_by_sql(id text) returns text language sql stable set search_path to app, public as $$
                 select m.role from member m where m.user_id = id $$;
             create function app.in_front(id text) returns text language plpgsql set search_path = pg_temp, app, public as $$
             begin return (select m.role from member m where m.user_id = id); end $$;
             create function app.level_of(word text) returns text language plpgsql set search_path = 'app' as $$
             declare it level := word; begin return it; end $$;
             create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb
             language plpgsql set search_path = app as $$
             begin
                 return claims || jsonb_build_object('own', (select m.role from member m where m.user_id = claims.user_id),
                     'helper', role_of(user_id), 'sql', role_by_sql(user_id), 'front', in_front(user_id), 'level', level_of('high'));
             end $$;",
        )
        .unwrap();
    let fair = claims_after(&cluster, "");
    for name in ["own", "helper", "sql", "front"] {
        assert_eq!(fair[name], "editor", "{name}");
    }
    assert_eq!(fair["level"], "high");
    let hostile = format!(
        "create temp table member (user_id text, role text);
         insert into member values ('{ADA}', 'root');
         create function pg_temp.root(text) returns boolean language plpgsql as $$
         begin raise 'the client runs as %', current_user; end $$;
         create domain pg_temp.level as text check (pg_temp.root(value));
         set search_path = pg_temp"
    );
    assert_eq!(claims_after(&cluster, &hostile), fair);
    // A path that is set by a command inside is not known before: it is refused if it would find
    // something temporary.
    admin(&cluster)
        .batch_execute(
            "create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language plpgsql as $$
             begin
                 perform set_config('search_path', 'app', true);
                 return claims || jsonb_build_object('own', (select m.role from member m where m.user_id = claims.user_id));
             end $$;",
        )
        .unwrap();
    assert_eq!(claims_after(&cluster, "")["own"], "editor");
    let begun = sign_in(&cluster, ADA);
    let mut client = web(&cluster);
    client.batch_execute(&hostile).unwrap();
    let error = issued(&mut client, "auth.refresh($1)", begun.refresh()).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    // Afterwards the client's own names are found as before.
    let role: String = client
        .query_one("select role from member", &[])
        .unwrap()
        .get(0);
    assert_eq!(role, "root");
}

#[test]
fn no_setting_of_a_client_gets_into_it() {
    let cluster = with_roles(Config::default());
    admin(&cluster)
        .batch_execute(
            "create or replace function app.claims(user_id text, session_id uuid, claims jsonb) returns jsonb language plpgsql as $$
             begin
                 return claims || jsonb_build_object(
                     'today', timestamptz '2026-01-01 12:00+00' :: date, 'time', timestamptz '2026-01-01 12:00+00',
                     'text', (timestamptz '2026-01-01 12:00+00') :: text, 'read', '02/03/2026' :: date,
                     'interval', (interval '25 hours 1 minute') :: text, 'float', (0.1::float8 + 0.2) :: text,
                     'bytes', decode('00ff', 'hex') :: text, 'money', 1234.5 :: numeric :: money :: text, 'zone', current_setting('timezone'),
                     'number', to_char(1234.5, '9G999D99'), 'month', to_char(date '2026-03-01', 'TMMonth'),
                     'words', to_tsvector('the cats')::text, 'null', array_position('{a,NULL}'::text[], 'NULL') is null,
                     'name', quote_ident('plain'));
             end $$;",
        )
        .unwrap();
    let fair = claims_after(&cluster, "");
    assert_eq!(fair["today"], "2026-01-01");
    assert_eq!(fair["zone"], "UTC");
    for hostile in [
        "set timezone = 'X+167'",
        "set timezone = 'X-167'",
        "set datestyle = 'German, DMY'",
        "set datestyle = 'SQL, YMD'; set intervalstyle = 'iso_8601'",
        "set extra_float_digits = -15; set bytea_output = escape",
        "set array_nulls = off; set quote_all_identifiers = on; set default_text_search_config = 'pg_catalog.english'",
        "set transform_null_equals = on; set standard_conforming_strings = off; set row_security = off",
        "begin; set local timezone = 'X+167'",
    ] {
        assert_eq!(claims_after(&cluster, hostile), fair, "{hostile}");
    }
    // The function's own setting counts.
    admin(&cluster)
        .batch_execute("alter function app.claims(text, uuid, jsonb) set timezone = 'Asia/Tokyo'")
        .unwrap();
    let own = claims_after(&cluster, "set timezone = 'X+167'");
    assert_eq!(own["zone"], "Asia/Tokyo");
    let mut client = web(&cluster);
    client.batch_execute("set timezone = 'X+167'").unwrap();
    let begun = sign_in(&cluster, ADA);
    issued(&mut client, "auth.refresh($1)", begun.refresh()).unwrap();
    let zone: String = client.query_one("show timezone", &[]).unwrap().get(0);
    assert_eq!(zone, "X+167");
}
