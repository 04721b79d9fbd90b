//! Reads from the text of the claims the few values that decide something.
//!
//! JSON null is an absent claim, everywhere. If a claim that identifies or dates the token has the
//! wrong type, all claims are refused: taking a wrong-typed `exp` as absent keeps expired tokens
//! valid (CVE-2026-25537), and an identity must be one that can be revoked. If a claim that only
//! describes the user (`role`, `email`, `aal`, `scope`, `is_anonymous`) has the wrong type, it
//! counts as absent.

use std::borrow::Cow;
use std::fmt;

use crate::event_token::announces_events;
use crate::identity::{MAX_IDENTITY_BYTES, canonical, canonical_of, parse_uuid};
use crate::json::{JsonError, Node, Object, number};
use crate::time::{MICROS_PER_SECOND, micros};

/// The reason why claims are refused. Names the claim and the rule, and nothing of the content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClaimsError {
    /// The text is not one JSON object within the limits.
    Json(JsonError),
    /// A claim breaks a rule.
    Claim {
        /// The claim, as the standard names it.
        name: &'static str,
        /// The rule.
        problem: ClaimProblem,
    },
}

/// The rule that a claim breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClaimProblem {
    /// It must be a string.
    NotText,
    /// It must not be the empty string.
    Empty,
    /// It is longer than [`MAX_IDENTITY_BYTES`].
    TooLong,
    /// It must be a string that is a UUID.
    NotUuid,
    /// It must be a number: seconds since 1970 (NumericDate, RFC 7519 section 2).
    NotNumber,
    /// It must be an object.
    NotObject,
}

impl fmt::Display for ClaimProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotText => "is not a string",
            Self::Empty => "is empty",
            Self::TooLong => return write!(f, "is longer than {MAX_IDENTITY_BYTES} bytes"),
            Self::NotUuid => "is not a UUID",
            Self::NotNumber => "is not a number",
            Self::NotObject => "is not an object",
        })
    }
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the claims cannot be read: {error}"),
            Self::Claim { name, problem } => write!(f, "claim \"{name}\" {problem}"),
        }
    }
}

impl std::error::Error for ClaimsError {}

impl From<JsonError> for ClaimsError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

/// The claims that decide something. `None` is a claim that is absent or JSON null.
///
/// `Debug` shows no content: claims do not belong in a log.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// `iss` (RFC 7519 section 4.1.1), byte by byte as sent. Never empty.
    pub issuer: Option<String>,
    /// `sub` (section 4.1.2) in its [`canonical`] form: the key of revocations. Never empty.
    pub subject: Option<String>,
    /// `sub` as sent.
    pub raw_subject: Option<String>,
    /// `sub`, if it is a UUID; otherwise `None`.
    pub uid: Option<[u8; 16]>,
    /// `session_id`, always a UUID.
    pub session_id: Option<[u8; 16]>,
    /// `jti` (section 4.1.7) in its [`canonical`] form. Never empty.
    pub jti: Option<String>,
    /// `iat` (section 4.1.6), microseconds.
    pub issued_at: Option<i64>,
    /// `exp` (section 4.1.4), microseconds.
    pub expires_at: Option<i64>,
    /// `nbf` (section 4.1.5), microseconds.
    pub not_before: Option<i64>,
    /// The newest `amr[].timestamp`, otherwise `auth_time` (OpenID Connect Core section 2),
    /// microseconds.
    pub authenticated_at: Option<i64>,
    /// `role`; `None` also if it is no string.
    pub role: Option<String>,
    /// True if `role` is neither a string nor null: a policy may still read it from the JSON.
    pub role_is_malformed: bool,
    /// `email`; `None` also if it is no string.
    pub email: Option<String>,
    /// `aal`, the level of the authentication; `None` also if it is no string.
    pub aal: Option<String>,
    /// `is_anonymous`; `None` also if it is no boolean.
    pub is_anonymous: Option<bool>,
    /// The scopes, space-separated: of `scope` (RFC 8693 section 4.2) and `scp`, each a string of
    /// scopes or an array of them, and of `permissions`, an array. `None` if there are none.
    pub scope: Option<String>,
    /// True if `app_metadata.access_revoked` is anything but absent, null, false, "false" or 0.
    pub access_revoked: bool,
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").finish_non_exhaustive()
    }
}

impl Claims {
    /// Reads the claims from the text of one JSON object.
    ///
    /// # Errors
    /// [`ClaimsError`] if the text or one of the claims breaks a rule. Refused claims are not
    /// absent claims: the caller must keep the two apart.
    pub fn parse(text: &str) -> Result<Self, ClaimsError> {
        Self::read(&Object::parse(text)?)
    }

