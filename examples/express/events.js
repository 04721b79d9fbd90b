import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

// The new events and the snapshot to keep, in one statement. Ids are not in the order of commits.
const NEW = `
  select s.next, e.*
    from (select pg_current_snapshot()::text) s (next)
    left join authguard.events_after($1) e on true
   order by e.id`;

// Calls `handle` for each event that was committed since the last read. What it writes is committed together
// with the new position: each event counts once, for all processes and across restarts. Effects outside the
// database may happen again if the commit fails: let them ignore an id that they have seen.
async function read(client, name, handle) {
  await client.query("begin");
  const position = "select seen::text from event_reader where name = $1 for update";
  const { seen } = (await client.query(position, [name])).rows[0];
  const { rows } = await client.query(NEW, [seen]);
  for (const event of rows) if (event.id !== null) await handle(client, event);
  await client.query("update event_reader set seen = $2 where name = $1", [name, rows[0].next]);
  await client.query("commit");
}

// Follows the events until its connection is lost.
async function follow(name, handle) {
  const client = new pg.Client({ connectionString: process.env.EVENTS_URL, keepAlive: true });
  let failure, timer, reading = Promise.resolve(), waiting = false;
  const ended = new Promise((done) => client.once("end", done));
  client.on("error", (error) => { failure = error; }); // 'end' comes next
  // A notification is only a hint, because any role can send one. Several of them need one read.
  const wake = () => {
    if (waiting) return;
    waiting = true;
    reading = reading
      .then(() => { waiting = false; return read(client, name, handle); })
      .catch((error) => { failure ??= error; return client.end(); });
  };
  try {
    await client.connect();
    client.on("notification", wake);
    await client.query("listen authguard");
    timer = setInterval(wake, 60_000); // events that notify nobody, and a connection that died silently
    wake(); // what was committed while nobody listened
    await ended;
    throw failure ?? new Error("the connection has ended");
  } finally {
    clearInterval(timer);
    await client.end();
  }
}

// Never returns: a lost connection is replaced.
export async function followEvents(name, handle) {
  for (;;) {
    await follow(name, handle).catch((error) => console.error("events:", error.code, error.message));
    await pause(1000);
  }
}
