//! The few system calls that std does not offer.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Sends a signal. Returns false if there is no such process or this user may not signal it.
pub fn send(pid: i32, signal: i32) -> bool {
    // SAFETY: kill takes plain numbers. A pid of 0 or below would name a group: never sent.
    pid > 0 && unsafe { libc::kill(pid, signal) } == 0
}

/// Returns true if this process runs as root.
pub fn is_root() -> bool {
    uid() == 0
}

/// The effective user id of this process.
pub fn uid() -> u32 {
    // SAFETY: geteuid has no arguments and cannot fail.
    unsafe { libc::geteuid() }
}

/// Returns true if a directory has that many free bytes and programs may run in it.
pub fn is_roomy(dir: &Path, bytes: u64) -> bool {
    let Ok(path) = CString::new(dir.as_os_str().as_bytes()) else {
        return false;
    };
    // SAFETY: a structure of numbers, for which zeros are values.
    let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a zero, the structure is written by nobody else; both live until
    // the call returns.
    let answered = unsafe { libc::statvfs(path.as_ptr(), &raw mut found) } == 0;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    answered && found.f_flag & libc::ST_NOEXEC == 0 && free >= bytes
}

/// Makes a command that outlives this process inherit none of its files. Otherwise the server would
/// hold a lock of `flock` or a pipe of CI as long as it runs.
pub fn inherit_no_files(command: &mut Command) -> &mut Command {
    // SAFETY: the closure runs between fork and exec and makes one system call, which only marks
    // descriptors beyond stderr to be closed by exec; a kernel without it leaves them open.
    unsafe {
        command.pre_exec(|| {
            libc::syscall(
                libc::SYS_close_range,
                3,
                u32::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            );
            Ok(())
        })
    }
}
