import express from "express";
import { asUser, pool } from "./db.js";
import { followEvents } from "./events.js";

const app = express();
app.use(express.json());

// The token of the request. If there is none, asUser refuses.
const token = (request) => /^Bearer +(\S+)$/i.exec(request.get("authorization"))?.[1];

app.get("/notes", async (request, response) => {
  const sql = "select id, owner, body from note order by id";
  const { rows } = await asUser(token(request), (db) => db.query(sql));
  response.json(rows);
});

// The policy decides whose note may be written, so `owner` may come from the client.
app.post("/notes", async (request, response) => {
  const { body, owner } = request.body ?? {};
  const sql = "insert into note (body, owner) values ($1, coalesce($2, auth.uid())) returning id, owner, body";
  const { rows } = await asUser(token(request), (db) => db.query(sql, [body, owner]));
  response.status(201).json(rows[0]);
});

// Reads, then writes what depends on it: at serializable nobody else's change is lost in between.
app.post("/notes/:id/lines", async (request, response) => {
  const append = async (db) => {
    const { rows: [note] } = await db.query("select body from note where id = $1", [request.params.id]);
    if (!note) return null;
    const sql = "update note set body = $2::text || chr(10) || $3 where id = $1 returning id, owner, body";
    return (await db.query(sql, [request.params.id, note.body, request.body?.line])).rows[0];
  };
  const note = await asUser(token(request), append, { serializable: true });
  if (note) response.json(note);
  else response.status(404).json({ error: "not found" });
});

app.get("/notices", async (request, response) => {
  const sql = "select event_id, name, happened_at from notice order by event_id";
  const { rows } = await asUser(token(request), (db) => db.query(sql));
  response.json(rows);
});

// For monitoring: the database answers, and no user is left on a connection that nobody uses.
app.get("/health", async (request, response) => {
  const { rows: [{ clean }] } = await pool.query(
    "select status = 'absent' and current_user = session_user as clean from auth.whoami()");
  response.status(clean ? 200 : 500).json({ clean });
});

// A client learns the kind of an error and nothing of its text.
const KINDS = { 400: "bad request", 401: "sign in", 403: "forbidden", 500: "server error" };
function statusOf(error) {
  if (error.status in KINDS) return error.status;
  if (error.code === "42501") return 403; // a policy or a missing grant
  if (/^2[23]...$/.test(error.code)) return 400; // a value that does not fit its type or a constraint
  return 500;
}
app.use((error, request, response, next) => {
  if (response.headersSent) return next(error);
  const status = statusOf(error);
  if (status === 401) response.set("WWW-Authenticate", "Bearer");
  if (status === 500) console.error(error.code, error.message);
  response.status(status).json({ error: KINDS[status] });
});

const handle = (db, event) => event.user_id !== null && db.query(
  "insert into notice (event_id, owner, name, happened_at) values ($1, $2, $3, $4) on conflict do nothing",
  [event.id, event.user_id, event.name, event.happened_at],
);
followEvents("notices", handle);

app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
