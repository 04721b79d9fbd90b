//! `alter extension authguard update`: every version that was released, and a made-up one, becomes
//! what a fresh install is, and what was decided before is decided after it. A library and a schema
//! of different versions work together, or nobody is let in.

mod fixture;

use authguard_wire::attached::{self, change, idp};
use authguard_wire::own::{is_in, user};
use authguard_wire::page::{self, Page};
use authguard_wire::sessions::{Issued, count, opens, refresh, sign_in};
use authguard_wire::shaped::{self, ADOPT};
use authguard_wire::*;
use fixture::{HEAD, MIDDLE, NEWER, OLDER, OLDEST, Scripts};
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::{dirs, released};
use postgres::Client;
use postgres::error::{DbError, SqlState};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

const OBJECTS: &str = include_str!("../fixtures/objects.sql");

/// A third user, whose row in an attached table is changed.
const CYD: &str = "c0000000-0000-4000-8000-00000000000c";

/// A server with a Postgres of its own, and the directory of that Postgres's scripts.
fn apart() -> (Cluster, PathBuf) {
    let mut cluster = sessions::server(Config::default());
    let scripts = cluster.restart_apart().unwrap().extensions();
    (cluster, scripts)
}

/// The extension of a database, as lines that say everything about it.
fn objects(client: &mut Client) -> BTreeSet<String> {
    let rows = client.query(OBJECTS, &[]).unwrap();
    let lines: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(lines.len() > 1000, "{} lines", lines.len());
    let unknown: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("unknown"))
        .collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    lines
}

fn assert_same(updated: &BTreeSet<String>, fresh: &BTreeSet<String>, what: &str) {
    let lacks: Vec<_> = fresh.difference(updated).collect();
    let has: Vec<_> = updated.difference(fresh).collect();
    assert!(
        lacks.is_empty() && has.is_empty(),
        "{what}: the update lacks {lacks:#?}, and has {has:#?}"
    );
}

