//! Verification: from the text of a token to claims that may be believed.

use super::log;
use super::rejected::TokenRejected;
use super::trust::{self, Asked, Trusted};
use crate::invalidation::{self, PerGeneration};
use crate::pg::{catalog, jsonb, shortage, timestamp, unguarded};
use crate::revocation::{self, Basis};
use crate::settings;
use authguard_token::{
    ClaimNames, Claims, Key, Node, Object, Token, TokenError, format_uuid, memory_for_token,
    own_claims, uuid_v5,
};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// The number of verified tokens that a backend keeps. So many users can take turns on a pooled
/// connection without their signatures being checked again.
const MOST_KEPT: usize = 32;

/// A token whose signature and policy are good.
pub struct Good {
    pub claims: Claims,
    /// All claims as `jsonb`.
    pub json: Rc<[u8]>,
    trusted: Rc<Trusted>,
    /// The basis under which the token was last found not to be revoked.
    alive: Cell<Option<Alive>>,
}

/// The period for which a token is not revoked: as long as the basis is the same and the time is
/// not over.
#[derive(Clone, Copy)]
struct Alive {
    basis: Basis,
    /// The generation of arrivals, if a row was looked for in vain.
    missed: Option<u64>,
    since: i64,
    until: i64,
}

impl Good {
    /// The period for which the token is not revoked, as far as the tables say now; `None` if it is
    /// revoked.
    fn alive(&self, now: i64) -> Option<Alive> {
        let (basis, arrivals) = (Basis::current(), invalidation::arrivals());
        if let Some(alive) = self.alive.get()
            && alive.basis == basis
            && alive.missed.is_none_or(|missed| missed == arrivals)
            && (alive.since..alive.until).contains(&now)
            && !invalidation::has_written()
        {
            return Some(alive);
        }
        let verdict = revocation::judge(&self.claims, now, basis).verdict;
        verdict.reason.is_none().then_some(Alive {
            basis,
            missed: verdict.missed.then_some(arrivals),
            since: now,
            until: verdict.valid_until,
        })
    }

    /// Remembers that period. If this transaction has written, nothing is remembered: a rollback
    /// would take the writes back.
    fn remember(&self, alive: Option<Alive>) {
        self.alive
            .set(alive.filter(|_| !invalidation::has_written()));
    }
}

impl Good {
    /// Returns true if the token, which has expired, is not revoked besides.
    fn was_alive(&self, now: i64) -> bool {
        let claims = Claims {
            expires_at: None,
            ..self.claims.clone()
        };
        let finding = revocation::judge(&claims, now, Basis::current());
        finding.verdict.reason.is_none()
    }
}

/// The remembered tokens. The one used last is at the end.
type Tokens = Vec<(Box<str>, Rc<Good>)>;

static TOKENS: PerGeneration<(u64, i64), Tokens> =
    PerGeneration::new(|| (invalidation::keys(), settings::leeway()), Vec::new());

/// The claims of `token` at `now` (microseconds since 1970), if they may be believed. A verified
/// token is remembered until a key or an issuer changes, but its times are judged at every call. A
/// refusal goes to the log.
pub fn verify(token: &[u8], now: i64) -> Result<Rc<Good>, TokenRejected> {
    let verdict = verify_expired(token, now).and_then(|(good, has_expired)| match has_expired {
        true => Err(EXPIRED),
        false => Ok(good),
    });
    if let Err(cause) = verdict {
        log::refused_token(cause);
    }
    verdict
}

/// The claims of a token that the leader of a parallel query has verified for this statement, and
/// their `jsonb`. `user` is the user, if the issuer has a namespace for its subjects, and `names`
/// are the claim names, if the issuer has some.
pub fn verified_by_leader(
    text: &[u8],
    user: Option<[u8; 16]>,
    names: Option<&Arc<ClaimNames>>,
) -> Result<(Claims, Rc<[u8]>), TokenRejected> {
    let text = std::str::from_utf8(text).map_err(|_| TokenRejected::Encoding)?;
    shortage::require(memory_for_token(text.len().min(settings::max_token_size())));
    let mut json = Vec::new();
    let see = |claims: &Object<'_>| json = jsonb::encode(claims);
    let token =
        Token::parse_with(text, settings::max_token_size(), see).map_err(TokenRejected::Token)?;
    require_for_names(text, names);
    let verified = token.verified_by_leader(names);
    let mut claims = verified.map_err(TokenRejected::Token)?.claims;
    if let Some(user) = user {
        put_in_namespace(&mut claims, user);
    }
    Ok((claims, json.into()))
}

/// Verifies as [`verify`] does, for a token that is not the current one. It must not be revoked
/// either. [`TokenRejected::is_expired`] says that nothing else is wrong with the token.
pub fn check(token: &[u8]) -> Result<Rc<Good>, TokenRejected> {
    // The clock's time: a procedure that commits goes on for long after its statement began.
    let now = unguarded::clock();
    // The key and the revocations are those of one committed state.
    let checked = invalidation::until_still(|| {
        let (good, has_expired) = verify_expired(token, now)?;
        let alive = if has_expired { None } else { good.alive(now) };
        let cause = match has_expired {
            true if good.was_alive(now) => Some(EXPIRED),
            false if alive.is_some() => None,
            _ => Some(TokenRejected::Revoked),
        };
        Ok((good, alive, cause))
    });
    let checked = checked.and_then(|(good, alive, cause)| {
        good.remember(alive);
        cause.map_or(Ok(good), Err)
    });
    if let Err(cause) = checked {
        log::refused_token(cause);
    }
    checked
}

