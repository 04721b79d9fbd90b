//! A kind of entries is not looked up if no entry of it exists, until the first one is written.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

const SESSION: &str = "5e000000-0000-4000-8000-000000000005";

/// One entry of each kind that covers the token of [`ADA`].
fn entries() -> [(&'static str, String); 7] {
    let cut_off = |kind: &str, key: &str| {
        format!(
            "insert into authguard.revocation (kind, key, blocked, issued_before) values ('{kind}', '{key}', false, now())"
        )
    };
    let shut = |kind: &str, key: &str| {
        format!("insert into authguard.revocation (kind, key) values ('{kind}', '{key}')")
    };
    [
        ("token", shut("token", &format!("token of {ADA}"))),
        ("session", shut("session", SESSION)),
        ("user", shut("user", ADA)),
        ("claims", cut_off("claims", ADA)),
        ("issuer", cut_off("issuer", "")),
        ("client", cut_off("client", "app")),
        (
            "grant",
            format!(
                "insert into authguard.revocation (kind, key, client_id, issued_before)
                 values ('grant', '{ADA}', 'app', now())"
            ),
        ),
    ]
}

fn of(user: &str) -> String {
    let more = format!("{{\"session_id\":\"{SESSION}\",\"client_id\":\"app\",");
    claims(user).replacen('{', &more, 1)
}

/// Returns true if [`ADA`]'s token is let in. Before that it checks a token that only the issuer's
/// entry of [`entries`] covers.
fn sees(client: &mut Client) -> bool {
    set_claims(client, &claims(BEN));
    seen(client);
    set_claims(client, &of(ADA));
    seen(client) == 3
}

fn forget(cluster: &Cluster) {
    admin(cluster)
        .batch_execute("delete from authguard.revocation")
        .unwrap();
}

#[test]
fn the_first_entry_of_a_kind_shuts_out_and_the_last_that_goes_lets_in() {
    let cluster = server(Config::default());
    let mut warm = gateway(&cluster);
    // The loop runs twice, because a kind that was once in use is looked up from then on.
    for _ in 0..2 {
        for (kind, entry) in entries() {
            assert!(sees(&mut warm), "before {kind}");
            admin(&cluster).batch_execute(&entry).unwrap();
            assert!(!sees(&mut warm), "{kind}");
            assert!(!sees(&mut gateway(&cluster)), "{kind}, a new backend");
            forget(&cluster);
            assert!(sees(&mut warm), "after {kind}");
        }
    }
}

#[test]
fn what_the_transaction_has_written_counts_at_once_and_not_after_a_rollback() {
    let cluster = server(Config::default());
    for (kind, entry) in entries() {
        let mut ops = admin(&cluster);
        let revoked = |ops: &mut Client, user: &str| -> bool {
            set_claims(ops, &of(user));
            let sql = "select auth.is_revoked()";
            ops.query_one(sql, &[]).unwrap().get(0)
        };
        assert!(!revoked(&mut ops, ADA), "before {kind}");
        for end in ["rollback to s", "rollback"] {
            ops.batch_execute("begin; savepoint s").unwrap();
            ops.batch_execute(&entry).unwrap();
            assert!(revoked(&mut ops, ADA), "{kind}");
            ops.batch_execute(end).unwrap();
            assert!(!revoked(&mut ops, ADA), "{kind} after {end}");
            ops.batch_execute("rollback").unwrap();
            assert!(!revoked(&mut ops, ADA), "{kind} after {end}");
        }
        ops.batch_execute(&entry).unwrap();
        assert!(revoked(&mut ops, ADA), "{kind}, committed");
        forget(&cluster);
    }
}

#[test]
fn it_is_the_same_without_indexes_and_for_sign_ins() {
    use authguard_wire::sessions;
    let cluster = sessions::server(Config::default());
    let mut config: postgres::Config = cluster.uri("authenticator", "wire").parse().unwrap();
    let mut warm = config
        .options("-c ignore_system_indexes=on")
        .connect(postgres::NoTls)
        .unwrap();
    warm.batch_execute("set role authenticated").unwrap();
    let mut web = tokens::web(&cluster);
    let begun = sessions::sign_in(&cluster, BEN);
    let mut token = sessions::refresh(&mut web, begun.refresh());
    for (kind, entry) in entries().into_iter().take(3) {
        assert!(sees(&mut warm), "before {kind}");
        admin(&cluster).batch_execute(&entry).unwrap();
        assert!(!sees(&mut warm), "{kind}");
        token = sessions::refresh(&mut web, token.refresh());
        assert_eq!(token.status, "ok", "{kind} of another");
        forget(&cluster);
    }
    let block = format!("insert into authguard.revocation (kind, key) values ('user', '{BEN}')");
    admin(&cluster).batch_execute(&block).unwrap();
    let status = sessions::refresh(&mut web, token.refresh()).status;
    assert_eq!(status, "user_blocked");
}
