//! A copy of Postgres for one server alone. The server's test may break the copy.

use super::Cluster;
use crate::command;
use crate::error::{Context, Result};
use crate::postgres::Install;
use std::path::{Path, PathBuf};
use std::process::Command;

impl Cluster {
    /// Restarts the server from a copy of its Postgres, and returns that copy. The copy is removed
    /// with the server.
    pub fn restart_apart(&mut self) -> Result<Install> {
        let shared = &self.install;
        let root = common(&common(&shared.bin, &shared.pkglib), &shared.share);
        let own = self.dir.join("postgres");
        command::run(Command::new("cp").arg("-a").arg(&root).arg(&own))
            .context(|| "cannot copy Postgres".into())?;
        let bin = shared.bin.strip_prefix(&root).unwrap_or(&shared.bin);
        self.install = Install::at(&own.join(bin))?;
        self.restart()?;
        Ok(self.install.clone())
    }
}

/// The deepest directory that contains both paths.
fn common(a: &Path, b: &Path) -> PathBuf {
    let both = a.components().zip(b.components());
    both.take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_directory_keeps_the_shape_that_postgres_relies_on() {
        let found = common(
            Path::new("/c/usr/lib/postgresql/15/bin"),
            Path::new("/c/usr/share/postgresql/15"),
        );
        assert_eq!(found, Path::new("/c/usr"));
    }
}
