//! `cargo embed demo --picture`: a picture of a terminal, with what the demo prints of its first
//! story.

use crate::command;
use crate::error::{Context, Error, Result};
use anstyle::{AnsiColor, RgbColor};
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
    const RED: RgbColor = RgbColor(0xff, 0x7b, 0x72);
    const GREEN: RgbColor = RgbColor(0x56, 0xd3, 0x64);
    let mut palette = anstyle_svg::VGA;
    palette.0[AnsiColor::Red as usize] = RED;
    palette.0[AnsiColor::Green as usize] = GREEN;
    let picture = anstyle_svg::Term::new()
        .palette(palette)
        .fg_color(RgbColor(0xe6, 0xed, 0xf3).into())
        .bg_color(RgbColor(0x16, 0x1b, 0x22).into())
        .render_svg(screen);
    scalable(&picture)
}

/// The picture with a view box of its size. Without one a narrow page cuts a picture off.
fn scalable(picture: &str) -> String {
    let size = |name: &str| {
        let (_, rest) = picture.split_once(&format!("{name}=\""))?;
        Some(rest.split_once("px\"")?.0)
    };
    match (size("width"), size("height")) {
        (Some(width), Some(height)) => {
            let view = format!("<svg viewBox=\"0 0 {width} {height}\" ");
            picture.replacen("<svg ", &view, 1)
        }
        _ => picture.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_keeps_its_text_and_colours() {
        let picture = drawn("notes: \u{1b}[32min\u{1b}[0m <3\n");
        assert!(
            picture.starts_with("<svg viewBox=\"0 0 ") && picture.contains("&lt;3"),
            "{picture}"
        );
        assert!(picture.contains(">in</tspan>"), "{picture}");
        assert!(!picture.contains('\u{1b}'));
    }
}
