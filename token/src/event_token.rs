//! Events of identity providers: from the text of a signed token to what has to be done.
//!
//! Two kinds of tokens carry events: logout tokens (OpenID Connect Back-Channel Logout 1.0 section
//! 2.4) and security event tokens (RFC 8417), with the events of CAEP 1.0 and RISC 1.0. Header
//! `typ` tells them from access tokens: neither ever passes for the other.

mod error;
mod known;
mod subject;

use std::borrow::Cow;
use std::fmt;

pub use error::EventError;
use known::Effect;
pub use known::{DeliveryError, EventAction, SecurityEvent};
use subject::Subject;

use crate::algorithm::Algorithm;
use crate::claims::{Audience, ClaimsError, date, identity};
use crate::error::TokenError;
use crate::header::media_type;
use crate::json::{Node, Object};
use crate::jws::Jws;
use crate::key::Key;
use crate::policy::MAX_LEEWAY_SECONDS;
use crate::time::MICROS_PER_SECOND;

/// The longest time from `iat` until the event is received, seconds: three days. A transmitter
/// tries again for hours or days if the receiver does not answer, and a later `iat` is never given.
pub const EVENT_WINDOW_SECONDS: i64 = 259_200;

/// The longest value that a detail quotes, in characters.
const MAX_QUOTED: usize = 200;

/// The two values of header `typ` that a token with events has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum EventType {
    Logout,
    SecurityEvent,
}

impl EventType {
    /// Returns the kind of a value of `typ`, in any case and with or without `application/` (RFC
    /// 7515 section 4.1.9).
    fn of(kind: &str) -> Option<Self> {
        let kind = media_type(kind);
        if kind.eq_ignore_ascii_case("logout+jwt") {
            Some(Self::Logout)
        } else if kind.eq_ignore_ascii_case("secevent+jwt") {
            Some(Self::SecurityEvent)
        } else {
            None
        }
    }
}

/// Returns true if a token with this `typ` carries events, and is no access token.
pub(crate) fn is_event_type(kind: &str) -> bool {
    EventType::of(kind).is_some()
}

/// Returns true if this is the claim `events` of a security event token (RFC 8417 section 2.2): an
/// object whose names are URIs, and whose values are objects.
pub(crate) fn announces_events(events: &Node<'_>) -> bool {
    let is_event = |(name, value): &(Cow<'_, str>, Node<'_>)| {
        name.contains(':') && matches!(value, Node::Object(_))
    };
    matches!(events, Node::Object(events) if events.members().iter().any(is_event))
}

/// The rules for the events of one issuer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventPolicy {
    /// `iss`, byte by byte.
    pub issuer: String,
    /// One of these must be in `aud`.
    pub audience: Vec<String>,
    /// True if an email address names the user whose claim `sub` it is.
    pub emails: bool,
    /// `iat` must be later than this, microseconds: what was received before may be forgotten.
    pub forgotten_until: i64,
    /// How far clocks may differ, seconds, 0 to [`MAX_LEEWAY_SECONDS`].
    pub leeway: i64,
}

/// Why nothing is to be done about an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ignored {
    /// The type of the event is not known.
    UnknownEvent,
    /// A logout token announces something else than a logout.
    NotInLogoutToken,
    /// The subject is one of another issuer.
    ForeignSubject,
    /// The subject is an email address, and the issuer is not trusted for those.
    Email,
    /// The format of the subject is not known.
    Format,
    /// The subject is neither a user nor anything of a user.
    NoUser,
    /// The event lets somebody in again, and its subject is less than a whole user.
    NotWholeUser,
    /// A later event has let the user in again. Only who remembers events knows.
    RestoredSince,
    /// The user is not shut out, or not by earlier events alone. Only who has the entries knows.
    NotShutOut,
}

impl Ignored {
    /// All values.
    pub const ALL: [Self; 9] = [
        Self::UnknownEvent,
        Self::NotInLogoutToken,
        Self::ForeignSubject,
        Self::Email,
        Self::Format,
        Self::NoUser,
        Self::NotWholeUser,
        Self::RestoredSince,
        Self::NotShutOut,
    ];

    /// Returns the detail that tells so.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownEvent => "the event is not known",
            Self::NotInLogoutToken => "a logout token announces a logout only",
            Self::ForeignSubject => "the subject is one of another issuer",
            Self::Email => "the issuer is not trusted for email addresses",
            Self::Format => "the format of the subject is not known",
            Self::NoUser => "the subject names no user and no session",
            Self::NotWholeUser => "the subject is less than a whole user",
            Self::RestoredSince => "a later event has let the user in again",
            Self::NotShutOut => "the user is not shut out by earlier events alone",
        }
    }
}

