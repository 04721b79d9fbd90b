import postgres from "postgres";

// Calls `handle` for each event that was committed since the last read. What it writes is committed together
// with the new position: each event counts once, for all processes and across restarts. Effects outside the
// database may happen again if the commit fails: let them ignore an id that they have seen.
async function read(sql, name, handle) {
  await sql.begin(async (db) => {
    const [{ seen }] = await db`select seen::text from event_reader where name = ${name} for update`;
    // The new events and the snapshot to keep, in one statement. Ids are not in the order of commits.
    const events = await db`
      select s.next, e.*
        from (select pg_current_snapshot()::text) s (next)
        left join authguard.events_after(${seen}) e on true
       order by e.id`;
    for (const event of events) if (event.id !== null) await handle(db, event);
    await db`update event_reader set seen = ${events[0].next} where name = ${name}`;
  });
}

// Follows the events for as long as the process lives.
export async function followEvents(name, handle) {
  const sql = postgres(process.env.EVENTS_URL, { max: 1 });
  const failed = (error) => console.error("events:", error.code, error.message);
  let reading = Promise.resolve(), waiting = false;
  // A notification is only a hint, because any role can send one. Several of them need one read.
  const wake = () => {
    if (waiting) return;
    waiting = true;
    reading = reading.then(() => { waiting = false; return read(sql, name, handle); }).catch(failed);
  };
  setInterval(wake, 60_000); // events that notify nobody, and a read that failed
  // postgres.js listens again whenever it has lost the connection, and calls the last argument each time: for
  // what was committed while nobody listened.
  await sql.listen("authguard", wake, wake).catch(failed);
}
