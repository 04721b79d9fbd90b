import { setTimeout as pause } from "node:timers/promises";
import postgres from "postgres";

// `next dev` loads a changed module anew: without this, each change would open another pool.
export const sql = (globalThis.pool ??= postgres(process.env.DATABASE_URL, { max: 10 }));

// The token is missing or not accepted. It says no more, so that a client learns no more.
export class Unauthorized extends Error {}

const ATTEMPTS = 5;
const AGAIN = ["40001", "40P01"]; // serialization failure, deadlock: nothing was changed

// Runs `work` as the token's user, in one transaction. `work` may run several times, so it must do nothing
// but query. A lost connection is not tried again: nobody knows whether it had committed.
export async function asUser(token, work, { serializable = false } = {}) {
  if (typeof token !== "string" || token === "") throw new Unauthorized();
  const begin = serializable ? "isolation level serializable" : "read write";
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sql.begin(begin, async (db) => {
        await db`select auth.set_token(${token})`; // until the transaction ends
        await db`set local role authenticated`;
        const result = await work(db);
        await db`select auth.require_active()`; // revoked meanwhile: nothing is written
        return result;
      });
    } catch (error) {
      // FATAL: the API itself may not log in, which has the same code.
      if (error.code === "28000" && error.severity === "ERROR") throw new Unauthorized();
      if (!AGAIN.includes(error.code) || attempt === ATTEMPTS) throw error;
      await pause(Math.random() * 20 * 2 ** attempt);
    }
  }
}