/// The detail of an event whose subject is narrower than what is known here.
pub const WIDER_THAN_SUBJECT: &str =
    "the subject is narrower than what is known here: all of the user's tokens count";

/// The detail of an event whose subject is a part of a client.
pub const WIDER_THAN_CLIENT: &str =
    "the subject is narrower than what is known here: all of the client's tokens count";

/// The detail of an event that revokes one token only.
pub const ONE_TOKEN: &str = "the subject is one token, and only that is revoked";

/// An event, and what has to be done about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReceivedEvent {
    /// The type of the event: its URI as sent.
    pub name: String,
    /// What has to be done. Never [`EventAction::Replayed`], which only who remembers events knows.
    pub action: EventAction,
    /// The user: `sub` in canonical form.
    pub user: Option<String>,
    /// The session, in canonical form.
    pub session: Option<String>,
    /// The client.
    pub client: Option<String>,
    /// The `jti`, in canonical form, of the only token that is revoked.
    pub token: Option<String>,
    /// When it happened, microseconds: neither before 1970 nor later than now.
    pub happened_at: i64,
    /// More about it, for people.
    pub detail: Option<String>,
}

/// Events whose signature and policy are good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReceivedEvents {
    /// `jti`, byte by byte. The issuer gives it to no other token.
    pub jti: String,
    /// `iat`, microseconds.
    pub issued_at: i64,
    /// The events, at least one.
    pub events: Vec<ReceivedEvent>,
}

/// A token with events whose form is good. Its signature is not checked yet.
pub struct EventToken<'t> {
    jws: Jws<'t>,
    kind: EventType,
    json: String,
    issuer: String,
}

impl<'t> EventToken<'t> {
    /// Reads a token with events. A text of more than `max_bytes` is refused unread.
    ///
    /// # Errors
    /// [`EventError`] for the form, the header, or a payload without `iss`.
    pub fn parse(text: &'t str, max_bytes: usize) -> Result<Self, EventError> {
        let mut jws = Jws::parse(text, max_bytes)?;
        let kind = jws.kind().and_then(EventType::of).ok_or(EventError::Type)?;
        let json = String::from_utf8(jws.take_payload()).map_err(|_| TokenError::PayloadNotText)?;
        let payload = Object::parse(&json).map_err(ClaimsError::Json)?;
        let issuer = payload.get("iss").map(|value| identity("iss", value));
        let issuer = issuer.transpose()?.flatten();
        let issuer = issuer.ok_or(TokenError::Missing("iss"))?;
        Ok(Self {
            jws,
            kind,
            json,
            issuer,
        })
    }

    /// Returns `iss`, as the sender says.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns `kid`: at most 256 bytes, as the sender chose them.
    pub fn key_id(&self) -> Option<&str> {
        self.jws.key_id()
    }

    /// Returns `alg`, as the sender says.
    pub fn algorithm(&self) -> Algorithm {
        self.jws.algorithm()
    }

    /// Checks the signature, then the policy, and reads the events. `now` is microseconds since
    /// 1970.
    ///
    /// # Errors
    /// [`EventError`]: nothing of the token may be used.
    pub fn verify(
        self,
        key: &Key,
        policy: &EventPolicy,
        now: i64,
    ) -> Result<ReceivedEvents, EventError> {
        self.jws.verify(key)?;
        if self.issuer != policy.issuer {
            return Err(TokenError::Issuer.into());
        }
        let payload = Object::parse(&self.json).map_err(ClaimsError::Json)?;
        Payload::read(self.kind, &payload)?.judge(policy, now)
    }
}

impl fmt::Debug for EventToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventToken").finish_non_exhaustive()
    }
}

/// The claims of a token with events.
struct Payload<'n, 't> {
    kind: EventType,
    audience: Audience,
    jti: String,
    issued_at: i64,
    expires_at: Option<i64>,
    not_before: Option<i64>,
    /// `toe` (RFC 8417 section 2.2): when it happened.
    happened_at: Option<i64>,
    subject: Option<String>,
    session: Option<String>,
    subject_id: Option<&'n Node<'t>>,
    events: &'n Object<'t>,
}

