//! The lag of a standby (src/backend/replication/walreceiverfuncs.c,
//! access/transam/xlogrecovery.c).

use pgrx::pg_sys;

/// Replay that has just been woken up by its first record for hours gets this often 10 ms to catch
/// up.
const PATIENCE: u32 = 10;

/// Returns true if this server is a standby: it only replays what another one writes.
pub fn is_standby() -> bool {
    // SAFETY: reads the state of recovery in shared memory.
    unsafe { pg_sys::RecoveryInProgress() }
}

/// Returns true if this is a standby that may be more than `limit` seconds behind its primary. One
/// whose receiver is live and that has replayed all that it received is not behind, however long
/// the primary has been idle.
pub fn is_behind(limit: i64) -> bool {
    if !is_standby() {
        return false;
    }
    let limit = limit.saturating_mul(1000);
    for _ in 0..PATIENCE {
        match milliseconds() {
            Lag::Live(lag) if (0..=limit).contains(&lag) => return false,
            // SAFETY: sleeps.
            Lag::Live(_) => unsafe { pg_sys::pg_usleep(10_000) },
            Lag::Alone(lag) => return !(0..=limit).contains(&lag),
        }
    }
    true
}

/// In milliseconds; negative if it is not known.
enum Lag {
    /// Since replay reached the chunk of received WAL that it is in.
    Live(i64),
    /// Without a receiver: since the last commit that was replayed.
    Alone(i64),
}

fn milliseconds() -> Lag {
    // SAFETY: each reads shared memory under its own lock, and allocates nothing.
    unsafe {
        if pg_sys::WalRcvStreaming() {
            return Lag::Live(i64::from(pg_sys::GetReplicationApplyDelay()));
        }
        Lag::Alone(match pg_sys::GetLatestXTime() {
            0 => -1,
            last => (super::unguarded::clock() - super::timestamp::unix_micros(last)) / 1000,
        })
    }
}
