//! A transaction may set many claims. Each statement has its own, and a cursor that was opened
//! under earlier claims goes on with those.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};

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

/// Opens a cursor of this form for the query, fetches one row, revokes the user, and returns how
/// many rows a later `fetch all` gives.
fn left_after_a_revocation(cluster: &Cluster, form: &str, query: &str) -> usize {
    let mut client = gateway(cluster);
    set_claims(&mut client, &claims(ADA));
    client
        .batch_execute(&format!("begin; declare c {form} for {query}"))
        .unwrap();
    if form.ends_with("with hold") {
        client.batch_execute("commit").unwrap();
    }
    assert_eq!(client.query("fetch 1 from c", &[]).unwrap().len(), 1);
    assert!(operate(cluster, &format!("revoke_user('{ADA}')")));
    let left = client.query("fetch all from c", &[]).unwrap().len();
    assert_eq!(seen(&mut client), 0, "a new statement");
    let undo = format!("restore_user('{ADA}', revive_tokens => true)");
    assert!(operate(cluster, &undo));
    left
}

#[test]
fn a_cursor_gives_after_a_revocation_what_the_executor_holds_already() {
    let cluster = server(Config::default());
    let left = |form: &str, query: &str| left_after_a_revocation(&cluster, form, query);
    let plain = "select id from notes";
    // The policy is asked for each row that is fetched.
    assert_eq!(left("cursor", plain), 0);
    // All rows were sorted, hashed or stored before the revocation.
    assert_eq!(
        left("cursor", "select id from notes order by id desc, owner"),
        2
    );
    assert_eq!(
        left("cursor", "select count(*) from notes group by id % 3"),
        2
    );
    assert_eq!(left("cursor with hold", plain), 2);
    // A sub-select is evaluated once for the cursor.
    admin(&cluster)
        .batch_execute(
            "select authguard.unguard_table('notes');
             create policy wrapped on notes as restrictive using ((select not auth.is_revoked()))",
        )
        .unwrap();
    assert_eq!(left("cursor", plain), 2);
}
