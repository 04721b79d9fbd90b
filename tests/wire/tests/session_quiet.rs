//! Sign-ins and refreshes of other users do not disturb clients that only read.

use authguard_wire::sessions::*;
use authguard_wire::tokens::web;
use authguard_wire::{ADA, BEN, admin, operator, seen};
use pgrx_embed::cluster::Config;
use postgres::Client;

/// The number of index scans of sessions and entries in this backend's transaction so far.
fn look_ups(reader: &mut Client, indexes: &[u32]) -> i64 {
    let sql = "select sum(pg_stat_get_xact_numscans(i))::int8 from unnest($1::oid[]) i";
    reader.query_one(sql, &[&indexes]).unwrap().get(0)
}

#[test]
fn sign_ins_and_refreshes_of_others_cause_no_look_up_in_a_reading_backend() {
    // A vacuum would make the backend check the table again, so autovacuum is off.
    let cluster = server(Config::default().set("autovacuum", "off"));
    let ada = sign_in(&cluster, ADA);
    let mut token = sign_in(&cluster, BEN).refresh().to_owned();
    let indexes: Vec<u32> = admin(&cluster)
        .query(
            "select indexrelid from pg_index
              where indrelid in ('authguard.session'::regclass, 'authguard.revocation'::regclass)",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let mut reader = web(&cluster);
    reader.batch_execute("set role authenticated").unwrap();
    reader
        .execute("select auth.set_token($1, false)", &[&ada.access()])
        .unwrap();
    // The test uses one transaction, whose counts are this backend's alone. Each select is a
    // separate statement.
    reader.batch_execute("begin").unwrap();
    assert_eq!(seen(&mut reader), 3);
    let first = look_ups(&mut reader, &indexes);

    let mut refresher = web(&cluster);
    for n in 0..1_000 {
        let next = refresh(&mut refresher, &token);
        assert_eq!(next.status, "ok");
        next.refresh().clone_into(&mut token);
        if n % 10 == 0 {
            assert_eq!(seen(&mut reader), 3);
        }
    }
    assert_eq!(seen(&mut reader), 3);
    assert_eq!(look_ups(&mut reader, &indexes), first);
    for _ in 0..10 {
        sign_in(&cluster, BEN);
        assert_eq!(seen(&mut reader), 3);
    }
    assert_eq!(look_ups(&mut reader, &indexes), first);

    // An ending is looked up, so the count includes it.
    operator(&cluster)
        .execute("select authguard.sign_out_user($1)", &[&BEN])
        .unwrap();
    assert_eq!(seen(&mut reader), 3);
    assert!(look_ups(&mut reader, &indexes) > first);
}
