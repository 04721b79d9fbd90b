//! Other processes, read from /proc.

use crate::unix;
use std::fs;
use std::time::{Duration, Instant};

/// Returns true if a process still runs. A process that has ended and was not waited for does not.
pub fn is_alive(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z' && state != 'X')
}

/// The processes that a process started and that still have it as their parent.
pub fn children(parent: i32) -> Vec<i32> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&pid| stat(pid).is_some_and(|(_, of)| of == parent))
        .collect()
}

/// Ends a process and everything it started: first with SIGTERM, then with SIGKILL. The second
/// round also finds processes that were started meanwhile.
pub fn end(pid: i32) {
    for signal in [libc::SIGTERM, libc::SIGKILL] {
        let all = halted_tree(pid);
        for &pid in &all {
            unix::send(pid, signal);
            unix::send(pid, libc::SIGCONT);
        }
        wait_while(
            || all.iter().any(|&pid| is_alive(pid)),
            Duration::from_secs(2),
        );
    }
}

/// A process and its descendants. Each is halted before its children are listed, because it could
/// start another one meanwhile.
fn halted_tree(root: i32) -> Vec<i32> {
    let mut all = vec![root];
    let mut next = 0;
    while let Some(&pid) = all.get(next) {
        unix::send(pid, libc::SIGSTOP);
        wait_while(|| is_alive(pid) && !is_halted(pid), Duration::from_secs(1));
        all.extend(children(pid));
        next += 1;
    }
    all
}

/// Ends a server at once, without a checkpoint: its files are removed next.
pub fn quit(postmaster: i32) {
    unix::send(postmaster, libc::SIGQUIT);
    if !wait_while(|| is_alive(postmaster), Duration::from_secs(5)) {
        end(postmaster);
    }
}

/// Waits until the condition no longer holds. Returns false if it still holds after `patience`.
pub fn wait_while(condition: impl Fn() -> bool, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    while condition() {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

fn is_halted(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state == 'T')
}

fn stat(pid: i32) -> Option<(char, i32)> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The state and the parent: the third and the fourth field. The second field is a name that may
/// contain anything.
fn parse_stat(stat: &str) -> Option<(char, i32)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_parent_is_read_past_any_name() {
        assert_eq!(parse_stat("12 (post) gres: (x) S 7 7 7 0"), Some(('S', 7)));
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn what_a_process_started_ends_with_it() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 60 & wait"])
            .spawn()
            .unwrap();
        let pid = shell.id() as i32;
        let started = Instant::now();
        let sleep = loop {
            match children(pid).first() {
                Some(&sleep) => break sleep,
                None => assert!(started.elapsed() < Duration::from_secs(10)),
            }
        };
        end(pid);
        shell.wait().unwrap();
        assert!(!is_alive(sleep) && !is_alive(pid));
    }
}