/// The rows of the extension's tables, in the columns that they have now, or that they had when
/// `columns` was taken.
fn data(client: &mut Client, columns: &BTreeSet<(String, String)>) -> Vec<String> {
    let tables: BTreeSet<&String> = columns.iter().map(|(table, _)| table).collect();
    let of = |table: &str| {
        let own = columns.iter().filter(|(of, _)| of == table);
        own.map(|(_, column)| format!("{column:?}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    tables
        .iter()
        .flat_map(|table| {
            let sql = format!("select t::text from (select {} from {table}) t", of(table));
            let mut rows: Vec<String> = client
                .query(&sql, &[])
                .unwrap()
                .iter()
                .map(|row| format!("{table}: {}", row.get::<_, String>(0)))
                .collect();
            rows.sort();
            rows
        })
        .collect()
}

/// The columns of the extension's tables.
fn columns(client: &mut Client) -> BTreeSet<(String, String)> {
    let sql = "
        select d.objid::regclass::text, a.attname::text
          from pg_depend d
          join pg_class c on c.oid = d.objid and c.relkind = 'r'
          join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where d.classid = 'pg_class'::regclass and d.deptype = 'e'
           and d.refobjid = (select oid from pg_extension where extname = 'authguard')";
    let rows = client.query(sql, &[]).unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// An error of the server.
#[track_caller]
fn refused(result: Result<impl Sized, postgres::Error>) -> DbError {
    let error = result.err().expect("it is refused");
    error.as_db_error().expect("the server says so").clone()
}

/// The extension in an old version in database `wire`, with everything that must survive: clients
/// that are connected, sessions, revocations, attached tables.
struct Site<'c> {
    cluster: &'c Cluster,
    ada: Issued,
    ben: Issued,
    /// Connected before the update. By token: Ada, and Ben, whose session was ended. By claims of a
    /// gateway: Ada, Ben, who is revoked, and Cyd, who is banned in an attached table.
    tokens: [Client; 2],
    claims: [Client; 3],
    /// In a transaction that began before the update.
    open: Client,
}

impl<'c> Site<'c> {
    fn new(cluster: &'c Cluster, version: &str) -> Self {
        let mut owner = admin(cluster);
        change(
            &mut owner,
            &format!(
                "drop extension authguard cascade; create extension authguard version '{version}';
                 select authguard.grant_operator('ops'), authguard.grant_client('web'),
                        authguard.guard_table('notes')"
            ),
        );
        // Nobody but Cyd is banned; the table has users of the gateway only.
        change(&mut owner, "create role idp login");
        attached::tables(cluster);
        change(
            &mut owner,
            &format!(
                "insert into people.users (id, email) values ('{CYD}', 'cyd');
                 select authguard.attach_users('people.users', banned_until => 'banned_until',
                                               deleted_at => 'deleted_at')"
            ),
        );
        let [ada, ben] = [ADA, BEN].map(|user| sign_in(cluster, user));
        assert!(operate(
            cluster,
            &format!("revoke_session('{}')", ben.session())
        ));
        let mut site = Self {
            tokens: [&ada, &ben].map(|issued| user(cluster, issued.access())),
            claims: [ADA, BEN, CYD].map(|user| attached::request(cluster, user)),
            open: attached::request(cluster, ADA),
            cluster,
            ada,
            ben,
        };
        assert_eq!(site.claims.each_mut().map(seen), [3, 3, 3]);
        assert!(operate(cluster, &format!("revoke_user('{BEN}', 'fraud')")));
        assert!(operate(cluster, "revoke_token('elsewhere')"));
        change(
            &mut idp(cluster),
            &format!("update people.users set banned_until = 'infinity' where id = '{CYD}'"),
        );
        change(&mut site.open, "begin isolation level repeatable read");
        assert_eq!(seen(&mut site.open), 3);
        site
    }

    /// Everybody who was shut out is, and everybody else is let in, on connections old and new.
    fn decides_as_before(&mut self, when: &str) {
        for _ in 0..2 {
            assert_eq!(self.tokens.each_mut().map(is_in), [true, false], "{when}");
            assert_eq!(self.claims.each_mut().map(seen), [3, 0, 0], "{when}");
        }
        assert_eq!(seen(&mut self.open), 3, "{when}");
        assert!(opens(self.cluster, self.ada.access()), "{when}");
        assert!(!opens(self.cluster, self.ben.access()), "{when}");
        for (user, rows) in [(ADA, 3), (BEN, 0), (CYD, 0)] {
            let mut client = attached::request(self.cluster, user);
            assert_eq!(seen(&mut client), rows, "{when}: {user}");
        }
    }

    /// After the update everything works: by old connections, on old rows.
    fn works(mut self) {
        let mut web = self.cluster.connect("web", "wire").unwrap();
        let renewed = refresh(&mut web, self.ada.refresh());
        assert_eq!(renewed.status, "ok");
        assert_eq!(
            refresh(&mut web, self.ben.refresh()).status,
            "session_revoked"
        );
        assert!(opens(self.cluster, renewed.access()));
        let mut idp = idp(self.cluster);
        change(&mut idp, "update people.users set banned_until = null");
        assert!(operate(
            self.cluster,
            &format!("restore_user('{BEN}', revive_tokens => true)")
        ));
        assert_eq!(self.claims.each_mut().map(seen), [3, 3, 3]);
        change(
            &mut idp,
            &format!("delete from people.users where id = '{CYD}'"),
        );
        assert!(operate(self.cluster, &format!("revoke_user('{ADA}')")));
        assert_eq!(self.claims.each_mut().map(seen), [0, 3, 0]);
        assert_eq!(self.tokens.each_mut().map(is_in), [false, false]);
        assert_eq!(seen(&mut self.open), 0);
        let bad = "select count(*) from authguard.coverage() where kind = 'own table'";
        assert_eq!(count(self.cluster, bad), 0);
    }
}

/// Lets clients ask without a pause, from before `work` until after it: none is let in or shut out
/// by mistake, and none gets an error.
fn while_clients_ask(cluster: &Cluster, work: impl FnOnce()) {
    let (answers, done) = (AtomicU32::new(0), AtomicBool::new(false));
    let mut clients = [ADA, BEN].map(|user| attached::request(cluster, user));
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            while !done.load(Relaxed) {
                assert_eq!(clients.each_mut().map(seen), [3, 0]);
                answers.fetch_add(1, Relaxed);
            }
        });
        let begun = || answers.load(Relaxed) > 0 || asking.is_finished();
        wait_until(begun, "the clients ask");
        let worked = catch_unwind(AssertUnwindSafe(work));
        done.store(true, Relaxed);
        if let Err(panic) = worked {
            resume_unwind(panic);
        }
        asking.join().expect("every answer is right");
    });
}

