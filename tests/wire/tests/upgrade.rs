//! `alter extension authguard update`: the library serves the schemas of earlier releases, entries
//! survive, and an update makes the same objects as a fresh install.
//!
//! There is no release yet, so today's script under an older number serves as the earlier one. The
//! first release's frozen script will take its place.

use authguard_wire::*;
use pgrx_embed::cluster::Config;
use pgrx_embed::postgres::Install;
use postgres::Client;

/// Every member of the extension with its definition, comment and grants.
const OBJECTS: &str = "
    select pg_describe_object(d.classid, d.objid, 0) || ' ' ||
           coalesce(case d.classid when 'pg_proc'::regclass then pg_get_functiondef(d.objid) || coalesce(p.proacl::text, '') end,
                    case d.classid when 'pg_class'::regclass then
                        coalesce(c.relacl::text, '') || (select coalesce(string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull, ', ' order by a.attnum), '')
                           from pg_attribute a where a.attrelid = d.objid and a.attnum > 0 and not a.attisdropped) end, '')
           || ' ' || coalesce(obj_description(d.objid, d.classid::regclass::name), 'without a comment')
      from pg_depend d
      left join pg_proc p on d.classid = 'pg_proc'::regclass and p.oid = d.objid
      left join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
     where d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
       and d.refobjid = (select oid from pg_extension where extname = 'authguard')
     order by 1";

fn objects(client: &mut Client) -> Vec<String> {
    client
        .query(OBJECTS, &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
}

/// Adds today's script as version `old`, and an update from it that runs `update`.
fn add_scripts(install: &Install, old: &str, update: &str) {
    let place = |name: String| install.extensions().join(name);
    let now = env!("CARGO_PKG_VERSION");
    let script = place(format!("authguard--{old}.sql"));
    std::fs::copy(place(format!("authguard--{now}.sql")), script).unwrap();
    std::fs::write(place(format!("authguard--{old}--{now}.sql")), update).unwrap();
}

fn updated(old: &str, update: &str) -> (Vec<String>, Vec<String>) {
    let mut cluster = server(Config::default());
    add_scripts(&cluster.restart_apart().unwrap(), old, update);
    let mut client = admin(&cluster);
    let fresh = objects(&mut client);
    client
        .batch_execute(&format!(
            "drop extension authguard cascade; create extension authguard version '{old}';
             select authguard.grant_operator('ops'); select authguard.guard_table('notes')"
        ))
        .unwrap();
    assert!(operate(&cluster, &format!("revoke_user('{ADA}')")));
    let mut user = gateway(&cluster);
    let mut decides_as_before = |when: &str| {
        set_claims(&mut user, &claims(ADA));
        assert_eq!(seen(&mut user), 0, "{when}");
        set_claims(&mut user, &claims(BEN));
        assert_eq!(seen(&mut user), 3, "{when}");
    };
    decides_as_before("the new library on the old schema");
    client
        .batch_execute("alter extension authguard update")
        .unwrap();
    decides_as_before("after the update");
    (fresh, objects(&mut client))
}

#[test]
fn an_update_gives_the_schema_of_a_fresh_install() {
    let (fresh, updated) = updated(
        "0.0.1",
        "comment on schema auth is 'the same'; comment on schema auth is \
         'authguard: claims and revocation of the current token, for policies and clients';",
    );
    assert!(fresh.len() > 40, "{} objects", fresh.len());
    assert_eq!(fresh, updated);
}

#[test]
fn an_update_that_forgets_something_is_noticed() {
    let (fresh, updated) = updated("0.0.2", "comment on schema auth is 'another';");
    assert_ne!(fresh, updated);
}

#[test]
fn an_update_gives_new_objects_to_nobody_and_leaves_what_was_granted() {
    let mut cluster = server(Config::default());
    let old = "0.0.3";
    add_scripts(
        &cluster.restart_apart().unwrap(),
        old,
        "create function authguard.news() returns int4 language sql as 'select 1';
         create table authguard.newer (a int4); create sequence authguard.newest;
         create function auth.open() returns int4 language sql as 'select 1';
         select authguard.close_grants(keep_doors => true);",
    );
    let mut client = admin(&cluster);
    client
        .batch_execute(&format!(
            "drop extension authguard cascade; create extension authguard version '{old}';
             select authguard.grant_operator('ops'); create role evil login;
             alter default privileges grant all on functions to evil, ops, public;
             alter default privileges grant all on tables to evil, ops, public;
             alter default privileges grant all on sequences to evil, ops, public;
             alter extension authguard update"
        ))
        .unwrap();
    let rights = "select concat_ws(' ', has_function_privilege(r, 'authguard.news()', 'execute'),
                         has_table_privilege(r, 'authguard.newer', 'select, insert, truncate'),
                         has_sequence_privilege(r, 'authguard.newest', 'usage'),
                         has_function_privilege(r, 'auth.open()', 'execute'),
                         has_function_privilege(r, 'authguard.revoke_token(text, text, text, timestamptz)', 'execute'))
                    from unnest(array['evil', 'ops']) r order by r";
    let rights: Vec<String> = client
        .query(rights, &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(rights, ["f f f t f", "f f f t t"]);
    assert!(operate(&cluster, &format!("revoke_user('{ADA}')")));
}
