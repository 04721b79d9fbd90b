import { setTimeout as pause } from "node:timers/promises";
import { drizzle } from "drizzle-orm/node-postgres";
import { sql } from "drizzle-orm";
import pg from "pg";

export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

// A connection may be lost, idle or in use. An 'error' event that nobody handles ends the process.
const lost = (error) => console.error("connection lost:", error.message);
pool.on("error", lost).on("connect", (client) => client.on("error", lost));

// The token is missing or not accepted. It says no more, so that a client learns no more.
export class Unauthorized extends Error {}

// Drizzle's own error has the parameters in its message, and so the token. Only its cause goes further.
export const causeOf = (error) => (error instanceof Error && error.cause) || error;

const ATTEMPTS = 5;
const AGAIN = ["40001", "40P01"]; // serialization failure, deadlock: nothing was changed

// Runs `work` as the token's user, in one transaction. `work` may run several times, so it must do nothing
// but query. A lost connection is not tried again: nobody knows whether it had committed.
export async function asUser(token, work, { serializable = false } = {}) {
  if (typeof token !== "string" || token === "") throw new Unauthorized();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction(token, work, serializable);
    } catch (error) {
      if (!AGAIN.includes(error.code) || attempt === ATTEMPTS) throw error;
      await pause(Math.random() * 20 * 2 ** attempt);
    }
  }
}

async function transaction(token, work, serializable) {
  const client = await pool.connect(); // fails with 28000, too, if the API itself may not log in
  let broken;
  try {
    return await drizzle({ client }).transaction(async (db) => {
      await db.execute(sql`select auth.set_token(${token})`); // until the transaction ends
      await db.execute(sql`set local role authenticated`);
      const result = await work(db);
      await db.execute(sql`select auth.require_active()`); // revoked meanwhile: nothing is written
      return result;
    }, serializable ? { isolationLevel: "serializable" } : undefined);
  } catch (error) {
    const cause = causeOf(error);
    // Only the error of a statement leaves a connection that is fit for the next request.
    if (cause.severity !== "ERROR") broken = cause;
    throw cause.code === "28000" ? new Unauthorized() : cause;
  } finally {
    client.release(broken);
  }
}
