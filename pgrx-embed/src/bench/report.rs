//! The table, as text, as a page and as JSON.

use super::Run;
use super::case::{Case, median};
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
    let _ = writeln!(out, "memory of a backend: {}", told(&run.memory));
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
  pair, or the middle 90 % of them where there are a thousand.
- Claims are those of Supabase, {bytes} bytes (`jti` added for the look-up by `jti`).
- Scans: `select count(*)` over 1,000,000 rows, 7 pairs, each by a login role `authenticator` that is no
  superuser and acts as a role with that one policy: all roles read the same table. `parallel` says that
  the plan is; an SQL function as commonly written is not parallel safe, so its scan is serial.
- pgbench: one client, `-M prepared`, 9 pairs of runs of 3 seconds; the number is one transaction of
  `begin`, `set local role`, `set_config` of the claims, a select by primary key and `commit`. The writer
  beside it commits 200 times a second (a run that reaches less than 95 % of that fails).
- The first check after a revocation: backend B commits the revocation of another token, then one
  prepared `select auth.is_revoked()` is timed in backend A, 1,000 times, warm, in turn in two databases. The
  entries are written by one `insert` with the trigger off.
- Memory: the sum of `total_bytes` in `pg_backend_memory_contexts`, after the same work was done once.
",
        machine = run.machine,
        memory = told(&run.memory),
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
                "spread": [low, high], "limit": case.limit, "met": case.met(),
                "pairs": case.a.len(), "all_a": case.a, "all_b": case.b,
            })
        })
        .collect();
    let told = json!({
        "machine": run.machine,
        "claims_bytes": run.claims_bytes,
        "cases": cases,
        "memory": { "before": run.memory.before, "after": run.memory.after },
    });
    format!("{told}\n")
}

/// Both medians, ratio, spread, limit and whether it is kept.
fn cells(case: &Case) -> [String; 6] {
    let (low, high) = case.spread();
    [
        format!("{:.1} {}", median(&case.a), case.unit),
        format!("{:.1} {}", median(&case.b), case.unit),
        format!("{:.3}", case.ratio()),
        format!("{low:.3} to {high:.3}"),
        case.limit.map_or("–".into(), |limit| format!("{limit:.2}")),
        case.met().map_or("–".into(), |met| match met {
            true => "yes".into(),
            false => "**no**".into(),
        }),
    ]
}

fn told(memory: &Memory) -> String {
    let more = memory.after - memory.before;
    format!(
        "{} bytes before, {} after ({more:+})",
        memory.before, memory.after
    )
}
