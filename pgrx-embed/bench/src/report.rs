//! The table of results, as text, as a page and as JSON.

use super::Run;
use super::case::{Case, Limit, median};
use super::memory::Memory;
use serde_json::json;
use std::fmt::Write;

/// The template of `docs/bench.md`, with a name in braces in the place of each figure.
const PAGE: &str = include_str!("page.md");

/// The table for the terminal.
pub fn table(run: &Run) -> String {
    let mut out = format!("{}\n\n", run.machine);
    for case in &run.cases {
        let _ = writeln!(out, "{}", lines(case));
    }
    if let Some(memory) = &run.memory {
        let _ = writeln!(out, "memory of a backend: {}", told(memory));
    }
    out
}

/// A case in the table for the terminal.
pub fn lines(case: &Case) -> String {
    let [a, b, ratio, interval, spread, limit, met] = cells(case);
    format!(
        "{}\n  against {}\n  {a} : {b} = {ratio}  (95 %: {interval}; pairs: {spread})  \
         at most {limit}  {met}",
        case.what, case.against
    )
}

/// The text of `docs/bench.md`.
pub fn page(run: &Run) -> String {
    let mut rows = String::new();
    for case in &run.cases {
        let [a, b, ratio, interval, spread, limit, met] = cells(case);
        let (what, against) = (&case.what, &case.against);
        let _ = writeln!(
            rows,
            "| {what} | {against} | {a} | {b} | {ratio} | {interval} | {spread} | {limit} | {met} |"
        );
    }
    let memory = run.memory.as_ref().map_or("not measured".into(), told);
    PAGE.replace("{machine}", &run.machine)
        .replace("{bytes}", &run.claims_bytes.to_string())
        .replace("{memory}", &memory)
        .replace("{rows}", rows.trim_end())
}

/// Every single measurement, as JSON.
pub fn json(run: &Run) -> String {
    let cases: Vec<_> = run
        .cases
        .iter()
        .map(|case| {
            let (low, high) = case.spread();
            let (least, most) = case.interval();
            json!({
                "case": case.what, "against": case.against, "unit": case.unit,
                "a": median(&case.a), "b": median(&case.b), "ratio": case.ratio(),
                "interval": [least, most], "spread": [low, high], "limit": case.limit_ratio(), "met": case.met(),
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

/// Both medians, their relation, its interval and spread, the limit, and the result. A case with a
/// limit that is a difference also shows differences.
fn cells(case: &Case) -> [String; 7] {
    let (low, high) = case.spread();
    let (least, most) = case.interval();
    let mut ratio = format!("{:.3}", case.ratio());
    let mut interval = format!("{least:.3} to {most:.3}");
    let mut spread = format!("{low:.3} to {high:.3}");
    let mut limit = case
        .limit_ratio()
        .map_or("–".into(), |limit| format!("{limit:.2}"));
    if let Some(Limit::Plus(more)) = case.limit {
        let (low, high) = case.spread_of_differences();
        let (least, most) = case.interval_of_differences();
        interval = format!("{least:+.2} to {most:+.2} {}", case.unit);
        let _ = write!(ratio, " ({:+.2} {})", case.difference(), case.unit);
        spread = format!("{low:+.2} to {high:+.2} {}", case.unit);
        limit = format!("{more:+.1} {}", case.unit);
    }
    [
        number(median(&case.a), case.unit),
        number(median(&case.b), case.unit),
        ratio,
        interval,
        spread,
        limit,
        case.met().map_or("–".into(), |met| match met {
            true => "yes".into(),
            false => "**no**".into(),
        }),
    ]
}

/// A number with at least three digits.
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
    fn the_page_has_a_figure_for_every_name_in_braces() {
        let mut case = Case::new("a", "b", "ms", None);
        case.a = vec![2.0];
        case.b = vec![1.0];
        let run = Run {
            machine: "a machine".into(),
            claims_bytes: 414,
            cases: vec![case],
            memory: None,
            bars: Vec::new(),
        };
        let page = page(&run);
        assert!(page.contains("wrote this page. a machine.\n"));
        assert!(page.contains("|\n| a | b | 2.00 ms | 1.00 ms | 2.000 |"));
        assert!(page.contains("different claims: not measured.\n"));
        assert!(page.contains("Supabase, 414 bytes"));
        for name in ["{machine}", "{rows}", "{memory}", "{bytes}"] {
            assert!(!page.contains(name), "{name}");
        }
    }

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
                "+3.50 to +3.50 µs",
                "+3.0 µs",
                "**no**"
            ]
        );
    }
}
