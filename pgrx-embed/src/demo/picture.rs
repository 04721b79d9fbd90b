//! `cargo embed demo --picture`: the first story, as the demo prints it, as a picture of a terminal.

use crate::command;
use crate::error::{Context, Error, Result};
use std::path::Path;
use std::process::Command;

/// The first line of the second story.
const SECOND_STORY: &str = "Sessions of the database's own";

/// Runs this program's demo, and writes a picture of what it prints.
pub fn write(file: &Path, args: &[String]) -> Result<()> {
    let mut demo = Command::new(std::env::current_exe()?);
    demo.arg("demo").args(args).env("CLICOLOR_FORCE", "1");
    let (true, printed) = command::tee(&mut demo)? else {
        return Err(Error::new("the demo failed"));
    };
    let (story, _) = printed
        .split_once(SECOND_STORY)
        .ok_or_else(|| Error::new("the demo has no second story"))?;
    let screen = format!("$ cargo embed demo\n\n{}\n", story.trim());
    std::fs::write(file, drawn(&screen)).context(|| format!("cannot write {}", file.display()))?;
    eprintln!("wrote {}", file.display());
    Ok(())
}

/// An SVG of a screen. The terminal has a background of its own, so that it reads well in light and
/// dark pages.
fn drawn(screen: &str) -> String {
    anstyle_svg::Term::new().render_svg(screen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_keeps_its_text_and_colours() {
        let picture = drawn("notes: \u{1b}[32min\u{1b}[0m <3\n");
        assert!(
            picture.starts_with("<svg") && picture.contains("&lt;3"),
            "{picture}"
        );
        assert!(picture.contains(">in</tspan>"), "{picture}");
        assert!(!picture.contains('\u{1b}'));
    }
}
