//! `cargo embed reference`: the pages of functions, tables and settings, written from the comments
//! and descriptions of the running extension.
//!
//! The templates beside this file have the order, the groups and the prose. A line `{name}` stands
//! for what the extension says of `name`.

mod catalogue;
mod settings;
mod words;

use crate::cluster::{Cluster, Config};
use crate::error::{Context, Error, Result};
use crate::postgres::Install;
use crate::{command, dirs};
use postgres::Client;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What the extension says of one name.
struct Entry {
    text: String,
    /// True if the page must have it.
    is_public: bool,
}

/// What the extension says of each name of one kind.
type Entries = BTreeMap<String, Entry>;

/// A page of `docs/reference`.
pub struct Page {
    pub path: PathBuf,
    pub text: String,
}

/// The pages, as a superuser of a database with the extension sees it.
pub fn pages(client: &mut Client) -> Result<[Page; 3]> {
    client.batch_execute("load 'authguard'")?;
    let page = |name: &str, template: &str, entries: &Entries| {
        Ok::<_, Error>(Page {
            path: dirs::checkout().join("docs/reference").join(name),
            text: filled(name, template, entries)?,
        })
    };
    Ok([
        page(
            "functions.md",
            include_str!("functions.md"),
            &catalogue::functions(client)?,
        )?,
        page(
            "tables.md",
            include_str!("tables.md"),
            &catalogue::tables(client)?,
        )?,
        page(
            "settings.md",
            include_str!("settings.md"),
            &settings::settings(client)?,
        )?,
    ])
}

/// Writes the pages anew.
pub fn accept(install: &Install) -> Result<()> {
    for page in current(install)? {
        if let Some(dir) = page.path.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::write(&page.path, page.text)
            .context(|| format!("cannot write {}", page.path.display()))?;
        eprintln!("wrote {}", page.path.display());
    }
    Ok(())
}

/// Compares the pages with the extension. A difference is printed and is an error.
pub fn check(install: &Install) -> Result<()> {
    let mut differ = false;
    for page in current(install)? {
        let now = dirs::target("reference.md");
        fs::write(&now, page.text)?;
        let mut diff = Command::new("diff");
        diff.args(["-u", "-N"]).arg(&page.path).arg(&now);
        differ |= !command::tee(&mut diff)?.0;
    }
    match differ {
        false => Ok(()),
        true => Err(Error::new("docs/reference differs from the extension")
            .hint("write it anew: cargo embed reference")),
    }
}

/// The pages of the extension in this Postgres, from a server that is thrown away.
fn current(install: &Install) -> Result<[Page; 3]> {
    const DATABASE: &str = "reference";
    let cluster = Cluster::create(install, Config::default())?;
    cluster.create_database(DATABASE)?;
    pages(&mut cluster.connect("postgres", DATABASE)?)
}

/// The template with the entries in the place of their names.
fn filled(page: &str, template: &str, entries: &Entries) -> Result<String> {
    let mut text = String::new();
    let mut heading = "";
    let mut named = Vec::new();
    for line in template.lines() {
        if line.starts_with('#') {
            heading = line.split(' ').next().unwrap_or_default();
        }
        match line.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            Some(name) => {
                let entry = entries.get(name);
                let entry = entry.ok_or_else(|| {
                    Error::new(format!("{page} names {name}, which the extension has not"))
                })?;
                let says = words::wrapped(entry.text.trim_end());
                text += &format!("{heading}# {name}\n\n{says}");
                named.push(name);
            }
            None => text += &format!("{line}\n"),
        }
    }
    let is_missing = |(name, entry): &(&String, &Entry)| {
        entry.is_public && !named.contains(&name.as_str()) && !text.contains(&format!("# {name}\n"))
    };
    match entries.iter().find(is_missing) {
        None => Ok(text),
        Some((name, _)) => Err(Error::new(format!("{page} does not name {name}"))
            .hint(format!("add it to pgrx-embed/src/reference/{page}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(is_public: bool) -> Entries {
        let text = "it says".to_owned();
        [("a.b".to_owned(), Entry { text, is_public })].into()
    }

    #[test]
    fn an_entry_takes_the_place_of_its_name_below_the_heading() {
        let page = filled("", "## Group\n\n{a.b}\n\nMore.\n", &entries(true)).unwrap();
        assert_eq!(page, "## Group\n\n### a.b\n\nit says\n\nMore.\n");
    }

    #[test]
    fn a_name_that_is_unknown_or_missing_is_an_error() {
        assert!(filled("", "{a.c}\n", &entries(false)).is_err());
        assert!(filled("", "nothing\n", &entries(true)).is_err());
        assert!(filled("", "nothing\n", &entries(false)).is_ok());
    }
}
