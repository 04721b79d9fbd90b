//! Released scripts. They never change: whoever has installed one is updated from exactly that
//! script. `tests/schema/released.sha256` has the hash of each, as `sha256sum --check` reads it.
//! RELEASING.md says when a line is added.

use crate::command;
use crate::error::{Context, Error, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory of the snapshots, in which `sha256sum --check` is to be run.
const SNAPSHOTS: &str = "tests/schema";
/// The directory from which cargo-pgrx installs update scripts, `authguard--OLD--NEW.sql`.
const UPDATES: &str = "sql";
const HASHES: &str = "released.sha256";

/// The number of each part of a version.
type Version = Vec<u32>;

/// The scripts of a checkout.
pub struct Scripts {
    checkout: PathBuf,
    /// The version that the checkout makes.
    head: String,
}

impl Scripts {
    /// The scripts of a checkout that makes version `head`.
    pub fn new(checkout: &Path, head: &str) -> Self {
        Self {
            checkout: checkout.to_owned(),
            head: head.to_owned(),
        }
    }

    /// The released scripts by the names in the list, each with its hash.
    fn frozen(&self) -> Result<Vec<(String, String)>> {
        let list = self.snapshots().join(HASHES);
        let told =
            fs::read_to_string(&list).context(|| format!("cannot read {}", list.display()))?;
        told.lines()
            .map(|line| match line.split_once("  ") {
                Some((hash, name)) => Ok((name.to_owned(), hash.to_owned())),
                None => Err(Error::new(format!(
                    "{}: not a line of sha256sum: {line}",
                    list.display()
                ))),
            })
            .collect()
    }

    /// The released versions that are older than the one in the checkout, the oldest first.
    pub fn earlier(&self) -> Result<Vec<String>> {
        let mut versions: Vec<String> = self
            .frozen()?
            .iter()
            .filter_map(|(name, _)| Some(version_of(name)?.to_owned()))
            .filter(|version| *version != self.head)
            .collect();
        versions.sort_by_key(|version| numbers(version));
        Ok(versions)
    }

    /// The install script of a version.
    pub fn snapshot(&self, version: &str) -> PathBuf {
        self.snapshots().join(format!("authguard--{version}.sql"))
    }

    /// Fails if that install script is released.
    pub fn require_unreleased(&self, version: &str) -> Result<()> {
        let frozen = self.frozen()?;
        match frozen
            .iter()
            .any(|(name, _)| version_of(name) == Some(version))
        {
            false => Ok(()),
            true => Err(Error::new(format!(
                "{version} is released: its install script never changes"
            ))
            .hint("begin the next version: RELEASING.md, step 1")),
        }
    }

    /// The problems of the scripts, each as a sentence; none if all is in order.
    pub fn problems(&self) -> Result<Vec<String>> {
        let frozen = self.frozen()?;
        let mut problems = Vec::new();
        for (name, hash) in &frozen {
            match sha256(&self.snapshots().join(name)) {
                Ok(found) if found == *hash => {}
                Ok(_) => problems.push(format!("{name} has changed since its release")),
                Err(error) => problems.push(format!("{name} is gone: {error}")),
            }
        }
        let named: BTreeSet<&str> = frozen.iter().map(|(name, _)| name.as_str()).collect();
        for version in self.versions()? {
            let name = format!("authguard--{version}.sql");
            if version != self.head && !named.contains(name.as_str()) {
                problems.push(format!("{name} is of another version, and not in {HASHES}"));
            }
        }
        let updates = self.updates()?;
        for (from, to) in &updates {
            let script = format!("authguard--{from}--{to}.sql");
            let is_released =
                *to != self.head || frozen.iter().any(|(name, _)| version_of(name) == Some(to));
            if is_released && !named.contains(format!("../../{UPDATES}/{script}").as_str()) {
                problems.push(format!(
                    "{script} leads to a release, and is not in {HASHES}"
                ));
            }
            problems.extend(self.form(&script)?);
        }
        for version in self.earlier()? {
            if numbers(&version) >= numbers(&self.head) {
                problems.push(format!("{version} is released: {} is older", self.head));
            } else if !leads(&updates, &version, &self.head) {
                problems.push(format!("no update leads from {version} to {}", self.head));
            }
        }
        Ok(problems)
    }

    /// The problems of an update script's first and last statement.
    fn form(&self, script: &str) -> Result<Vec<String>> {
        let text = fs::read_to_string(self.checkout.join(UPDATES).join(script))?;
        let guard = "\\echo Use \"alter extension authguard update\" to load this file. \\quit";
        let close = "select authguard.close_grants(keep_doors => true);";
        let mut problems = Vec::new();
        if text.lines().next() != Some(guard) {
            problems.push(format!("{script} does not begin with: {guard}"));
        }
        if text.lines().last() != Some(close) {
            problems.push(format!("{script} does not end with: {close}"));
        }
        Ok(problems)
    }

    fn snapshots(&self) -> PathBuf {
        self.checkout.join(SNAPSHOTS)
    }

    /// The versions that have a snapshot.
    fn versions(&self) -> Result<Vec<String>> {
        let names = names(&self.snapshots())?;
        Ok(names
            .iter()
            .filter_map(|name| Some(version_of(name)?.to_owned()))
            .collect())
    }

    /// The update scripts: from which version to which.
    fn updates(&self) -> Result<Vec<(String, String)>> {
        let names = names(&self.checkout.join(UPDATES))?;
        Ok(names
            .iter()
            .filter_map(|name| {
                let (from, to) = stem(name)?.split_once("--")?;
                Some((from.to_owned(), to.to_owned()))
            })
            .collect())
    }
}

/// `OLD--NEW` or `VERSION`, from the name of a script.
fn stem(name: &str) -> Option<&str> {
    name.strip_prefix("authguard--")?.strip_suffix(".sql")
}

/// The version in the name of an install script.
fn version_of(name: &str) -> Option<&str> {
    stem(name).filter(|version| !version.contains("--"))
}

fn names(dir: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(dir).context(|| format!("cannot read {}", dir.display()))?;
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn numbers(version: &str) -> Version {
    let numbers = version.split('.');
    numbers.map(|n| n.parse().unwrap_or(u32::MAX)).collect()
}

/// Returns true if updates lead from one version to another.
fn leads(updates: &[(String, String)], from: &str, to: &str) -> bool {
    from == to
        || updates
            .iter()
            // Each step goes forward, so that this ends.
            .filter(|(old, new)| old == from && numbers(old) < numbers(new))
            .any(|(_, new)| leads(updates, new, to))
}

fn sha256(file: &Path) -> Result<String> {
    let told = command::capture(Command::new("sha256sum").arg("--").arg(file))?;
    Ok(told
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned())
}
