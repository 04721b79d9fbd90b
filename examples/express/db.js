import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

// A connection may be lost, idle or in use. An 'error' event that nobody handles ends the process.
const lost = (error) => console.error("connection lost:", error.message);
pool.on("error", lost).on("connect", (client) => client.on("error", lost));

// The token is missing or not accepted. It says no more, so that a client learns no more.
export class Unauthorized extends Error {
  status = 401;
}

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
    await client.query(serializable ? "begin isolation level serializable" : "begin");
    await client.query("select auth.set_token($1)", [token]); // until the transaction ends
    await client.query("set local role authenticated");
    const result = await work(client);
    await client.query("select auth.require_active()"); // revoked meanwhile: nothing is written
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch((failed) => { broken = failed; });
    throw error.code === "28000" ? new Unauthorized() : error;
  } finally {
    client.release(broken); // a connection that cannot roll back is thrown away
  }
}
