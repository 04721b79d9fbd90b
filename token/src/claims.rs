//! Reads from the text of the claims the few values that decide something.
//!
//! JSON null is an absent claim, everywhere. If a claim that identifies or dates the token has the
//! wrong type, all claims are refused: taking a wrong-typed `exp` as absent keeps expired tokens
//! valid (CVE-2026-25537), and an identity must be one that can be revoked. If a claim that only
//! describes the user (`email`, `aal`, `is_anonymous`), or that is at a place of its own at each
//! issuer ([`ClaimNames`]), has the wrong type, it counts as absent.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::claim_names::{ClaimName, ClaimNames, Place, USUAL, below};
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
    /// The session, as the issuer names it. Never empty, and at most [`MAX_IDENTITY_BYTES`].
    pub session: Option<String>,
    /// The session, if it is a UUID; otherwise `None`.
    pub session_id: Option<[u8; 16]>,
    /// The client, as the issuer names it. Never empty, and at most [`MAX_IDENTITY_BYTES`].
    pub client: Option<String>,
    /// Clients at later places that differ from it. The revocation of any of them counts.
    pub other_clients: Vec<String>,
    /// `jti` (section 4.1.7) in its [`canonical`] form. Never empty.
    pub jti: Option<String>,
    /// `iat` (section 4.1.6), microseconds.
    pub issued_at: Option<i64>,
    /// `exp` (section 4.1.4), microseconds.
    pub expires_at: Option<i64>,
    /// `nbf` (section 4.1.5), microseconds.
    pub not_before: Option<i64>,
    /// When the user authenticated: as a rule the newest `amr[].timestamp`, otherwise `auth_time`
    /// (OpenID Connect Core section 2), microseconds.
    pub authenticated_at: Option<i64>,
    /// The role, as a rule `role`; `None` also if it is no string.
    pub role: Option<String>,
    /// True if the role is neither a string nor null: a policy may still read it from the JSON.
    pub role_is_malformed: bool,
    /// `email`; `None` also if it is no string.
    pub email: Option<String>,
    /// `aal`, the level of the authentication; `None` also if it is no string.
    pub aal: Option<String>,
    /// `is_anonymous`; `None` also if it is no boolean.
    pub is_anonymous: Option<bool>,
    /// The scopes, space-separated: as a rule of `scope` (RFC 8693 section 4.2) and `scp`, each a
    /// string of scopes or an array of them, and of `permissions`, an array. `None` if there are
    /// none.
    pub scope: Option<String>,
    /// The organization that the user acts in.
    pub org_id: Option<String>,
    /// The role of the user in the organization.
    pub org_role: Option<String>,
    /// The roles, each once. `None` if there is no such claim.
    pub roles: Option<Vec<String>>,
    /// The permissions, space-separated. `None` if there are none.
    pub permissions: Option<String>,
    /// True if `app_metadata.access_revoked` is anything but absent, null, false, "false" or 0.
    pub access_revoked: bool,
    /// The names by which the claims were read; `None` for those of the standards.
    pub names: Option<Arc<ClaimNames>>,
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
        Self::read(&Object::parse(text)?, None)
    }

    /// Reads the claims from an object, by the names of their issuer; `None` for those of the
    /// standards.
    ///
    /// # Errors
    /// As [`Claims::parse`].
    pub fn read(object: &Object<'_>, names: Option<&Arc<ClaimNames>>) -> Result<Self, ClaimsError> {
        Ok(Self::read_with_recipient(object, names)?.0)
    }

    /// Reads the claims of a gateway from a text that `jsonb` has accepted, in an encoding that
    /// begins with ASCII. `decode` makes UTF-8 of a part of it.
    ///
    /// A claim that only describes the user may be anything: a user may write `user_metadata`
    /// himself, and must not be able to make his claims refused. So the strict grammar holds for
    /// the members that identify, date or authorise ([`STRICT`], and those that the names say),
    /// and they must not occur twice. Of any other key that occurs twice the last member counts,
    /// as in `jsonb`.
    ///
    /// # Errors
    /// [`ClaimsError`] for one of those members.
    pub fn read_jsonb_text(
        text: &[u8],
        names: Option<&Arc<ClaimNames>>,
        decode: impl Fn(&[u8]) -> Option<Cow<'_, str>>,
    ) -> Result<Self, ClaimsError> {
        let by = names.map_or(&*USUAL, |names| names);
        let is_strict = |name: &str| STRICT.contains(&name) || by.is_strict(name);
        let mut draft = Draft::default();
        let members = crate::json::split(text).ok_or(JsonError::NotAnObject)?;
        let mut texts = Vec::new();
        for (place, (name, value)) in members.iter().enumerate() {
            let Some(name) = known(name, by) else {
                continue;
            };
            let later = members.get(place.saturating_add(1)..).unwrap_or_default();
            if later
                .iter()
                .any(|(other, _)| known(other, by) == Some(name))
            {
                match is_strict(name) {
                    true => return Err(JsonError::DuplicateKey.into()),
                    false => continue,
                }
            }
            if name == "app_metadata" {
                draft.claims.access_revoked = access_revoked_in(value, &decode)?;
            }
            texts.push((name, decode(value).ok_or(JsonError::Character)));
        }
        let mut nodes = Vec::new();
        for (name, text) in &texts {
            let text = text.as_deref().map_err(|error| *error);
            match text.and_then(Node::parse) {
                // Its flag was read already, whatever else is in it.
                Ok(node) if *name == "app_metadata" => nodes.push((*name, node)),
                Err(_) if *name == "app_metadata" && !by.is_strict(name) => {}
                Ok(node) => {
                    draft.read(name, &node)?;
                    nodes.push((*name, node));
                }
                Err(error) if is_strict(name) => return Err(error.into()),
                Err(_) => {}
            }
        }
        draft.describe(names, |head| {
            let node = nodes.iter().find(|(name, _)| *name == head);
            node.map(|(_, node)| node)
        });
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
        names: Option<&Arc<ClaimNames>>,
    ) -> Result<(Self, Recipient), ClaimsError> {
        let mut draft = Draft::default();
        for (name, value) in object.members() {
            draft.read(name, value)?;
        }
        draft.describe(names, |head| object.get(head));
        Ok(draft.finish())
    }

    /// Returns true if the claims are of a session of the issuer with this `iss`.
    pub fn is_of_local_session(&self, issuer: &str) -> bool {
        self.session.is_some() && self.issuer.as_deref() == Some(issuer)
    }

    /// Returns the session in its [`canonical`] form: the key of revocations.
    pub fn session_key(&self) -> Option<Cow<'_, str>> {
        let session = self.session.as_deref()?;
        Some(canonical_of(session, self.session_id))
    }

    /// Returns every client that the claims name, in its [`canonical`] form: the keys of
    /// revocations.
    pub fn client_keys(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let all = self.client.iter().chain(&self.other_clients);
        all.map(|client| canonical(client))
    }

    /// Returns true if the role is in claim `role`.
    pub fn has_usual_role(&self) -> bool {
        let names = self.names.as_ref();
        names.is_none_or(|names| names.has_usual_role())
    }

    /// Returns true if `role` is one of the token's roles, compared exactly.
    pub fn has_role(&self, role: &str) -> bool {
        let roles = self.roles.as_deref().unwrap_or_default();
        roles.iter().any(|one| one == role)
    }

    /// Returns true if `permission` is one of the token's permissions, compared exactly.
    pub fn has_permission(&self, permission: &str) -> bool {
        lists(self.permissions.as_deref(), permission)
    }

    /// Returns true if `scope` is one of the token's scopes, compared exactly. The empty string,
    /// and a text with a space in it, are no scopes.
    pub fn has_scope(&self, scope: &str) -> bool {
        lists(self.scope.as_deref(), scope)
    }
}

