//! Attached tables that are partitioned: rows also come and go with their partitions.

use authguard_wire::attached::*;
use authguard_wire::partitioned::*;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use std::thread;

/// Ada and Ben, and what they see after a change by the tables' owner.
struct Both {
    idp: Client,
    ada: Client,
    ben: Client,
}

impl Both {
    fn of(cluster: &Cluster) -> Self {
        Self {
            idp: idp(cluster),
            ada: request(cluster, ADA),
            ben: request(cluster, BEN),
        }
    }

    fn after(&mut self, sql: &str) -> (i64, i64) {
        change(&mut self.idp, &named(sql));
        (seen(&mut self.ada), seen(&mut self.ben))
    }
}

#[test]
fn a_row_decides_in_whichever_partition_it_is() {
    let cluster = partitioned(Config::default());
    let mut both = Both::of(&cluster);
    for (change, seen) in [
        ("select", (3, 3)),
        ("update people.users set email = 'x'", (3, 3)),
        (
            "update people.users set banned_until = 'infinity' where id = 'ADA'",
            (0, 3),
        ),
        ("update people.of_ada set banned_until = null", (3, 3)),
        ("update people.of_ben set banned_until = 'infinity'", (3, 0)),
        ("update people.users set banned_until = null", (3, 3)),
        ("delete from people.users where id = 'BEN'", (3, 0)),
        ("insert into people.users (id) values ('BEN')", (3, 3)),
        // The row moves to another partition, and back.
        (
            "update people.users set id = '00000000-0000-4000-8000-000000000000' where id = 'ADA'",
            (0, 3),
        ),
        (
            "update people.users set id = 'ADA' where id <> 'BEN'",
            (3, 3),
        ),
    ] {
        assert_eq!(both.after(change), seen, "{change}");
    }
}

#[test]
fn rows_come_and_go_with_their_partitions() {
    let cluster = partitioned(Config::default());
    let mut both = Both::of(&cluster);
    for (change, seen) in [
        ("select", (3, 3)),
        ("truncate people.of_ada", (0, 3)),
        ("insert into people.users (id) values ('ADA')", (3, 3)),
        ("truncate people.of_ben", (3, 0)),
        ("insert into people.users (id) values ('BEN')", (3, 3)),
        (
            "alter table people.users detach partition people.of_ada",
            (0, 3),
        ),
        // The detached partition is no longer a source.
        ("update people.of_ada set banned_until = 'infinity'", (0, 3)),
        ("update people.of_ada set banned_until = null", (0, 3)),
        (
            "alter table people.users attach partition people.of_ada for values in ('ADA')",
            (3, 3),
        ),
        ("update people.of_ada set banned_until = 'infinity'", (0, 3)),
        ("update people.of_ada set banned_until = null", (3, 3)),
        // The same one level deeper.
        (
            "alter table people.rest detach partition people.of_ben",
            (3, 0),
        ),
        (
            "alter table people.rest attach partition people.of_ben for values with (modulus 1, remainder 0)",
            (3, 3),
        ),
        (
            "alter table people.users detach partition people.rest",
            (3, 0),
        ),
        (
            "alter table people.users attach partition people.rest default",
            (3, 3),
        ),
        (
            "begin; truncate people.of_ada, people.of_ben; rollback",
            (3, 3),
        ),
        ("vacuum full people.of_ada", (3, 3)),
        ("reindex table people.of_ben", (3, 3)),
        ("drop table people.of_ben", (3, 0)),
        (
            "create table people.of_ben partition of people.rest for values with (modulus 1, remainder 0)",
            (3, 0),
        ),
        ("insert into people.users (id) values ('BEN')", (3, 3)),
        ("truncate people.users", (0, 0)),
        (ROWS, (3, 3)),
        ("drop table people.rest", (3, 0)),
        ("drop table people.of_ada", (0, 0)),
    ] {
        assert_eq!(both.after(change), seen, "{change}");
    }
    assert_eq!(reason(&mut both.ada).as_deref(), Some("user_deleted"));
}

