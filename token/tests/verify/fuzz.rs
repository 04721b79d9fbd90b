//! Fuzzing on stable: random edits of the seeds in `token/fuzz/seeds`, and of whatever was new on
//! the way.
//!
//! An input is new if it brings an answer that none before it brought. Each run is the same for one
//! number: `AUTHGUARD_FUZZ_SEED` (1). `AUTHGUARD_FUZZ_RUNS` (10000) says how many inputs, and
//! `AUTHGUARD_FUZZ_ACCEPTED` names a file that gets the accepted payloads without line breaks, a
//! line each, to be cast to `jsonb`.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use authguard_token::{Algorithm, ClaimNames, Claims, Key, Object, parse_jwks};

use crate::model;
use crate::signers::{NOW, Signer, decode, of};

/// Pieces that mean something to a parser of tokens, JSON or keys.
const WORDS: [&str; 40] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\ud83d\\ude00",
    "\0",
    " ",
    "\n",
    "null",
    "true",
    "-1",
    "0",
    "1e309",
    "1e131071",
    "18446744073709551616",
    "1700003600",
    "1700000100",
    "0.5",
    "\"none\"",
    "\"alg\":\"HS256\",",
    "\"crit\":[],",
    "\"b64\":false,",
    "\"zip\":\"DEF\",",
    "\"cty\":\"JWT\",",
    "\"kid\":",
    "\"sub\":",
    "\"aud\":",
    "\"exp\":",
    "\"iss\":",
    "\"api\"",
    "\"alice\"",
    "[\"api\"]",
    "é",
    "=",
];

/// splitmix64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    fn edit(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let from = self.below(bytes.len() + 1);
        let to = (from + self.below(9)).min(bytes.len());
        match self.below(7) {
            0 if from < bytes.len() => bytes[from] ^= 1 << self.below(8),
            1 => drop(bytes.splice(from..to, [])),
            2 => drop(bytes.splice(from..from, self.of(&WORDS).bytes())),
            3 => drop(bytes.splice(from..to, self.of(&WORDS).bytes())),
            4 => {
                let twice = bytes[from..to].to_vec();
                drop(bytes.splice(from..from, twice));
            }
            5 => {
                let start = self.below(other.len() + 1);
                let piece = &other[start..(start + self.below(40)).min(other.len())];
                drop(bytes.splice(from..to, piece.iter().copied()));
            }
            _ => {
                let random = self.next().to_le_bytes();
                drop(bytes.splice(from..to, random.into_iter().take(to - from)));
            }
        }
    }

    fn edits(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        for _ in 0..self.below(5) {
            self.edit(bytes, other);
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is not a number"))
    })
}

fn seeds(kind: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(kind);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| fs::read(file).unwrap())
        .collect()
}

/// Shows the input when the target panics.
struct Shown<'a>(&'a dyn Debug);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("input: {:?}", self.0);
        }
    }
}

/// The target: never panics, and what is accepted was signed by this key and says what was signed.
fn judge(signer: &Signer, signed: &str, text: &str) -> Result<String, String> {
    let _shown = Shown(&text);
    let verified = signer.judge(text).map_err(|error| format!("{error:?}"))?;
    let message = |token: &str| {
        token
            .rsplit_once('.')
            .map(|(message, _)| message.to_owned())
    };
    assert_eq!(message(text), message(signed), "accepted, and never signed");
    let (message, signature) = text.rsplit_once('.').unwrap();
    assert!(signer.checks(message.as_bytes(), &decode(signature)));
    let payload = decode(message.split_once('.').unwrap().1);
    assert_eq!(verified.json.as_bytes(), payload);
    model::check(&verified);
    Ok(verified.json)
}

/// A seed that was edited, and the token made of it, which was perhaps edited again. A seed is a
/// header, a line break and a payload.
struct Edited {
    signer: &'static Signer,
    seed: Vec<u8>,
    signed: String,
    text: String,
}

