//! Authguard's own tables, indexes and channels, altered and replaced while clients use them.

use authguard_wire::own::*;
use authguard_wire::*;
use pgrx_embed::cluster::Cluster;
use postgres::Client;
use std::thread;

const INDEX: &str = "drop index authguard.revocation_key;
    create unique index revocation_key on authguard.revocation (kind, key, (issuer is null), (coalesce(issuer, '')));";

fn channel_made_anew(channel: &str) -> String {
    format!(
        "alter extension authguard drop table authguard.{channel}; drop table authguard.{channel};
         create table authguard.{channel} (); alter extension authguard add table authguard.{channel};"
    )
}

fn revoked(cluster: &Cluster, client: &mut Client) {
    let (_, shut, open) = DECIDING[0];
    for _ in 0..2 {
        assert!(is_in(client));
        run(cluster, shut);
        assert!(!is_in(client));
        run(cluster, open);
    }
    assert!(is_in(client));
}

/// Makes `client` check its token while a transaction holds the changes of `alter`, and then
/// commits that transaction.
fn asked_meanwhile(cluster: &Cluster, mut client: Client, alter: &str) -> Client {
    let mut owner = admin(cluster);
    let mut transaction = owner.transaction().unwrap();
    transaction.batch_execute(alter).unwrap();
    let asking = thread::spawn(move || {
        let is_in = is_in(&mut client);
        (client, is_in)
    });
    wait_for_a_waiter(cluster);
    transaction.commit().unwrap();
    let (client, is_in) = asking.join().expect("no error");
    assert!(is_in, "{alter}");
    client
}

#[test]
fn whoever_asks_for_the_first_time_while_tables_are_altered_is_right_at_once() {
    let (cluster, token) = signed_in();
    let alter = "alter table authguard.installation add column note text";
    let scripts = [
        format!("{alter}; {INDEX} alter table authguard.revocation set (fillfactor = 90)"),
        format!("{alter}; {}", channel_made_anew("channel")),
        format!(
            "{alter}; {} {} {INDEX}",
            channel_made_anew("key_channel"),
            channel_made_anew("arrival_channel")
        ),
        format!(
            "{alter}; alter table authguard.session drop constraint session_pkey, add primary key (id)"
        ),
        format!(
            "{alter}; alter table authguard.key drop constraint key_pkey, add primary key (issuer, kid)"
        ),
    ];
    for script in scripts {
        let new = user(&cluster, token.access());
        let mut client = asked_meanwhile(&cluster, new, &script);
        revoked(&cluster, &mut client);
        run(
            &cluster,
            "alter table authguard.installation drop column note",
        );
        assert!(is_in(&mut client));
    }
}

#[test]
fn a_channel_that_is_made_anew_is_listened_to_from_the_next_statement_on() {
    let (cluster, token) = signed_in();
    let mut warm = user(&cluster, token.access());
    for channel in ["channel", "key_channel", "arrival_channel"] {
        for between in [
            "",
            "alter table authguard.% rename to former; create table authguard.% (); drop table authguard.former cascade",
        ] {
            assert!(is_in(&mut warm));
            match between {
                "" => run(
                    &cluster,
                    &format!("begin; {} commit", channel_made_anew(channel)),
                ),
                _ => run(
                    &cluster,
                    &format!(
                        "alter extension authguard drop table authguard.{channel}; begin; {}; alter extension authguard add table authguard.{channel}; commit",
                        between.replace('%', channel)
                    ),
                ),
            }
            for (table, shut, open) in DECIDING {
                assert!(is_in(&mut warm), "{channel}, {table}");
                run(&cluster, shut);
                assert!(!is_in(&mut warm), "{channel}, {table}");
                run(&cluster, open);
            }
            assert!(is_in(&mut warm));
        }
    }
    // A client that was not connected yet is told as well.
    let mut early = user(&cluster, token.access());
    run(
        &cluster,
        "create table away as table authguard.session; delete from authguard.session",
    );
    assert!(!is_in(&mut early));
    run(&cluster, "insert into authguard.session select * from away");
    assert!(is_in(&mut early) && is_in(&mut warm));
}

