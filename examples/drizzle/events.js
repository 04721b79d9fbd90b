import { setTimeout as pause } from "node:timers/promises";
import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { causeOf } from "./db.js";
import { eventReader } from "./schema.js";

// Calls `handle` for each event that was committed since the last read. What it writes is committed together
// with the new position: each event counts once, for all processes and across restarts. Effects outside the
// database may happen again if the commit fails: let them ignore an id that they have seen.
async function read(client, name, handle) {
  await drizzle({ client }).transaction(async (db) => {
    const mine = eq(eventReader.name, name);
    const [{ seen }] = await db.select().from(eventReader).where(mine).for("update");
    // The new events and the snapshot to keep, in one statement. Ids are not in the order of commits.
    const { rows } = await db.execute(sql`
      select s.next, e.*
        from (select pg_current_snapshot()::text) s (next)
        left join authguard.events_after(${seen}) e on true
       order by e.id`);
    for (const event of rows) if (event.id !== null) await handle(db, event);
    await db.update(eventReader).set({ seen: rows[0].next }).where(mine);
  });
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
    await follow(name, handle).catch((error) => console.error("events:", causeOf(error).message));
    await pause(1000);
  }
}