    /// Reads the claims from an object.
    ///
    /// # Errors
    /// As [`Claims::parse`].
    pub fn read(object: &Object<'_>) -> Result<Self, ClaimsError> {
        Ok(Self::read_with_recipient(object)?.0)
    }

    /// Reads the claims of a gateway from a text that `jsonb` has accepted, in an encoding that
    /// begins with ASCII. `decode` makes UTF-8 of a part of it.
    ///
    /// A claim that only describes the user may be anything: a user may write `user_metadata`
    /// himself, and must not be able to make his claims refused. So the strict grammar holds for
    /// the members that identify, date or authorise ([`STRICT`]), and they must not occur twice.
    /// Of any other key that occurs twice the last member counts, as in `jsonb`.
    ///
    /// # Errors
    /// [`ClaimsError`] for one of those members.
    pub fn read_jsonb_text(
        text: &[u8],
        decode: impl Fn(&[u8]) -> Option<Cow<'_, str>>,
    ) -> Result<Self, ClaimsError> {
        let mut draft = Draft::default();
        let members = crate::json::split(text).ok_or(JsonError::NotAnObject)?;
        for (place, (name, value)) in members.iter().enumerate() {
            let Some(name) = known(name) else { continue };
            let later = members.get(place.saturating_add(1)..).unwrap_or_default();
            if later.iter().any(|(other, _)| known(other) == Some(name)) {
                match STRICT.contains(&name) {
                    true => return Err(JsonError::DuplicateKey.into()),
                    false => continue,
                }
            }
            if name == "app_metadata" {
                draft.claims.access_revoked = access_revoked_in(value, &decode)?;
                continue;
            }
            let text = decode(value).ok_or(JsonError::Character);
            let node = text
                .as_deref()
                .map_err(|error| *error)
                .and_then(Node::parse);
            match node {
                Ok(node) => draft.read(name, &node)?,
                Err(error) if STRICT.contains(&name) => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(draft.finish().0)
    }

    /// Returns true if the claims say that they were issued after `now`, by more than
    /// `leeway_seconds`: no clock that may be believed has issued them, and no cut-off would ever
    /// cover them. `now` is microseconds.
    pub fn is_issued_after(&self, now: i64, leeway_seconds: i64) -> bool {
        let latest = now.saturating_add(leeway_seconds.saturating_mul(MICROS_PER_SECOND));
        self.issued_at.is_some_and(|issued| issued > latest)
    }

    /// Returns the first of the claims that date the token whose value is so large that it must be
    /// a number of milliseconds: a NumericDate counts seconds (RFC 7519 section 2).
    pub fn in_milliseconds(&self) -> Option<&'static str> {
        let dates = [
            ("iat", self.issued_at),
            ("exp", self.expires_at),
            ("nbf", self.not_before),
            ("auth_time", self.authenticated_at),
        ];
        let mut late = dates
            .into_iter()
            .filter(|(_, date)| date.is_some_and(|date| date >= FAR_FUTURE));
        late.next().map(|(name, _)| name)
    }

    /// Reads the claims, and those that say for whom the token is, which gateways have checked
    /// themselves: so they are none of the claims.
    pub(crate) fn read_with_recipient(
        object: &Object<'_>,
    ) -> Result<(Self, Recipient), ClaimsError> {
        let mut draft = Draft::default();
        for (name, value) in object.members() {
            draft.read(name, value)?;
        }
        Ok(draft.finish())
    }

    /// Returns true if the claims are of a session of the issuer with this `iss`.
    pub fn is_of_local_session(&self, issuer: &str) -> bool {
        self.session_id.is_some() && self.issuer.as_deref() == Some(issuer)
    }

    /// Returns true if `scope` is one of the token's scopes, compared exactly. The empty string,
    /// and a text with a space in it, are no scopes.
    pub fn has_scope(&self, scope: &str) -> bool {
        let granted = self.scope.as_deref().unwrap_or_default();
        !scope.is_empty() && granted.split(' ').any(|one| one == scope)
    }
}

/// The members that identify, date or authorise: they must pass the strict parser, and must not
/// occur twice.
const STRICT: [&str; 12] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "session_id",
    "role",
    "auth_time",
    "amr",
    "app_metadata",
];

/// The other members that are read.
const DESCRIBING: [&str; 6] = [
    "email",
    "aal",
    "scope",
    "scp",
    "permissions",
    "is_anonymous",
];

