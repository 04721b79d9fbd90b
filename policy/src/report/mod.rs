//! Findings in the forms that other programs read.

mod files;
mod sarif;
mod tap;

pub use files::{Files, FilesError};
pub use sarif::sarif;
pub use tap::tap;

/// Where the pages are that findings name.
const PAGES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/");

/// Returns a text in one line, with a space for each control character.
fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(shown).collect()
}