/// Returns true if a list that is separated by spaces has a member.
fn lists(all: Option<&str>, one: &str) -> bool {
    let all = all.unwrap_or_default();
    !one.is_empty() && all.split(' ').any(|other| other == one)
}

/// The members that identify, date or authorise, whatever the names: they must pass the strict
/// parser, and must not occur twice.
const STRICT: [&str; 9] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "auth_time",
    "app_metadata",
];

/// The other members that are read, whatever the names.
const DESCRIBING: [&str; 3] = ["email", "aal", "is_anonymous"];

/// The most bytes of permissions that are unpacked. What is beyond is not granted.
const MAX_UNPACKED_BYTES: usize = 8192;

/// 10^11 seconds, in microseconds: the year 5138. In milliseconds that many are the year 1973.
const FAR_FUTURE: i64 = 100_000_000_000 * MICROS_PER_SECOND;

/// The name of a member that is read, if a key in quotes is one, spelt with escapes or without.
fn known<'n>(key: &[u8], names: &'n ClaimNames) -> Option<&'n str> {
    let is = |name: &str| match key.contains(&b'\\') {
        false => {
            key.strip_prefix(b"\"")
                .and_then(|key| key.strip_suffix(b"\""))
                == Some(name.as_bytes())
        }
        true => serde_json::from_slice::<String>(key).is_ok_and(|key| key == name),
    };
    let fixed = STRICT.into_iter().chain(DESCRIBING);
    fixed.chain(names.heads()).find(|name| is(name))
}

