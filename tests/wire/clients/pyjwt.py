"""Tokens by PyJWT: `sign` makes keys and tokens for us to verify, `verify` reads ours. A line for a line."""
import json
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa


def sign(issuer, audience, subject):
    pairs = {
        "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "PS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "ES384": ec.generate_private_key(ec.SECP384R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    }
    now = int(time.time())
    claims = {
        "iss": issuer, "aud": audience, "sub": subject, "role": "authenticated",
        "email": "ä@example.com", "iat": now, "exp": now + 3600,
    }
    keys, tokens = [], {}
    for name, key in pairs.items():
        algorithm = jwt.get_algorithm_by_name(name)
        jwk = json.loads(algorithm.to_jwk(key.public_key()))
        keys.append({**jwk, "kid": name, "alg": name})
        tokens[name] = jwt.encode(claims, key, algorithm=name, headers={"kid": name})
    secret = "a secret that PyJWT signs with, 40 bytes"
    tokens["HS256"] = jwt.encode(claims, secret, algorithm="HS256")
    return {"jwks": {"keys": keys}, "tokens": tokens, "secret": secret}


def verify(issuer, audience, jwks, tokens):
    keys = jwt.PyJWKSet.from_dict(jwks)
    subjects = []
    for token in tokens:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        payload = jwt.decode(
            token, key, algorithms=[key.algorithm_name], issuer=issuer, audience=audience
        )
        subjects.append(payload["sub"])
    return subjects


for line in sys.stdin:
    question = json.loads(line)
    answer = {"sign": sign, "verify": verify}[question.pop("command")](**question)
    print(json.dumps(answer), flush=True)
