//! The login role decides if claims are believed. The same holds if a superuser becomes another
//! role, and in parallel workers, which have only the session's settings.

use authguard_wire::*;
use pgrx_embed::cluster::Config;
use postgres::Client;

/// The subject, true if the token is revoked, and the number of visible notes.
type Answer = (Option<String>, bool, i64);

const ANSWER: &str =
    "select case when not auth.is_revoked() then auth.subject() end, auth.is_revoked(), count(id)
                        from (select) x left join notes on true group by 1, 2";

fn answer(client: &mut Client) -> Answer {
    let row = client.query_one(ANSWER, &[]).unwrap();
    (row.get(0), row.get(1), row.get(2))
}

/// The answers of this session and of a parallel worker.
fn both(client: &mut Client) -> [Answer; 2] {
    let force = match client.query("show debug_parallel_query", &[]) {
        Ok(_) => "debug_parallel_query",
        Err(_) => "force_parallel_mode",
    };
    let mut ask = |forced: &str| {
        client
            .batch_execute(&format!("set {force} = {forced}"))
            .unwrap();
        let plan = client
            .query(
                &format!("explain (analyze, costs off, timing off) {ANSWER}"),
                &[],
            )
            .unwrap();
        let in_worker = plan
            .iter()
            .any(|line| line.get::<_, &str>(0).contains("Workers Launched: 1"));
        assert_eq!(in_worker, forced == "on", "{plan:?}");
        answer(client)
    };
    [ask("off"), ask("on")]
}

#[test]
fn a_superuser_who_becomes_a_weak_role_loses_its_claims_in_workers_too() {
    let cluster = server(Config::default());
    let mut client = admin(&cluster);
    client
        .batch_execute("create role weak login; grant select on notes to weak, authenticator")
        .unwrap();
    set_claims(&mut client, &claims(ADA));
    let believed = (Some(ADA.to_owned()), false, 3);
    let refused = (None, true, 0);
    for _ in 0..2 {
        assert_eq!(both(&mut client), [believed.clone(), believed.clone()]);
        client
            .batch_execute("set session authorization weak")
            .unwrap();
        assert_eq!(both(&mut client), [refused.clone(), refused.clone()]);
        client
            .batch_execute("set session authorization authenticator")
            .unwrap();
        assert_eq!(both(&mut client), [believed.clone(), believed.clone()]);
        client.batch_execute("reset session authorization").unwrap();
    }
}

#[test]
fn a_login_role_is_believed_alike_in_workers() {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute("create role weak login; grant authenticated to weak")
        .unwrap();
    for (login, expected) in [
        ("weak", (None, true, 0)),
        ("authenticator", (Some(ADA.to_owned()), false, 3)),
    ] {
        let mut client = cluster.connect(login, "wire").unwrap();
        client.batch_execute("set role authenticated").unwrap();
        set_claims(&mut client, &claims(ADA));
        assert_eq!(both(&mut client), [expected.clone(), expected], "{login}");
    }
}
