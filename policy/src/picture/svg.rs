//! Drawing. All sizes are in pixels of the picture.

use std::fmt::Write;

use super::{Access, Cell, Line, Picture, Row};

const MARGIN: usize = 16;
/// The width of the column with the names of tables.
const NAMES: usize = 250;
/// The width of a role's column.
const COLUMN: usize = 230;
const GAP: usize = 8;
/// The height of the title and the legend, and that of the roles below them.
const TITLE: usize = 76;
const HEAD: usize = 30;
/// The height of a cell without policies, and of one line in it.
const CELL: usize = 46;
const LINE: usize = 16;
/// The width of a character of the text, at most.
const CHARACTER: usize = 8;
const LETTERS: [(&str, &str); 4] = [
    ("S", "SELECT"),
    ("I", "INSERT"),
    ("U", "UPDATE"),
    ("D", "DELETE"),
];

const STYLE: &str = "
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#1f2328}
.page{fill:#ffffff}
.title{font-size:16px;font-weight:600}
.name,.role{font-weight:600}
.small{font-size:11px;fill:#59636e}
.box{fill:#f6f8fa;stroke:#8c959f}
.cell{fill:#ffffff;stroke:#c7cdd4}
.away{fill:#f6f8fa;stroke:#e1e4e8}
.none{fill:none;stroke:#c7cdd4}
.some{fill:#2f6fd6}
.all{fill:#c2410c}
.letter{font-size:11px;font-weight:600;text-anchor:middle;fill:#ffffff}
.off{font-size:11px;text-anchor:middle;fill:#8c959f}
.guarded{fill:#1a7f37}
.unguarded{fill:none;stroke:#c2410c;stroke-dasharray:3 2}
.restrictive{font-style:italic}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}
.page{fill:#0d1117}
.small{fill:#9198a1}
.box{fill:#161b22;stroke:#6e7681}
.cell{fill:#0d1117;stroke:#3d444d}
.away{fill:#161b22;stroke:#21262d}
.none{stroke:#3d444d}
.some{fill:#4c8dff}
.all{fill:#f0883e}
.letter{fill:#0d1117}
.off{fill:#6e7681}
.guarded{fill:#3fb950}
.unguarded{stroke:#f0883e}
}
";

/// Returns a text for the content of an element or an attribute. Characters that XML does not
/// allow, and those that turn the direction of what follows, become U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                escaped.push('\u{fffd}');
            }
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ if character.is_control() => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Returns the beginning of a text that has room in a width. Characters outside of ASCII may be
/// twice as wide.
fn fitting(text: &str, width: usize) -> String {
    let room = width / CHARACTER;
    let mut used: usize = 0;
    let mut fits = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        used = used.saturating_add(if character.is_ascii() { 1 } else { 2 });
        // The last place is for the character that says that there is more.
        let last = usize::from(characters.peek().is_some());
        if used.saturating_add(last) > room {
            fits.push('…');
            break;
        }
        fits.push(character);
    }
    fits
}

/// The picture while it is drawn.
struct Svg(String);

impl Svg {
    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        let _ = self.0.write_fmt(element);
        self.0.push('\n');
    }

    fn rect(&mut self, class: &str, [x, y, width, height]: [usize; 4]) {
        self.push(format_args!(
            r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>"#
        ));
    }

    /// Draws a text. If it has no room, the whole of it is what a pointer above it shows.
    fn text(&mut self, class: &str, (x, y): (usize, usize), width: usize, text: &str) {
        let fits = fitting(text, width);
        let title = match fits == text {
            true => String::new(),
            false => format!("<title>{}</title>", escaped(text)),
        };
        let shown = escaped(&fits);
        self.push(format_args!(
            r#"<text class="{class}" x="{x}" y="{y}">{title}{shown}</text>"#
        ));
    }

    /// Draws what a role reaches with each command.
    fn access(&mut self, access: [Access; 4], (x, y): (usize, usize)) {
        for (at, (access, (letter, command))) in access.into_iter().zip(LETTERS).enumerate() {
            let x = x.saturating_add(at.saturating_mul(24));
            let (class, of, words) = match access {
                Access::None => ("none", "off", "no row"),
                Access::Some => (
                    "some",
                    "letter",
                    "some rows: what policies or the view let it",
                ),
                Access::All => ("all", "letter", "every row"),
            };
            self.push(format_args!("<g><title>{command}: {words}</title>"));
            self.rect(class, [x, y, 20, 16]);
            let (x, y) = (x.saturating_add(10), y.saturating_add(12));
            self.push(format_args!(
                r#"<text class="{of}" x="{x}" y="{y}">{letter}</text></g>"#
            ));
        }
    }

    fn guard(&mut self, guarded: bool, (x, y): (usize, usize)) {
        let (class, word) = match guarded {
            true => ("guarded", "guarded"),
            false => ("unguarded", "no guard"),
        };
        self.rect(class, [x, y, 12, 16]);
        let at = (x.saturating_add(18), y.saturating_add(12));
        self.text("small", at, 70, word);
    }

    fn cell(&mut self, cell: &Cell, [x, y, height]: [usize; 3]) {
        let is_away = cell.is_empty() && cell.policies.is_empty();
        let class = if is_away { "away" } else { "cell" };
        self.rect(class, [x, y, COLUMN, height]);
        let (x, y) = (x.saturating_add(10), y.saturating_add(10));
        self.access(cell.access, (x, y));
        if let Some(guarded) = cell.guarded {
            self.guard(guarded, (x.saturating_add(110), y));
        }
        let mut y = y.saturating_add(20);
        if cell.is_exempt {
            let at = (x, y.saturating_add(LINE.saturating_sub(4)));
            self.text(
                "small",
                at,
                COLUMN.saturating_sub(20),
                "no policy applies to it",
            );
        }
        for Line {
            name,
            command,
            restrictive,
        } in &cell.policies
        {
            y = y.saturating_add(LINE);
            let (class, and) = match restrictive {
                true => ("restrictive", "and "),
                false => ("policy", ""),
            };
            let text = format!("{and}{name} · {command}");
            self.text(class, (x, y), COLUMN.saturating_sub(20), &text);
        }
    }
}

fn height(row: &Row) -> usize {
    let lines = row.cells.iter().map(|cell| cell.policies.len()).max();
    CELL.saturating_add(lines.unwrap_or(0).saturating_mul(LINE))
}

/// The left edge of a role's column.
fn column(at: usize) -> usize {
    let columns = at.saturating_mul(COLUMN.saturating_add(GAP));
    MARGIN
        .saturating_add(NAMES)
        .saturating_add(GAP)
        .saturating_add(columns)
}

/// Returns the picture as SVG.
pub fn draw(picture: &Picture) -> String {
    // The legend needs the room of two roles.
    let width = column(picture.roles.len().max(2)).saturating_add(MARGIN.saturating_sub(GAP));
    let rows = picture
        .rows
        .iter()
        .map(|row| height(row).saturating_add(GAP));
    let rows: usize = rows.fold(0, usize::saturating_add);
    let height_of_all = [MARGIN, TITLE, HEAD, rows, MARGIN]
        .into_iter()
        .fold(0, usize::saturating_add);

    let mut svg = Svg(String::new());
    svg.push(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height_of_all}" viewBox="0 0 {width} {height_of_all}" role="img">"#
    ));
    let title = format!("Who reaches what in schema {}", picture.schema);
    svg.push(format_args!("<title>{}</title>", escaped(&title)));
    svg.push(format_args!("<style>{STYLE}</style>"));
    svg.push(format_args!(
        r#"<rect class="page" width="{width}" height="{height_of_all}"/>"#
    ));
    let inner = width.saturating_sub(MARGIN.saturating_mul(2));
    svg.text("title", (MARGIN, MARGIN.saturating_add(18)), inner, &title);
    legend(&mut svg);

    let head = MARGIN.saturating_add(TITLE);
    for (at, role) in picture.roles.iter().enumerate() {
        let at = (column(at).saturating_add(10), head.saturating_add(16));
        svg.text("role", at, COLUMN.saturating_sub(20), role);
    }
    if picture.roles.is_empty() || picture.rows.is_empty() {
        let nobody = match picture.rows.is_empty() {
            true => "There is no table or view in this schema.",
            false => "No role of a client reaches this schema.",
        };
        svg.text("small", (MARGIN, head.saturating_add(16)), inner, nobody);
    }
    let mut y = head.saturating_add(HEAD);
    for row in &picture.rows {
        let height = height(row);
        svg.rect("box", [MARGIN, y, NAMES, height]);
        let x = MARGIN.saturating_add(10);
        let room = NAMES.saturating_sub(20);
        svg.text("name", (x, y.saturating_add(19)), room, &row.name);
        svg.text("small", (x, y.saturating_add(36)), room, &row.note);
        for (at, cell) in row.cells.iter().enumerate() {
            svg.cell(cell, [column(at), y, height]);
        }
        y = y.saturating_add(height).saturating_add(GAP);
    }
    svg.0.push_str("</svg>\n");
    svg.0
}

/// Draws what the colours and letters mean.
fn legend(svg: &mut Svg) {
    let y = MARGIN.saturating_add(34);
    let meanings = [
        ("all", 0, "every row"),
        ("some", 120, "some rows"),
        ("none", 250, "no row"),
    ];
    for (class, x, words) in meanings {
        let x = MARGIN.saturating_add(x);
        svg.rect(class, [x, y, 20, 16]);
        let at = (x.saturating_add(26), y.saturating_add(12));
        svg.text("small", at, 100, words);
    }
    svg.guard(true, (MARGIN.saturating_add(350), y));
    svg.guard(false, (MARGIN.saturating_add(450), y));
    let y = y.saturating_add(36);
    let words = "S select, I insert, U update, D delete · “and”: a restrictive policy";
    svg.text("small", (MARGIN, y), 700, words);
}
