//! The effects of one statement or transaction on its own claims and revocations.

use authguard_wire::*;
use pgrx_embed::cluster::Config;
use postgres::Client;

/// Reads the subject and sets another, several times in one row. Memory that was released too early
/// would be reused by then.
fn swap_within_a_statement(client: &mut Client) {
    let users = [ADA, BEN, "cleo", "dan"].map(String::from);
    let [first, second, third, fourth] = users.each_ref().map(|user| claims(user));
    set_claims(client, &first);
    let row = client
        .query_one(
            "select auth.subject(), set_config('request.jwt.claims', $1, false),
                    auth.subject(), set_config('request.jwt.claims', $2, false),
                    auth.subject(), set_config('request.jwt.claims', $3, false), auth.subject()",
            &[&second, &third, &fourth],
        )
        .unwrap();
    let seen: [String; 4] = [0, 2, 4, 6].map(|column| row.get(column));
    assert_eq!(seen, users);
}

#[test]
fn claims_swapped_within_one_statement_leave_earlier_answers_valid() {
    let cluster = server(Config::default());
    swap_within_a_statement(&mut gateway(&cluster));
}

#[test]
fn more_claims_in_one_transaction_than_are_kept_still_read_right() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    client.batch_execute("begin").unwrap();
    let wrong: i64 = client
        .query_one(
            "with answers as materialized (
                 select 'user ' || g as expected,
                        set_config('request.jwt.claims', '{\"sub\":\"user ' || g || '\"}', false),
                        auth.subject() as subject, auth.jwt() ->> 'sub' as claim
                   from generate_series(1, 200) g)
             select count(*) from answers
              where subject is distinct from expected or claim is distinct from expected",
            &[],
        )
        .unwrap()
        .get(0);
    assert_eq!(wrong, 0);
    swap_within_a_statement(&mut client);
}

#[test]
fn a_cursor_follows_the_claims_of_each_fetch() {
    let cluster = server(Config::default());
    let mut client = gateway(&cluster);
    client.batch_execute("begin").unwrap();
    set_claims(&mut client, &claims(ADA));
    client
        .batch_execute("declare c cursor for select auth.subject() from notes")
        .unwrap();
    for user in [ADA, BEN, ADA] {
        set_claims(&mut client, &claims(user));
        assert_eq!(text(&mut client, "fetch 1 from c").as_deref(), Some(user));
    }
}

#[test]
fn a_block_sees_its_own_revocation_and_an_exception_takes_it_back() {
    let cluster = server(Config::default());
    let mut client = admin(&cluster);
    set_claims(&mut client, &claims(ADA));
    client
        .batch_execute(&format!(
            "do $$ begin
                 assert not auth.is_revoked(), 'before';
                 begin
                     perform authguard.revoke_user('{ADA}');
                     assert auth.is_revoked(), 'after the revocation';
                     raise exception using errcode = 'AG001';
                 exception when sqlstate 'AG001' then null;
                 end;
                 assert not auth.is_revoked(), 'taken back';
                 perform authguard.revoke_user('{ADA}');
                 assert auth.is_revoked(), 'again';
             end $$"
        ))
        .unwrap();
    assert_eq!(
        text(&mut client, "select auth.is_revoked()::text").as_deref(),
        Some("true")
    );
}

#[test]
fn a_block_that_commits_meets_the_end_of_its_token_and_its_revocation() {
    let cluster = server(Config::default().set("authguard.leeway", 0));
    // Runs until the claims are shut out. Returns the reason, and the answer of the reader of
    // `exp`.
    let until_shut = |claims: &str| {
        let mut client = gateway(&cluster);
        set_claims(&mut client, claims);
        client
            .batch_execute(
                "do $$ begin
                     for i in 1..2000 loop
                         exit when auth.is_revoked();
                         commit;
                         perform pg_sleep(0.05);
                     end loop;
                     perform set_config('test.shut', concat_ws(' ', auth.revocation_reason(), auth.is_expired()), false);
                 end $$",
            )
            .unwrap();
        text(&mut client, "select current_setting('test.shut')").unwrap()
    };
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let soon = claims(ADA).replace("4102444800", &(now + 2).to_string());
    assert_eq!(until_shut(&soon), "expired t");
    std::thread::scope(|scope| {
        let shut = scope.spawn(|| until_shut(&claims(BEN)));
        wait_until(
            || {
                let loops = "select (count(*) = 1)::text from pg_stat_activity where query like 'do %' and xact_start > query_start";
                text(&mut admin(&cluster), loops).as_deref() == Some("true")
            },
            "the block is past its first commit",
        );
        assert!(operate(&cluster, &format!("revoke_user('{BEN}')")));
        assert_eq!(shut.join().unwrap(), "user f");
    });
}
