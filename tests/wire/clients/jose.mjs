// Tokens by jose: `sign` makes keys and tokens for us to verify, `verify` reads ours. A line for a line.
import * as jose from "jose";
import { createInterface } from "node:readline";

async function sign({ issuer, audience, subject }) {
  const signed = (alg, key) =>
    new jose.SignJWT({ role: "authenticated", email: "ä@example.com" })
      .setProtectedHeader({ alg, typ: "JWT", ...(alg.startsWith("HS") ? {} : { kid: alg }) })
      .setIssuer(issuer).setAudience(["other", audience]).setSubject(subject)
      .setIssuedAt().setExpirationTime("1h").sign(key);
  const keys = [], tokens = {};
  for (const alg of ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]) {
    const pair = await jose.generateKeyPair(alg, { extractable: true });
    keys.push({ ...(await jose.exportJWK(pair.publicKey)), kid: alg, alg, use: "sig" });
    tokens[alg] = await signed(alg, pair.privateKey);
  }
  const secret = "a secret that jose signs with, 40 bytes.";
  tokens.HS256 = await signed("HS256", new TextEncoder().encode(secret));
  return { jwks: { keys }, tokens, secret };
}

async function verify({ issuer, audience, jwks, tokens }) {
  const keys = jose.createLocalJWKSet(jwks);
  const subjects = [];
  for (const token of tokens) {
    const { payload } = await jose.jwtVerify(token, keys, { issuer, audience });
    subjects.push(payload.sub);
  }
  return subjects;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...question } = JSON.parse(line);
  console.log(JSON.stringify(await { sign, verify }[command](question)));
}
