//! The table, as text, as a page and as JSON.

use super::Run;
use super::case::{Case, Limit, median};
use super::memory::Memory;
use serde_json::json;
use std::fmt::Write;

/// For the terminal.
pub fn table(run: &Run) -> String {
    let mut out = format!("{}\n\n", run.machine);
    for case in &run.cases {
        let [a, b, ratio, spread, limit, met] = cells(case);
        let _ = writeln!(out, "{}\n  against {}", case.what, case.against);
        let _ = writeln!(
            out,
            "  {a} : {b} = {ratio}  ({spread})  at most {limit}  {met}"
        );
    }
    if let Some(memory) = &run.memory {
        let _ = writeln!(out, "memory of a backend: {}", told(memory));
    }
    out
}

/// `docs/bench.md`.
pub fn page(run: &Run) -> String {
    let mut rows = String::new();
    for case in &run.cases {
        let [a, b, ratio, spread, limit, met] = cells(case);
        let (what, against) = (&case.what, &case.against);
        let _ = writeln!(
            rows,
            "| {what} | {against} | {a} | {b} | {ratio} | {spread} | {limit} | {met} |"
        );
    }
    format!(
        "# What the checks cost

`cargo embed bench` measured this and wrote this page. {machine}.

![ratios of each case](bench.svg)

| case | against | case | against | ratio | spread of pairs | at most | met |
|---|---|--:|--:|--:|--:|--:|---|
{rows}
A backend's memory over 10 million calls of `auth.is_revoked()` and 100,000 different claims: {memory}.

## How

- One throw-away server, `fsync` on, `shared_buffers` 1 GB, autovacuum and JIT off, tables in
  memory. The library is the release build. Writer, server and client share the cores, so run it on a quiet
  machine.
- Every case and what it is compared with run in turn (a b, b a, a b, …) in the same minute. A number is
  the median; the ratio is that of the two medians; the spread is the lowest and the highest ratio of a
  pair, or the middle 90 % of them where there are a thousand. Where the limit is a difference, so is the
  spread.
- Claims are those of Supabase, {bytes} bytes (`jti` added for the look-up by `jti`).
- Scans: `select count(*)` over 1,000,000 rows, 7 pairs (21 of parallel ones), each by a login role
  `authenticator` that is no superuser and acts as a role with that one policy: all roles read the same
  table. `parallel` says that the plan is; an SQL function as commonly written is not parallel safe, so its
  scan is serial.
- Adopted: two databases of Supabase's shape (`tests/wire/fixtures/supabase.sql`) with the same rows and
  policies, one with its own SQL functions and one that authguard has adopted; 9 pairs.
- pgbench: one client, `-M prepared`, 27 pairs of runs of a second; the number is one transaction of
  `begin`, `set local role`, `set_config` of the claims, a select by primary key and `commit`. Another user
  in each transaction: `set_config` gets the claims with the `sub` replaced by a random one, so the server
  reads new claims and looks up another user's entries each time. The writer beside it commits 200 times
  a second (a run that reaches less than 95 % of that fails).
- Verification: 5,000 different tokens of one key with those claims, all verified once in each round, 15
  pairs of at least 50 ms. The pure crate (size, form, header, claims, signature, policy) and the
  library (`jsonwebtoken::crypto::verify` with a key made before) run in one program, built for release as
  the extension is. RSA keys have 2048 bits. HMAC takes less time than a ratio could judge: its limit is a
  difference.
- `auth.verify`: `select count(auth.verify(token))` over a table of the same tokens, which a backend that
  remembers 32 has not seen lately. Without the call: less the time of `select count(octet_length(token))`, by
  the number of rows, 15 pairs.
- As pgjwt: a function of SQL with pgcrypto's `hmac`, which decodes, compares the signature, `alg` and `exp`,
  and answers with the claims as `jsonb`. It looks at no issuer, audience or revocation.
- A verified token in the session: 1,000 prepared selects by primary key on each of two connections, 30 pairs,
  the answer's way to the client included.
- PostgREST 12: `wrk` with four connections, 27 pairs of runs of a second; the number is a second by the
  requests in it, each a GET of a random row by primary key, with a token that PostgREST has in its cache. The
  limit is 0.97 of the requests a second.
- The first check after a revocation: backend B commits the revocation of another token, then one
  prepared `select auth.is_revoked()` is timed in backend A, 1,000 times, warm, in turn in two databases. The
  entries are written by one `insert` with the trigger off.
- `auth.refresh` and `authguard.sign_in`: pgbench, 9 pairs of runs of three seconds; the number is the time from one
  commit to the next of all clients together. Each client hands in the refresh token that it got last, and begins
  another session after 900, because beyond a thousand not every refresh writes an event. Against: a function in
  plpgsql that updates a row by its key (or inserts it) and inserts one into a log, as durable, and
  `authguard.sign('{{}}')` in the same statement, which is an ES256 signature and takes as many instructions as the library
  alone does for a whole token. In a loop of nothing else a signature takes a third of the time that it takes there,
  because its table of 150 KB stays in the cache: a row of its own, without a limit, for who would rather count that. It
  is timed outside the server, in as many threads as clients can run at once. 1.43 times
  that is 0.7 of the transactions a second. With a notification: one listener takes them all.
- Many sessions: two databases with 1,000 and 10,000,000 sessions of the database's own, and the same rows. Each
  transaction sets the claims of another of 999 sessions, which lie far from each other.
- Memory: the sum of `total_bytes` in `pg_backend_memory_contexts`, after the same work was done once.
",
        machine = run.machine,
        memory = run.memory.as_ref().map_or("not measured".into(), told),
        bytes = run.claims_bytes,
    )
}