/// Claims while they are being read.
#[derive(Default)]
struct Draft {
    claims: Claims,
    recipient: Recipient,
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
            "iat" => claims.issued_at = date("iat", value)?,
            "exp" => claims.expires_at = date("exp", value)?,
            "nbf" => claims.not_before = date("nbf", value)?,
            // Another place may say when the user authenticated, but this one must be sound.
            "auth_time" => {
                date("auth_time", value)?;
            }
            "email" => claims.email = text_or_none(value),
            "aal" => claims.aal = text_or_none(value),
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

    /// Reads what is at a place of its own at each issuer. `top` returns a claim at the top.
    fn describe<'a, 't: 'a>(
        &mut self,
        names: Option<&Arc<ClaimNames>>,
        top: impl Fn(&str) -> Option<&'a Node<'t>>,
    ) {
        let by = names.map_or(&*USUAL, |names| names);
        let places = |name| by.places(name).iter();
        let find = |place: &Place| match place {
            Place::Path(head, path) => below(top(head)?, path),
            Place::ClerkPermissions | Place::ClerkFactorAges => None,
        };
        let first = |name, read: fn(&Node<'_>) -> Option<String>| {
            places(name).find_map(|place| find(place).and_then(read))
        };
        let claims = &mut self.claims;
        claims.session = first(ClaimName::Session, name_or_none);
        claims.session_id = claims.session.as_deref().and_then(parse_uuid);
        let mut clients: Vec<String> = Vec::new();
        for place in places(ClaimName::Client) {
            let client = find(place).and_then(name_or_none);
            if let Some(client) = client.filter(|client| !clients.contains(client)) {
                // The audience is judged as such: an ID token names its client there.
                let recipients = &mut self.recipient.clients;
                if !place.is_audience() && !recipients.contains(&client) {
                    recipients.push(client.clone());
                }
                clients.push(client);
            }
        }
        let mut clients = clients.into_iter();
        claims.client = clients.next();
        claims.other_clients = clients.collect();
        claims.org_id = first(ClaimName::OrgId, only_text);
        claims.org_role = first(ClaimName::OrgRole, only_text);
        let is_given = |node: &&Node<'_>| !matches!(node, Node::Null);
        let role = places(ClaimName::Role).find_map(|place| find(place).filter(is_given));
        claims.role = role.and_then(text_or_none);
        claims.role_is_malformed = role.is_some() && claims.role.is_none();
        claims.authenticated_at =
            places(ClaimName::AuthenticatedAt).find_map(|place| match place {
                Place::ClerkFactorAges => factor_time(top("fva")?, claims.issued_at?),
                place => proof_time(find(place)?, is_array(place)),
            });

        claims.scope = None;
        claims.permissions = None;
        for (name, granted) in [
            (ClaimName::Scopes, &mut claims.scope),
            (ClaimName::Permissions, &mut claims.permissions),
        ] {
            for place in places(name) {
                match (place, find(place)) {
                    (Place::ClerkPermissions, _) => unpack(granted, top("o"), top("fea")),
                    (place, Some(value)) => grant(granted, is_array(place), value),
                    _ => {}
                }
            }
        }
        let mut roles = List::default();
        for place in places(ClaimName::Roles) {
            match find(place) {
                Some(Node::Text(role)) => roles.add(role),
                Some(Node::Array(all)) => roles.add_all(all),
                _ => {}
            }
        }
        claims.roles = roles.into();
        claims.names = names.cloned();
    }

    fn finish(self) -> (Claims, Recipient) {
        let mut claims = self.claims;
        if let Some(subject) = &claims.raw_subject {
            claims.uid = parse_uuid(subject);
            claims.subject = Some(canonical_of(subject, claims.uid).into_owned());
        }
        (claims, self.recipient)
    }
}

/// The claims that say for whom a token is, and whether it is an access token at all.
#[derive(Default)]
pub(crate) struct Recipient {
    pub audience: Audience,
    /// `client_id` (RFC 9068 section 2.2) and `azp` (OpenID Connect Core section 2), those that are
    /// there and are strings, and the clients where the issuer's names say that they are.
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

/// The name of a session or a client. One that is empty or too long could not be revoked.
fn name_or_none(value: &Node<'_>) -> Option<String> {
    match value {
        Node::Text(text) if (1..=MAX_IDENTITY_BYTES).contains(&text.len()) => {
            Some(text.as_ref().to_owned())
        }
        _ => None,
    }
}

/// A string, the only string of an array, or the only key of an object: the one organization that a
/// token is about. If there are several, none of them is.
fn only_text(value: &Node<'_>) -> Option<String> {
    let text: &str = match value {
        Node::Text(text) => text,
        Node::Array(all) => match all.as_slice() {
            [Node::Text(text)] => text,
            _ => return None,
        },
        Node::Object(object) => match object.members() {
            [(key, _)] => key,
            _ => return None,
        },
        _ => return None,
    };
    (!text.is_empty()).then(|| text.to_owned())
}

/// Texts, each once, in their order. `None` until there is a claim that can hold some.
#[derive(Default)]
struct List<'a> {
    all: Option<Vec<&'a str>>,
    known: BTreeSet<&'a str>,
}

