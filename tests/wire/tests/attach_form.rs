//! Look-ups in attached tables: when their rows are read, and what happens if a table's form
//! changes.

use authguard_wire::attached::*;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

/// The number of look-ups of a table's key by a statement that checks.
struct Lookups {
    index: u32,
}

impl Lookups {
    fn of(cluster: &Cluster, index: &str) -> Self {
        let find = format!("select '{index}'::regclass::oid");
        Self {
            index: admin(cluster).query_one(&find, &[]).unwrap().get(0),
        }
    }

    /// The number of look-ups in a transaction. Other backends see a transaction's statistics only
    /// after its end, so both counts are taken within the same transaction.
    fn by(&self, client: &mut Client, rows: i64) -> i64 {
        change(client, "begin");
        let count = |client: &mut Client| -> i64 {
            let scans = "select coalesce(sum(idx_scan), 0)::int8 from pg_stat_xact_all_tables t
                         join pg_index i on i.indrelid = t.relid where i.indexrelid = $1";
            client.query_one(scans, &[&self.index]).unwrap().get(0)
        };
        let before = count(client);
        assert_eq!(seen(client), rows);
        let after = count(client);
        change(client, "commit");
        after - before
    }
}

#[test]
fn what_decides_nothing_costs_no_look_up() {
    // A vacuum would make the backend check the table again, so autovacuum is off.
    let cluster = attached(Config::default().set("autovacuum", "off"));
    let lookups = Lookups::of(&cluster, "people.users_pkey");
    let mut ada = request(&cluster, ADA);
    let mut idp = idp(&cluster);
    assert_eq!(lookups.by(&mut ada, 3), 1);
    assert_eq!(lookups.by(&mut ada, 3), 0);
    for decides_nothing in [
        "update people.users set last_sign_in_at = now(), email = 'x'".to_owned(),
        "update people.users set banned_until = banned_until, id = id".to_owned(),
        format!("update people.sessions set refreshed_at = now() where user_id = '{BEN}'"),
        "insert into people.users (id) values ('c0000000-0000-4000-8000-00000000000c')".to_owned(),
        format!("insert into people.sessions values (gen_random_uuid(), '{BEN}')"),
    ] {
        change(&mut idp, &decides_nothing);
        assert_eq!(lookups.by(&mut ada, 3), 0, "{decides_nothing}");
    }
    change(
        &mut idp,
        &format!("update people.users set banned_until = now() where id = '{BEN}'"),
    );
    assert_eq!(lookups.by(&mut ada, 3), 1);
    // A user who was not found is looked up again after any insert.
    change(
        &mut idp,
        &format!("delete from people.users where id = '{ADA}'"),
    );
    assert_eq!(lookups.by(&mut ada, 0), 1);
    assert_eq!(lookups.by(&mut ada, 0), 0);
    change(
        &mut idp,
        "insert into people.users (id) values ('d0000000-0000-4000-8000-00000000000d')",
    );
    assert_eq!(lookups.by(&mut ada, 0), 1);
    // If a trigger does not fire, every statement looks the row up.
    change(
        &mut idp,
        &format!("insert into people.users (id) values ('{ADA}')"),
    );
    assert_eq!(lookups.by(&mut ada, 3), 1);
    change(
        &mut idp,
        "alter table people.users disable trigger authguard_attached_change",
    );
    for _ in 0..3 {
        assert_eq!(lookups.by(&mut ada, 3), 1);
    }
    change(&mut idp, "update people.users set deleted_at = now()");
    assert_eq!(seen(&mut ada), 0);
}

