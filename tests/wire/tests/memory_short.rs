//! Backends that have no memory left. The statement fails with 53200 or gives the right answer, the
//! connection goes on, and no other session notices anything. No claims of an earlier request are
//! answered from.

use authguard_wire::attached::change;
use authguard_wire::memory::{Limits, address_space};
use authguard_wire::sessions::{issued, sign_in};
use authguard_wire::tokens::{Issuer, web};
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::error::SqlState;
use postgres::{Client, Error};
use serde_json::{Value, json};

const KIB: u64 = 1024;

/// The spare memory of the rounds: from nothing to enough, in steps that grow.
fn spares() -> Vec<u64> {
    let fine = (0..16).map(|step| step * 32);
    let middle = (4..32).map(|step| step * 128);
    let coarse = (4..=24).map(|step| step * 1024);
    fine.chain(middle)
        .chain(coarse)
        .map(|spare| spare * KIB)
        .collect()
}

/// Another session of the server, which must not notice anything.
struct Witness(Client, i32);

impl Witness {
    fn of(cluster: &Cluster) -> Self {
        let mut client = admin(cluster);
        let pid = backend(&mut client);
        Self(client, pid)
    }

    fn require_unharmed(&mut self, round: &str) {
        let pid = self.0.query_one("select pg_backend_pid()", &[]);
        let pid: i32 = pid
            .unwrap_or_else(|error| panic!("{round}: another session was ended: {error}"))
            .get(0);
        assert_eq!(pid, self.1, "{round}");
    }
}

/// Returns the answer, or `None` for lack of memory. The connection lives on.
fn answer_or_none<T>(answer: Result<T, Error>, client: &Client, round: &str) -> Option<T> {
    let failed = answer.as_ref().err();
    assert!(
        !client.is_closed(),
        "{round}: the session was ended: {failed:?}"
    );
    match answer {
        Ok(answer) => Some(answer),
        Err(error) => {
            assert_eq!(
                error.code(),
                Some(&SqlState::OUT_OF_MEMORY),
                "{round}: {error:?}"
            );
            None
        }
    }
}

/// Runs `ask` in new sessions of `connect`, each with less memory to spare than it may need,
/// several times in each; then once more without a limit. Every answer is `right` or an error.
/// Returns the number of errors. A version of Postgres has every second size of spare memory, 15
/// the sizes that 14 and 18 have not.
fn under_limits<T: PartialEq + std::fmt::Debug>(
    cluster: &Cluster,
    what: &str,
    connect: impl Fn() -> Client,
    ask: impl FnMut(&mut Client) -> Result<T, Error>,
    right: impl Fn(&T) -> bool,
) -> usize {
    let of_version = usize::from(cluster.install().major % 2);
    let spares = spares().into_iter().skip(of_version).step_by(2);
    leaving(spares, cluster, what, connect, ask, right)
}

/// Does what [`under_limits`] does, but with these sizes of spare memory.
fn leaving<T: PartialEq + std::fmt::Debug>(
    spares: impl IntoIterator<Item = u64>,
    cluster: &Cluster,
    what: &str,
    connect: impl Fn() -> Client,
    mut ask: impl FnMut(&mut Client) -> Result<T, Error>,
    right: impl Fn(&T) -> bool,
) -> usize {
    let mut witness = Witness::of(cluster);
    let mut limits = Limits::of(cluster);
    let (mut failed, mut answered) = (0, 0);
    for spare in spares {
        let mut client = connect();
        let limited = limits.leave(&mut client, spare);
        for call in 0..3 {
            let round = format!("{what}, {spare} bytes to spare, call {call}");
            let answer = ask(&mut client);
            match answer_or_none(answer, &client, &round) {
                Some(answer) => {
                    assert!(right(&answer), "{round}: {answer:?}");
                    answered += 1;
                }
                None => failed += 1,
            }
            witness.require_unharmed(&round);
        }
        limits.lift(limited);
        let round = format!("{what}, after {spare} bytes to spare");
        let answer = ask(&mut client).unwrap_or_else(|error| panic!("{round}: {error:?}"));
        assert!(right(&answer), "{round}: {answer:?}");
    }
    println!("{what}: {failed} failed, {answered} answered");
    assert!(answered > 0, "{what} is never answered");
    failed
}

