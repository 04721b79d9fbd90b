//! A reader that follows `authguard.event` by `events_after` sees every event once, however late
//! its transaction commits.

use authguard_wire::attached::change;
use authguard_wire::page::Page;
use authguard_wire::{admin, operator, server, text};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The query of docs/sessions.md. Its parameter is the snapshot of the last read.
fn query() -> String {
    let block = Page::read("sessions.md").block("Events", "sql");
    let (_, query) = block.split_once("\nselect s.seen").expect("the query");
    format!(
        "select s.seen {}",
        query.replace(":'seen'", "$1::text::pg_snapshot")
    )
}

/// A reader that has seen nothing yet.
struct Reader {
    operator: Client,
    query: String,
    seen: Option<String>,
}

impl Reader {
    fn new(cluster: &Cluster) -> Self {
        Self {
            operator: operator(cluster),
            query: query(),
            seen: None,
        }
    }

    /// The ids and reasons of the events that the reader has not seen before.
    fn read(&mut self) -> Vec<(i64, Option<String>)> {
        let rows = self.operator.query(&self.query, &[&self.seen]).unwrap();
        self.seen = rows[0].get("seen");
        let events = rows
            .iter()
            .filter_map(|row| Some((row.get::<_, Option<i64>>("id")?, row.get("reason"))));
        events.collect()
    }

    fn reasons(&mut self) -> Vec<String> {
        let events = self.read().into_iter();
        events.filter_map(|(_, reason)| reason).collect()
    }
}

fn record(client: &mut Client, reason: &str) {
    change(
        client,
        &format!("select authguard.record_event('NOTED', 'ada', null, '{reason}')"),
    );
}

#[test]
fn an_event_that_is_committed_late_is_seen_once() {
    let cluster = server(Config::default().set("max_prepared_transactions", "2"));
    let (mut slow, mut fast, mut prepared) = (admin(&cluster), admin(&cluster), admin(&cluster));
    let mut reader = Reader::new(&cluster);
    record(&mut fast, "before");
    assert_eq!(reader.reasons(), ["before"]);
    assert_eq!(reader.reasons(), Vec::<String>::new());

    // One event of the transaction itself, and one of a subtransaction.
    change(&mut slow, "begin");
    record(&mut slow, "slow");
    change(&mut slow, "savepoint a");
    record(&mut slow, "slow within");
    change(&mut slow, "release a");
    change(&mut prepared, "begin");
    record(&mut prepared, "prepared");
    change(&mut prepared, "prepare transaction 'p'");
    record(&mut fast, "fast");
    assert_eq!(reader.reasons(), ["fast"]);
    let last = "select max(id)::text from authguard.event";
    let last: i64 = text(&mut fast, last).unwrap().parse().unwrap();
    record(&mut fast, "faster");
    assert_eq!(reader.reasons(), ["faster"]);
    change(&mut slow, "commit");
    assert_eq!(reader.reasons(), ["slow", "slow within"]);
    change(&mut prepared, "commit prepared 'p'");
    assert_eq!(reader.reasons(), ["prepared"]);
    assert_eq!(reader.reasons(), Vec::<String>::new());
    // Who reads what comes after the greatest id has lost three.
    let sql = "select count(*) from authguard.event where id > $1";
    let after: i64 = operator(&cluster).query_one(sql, &[&last]).unwrap().get(0);
    assert_eq!(after, 1);
}

#[test]
fn many_writers_and_one_reader_lose_no_event_and_see_none_twice() {
    const WRITERS: i64 = 6;
    const EACH: i64 = 60;
    let cluster = server(Config::default());
    let done = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let mut client = admin(&cluster);
                scope.spawn(move || {
                    for n in 0..EACH {
                        // Some transactions last long, and write in subtransactions.
                        let pause = (writer * 7 + n) % 5;
                        change(
                            &mut client,
                            &format!(
                                "begin; savepoint a; select authguard.record_event('NOTED', 'ada');
                                 select pg_sleep(0.002 * {pause}); commit"
                            ),
                        );
                    }
                })
            })
            .collect();
        let reading = scope.spawn(|| {
            let mut reader = Reader::new(&cluster);
            let mut seen = Vec::new();
            loop {
                // The last read begins after the last commit.
                let last = done.load(Ordering::SeqCst);
                seen.extend(reader.read().into_iter().map(|(id, _)| id));
                if last {
                    return seen;
                }
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
        reading.join().unwrap()
    });
    let different: BTreeSet<_> = seen.iter().collect();
    assert_eq!(different.len(), seen.len(), "none twice");
    assert_eq!(seen.len() as i64, WRITERS * EACH);
}

#[test]
fn events_of_another_server_are_not_new_ones() {
    let cluster = server(Config::default());
    let mut owner = admin(&cluster);
    record(&mut owner, "here");
    // As a dump brings it.
    change(
        &mut owner,
        "insert into authguard.event (name, actor, reason, xid) values ('NOTED', 'user', 'elsewhere', 1000000);
         update authguard.installation set system_identifier = system_identifier + 1",
    );
    let mut reader = Reader::new(&cluster);
    assert_eq!(reader.reasons(), ["here", "elsewhere"]);
    assert_eq!(reader.reasons(), Vec::<String>::new());
    change(&mut owner, "select authguard.acknowledge_restore()");
    assert_eq!(reader.reasons(), Vec::<String>::new());
    let sql =
        "select count(*)::text from authguard.event where reason = 'elsewhere' and xid is null";
    assert_eq!(text(&mut owner, sql).as_deref(), Some("1"));
}
