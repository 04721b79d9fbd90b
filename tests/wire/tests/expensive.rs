//! Much work with tokens in one backend: it can be cancelled, and leaves nothing behind.

use authguard_wire::tokens::*;
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use postgres::error::SqlState;
use serde_json::json;

/// A public modulus of 4096 bits.
const N: &str = "pV4LnGMhYb1YOBrCvW3yb-2bEtVIRu-dnbn_7I5IXTJBNBmyx56wtsrZN2z5ewr8acag4E2V3ux4m3WOaTwLgfRyVUcB5igKAzQAdrJmDBQdWlB3YGootx2ifaPXGCNgzaGQkyDKGZ-ZRGh2zkG1ozTp6PGGWMBtDXMvqRqO4kM9eS8yil5UECeMvkgMl-2-MQ5bCPtorsbRxB5lpPaY1uTL02en6ZZn47v4jouJJTZCSA86f17HimPoT5qHzePT047WN7F8LqccK3nMhaKHkW0tFTkifcoaQ_2otxBEW9xpry3ITqGVDJjJSy_WfQDeXbY4dIaqc8OG_r20qxMLny2ja_Ucuv7G_3ajWkze9mB9Huy-s9aD9Bpwh8vaidpx0tEDH0b6bsHYAEdtFfL-wLIIv78MD89BZTWawf3wn6UrFoWXdUu1PiODvWxEhBPAvONeZWjcxKHSQbsx9DJHtGSYKB-Deo3nPhtkpY98fu6I3C2HvcvZSQaoZM7AhOyn7wQS_1ZtscZ4C1oShR5KbeRHl1u6Pt2Lj5tRFPkMVFr2PlgGIRw_-k1KUHDZxOM5kXPyoa4VLMtxbKDeTdDgTRdzXruukELyIZQfzkC5IYtxeGPBMTj9jJEH7NE50iBZ3EwLELUqpV9JQ0DlSSdHd7zV4CJ6am-xgovgqt72F4k";

/// Tokens that are good except for their signatures, under the largest key that is allowed. Each
/// costs a verification, and none is remembered.
fn bad_tokens(cluster: &Cluster) -> [String; 2] {
    let key = json!({"kty": "RSA", "alg": "RS256", "kid": "r", "n": N, "e": "AQAB"});
    let issuer = Issuer::new("https://large");
    issuer.trust(cluster, &json!({ "keys": [key] }).to_string());
    let mut admin = admin(cluster);
    [ADA, BEN].map(|user| {
        let parts = [json!({"alg": "RS256", "kid": "r"}), issuer.claims(user)].map(|part| {
            let encoded = admin.query_one(
                "select translate(encode(convert_to($1, 'UTF8'), 'base64'), E'+/=\\n', '-_')",
                &[&part.to_string()],
            );
            encoded.unwrap().get::<_, String>(0)
        });
        // The signature has 512 bytes and is a number below the modulus.
        parts.join(".") + "." + &"QkJC".repeat(170) + "QkI"
    })
}

/// Runs a statement of many seconds, cancels it in the middle of verifying, and returns the number
/// of tokens that it has verified after the cancel.
fn cancelled(cluster: &Cluster, client: &mut Client, long: &str) -> usize {
    let pid = backend(client);
    let mut admin = admin(cluster);
    let refused = || {
        cluster
            .log()
            .matches("token refused: the signature")
            .count()
    };
    let before = refused();
    let (error, sent) = std::thread::scope(|scope| {
        let running = scope.spawn(|| client.batch_execute(long).unwrap_err());
        let verifying = || {
            assert!(!running.is_finished(), "it ended by itself");
            refused() > before + 100
        };
        wait_until(verifying, "it verifies");
        admin
            .query_one("select pg_cancel_backend($1)", &[&pid])
            .unwrap();
        let sent = refused();
        (running.join().unwrap(), sent)
    });
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
    refused() - sent
}

#[test]
fn a_loop_of_expensive_verifications_is_cancelled() {
    let cluster = server(Config::default());
    let [first, second] = bad_tokens(&cluster);
    let issuer = Issuer::trusted(&cluster, "https://a");
    let mut client = web(&cluster);
    let loops = [
        // Each bad token raises an error, which is caught.
        format!(
            "do $$ begin
                 for i in 1..200000 loop
                     begin perform auth.verify('{first}'); exception when others then null; end;
                 end loop;
             end $$"
        ),
        // Each bad token counts as no claims.
        format!(
            "select count(*) from generate_series(1, 400) half, generate_series(1, 500) i
              where case when set_config('authguard.jwt', (array['{first}', '{second}'])[1 + (half + i) % 2], false) <> ''
                         then auth.is_revoked() end"
        ),
    ];
    for long in loops {
        let more = cancelled(&cluster, &mut client, &long);
        assert!(more < 100, "{more} tokens after the cancel");
        set_token(&mut client, &issuer.token(ADA));
        assert_eq!(subject(&mut client).as_deref(), Some(ADA));
        assert_eq!(seen(&mut client), 3);
    }
}

#[test]
fn twenty_thousand_tokens_leave_no_memory_behind() {
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://a");
    // Only a superuser may look at the memory of a backend.
    let mut client = admin(&cluster);
    let pid = backend(&mut client);
    let check = client
        .prepare("select count(auth.verify(token)) from unnest($1::text[]) token")
        .unwrap();
    let mut verify = |numbers: std::ops::Range<u32>| {
        for start in numbers.step_by(500) {
            let users = (start..start + 500).map(|n| format!("a0000000-0000-4000-8000-{n:012}"));
            let tokens: Vec<String> = users.map(|user| issuer.token(&user)).collect();
            let good: i64 = client.query_one(&check, &[&tokens]).unwrap().get(0);
            assert_eq!(good, 500);
            // One of the tokens is also set for a user.
            set_token(&mut client, &tokens[0]);
            assert!(subject(&mut client).is_some());
        }
        let contexts = "select sum(total_bytes)::int8 from pg_backend_memory_contexts";
        client.query_one(contexts, &[]).unwrap();
        let bytes: i64 = client.query_one(contexts, &[]).unwrap().get(0);
        (bytes, resident_kib(pid))
    };
    let warm = verify(0..5_000);
    let after = verify(5_000..25_000);
    assert!(
        after.0 <= warm.0 && after.1 <= warm.1 + 512,
        "{warm:?} after 5,000 tokens, {after:?} after 25,000"
    );
}

#[test]
fn what_is_too_long_to_be_a_token_is_not_kept() {
    let cluster = server(Config::default());
    let mut client = web(&cluster);
    let pid: i32 = client
        .query_one("select pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let mut refuse = |bytes: u32| {
        // This runs in one transaction, which keeps the refused tokens for as long as it lasts.
        client
            .batch_execute(&format!(
                "begin; do $$ begin
                     for i in 1..60 loop
                         perform set_config('authguard.jwt', repeat('x', {bytes}) || i, true);
                         if not auth.is_revoked() then raise 'it is refused'; end if;
                     end loop;
                 end $$; savepoint here"
            ))
            .unwrap();
        let kib = resident_kib(pid);
        client.batch_execute("rollback").unwrap();
        kib
    };
    let (short, long) = (refuse(10_000), refuse(2_000_000));
    assert!(
        long < short + 60_000,
        "{short} KiB with short texts, {long} KiB with 60 of 2 MB"
    );
}
