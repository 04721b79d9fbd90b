//! One statement, one truth: a decision is made from one committed state, however long it waits for
//! one of the tables that it reads.

use authguard_wire::attached::{attached, change, idp, reason, request};
use authguard_wire::tokens::{Issuer, set_token, web};
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;

/// Runs `statement` on a new connection while a transaction of a superuser holds the users table,
/// and `swap` in that transaction once the statement waits. Returns what the statement returned.
fn while_it_waits<R: Send>(
    cluster: &Cluster,
    mut client: Client,
    statement: impl FnOnce(&mut Client) -> R + Send,
    swap: &str,
) -> R {
    let mut holder = admin(cluster);
    change(
        &mut holder,
        "begin; alter table people.users add column more int",
    );
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| statement(&mut client));
        wait_for_a_waiter(cluster);
        change(&mut holder, &format!("{swap}; commit"));
        waiting.join().expect("the statement returns")
    })
}

/// The SQL that lifts ada's ban, or bans her.
fn banned_until(time: &str) -> String {
    format!("update people.users set banned_until = {time} where id = '{ADA}'")
}

#[test]
fn a_ban_that_becomes_a_revocation_lets_no_statement_through() {
    let cluster = attached(Config::default());
    change(&mut idp(&cluster), &banned_until("'infinity'"));
    let swap = format!(
        "select authguard.revoke_user('{ADA}'); {}",
        banned_until("null")
    );
    let rows = while_it_waits(&cluster, request(&cluster, ADA), seen, &swap);
    assert_eq!(rows, 0);
}

#[test]
fn a_revocation_that_becomes_a_ban_lets_no_statement_through() {
    let cluster = attached(Config::default());
    assert!(operate(&cluster, &format!("revoke_user('{ADA}')")));
    let swap = format!(
        "select authguard.restore_user('{ADA}', revive_tokens => true); {}",
        banned_until("'infinity'")
    );
    let rows = while_it_waits(&cluster, request(&cluster, ADA), seen, &swap);
    assert_eq!(rows, 0);
}

#[test]
fn a_ban_that_becomes_a_ban_in_another_table_lets_no_statement_through() {
    let cluster = attached(Config::default());
    change(
        &mut admin(&cluster),
        &format!(
            "create table members (id text primary key, banned_until timestamptz); insert into members values ('{ADA}')"
        ),
    );
    change(&mut idp(&cluster), &banned_until("'infinity'"));
    // The table becomes attached in the transaction that moves the ban.
    let swap = format!(
        "update members set banned_until = 'infinity';
         select authguard.attach_users('members', banned_until => 'banned_until'); {}",
        banned_until("null")
    );
    let rows = while_it_waits(&cluster, request(&cluster, ADA), seen, &swap);
    assert_eq!(rows, 0);
}

