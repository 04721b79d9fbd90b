//! Cancels that arrive at any moment of a statement.

use postgres::{Client, NoTls};
use std::thread;
use std::time::Duration;

/// Runs a statement while a cancel is on its way to it, which arrives at another moment in each
/// round.
pub fn racing<R>(client: &mut Client, round: u64, statement: impl FnOnce(&mut Client) -> R) -> R {
    let cancel = client.cancel_token();
    // It needs a connection of its own, which takes longer than a statement: so that one waits.
    let canceller = thread::spawn(move || cancel.cancel_query(NoTls));
    thread::sleep(Duration::from_micros(round % 40 * 200));
    let outcome = statement(client);
    let sent = canceller.join().expect("it ends");
    sent.expect("the server takes it");
    // A cancel that came too late may meet this statement instead.
    let _ = client.batch_execute("select");
    outcome
}

/// Takes a time limit back, which this statement is under, too: on a busy machine it may need a
/// second try.
pub fn no_limit(client: &mut Client) {
    let set = || client.batch_execute("set statement_timeout = 0").is_ok();
    crate::wait_until(set, "the limit is taken back");
}

/// Repeats a round, which says whether its statement was done, until some were and some were
/// cancelled.
pub fn until_both(mut round: impl FnMut(u64) -> bool) {
    let (mut whole, mut undone) = (0, 0);
    for number in 0..2_000 {
        match round(number) {
            true => whole += 1,
            false => undone += 1,
        }
        if number >= 40 && whole >= 5 && undone >= 5 {
            return;
        }
    }
    panic!("{whole} done, {undone} cancelled");
}
