//! A transaction may set many claims. Each statement has its own, and a cursor that was opened
//! under earlier claims goes on with those.

use authguard_wire::*;
use pgrx_embed::cluster::Config;

fn user(n: u32) -> String {
    format!("a0000000-0000-4000-8000-{n:012}")
}

/// The number of claims: more than the library keeps for pointers into them
/// (`src/pg/retire_list.rs`).
const CLAIMS: u32 = 200;

#[test]
fn each_statement_of_a_transaction_sees_its_own_claims_and_open_cursors_keep_theirs() {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute(
            "create table mine (owner uuid, id int);
             insert into mine
                 select ('a0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, g
                   from generate_series(0, 199, 20) n, generate_series(1, 5000) g;
             create index on mine (owner); analyze mine; grant select on mine to authenticated",
        )
        .unwrap();
    let mut client = gateway(&cluster);
    // An index scan builds its key at the first fetch and keeps that key over many pages.
    client
        .batch_execute("set enable_seqscan = off; set enable_bitmapscan = off; begin")
        .unwrap();
    let query = "select owner::text from mine where owner = auth.uid()";
    let plan = client.query(&format!("explain {query}"), &[]).unwrap();
    assert!(plan[0].get::<_, &str>(0).starts_with("Index Only Scan"));

    for n in 0..CLAIMS {
        set_claims(&mut client, &claims(&user(n)));
        let row = client
            .query_one(
                "select auth.uid()::text, auth.subject(), auth.jwt() ->> 'sub'",
                &[],
            )
            .unwrap();
        let seen: Vec<String> = [0, 1, 2].map(|column| row.get(column)).into();
        assert_eq!(seen, [user(n), user(n), user(n)]);
        if n % 20 == 0 {
            client
                .batch_execute(&format!("declare c{n} cursor for {query}"))
                .unwrap();
            assert_eq!(
                text(&mut client, &format!("fetch 1 from c{n}")),
                Some(user(n))
            );
        }
    }
    for n in (0..CLAIMS).step_by(20) {
        let rest = client.query(&format!("fetch all from c{n}"), &[]).unwrap();
        assert_eq!(rest.len(), 4_999, "user {n}");
        assert!(rest.iter().all(|row| row.get::<_, String>(0) == user(n)));
    }
}