impl<'n, 't> Payload<'n, 't> {
    fn read(kind: EventType, payload: &'n Object<'t>) -> Result<Self, EventError> {
        // Even if it is null: whoever takes the token for an ID token may see it otherwise.
        if payload.get("nonce").is_some() {
            return Err(EventError::Nonce);
        }
        let named = |name: &'static str| match payload.get(name) {
            Some(value) => identity(name, value),
            None => Ok(None),
        };
        let at = |name: &'static str| match payload.get(name) {
            Some(value) => date(name, value),
            None => Ok(None),
        };
        let audience = payload.get("aud").map(Audience::of);
        let events = match payload.get("events") {
            Some(Node::Object(events)) if !events.members().is_empty() => events,
            _ => return Err(EventError::Events),
        };
        if kind == EventType::Logout
            && events
                .get(SecurityEvent::BackChannelLogout.as_str())
                .is_none()
        {
            return Err(EventError::NoLogout);
        }
        Ok(Self {
            kind,
            audience: audience.unwrap_or_default(),
            jti: named("jti")?.ok_or(TokenError::Missing("jti"))?,
            issued_at: at("iat")?.ok_or(TokenError::Missing("iat"))?,
            expires_at: at("exp")?,
            not_before: at("nbf")?,
            happened_at: at("toe")?,
            subject: named("sub")?,
            session: named("sid")?,
            subject_id: payload.get("sub_id"),
            events,
        })
    }

    fn judge(self, policy: &EventPolicy, now: i64) -> Result<ReceivedEvents, EventError> {
        self.check_audience(policy)?;
        self.check_times(policy, now)?;
        let events = self.events.members().iter();
        let events = events.map(|(name, event)| {
            let Node::Object(event) = event else {
                return Err(EventError::Events);
            };
            self.judge_one(name, event, policy, now)
        });
        Ok(ReceivedEvents {
            events: events.collect::<Result<_, _>>()?,
            jti: self.jti,
            issued_at: self.issued_at,
        })
    }

    fn check_audience(&self, policy: &EventPolicy) -> Result<(), EventError> {
        let wanted = |one: &String| policy.audience.contains(one);
        Err(match &self.audience {
            Audience::WrongType => TokenError::AudienceType,
            Audience::Absent => TokenError::Missing("aud"),
            Audience::Is(all) if all.iter().any(wanted) => return Ok(()),
            Audience::Is(_) => TokenError::Audience,
        }
        .into())
    }

    fn check_times(&self, policy: &EventPolicy, now: i64) -> Result<(), EventError> {
        let micros = |seconds: i64| seconds.saturating_mul(MICROS_PER_SECOND);
        let leeway = micros(policy.leeway.clamp(0, MAX_LEEWAY_SECONDS));
        let latest = now.saturating_add(leeway);
        if self.issued_at > latest {
            return Err(TokenError::IssuedInFuture.into());
        }
        let earliest = now.saturating_sub(micros(EVENT_WINDOW_SECONDS));
        if self.issued_at < earliest || self.issued_at <= policy.forgotten_until {
            return Err(EventError::TooOld);
        }
        if self.not_before.is_some_and(|start| start > latest) {
            return Err(TokenError::NotYetValid.into());
        }
        if self
            .expires_at
            .is_some_and(|end| now >= end.saturating_add(leeway))
        {
            return Err(TokenError::Expired.into());
        }
        Ok(())
    }

    fn judge_one(
        &self,
        name: &str,
        event: &Object<'t>,
        policy: &EventPolicy,
        now: i64,
    ) -> Result<ReceivedEvent, EventError> {
        let known = SecurityEvent::from_name(name);
        let mut received = ReceivedEvent {
            name: name.to_owned(),
            action: EventAction::Ignored,
            user: None,
            session: None,
            client: None,
            token: None,
            happened_at: self.issued_at.min(now),
            detail: None,
        };
        let ignored = match known {
            None => Some(Ignored::UnknownEvent),
            Some(known)
                if self.kind == EventType::Logout && known != SecurityEvent::BackChannelLogout =>
            {
                Some(Ignored::NotInLogoutToken)
            }
            Some(_) => None,
        };
        let effect = match (known.map(SecurityEvent::effect), ignored) {
            (Some(Effect::Stream(about)), None) => {
                received.detail = quoted(about, event.get(about));
                return Ok(received);
            }
            (Some(effect), None) => effect,
            (_, why) => {
                received.detail = why.map(|why| why.as_str().to_owned());
                return Ok(received);
            }
        };
        let happened_at = match event.get("event_timestamp") {
            Some(value) => date("event_timestamp", value)?,
            None => None,
        };
        let happened_at = happened_at.or(self.happened_at).unwrap_or(self.issued_at);
        received.happened_at = happened_at.max(0).min(now);
        let subject = self.subject_of(known, event, policy)?;
        decide(&mut received, effect, subject);
        Ok(received)
    }

    /// Whom an event is about: `sub_id` of the token or `subject` of the event, otherwise `sub` and
    /// `sid`.
    fn subject_of(
        &self,
        known: Option<SecurityEvent>,
        event: &Object<'t>,
        policy: &EventPolicy,
    ) -> Result<Subject, EventError> {
        let of_claims = Subject::of_claims(self.subject.as_deref(), self.session.as_deref());
        let identifier = match (self.subject_id, event.get("subject")) {
            _ if self.kind == EventType::Logout => None,
            (Some(one), Some(other)) if one != other => return Err(EventError::SubjectsDiffer),
            (one, other) => one.or(other),
        };
        let Some(identifier) = identifier else {
            return match of_claims.is_empty() {
                true => Err(EventError::NoSubject),
                false => Ok(of_claims),
            };
        };
        let mut subject = Subject::read(identifier, policy)?;
        if let Some(id) = subject.opaque.take() {
            match known {
                Some(SecurityEvent::SessionRevoked) => subject.session = Some(id),
                _ => subject.user = Some(id),
            }
        }
        // RFC 9493 section 4.1: the two name the same subject.
        match (&subject.user, &of_claims.user) {
            (Some(one), Some(other)) if one != other => Err(EventError::SubjectsDiffer),
            _ => Ok(subject),
        }
    }
}