#[test]
fn a_partition_that_is_being_detached_concurrently_is_gone() {
    let cluster = partitioned(Config::default());
    // Postgres detaches no partition concurrently if there is a default partition.
    change(&mut idp(&cluster), "drop table people.rest");
    let mut ada = request(&cluster, ADA);
    let mut reader = idp(&cluster);
    change(
        &mut reader,
        "begin isolation level repeatable read; select from people.users",
    );
    // In a snapshot from before the change, the partition is still there.
    change(&mut ada, "begin isolation level repeatable read");
    assert_eq!(seen(&mut ada), 3);
    let detaching = {
        let mut idp = idp(&cluster);
        thread::spawn(move || {
            change(
                &mut idp,
                "alter table people.users detach partition people.of_ada concurrently",
            )
        })
    };
    let mut admin = admin(&cluster);
    let is_pending = "select coalesce(bool_or(inhdetachpending), false) from pg_inherits";
    wait_until(
        || admin.query_one(is_pending, &[]).unwrap().get(0),
        "it is being detached",
    );
    assert_eq!(seen(&mut ada), 0);
    assert_eq!(seen(&mut request(&cluster, ADA)), 0);
    assert!(!detaching.is_finished());
    change(&mut reader, "commit");
    detaching.join().unwrap();
    assert_eq!(seen(&mut ada), 0);
    change(&mut ada, "commit");
    assert_eq!(seen(&mut ada), 0);
}

#[test]
fn every_isolation_level_sees_what_becomes_of_a_partition() {
    let cluster = partitioned(Config::default());
    let mut idp = idp(&cluster);
    for level in ["read committed", "repeatable read", "serializable"] {
        let mut ada = request(&cluster, ADA);
        change(&mut ada, &format!("begin isolation level {level}"));
        assert_eq!(seen(&mut ada), 3, "{level}");
        change(&mut idp, "begin; truncate people.of_ada; rollback");
        assert_eq!(seen(&mut ada), 3, "{level}");
        change(&mut idp, "truncate people.of_ada");
        assert_eq!(seen(&mut ada), 0, "{level}");
        change(
            &mut idp,
            "alter table people.users detach partition people.of_ada",
        );
        change(
            &mut idp,
            &named("insert into people.of_ada (id) values ('ADA')"),
        );
        assert_eq!(seen(&mut ada), 0, "{level}");
        change(
            &mut idp,
            &named("alter table people.users attach partition people.of_ada for values in ('ADA')"),
        );
        assert_eq!(seen(&mut ada), 3, "{level}");
        change(&mut ada, "commit");
    }
}

#[test]
fn what_cannot_be_read_shuts_out_whom_it_decides_about() {
    let cluster = partitioned(Config::default());
    let mut both = Both::of(&cluster);
    let mut operator = operator(&cluster);
    let mut problem = || {
        text(
            &mut operator,
            "select problem from authguard.coverage() where kind = 'attached table'",
        )
    };
    assert_eq!(both.after("select"), (3, 3));
    assert_eq!(problem(), None);
    for (breaks, mends, what, seen) in [
        (
            "alter table people.of_ben set unlogged",
            "alter table people.of_ben set logged",
            "has partition people.of_ben, which is temporary or unlogged",
            (3, 0),
        ),
        (
            "alter table people.users drop constraint users_pkey",
            "alter table people.users add primary key (id)",
            "has no unique index on its key alone",
            (0, 0),
        ),
    ] {
        assert_eq!(both.after(breaks), seen, "{breaks}");
        assert_eq!(
            reason(&mut both.ben).as_deref(),
            Some("source_broken"),
            "{breaks}"
        );
        assert!(problem().is_some_and(|it| it.starts_with(what)), "{breaks}");
        assert_eq!(both.after(mends), (3, 3), "{mends}");
    }
    // If the triggers of one partition do not fire, its rows are read at every statement.
    assert_eq!(
        both.after("alter table people.of_ada disable trigger all"),
        (3, 3)
    );
    assert_eq!(
        both.after("update people.of_ada set banned_until = 'infinity'"),
        (0, 3)
    );
}

#[test]
fn what_decides_nothing_costs_no_look_up() {
    let cluster = partitioned(Config::default());
    let mut both = Both::of(&cluster);
    let scans = "select coalesce(sum(idx_scan), 0)::int8 from pg_stat_xact_all_tables where relname in ('of_ada', 'of_ben')";
    let mut looks = |sql: &str| -> i64 {
        change(&mut both.idp, &named(sql));
        // Other backends see a transaction's statistics only after its end, so both counts are
        // taken within the same transaction.
        change(&mut both.ada, "begin");
        let before: i64 = both.ada.query_one(scans, &[]).unwrap().get(0);
        assert_eq!(seen(&mut both.ada), 3);
        let after: i64 = both.ada.query_one(scans, &[]).unwrap().get(0);
        change(&mut both.ada, "commit");
        after - before
    };
    // The row is looked up in the partition that has it.
    assert_eq!(looks("select"), 1);
    for decides_nothing in [
        "select",
        "update people.users set email = 'x'",
        "insert into people.users (id) values ('00000000-0000-4000-8000-000000000001')",
    ] {
        assert_eq!(looks(decides_nothing), 0, "{decides_nothing}");
    }
    assert_eq!(
        looks("update people.users set banned_until = now() where id = 'BEN'"),
        1
    );
}
