//! Directories of the tool. In the checkout it keeps nothing but `target/`.
//!
//! If the tool runs as root, the server runs as another user, who cannot read root's home. So files
//! that the server reads (its own programs, the library) are in a directory that everybody may
//! read. Files that only the builder reads (cargo-pgrx, the downloads) are in the user's cache.

use crate::error::{Context, Error, Result};
use crate::signals;
use crate::unix::{is_roomy, is_root, uid};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The checkout that this tool was built from.
pub fn checkout() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// A directory in cargo's target directory.
pub fn target(name: &str) -> PathBuf {
    checkout().join("target").join(name)
}

/// The builder's cache: `$XDG_CACHE_HOME/authguard` or `~/.cache/authguard`.
pub fn cache() -> Result<PathBuf> {
    let cache = match (std::env::var_os("XDG_CACHE_HOME"), std::env::home_dir()) {
        (Some(dir), _) if !dir.is_empty() => PathBuf::from(dir),
        (_, Some(home)) => home.join(".cache"),
        _ => return Err(Error::new("there is no home directory").hint("set XDG_CACHE_HOME")),
    };
    readable_dir(cache.join("authguard"))
}

/// Unpacked servers, readable for the user that runs them.
pub fn servers() -> Result<PathBuf> {
    match is_root() {
        true => readable_dir(PathBuf::from("/var/cache/authguard")),
        false => cache(),
    }
}

/// This checkout's copies of servers. Two checkouts never load each other's library.
pub fn own_servers() -> Result<PathBuf> {
    let name = checkout()
        .to_string_lossy()
        .trim_matches('/')
        .replace('/', "-");
    let all = readable_dir(servers()?.join("checkouts"))?;
    readable_dir(all.join(name))
}

/// Data directories and sockets, on disk. The path is short, because a socket's path may have 107
/// bytes.
pub fn run() -> Result<PathBuf> {
    shared("/var/tmp")
}

/// The same for throw-away servers: in memory if there is room for them. Some file systems take
/// longer to make the files of a data directory than `initdb` takes to fill them.
pub fn scratch() -> Result<PathBuf> {
    static IN_MEMORY: OnceLock<bool> = OnceLock::new();
    const ROOM: u64 = 4 << 30;
    let memory = "/dev/shm";
    match IN_MEMORY.get_or_init(|| is_roomy(Path::new(memory), ROOM)) {
        true => shared(memory),
        false => run(),
    }
}

/// This user's directory in a directory that everybody may write to. Fails if another user has made
/// it first.
fn shared(place: &str) -> Result<PathBuf> {
    let dir = readable_dir(PathBuf::from(format!("{place}/authguard-embed-{}", uid())))?;
    let owner = fs::symlink_metadata(&dir)?;
    if owner.uid() != uid() || !owner.is_dir() {
        return Err(
            Error::new(format!("{} belongs to somebody else", dir.display()))
                .hint("have it removed, then try again"),
        );
    }
    Ok(dir)
}

/// Makes a directory that every user may enter, even under a strict umask.
pub fn readable_dir(dir: PathBuf) -> Result<PathBuf> {
    if !dir.is_dir() {
        fs::create_dir_all(&dir).context(|| format!("cannot make {}", dir.display()))?;
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755))?;
    }
    Ok(dir)
}

/// Moves a finished directory into place, so that an interrupted step leaves nothing that looks
/// complete. `fill` gets a fresh directory beside `place`.
pub fn complete(place: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let mut partial = place.as_os_str().to_owned();
    partial.push(format!(".partial-{}", std::process::id()));
    let partial = PathBuf::from(partial);
    let _ = fs::remove_dir_all(&partial);
    readable_dir(partial.clone())?;
    let doomed = partial.clone();
    let _undone = signals::on_interrupt(move || {
        let _ = fs::remove_dir_all(doomed);
    });
    let filled = fill(&partial).and_then(|()| {
        fs::rename(&partial, place).context(|| format!("cannot make {}", place.display()))
    });
    if filled.is_err() {
        let _ = fs::remove_dir_all(&partial);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_step_leaves_nothing_that_looks_complete() {
        let place = std::env::temp_dir().join(format!("embed-complete-{}", std::process::id()));
        let failed = complete(&place, |dir| {
            fs::write(dir.join("half"), "")?;
            Err(Error::new("interrupted"))
        });
        assert!(failed.is_err() && !place.exists());
        complete(&place, |dir| Ok(fs::write(dir.join("whole"), "")?)).unwrap();
        assert!(place.join("whole").exists());
        fs::remove_dir_all(&place).unwrap();
    }
}
