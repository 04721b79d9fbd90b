//! `cargo embed schema`: a snapshot of the install script that the library describes, so that every
//! change of the SQL surface shows in a diff.

use crate::error::{Context, Error, Result};
use crate::postgres::Install;
use crate::released::Scripts;
use crate::{command, dirs};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// All crates of the workspace share the extension's version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes the snapshot anew. Fails if the version is released.
pub fn accept(install: &Install) -> Result<()> {
    scripts().require_unreleased(VERSION)?;
    let snapshot = snapshot();
    if let Some(dir) = snapshot.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(&snapshot, current(install)?)
        .context(|| format!("cannot write {}", snapshot.display()))?;
    eprintln!("wrote {}", snapshot.display());
    Ok(())
}

/// Compares the script with the snapshot. A difference is printed and is an error.
pub fn check(install: &Install) -> Result<()> {
    let snapshot = snapshot();
    let now = dirs::target("schema.sql");
    fs::write(&now, current(install)?)?;
    let accept = match scripts().require_unreleased(VERSION) {
        Ok(()) => "if the change is meant: cargo embed schema",
        Err(_) => "this version is released: begin the next one, RELEASING.md, step 1",
    };
    if !snapshot.is_file() {
        return Err(Error::new(format!("there is no {}", snapshot.display())).hint(accept));
    }
    let mut diff = Command::new("diff");
    diff.args(["-u", "--label", "the snapshot", "--label", "built now"])
        .arg(&snapshot)
        .arg(&now);
    match command::tee(&mut diff)? {
        (true, _) => Ok(()),
        (false, _) => Err(Error::new("the install script differs from its snapshot").hint(accept)),
    }
}

fn scripts() -> Scripts {
    Scripts::new(dirs::checkout(), VERSION)
}

fn snapshot() -> PathBuf {
    scripts().snapshot(VERSION)
}

/// The script that was installed with the library, as the library describes it.
fn current(install: &Install) -> Result<String> {
    let name = format!("authguard--{VERSION}.sql");
    let file = install.extensions().join(name);
    let told = fs::read_to_string(&file).context(|| format!("cannot read {}", file.display()))?;
    Ok(stable(&told))
}

/// The script without line numbers of Rust files, which change with every edit above them.
fn stable(script: &str) -> String {
    let mut stable = String::with_capacity(script.len());
    for line in script.lines() {
        let kept = match line
            .strip_prefix("-- ")
            .and_then(|note| note.rsplit_once(':'))
        {
            Some((file, number)) if file.ends_with(".rs") && number.parse::<u32>().is_ok() => {
                &line[..3 + file.len()]
            }
            _ => line,
        };
        stable.push_str(kept.trim_end());
        stable.push('\n');
    }
    stable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_in_rust_files_lose_their_number() {
        let script = "-- src/lib.rs:12\n-- note: 7\nselect 1; -- src/lib.rs:12\n";
        assert_eq!(
            stable(script),
            "-- src/lib.rs\n-- note: 7\nselect 1; -- src/lib.rs:12\n"
        );
    }
}
