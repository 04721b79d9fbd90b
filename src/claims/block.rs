//! One token's claims, parsed, with the values that readers hand out and the decision about them.

use super::source::Source;
use crate::pg::{call::guarded, leaf, memory, memory::Memory};
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
    /// The values of the readers; all NULL unless accepted.
    values: Values,
    json: Cell<Option<Datum>>,
    /// The text that was set, with a NUL behind it.
    text: Vec<u8>,
    /// Whether the source was believed.
    believed: Result<(), Refusal>,
    lend: bool,
    memory: Memory,
}

struct Values {
    uid: Option<Datum>,
    session_id: Option<Datum>,
    subject: Option<Datum>,
    issuer: Option<Datum>,
    role: Option<Datum>,
    email: Option<Datum>,
    aal: Option<Datum>,
    issued_at: Option<Datum>,
    expires_at: Option<Datum>,
    authenticated_at: Option<Datum>,
}

impl Values {
    const NONE: Values = Values {
        uid: None,
        session_id: None,
        subject: None,
        issuer: None,
        role: None,
        email: None,
        aal: None,
        issued_at: None,
        expires_at: None,
        authenticated_at: None,
    };

    /// `None` where a time is outside the range of `timestamptz`.
    fn new(claims: &Claims, memory: &Memory) -> Option<Self> {
        let text = |value: &Option<String>| value.as_deref().map(|value| memory.text(value));
        Some(Self {
            uid: claims.uid.as_ref().map(|uuid| memory.uuid(uuid)),
            session_id: claims.session_id.as_ref().map(|uuid| memory.uuid(uuid)),
            subject: text(&claims.raw_subject),
            issuer: text(&claims.issuer),
            role: text(&claims.role),
            email: text(&claims.email),
            aal: text(&claims.aal),
            issued_at: time(claims.issued_at)?,
            expires_at: time(claims.expires_at)?,
            authenticated_at: time(claims.authenticated_at)?,
        })
    }
}

/// A time as `timestamptz`; the outer `None` where it has no such form.
fn time(micros: Option<i64>) -> Option<Option<Datum>> {
    match micros {
        None => Some(None),
        Some(micros) => leaf::timestamptz(micros).map(|timestamp| Some(Datum::from(timestamp))),
    }
}

impl Block {
    /// No claims.
    pub const fn absent() -> Self {
        Self {
            status: Status::Absent,
            decision: Decision::none(),
            values: Values::NONE,
            json: Cell::new(None),
            text: Vec::new(),
            believed: Err(Refusal::NotAGateway),
            lend: false,
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
        Self {
            status,
            decision: Decision::none(),
            values,
            json: Cell::new(None),
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

    /// `sub` as it was sent.
    #[inline(always)]
    pub fn subject(&self) -> Option<Datum> {
        self.lend_text(self.values.subject)
    }

    /// `iss`.
    #[inline(always)]
    pub fn issuer(&self) -> Option<Datum> {
        self.lend_text(self.values.issuer)
    }

    /// `role`.
    #[inline(always)]
    pub fn role(&self) -> Option<Datum> {
        self.lend_text(self.values.role)
    }

    /// `email`.
    #[inline(always)]
    pub fn email(&self) -> Option<Datum> {
        self.lend_text(self.values.email)
    }

    /// `aal`.
    #[inline(always)]
    pub fn aal(&self) -> Option<Datum> {
        self.lend_text(self.values.aal)
    }

    /// `sub`, where it is a UUID.
    #[inline(always)]
    pub fn uid(&self) -> Option<Datum> {
        self.lend_uuid(self.values.uid)
    }

    /// `session_id`.
    #[inline(always)]
    pub fn session_id(&self) -> Option<Datum> {
        self.lend_uuid(self.values.session_id)
    }

    /// `iat`.
    #[inline(always)]
    pub fn issued_at(&self) -> Option<Datum> {
        self.values.issued_at
    }

    /// `exp`.
    #[inline(always)]
    pub fn expires_at(&self) -> Option<Datum> {
        self.values.expires_at
    }

    /// The newest `amr[].timestamp`, else `auth_time`.
    #[inline(always)]
    pub fn authenticated_at(&self) -> Option<Datum> {
        self.values.authenticated_at
    }

    /// All claims as `jsonb`, made at the first call.
    #[inline(always)]
    pub fn json(&self) -> Option<Datum> {
        self.lend_text(self.json.get().or_else(|| guarded(|| self.make_json())))
    }

    #[cold]
    fn make_json(&self) -> Option<Datum> {
        self.claims()?;
        let text = CStr::from_bytes_with_nul(&self.text).ok()?;
        let json = self.memory.jsonb(text);
        self.json.set(Some(json));
        Some(json)
    }

    #[inline(always)]
    fn lend_text(&self, value: Option<Datum>) -> Option<Datum> {
        match value {
            Some(datum) if !self.lend => Some(guarded(|| memory::copy_varlena(datum))),
            lent => lent,
        }
    }

    #[inline(always)]
    fn lend_uuid(&self, value: Option<Datum>) -> Option<Datum> {
        match value {
            Some(datum) if !self.lend => Some(guarded(|| memory::copy_uuid(datum))),
            lent => lent,
        }
    }
}
