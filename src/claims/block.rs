//! One token's claims, parsed, with the values that readers hand out and the decision about them.

use super::source::Source;
use crate::pg::{call::Value, leaf, memory::Memory};
use crate::revocation::Decision;
use authguard_token::{Claims, ClaimsError};
use pgrx::pg_sys::Datum;
use std::cell::Cell;
use std::ffi::CStr;

/// What became of the claims.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one a block, and a box would be one more hop a row"
)]
pub enum Status {
    /// Nothing was set.
    Absent,
    /// Believed and well-formed.
    Accepted(Claims),
    /// Something was set and is not believed.
    Refused(Refusal),
}

/// Why claims are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The session user is neither a superuser nor in `authguard.gateway_roles`.
    NotAGateway,
    /// Longer than `authguard.max_claims_size`.
    TooLarge,
    /// Not in the encoding of the database.
    Encoding,
    /// A time that `timestamptz` cannot hold.
    TimeRange,
    /// Not acceptable as claims.
    Claims(ClaimsError),
}

/// Claims for as long as they are set. Readers hand out pointers into it.
pub struct Block {
    /// What became of them.
    pub status: Status,
    /// What `auth.is_revoked()` last found for them.
    pub decision: Decision,
    /// All NULL unless accepted.
    values: Values,
    json: Cell<Option<Value>>,
    /// The text that was set, with a NUL behind it.
    text: Vec<u8>,
    /// Whether the source was believed.
    believed: Result<(), Refusal>,
    lend: bool,
    memory: Memory,
}

/// What a reader answers with.
pub struct Values {
    pub uid: Value,
    pub session_id: Value,
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
        uid: Value::NULL,
        session_id: Value::NULL,
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

    /// `None` where a time is outside the range of `timestamptz`.
    fn new(claims: &Claims, memory: &Memory) -> Option<Self> {
        let text = |value: &Option<String>| value.as_deref().map(|value| memory.text(value)).into();
        let uuid = |value: &Option<[u8; 16]>| value.as_ref().map(|value| memory.uuid(value)).into();
        Some(Self {
            uid: uuid(&claims.uid),
            session_id: uuid(&claims.session_id),
            subject: text(&claims.raw_subject),
            issuer: text(&claims.issuer),
            role: text(&claims.role),
            email: text(&claims.email),
            aal: text(&claims.aal),
            issued_at: time(claims.issued_at)?,
            expires_at: time(claims.expires_at)?,
            authenticated_at: time(claims.authenticated_at)?,
            is_anonymous: claims.is_anonymous.map(Datum::from).into(),
        })
    }
}

/// A time as `timestamptz`; `None` where it has no such form.
fn time(micros: Option<i64>) -> Option<Value> {
    match micros {
        None => Some(Value::NULL),
        Some(micros) => leaf::timestamptz(micros).map(|timestamp| Some(timestamp.into()).into()),
    }
}

impl Block {
    /// No claims.
    pub const fn absent() -> Self {
        Self {
            status: Status::Absent,
            decision: Decision::none(),
            values: Values::NONE,
            json: Cell::new(Some(Value::NULL)),
            text: Vec::new(),
            believed: Err(Refusal::NotAGateway),
            lend: true,
            memory: Memory::NONE,
        }
    }

    /// Parses what was set. `lend`: whether readers may hand out pointers, or must copy.
    pub fn new(source: &Source, lend: bool) -> Self {
        let memory = Memory::new();
        let accepted = source.verdict.clone().and_then(|text| {
            let claims = Claims::parse(text).map_err(Refusal::Claims)?;
            let values = Values::new(&claims, &memory).ok_or(Refusal::TimeRange)?;
            Ok((claims, values))
        });
        let (status, values) = match accepted {
            Ok((claims, values)) => (Status::Accepted(claims), values),
            Err(refusal) => (Status::Refused(refusal), Values::NONE),
        };
        let json = match status {
            Status::Accepted(_) => None,
            _ => Some(Value::NULL),
        };
        Self {
            status,
            decision: Decision::none(),
            values,
            json: Cell::new(json),
            text: [source.text, &[0]].concat(),
            believed: source.believed(),
            lend,
            memory,
        }
    }

    /// Whether parsing `source` would give this block again.
    pub fn is_from(&self, source: &Source) -> bool {
        self.text.strip_suffix(&[0]) == Some(source.text) && self.believed == source.believed()
    }

    /// The claims, if they are accepted.
    #[inline(always)]
    pub fn claims(&self) -> Option<&Claims> {
        match &self.status {
            Status::Accepted(claims) => Some(claims),
            _ => None,
        }
    }

    /// The values of the readers.
    #[inline(always)]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Whether readers may hand out pointers; else they copy.
    pub fn lends(&self) -> bool {
        self.lend
    }

    /// All claims as `jsonb`; `None` until somebody has asked.
    #[inline(always)]
    pub fn json(&self) -> Option<Value> {
        self.json.get()
    }

    /// All claims as `jsonb`, made at the first call.
    pub fn make_json(&self) -> Value {
        self.json.get().unwrap_or_else(|| {
            let text = CStr::from_bytes_with_nul(&self.text).ok();
            let json = text.map(|text| self.memory.jsonb(text)).into();
            self.json.set(Some(json));
            json
        })
    }
}
