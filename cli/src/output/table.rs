//! A table as psql shows it.

use crate::terminal::printable;
use anstyle::Style;
use std::fmt::Write;

/// Rows of text under names. Nothing is shown for NULL.
pub struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// A text and how it looks on a terminal.
pub struct Cell {
    text: String,
    style: Style,
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Self::from(text.unwrap_or_default())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self {
            text: printable(&text),
            style: Style::new(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl Cell {
    /// Gives the text a look.
    pub fn styled(mut self, style: Style) -> Self {
        self.style = style;
        self
    }
}

impl Table {
    /// An empty table.
    pub fn new(columns: &[&'static str]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The table as text.
    pub fn render(&self) -> String {
        let width = |at: usize, name: &str| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            let widest = cells.map(|cell| cell.text.chars().count()).max();
            widest.unwrap_or(0).max(name.chars().count())
        };
        let widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, name)| width(at, name))
            .collect();
        let mut text = String::new();
        let heads = self.columns.iter().zip(&widths).map(|(name, width)| {
            let left = (width - name.chars().count()) / 2;
            let padded = format!("{}{name}", " ".repeat(left));
            format!("{padded:width$}")
        });
        line(&mut text, heads.collect());
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
        let _ = writeln!(text, "{}", rules.join("+"));
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| {
                let gap = " ".repeat(width - cell.text.chars().count());
                let (on, off) = (cell.style.render(), cell.style.render_reset());
                format!("{on}{}{off}{gap}", cell.text)
            });
            line(&mut text, cells.collect());
        }
        let rows = if self.rows.len() == 1 { "row" } else { "rows" };
        let _ = writeln!(text, "({} {rows})", self.rows.len());
        text
    }
}

fn line(text: &mut String, cells: Vec<String>) {
    let line = format!(" {}", cells.join(" | "));
    let _ = writeln!(text, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_looks_as_in_psql() {
        let mut table = Table::new(&["rule", "a"]);
        table.push(vec!["naïve".into(), None.into()]);
        table.push(vec!["b".into(), "two\nlines\u{1b}[31m".into()]);
        assert_eq!(
            table.render(),
            concat!(
                " rule  |          a\n",
                "-------+----------------------\n",
                " naïve |\n",
                " b     | two\\nlines\\u{1b}[31m\n",
                "(2 rows)\n"
            )
        );
        let mut one = Table::new(&["x"]);
        one.push(vec!["1".into()]);
        assert!(one.render().ends_with("\n(1 row)\n"));
    }
}
