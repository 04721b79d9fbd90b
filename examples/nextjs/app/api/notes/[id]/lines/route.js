import { respond, text } from "../../../../../lib/respond.js";

// Reads, then writes what depends on it: at serializable nobody else's change is lost in between.
export async function POST(request, { params }) {
  const { id } = await params;
  return respond(request, async (db, { line }) => {
    const [note] = await db`select body from note where id = ${id}`;
    if (!note) return null;
    const [changed] = await db`
      update note set body = ${note.body}::text || chr(10) || ${text(line)} where id = ${id}
      returning id, owner, body`;
    return changed;
  }, { serializable: true });
}
