//! Cancels that arrive at any moment of a statement.

use postgres::{Client, NoTls};
use std::thread;
use std::time::Duration;

/// Runs a statement while a cancel is on its way to it. The cancel arrives at a different moment in
/// each round.
pub fn racing<R>(client: &mut Client, round: u64, statement: impl FnOnce(&mut Client) -> R) -> R {
    let cancel = client.cancel_token();
    // A cancel needs its own connection, which takes longer than a statement: so the statement
    // waits.
    let canceller = thread::spawn(move || cancel.cancel_query(NoTls));
    thread::sleep(Duration::from_micros(round % 40 * 200));
    let outcome = statement(client);
    let sent = canceller.join().expect("it ends");
    sent.expect("the server takes it");
    // A cancel that came too late may hit this statement instead.
    let _ = client.batch_execute("select");
    outcome
}

/// Removes a time limit. The limit also applies to the statement that removes it, which on a busy
/// machine may need a second try.
pub fn no_limit(client: &mut Client) {
    let set = || client.batch_execute("set statement_timeout = 0").is_ok();
    crate::wait_until(set, "the limit is taken back");
}

/// Repeats a round until some statements were done and some were cancelled. The round returns true
/// if its statement was done.
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
