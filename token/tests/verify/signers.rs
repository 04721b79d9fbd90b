//! A signer for every algorithm, so that a test can sign what no issuer would.
//!
//! They sign and check with aws-lc-rs itself, not by the way of the code under test.

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use authguard_token::{
    Algorithm, EventError, EventPolicy, EventToken, Jws, Key, LoginAttempt, LoginIssuers,
    LoginRejected, Policy, ReceivedEvents, Token, TokenError, Verified,
};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::{SystemRandom, fill};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding,
    UnparsedPublicKey, VerificationAlgorithm,
};
use aws_lc_rs::{encoding::PublicKeyX509Der, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

pub const ALGORITHMS: [Algorithm; 12] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
    Algorithm::HS256,
    Algorithm::HS384,
    Algorithm::HS512,
];

/// Far more than any token here has, unless a test is about size.
pub const MAX: usize = 8192;
pub const ISSUER: &str = "https://issuer.example";
/// The name of each key, in its tokens.
const KID: &str = "k-1";
/// Within the times of [`PAYLOAD`].
pub const NOW: i64 = 1_700_000_100_000_000;
pub const PAYLOAD: &str = r#"{"iss":"https://issuer.example","sub":"alice","aud":"api","exp":1700003600,"iat":1700000000,"jti":"t-1"}"#;

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;
type Check = Box<dyn Fn(&[u8], &[u8]) -> bool + Send + Sync>;

/// A key with both halves.
pub struct Signer {
    pub algorithm: Algorithm,
    pub key: Key,
    /// What an attacker may know of the key, by what it is: nothing of a secret.
    pub published: Vec<(&'static str, Vec<u8>)>,
    sign: Sign,
    check: Check,
    /// The document of a login with this key alone.
    login: OnceLock<Option<LoginIssuers>>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

impl Signer {
    /// A new key, unlike any other.
    pub fn new(algorithm: Algorithm) -> Self {
        use Algorithm as A;
        match algorithm {
            A::RS256 => rsa(
                algorithm,
                &signature::RSA_PKCS1_SHA256,
                &signature::RSA_PKCS1_2048_8192_SHA256,
            ),
            A::RS384 => rsa(
                algorithm,
                &signature::RSA_PKCS1_SHA384,
                &signature::RSA_PKCS1_2048_8192_SHA384,
            ),
            A::RS512 => rsa(
                algorithm,
                &signature::RSA_PKCS1_SHA512,
                &signature::RSA_PKCS1_2048_8192_SHA512,
            ),
            A::PS256 => rsa(
                algorithm,
                &signature::RSA_PSS_SHA256,
                &signature::RSA_PSS_2048_8192_SHA256,
            ),
            A::PS384 => rsa(
                algorithm,
                &signature::RSA_PSS_SHA384,
                &signature::RSA_PSS_2048_8192_SHA384,
            ),
            A::PS512 => rsa(
                algorithm,
                &signature::RSA_PSS_SHA512,
                &signature::RSA_PSS_2048_8192_SHA512,
            ),
            A::ES256 => ec(
                algorithm,
                "P-256",
                &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                &signature::ECDSA_P256_SHA256_FIXED,
            ),
            A::ES384 => ec(
                algorithm,
                "P-384",
                &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
                &signature::ECDSA_P384_SHA384_FIXED,
            ),
            A::EdDSA => ed25519(),
            A::HS256 => secret(algorithm, hmac::HMAC_SHA256),
            A::HS384 => secret(algorithm, hmac::HMAC_SHA384),
            A::HS512 => secret(algorithm, hmac::HMAC_SHA512),
        }
    }

    /// The header that an honest issuer writes.
    pub fn header(&self) -> String {
        json!({"alg": self.algorithm.name(), "kid": KID, "typ": "JWT"}).to_string()
    }

    /// A good token with [`PAYLOAD`].
    pub fn token(&self) -> String {
        self.signed(self.header(), PAYLOAD)
    }

    /// A good signature over whatever is given.
    pub fn signed(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        self.signed_text(&format!("{}.{}", encode(header), encode(payload)))
    }

    pub fn signed_text(&self, text: &str) -> String {
        format!("{text}.{}", encode((self.sign)(text.as_bytes())))
    }

    /// Whether aws-lc-rs takes the signature, whatever the text.
    pub fn checks(&self, message: &[u8], signature: &[u8]) -> bool {
        (self.check)(message, signature)
    }

    /// Form, header and signature.
    pub fn verify(&self, token: &str) -> Result<(), TokenError> {
        Jws::parse(token, MAX)?.verify(&self.key)
    }

    /// All of it, as a token with events.
    pub fn judge_event(&self, token: &str) -> Result<ReceivedEvents, EventError> {
        let policy = EventPolicy {
            issuer: ISSUER.to_owned(),
            audience: vec!["api".to_owned()],
            emails: false,
            forgotten_until: i64::MIN,
            leeway: 0,
        };
        EventToken::parse(token, MAX)?.verify(&self.key, &policy, NOW)
    }

    /// All of it. What is refused here logs nobody in either, and what is accepted does.
    pub fn judge(&self, token: &str) -> Result<Verified, TokenError> {
        let verdict = Token::parse(token, MAX).and_then(|it| it.verify(&self.key, &policy(), NOW));
        if let Some(issuers) = self.login.get_or_init(|| self.login_issuers()) {
            let attempt = LoginAttempt {
                role: "web",
                now: NOW,
                leeway: policy().leeway,
                max_bytes: MAX,
            };
            let login = issuers.verify(token, attempt);
            match &verdict {
                Err(error) => assert!(login.is_err(), "{error:?}, but it logs in: {token}"),
                Ok(good) => {
                    let token = Token::parse(token, MAX).unwrap();
                    let expected = match token.key_id() {
                        None | Some(KID) => Ok(good.claims.raw_subject.clone().unwrap()),
                        Some(_) => Err(LoginRejected::UnknownKey),
                    };
                    assert_eq!(login, expected);
                }
            }
        }
        verdict
    }

    /// `None` for a secret, which no document takes.
    fn login_issuers(&self) -> Option<LoginIssuers> {
        let mut jwk: serde_json::Value = serde_json::from_str(&self.key.to_jwk()?).unwrap();
        jwk["kid"] = json!(KID);
        let document = json!({"issuers": [{
            "issuer": ISSUER, "audience": ["api"], "jwks": {"keys": [jwk]},
            "login_roles": {"web": {}},
        }]});
        Some(LoginIssuers::parse(&document.to_string()).unwrap())
    }
}

/// One signer for each algorithm, the same for all tests: an RSA key takes its time.
pub fn all() -> &'static [Signer] {
    static ALL: LazyLock<Vec<Signer>> = LazyLock::new(|| ALGORITHMS.map(Signer::new).into());
    &ALL
}

pub fn of(algorithm: Algorithm) -> &'static Signer {
    all()
        .iter()
        .find(|signer| signer.algorithm == algorithm)
        .unwrap()
}