/// Decides what an event does to its subject. What revokes may do more than the subject says; what
/// lets in again does nothing then.
fn decide(received: &mut ReceivedEvent, effect: Effect, subject: Subject) {
    let names_user = subject.user.is_some();
    let names_session = subject.session.is_some();
    let (action, detail) = match effect {
        Effect::Stream(_) => (EventAction::Ignored, None),
        Effect::Restore if !names_user => ignored(&subject, Ignored::NoUser),
        Effect::Restore if names_session || subject.client.is_some() || subject.is_narrower => {
            (EventAction::Ignored, Some(Ignored::NotWholeUser.as_str()))
        }
        Effect::Restore => (EventAction::UserRestored, None),
        Effect::EndSession if names_session => (EventAction::SessionEnded, None),
        _ if names_user => {
            let action = match effect {
                Effect::Block => EventAction::UserBlocked,
                Effect::Refresh => EventAction::ClaimsStale,
                _ => EventAction::UserSignedOut,
            };
            let is_wider = subject.is_narrower || subject.client.is_some() || names_session;
            (action, is_wider.then_some(WIDER_THAN_SUBJECT))
        }
        _ if names_session => (EventAction::SessionEnded, None),
        Effect::Refresh if subject.token.is_some() => (EventAction::ClaimsStale, Some(ONE_TOKEN)),
        _ if subject.token.is_some() => (EventAction::SessionEnded, Some(ONE_TOKEN)),
        // A client of a user who is not known here is not the client of everybody.
        Effect::Block if subject.client.is_some() && subject.ignored.is_none() => {
            let is_wider = subject.is_narrower.then_some(WIDER_THAN_CLIENT);
            (EventAction::ClientRevoked, is_wider)
        }
        _ => ignored(&subject, Ignored::NoUser),
    };
    received.action = action;
    received.detail = detail.map(str::to_owned);
    received.user = subject.user;
    received.session = subject.session;
    received.client = subject.client;
    if matches!(detail, Some(ONE_TOKEN)) {
        received.token = subject.token;
    }
}

fn ignored(subject: &Subject, otherwise: Ignored) -> (EventAction, Option<&'static str>) {
    let why = subject.ignored.unwrap_or(otherwise);
    (EventAction::Ignored, Some(why.as_str()))
}

/// A member of an event about the stream, for people: its name and its value, shortened.
fn quoted(name: &str, value: Option<&Node<'_>>) -> Option<String> {
    let Some(Node::Text(value)) = value else {
        return None;
    };
    let value: String = value.chars().take(MAX_QUOTED).collect();
    Some(format!("{name}: {value}"))
}
