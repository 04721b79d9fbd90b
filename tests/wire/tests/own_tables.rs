//! Authguard's own tables are checked. An owner's change of one is an error that names table and
//! column, or makes no difference. It never crashes the server.

use authguard_wire::own::*;
use authguard_wire::sessions::{Issued, issued, refresh, sign_in};
use authguard_wire::tokens::web;
use authguard_wire::*;
use pgrx_embed::cluster::Cluster;
use postgres::Client;

/// The call that reads the rows of a table.
#[derive(Clone, Copy, PartialEq)]
enum Asks {
    /// A statement with a token.
    Statement,
    /// A sign-in.
    SignIn,
}

fn ask(client: &mut Client, asks: Asks) -> Result<(), postgres::Error> {
    match asks {
        Asks::Statement => client
            .query_one("select count(*) from notes", &[])
            .map(drop),
        Asks::SignIn => issued(client, "authguard.sign_in($1)", BEN).map(drop),
    }
}

const AN_ENUM: &str = "create type public.word as enum ('token', 'session', 'user', 'claims', 'issuer', 'active', 'retiring',
    'revoked', 'aal1', 'users', 'sessions', 'ES256', 'SIGNED_IN', 'admin', 'system')";
const NO_CHECKS: &str = "do $$ declare c record; begin
    for c in select conname, conrelid from pg_constraint
              where contype = 'c' and connamespace = 'authguard'::regnamespace loop
        execute format('alter table %s drop constraint %I', c.conrelid::regclass, c.conname);
    end loop; end $$";

/// Tables and columns, the statement that alters each, and the statement that undoes it.
const ALTERED: [(&str, &str, &str, &str, Asks); 20] = {
    const fn of(
        table: &'static str,
        column: &'static str,
        alter: &'static str,
        back: &'static str,
    ) -> (&'static str, &'static str, &'static str, &'static str, Asks) {
        (table, column, alter, back, Asks::Statement)
    }
    const WORD: &str = "alter column % type word using %::text::word";
    const TEXT: &str = "alter column % type text using %::text";
    const TEXT_IN_C: &str = "alter column % type text collate \"C\" using %::text";
    [
        of("revocation", "kind", WORD, TEXT_IN_C),
        of(
            "revocation",
            "kind",
            "alter column % type text collate \"POSIX\"",
            TEXT_IN_C,
        ),
        of(
            "revocation",
            "key",
            "alter column % type varchar",
            TEXT_IN_C,
        ),
        of(
            "revocation",
            "issuer",
            "rename column % to elsewhere",
            "rename column elsewhere to %",
        ),
        of(
            "revocation",
            "blocked",
            "alter column % drop default, alter column % type int using %::int",
            "alter column % type bool using %::bool, alter column % set default true",
        ),
        of(
            "revocation",
            "include_keys",
            "drop column %",
            "add column % bool not null default false",
        ),
        of(
            "session",
            "amr",
            "alter column % type json",
            "alter column % type jsonb",
        ),
        of(
            "session",
            "rotated_at",
            "alter column % type timestamp",
            "alter column % type timestamptz",
        ),
        of(
            "session",
            "user_id",
            "alter column % drop not null",
            "alter column % set not null",
        ),
        of(
            "attached",
            "kind",
            "rename column % to sort",
            "rename column sort to %",
        ),
        of(
            "attached",
            "issuer",
            "alter column % type varchar",
            TEXT_IN_C,
        ),
        of(
            "attached",
            "refresh_on_change",
            "drop column %",
            "add column % bool not null default false",
        ),
        of(
            "installation",
            "database",
            "alter column % type int8 using %::int8",
            "alter column % type oid using %::oid",
        ),
        of(
            "issuer",
            "audience",
            "alter column % type text using %[1]",
            "alter column % type text[] using array[%]",
        ),
        of(
            "issuer",
            "max_lifetime",
            "alter column % type int8",
            "alter column % type int4",
        ),
        of(
            "key",
            "status",
            "alter column % drop default, alter column % type word using %::word",
            "alter column % type text, alter column % set default 'active'",
        ),
        of(
            "key",
            "status",
            "alter column % drop not null",
            "alter column % set not null",
        ),
        of("key", "algorithm", WORD, TEXT),
        ("event", "actor", WORD, TEXT, Asks::SignIn),
        (
            "event",
            "happened_at",
            "rename column % to at",
            "rename column at to %",
            Asks::SignIn,
        ),
    ]
};

