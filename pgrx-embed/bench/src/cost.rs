//! The picture of what a policy costs: the time of each scan in relation to a literal, on a
//! logarithmic scale.

use super::chart::escape;
use super::policies::Bar;
use std::fmt::Write;

const WIDTH: f64 = 880.0;
const LEFT: f64 = 24.0;
const ROW: f64 = 40.0;
const TOP: f64 = 84.0;
/// Bars begin here, at the ratio [`LEAST`], and end at [`MOST`].
const BARS: f64 = 330.0;
const LEAST: f64 = 0.7;
const MOST: f64 = 1_000.0;
const BAR: f64 = WIDTH - BARS - 120.0;

/// The colours of a light page, and of a dark one.
const STYLE: &str = "
.page{fill:#ffffff;stroke:#d0d7de}.text{fill:#1f2328}.more{fill:#59636e}.line{stroke:#d0d7de}
.own{fill:#1a7f37}.other{fill:#8c959f}.value{stroke:#ffffff;stroke-width:4;paint-order:stroke}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117;stroke:#3d444d}.text{fill:#f0f6fc}.more{fill:#9198a1}.line{stroke:#3d444d}
.own{fill:#3fb950}.other{fill:#656c76}.value{stroke:#0d1117}}";

/// Draws an SVG for light and dark pages.
pub fn draw(bars: &[Bar], machine: &str) -> String {
    let mut rows = String::new();
    let mut y = TOP;
    for bar in bars {
        rows += &row(bar, y);
        y += ROW;
    }
    let mut lines = String::new();
    for (ratio, label) in [(1.0, "1"), (10.0, "10"), (100.0, "100"), (MOST, "1,000")] {
        let at = x(ratio);
        let _ = writeln!(
            lines,
            r#"<line class="line" x1="{at:.1}" y1="{TOP}" x2="{at:.1}" y2="{y}"/>
<text class="more" x="{at:.1}" y="{:.1}" text-anchor="middle" font-size="12">{label} ×</text>"#,
            y + 18.0
        );
    }
    let end = y + 34.0;
    let is_missing = !bars.iter().any(|bar| bar.by == "pg_session_jwt");
    let missing = match is_missing {
        true => " pg_session_jwt was not installed, so it was not measured.",
        false => "",
    };
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {end}" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="14">
<style>{STYLE}</style>
<rect class="page" x="0.5" y="0.5" width="{:.1}" height="{:.1}" rx="6"/>
<text class="text" x="{LEFT}" y="30" font-size="17" font-weight="600">What a policy costs: a scan of 1,000,000 rows</text>
<text class="more" x="{LEFT}" y="50" font-size="12">time in relation to a literal, on a logarithmic scale.{missing}</text>
<text class="more" x="{LEFT}" y="67" font-size="12">{}</text>
{lines}{rows}</svg>
"#,
        WIDTH - 1.0,
        end - 1.0,
        escape(machine),
    )
}

fn row(bar: &Bar, y: f64) -> String {
    let class = match bar.by {
        "authguard" => "own",
        _ => "other",
    };
    format!(
        r#"<text class="text" x="{LEFT}" y="{:.1}" font-family="ui-monospace, Menlo, Consolas, monospace">{}</text>
<text class="more" x="{LEFT}" y="{:.1}" font-size="12">{}</text>
<rect class="{class}" x="{BARS}" y="{:.1}" width="{:.1}" height="18" rx="2"/>
<text class="text value" x="{:.1}" y="{:.1}">{} × <tspan class="more" font-size="12">{}</tspan></text>
"#,
        y + 17.0,
        escape(bar.what),
        y + 33.0,
        escape(bar.by),
        y + 10.0,
        x(bar.ratio) - BARS,
        x(bar.ratio) + 8.0,
        y + 24.0,
        number(bar.ratio),
        time(bar.time),
    )
}

/// A ratio as people say it: 1, 1.04, 39.
fn number(ratio: f64) -> String {
    match ratio {
        1.0 => "1".to_owned(),
        ..9.95 => format!("{ratio:.2}"),
        _ => format!("{ratio:.0}"),
    }
}

/// Milliseconds as people say them: 58 ms, 6.1 s.
fn time(milliseconds: f64) -> String {
    match milliseconds {
        ..1_000.0 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.1} s", milliseconds / 1e3),
    }
}

fn x(ratio: f64) -> f64 {
    let part = (ratio.clamp(LEAST, MOST) / LEAST).ln() / (MOST / LEAST).ln();
    BARS + part * BAR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_the_logarithm_and_what_is_missing_is_said() {
        let bar = |by, ratio| Bar {
            what: "a < b",
            by,
            time: ratio * 50.0,
            ratio,
        };
        let picture = draw(
            &[bar("a literal", 1.0), bar("authguard", 1.04)],
            "a machine",
        );
        assert!(picture.contains("a &lt; b") && picture.contains("a machine"));
        assert!(
            picture.contains(">1 × ") && picture.contains(">1.04 × ") && picture.contains(">52 ms")
        );
        assert!(picture.contains("pg_session_jwt was not installed"));
        let both = draw(&[bar("pg_session_jwt", 39.2)], "");
        assert!(
            both.contains(">39 × ") && both.contains(">2.0 s") && !both.contains("not installed")
        );
        let (one, ten, hundred) = (x(1.0), x(10.0), x(100.0));
        assert!((ten - one - (hundred - ten)).abs() < 1e-9);
        assert!((x(1e9) - x(MOST)).abs() < 1e-9);
    }
}