/// Every single measurement.
pub fn json(run: &Run) -> String {
    let cases: Vec<_> = run
        .cases
        .iter()
        .map(|case| {
            let (low, high) = case.spread();
            json!({
                "case": case.what, "against": case.against, "unit": case.unit,
                "a": median(&case.a), "b": median(&case.b), "ratio": case.ratio(),
                "spread": [low, high], "limit": case.limit_ratio(), "met": case.met(),
                "pairs": case.a.len(), "all_a": case.a, "all_b": case.b,
            })
        })
        .collect();
    let told = json!({
        "machine": run.machine,
        "claims_bytes": run.claims_bytes,
        "cases": cases,
        "memory": run.memory.as_ref().map(|it| json!({ "before": it.before, "after": it.after })),
    });
    format!("{told}\n")
}

/// Both medians, their relation, its spread, the limit and whether it is kept. A case with a limit that
/// is a difference shows differences, too.
fn cells(case: &Case) -> [String; 6] {
    let (low, high) = case.spread();
    let mut ratio = format!("{:.3}", case.ratio());
    let mut spread = format!("{low:.3} to {high:.3}");
    let mut limit = case
        .limit_ratio()
        .map_or("–".into(), |limit| format!("{limit:.2}"));
    if let Some(Limit::Plus(more)) = case.limit {
        let (low, high) = case.spread_of_differences();
        let _ = write!(ratio, " ({:+.2} {})", case.difference(), case.unit);
        spread = format!("{low:+.2} to {high:+.2} {}", case.unit);
        limit = format!("{more:+.1} {}", case.unit);
    }
    [
        number(median(&case.a), case.unit),
        number(median(&case.b), case.unit),
        ratio,
        spread,
        limit,
        case.met().map_or("–".into(), |met| match met {
            true => "yes".into(),
            false => "**no**".into(),
        }),
    ]
}

/// With three digits at least.
fn number(value: f64, unit: &str) -> String {
    let digits = match value {
        ..1.0 => 3,
        ..10.0 => 2,
        _ => 1,
    };
    format!("{value:.digits$} {unit}")
}

fn told(memory: &Memory) -> String {
    let more = memory.after - memory.before;
    format!(
        "{} bytes before, {} after ({more:+})",
        memory.before, memory.after
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_a_difference_is_told_in_the_unit_of_the_case() {
        let mut case = Case::new("a", "b", "µs", Some(Limit::Plus(3.0)));
        case.a = vec![4.0, 4.5, 4.25];
        case.b = vec![0.5, 1.0, 0.75];
        assert_eq!(
            cells(&case),
            [
                "4.25 µs",
                "0.750 µs",
                "5.667 (+3.50 µs)",
                "+3.50 to +3.50 µs",
                "+3.0 µs",
                "**no**"
            ]
        );
    }
}
