//! Attached tables of users and sessions: the row decides, from the next statement on.

use authguard_wire::attached::*;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use std::time::{Duration, Instant};

#[test]
fn delete_the_row_and_the_very_next_statement_sees_nothing() {
    let cluster = attached(Config::default());
    let mut ada = request(&cluster, ADA);
    let mut ben = request(&cluster, BEN);
    let prepared = ada.prepare("select count(*) from notes").unwrap();
    let count = |client: &mut Client| client.query_one(&prepared, &[]).unwrap().get::<_, i64>(0);
    assert_eq!(count(&mut ada), 3);
    assert_eq!(seen(&mut ben), 3);
    let mut idp = idp(&cluster);
    change(
        &mut idp,
        &format!("delete from people.users where id = '{ADA}'"),
    );
    assert_eq!(count(&mut ada), 0);
    assert_eq!(reason(&mut ada).as_deref(), Some("user_deleted"));
    assert_eq!(seen(&mut ben), 3);
    // Who is back is let in.
    change(
        &mut idp,
        &format!("insert into people.users (id) values ('{ADA}')"),
    );
    assert_eq!(count(&mut ada), 3);
    change(&mut idp, "truncate people.users cascade");
    assert_eq!((count(&mut ada), seen(&mut ben)), (0, 0));
}

#[test]
fn every_isolation_level_sees_it_and_nobody_sees_what_is_not_committed() {
    let cluster = attached(Config::default());
    for level in ["read committed", "repeatable read", "serializable"] {
        let mut ada = request(&cluster, ADA);
        change(&mut ada, &format!("begin isolation level {level}"));
        assert_eq!(seen(&mut ada), 3, "{level}");
        let mut idp = idp(&cluster);
        let delete = format!("begin; delete from people.users where id = '{ADA}'");
        change(&mut idp, &delete);
        assert_eq!(seen(&mut ada), 3, "{level}");
        change(&mut idp, "rollback");
        assert_eq!(seen(&mut ada), 3, "{level}");
        change(&mut idp, &format!("{delete}; commit"));
        assert_eq!(seen(&mut ada), 0, "{level}");
        assert_eq!(reason(&mut ada).as_deref(), Some("user_deleted"), "{level}");
        change(
            &mut idp,
            &format!("insert into people.users (id) values ('{ADA}')"),
        );
        assert_eq!(seen(&mut ada), 3, "{level}");
        change(&mut ada, "commit");
    }
}

#[test]
fn what_the_row_says_counts_at_once_and_time_alone_ends_a_ban() {
    let cluster = attached(Config::default());
    let mut ada = request(&cluster, ADA);
    let mut idp = idp(&cluster);
    let mut after = |set: &str| {
        change(
            &mut idp,
            &format!("update people.users set {set} where id = '{ADA}'"),
        );
        (seen(&mut ada), reason(&mut ada))
    };
    let live = (3, None);
    let shut = |reason: &str| (0, Some(reason.to_owned()));
    assert_eq!(after("email = 'lovelace'"), live);
    assert_eq!(
        after("banned_until = now() + interval '1 day'"),
        shut("user_banned")
    );
    assert_eq!(after("banned_until = now() - interval '1 day'"), live);
    assert_eq!(after("deleted_at = now()"), shut("user_deleted"));
    assert_eq!(after("deleted_at = null"), live);
    assert_eq!(
        after(r#"raw_app_meta_data = '{"access_revoked": true}'"#),
        shut("user")
    );
    assert_eq!(
        after(r#"raw_app_meta_data = '{"access_revoked": false}'"#),
        live
    );
    assert_eq!(
        after("banned_until = clock_timestamp() + interval '2 s'"),
        shut("user_banned")
    );
    let end = Instant::now() + Duration::from_secs(20);
    while seen(&mut ada) == 0 {
        assert!(Instant::now() < end, "the ban does not end");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(reason(&mut ada), None);
}

#[test]
fn a_session_that_is_gone_or_over_opens_nothing_and_one_that_comes_does() {
    let cluster = attached(Config::default());
    let mut ada = gateway(&cluster);
    set_claims(&mut ada, &session_claims(ADA));
    let mut idp = idp(&cluster);
    assert_eq!(seen(&mut ada), 3);
    change(
        &mut idp,
        &format!("delete from people.sessions where id = '{ADA}'"),
    );
    assert_eq!(seen(&mut ada), 0);
    assert_eq!(reason(&mut ada).as_deref(), Some("session_ended"));
    change(
        &mut idp,
        "insert into people.sessions (id, user_id) select id, id from people.users on conflict do nothing",
    );
    assert_eq!(seen(&mut ada), 3);
    change(&mut idp, "update people.sessions set not_after = now()");
    assert_eq!(seen(&mut ada), 0);
    assert_eq!(reason(&mut ada).as_deref(), Some("session_expired"));
    change(&mut idp, "update people.sessions set not_after = null");
    assert_eq!(seen(&mut ada), 3);
    // An operator, who has no right in the provider's tables.
    let ended: i32 = operator(&cluster)
        .query_one("select authguard.sign_out_user($1)", &[&ADA])
        .unwrap()
        .get(0);
    assert_eq!(ended, 1);
    assert_eq!(seen(&mut ada), 0);
    assert_eq!(reason(&mut ada).as_deref(), Some("session"));
    // Its user row takes the session with it.
    let mut ben = gateway(&cluster);
    set_claims(&mut ben, &session_claims(BEN));
    assert_eq!(seen(&mut ben), 3);
    change(
        &mut idp,
        &format!("delete from people.users where id = '{BEN}'"),
    );
    assert_eq!(seen(&mut ben), 0);
}

/// How often the key of a table is looked up by a statement that checks.
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

    /// What a transaction counts is told to others only after its end, so the two counts are of the same.
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
    let cluster = attached(Config::default());
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
    // Who was not there is looked for again whenever anybody arrives.
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
    // Where a trigger does not fire, every statement looks.
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
    // One of the same name is another table: attached beside it, it opens nothing yet.
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
fn parallel_workers_decide_by_the_row() {
    let cluster = attached(Config::default());
    change(
        &mut admin(&cluster),
        "insert into notes select g, null from generate_series(4, 200000) g; analyze notes",
    );
    let mut ada = request(&cluster, ADA);
    change(
        &mut ada,
        "set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0;
         set max_parallel_workers_per_gather = 2; set parallel_leader_participation = off",
    );
    let plan = "explain (analyze, costs off, timing off, summary off) select count(*) from notes";
    let plan: Vec<String> = ada
        .query(plan, &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(
        plan.iter().any(|line| line.contains("Workers Launched: 2")),
        "{plan:?}"
    );
    assert_eq!(seen(&mut ada), 200_000);
    change(
        &mut idp(&cluster),
        &format!("delete from people.users where id = '{ADA}'"),
    );
    assert_eq!(seen(&mut ada), 0);
}
