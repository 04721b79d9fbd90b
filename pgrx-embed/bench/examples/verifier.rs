//! Verifies tokens outside a server. The bench builds this program for release, starts it, and
//! sends it one line for each measurement, in turn with measurements in a server.

use authguard_bench::claims::{self, AUDIENCE, ISSUER, SECRET, SECRET_ISSUER};
use authguard_bench::tokens::{COUNT, user};
use authguard_token::{Algorithm, Key, Policy, SigningKey, Token};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, crypto, encode};
use std::error::Error;
use std::hint::black_box;
use std::io::stdin;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The largest token: the default of the setting authguard.max_token_size.
const MAX_BYTES: usize = 8192;

/// The minimum time of one measurement.
const SAMPLE: Duration = Duration::from_millis(50);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Writes `ALGORITHM.tokens`, `ALGORITHM.key` and `ES256.events` into the directory that its
/// argument names, and prints `ready`. Then it answers `cold ALGORITHM`, `raw ALGORITHM` and
/// `sign-THREADS ES256` with the microseconds that one token takes.
fn main() -> Result<()> {
    let dir = std::env::args().nth(1).ok_or("which directory?")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut schemes = Vec::new();
    for (name, raw) in [
        ("RS256", jsonwebtoken::Algorithm::RS256),
        ("ES256", jsonwebtoken::Algorithm::ES256),
        ("EdDSA", jsonwebtoken::Algorithm::EdDSA),
        ("HS256", jsonwebtoken::Algorithm::HS256),
    ] {
        let scheme = Scheme::new(name, raw, now)?;
        scheme.write(Path::new(&dir))?;
        schemes.push(scheme);
    }
    println!("ready");
    for line in stdin().lines() {
        let line = line?;
        let (what, name) = line.split_once(' ').ok_or("what of which algorithm?")?;
        let scheme = schemes.iter().find(|scheme| scheme.name == name);
        let scheme = scheme.ok_or("no such algorithm")?;
        let micros = match what {
            "cold" => scheme.cold(),
            "raw" => scheme.raw(),
            _ => match what.strip_prefix("sign-") {
                Some(threads) => scheme.sign_beside(threads.parse()?)?,
                None => return Err("cold, raw or sign?".into()),
            },
        };
        println!("{micros}");
    }
    Ok(())
}

/// Different tokens of one key, ready for both ways to verify them.
struct Scheme {
    name: &'static str,
    tokens: Vec<String>,
    key: Key,
    policy: Policy,
    raw_key: DecodingKey,
    raw_algorithm: jsonwebtoken::Algorithm,
    public: Option<String>,
    /// Logout tokens of the same key.
    events: Vec<String>,
}

impl Scheme {
    fn new(name: &'static str, raw: jsonwebtoken::Algorithm, now: u64) -> Result<Self> {
        let algorithm = Algorithm::from_name(name).ok_or("unknown algorithm")?;
        let issuer = match algorithm.is_symmetric() {
            true => SECRET_ISSUER,
            false => ISSUER,
        };
        let claims = (0..COUNT).map(|number| claims::of(issuer, &user(number), now));
        let policy = Policy::new(issuer, vec![AUDIENCE.to_owned()]);
        if algorithm.is_symmetric() {
            let mut header = Header::new(raw);
            header.kid = Some("3Ck2Tf0TnPSFzJ3tGUQ8J1G3pkhbQm0QzPJY9cEvIdM".to_owned());
            let signing = EncodingKey::from_secret(SECRET.as_bytes());
            let sign = |claims: String| -> Result<String> {
                let claims: serde_json::Value = serde_json::from_str(&claims)?;
                Ok(encode(&header, &claims, &signing)?)
            };
            return Ok(Scheme {
                name,
                tokens: claims.map(sign).collect::<Result<_>>()?,
                key: Key::from_secret(SECRET.as_bytes(), algorithm).map_err(|e| e.to_string())?,
                policy,
                raw_key: DecodingKey::from_secret(SECRET.as_bytes()),
                raw_algorithm: raw,
                public: None,
                events: Vec::new(),
            });
        }
        let signing = match algorithm {
            // Most issuers have keys of this size. It is also the harder size to keep a ratio with.
            Algorithm::RS256 => {
                let der = KeyPair::generate(KeySize::Rsa2048)?.as_der()?;
                SigningKey::from_pkcs8_der(der.as_ref())
            }
            _ => SigningKey::generate(algorithm),
        };
        let signing = signing.map_err(|error| error.to_string())?;
        let key = signing.public().clone();
        let key_id = key.key_id().ok_or("a public key has a name")?;
        let public = key.to_jwk().ok_or("a public key has a JWK")?;
        let sign = |claims: String| {
            let signed = signing.sign(&claims, key_id);
            signed.map_err(|error| error.to_string())
        };
        let tokens = claims.map(sign).collect::<std::result::Result<_, _>>()?;
        let events = match algorithm {
            Algorithm::ES256 => {
                let mut header = Header::new(raw);
                header.typ = Some("logout+jwt".to_owned());
                header.kid = Some(key_id.to_owned());
                let signing = EncodingKey::from_ec_der(&signing.to_pkcs8_der());
                let sign = |number| -> Result<String> {
                    let claims: serde_json::Value =
                        serde_json::from_str(&claims::logout(number, now))?;
                    Ok(encode(&header, &claims, &signing)?)
                };
                (0..COUNT).map(sign).collect::<Result<_>>()?
            }
            _ => Vec::new(),
        };
        Ok(Scheme {
            name,
            tokens,
            policy,
            raw_key: DecodingKey::from_jwk(&serde_json::from_str(&public)?)?,
            raw_algorithm: raw,
            public: Some(public),
            events,
            key,
        })
    }