impl<'a> List<'a> {
    fn add(&mut self, text: &'a str) {
        let all = self.all.get_or_insert_default();
        if !text.is_empty() && self.known.insert(text) {
            all.push(text);
        }
    }

    fn add_all(&mut self, values: &'a [Node<'_>]) {
        self.all.get_or_insert_default();
        for value in values {
            if let Node::Text(text) = value {
                self.add(text);
            }
        }
    }
}

impl From<List<'_>> for Option<Vec<String>> {
    fn from(list: List<'_>) -> Self {
        let owned = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect();
        list.all.map(owned)
    }
}

/// Returns true for claims `permissions` and `amr` themselves, in which only an array has a
/// meaning.
fn is_array(place: &Place) -> bool {
    let is_one = |head: &str| matches!(head, "permissions" | "amr");
    matches!(place, Place::Path(head, path) if is_one(head) && path.is_empty())
}

/// Adds the scopes of a claim to those that are known. A string is a list, unless only arrays are
/// wanted; a member of an array is one scope, so one with a space in it is none.
fn grant(scopes: &mut Option<String>, only_arrays: bool, value: &Node<'_>) {
    let mut add = |text: &str| match scopes {
        Some(scopes) => {
            scopes.push(' ');
            scopes.push_str(text);
        }
        None => *scopes = Some(text.to_owned()),
    };
    match value {
        Node::Text(list) if !only_arrays => add(list),
        Node::Array(all) => all.iter().for_each(|one| match one {
            Node::Text(one) if !one.contains(' ') => add(one),
            _ => {}
        }),
        _ => {}
    }
}

/// Adds the permissions of a session token of Clerk, version 2: `o.fpm` has a number for each
/// feature of the organization in `fea`. Its binary digits, the last one first, grant with a 1 the
/// permission of the same place in `o.per`.
///
/// For `"fea": "o:dashboard,o:teams", "o": {"per": "manage,read", "fpm": "3,2"}` they are
/// `org:dashboard:manage`, `org:dashboard:read` and `org:teams:read`.
fn unpack(
    granted: &mut Option<String>,
    organization: Option<&Node<'_>>,
    features: Option<&Node<'_>>,
) {
    let (Some(Node::Object(organization)), Some(Node::Text(features))) = (organization, features)
    else {
        return;
    };
    let (Some(Node::Text(names)), Some(Node::Text(masks))) =
        (organization.get("per"), organization.get("fpm"))
    else {
        return;
    };
    let features = features.split(',').filter_map(|feature| {
        let (scope, name) = feature.trim().split_once(':')?;
        scope.contains('o').then_some(name)
    });
    let mut left = MAX_UNPACKED_BYTES;
    for (feature, mask) in features.zip(masks.split(',')) {
        let mut mask: u64 = mask.trim().parse().unwrap_or(0);
        for name in names.split(',').map(str::trim) {
            if mask & 1 == 1 {
                let permission = format!("org:{feature}:{name}");
                // As a member of an array: one with a space in it would be two.
                if permission.contains(' ') {
                    return;
                }
                let Some(rest) = left.checked_sub(permission.len()) else {
                    return;
                };
                left = rest;
                grant(granted, false, &Node::from(permission));
            }
            mask >>= 1;
        }
    }
}

/// The time of the last proof in a session token of Clerk: `fva` counts the whole minutes from each
/// factor's proof to `iat`; -1 is never. A minute that is not over counts as one, so that a proof
/// is never taken for a later one.
fn factor_time(ages: &Node<'_>, issued_at: i64) -> Option<i64> {
    let Node::Array(ages) = ages else {
        return None;
    };
    let minutes = ages.iter().filter_map(|age| match age {
        Node::Number(minutes) => minutes.parse::<i64>().ok().filter(|minutes| *minutes >= 0),
        _ => None,
    });
    let seconds = minutes.min()?.saturating_add(1).saturating_mul(60);
    Some(issued_at.saturating_sub(seconds.saturating_mul(MICROS_PER_SECOND)))
}

/// The time of a proof: a number of seconds, unless only an array is wanted, or the newest of the
/// methods in an array like `amr`.
fn proof_time(value: &Node<'_>, only_arrays: bool) -> Option<i64> {
    match value {
        Node::Number(seconds) if !only_arrays => Some(micros(&number(seconds))),
        value => newest_timestamp(value),
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