#[test]
fn what_its_owner_breaks_shuts_everybody_out_and_raises_no_error() {
    let cluster = attached(Config::default());
    let mut ada = request(&cluster, ADA);
    let mut service = request(&cluster, ADA);
    set_claims(&mut service, r#"{"jti":"key","role":"authenticated"}"#);
    let mut idp = idp(&cluster);
    let hint = |client: &mut Client| text(client, "select hint from auth.whoami()").unwrap();
    let mut breaks = |how: &str, mend: &str| {
        assert_eq!(seen(&mut ada), 3, "before {how}");
        change(&mut idp, how);
        assert_eq!(seen(&mut ada), 0, "{how}");
        assert_eq!(reason(&mut ada).as_deref(), Some("source_broken"), "{how}");
        assert!(hint(&mut ada).contains("authguard.coverage()"));
        assert_eq!(seen(&mut service), 3, "{how}");
        let problems = "select count(*) from authguard.coverage() where kind = 'attached table' and not guarded";
        let problems: i64 = operator(&cluster).query_one(problems, &[]).unwrap().get(0);
        assert_eq!(problems, 1, "{how}");
        change(&mut admin(&cluster), mend);
    };
    let attach = "select authguard.attach_users('people.users', banned_until => 'banned_until')";
    breaks(
        "alter table people.users drop column deleted_at cascade",
        attach,
    );
    breaks("drop trigger authguard_attached on people.users", attach);
    change(
        &mut admin(&cluster),
        "create function people.anything() returns trigger language plpgsql as 'begin return new; end'",
    );
    for (columns, parts) in [
        ("email", "'id'"),
        ("id", "'key'"),
        ("id", ""),
        ("banned_until", "'banned_until'"),
        ("id, email", "'id', 'deleted_at'"),
        ("id, email", "'id', 'id', 'id'"),
    ] {
        breaks(
            &format!(
                "drop trigger authguard_attached on people.users;
                 create trigger authguard_attached after update of {columns} on people.users
                     for each row execute function people.anything({parts})"
            ),
            attach,
        );
    }
    breaks(
        "alter table people.users drop constraint users_pkey cascade",
        "alter table people.users add primary key (id)",
    );
    breaks(
        "alter table people.users set unlogged",
        "alter table people.users set logged",
    );
    let number: u32 = admin(&cluster)
        .query_one("select 'people.users'::regclass::oid", &[])
        .unwrap()
        .get(0);
    // A new table of the same name is another table: attached in addition, it opens nothing yet.
    breaks(
        "alter table people.users drop column banned_until cascade",
        "select authguard.attach_users('people.users')",
    );
    breaks(
        "drop table people.users cascade; create table people.users (id uuid primary key)",
        "select authguard.attach_users('people.users')",
    );
    change(
        &mut idp,
        &format!("insert into people.users values ('{ADA}')"),
    );
    assert_eq!(seen(&mut ada), 0);
    change(
        &mut admin(&cluster),
        &format!("select authguard.detach_users({number})"),
    );
    assert_eq!(seen(&mut ada), 3);
}

#[test]
fn a_virtual_column_is_no_source() {
    let cluster = attached(Config::default());
    let mut admin = admin(&cluster);
    let version: i32 = admin
        .query_one("select current_setting('server_version_num')::int", &[])
        .unwrap()
        .get(0);
    if version < 180_000 {
        return;
    }
    change(
        &mut admin,
        "create table members (id uuid primary key, state text,
             deleted boolean generated always as (state = 'deleted') virtual,
             gone boolean generated always as (state = 'deleted') stored)",
    );
    let error = admin
        .batch_execute("select authguard.attach_users('members', deleted_at => 'deleted')")
        .unwrap_err();
    let message = error.as_db_error().unwrap().message();
    assert!(
        message.ends_with("has a virtual column for deleted_at"),
        "{message}"
    );
    change(
        &mut admin,
        "select authguard.attach_users('members', deleted_at => 'gone')",
    );
}

#[test]
fn a_key_is_found_in_the_order_of_its_collation_and_is_one_byte_by_byte() {
    let cluster = attached(Config::default());
    let mut admin = admin(&cluster);
    let loose = "create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";
    if admin.batch_execute(loose).is_err() {
        // This Postgres is built without ICU, and has no other collations that exist everywhere.
        return;
    }
    change(
        &mut admin,
        "create table members (name text collate loose primary key)",
    );
    let error = admin
        .batch_execute("select authguard.attach_users('members', id => 'name')")
        .unwrap_err();
    let message = error.as_db_error().unwrap().message();
    assert!(
        message.ends_with("has no unique index on its key alone"),
        "{message}"
    );
    change(
        &mut admin,
        "alter table members alter name type varchar collate \"en-x-icu\";
         insert into members select chr(ascii(c) + g % 26) || g from generate_series(1, 2000) g, (values ('a'), ('A')) v (c);
         select authguard.detach_users('people.users');
         select authguard.attach_users('members', id => 'name')",
    );
    let mut client = gateway(&cluster);
    for (name, rows) in [
        ("b1", 3),
        ("B1", 3),
        ("z1999", 0),
        ("X1999", 3),
        ("x1999", 3),
        ("b1 ", 0),
    ] {
        set_claims(&mut client, &claims(name));
        assert_eq!(seen(&mut client), rows, "{name}");
    }
}

#[test]
fn rows_beyond_ascii_decide_in_a_database_of_another_encoding() {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute(
            "create database latin encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0",
        )
        .unwrap();
    let mut owner = cluster.connect("postgres", "latin").unwrap();
    // The names are é and e.
    owner
        .batch_execute(
            r#"create extension authguard; select authguard.grant_operator('ops');
             create table person (id text primary key, meta jsonb not null default '{}');
             insert into person values (chr(233)), ('e');
             select authguard.attach_users('person', app_metadata => 'meta', refresh_on_change => true);
             update person set meta = '{"org": 1}'"#,
        )
        .unwrap();
    let told = "select string_agg(user_id, ' ') from authguard.event where name = 'USER_UPDATED'";
    assert_eq!(text(&mut owner, told).as_deref(), Some("e é"));
    // An entry of another issuer.
    cluster
        .connect("ops", "latin")
        .unwrap()
        .batch_execute("select authguard.revoke_issued_before(now(), chr(233))")
        .unwrap();
    let mut client = cluster.connect("authenticator", "latin").unwrap();
    set_claims(&mut client, &claims("e").replace('}', r#","iss":"a"}"#));
    assert_eq!(reason(&mut client).as_deref(), Some("claims_stale"));
    owner
        .batch_execute(
            "truncate authguard.revocation; select authguard.revoke_user('e', issuer => chr(233))",
        )
        .unwrap();
    assert_eq!(reason(&mut client), None);
}
