//! Moving the data of a server to another major version.

use super::{Cluster, Config, scratch};
use crate::error::{Context, Error, Result};
use crate::postgres::Install;

impl Cluster {
    /// Stops this server for good, and starts one on another Postgres with the same data, which
    /// `pg_upgrade` converts.
    pub fn upgraded(&mut self, install: &Install, config: Config) -> Result<Cluster> {
        self.stop()?;
        let mut new = Self::prepare(install, &config, scratch::fresh(install)?)?;
        // Both servers must agree on checksums; Postgres 18 turns them on by default.
        let checksums = (install.major >= 18).then_some("--no-data-checksums");
        new.initdb(&config, checksums)?;
        new.append_settings(&config.lines(&new.dir, new.port))?;
        let mut upgrade = new.server_command("pg_upgrade");
        upgrade.arg("--old-bindir").arg(&self.install.bin);
        upgrade.arg("--new-bindir").arg(&install.bin);
        upgrade.arg("--old-datadir").arg(self.data());
        upgrade.arg("--new-datadir").arg(new.data());
        upgrade.arg("--username=postgres");
        // pg_upgrade writes its errors to stdout.
        let output = upgrade
            .output()
            .context(|| "cannot run pg_upgrade".into())?;
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stdout);
            return Err(Error::new(format!("cannot upgrade the data:\n{told}")));
        }
        new.start()?;
        Ok(new)
    }
}