/// 10^11 seconds, in microseconds: the year 5138. In milliseconds that many are the year 1973.
const FAR_FUTURE: i64 = 100_000_000_000 * MICROS_PER_SECOND;

/// The name of a member that is read, if a key in quotes is one, spelt with escapes or without.
fn known(key: &[u8]) -> Option<&'static str> {
    let is = |name: &str| match key.contains(&b'\\') {
        false => {
            key.strip_prefix(b"\"")
                .and_then(|key| key.strip_suffix(b"\""))
                == Some(name.as_bytes())
        }
        true => serde_json::from_slice::<String>(key).is_ok_and(|key| key == name),
    };
    STRICT.into_iter().chain(DESCRIBING).find(|name| is(name))
}

/// Claims while they are being read.
#[derive(Default)]
struct Draft {
    claims: Claims,
    recipient: Recipient,
    auth_time: Option<i64>,
    newest_method: Option<i64>,
}

impl Draft {
    fn read(&mut self, name: &str, value: &Node<'_>) -> Result<(), ClaimsError> {
        let claims = &mut self.claims;
        match name {
            "iss" => claims.issuer = identity("iss", value)?,
            "sub" => claims.raw_subject = identity("sub", value)?,
            "aud" => self.recipient.audience = Audience::of(value),
            "events" => self.recipient.announces_events = announces_events(value),
            "client_id" | "azp" => self.recipient.clients.extend(text_or_none(value)),
            "jti" => claims.jti = identity("jti", value)?.map(into_canonical),
            "session_id" => claims.session_id = session_id(value)?,
            "iat" => claims.issued_at = date("iat", value)?,
            "exp" => claims.expires_at = date("exp", value)?,
            "nbf" => claims.not_before = date("nbf", value)?,
            "auth_time" => self.auth_time = date("auth_time", value)?,
            "amr" => self.newest_method = newest_timestamp(value),
            "role" => {
                claims.role_is_malformed = !matches!(value, Node::Text(_) | Node::Null);
                claims.role = text_or_none(value);
            }
            "email" => claims.email = text_or_none(value),
            "aal" => claims.aal = text_or_none(value),
            "scope" | "scp" | "permissions" => grant(&mut claims.scope, name, value),
            "is_anonymous" => {
                claims.is_anonymous = match value {
                    Node::Bool(flag) => Some(*flag),
                    _ => None,
                };
            }
            "app_metadata" => claims.access_revoked = access_revoked(value)?,
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> (Claims, Recipient) {
        let mut claims = self.claims;
        if let Some(subject) = &claims.raw_subject {
            claims.uid = parse_uuid(subject);
            claims.subject = Some(canonical_of(subject, claims.uid).into_owned());
        }
        claims.authenticated_at = self.newest_method.or(self.auth_time);
        (claims, self.recipient)
    }
}

/// The claims that say for whom a token is, and whether it is an access token at all.
#[derive(Default)]
pub(crate) struct Recipient {
    pub audience: Audience,
    /// `client_id` (RFC 9068 section 2.2) and `azp` (OpenID Connect Core section 2): those that are
    /// there and are strings.
    pub clients: Vec<String>,
    /// True if claim `events` is that of a security event token (RFC 8417 section 2.2).
    pub announces_events: bool,
}

/// `aud` (RFC 7519 section 4.1.3).
#[derive(Default)]
pub(crate) enum Audience {
    #[default]
    Absent,
    WrongType,
    Is(Vec<String>),
}

impl Audience {
    pub fn of(value: &Node<'_>) -> Self {
        match value {
            Node::Null => Self::Absent,
            Node::Text(one) => Self::Is(vec![one.as_ref().to_owned()]),
            Node::Array(all) => {
                let all: Option<_> = all.iter().map(text_or_none).collect();
                all.map_or(Self::WrongType, Self::Is)
            }
            _ => Self::WrongType,
        }
    }

    pub fn names(&self) -> &[String] {
        match self {
            Self::Is(names) => names,
            Self::Absent | Self::WrongType => &[],
        }
    }
}

fn refuse<T>(name: &'static str, problem: ClaimProblem) -> Result<T, ClaimsError> {
    Err(ClaimsError::Claim { name, problem })
}

pub(crate) fn identity(
    name: &'static str,
    value: &Node<'_>,
) -> Result<Option<String>, ClaimsError> {
    match value {
        Node::Null => Ok(None),
        Node::Text(text) if text.is_empty() => refuse(name, ClaimProblem::Empty),
        Node::Text(text) if text.len() > MAX_IDENTITY_BYTES => refuse(name, ClaimProblem::TooLong),
        Node::Text(text) => Ok(Some(text.as_ref().to_owned())),
        _ => refuse(name, ClaimProblem::NotText),
    }
}

fn into_canonical(text: String) -> String {
    match canonical(&text) {
        Cow::Owned(other) => other,
        Cow::Borrowed(_) => text,
    }
}

fn session_id(value: &Node<'_>) -> Result<Option<[u8; 16]>, ClaimsError> {
    let uuid = match value {
        Node::Null => return Ok(None),
        Node::Text(text) => parse_uuid(text),
        _ => None,
    };
    match uuid {
        None => refuse("session_id", ClaimProblem::NotUuid),
        uuid => Ok(uuid),
    }
}

pub(crate) fn date(name: &'static str, value: &Node<'_>) -> Result<Option<i64>, ClaimsError> {
    match value {
        Node::Null => Ok(None),
        Node::Number(seconds) => Ok(Some(micros(&number(seconds)))),
        _ => refuse(name, ClaimProblem::NotNumber),
    }
}

fn text_or_none(value: &Node<'_>) -> Option<String> {
    match value {
        Node::Text(text) => Some(text.as_ref().to_owned()),
        _ => None,
    }
}

/// Adds the scopes of a claim to those that are known. A string is a list, unless the claim is
/// `permissions`; a member of an array is one scope, so one with a space in it is none.
fn grant(scopes: &mut Option<String>, name: &str, value: &Node<'_>) {
    let mut add = |text: &str| match scopes {
        Some(scopes) => {
            scopes.push(' ');
            scopes.push_str(text);
        }
        None => *scopes = Some(text.to_owned()),
    };
    match value {
        Node::Text(list) if name != "permissions" => add(list),
        Node::Array(all) => all.iter().for_each(|one| match one {
            Node::Text(one) if !one.contains(' ') => add(one),
            _ => {}
        }),
        _ => {}
    }
}

/// `amr` is an array of names (RFC 8176) or of objects `{method, timestamp}`; only the latter are
/// dated.
fn newest_timestamp(amr: &Node<'_>) -> Option<i64> {
    let Node::Array(methods) = amr else {
        return None;
    };
    let timestamps = methods.iter().filter_map(|method| match method {
        Node::Object(method) => match method.get("timestamp") {
            Some(Node::Number(seconds)) => Some(micros(&number(seconds))),
            _ => None,
        },
        _ => None,
    });
    timestamps.max()
}

fn access_revoked(app_metadata: &Node<'_>) -> Result<bool, ClaimsError> {
    match app_metadata {
        Node::Null => Ok(false),
        Node::Object(object) => Ok(object.get("access_revoked").is_some_and(is_truthy)),
        _ => refuse("app_metadata", ClaimProblem::NotObject),
    }
}

/// Reads `app_metadata` from a text that `jsonb` has accepted: whatever else is in it, the last
/// `access_revoked` counts.
fn access_revoked_in(
    app_metadata: &[u8],
    decode: impl Fn(&[u8]) -> Option<Cow<'_, str>>,
) -> Result<bool, ClaimsError> {
    if app_metadata == b"null" {
        return Ok(false);
    }
    let Some(members) = crate::json::split(app_metadata) else {
        return refuse("app_metadata", ClaimProblem::NotObject);
    };
    let is_flag =
        |key: &[u8]| serde_json::from_slice::<String>(key).is_ok_and(|key| key == "access_revoked");
    let flag = members.iter().rev().find(|(key, _)| is_flag(key));
    Ok(flag.is_some_and(|(_, value)| decode(value).is_none_or(|value| is_flag_set(&value))))
}

/// Returns true if a flag like `access_revoked`, given as JSON, is set: to anything but null,
/// false, "false" or 0. A text that is no JSON counts as set.
pub fn is_flag_set(json: &str) -> bool {
    let member = format!(r#"{{"access_revoked":{json}}}"#);
    Object::parse(&member).map_or(true, |flag| {
        flag.get("access_revoked").is_some_and(is_truthy)
    })
}

/// Fails closed: any value that is not plainly a no is a yes.
fn is_truthy(value: &Node<'_>) -> bool {
    match value {
        Node::Null => false,
        Node::Bool(flag) => *flag,
        Node::Number(literal) => literal.parse() != Ok(0.0),
        Node::Text(text) => text != "false",
        Node::Array(_) | Node::Object(_) => true,
    }
}