impl Edited {
    fn of(pool: &[Vec<u8>], run: u64, random: &mut Random) -> Self {
        // Mostly the fastest.
        let signer = of(match run % 16 {
            0 => Algorithm::ES256,
            1 => Algorithm::EdDSA,
            2 => Algorithm::RS256,
            _ => Algorithm::HS256,
        });
        let mut seed = pool[random.below(pool.len())].clone();
        let other = pool[random.below(pool.len())].clone();
        random.edits(&mut seed, &other);
        let line = seed
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(seed.len());
        let (header, payload) = seed.split_at(line);
        let header = String::from_utf8_lossy(header).replace("HS256", signer.algorithm.name());
        let signed = signer.signed(header, payload.get(1..).unwrap_or_default());
        let mut text = signed.clone().into_bytes();
        if random.below(2) == 0 {
            random.edits(&mut text, signed.as_bytes());
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        Self {
            signer,
            seed,
            signed,
            text,
        }
    }
}

#[test]
fn tokens() {
    let mut random = Random(number("AUTHGUARD_FUZZ_SEED", 1));
    let mut accepted = std::env::var_os("AUTHGUARD_FUZZ_ACCEPTED")
        .map(|path| BufWriter::new(File::create(path).unwrap()));
    let mut pool = seeds("tokens");
    let known = pool.len();
    assert!(known >= 10);
    let mut answers = BTreeSet::new();
    for run in 0..number("AUTHGUARD_FUZZ_RUNS", 10_000) {
        let Edited {
            signer,
            seed,
            signed,
            text,
        } = Edited::of(&pool, run, &mut random);
        let answer = judge(signer, &signed, &text);
        if let (Ok(json), Some(file)) = (&answer, &mut accepted)
            && !json.contains(['\n', '\r'])
        {
            writeln!(file, "{json}").unwrap();
        }
        if answers.insert(answer.map(|_| "accepted")) {
            pool.push(seed);
        }
    }
    // The edits reach what they are meant to reach.
    assert!(answers.contains(&Ok("accepted")));
    assert!(answers.len() >= 20, "{answers:?}");
}

/// Never panics, and what is an event was signed, names a `jti`, and is no access token.
#[test]
fn events() {
    let mut random = Random(number("AUTHGUARD_FUZZ_SEED", 1));
    let mut pool = seeds("events");
    assert!(pool.len() >= 10);
    let mut answers = BTreeSet::new();
    for run in 0..number("AUTHGUARD_FUZZ_RUNS", 10_000) {
        let Edited {
            signer,
            seed,
            signed,
            text,
        } = Edited::of(&pool, run, &mut random);
        let _shown = Shown(&text);
        let answer = signer.judge_event(&text);
        if let Ok(received) = &answer {
            let message = |token: &str| token.rsplit_once('.').map(|(all, _)| all.to_owned());
            assert_eq!(
                message(&text),
                message(&signed),
                "received, and never signed"
            );
            assert!(!received.jti.is_empty() && !received.events.is_empty());
            assert!(signer.judge(&text).is_err(), "an event is an access token");
            for event in &received.events {
                assert!((0..=NOW).contains(&event.happened_at));
            }
        }
        let answer = answer
            .map(|received| {
                let told = received.events.into_iter();
                told.map(|event| (event.action.as_str(), event.detail.map(|it| it.len() > 30)))
                    .collect::<Vec<_>>()
            })
            .map_err(|error| format!("{error:?}"));
        if answers.insert(answer) {
            pool.push(seed);
        }
    }
    // The edits reach what they are meant to reach.
    for action in ["user_blocked", "session_ended", "ignored"] {
        let is_reached = |answer: &Result<Vec<(&str, _)>, String>| matches!(answer, Ok(told) if told.iter().any(|(it, _)| *it == action));
        assert!(answers.iter().any(is_reached), "{action}");
    }
    assert!(answers.len() >= 40, "{answers:?}");
}

#[test]
fn keys() {
    let mut random = Random(number("AUTHGUARD_FUZZ_SEED", 1));
    let mut pool = seeds("keys");
    assert!(pool.len() >= 5);
    let mut answers = BTreeSet::new();
    for _ in 0..number("AUTHGUARD_FUZZ_RUNS", 10_000) {
        let mut seed = pool[random.below(pool.len())].clone();
        let other = pool[random.below(pool.len())].clone();
        random.edits(&mut seed, &other);
        let text = String::from_utf8_lossy(&seed);
        let _shown = Shown(&text);
        let key = Key::from_jwk(&text);
        if let Some(written) = key.as_ref().ok().and_then(Key::to_jwk) {
            assert_eq!(
                Key::from_jwk(&written).unwrap().to_jwk().as_ref(),
                Some(&written)
            );
        }
        let set = parse_jwks(&format!("{{\"keys\":[{text}]}}"));
        if let Ok(keys) = &set {
            assert!(
                keys.iter()
                    .all(|key| !key.algorithm().is_symmetric() && key.to_jwk().is_some())
            );
        }
        let answer = (
            key.map(|key| key.algorithm().name())
                .map_err(|error| format!("{error:?}")),
            set.is_ok(),
        );
        if answers.insert(answer) {
            pool.push(seed.clone());
        }
    }
    assert!(answers.len() >= 15, "{answers:?}");
}

#[test]
fn claim_names() {
    let mut random = Random(number("AUTHGUARD_FUZZ_SEED", 1));
    let mut pool = seeds("names");
    assert!(pool.len() >= 5);
    let tokens: Vec<_> = seeds("tokens")
        .iter()
        .filter_map(|seed| Some(String::from_utf8_lossy(seed).split_once('\n')?.1.to_owned()))
        .collect();
    let mut answers = BTreeSet::new();
    for _ in 0..number("AUTHGUARD_FUZZ_RUNS", 10_000) {
        let mut seed = pool[random.below(pool.len())].clone();
        let other = pool[random.below(pool.len())].clone();
        random.edits(&mut seed, &other);
        let text = String::from_utf8_lossy(&seed);
        let _shown = Shown(&text);
        let names = ClaimNames::parse(&text);
        if let Ok(Some(names)) = &names {
            let again = ClaimNames::parse(names.as_text());
            assert_eq!(again.as_ref(), Ok(&Some(names.clone())));
            // Names never refuse claims: what they find is no string, or it is absent.
            let payload = &tokens[random.below(tokens.len())];
            if let Ok(object) = Object::parse(payload) {
                let by_names = Claims::read(&object, Some(names)).err();
                assert_eq!(by_names, Claims::read(&object, None).err());
            }
        }
        let answer = names.map(|names| names.is_some());
        let answer = answer.map_err(|error| error.to_string().chars().take(24).collect::<String>());
        if answers.insert(answer) {
            pool.push(seed.clone());
        }
    }
    assert!(
        answers.contains(&Ok(true)) && answers.len() >= 12,
        "{answers:?}"
    );
}
