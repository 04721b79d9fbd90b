import { serve } from "@hono/node-server";
import { eq, sql } from "drizzle-orm";
import { Hono } from "hono";
import { asUser, causeOf, pool, Unauthorized } from "./db.js";
import { followEvents } from "./events.js";
import { note, notice } from "./schema.js";

const app = new Hono();

// The token of the request. If there is none, asUser refuses.
const token = (context) => /^Bearer +(\S+)$/i.exec(context.req.header("authorization"))?.[1];
const json = async (context) => (await context.req.json()) ?? {};

app.get("/notes", async (context) => {
  const notes = await asUser(token(context), (db) => db.select().from(note).orderBy(note.id));
  return context.json(notes);
});

// The policy decides whose note may be written, so `owner` may come from the client.
app.post("/notes", async (context) => {
  const { body, owner } = await json(context);
  const values = { body: body ?? null, owner: owner ?? undefined };
  const [added] = await asUser(token(context), (db) => db.insert(note).values(values).returning());
  return context.json(added, 201);
});

// Reads, then writes what depends on it: at serializable nobody else's change is lost in between.
app.post("/notes/:id/lines", async (context) => {
  const { line } = await json(context);
  const mine = eq(note.id, context.req.param("id"));
  const changed = await asUser(token(context), async (db) => {
    const [found] = await db.select().from(note).where(mine);
    if (!found) return null;
    const body = sql`${found.body}::text || chr(10) || ${line ?? null}`;
    return (await db.update(note).set({ body }).where(mine).returning())[0];
  }, { serializable: true });
  return changed ? context.json(changed) : context.json({ error: "not found" }, 404);
});

app.get("/notices", async (context) => {
  const columns = { event_id: notice.eventId, name: notice.name, happened_at: notice.happenedAt };
  const query = (db) => db.select(columns).from(notice).orderBy(notice.eventId);
  return context.json(await asUser(token(context), query));
});

// For monitoring: the database answers, and no user is left on a connection that nobody uses.
app.get("/health", async (context) => {
  const { rows: [{ clean }] } = await pool.query(
    "select status = 'absent' and current_user = session_user as clean from auth.whoami()");
  return context.json({ clean }, clean ? 200 : 500);
});

// A client learns the kind of an error and nothing of its text.
app.onError((error, context) => {
  if (error instanceof Unauthorized) return context.json({ error: "sign in" }, 401, { "WWW-Authenticate": "Bearer" });
  const { code = "", message } = causeOf(error);
  if (code === "42501") return context.json({ error: "forbidden" }, 403); // a policy or a missing grant
  // A value that does not fit its type or a constraint, or a body that is no JSON.
  if (/^2[23]...$/.test(code) || error instanceof SyntaxError) return context.json({ error: "bad request" }, 400);
  console.error(code, message);
  return context.json({ error: "server error" }, 500);
});

followEvents("notices", async (db, event) => {
  if (event.user_id === null) return;
  const row = { eventId: event.id, owner: event.user_id, name: event.name, happenedAt: new Date(event.happened_at) };
  await db.insert(notice).values(row).onConflictDoNothing();
});

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT ?? 3000) });
