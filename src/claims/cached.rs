//! The parsed claims of one token, with the values that readers return and a place for the decision
//! about the claims.

use super::leader;
use super::source::{ClaimsRejected, Origin, RawClaims};
use crate::invalidation;
use crate::pg::{call::Value, encoding, memory::Memory, timestamp};
use crate::settings;
use authguard_token::{Claims, LeaderDecision, end_of_life, leader_fingerprint};
use pgrx::pg_sys::Datum;
use std::ops::Range;

/// The outcome of reading claims.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one for all rows, and a box would be one more hop for each"
)]
pub enum Status {
    /// Nothing was set.
    Absent,
    /// The claims are believed and well-formed.
    Accepted(Claims),
    /// Something was set, but is not believed.
    Refused(ClaimsRejected),
}

/// Claims that are remembered for as long as they are set. Readers return pointers into this.
pub struct CachedClaims<D> {
    /// The outcome of reading them.
    pub status: Status,
    /// The last decision about them.
    pub decision: D,
    /// What the leader has decided about them, if this is a parallel worker.
    pub told: Option<LeaderDecision>,
    /// The readers' values; all NULL unless the claims are accepted.
    values: Values,
    origin: Origin,
    /// The part of the text that was set which tells it from another text.
    mark: Vec<u8>,
    /// An error if the text was not believed.
    believed: Result<(), ClaimsRejected>,
    /// The generation of keys that a token was verified under, or that of the settings that say how
    /// a gateway's claims are read, and the leeway, and the period in which time alone changes
    /// nothing.
    keys: u64,
    leeway: i64,
    valid: Range<i64>,
    lend: bool,
    /// The memory that holds the values.
    _memory: Memory,
}

/// The answers of the readers.
pub struct Values {
    /// All claims as `jsonb`.
    pub json: Value,
    pub uid: Value,
    pub session_id: Value,
    pub sid: Value,
    pub client_id: Value,
    pub org_id: Value,
    pub org_role: Value,
    /// The roles, a `text[]`.
    pub roles: Value,
    pub subject: Value,
    pub issuer: Value,
    pub role: Value,
    pub email: Value,
    pub aal: Value,
    pub issued_at: Value,
    pub expires_at: Value,
    pub authenticated_at: Value,
    pub is_anonymous: Value,
}

impl Values {
    const NONE: Values = Values {
        json: Value::NULL,
        uid: Value::NULL,
        session_id: Value::NULL,
        sid: Value::NULL,
        client_id: Value::NULL,
        org_id: Value::NULL,
        org_role: Value::NULL,
        roles: Value::NULL,
        subject: Value::NULL,
        issuer: Value::NULL,
        role: Value::NULL,
        email: Value::NULL,
        aal: Value::NULL,
        issued_at: Value::NULL,
        expires_at: Value::NULL,
        authenticated_at: Value::NULL,
        is_anonymous: Value::NULL,
    };

    fn new(claims: &Claims, json: &[u8], memory: &Memory) -> Self {
        let text = |value: &Option<String>| {
            value
                .as_deref()
                .map(|value| encoding::text_in(memory, value))
                .into()
        };
        let uuid = |value: &Option<[u8; 16]>| value.as_ref().map(|value| memory.uuid(value)).into();
        let json = memory.varlena(json);
        // Of another type than string, these give what Supabase's readers of the same names give.
        let described = |name, value: &Option<String>| match value {
            Some(value) => Some(encoding::text_in(memory, value)).into(),
            // Another claim has the role.
            None if name == "role" && !claims.has_usual_role() => Value::NULL,
            None => memory.member(json, encoding::text_in(memory, name)).into(),
        };
        Self {
            json: Some(json).into(),
            uid: uuid(&claims.uid),
            session_id: uuid(&claims.session_id),
            sid: text(&claims.session),
            client_id: text(&claims.client),
            org_id: text(&claims.org_id),
            org_role: text(&claims.org_role),
            roles: claims
                .roles
                .as_deref()
                .map(|roles| encoding::texts_in(memory, roles))
                .into(),
            subject: text(&claims.raw_subject),
            issuer: text(&claims.issuer),
            role: described("role", &claims.role),
            email: described("email", &claims.email),
            aal: text(&claims.aal),
            issued_at: time(claims.issued_at),
            expires_at: time(claims.expires_at),
            authenticated_at: time(claims.authenticated_at),
            is_anonymous: claims.is_anonymous.map(Datum::from).into(),
        }
    }
}

