//! The chart: each ratio as a bar, its spread as a line, its limit as a mark.

use super::case::Case;
use std::fmt::Write;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 24.0;
const ROW: f64 = 46.0;
const TOP: f64 = 56.0;
/// The ratio at the right edge. Longer bars end there and show their number.
const MOST: f64 = 2.0;
const BAR: f64 = WIDTH - 2.0 * LEFT - 70.0;

/// Draws an SVG that is readable in light and dark pages.
pub fn draw(cases: &[Case]) -> String {
    let mut rows = String::new();
    let mut y = TOP;
    for case in cases {
        rows += &row(case, y);
        y += ROW;
    }
    let (one, end) = (x(1.0), y + 8.0);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {end}" font-family="system-ui, sans-serif" font-size="13">
<rect width="{WIDTH}" height="{end}" fill="#ffffff"/>
<text x="{LEFT}" y="24" font-size="16" font-weight="600">Time of each case, in relation to what it is compared with</text>
<text x="{LEFT}" y="42" fill="#57606a">bar: ratio of medians; thin line: spread of pairs; red mark: at most; grey line: equal</text>
<line x1="{one:.1}" y1="{TOP}" x2="{one:.1}" y2="{y}" stroke="#8c959f" stroke-dasharray="3 3"/>
{rows}</svg>
"##
    )
}

fn row(case: &Case, y: f64) -> String {
    let (ratio, (low, high)) = (case.ratio(), case.spread());
    let colour = match case.met() {
        Some(true) => "#2da44e",
        Some(false) => "#bf3989",
        None => "#8c959f",
    };
    let bar = y + 20.0;
    let middle = bar + 6.0;
    let mut out = format!(
        r##"<text x="{LEFT}" y="{:.1}">{} <tspan fill="#57606a">against {}</tspan></text>
<rect x="{LEFT}" y="{bar:.1}" width="{:.1}" height="12" fill="{colour}"/>
<line x1="{:.1}" y1="{middle:.1}" x2="{:.1}" y2="{middle:.1}" stroke="#1f2328"/>
<text x="{:.1}" y="{:.1}">{ratio:.2}</text>
"##,
        y + 14.0,
        escape(&case.what),
        escape(&case.against),
        x(ratio) - LEFT,
        x(low),
        x(high),
        x(MOST) + 12.0,
        bar + 11.0,
    );
    if let Some(limit) = case.limit_ratio() {
        let at = x(limit);
        let _ = writeln!(
            out,
            r##"<line x1="{at:.1}" y1="{:.1}" x2="{at:.1}" y2="{:.1}" stroke="#cf222e" stroke-width="2"/>"##,
            bar - 3.0,
            bar + 15.0,
        );
    }
    out
}

fn x(ratio: f64) -> f64 {
    LEFT + ratio.clamp(0.0, MOST) / MOST * BAR
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Limit;

    #[test]
    fn text_is_escaped_and_long_bars_end() {
        let mut case = Case::new("a->>'b'", "c", "ms", Some(Limit::Times(1.0)));
        case.a = vec![90.0];
        case.b = vec![1.0];
        let picture = draw(&[case]);
        assert!(picture.contains("a-&gt;&gt;'b'"));
        assert!(picture.contains(&format!("width=\"{BAR:.1}\"")));
    }
}
