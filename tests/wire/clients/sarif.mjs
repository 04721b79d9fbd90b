// Checks a SARIF log, read from standard input, with the schema of SARIF 2.1.0. A line for each
// mistake; fails if there is one.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const Ajv = require("ajv");
const schema = require("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");

// The schema is of draft 4.
const ajv = new Ajv({ allErrors: true, schemaId: "auto", meta: false });
ajv.addMetaSchema(require("ajv/lib/refs/json-schema-draft-04.json"));
const valid = ajv.validate(schema, JSON.parse(readFileSync(0, "utf8")));
for (const { dataPath, message } of ajv.errors ?? []) console.log(`${dataPath} ${message}`);
process.exit(valid ? 0 : 1);
