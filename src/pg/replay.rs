//! The lag of a standby (src/backend/replication/walreceiverfuncs.c,
//! access/transam/xlogrecovery.c).

use pgrx::pg_sys;

/// The number of pauses of 10 ms in which replay may catch up after its first record for hours has
/// woken it up.
const PATIENCE: u32 = 10;

/// Returns true if this server is a standby: it only replays what another one writes.
pub fn is_standby() -> bool {
    // SAFETY: reads the state of recovery in shared memory.
    unsafe { pg_sys::RecoveryInProgress() }
}

/// Returns true if this is a standby that may be more than `limit` seconds behind its primary. If a
/// standby's receiver is live and it has replayed everything that it received, it is not behind,
/// however long the primary has been idle.
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

/// The lag, in milliseconds; negative if it is not known.
enum Lag {
    /// The time since replay reached the chunk of received WAL that it is in.
    Live(i64),
    /// The time since the last commit that was replayed, if there is no receiver.
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
