//! From the text of a token to claims that may be believed.

use super::trust::{self, Trusted};
use crate::invalidation;
use crate::pg::{catalog, leaf, log, state::PerBackend, transaction};
use crate::revocation;
use crate::settings;
use authguard_token::{Token, TokenError, Verified, uuid_v5};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// Why a token is refused. For the server's log: a client is told [`Cause::is_expired`] at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The token itself breaks a rule.
    Token(TokenError),
    /// No claim `iss`.
    NoIssuer,
    /// Claim `iss` is that of no trusted issuer.
    UnknownIssuer,
    /// The issuer has no key with that `kid`, or none of that algorithm.
    UnknownKey,
    /// The token has no `kid` and more than one key could have signed it.
    AmbiguousKey,
    /// The key is revoked.
    RevokedKey,
    /// The key's row is no key, or its secret is missing: after a restore, it has to be set again.
    BrokenKey,
    /// Claim `role` is not one that the issuer may assert.
    Role,
    /// It holds characters that the database's encoding cannot.
    Encoding,
    /// Revoked; only [`check`] refuses for it.
    Revoked,
}

impl Cause {
    /// Whether the token was good once.
    pub fn is_expired(self) -> bool {
        self == Self::Token(TokenError::Expired)
    }

    /// Whether time alone can make the token good.
    pub fn may_pass(self) -> bool {
        matches!(
            self,
            Self::Token(TokenError::NotYetValid | TokenError::IssuedInFuture)
        )
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(error) => return error.fmt(f),
            Self::NoIssuer => "claim \"iss\" is missing",
            Self::UnknownIssuer => "the issuer is not trusted",
            Self::UnknownKey => "the issuer has no such key",
            Self::AmbiguousKey => "the token names no key, and the issuer has several",
            Self::RevokedKey => "the key is revoked",
            Self::BrokenKey => "the key of the issuer is missing or damaged; register it again",
            Self::Role => "claim \"role\" is not one that the issuer may assert",
            Self::Encoding => "it has characters that the database's encoding cannot hold",
            Self::Revoked => "the token is revoked",
        })
    }
}

/// How many tokens a backend keeps verified: as many users take turns on a pooled connection without a
/// signature being checked again.
const MOST_KEPT: usize = 32;

struct Kept {
    generation: u64,
    leeway: i64,
    /// The last used at the end.
    tokens: Vec<(Box<str>, Rc<Good>)>,
}

/// A token whose signature and policy are good.
struct Good {
    verified: Rc<Verified>,
    trusted: Rc<Trusted>,
}

static KEPT: PerBackend<RefCell<Kept>> = PerBackend::new(RefCell::new(Kept {
    generation: 0,
    leeway: 0,
    tokens: Vec::new(),
}));

/// The claims of `token` at `now` (microseconds since 1970), if they may be believed. What was verified
/// is remembered until a key or an issuer changes; its times are judged every time. A refusal goes to
/// the log.
pub fn verify(token: &str, now: i64) -> Result<Rc<Verified>, Cause> {
    let verdict = remembered(token).map_or_else(
        || verify_now(token, now),
        |good| {
            good.trusted
                .policy
                .check_times(&good.verified.claims, now)
                .map(|()| Rc::clone(&good.verified))
                .map_err(Cause::Token)
        },
    );
    if let Err(cause) = verdict {
        log::refused_token(cause);
    }
    verdict
}

/// As [`verify`], for a token that is not the current one: it must not be revoked either.
pub fn check(token: &str) -> Result<Rc<Verified>, Cause> {
    transaction::accept_invalidations();
    let now = leaf::statement_start();
    let verified = verify(token, now)?;
    match revocation::judge(&verified.claims, now, settings::leeway()).reason {
        None => Ok(verified),
        Some(_) => {
            log::refused_token(Cause::Revoked);
            Err(Cause::Revoked)
        }
    }
}

fn verify_now(text: &str, now: i64) -> Result<Rc<Verified>, Cause> {
    let token = Token::parse(text, settings::max_token_size()).map_err(Cause::Token)?;
    let trusted = trust::find(&token)?;
    let mut verified = token
        .verify(&trusted.key, &trusted.policy, now)
        .map_err(Cause::Token)?;
    let claims = &mut verified.claims;
    if claims
        .role
        .as_ref()
        .is_some_and(|role| !trusted.roles.contains(role))
    {
        return Err(Cause::Role);
    }
    if let (Some(namespace), Some(subject)) = (&trusted.subject_namespace, &claims.raw_subject) {
        claims.uid = Some(uuid_v5(namespace, subject));
    }
    if !catalog::can_hold(&verified.json) {
        return Err(Cause::Encoding);
    }
    let verified = Rc::new(verified);
    let good = Rc::new(Good {
        verified: Rc::clone(&verified),
        trusted,
    });
    let mut kept = KEPT.borrow_mut();
    if kept.tokens.len() >= MOST_KEPT {
        kept.tokens.remove(0);
    }
    kept.tokens.push((text.into(), good));
    Ok(verified)
}

fn remembered(text: &str) -> Option<Rc<Good>> {
    let now = (invalidation::keys(), settings::leeway());
    let mut kept = KEPT.borrow_mut();
    if (kept.generation, kept.leeway) != now {
        kept.tokens.clear();
        (kept.generation, kept.leeway) = now;
        return None;
    }
    let at = kept.tokens.iter().position(|(known, _)| **known == *text)?;
    let used = kept.tokens.remove(at);
    let good = Rc::clone(&used.1);
    kept.tokens.push(used);
    Some(good)
}
