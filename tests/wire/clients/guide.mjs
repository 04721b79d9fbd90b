
// One call of the page's functions for each line of standard input: its name and arguments.
import { createInterface } from "node:readline";
const heard = [];
const stop = await onAuthStateChange((name, event) => heard.push([name, event.user_id]));
const calls = {
  signIn, refreshSession, signOut, signOutUser, revokeUserAccess, restoreUserAccess, performSensitiveOperation,
  reauthenticated, heard: async () => heard,
  query: (accessToken, sql) => asUser(accessToken, async (client) => (await client.query(sql)).rows),
};
for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(line);
  const answer = await calls[name](...args).then(
    (value) => ({ value: value ?? null }),
    ({ code, message }) => ({ error: code ?? message }),
  );
  console.log(JSON.stringify(answer));
}
await stop();