    /// Writes files for the server: the tokens, one a line, and the JWK or the secret.
    fn write(&self, dir: &Path) -> Result<()> {
        std::fs::write(
            dir.join(format!("{}.tokens", self.name)),
            self.tokens.join("\n") + "\n",
        )?;
        std::fs::write(
            dir.join(format!("{}.key", self.name)),
            self.public.as_deref().unwrap_or(SECRET),
        )?;
        if !self.events.is_empty() {
            let file = dir.join(format!("{}.events", self.name));
            std::fs::write(file, self.events.join("\n") + "\n")?;
        }
        Ok(())
    }

    /// The time of a whole verification: from a token's text to claims that may be believed.
    fn cold(&self) -> f64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = i64::try_from(now.unwrap_or_default().as_micros()).unwrap_or(i64::MAX);
        micros(&self.tokens, |token| {
            let parsed = Token::parse(token, MAX_BYTES).expect("a token is well formed");
            let verified = parsed.verify(&self.key, &self.policy, now);
            black_box(verified.expect("a token is good"));
        })
    }

    /// The time to verify the signature alone, by the library.
    fn raw(&self) -> f64 {
        let split = |token| str::rsplit_once(token, '.').expect("a token has three parts");
        let parts: Vec<(&str, &str)> = self.tokens.iter().map(|token| split(token)).collect();
        micros(&parts, |(signed, signature)| {
            let verified = crypto::verify(
                signature,
                signed.as_bytes(),
                &self.raw_key,
                self.raw_algorithm,
            );
            assert!(verified.expect("a signature is well formed"));
        })
    }

    /// The time to sign the tokens' texts with ES256, by the library alone.
    fn sign(&self) -> Result<f64> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let random = SystemRandom::new();
        Ok(micros(&self.tokens, |token| {
            let signature = key.sign(&random, token.as_bytes());
            black_box(signature.expect("a text is signed"));
        }))
    }

    /// The same in several threads at a time: the time from one signature of any thread to the
    /// next.
    fn sign_beside(&self, threads: u32) -> Result<f64> {
        let one = || self.sign().map_err(|error| error.to_string());
        let all = thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
            let taken = running
                .into_iter()
                .map(|thread| thread.join().expect("signing does not panic"));
            taken.sum::<std::result::Result<f64, String>>()
        })?;
        Ok(all / f64::from(threads).powi(2))
    }
}

/// The average time of one call, over as many rounds as fill a sample.
fn micros<T>(all: &[T], mut each: impl FnMut(&T)) -> f64 {
    let start = Instant::now();
    let mut rounds = 0.0;
    while start.elapsed() < SAMPLE {
        all.iter().for_each(&mut each);
        rounds += 1.0;
    }
    start.elapsed().as_secs_f64() * 1e6 / rounds / f64::from(COUNT)
}
