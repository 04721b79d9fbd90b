// Tokens by jose: `sign` makes keys and tokens for us to verify, `verify` reads ours from standard input.
import * as jose from "jose";
import { readFileSync } from "node:fs";

const [command, issuer, audience, subject] = process.argv.slice(2);
if (command === "sign") {
  const sign = (alg, key) =>
    new jose.SignJWT({ role: "authenticated", email: "ä@example.com" })
      .setProtectedHeader({ alg, typ: "JWT", ...(alg.startsWith("HS") ? {} : { kid: alg }) })
      .setIssuer(issuer).setAudience(["other", audience]).setSubject(subject)
      .setIssuedAt().setExpirationTime("1h").sign(key);
  const keys = [], tokens = {};
  for (const alg of ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]) {
    const pair = await jose.generateKeyPair(alg, { extractable: true });
    keys.push({ ...(await jose.exportJWK(pair.publicKey)), kid: alg, alg, use: "sig" });
    tokens[alg] = await sign(alg, pair.privateKey);
  }
  const secret = "a secret that jose signs with, 40 bytes.";
  tokens.HS256 = await sign("HS256", new TextEncoder().encode(secret));
  console.log(JSON.stringify({ jwks: { keys }, tokens, secret }));
} else {
  const { jwks, tokens } = JSON.parse(readFileSync(0, "utf8"));
  const keys = jose.createLocalJWKSet(jwks);
  const subjects = [];
  for (const token of tokens) {
    const { payload } = await jose.jwtVerify(token, keys, { issuer, audience });
    subjects.push(payload.sub);
  }
  console.log(JSON.stringify(subjects));
}