#[test]
fn a_ban_that_becomes_a_revoked_key_lets_no_statement_through() {
    let cluster = attached(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    let token = issuer.token(ADA);
    let connected = || {
        let mut client = web(&cluster);
        change(&mut client, "set role authenticated");
        client
    };
    let swap = format!(
        "select authguard.revoke_key('{}', 'https://a'); {}",
        issuer.kid(),
        banned_until("null")
    );
    // The client has read its claims in the same statement before the decision.
    let rows = |client: &mut Client| {
        set_token(client, &token);
        let sql = "select count(*) from notes where auth.uid() is not null";
        match client.query_one(sql, &[]) {
            Ok(row) => row.get::<_, i64>(0),
            // With forced workers the readers may meet the refused token, too.
            Err(error) => {
                let refused = SqlState::INVALID_AUTHORIZATION_SPECIFICATION;
                assert_eq!(error.code(), Some(&refused), "{error}");
                0
            }
        }
    };
    assert_eq!(rows(&mut connected()), 3);
    change(&mut idp(&cluster), &banned_until("'infinity'"));
    assert_eq!(while_it_waits(&cluster, connected(), rows, &swap), 0);
}

#[test]
fn a_ban_that_becomes_a_revocation_verifies_no_token_and_signs_nobody_in() {
    let cluster = attached(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    let token = issuer.token(ADA);
    change(
        &mut admin(&cluster),
        "create role signer login; select authguard.grant_signer('signer'), authguard.grant_client('web')",
    );
    let swap = format!(
        "select authguard.revoke_user('{ADA}'); {}",
        banned_until("null")
    );
    let undo = format!("authguard.restore_user('{ADA}', revive_tokens => true)");
    let verified = |client: &mut Client| {
        client
            .query_one("select auth.set_token($1, false)", &[&token])
            .is_ok()
    };
    let signed_in = |client: &mut Client| {
        text(
            client,
            &format!("select status from authguard.sign_in('{ADA}')"),
        )
        .unwrap()
    };
    change(&mut idp(&cluster), &banned_until("'infinity'"));
    assert!(!while_it_waits(&cluster, web(&cluster), verified, &swap));

    change(
        &mut admin(&cluster),
        &format!("select {undo}; alter table people.users drop column more"),
    );
    change(&mut idp(&cluster), &banned_until("'infinity'"));
    let signer = cluster.connect("signer", "wire").unwrap();
    let status = while_it_waits(&cluster, signer, signed_in, &swap);
    assert_ne!(status, "ok");
}

#[test]
fn a_new_key_and_the_audience_of_before_are_never_believed_together() {
    let cluster = server(Config::default());
    Issuer::trusted(&cluster, "https://a");
    let next = Issuer::new("https://a");
    let token = next.token(ADA);
    let mut client = web(&cluster);
    let mut holder = admin(&cluster);
    change(
        &mut holder,
        "begin; lock table authguard.key in access exclusive mode",
    );
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| {
            set_token(&mut client, &token);
            text(&mut client, "select auth.revocation_reason()")
        });
        wait_for_a_waiter(&cluster);
        let sql = "select authguard.trust_issuer('https://a', $1::text::jsonb, array['other'], shares_subjects => true)";
        holder.query_one(sql, &[&next.jwks(&[next.kid()])]).unwrap();
        change(&mut holder, "commit");
        let reason = asked.join().expect("it answers");
        assert_eq!(reason.as_deref(), Some("refused"));
    });
}

#[test]
fn another_spelling_of_a_key_counts_when_its_row_arrives() {
    let cluster = server(Config::default());
    change(
        &mut admin(&cluster),
        "create table members (id text primary key, banned_until timestamptz);
         create table parts (id text primary key, banned_until timestamptz) partition by hash (id);
         create table parts_0 partition of parts for values with (modulus 2, remainder 0);
         create table parts_1 partition of parts for values with (modulus 2, remainder 1)",
    );
    let loud = ADA.to_uppercase();
    let token = Issuer::trusted(&cluster, "https://a").token(&loud);
    let verified = |client: &mut Client| {
        let sql = "select auth.verify($1)";
        client.query_one(sql, &[&token]).is_ok()
    };
    for table in ["members", "parts"] {
        for (first, second) in [(ADA, loud.as_str()), (&loud, ADA)] {
            change(
                &mut admin(&cluster),
                &format!(
                    "truncate {table}; insert into {table} values ('{first}');
                     select authguard.attach_users('{table}', banned_until => 'banned_until')"
                ),
            );
            let mut warm = request(&cluster, &loud);
            assert_eq!(seen(&mut warm), 3, "{table} {first}");
            assert!(verified(&mut warm), "{table} {first}");
            change(
                &mut admin(&cluster),
                &format!("insert into {table} values ('{second}', 'infinity')"),
            );
            let mut fresh = request(&cluster, &loud);
            for client in [&mut fresh, &mut warm] {
                assert_eq!(seen(client), 0, "{table} {second}");
                assert_eq!(reason(client).as_deref(), Some("user_banned"));
                assert!(!verified(client), "{table} {second}");
            }
            change(
                &mut admin(&cluster),
                &format!("select authguard.detach_users('{table}')"),
            );
        }
    }
}