/// A time as `timestamptz`, which can hold it: other claims are refused.
fn time(micros: Option<i64>) -> Value {
    micros
        .and_then(timestamp::timestamptz)
        .map(Datum::from)
        .into()
}

impl<D> CachedClaims<D> {
    /// The absence of claims.
    pub const fn absent(decision: D) -> Self {
        Self {
            status: Status::Absent,
            decision,
            told: None,
            values: Values::NONE,
            origin: Origin::Gateway,
            mark: Vec::new(),
            believed: Err(ClaimsRejected::NotAGateway),
            keys: 0,
            leeway: 0,
            valid: 0..0,
            lend: true,
            _memory: Memory::NONE,
        }
    }

    /// Reads the text that was set, at `now` (microseconds since 1970). If `lend` is true, readers
    /// may return pointers; otherwise they copy.
    pub fn new(raw: &RawClaims<'_>, decision: D, now: i64, lend: bool) -> Self {
        // This comes before anything is read: if it changes meanwhile, everything must be read
        // again.
        let leeway = settings::leeway();
        let told = leader::told(now, raw.origin, raw.mark());
        let keys = match raw.origin {
            // A gateway has judged these claims by its own keys.
            Origin::Gateway => invalidation::settings(),
            _ if told.is_some() => 0,
            _ => invalidation::keys(),
        };
        let memory = Memory::new();
        let read = match &told {
            None => raw.read(now),
            Some(told) => raw.read_as(told, now),
        };
        let read = read.map(|(claims, json)| {
            let values = Values::new(&claims, &json, &memory);
            (claims, values)
        });
        let valid_until = match &read {
            Err(ClaimsRejected::IssuedInFuture { until, .. }) => *until,
            _ if raw.origin == Origin::Gateway => i64::MAX,
            Ok((claims, _)) => end_of_life(claims, leeway).unwrap_or(i64::MAX),
            Err(ClaimsRejected::Token(cause)) if cause.may_pass() => now,
            Err(_) => i64::MAX,
        };
        let (status, values) = match read {
            Ok((claims, values)) => (Status::Accepted(claims), values),
            Err(refusal) => (Status::Refused(refusal), Values::NONE),
        };
        Self {
            status,
            decision,
            told,
            values,
            origin: raw.origin,
            mark: raw.mark().to_owned(),
            believed: raw.believed.clone(),
            keys,
            leeway,
            valid: now..valid_until,
            lend,
            _memory: memory,
        }
    }

    /// Returns true if this was read from the same claims as `raw`.
    pub fn is_from(&self, raw: &RawClaims<'_>) -> bool {
        self.origin == raw.origin && self.mark == raw.mark() && self.believed == raw.believed
    }

    /// Returns true if reading the claims again at `now` would give the same. This checks a token's
    /// keys and times at every statement. A gateway has checked its claims itself, but `iat`. A
    /// worker lives for one statement.
    pub fn holds(&self, now: i64) -> bool {
        if matches!(self.status, Status::Absent) || self.told.is_some() {
            return true;
        }
        let keys = match self.origin {
            Origin::Gateway => invalidation::settings(),
            Origin::Token | Origin::Login => invalidation::keys(),
        };
        self.keys == keys && self.leeway == settings::leeway() && self.valid.contains(&now)
    }

    /// The hash of the text that was set.
    pub fn fingerprint(&self) -> [u8; 32] {
        leader_fingerprint(self.origin != Origin::Gateway, &self.mark)
    }

    /// The origin of the claims.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The reason for which the claims are refused, if they are.
    pub fn rejected(&self) -> Option<&ClaimsRejected> {
        match &self.status {
            Status::Refused(rejected) => Some(rejected),
            _ => None,
        }
    }

    /// Returns true if the claims are a good token that has expired.
    pub fn is_expired_token(&self) -> bool {
        matches!(&self.status, Status::Refused(ClaimsRejected::Token(cause)) if cause.is_expired())
    }

    /// The claims, if they are accepted.
    #[inline(always)]
    pub fn claims(&self) -> Option<&Claims> {
        match &self.status {
            Status::Accepted(claims) => Some(claims),
            _ => None,
        }
    }

    /// The values that readers return.
    #[inline(always)]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Returns true if readers may return pointers; otherwise they copy.
    pub fn lends(&self) -> bool {
        self.lend
    }
}
