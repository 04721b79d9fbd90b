//! The user that runs servers: Postgres refuses to run as root.

use crate::error::{Context, Error, Result};
use crate::unix;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// An unprivileged user of this system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUser {
    /// Its login name.
    pub name: String,
    uid: u32,
    gid: u32,
}

impl ServerUser {
    /// The user to run servers as; `None` if this process is not root: then everything runs as the
    /// current user.
    pub fn needed() -> Result<Option<ServerUser>> {
        if !unix::is_root() {
            return Ok(None);
        }
        let known = std::fs::read_to_string("/etc/passwd").context(|| "/etc/passwd".into())?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| find(&known, name))
            .map(Some)
            .ok_or_else(|| Error::new("no user may run the server").hint("add a user `postgres`"))
    }

    /// Runs a command as this user, without any of root's groups.
    pub fn run<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        // std drops the supplementary groups too when it changes the user as root.
        command.uid(self.uid).gid(self.gid)
    }

    /// Makes this user the owner of a file or directory.
    pub fn give(&self, path: &Path) -> Result<()> {
        chown(path, Some(self.uid), Some(self.gid)).context(|| format!("{}", path.display()))
    }
}

fn find(passwd: &str, name: &str) -> Option<ServerUser> {
    let mut parts = passwd
        .lines()
        .map(|line| line.split(':'))
        .find_map(|mut parts| (parts.next() == Some(name)).then_some(parts))?;
    let uid = parts.nth(1)?.parse().ok()?;
    let gid = parts.next()?.parse().ok()?;
    Some(ServerUser {
        name: name.to_owned(),
        uid,
        gid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgresx:x:7:8:::\npostgres:x:101:104:a,b:/:/x\n";
        let found = find(passwd, "postgres").unwrap();
        assert_eq!((found.uid, found.gid), (101, 104));
        assert_eq!(find(passwd, "nobody"), None);
    }
}