#[test]
fn a_column_of_another_form_is_an_error_that_names_it_and_nothing_is_read() {
    let (cluster, token) = signed_in();
    let_columns_be_altered(&cluster);
    run(
        &cluster,
        &format!("{AN_ENUM}; {NO_CHECKS}; select authguard.grant_signer('web')"),
    );
    let mut warm = user(&cluster, token.access());
    let mut signer = cluster.connect("web", "wire").unwrap();
    ask(&mut signer, Asks::SignIn).unwrap();
    for (table, column, alter, back, asks) in ALTERED {
        assert!(is_in(&mut warm), "before {table}.{column} {alter}");
        let alter = format!(
            "alter table authguard.{table} {}",
            alter.replace('%', column)
        );
        run(&cluster, &alter);
        let new = match asks {
            Asks::Statement => user(&cluster, token.access()),
            Asks::SignIn => cluster.connect("web", "wire").unwrap(),
        };
        let mut new = new;
        let warm_one = if asks == Asks::Statement {
            &mut warm
        } else {
            &mut signer
        };
        for client in [warm_one, &mut new] {
            for _ in 0..2 {
                let error = ask(client, asks).expect_err(&alter);
                assert_eq!(
                    error.code().map(|it| it.code()),
                    Some("55000"),
                    "{alter}: {error}"
                );
                let told = error.as_db_error().unwrap().to_string();
                assert!(
                    told.contains(&format!("\"{table}\""))
                        && told.contains(&format!("\"{column}\"")),
                    "{alter}: {told}"
                );
            }
        }
        if table != "installation" {
            // Every caller that checks if the database is a copy gets the error.
            let closed = problems(&cluster);
            assert!(
                closed
                    .iter()
                    .any(|(object, _, hint)| object.ends_with(table) && hint.contains(column)),
                "{alter}: {closed:?}"
            );
        }
        run(
            &cluster,
            &format!(
                "alter table authguard.{table} {}",
                back.replace('%', column)
            ),
        );
        for client in [&mut warm, &mut user(&cluster, token.access())] {
            assert!(is_in(client), "after {alter}");
        }
        ask(&mut signer, Asks::SignIn).unwrap_or_else(|error| panic!("after {alter}: {error}"));
    }
    assert_eq!(problems(&cluster), []);
}

#[test]
fn a_relation_of_another_kind_or_none_closes_access_until_it_is_back() {
    let (cluster, token) = signed_in();
    run(&cluster, "select authguard.grant_signer('web')");
    let mut warm = user(&cluster, token.access());
    for relation in [
        "revocation",
        "session",
        "attached",
        "installation",
        "issuer",
        "key",
        "claims_function",
        "event",
        "channel",
        "key_channel",
        "arrival_channel",
    ] {
        for instead in [
            "",
            "create view authguard.% as select * from authguard.away",
            "create table authguard.% (like authguard.away, part int) partition by list (part)",
            "create foreign table authguard.% () server authguard_credentials",
        ] {
            assert!(is_in(&mut warm), "{relation}, before {instead}");
            let instead = instead.replace('%', relation);
            run(
                &cluster,
                &format!(
                    "begin; alter table authguard.{relation} rename to away; {instead}; commit"
                ),
            );
            let mut new = user(&cluster, token.access());
            for client in [&mut warm, &mut new] {
                let error = ask(client, Asks::Statement).expect_err(relation);
                let told = error.as_db_error().unwrap().to_string();
                assert!(
                    told.contains(&format!("\"{relation}\"")),
                    "{instead}: {told}"
                );
            }
            let kind = match instead.split(' ').nth(1) {
                Some("foreign") => "foreign table",
                Some(kind) => kind,
                None => "table",
            };
            run(
                &cluster,
                &format!(
                    "begin; drop {kind} if exists authguard.{relation}; alter table authguard.away rename to {relation}; commit"
                ),
            );
            assert!(is_in(&mut new), "{relation}, after {instead}");
        }
    }
}

#[test]
fn an_unlogged_table_is_not_read() {
    let (cluster, token) = signed_in();
    let mut warm = user(&cluster, token.access());
    for table in ["revocation", "session", "attached"] {
        assert!(is_in(&mut warm));
        run(
            &cluster,
            &format!("alter table authguard.{table} set unlogged"),
        );
        let told = ask(&mut warm, Asks::Statement).unwrap_err();
        let told = told.as_db_error().unwrap().to_string();
        assert!(told.contains(table) && told.contains("unlogged"), "{told}");
        run(
            &cluster,
            &format!("alter table authguard.{table} set logged"),
        );
    }
    assert!(is_in(&mut warm));
}

