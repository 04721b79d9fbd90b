//! What the leader of a parallel query tells its workers: who it believes is asking, and what it
//! has decided. It is a line of text, because a setting carries it.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};

use crate::claim_names::ClaimNames;
use crate::identity::{format_uuid, parse_uuid};
use crate::revocation::RevocationReason;

/// The decision of a leader about the claims that are set, for one statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeaderDecision {
    /// The start of the statement, in microseconds.
    pub statement: i64,
    /// The [`fingerprint`] of the claims.
    pub fingerprint: [u8; 32],
    /// True if the claims are accepted.
    pub accepted: bool,
    /// The user, if the issuer of the token has a namespace for its subjects.
    pub user: Option<[u8; 16]>,
    /// The reason why the claims are revoked; `None` if they are not.
    pub reason: Option<RevocationReason>,
    /// When the user last proved who it is, as the row of a local session says. Microseconds.
    pub authenticated_at: Option<i64>,
    /// The names by which the claims were read; `None` for those of the standards.
    pub names: Option<Arc<ClaimNames>>,
}

/// Returns a hash of the text of claims, or of a token if `is_token` is true. No other text has the
/// same one.
pub fn fingerprint(is_token: bool, text: &[u8]) -> [u8; 32] {
    let kind: &[u8] = if is_token { b"token " } else { b"claims " };
    let hash = digest(&SHA256, &[kind, text].concat());
    let mut bytes = [0; 32];
    for (byte, hashed) in bytes.iter_mut().zip(hash.as_ref()) {
        *byte = *hashed;
    }
    bytes
}

/// The word for what is not there.
const NONE: &str = "-";

/// The number of words of a decision.
const WORDS: usize = 7;

impl fmt::Display for LeaderDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.statement)?;
        for byte in self.fingerprint {
            write!(f, "{byte:02x}")?;
        }
        let user = self.user.as_ref().map(format_uuid);
        let reason = self.reason.map(RevocationReason::as_str);
        write!(
            f,
            " {} {} {} ",
            self.accepted,
            user.as_deref().unwrap_or(NONE),
            reason.unwrap_or(NONE)
        )?;
        match self.authenticated_at {
            Some(at) => write!(f, "{at} ")?,
            None => write!(f, "{NONE} ")?,
        }
        // The last one, because it may have blanks in it.
        f.write_str(self.names.as_ref().map_or(NONE, |names| names.as_text()))
    }
}

impl LeaderDecision {
    /// Reads a decision as it is displayed; `None` if the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.splitn(WORDS, ' ');
        let mut word = || words.next();
        Some(Self {
            statement: word()?.parse().ok()?,
            fingerprint: parse_hex(word()?)?,
            accepted: word()?.parse().ok()?,
            user: optional(word()?, parse_uuid)?,
            reason: optional(word()?, RevocationReason::from_name)?,
            authenticated_at: optional(word()?, |at| at.parse().ok())?,
            names: optional(word()?, |names| ClaimNames::parse(names).ok())?.flatten(),
        })
    }
}

fn optional<T>(word: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    match word {
        NONE => Some(None),
        word => parse(word).map(Some),
    }
}

fn parse_hex(word: &str) -> Option<[u8; 32]> {
    let digits = word.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != bytes.len().saturating_mul(2) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
