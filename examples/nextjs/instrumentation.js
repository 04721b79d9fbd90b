// Next.js calls this once when the server starts.
export async function register() {
  if (process.env.NEXT_RUNTIME === "edge") return; // no connections to a database there
  // If a connection is lost within a transaction, postgres.js 3.4.9 throws where nothing can catch it, and cannot
  // use that connection again. Next.js would go on: end the process, so that its supervisor starts it anew.
  process.on("uncaughtException", (error) => { console.error(error); process.exit(1); });
  const { followEvents } = await import("./lib/events.js");
  followEvents("notices", async (db, event) => {
    if (event.user_id === null) return;
    await db`
      insert into notice (event_id, owner, name, happened_at)
      values (${event.id}, ${event.user_id}, ${event.name}, ${event.happened_at}) on conflict do nothing`;
  });
}
