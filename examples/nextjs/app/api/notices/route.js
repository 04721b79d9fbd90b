import { respond } from "../../../lib/respond.js";

export const dynamic = "force-dynamic";

export const GET = (request) =>
  respond(request, (db) => db`select event_id, name, happened_at from notice order by event_id`);
