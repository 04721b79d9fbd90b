//! The systems as debootstrap makes them. Each is made once, and is never written to again.

use super::isolated;
use crate::error::{Context, Result};
use crate::{command, dirs, packages};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A system to start from: a release of Debian with some packages.
#[derive(Clone, Copy, Debug)]
pub struct Base {
    /// The release.
    pub suite: &'static str,
    /// Another release, whose packages are installed if this one has none of that name.
    pub also: Option<&'static str>,
    /// The packages beyond the essential ones.
    pub packages: &'static [&'static str],
}

impl Base {
    /// The directory of the system in the cache. If it is missing, this makes it, which takes a
    /// minute or two.
    pub fn ensure(&self) -> Result<PathBuf> {
        let all = dirs::readable_dir(dirs::servers()?.join("bare"))?;
        let root = all.join(format!("{}-{}", self.suite, self.packages.join("+")));
        let alone = File::create(all.join("lock"))?;
        alone.lock()?;
        if !root.is_dir() {
            packages::ensure_debootstrap()?;
            command::progress(format!(
                "making a bare system: {} with {}",
                self.suite,
                self.packages.join(", ")
            ));
            dirs::complete(&root, |dir| self.make(dir))
                .context(|| format!("cannot make a bare system of {}", self.suite))?;
        }
        Ok(root)
    }

    fn make(&self, dir: &Path) -> Result<()> {
        let mirror = packages::mirror()?;
        let mut debootstrap = isolated("debootstrap");
        debootstrap.args(["--variant=minbase", "--keyring", packages::KEYRING]);
        command::run_briefly(debootstrap.arg(self.suite).arg(dir).arg(&mirror))?;

        // A mirror may lag behind: what it has is signed all the same.
        let sources: String = [Some(self.suite), self.also]
            .into_iter()
            .flatten()
            .map(|suite| format!("deb [check-valid-until=no] {mirror} {suite} main\n"))
            .collect();
        fs::write(dir.join("etc/apt/sources.list"), sources)?;
        // Nothing that is installed here may start a service, or make a server of its own.
        let policy = dir.join("usr/sbin/policy-rc.d");
        fs::write(&policy, "#!/bin/sh\nexit 101\n")?;
        fs::set_permissions(&policy, Permissions::from_mode(0o755))?;
        let common = dir.join("etc/postgresql-common");
        fs::create_dir_all(&common)?;
        fs::write(
            common.join("createcluster.conf"),
            "create_main_cluster = false\n",
        )?;
        let mut install = isolated("chroot");
        install
            .arg(dir)
            .args(["sh", "-euc", INSTALL, "sh"])
            .args(self.packages);
        install.env("DEBIAN_FRONTEND", "noninteractive");
        install.env("LC_ALL", "C.UTF-8");
        command::run_briefly(&mut install)
    }
}

/// Installs packages in a new system. A system that is thrown away if it is incomplete needs none
/// of dpkg's waiting for the disk.
const INSTALL: &str = "mount -t proc proc /proc
apt-get update -qq
apt-get install -qq -y --no-install-recommends \
    -o DPkg::Options::=--force-unsafe-io -o DPkg::Options::=--force-confold \"$@\"
apt-get clean";
