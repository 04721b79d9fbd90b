//! Bare Debian systems, to try packages in as a new user would.
//!
//! Each trial gets a file system in memory above a system of the cache, and namespaces of its own
//! for processes and mounts. So everything that it starts and mounts ends with it, even if the tool
//! is killed.

mod base;

pub use base::Base;

use crate::error::{Context, Error, Result};
use crate::signals::{self, Registered};
use crate::{command, dirs, procfs, unix};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The PATH of root in Debian.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Mounts a writable file system in memory above the directory `$2`. It is seen only in the
/// namespace of this script, so every system can have the same mount point, `$1`.
const MOUNT: &str = r#"
mount -t tmpfs -o mode=0755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
cd "$1/root"
"#;

/// Continues as the first process of the system, which ends when its standard input does: `wait`
/// also collects processes that have lost their parent.
const ENTER: &str = r#"
mount -t proc proc proc
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
exec chroot . sh -c 'exec 3<&0; cat <&3 >/dev/null & echo ready; wait'
"#;

/// A running system, which ends when this is dropped.
pub struct System {
    holder: Child,
    init: i32,
    _registered: Registered,
}

/// The reason why no bare system can run here; `None` if one can.
pub fn obstacle() -> Option<String> {
    if !unix::is_root() {
        return Some("bare systems need root".into());
    }
    let probe = || -> Result<()> {
        let mut mount = isolated("sh");
        mount.args(["-euc", MOUNT, "sh"]).arg(mount_point()?);
        command::run(mount.arg("/usr").stderr(Stdio::piped()))
    };
    probe()
        .err()
        .map(|error| format!("nothing can be mounted here: {error}"))
}

impl System {
    /// Starts a system from a base, which this makes if it is not in the cache.
    pub fn start(base: &Base) -> Result<System> {
        let lower = base.ensure()?;
        let mut command = isolated("sh");
        command
            .args(["-euc", &format!("{MOUNT}{ENTER}"), "sh"])
            .arg(mount_point()?)
            .arg(lower);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut holder, _registered) =
            signals::spawn(&mut command, kill).context(|| "cannot start a bare system".into())?;
        let mut told = String::new();
        if let Some(stdout) = holder.stdout.take() {
            BufReader::new(stdout).read_line(&mut told)?;
        }
        let init = procfs::children(holder.id() as i32).first().copied();
        let (Some(init), "ready\n") = (init, told.as_str()) else {
            kill(holder.id() as i32);
            let mut why = String::new();
            if let Some(mut stderr) = holder.stderr.take() {
                stderr.read_to_string(&mut why)?;
            }
            holder.wait()?;
            return Err(Error::new(format!("the bare system did not start: {why}")));
        };
        Ok(System {
            holder,
            init,
            _registered,
        })
    }

    /// A file of the system, as processes outside of it see it.
    pub fn path(&self, inside: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{inside}", self.init))
    }

    /// A command in the system, run by one of its users.
    pub fn command(&self, user: &str, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--target={}", self.init))
            .args(["--mount", "--pid", "--ipc", "--root", "--wd", "setpriv"]);
        command.arg(format!("--reuid={user}"));
        command.arg(format!("--regid={user}")).arg("--init-groups");
        command.args(["--", program]).env_clear();
        command.env("PATH", PATH).env("LC_ALL", "C.UTF-8");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// Runs a script in the system with `sh`, as one of its users. Returns what it printed.
    pub fn run(&self, user: &str, script: &str) -> Result<String> {
        let mut sh = self.command(user, "sh");
        command::capture(sh.args(["-euc", script]))
            .context(|| format!("in the bare system, as {user}: {}", script.trim()))
    }

    /// Copies a file or a directory into a directory of the system.
    pub fn copy_in(&self, from: &Path, into: &str) -> Result<()> {
        let mut copy = Command::new("cp");
        command::run(copy.arg("-r").arg(from).arg(self.path(into)))
    }
}

impl Drop for System {
    fn drop(&mut self) {
        kill(self.holder.id() as i32);
        let _ = self.holder.wait();
        procfs::wait_while(|| procfs::is_alive(self.init), Duration::from_secs(10));
    }
}

/// A command that sees mounts and processes of its own only. If the command is killed, they end.
fn isolated(program: &str) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--pid", "--ipc", "--fork", "--kill-child", "--"])
        .arg(program);
    command.env("PATH", PATH);
    command
}

/// The first process of the namespace has asked the kernel to end with this one, and takes all the
/// others with it.
fn kill(holder: i32) {
    unix::send(holder, libc::SIGKILL);
}

fn mount_point() -> Result<PathBuf> {
    let all = dirs::readable_dir(dirs::servers()?.join("bare"))?;
    dirs::readable_dir(all.join("mount"))
}