/// A database of Supabase's shape whose schema `auth` is adopted.
fn adopted(cluster: &Cluster, database: &str, version: &str) -> Client {
    change(&mut admin(cluster), &format!("create database {database}"));
    let mut owner = cluster.connect("postgres", database).unwrap();
    change(&mut owner, shaped::FIXTURE);
    change(&mut owner, &format!("{ADOPT} version '{version}'"));
    change(
        &mut owner,
        &format!(
            "select authguard.attach_users('auth.users', banned_until => 'banned_until'),
                    authguard.guard_table('todos'), authguard.revoke_user('{BEN}')"
        ),
    );
    owner
}

/// Updates from `old` to the version of this checkout, with everything in it.
fn updates(old: &str) {
    let (cluster, dir) = apart();
    Scripts(&dir).add();
    if old != OLDER {
        let script = released::Scripts::new(dirs::checkout(), HEAD).snapshot(old);
        std::fs::copy(script, dir.join(format!("authguard--{old}.sql"))).unwrap();
    }
    let mut owner = admin(&cluster);
    let fresh = objects(&mut owner);
    let mut fresh_adopted = adopted(&cluster, "fresh", HEAD);
    let mut old_adopted = adopted(&cluster, "shaped", old);
    let rows_adopted = shaped::rows(&cluster, "shaped");
    let identity = shaped::identity(&mut old_adopted);

    let mut site = Site::new(&cluster, old);
    site.decides_as_before("the library with the old schema");
    let before = objects(&mut owner);
    assert_ne!(before, fresh, "there is something to update");
    // The library has every function that the old schema declares.
    let valid = "select pg_catalog.fmgr_c_validator(p.oid) from pg_proc p join pg_language l on l.oid = p.prolang
                  where l.lanname = 'c' and p.probin like '%authguard'";
    assert!(owner.query(valid, &[]).unwrap().len() > 30);
    let columns = columns(&mut owner);
    let rows = data(&mut owner, &columns);
    assert!(rows.len() > 10, "{rows:#?}");

    let page = Page::read("upgrading.md");
    let [update, versions] = &page.blocks("Upgrade", "sql")[..] else {
        panic!("two blocks");
    };
    let is = |installed: &str| {
        let row = admin(&cluster).query_one(versions, &[]).unwrap();
        let told: [&str; 2] = [row.get(0), row.get(1)];
        assert_eq!(told, [installed, HEAD]);
    };
    is(old);
    while_clients_ask(&cluster, || {
        page::run(&cluster, "wire", update);
    });
    is(HEAD);
    site.decides_as_before("after the update");
    assert_eq!(data(&mut owner, &columns), rows, "no row has changed");
    // An update gives nobody more, so a fresh install's doors are opened once more.
    page::run(&cluster, "wire", &page.block("After the upgrade", "sql"));
    change(&mut owner, "select authguard.grant_client('web')");
    assert_same(&objects(&mut owner), &fresh, old);
    site.works();

    change(&mut old_adopted, "alter extension authguard update");
    assert_same(
        &objects(&mut old_adopted),
        &objects(&mut fresh_adopted),
        "an adopted schema",
    );
    assert_eq!(shaped::identity(&mut old_adopted), identity);
    shaped::assert_same(&shaped::rows(&cluster, "shaped"), &rows_adopted);
}