/// Moves a column behind all others, with its contents. Its keys are gone, its default stays.
fn move_to_the_end(cluster: &Cluster, table: &str, column: &str) {
    let sql = format!(
        "select format_type(a.atttypid, a.atttypmod) || case when a.attcollation = '\"C\"'::regcollation then ' collate \"C\"' else '' end
                || case when a.attnotnull then ' not null' else '' end, pg_get_expr(d.adbin, d.adrelid)
           from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
          where a.attrelid = 'authguard.{table}'::regclass and a.attname = '{column}'"
    );
    let row = admin(cluster).query_one(&sql, &[]).unwrap();
    let (of, default): (String, Option<String>) = (row.get(0), row.get(1));
    let nullable = of.replace(" not null", "");
    let not_null = if nullable == of {
        ""
    } else {
        "alter column moved set not null,"
    };
    let default = default.unwrap_or_else(|| "null".to_owned());
    run(
        cluster,
        &format!(
            "begin; alter table authguard.{table} add column moved {nullable};
             set local session_replication_role = replica; update authguard.{table} set moved = {column};
             alter table authguard.{table} {not_null} alter column moved set default {default};
             alter table authguard.{table} drop column {column} cascade;
             alter table authguard.{table} rename column moved to {column}; commit"
        ),
    );
}

#[test]
fn columns_are_found_by_name_wherever_they_are() {
    let (cluster, token) = signed_in();
    let_columns_be_altered(&cluster);
    let mut warm = user(&cluster, token.access());
    let mut tab = web(&cluster);
    let mut current: Issued = token.clone();
    assert!(is_in(&mut warm));
    for (table, column) in [
        ("revocation", "issuer"),
        ("revocation", "blocked"),
        ("revocation", "kind"),
        ("revocation", "key"),
        ("session", "claims"),
        ("session", "counter"),
        ("session", "stepped_up_from"),
        ("session", "rotated_at"),
        ("attached", "issuer"),
        ("installation", "system_identifier"),
        ("issuer", "roles"),
        ("key", "jwk"),
        ("key", "status"),
        ("key", "kid"),
        ("event", "name"),
        ("event", "user_id"),
    ] {
        move_to_the_end(&cluster, table, column);
        run(
            &cluster,
            "insert into authguard.revocation (kind, key, issuer) values ('user', 'a0000000-0000-4000-8000-00000000000a', 'other')",
        );
        for client in [&mut warm, &mut user(&cluster, token.access())] {
            assert!(is_in(client), "{table}.{column}");
        }
        run(&cluster, "update authguard.revocation set issuer = null");
        for client in [&mut warm, &mut user(&cluster, token.access())] {
            assert!(!is_in(client), "{table}.{column}");
        }
        run(&cluster, "delete from authguard.revocation");
        assert!(is_in(&mut warm), "{table}.{column}");
        current = refresh(&mut tab, current.refresh());
        assert_eq!(current.status, "ok", "{table}.{column}");
        sign_in(&cluster, BEN);
    }
    let events = "select count(*) from authguard.event where name in ('SIGNED_IN', 'TOKEN_REFRESHED') and user_id in ($1, $2)";
    let events: i64 = admin(&cluster)
        .query_one(events, &[&ADA, &BEN])
        .unwrap()
        .get(0);
    assert_eq!(events, 1 + 2 * 16);
}

#[test]
fn an_index_that_finds_other_rows_is_not_used() {
    let (cluster, token) = signed_in();
    let (_, shut, open) = DECIDING[0];
    let mut warm = user(&cluster, token.access());
    run(
        &cluster,
        "insert into authguard.revocation (kind, key) values ('user', 'another'), ('token', 'x'), ('session', gen_random_uuid()::text)",
    );
    for index in [
        "",
        "create index revocation_key on authguard.revocation (key, kind)",
        "create index revocation_key on authguard.revocation (kind)",
        "create index revocation_key on authguard.revocation (key)",
        "create index revocation_key on authguard.revocation (kind, key) where key <> 'a0000000-0000-4000-8000-00000000000a'",
        "create index revocation_key on authguard.revocation (kind collate \"POSIX\", key collate \"POSIX\")",
        "create index revocation_key on authguard.revocation (kind text_pattern_ops, key text_pattern_ops)",
        "create index revocation_key on authguard.revocation (lower(kind), key)",
        "create index revocation_key on authguard.revocation using hash (kind)",
        "create index revocation_key on authguard.revocation using brin (kind, key)",
        "create index revocation_key on authguard.revocation (kind, key desc)",
        "create index revocation_key on authguard.revocation (kind, key) include (issuer)",
        "create unique index revocation_key on authguard.revocation (kind, key, (issuer is null), (coalesce(issuer, '')))",
    ] {
        run(
            &cluster,
            &format!("drop index if exists authguard.revocation_key; {index}"),
        );
        for client in [&mut warm, &mut user(&cluster, token.access())] {
            assert!(is_in(client), "{index}");
            run(&cluster, shut);
            assert!(!is_in(client), "{index}");
            run(
                &cluster,
                &open.replace("revocation", "revocation where key <> 'another'"),
            );
            assert!(is_in(client), "{index}");
        }
    }
}
