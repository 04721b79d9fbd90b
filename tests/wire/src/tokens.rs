//! Issuers that the tests run themselves, and the tokens that these issuers sign.

use crate::admin;
use authguard_token::{Algorithm, SigningKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, crypto};
use pgrx_embed::cluster::Cluster;
use postgres::Client;
use serde_json::{Value, json};

/// The audience of every token of the tests.
pub const AUDIENCE: &str = "app";

/// An issuer with one key.
pub struct Issuer {
    /// Claim `iss`.
    pub name: String,
    key: SigningKey,
}

impl Issuer {
    /// An issuer that nobody trusts yet. It uses EdDSA, the fastest algorithm to sign with.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            key: SigningKey::generate(Algorithm::EdDSA).expect("a key is made"),
        }
    }

    /// An issuer that the server trusts, and that shares its subjects with all others.
    pub fn trusted(cluster: &Cluster, name: &str) -> Self {
        let issuer = Self::new(name);
        issuer.trust(cluster, &issuer.jwks(&[issuer.kid()]));
        issuer
    }

    /// Makes the server trust the issuer with these keys.
    pub fn trust(&self, cluster: &Cluster, jwks: &str) {
        admin(cluster)
            .execute(
                "select authguard.trust_issuer($1, $2::text::jsonb, array[$3], roles => '{authenticated}', shares_subjects => true)",
                &[&self.name, &jwks, &AUDIENCE],
            )
            .expect("the issuer is trusted");
    }

    /// The `kid` of the issuer's key.
    pub fn kid(&self) -> &str {
        self.key.public().key_id().expect("a key made here has one")
    }

    /// A key set that has the issuer's key under each of these names.
    pub fn jwks(&self, kids: &[&str]) -> String {
        let jwk = self.key.public().to_jwk().expect("a public key has one");
        let keys: Vec<Value> = kids
            .iter()
            .map(|kid| {
                let mut key: Value = serde_json::from_str(&jwk).expect("a JWK is JSON");
                key["kid"] = json!(kid);
                key
            })
            .collect();
        json!({ "keys": keys }).to_string()
    }

    /// A token of `user` that expires in the year 2100.
    pub fn token(&self, user: &str) -> String {
        self.sign(&self.claims(user))
    }

    /// The claims of that token.
    pub fn claims(&self, user: &str) -> Value {
        json!({
            "iss": self.name, "aud": AUDIENCE, "sub": user, "role": "authenticated",
            "jti": format!("token of {user}"), "iat": 1_700_000_000, "exp": 4_102_444_800_i64,
        })
    }

    /// Signs any claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(claims, self.kid())
    }

    /// Signs any claims as a token of this type.
    pub fn sign_typed(&self, claims: &Value, typ: &str) -> String {
        let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let header = json!({"alg": "EdDSA", "kid": self.kid(), "typ": typ});
        let message = format!("{}.{}", encode(&header), encode(claims));
        let key = EncodingKey::from_ed_der(&self.key.to_pkcs8_der());
        let signature = crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::EdDSA);
        format!("{message}.{}", signature.expect("the token is signed"))
    }

    /// Signs any claims, under any `kid`.
    pub fn sign_as(&self, claims: &Value, kid: &str) -> String {
        self.key
            .sign(&claims.to_string(), kid)
            .expect("the token is signed")
    }
}

/// The token with another signature.
pub fn forged(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').expect("a token has three parts");
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{message}.{first}{}", &signature[1..])
}

/// A token with these claims and a secret (HS256), signed by independent code: the server's
/// sha256().
pub fn signed_by_secret(cluster: &Cluster, secret: &str, claims: &Value) -> String {
    let mut owner = admin(cluster);
    owner
        .batch_execute(
            "create function pg_temp.hs256(secret bytea, message text) returns text language plpgsql as $$
             declare
                 inner_pad bytea := decode(repeat('36', 64), 'hex'); outer_pad bytea := decode(repeat('5c', 64), 'hex');
             begin
                 for n in 0 .. length(secret) - 1 loop
                     inner_pad := set_byte(inner_pad, n, get_byte(secret, n) # 54);
                     outer_pad := set_byte(outer_pad, n, get_byte(secret, n) # 92);
                 end loop;
                 return translate(encode(sha256(outer_pad || sha256(inner_pad || message::bytea)), 'base64'), '+/=', '-_');
             end $$;
             create function pg_temp.signed(secret text, claims text) returns text language sql as $$
                 select m || '.' || pg_temp.hs256(secret::bytea, m)
                   from concat(translate(encode('{\"alg\":\"HS256\"}', 'base64'), '+/=', '-_'), '.',
                               translate(encode(claims::bytea, 'base64'), E'+/=\\n', '-_')) m $$",
        )
        .expect("the functions are made");
    owner
        .query_one(
            "select pg_temp.signed($1, $2)",
            &[&secret, &claims.to_string()],
        )
        .expect("the token is signed")
        .get(0)
}

/// Connects as an end user: the role `web` is not a gateway.
pub fn web(cluster: &Cluster) -> Client {
    cluster.connect("web", "wire").expect("the user connects")
}

/// Sets the token for the session, without verifying it.
pub fn set_token(client: &mut Client, token: &str) {
    client
        .execute("select set_config('authguard.jwt', $1, false)", &[&token])
        .expect("the token is set");
}

/// The user of the current token; `None` if there is none, or if it is refused: a reader would
/// raise an error, and end the transaction.
pub fn subject(client: &mut Client) -> Option<String> {
    let sql = "select case when coalesce(auth.revocation_reason() in ('refused', 'expired'), false)
                           then null else auth.subject() end";
    crate::text(client, sql)
}

/// The reason why the claims are revoked.
pub fn reason(client: &mut Client) -> Option<String> {
    crate::text(client, "select auth.revocation_reason()")
}