#[test]
fn every_version_is_updated_to_what_a_fresh_install_is_and_decides_as_before() {
    updates(OLDER);
    let released = released::Scripts::new(dirs::checkout(), HEAD);
    for old in released.earlier().unwrap() {
        updates(&old);
    }
}

#[test]
fn an_update_that_forgets_something_is_noticed() {
    let (cluster, dir) = apart();
    let scripts = Scripts(&dir);
    let statements = scripts.add();
    let mut owner = admin(&cluster);
    change(
        &mut owner,
        "drop extension authguard cascade; create role evil;
         alter default privileges grant all on functions to evil",
    );
    let mut installed = |version: &str, update: bool| {
        change(
            &mut owner,
            &format!("begin; create extension authguard version '{version}'"),
        );
        let done = match update {
            true => owner.batch_execute("alter extension authguard update"),
            false => Ok(()),
        };
        let objects = done.map(|()| objects(&mut owner));
        change(&mut owner, "rollback");
        objects
    };
    let fresh = installed(HEAD, false).unwrap();
    assert_same(&installed(OLDER, true).unwrap(), &fresh, "the whole update");
    assert_same(&installed(OLDEST, true).unwrap(), &fresh, "two updates");
    for (place, statement) in statements.iter().enumerate() {
        let mut rest = statements.clone();
        rest.remove(place);
        scripts.update(OLDER, HEAD, &rest);
        let noticed = match installed(OLDER, true) {
            Ok(objects) => objects != fresh,
            Err(_) => true,
        };
        assert!(noticed, "without: {statement}");
    }
    // Functions return this table's rows, and their callers know the order of its columns.
    let middle = installed(MIDDLE, true).unwrap();
    let moved: Vec<_> = middle.difference(&fresh).collect();
    assert!(!moved.is_empty(), "a column is at another place");
    assert!(
        moved
            .iter()
            .all(|line| line.starts_with("table authguard.revocation: column ")),
        "{moved:#?}"
    );
}

#[test]
fn what_an_older_schema_lacks_is_named_with_the_update_that_brings_it() {
    let (cluster, dir) = apart();
    Scripts(&dir).add();
    let mut user = gateway(&cluster);
    set_claims(&mut user, &claims(ADA));
    assert_eq!(seen(&mut user), 3);
    let mut owner = admin(&cluster);
    change(
        &mut owner,
        &format!(
            "drop extension authguard cascade; create extension authguard version '{OLDEST}';
             select authguard.guard_table('notes')"
        ),
    );
    let mut newcomer = gateway(&cluster);
    set_claims(&mut newcomer, &claims(BEN));
    let read = "select id from notes";
    let errors = [
        refused(user.query(read, &[])),
        refused(user.query(read, &[])),
        refused(newcomer.query(read, &[])),
        refused(owner.query("select authguard.sign_in($1)", &[&ADA])),
    ];
    for error in errors {
        assert_eq!(
            *error.code(),
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            "{error:?}"
        );
        assert_eq!(
            error.message(),
            "the schema of authguard is older than its library"
        );
        assert_eq!(
            error.detail().unwrap(),
            format!(
                "The schema has version {OLDEST}, the library version {HEAD}. The table is \"attached\". Column \
                 \"refresh_on_change\" must be there, of type boolean."
            )
        );
    }
    let hint =
        "Access stays closed until a superuser has run this: alter extension authguard update.";
    assert_eq!(refused(user.query(read, &[])).hint(), Some(hint));
    let problems = own::problems(&cluster);
    assert!(
        problems.iter().any(|(table, _, hint)| {
            table == "authguard.attached" && hint == "alter extension authguard update"
        }),
        "{problems:#?}"
    );

    // A table that only a newer version has: the owner of a database can have its like by hand.
    change(&mut owner, "alter table authguard.event rename to later");
    let missing = refused(gateway(&cluster).query(read, &[]));
    assert_eq!(missing.hint(), Some(hint));
    assert!(
        missing
            .detail()
            .unwrap()
            .ends_with("There is no relation \"event\".")
    );
    change(&mut owner, "alter table authguard.later rename to event");

    let (_, statement) = hint.split_once("run this: ").unwrap();
    change(&mut owner, statement.trim_end_matches('.'));
    assert_eq!([seen(&mut user), seen(&mut newcomer)], [3, 3]);
    sign_in(&cluster, ADA);
    assert_eq!(own::problems(&cluster), []);
}

