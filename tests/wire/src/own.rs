//! Shared code of the tests of authguard's own tables: a client whose token depends on each of
//! these tables.

use crate::sessions::{Issued, server, sign_in};
use crate::{ADA, admin, seen};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

/// The tables whose rows decide about tokens. Each has a change of its rows that shuts the token of
/// [`signed_in`] out, and a statement that undoes the change.
pub const DECIDING: [(&str, &str, &str); 6] = [
    (
        "revocation",
        "insert into authguard.revocation (kind, key) values ('user', 'a0000000-0000-4000-8000-00000000000a')",
        "delete from authguard.revocation",
    ),
    (
        "session",
        "update authguard.session set ended_at = now()",
        "update authguard.session set ended_at = null",
    ),
    (
        "attached",
        // The table `notes` has none of the triggers of an attached table, so nobody is let in.
        "insert into authguard.attached (relation, kind) values ('public.notes', 'users')",
        "delete from authguard.attached",
    ),
    (
        "installation",
        "update authguard.installation set system_identifier = system_identifier + 1",
        "update authguard.installation set system_identifier = system_identifier - 1",
    ),
    (
        "issuer",
        "update authguard.issuer set roles = '{other}'",
        "update authguard.issuer set roles = '{authenticated}'",
    ),
    (
        "key",
        "update authguard.key set status = 'revoked'",
        "update authguard.key set status = 'active'",
    ),
];

/// A server that believes no token if its database is a copy, and the tokens of [`ADA`] on this
/// server.
pub fn signed_in() -> (Cluster, Issued) {
    let cluster = server(Config::default().set("authguard.after_restore", "deny"));
    let issued = sign_in(&cluster, ADA);
    (cluster, issued)
}

/// Puts views and functions in the place of those that depend on columns of authguard's tables, so
/// that these can be altered. The new ones have the same columns, and read nothing.
pub fn let_columns_be_altered(cluster: &Cluster) {
    let stubs = "
        set check_function_bodies = off;
        do $$ declare command text; begin
            for command in
                select format('create or replace view %s as select %s', c.oid::regclass,
                           string_agg(format('null::%s%s as %I', a.atttypid::regtype,
                               ' collate ' || nullif(a.attcollation, 0)::regcollation, a.attname),
                               ', ' order by a.attnum))
                  from pg_class c join pg_attribute a on a.attrelid = c.oid
                 where c.relkind = 'v' and c.relnamespace = 'authguard'::regnamespace
                 group by c.oid
                union all
                select distinct regexp_replace(
                           pg_get_functiondef(d.objid), 'BEGIN ATOMIC.*', 'as $f$ $f$')
                  from pg_depend d join pg_class c on c.oid = d.refobjid
                 where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_class'::regclass
                   and d.refobjsubid > 0 and c.relkind = 'r'
                   and c.relnamespace = 'authguard'::regnamespace
                   and d.objid <> 'authguard.coverage()'::regprocedure
            loop execute command; end loop;
        end $$";
    let mut admin = admin(cluster);
    admin
        .batch_execute(stubs)
        .expect("nothing depends on columns");
}

/// Connects as the weak role with the token set for the session, in a new backend.
pub fn user(cluster: &Cluster, token: &str) -> Client {
    let mut client = cluster.connect("web", "wire").expect("the user connects");
    client
        .batch_execute(&format!(
            "set role authenticated; select set_config('authguard.jwt', '{token}', false)"
        ))
        .expect("the token is set");
    client
}

/// Returns true if the client's token lets it in.
pub fn is_in(client: &mut Client) -> bool {
    match seen(client) {
        3 => true,
        0 => false,
        other => panic!("all rows or none, not {other}"),
    }
}

/// Runs statements as a superuser.
pub fn run(cluster: &Cluster, sql: &str) {
    if let Err(error) = admin(cluster).batch_execute(sql) {
        panic!("{sql}: {:?}", error.as_db_error());
    }
}

/// The problems that `authguard.coverage()` reports for authguard's own tables: the object, the
/// problem, and the statement to run.
pub fn problems(cluster: &Cluster) -> Vec<(String, String, String)> {
    let sql = "select object, problem, hint from authguard.coverage() where kind = 'own table'";
    let rows = admin(cluster).query(sql, &[]).expect("coverage answers");
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}