/// Claims of `user` of about `size` bytes, in shapes that cost memory in different ways.
fn large_claims(user: &str, size: usize) -> [(&'static str, String); 4] {
    let with = |content: Value| {
        let mut claims: Value = serde_json::from_str(&claims(user)).unwrap();
        claims["user_metadata"] = content;
        let text = claims.to_string();
        assert!(text.len() <= size, "{} of {size}", text.len());
        text
    };
    let size_of_content = size - 512;
    let values = (size_of_content / 8).min(8000);
    [
        ("a text", with(json!("x".repeat(size_of_content)))),
        ("escapes", with(json!("\"".repeat(size_of_content / 2)))),
        (
            "arrays",
            with(json!(vec![
                json!([0]);
                (values / 2).min(size_of_content / 4)
            ])),
        ),
        (
            "numbers",
            with(json!((0..values).map(|n| 100_000 + n).collect::<Vec<_>>())),
        ),
    ]
}

/// A gateway's session in which claims of `ADA` are set and have been read.
fn warm_gateway(cluster: &Cluster) -> Client {
    let mut client = gateway(cluster);
    set_claims(&mut client, &claims(ADA));
    assert_eq!(seen(&mut client), 3);
    client
}

/// Sets claims in a transaction of their own, and reads who that is, and the length of all claims.
fn read_claims(client: &mut Client, claims: &str) -> Result<(Option<String>, i32, i64), Error> {
    let mut transaction = client.transaction()?;
    transaction.execute(
        "select set_config('request.jwt.claims', $1, true)",
        &[&claims],
    )?;
    let row = transaction.query_one(
        "select auth.uid()::text, length(auth.jwt()::text), count(*) from notes",
        &[],
    )?;
    transaction.commit()?;
    Ok((row.get(0), row.get(1), row.get(2)))
}

fn gateway_claims(config: Config, size: usize) {
    let cluster = server(config);
    for (shape, large) in large_claims(BEN, size) {
        let right = read_claims(&mut warm_gateway(&cluster), &large).unwrap();
        assert_eq!((right.0.as_deref(), right.2), (Some(BEN), 3), "{shape}");
        let failed = under_limits(
            &cluster,
            &format!("claims of {size} bytes, {shape}"),
            || warm_gateway(&cluster),
            |client| {
                let answer = read_claims(client, &large);
                // The claims of the session are in force again, never those of the transaction.
                let after = client.query_one("select auth.uid()::text", &[]);
                if let Ok(row) = after {
                    assert_eq!(row.get::<_, Option<&str>>(0), Some(ADA), "{shape}");
                }
                answer
            },
            |answer| *answer == right,
        );
        assert!(failed > 0, "{shape}: there was always enough");
    }
}

#[test]
fn claims_of_64_kib_end_no_session() {
    gateway_claims(Config::default(), 65_536);
}

#[test]
fn a_preloaded_library_ends_no_session() {
    gateway_claims(
        Config::default().set("shared_preload_libraries", "authguard"),
        65_536,
    );
}

#[test]
fn claims_of_a_mebibyte_end_no_session() {
    gateway_claims(
        Config::default().set("authguard.max_claims_size", 1_048_576),
        1_048_576,
    );
}

#[test]
fn tokens_end_no_session() {
    let cluster = server(Config::default().set("authguard.max_token_size", 65_536));
    let issuer = Issuer::trusted(&cluster, "https://issuer");
    let warm = || {
        let mut client = web(&cluster);
        client.batch_execute("set role authenticated").unwrap();
        assert_eq!(text(&mut client, "select auth.uid()::text"), None);
        client
    };
    let mut failed = under_limits(
        &cluster,
        "a bad token",
        warm,
        |client| {
            unless_refused(client.execute("select auth.set_token($1, false)", &[&"no.good.token"]))
        },
        Option::is_none,
    );
    let mut large = issuer.claims(BEN);
    large["user_metadata"] = json!("x".repeat(40_000));
    for (size, token) in [("small", issuer.token(BEN)), ("large", issuer.sign(&large))] {
        failed += under_limits(
            &cluster,
            &format!("a {size} token"),
            warm,
            |client| {
                let mut transaction = client.transaction()?;
                transaction.execute("select auth.set_token($1)", &[&token])?;
                let row = transaction.query_one(
                    "select auth.uid()::text, auth.has_scope('x')::text, (select status from auth.whoami()), count(*) from notes",
                    &[],
                )?;
                transaction.commit()?;
                Ok((row.get::<_, Option<String>>(0), row.get::<_, i64>(3)))
            },
            |answer| *answer == (Some(BEN.to_owned()), 3),
        );
    }
    assert!(failed > 0, "there was always enough");
}

#[test]
fn key_sets_end_no_session() {
    let cluster = server(Config::default());
    let issuer = Issuer::new("https://issuer");
    let kids: Vec<String> = (0..40).map(|kid| format!("kid {kid}")).collect();
    let set = issuer.jwks(&kids.iter().map(String::as_str).collect::<Vec<_>>());
    let failed = under_limits(
        &cluster,
        "a set of 40 keys",
        || {
            let mut client = admin(&cluster);
            client.batch_execute("do $$ begin end $$").unwrap();
            assert_eq!(text(&mut client, "select auth.uid()::text"), None);
            client
        },
        |client| {
            client.execute(
                "select authguard.trust_issuer($1, $2::text::jsonb, array['app'])",
                &[&issuer.name, &set],
            )?;
            let row = client.query_one(
                "select count(*) from authguard.key where status <> 'revoked'",
                &[],
            )?;
            Ok(row.get::<_, i64>(0))
        },
        |keys| *keys == 40,
    );
    assert!(failed > 0, "there was always enough");
}

#[test]
fn sign_ins_and_refreshes_end_no_session() {
    let cluster = sessions::server(Config::default());
    sign_in(&cluster, ADA);
    let warm = || {
        let mut client = admin(&cluster);
        assert_eq!(text(&mut client, "select auth.uid()::text"), None);
        client
    };
    let mut failed = under_limits(
        &cluster,
        "a sign-in",
        warm,
        |client| issued(client, "authguard.sign_in($1)", ADA),
        |issued| issued.status == "ok" && issued.access.is_some(),
    );
    let mut last = sign_in(&cluster, ADA).refresh().to_owned();
    failed += under_limits(
        &cluster,
        "a refresh",
        warm,
        |client| {
            let next = issued(client, "auth.refresh($1)", &last)?;
            next.refresh().clone_into(&mut last);
            Ok(next.status)
        },
        |status| status == "ok",
    );
    assert!(failed > 0, "there was always enough");
}

/// The spare memory of tests of many shapes: every fourth size.
fn few_spares() -> impl Iterator<Item = u64> {
    spares().into_iter().step_by(4)
}

/// The answer, or `None` if the claims or the token are refused.
fn unless_refused<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Err(error) if error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// Claims that only `jsonb` reads, and claims that nobody does.
#[test]
fn claims_in_the_words_of_jsonb_end_no_session() {
    let mut failed = 0;
    let cluster = server(Config::default());
    let with = |metadata: &str| claims(BEN).replacen('{', &format!("{{\"m\":{metadata},"), 1);
    let nested = |depth| with(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    let shapes = [
        ("depth", nested(2_000)),
        ("too much depth", nested(30_000)),
        ("a long number", with(&"9".repeat(60_000))),
        ("no number", with("1e999999")),
        ("no JSON", with(&format!("[{}", "x".repeat(60_000)))),
    ];
    for (shape, json) in shapes {
        let read = |client: &mut Client| unless_refused(read_claims(client, &json));
        let right = read(&mut warm_gateway(&cluster)).unwrap();
        failed += leaving(
            few_spares(),
            &cluster,
            shape,
            || warm_gateway(&cluster),
            read,
            |answer| *answer == right,
        );
    }
    assert!(failed > 0, "there was always enough");
}

/// A policy reads claims that are refused, in the session itself and in a plan with workers. The
/// answer is the error, as often as it is asked.
#[test]
fn refused_claims_end_no_session() {
    let mut failed = 0;
    let cluster = server(Config::default());
    change(
        &mut admin(&cluster),
        "create table plain as select g as id from generate_series(1, 4000) g; analyze plain;
         alter table plain enable row level security; grant select on plain to authenticated;
         create policy own on plain using (auth.uid() is null or id > 0)",
    );
    for has_workers in [false, true] {
        failed += leaving(
            few_spares(),
            &cluster,
            &format!("refused claims, workers: {has_workers}"),
            || {
                let mut client = web(&cluster);
                change(&mut client, "set role authenticated; select auth.whoami()");
                set_claims(&mut client, &claims(ADA));
                if has_workers {
                    in_workers(&mut client);
                }
                client
            },
            |client| {
                let row = unless_refused(client.query_one("select count(*) from plain", &[]))?;
                Ok(row.map(|row| row.get::<_, i64>(0)))
            },
            Option::is_none,
        );
    }
    assert!(failed > 0, "there was always enough");
}

/// Errors that somebody catches, in SQL or in a claims function, and notices use no room up.
#[test]
fn caught_errors_end_no_session() {
    let mut failed = 0;
    let cluster = sessions::server(Config::default());
    change(
        &mut admin(&cluster),
        "create function public.eats(user_id text, session_id uuid, claims jsonb) returns jsonb
         language plpgsql as $$
         begin
             for i in 1 .. 20 loop
                 raise notice 'a notice';
                 begin
                     perform i / 0;
                 exception when division_by_zero then null;
                 end;
                 begin
                     perform length(string_agg(repeat('x', 100000), '')) from generate_series(1, i);
                 exception when out_of_memory then null;
                 end;
             end loop;
             return claims;
         end $$;
         select authguard.set_claims_function('public.eats(text, uuid, jsonb)')",
    );
    sign_in(&cluster, ADA);
    let warm = |mut client: Client| {
        change(&mut client, "do $$ begin perform auth.uid(); end $$");
        client
    };
    failed += leaving(
        few_spares(),
        &cluster,
        "a claims function",
        || warm(admin(&cluster)),
        |client| issued(client, "authguard.sign_in($1)", ADA),
        |issued| issued.status == "ok" && issued.access.is_some(),
    );
    failed += leaving(
        few_spares(),
        &cluster,
        "bad tokens",
        || warm(web(&cluster)),
        |client| {
            client.batch_execute(
                "do $$
                 begin
                     for i in 1 .. 20 loop
                         begin
                             perform auth.set_token(null);
                         exception when invalid_authorization_specification then null;
                         end;
                         begin
                             perform auth.set_token(repeat('no.good.token', i * 100), false);
                         exception when invalid_authorization_specification then null;
                         end;
                     end loop;
                 end $$",
            )
        },
        |()| true,
    );
    assert!(failed > 0, "there was always enough");
}

#[test]
fn what_operators_ask_ends_no_session() {
    let mut failed = 0;
    let cluster = server(Config::default());
    let issuer = Issuer::trusted(&cluster, "https://issuer");
    let warm = || {
        let mut client = admin(&cluster);
        change(&mut client, "do $$ begin perform auth.uid(); end $$");
        client
    };
    for token in [issuer.token(BEN), "no.good.token".repeat(500)] {
        let explain = |client: &mut Client| {
            let explained = "select coalesce(string_agg(check_name || passed, ' '), '')
                from authguard.explain_token($1)";
            let row = client.query_one(explained, &[&token])?;
            Ok(row.get::<_, String>(0))
        };
        let right = explain(&mut warm()).unwrap();
        failed += leaving(
            few_spares(),
            &cluster,
            "an explanation",
            warm,
            explain,
            |explained| *explained == right,
        );
    }
    let why = |client: &mut Client| {
        let why = "select string_agg(answer, ' ' order by step) from authguard.explain_user('ada')";
        Ok(client.query_one(why, &[])?.get::<_, String>(0))
    };
    let right = why(&mut warm()).unwrap();
    failed += leaving(few_spares(), &cluster, "a user", warm, why, |told| {
        *told == right
    });
    failed += leaving(
        few_spares(),
        &cluster,
        "a secret",
        warm,
        |client| {
            let trust = "select authguard.trust_secret('https://secret', $1::bytea, array['app'])";
            client.execute(trust, &[&(0_u8..64).collect::<Vec<_>>()])
        },
        |_| true,
    );
    assert!(failed > 0, "there was always enough");
}

/// A session that loads the library with its first call. If it cannot be loaded, it is loaded by a
/// later call.
#[test]
fn a_library_that_cannot_be_loaded_is_loaded_later() {
    let cluster = server(Config::default());
    let mut witness = Witness::of(&cluster);
    let mut limits = Limits::of(&cluster);
    let ask = |client: &mut Client| {
        let read = client.query_one("select coalesce(auth.uid()::text, 'nobody')", &[]);
        read.map(|row| row.get::<_, String>(0))
    };
    let connect = || cluster.connect("web", "wire").unwrap();
    let mut client = connect();
    let pid = backend(&mut client);
    let before = address_space(pid);
    ask(&mut client).unwrap();
    let loaded = address_space(pid) - before;
    let mut failed = 0;
    for step in 0..96 {
        let spare = (loaded + 256 * KIB).saturating_sub(step * 96 * KIB);
        let round = format!("{spare} bytes to spare, {loaded} needed");
        let mut client = connect();
        let limited = limits.leave(&mut client, spare);
        match ask(&mut client) {
            Ok(user) => assert_eq!(user, "nobody", "{round}"),
            Err(error) => {
                failed += 1;
                let code = error.code().map(SqlState::code);
                // 58P01 is "could not load library".
                assert!(
                    matches!(code, Some("53200" | "58P01")),
                    "{round}: {error:?}"
                );
            }
        }
        witness.require_unharmed(&round);
        limits.lift(limited);
        let user = ask(&mut client).unwrap_or_else(|error| panic!("{round}: {error:?}"));
        assert_eq!(user, "nobody", "{round}");
    }
    assert!(failed > 0, "the library is always loaded");
}
