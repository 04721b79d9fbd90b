
// One query for each line of standard input, in a transaction of the token's user.
import { createInterface } from "node:readline";
for await (const line of createInterface({ input: process.stdin })) {
  const { token, sql } = JSON.parse(line);
  const answer = await asUser(token, (db) => db.query(sql)).then(
    ({ rows }) => ({ rows }),
    ({ code }) => ({ code }),
  );
  console.log(JSON.stringify(answer));
}
