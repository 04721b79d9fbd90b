import { respond, text } from "../../../lib/respond.js";

export const dynamic = "force-dynamic"; // what one user sees is in no cache

export const GET = (request) => respond(request, (db) => db`select id, owner, body from note order by id`);

// The policy decides whose note may be written, so `owner` may come from the client.
export const POST = (request) =>
  respond(request, async (db, { body, owner }) => {
    const [note] = await db`
      insert into note (body, owner) values (${text(body)}, coalesce(${text(owner)}, auth.uid()))
      returning id, owner, body`;
    return note;
  }, { status: 201 });
