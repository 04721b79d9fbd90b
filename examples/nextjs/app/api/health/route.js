import { sql } from "../../../lib/db.js";

export const dynamic = "force-dynamic";

// For monitoring: the database answers, and no user is left on a connection that nobody uses.
export async function GET() {
  const [{ clean }] = await sql`
    select status = 'absent' and current_user = session_user as clean from auth.whoami()`;
  return Response.json({ clean }, { status: clean ? 200 : 500 });
}