const EXPIRED: TokenRejected = TokenRejected::Token(TokenError::Expired);

/// The claims of a token, and whether it has expired, if nothing else is wrong with it.
fn verify_expired(token: &[u8], now: i64) -> Result<(Rc<Good>, bool), TokenRejected> {
    let Some(good) = remembered(token) else {
        return verify_now(token, now);
    };
    match good.trusted.policy.check_times(&good.claims, now) {
        Ok(()) => Ok((good, false)),
        Err(TokenError::Expired) => Ok((good, true)),
        Err(error) => Err(TokenRejected::Token(error)),
    }
}

/// The payload (JSON) of a token with these claims. Returns it if the token would be believed once
/// the local issuer's key has signed it, apart from its times.
pub fn try_own(claims: Object<'_>, key: &Key) -> Result<String, TokenRejected> {
    let trusted = trust::find(Asked {
        issuer: settings::issuer(),
        kid: key.key_id().map(str::to_owned),
        algorithm: key.algorithm(),
    })?;
    let claims = Node::Object(claims);
    let own = own_claims(&claims, &trusted.policy).map_err(TokenRejected::Token)?;
    let payload = claims.to_json();
    match accept(own, &payload, &trusted)?.access_revoked {
        true => Err(TokenRejected::Revoked),
        false => Ok(payload),
    }
}

fn verify_now(text: &[u8], now: i64) -> Result<(Rc<Good>, bool), TokenRejected> {
    let text = std::str::from_utf8(text).map_err(|_| TokenRejected::Encoding)?;
    shortage::require(memory_for_token(text.len().min(settings::max_token_size())));
    let verify = || {
        let mut json = Vec::new();
        let see = |claims: &Object<'_>| json = jsonb::encode(claims);
        let token = Token::parse_with(text, settings::max_token_size(), see)
            .map_err(TokenRejected::Token)?;
        let trusted = trust::find(Asked::by(&token)?)?;
        require_for_names(text, trusted.policy.names.as_ref());
        let (verified, has_expired) = token
            .verify_expired(&trusted.key, &trusted.policy, now)
            .map_err(TokenRejected::Token)?;
        let good = Good {
            claims: accept(verified.claims, &verified.json, &trusted)?,
            json: json.into(),
            trusted,
            alive: Cell::new(None),
        };
        Ok((Rc::new(good), has_expired))
    };
    TOKENS.read(verify, |tokens, verified| {
        if let Ok((good, false)) = verified {
            if tokens.len() >= MOST_KEPT {
                tokens.remove(0);
            }
            tokens.push((text.into(), Rc::clone(good)));
        }
    })
}

/// Makes sure of the memory to read a token once more, by the names of its issuer.
fn require_for_names(text: &str, names: Option<&Arc<ClaimNames>>) {
    if names.is_some() {
        shortage::require(memory_for_token(text.len()));
    }
}

/// The claims as this database believes them: with a role that the issuer may assert, in the
/// issuer's namespace, and such that Postgres can hold them.
pub fn accept(mut claims: Claims, json: &str, trusted: &Trusted) -> Result<Claims, TokenRejected> {
    if claims.role_is_malformed {
        return Err(TokenRejected::Role);
    }
    if claims
        .role
        .as_ref()
        .is_some_and(|role| !trusted.roles.contains(role))
    {
        return Err(TokenRejected::Role);
    }
    if let (Some(namespace), Some(subject)) = (&trusted.subject_namespace, &claims.raw_subject) {
        let user = uuid_v5(namespace, subject);
        put_in_namespace(&mut claims, user);
    }
    if !timestamp::can_hold([claims.issued_at, claims.expires_at, claims.authenticated_at]) {
        return Err(TokenRejected::TimeRange);
    }
    if !catalog::can_hold(json) {
        return Err(TokenRejected::Encoding);
    }
    Ok(claims)
}

/// Makes `user` the user of claims whose issuer has a namespace. Both readers get this user: a
/// policy on auth.subject() must not mistake it for the user of another issuer.
fn put_in_namespace(claims: &mut Claims, user: [u8; 16]) {
    claims.uid = Some(user);
    claims.raw_subject = Some(format_uuid(&user));
}

fn remembered(text: &[u8]) -> Option<Rc<Good>> {
    // Tokens of one issuer begin alike for hundreds of bytes, and differ in their signature at the
    // end.
    let end = |text: &[u8]| text.last_chunk::<16>().copied();
    let same = |known: &[u8]| known.len() == text.len() && end(known) == end(text) && known == text;
    TOKENS.look(|tokens| {
        let at = tokens
            .iter()
            .position(|(known, _)| same(known.as_bytes()))?;
        let used = tokens.remove(at);
        let good = Rc::clone(&used.1);
        tokens.push(used);
        Some(good)
    })
}