pub fn policy() -> Policy {
    Policy::new(ISSUER, vec!["api".to_owned()])
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// Header, payload and signature as they are written.
pub fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<_> = token.split('.').collect();
    parts.try_into().unwrap()
}

fn verifier(algorithm: &'static dyn VerificationAlgorithm, public: &[u8]) -> Check {
    let public = UnparsedPublicKey::new(algorithm, public.to_vec());
    Box::new(move |message, signature| public.verify(message, signature).is_ok())
}

/// The forms in which a public key goes round.
fn published(
    jwk: &serde_json::Value,
    raw: &[u8],
    spki: &PublicKeyX509Der<'_>,
) -> Vec<(&'static str, Vec<u8>)> {
    let spki = spki.as_ref().to_vec();
    vec![
        ("JWK", jwk.to_string().into_bytes()),
        ("SPKI, PEM", pem("PUBLIC KEY", &spki).into_bytes()),
        ("SPKI, DER", spki),
        ("bare, DER or point", raw.to_vec()),
    ]
}

/// As `openssl` writes it (RFC 7468).
pub fn pem(label: &str, der: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: String = body
        .as_bytes()
        .chunks(64)
        .map(|line| format!("{}\n", String::from_utf8_lossy(line)))
        .collect();
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}

fn rsa(
    algorithm: Algorithm,
    encoding: &'static dyn RsaEncoding,
    check: &'static dyn VerificationAlgorithm,
) -> Signer {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = pair.public_key();
    let components = PublicKeyComponents::<Vec<u8>>::from(public);
    let jwk = json!({"kty": "RSA", "alg": algorithm.name(), "n": encode(components.n), "e": encode(components.e)});
    let pkcs1 = public.as_ref().to_vec();
    let mut published = published(&jwk, &pkcs1, &public.as_der().unwrap());
    published.push(("PKCS#1, PEM", pem("RSA PUBLIC KEY", &pkcs1).into_bytes()));
    Signer {
        algorithm,
        login: OnceLock::new(),
        key: Key::from_jwk(&jwk.to_string()).unwrap(),
        published,
        check: verifier(check, &pkcs1),
        sign: Box::new(move |message| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
                .unwrap();
            signature
        }),
    }
}

fn ec(
    algorithm: Algorithm,
    curve: &str,
    signing: &'static EcdsaSigningAlgorithm,
    check: &'static dyn VerificationAlgorithm,
) -> Signer {
    let pair = EcdsaKeyPair::generate(signing).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let (x, y) = point[1..].split_at(point.len() / 2);
    let jwk = json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)});
    Signer {
        algorithm,
        login: OnceLock::new(),
        key: Key::from_jwk(&jwk.to_string()).unwrap(),
        published: published(&jwk, &point, &pair.public_key().as_der().unwrap()),
        check: verifier(check, &point),
        sign: Box::new(move |message| {
            pair.sign(&SystemRandom::new(), message)
                .unwrap()
                .as_ref()
                .to_vec()
        }),
    }
}

fn ed25519() -> Signer {
    let pair = Ed25519KeyPair::generate().unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&point)});
    Signer {
        algorithm: Algorithm::EdDSA,
        login: OnceLock::new(),
        key: Key::from_jwk(&jwk.to_string()).unwrap(),
        published: published(&jwk, &point, &pair.public_key().as_der().unwrap()),
        check: verifier(&signature::ED25519, &point),
        sign: Box::new(move |message| pair.sign(message).as_ref().to_vec()),
    }
}

fn secret(algorithm: Algorithm, hash: hmac::Algorithm) -> Signer {
    let mut bytes = [0; 64];
    fill(&mut bytes).unwrap();
    let secret = Arc::new(hmac::Key::new(hash, &bytes));
    let same = Arc::clone(&secret);
    Signer {
        algorithm,
        login: OnceLock::new(),
        key: Key::from_secret(&bytes, algorithm).unwrap(),
        published: Vec::new(),
        check: Box::new(move |message, tag| hmac::verify(&same, message, tag).is_ok()),
        sign: Box::new(move |message| hmac::sign(&secret, message).as_ref().to_vec()),
    }
}