#[test]
fn a_newer_schema_closes_every_connection_of_an_older_library() {
    let (cluster, dir) = apart();
    Scripts(&dir).add();
    let issued = sign_in(&cluster, ADA);
    let mut clients = [user(&cluster, issued.access()), gateway(&cluster)];
    set_claims(&mut clients[1], &claims(ADA));
    assert_eq!(clients.each_mut().map(seen), [3, 3]);
    let mut open = attached::request(&cluster, BEN);
    change(&mut open, "begin isolation level repeatable read");
    assert_eq!(seen(&mut open), 3);
    // Nothing but the version tells the library of this update, which adds one function.
    change(
        &mut admin(&cluster),
        &format!("alter extension authguard update to '{NEWER}'"),
    );
    let mut newcomer = attached::request(&cluster, BEN);
    let read = "select id from notes";
    let mut operator = operator(&cluster);
    let mut web = cluster.connect("web", "wire").unwrap();
    let [by_token, by_claims] = &mut clients;
    let errors = [
        refused(by_token.query(read, &[])),
        refused(by_claims.query(read, &[])),
        refused(by_claims.query(read, &[])),
        refused(open.query(read, &[])),
        refused(newcomer.query(read, &[])),
        refused(web.query("select * from auth.refresh($1)", &[&issued.refresh()])),
        refused(operator.query("select authguard.revoke_user($1)", &[&ADA])),
    ];
    for error in errors {
        assert_eq!(
            *error.code(),
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            "{error:?}"
        );
        assert_eq!(
            error.message(),
            "the schema of authguard is newer than its library"
        );
        assert_eq!(
            error.detail().unwrap(),
            format!("The schema has version {NEWER}, the library version {HEAD}.")
        );
        assert!(
            error
                .hint()
                .unwrap()
                .starts_with("Install the library of that version")
        );
    }
    let traces = "select count(*) from authguard.revocation";
    assert_eq!(count(&cluster, traces), 0, "nothing was half done");
}

#[test]
fn an_update_gives_new_objects_to_nobody_and_leaves_what_was_granted() {
    let (cluster, dir) = apart();
    let old = "0.0.3";
    let scripts = Scripts(&dir);
    let head = std::fs::read_to_string(dir.join(format!("authguard--{HEAD}.sql"))).unwrap();
    scripts.version(old, &head);
    scripts.update(
        old,
        HEAD,
        &[
            "create function authguard.news() returns int4 language sql as 'select 1';
           create table authguard.newer (a int4); create sequence authguard.newest;
           create function auth.open() returns int4 language sql as 'select 1';
           select authguard.close_grants(keep_doors => true);"
                .to_owned(),
        ],
    );
    let mut client = admin(&cluster);
    change(
        &mut client,
        &format!(
            "drop extension authguard cascade; create extension authguard version '{old}';
             select authguard.grant_operator('ops'); create role evil login;
             alter default privileges grant all on functions to evil, ops, public;
             alter default privileges grant all on tables to evil, ops, public;
             alter default privileges grant all on sequences to evil, ops, public;
             alter extension authguard update"
        ),
    );
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
