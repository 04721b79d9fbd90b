//! Databases of Supabase's shape, and the rows that their users see.

use crate::{admin, server, set_claims, text};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

/// The SQL that gives a database this shape.
pub const FIXTURE: &str = include_str!("../fixtures/supabase.sql");

/// The SQL that adopts schema `auth` of such a database.
pub const ADOPT: &str = "set authguard.adopt = on; set authguard.adopt_owners = 'supabase_admin'; create extension authguard";

/// The users: for each, the role that the gateway takes and the claims that it sets.
pub const USERS: [(&str, &str); 7] = [
    ("anon", ""),
    (
        "anon",
        r#"{"role":"anon","iss":"supabase","iat":1700000000,"exp":4102444800}"#,
    ),
    (
        "authenticated",
        r#"{"sub":"a0000000-0000-4000-8000-00000000000a","role":"authenticated","email":"ada@example.org","aal":"aal2","iat":1700000000,"exp":4102444800,"app_metadata":{"role":"admin","org_id":1,"teams":["team 1","team 3"]}}"#,
    ),
    (
        "authenticated",
        r#"{"sub":"b0000000-0000-4000-8000-00000000000b","role":"authenticated","email":"ben@example.org","aal":"aal1","iat":1700000000,"exp":4102444800,"app_metadata":{"org_id":2,"teams":[]}}"#,
    ),
    (
        "authenticated",
        r#"{"sub":"c0000000-0000-4000-8000-00000000000c","role":"authenticated","is_anonymous":true,"aal":"aal1","iat":1700000000,"exp":4102444800,"app_metadata":{}}"#,
    ),
    (
        "authenticated",
        r#"{"sub":"d0000000-0000-4000-8000-00000000000d","role":"authenticated","email":"dee@example.org","aal":"aal2","iat":1700000000,"exp":4102444800}"#,
    ),
    (
        "service_role",
        r#"{"role":"service_role","iss":"supabase","iat":1700000000,"exp":4102444800}"#,
    ),
];

const TABLES: [&str; 11] = [
    "profiles",
    "todos",
    "posts",
    "members",
    "documents",
    "invoices",
    "audit",
    "chats",
    "teams",
    "secrets",
    "objects",
];

/// A database of Supabase's shape, on a server that has the extension in another database.
pub fn shaped() -> Cluster {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute("create database shaped")
        .unwrap();
    owner(&cluster).batch_execute(FIXTURE).unwrap();
    cluster
}

pub fn owner(cluster: &Cluster) -> Client {
    cluster.connect("postgres", "shaped").unwrap()
}

/// The rows that every user reads, changes, deletes and may insert, in one database.
pub fn rows(cluster: &Cluster, database: &str) -> Vec<String> {
    let mut client = cluster.connect("authenticator", database).unwrap();
    let mut all = Vec::new();
    for (role, claims) in USERS {
        client.batch_execute(&format!("set role {role}")).unwrap();
        set_claims(&mut client, claims);
        for table in TABLES {
            let read = text(
                &mut client,
                &format!("select string_agg(t::text, ' ' order by t::text) from {table} t"),
            );
            all.push(format!("{role} {table} {read:?}"));
            for change in [
                format!("delete from {table}"),
                format!(
                    "update {table} set {0} = {0}",
                    if table == "members" { "org" } else { "id" }
                ),
            ] {
                client.batch_execute("begin").unwrap();
                let changed = client
                    .execute(&change, &[])
                    .map_err(|error| error.code().cloned());
                client.batch_execute("rollback").unwrap();
                all.push(format!("{change}: {changed:?}"));
            }
        }
        for insert in [
            "insert into todos (id) values (1000) returning user_id::text",
            "insert into audit values (1000) returning 'written'",
        ] {
            client.batch_execute("begin").unwrap();
            let written = client
                .query_one(insert, &[])
                .map(|row| row.get::<_, Option<String>>(0))
                .map_err(|error| error.code().cloned());
            client.batch_execute("rollback").unwrap();
            all.push(format!("{insert}: {written:?}"));
        }
    }
    all
}

pub fn assert_same(now: &[String], before: &[String]) {
    assert_eq!(now.len(), before.len());
    for (now, before) in now.iter().zip(before) {
        assert_eq!(now, before);
    }
}

/// OID, owner and privileges of the four functions, and of the schema.
pub fn identity(client: &mut Client) -> String {
    text(
        client,
        "select string_agg(concat_ws(' ', p.oid::regprocedure, p.oid, p.proowner::regrole, p.proacl), ', ' order by p.proname)
                || (select concat_ws(' ', '', n.oid, n.nspowner::regrole, n.nspacl) from pg_namespace n where nspname = 'auth')
           from pg_proc p
          where p.oid::regprocedure::text in ('auth.jwt()', 'auth.uid()', 'auth.role()', 'auth.email()')",
    )
    .unwrap()
}

/// The number of the four functions that come from the library.
pub fn ours(client: &mut Client) -> i64 {
    client
        .query_one(
            "select count(*) from pg_proc p join pg_language l on l.oid = p.prolang
              where p.oid::regprocedure::text in ('auth.jwt()', 'auth.uid()', 'auth.role()', 'auth.email()')
                and l.lanname = 'c' and p.prosrc = 'authguard_' || p.proname",
            &[],
        )
        .unwrap()
        .get(0)
}

/// Whether a user may read, and may send, in a private channel: asked as Realtime asks it, which
/// rolls back what it has written.
pub fn joins(realtime: &mut Client, claims: &str) -> (bool, bool) {
    let mut transaction = realtime.transaction().unwrap();
    let probe = "insert into realtime.messages (topic, extension) values ('room', 'broadcast') returning id::text";
    let id: String = transaction.query_one(probe, &[]).unwrap().get(0);
    transaction
        .query(
            "select set_config('role', 'authenticated', true), set_config('realtime.topic', 'room', true),
                    set_config('request.jwt.claims', $1, true), set_config('request.headers', '{}', true)",
            &[&claims],
        )
        .unwrap();
    let reads = "select exists (select from realtime.messages where id = $1::text::uuid)";
    let reads = transaction.query_one(reads, &[&id]).unwrap().get(0);
    let send = "insert into realtime.messages (topic, extension) values ('room', 'broadcast')";
    let sends = transaction.batch_execute(send).is_ok();
    transaction.rollback().unwrap();
    (reads, sends)
}