#[test]
fn an_index_that_is_replaced_while_a_look_up_waits_for_its_table_makes_no_difference() {
    let (cluster, token) = signed_in();
    let mut warm = user(&cluster, token.access());
    for script in [
        INDEX,
        "drop index authguard.revocation_key",
        INDEX.split(';').nth(1).unwrap(),
        "alter table authguard.session drop constraint session_pkey, add primary key (id)",
        "alter table authguard.session drop constraint session_pkey",
        "alter table authguard.session add primary key (id)",
        "drop index authguard.revocation_key; create index revocation_key on authguard.revocation (key, kind)",
        INDEX,
    ] {
        revoked(&cluster, &mut warm);
        // The table needs a row to look up.
        run(
            &cluster,
            "insert into authguard.revocation (kind, key) values ('user', 'another')",
        );
        run(&cluster, "delete from authguard.revocation");
        let lock = "lock table authguard.revocation, authguard.session in access exclusive mode";
        warm = asked_meanwhile(&cluster, warm, &format!("{lock}; {script}"));
    }
    revoked(&cluster, &mut warm);
}

#[test]
fn a_table_that_is_replaced_while_somebody_waits_for_it_is_the_new_one() {
    let (cluster, token) = signed_in();
    let mut warm = user(&cluster, token.access());
    for (table, shut, open) in DECIDING {
        if table == "revocation" || table == "issuer" || table == "session" {
            continue;
        }
        assert!(is_in(&mut warm), "{table}");
        // The table that has the name by then has rows that let nobody in.
        run(
            &cluster,
            &format!(
                "create table authguard.next (like authguard.{table} including all); insert into authguard.next select * from authguard.{table};"
            ),
        );
        let swap = format!(
            "lock table authguard.{table}; alter table authguard.{table} rename to former; alter table authguard.next rename to {table}; {shut}"
        );
        let mut owner = admin(&cluster);
        let mut transaction = owner.transaction().unwrap();
        transaction.batch_execute(&swap).unwrap();
        let new = user(&cluster, token.access());
        let asking = thread::spawn(move || {
            let mut new = new;
            is_in(&mut new)
        });
        wait_for_a_waiter(&cluster);
        transaction.commit().unwrap();
        assert!(!asking.join().expect("no error"), "{table}");
        assert!(!is_in(&mut warm), "{table}");
        run(&cluster, open);
        run(
            &cluster,
            &format!(
                "begin; drop table authguard.{table}; alter table authguard.former rename to {table}; commit"
            ),
        );
        assert!(is_in(&mut warm), "{table}");
    }
}

#[test]
fn analyze_and_vacuum_make_nobody_read_again() {
    let (cluster, token) = signed_in();
    let mut warm = user(&cluster, token.access());
    warm.batch_execute("set lock_timeout = '2s'").unwrap();
    const TABLES: [&str; 8] = [
        "revocation",
        "session",
        "attached",
        "installation",
        "issuer",
        "key",
        "claims_function",
        "event",
    ];
    for table in TABLES {
        for command in ["analyze", "vacuum", "vacuum (freeze, analyze)"] {
            assert!(is_in(&mut warm));
            run(&cluster, &format!("{command} authguard.{table}"));
            // None of the other tables could be read; only the vacuumed or analyzed one is checked
            // again.
            let mut owner = admin(&cluster);
            let mut transaction = owner.transaction().unwrap();
            for other in TABLES.into_iter().filter(|other| *other != table) {
                let lock = format!("lock table authguard.{other} in access exclusive mode");
                transaction.batch_execute(&lock).unwrap();
            }
            assert!(is_in(&mut warm), "{command} {table}");
            transaction
                .batch_execute(&format!(
                    "lock table authguard.{table} in access exclusive mode"
                ))
                .unwrap();
            assert!(is_in(&mut warm), "{command} {table}, again");
            transaction.rollback().unwrap();
        }
    }
    revoked(&cluster, &mut warm);
}

#[test]
fn who_waits_for_nothing_waits_for_no_table_of_events() {
    let (cluster, token) = signed_in();
    let mut owner = admin(&cluster);
    let mut transaction = owner.transaction().unwrap();
    transaction
        .batch_execute(
            "lock table authguard.event, authguard.claims_function in access exclusive mode",
        )
        .unwrap();
    let mut new = user(&cluster, token.access());
    new.batch_execute("set lock_timeout = '2s'").unwrap();
    assert!(is_in(&mut new));
}
