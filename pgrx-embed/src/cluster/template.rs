//! Data directories to copy, so that a throw-away server needs neither `initdb` nor `create
//! extension`. Each version of Postgres has one. It is made anew if the library or its SQL has
//! changed.

use super::config::line;
use super::{Cluster, Config, scratch};
use crate::error::{Context, Error, Result};
use crate::postgres::Install;
use crate::{command, dirs};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The template's database, which has the extension.
pub(super) const DATABASE: &str = "prepared";

/// The template for the extension that is installed in this Postgres. Copies of it have `settings`
/// in their postgresql.conf. If there is no such template yet, this makes it. Only one process at a
/// time may call this function.
pub fn ensure(install: &Install, settings: &[(&str, &str)]) -> Result<PathBuf> {
    let all = dirs::own_servers()?;
    let kind = format!("template-{}-", install.major);
    let name = format!("{kind}{:016x}", contents(install, settings)?);
    let place = all.join(&name);
    if !place.is_dir() {
        let lock = lock()?;
        lock.lock()?;
        for entry in fs::read_dir(&all)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&kind) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        dirs::complete(&place, |dir| make(install, settings, dir))
            .context(|| "cannot make the data directory to copy".into())?;
    }
    Ok(place)
}

/// A hash of everything that the template is made of.
fn contents(install: &Install, settings: &[(&str, &str)]) -> Result<u64> {
    let mut files = vec![install.pkglib.join("authguard.so")];
    for entry in fs::read_dir(install.extensions())? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("authguard") {
            files.push(entry.path());
        }
    }
    files.sort();
    let sums = command::capture(Command::new("sha256sum").args(&files))?;
    let mut hasher = DefaultHasher::new();
    (&install.version, sums, settings).hash(&mut hasher);
    Ok(hasher.finish())
}

fn make(install: &Install, lasting: &[(&str, &str)], dir: &Path) -> Result<()> {
    let config = Config::default();
    let mut cluster = Cluster::prepare(install, &config, scratch::fresh(install)?)?;
    cluster.initdb(&config, None)?;
    let settings = cluster.data().join("postgresql.conf");
    let lines: String = lasting
        .iter()
        .map(|(name, value)| line(name, value))
        .collect();
    let untouched = format!("{}\n{lines}", fs::read_to_string(&settings)?);
    cluster.append_settings(&config.lines(&cluster.dir, cluster.port))?;
    cluster.start()?;
    cluster.create_database(DATABASE)?;
    cluster.stop()?;
    fs::write(&settings, untouched)?;
    command::run(
        Command::new("cp")
            .arg("-a")
            .arg(cluster.data())
            .arg(data(dir)),
    )
}

impl Cluster {
    /// Makes the data directory as a copy of a template.
    pub(super) fn copy_data(&mut self, template: &Path) -> Result<()> {
        // A process that makes a newer template removes this one.
        let lock = lock()?;
        lock.lock_shared()?;
        if !template.is_dir() {
            return Err(Error::new(format!("{} is gone", template.display()))
                .hint("the extension was built again meanwhile: run the tests once more"));
        }
        let mut copy = Command::new("cp");
        copy.arg("-a").arg(data(template)).arg(self.data());
        command::run(&mut copy)?;
        *self.prepared.get_mut() = true;
        Ok(())
    }
}

fn data(template: &Path) -> PathBuf {
    template.join("data")
}

fn lock() -> Result<File> {
    let file = dirs::own_servers()?.join("template.lock");
    File::create(&file).context(|| format!("cannot write {}", file.display()))
}
