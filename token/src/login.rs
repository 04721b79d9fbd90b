//! Logging in by token: which issuers may say who logs in, by which keys, and as which roles.
//!
//! It is one JSON document, because no table can be read before the login. A misspelt member is an
//! error: a rule that is not read would let in more.

use std::fmt;

use crate::algorithm::Algorithm;
use crate::claim_names::Place;
use crate::error::TokenError;
use crate::identity::MAX_IDENTITY_BYTES;
use crate::json::{JsonError, Node, Object};
use crate::key::{Key, KeySetError, parse_jwks};
use crate::policy::Policy;
use crate::token::Token;

/// The longest document, in bytes.
pub const MAX_LOGIN_FILE_BYTES: usize = 1024 * 1024;

/// The most issuers, and the most names in a list of them, as for an issuer of the tables.
const MAX_NAMES: usize = 32;

/// The most roles that one issuer's tokens may log in as.
const MAX_ROLES: usize = 1024;

/// The claim that is the identity, if the document names none.
const USUAL_IDENTITY: &str = "sub";

/// The issuers whose tokens may log in.
#[derive(Debug)]
pub struct LoginIssuers(Vec<LoginIssuer>);

#[derive(Debug)]
struct LoginIssuer {
    policy: Policy,
    keys: Vec<Key>,
    /// The place of the claim that is the identity.
    identity: Place,
    /// The token must have all of these.
    scopes: Vec<String>,
    /// The roles that a token may log in as, each with what the token must have.
    roles: Vec<(String, Vec<Condition>)>,
}

/// One of the values must be at this place: alone, or in an array.
#[derive(Debug)]
struct Condition {
    place: Place,
    values: Vec<String>,
}

/// What a login asks for.
#[derive(Clone, Copy, Debug)]
pub struct LoginAttempt<'a> {
    /// The role to log in as.
    pub role: &'a str,
    /// The time, microseconds since 1970.
    pub now: i64,
    /// How far clocks may differ, seconds.
    pub leeway: i64,
    /// The longest token, in bytes.
    pub max_bytes: usize,
}

/// The reason why a token logs nobody in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginRejected {
    /// The token itself breaks a rule.
    Token(TokenError),
    /// Claim `iss` is missing, or names no issuer of the document.
    UnknownIssuer,
    /// The issuer has no key with that `kid`, or none of that algorithm.
    UnknownKey,
    /// The token has no `kid`, and more than one key could have signed it.
    AmbiguousKey,
    /// The token lacks a scope.
    Scope,
    /// The claim that is the identity is no string of printable ASCII within the limits, or is an
    /// `email` that the issuer has not verified.
    Identity,
    /// The token may not log in as that role.
    Role,
}

impl fmt::Display for LoginRejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(error) => return error.fmt(f),
            Self::UnknownIssuer => "the issuer is not one of authguard.oauth_issuers_file",
            Self::UnknownKey => "the issuer has no such key in authguard.oauth_issuers_file",
            Self::AmbiguousKey => "the token names no key, and the issuer has several",
            Self::Scope => "the token lacks a scope that a login needs",
            Self::Identity => "the claim that is the identity is missing, or cannot be one",
            Self::Role => "the token may not log in as this role",
        })
    }
}

impl std::error::Error for LoginRejected {}

/// The reason why the document cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoginFileError {
    /// The issuer, counted from 1; `None` for the document as a whole.
    position: Option<usize>,
    problem: Problem,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Problem {
    TooLong,
    Json(JsonError),
    Unknown(String),
    /// A member, and what it must be.
    Member(&'static str, &'static str),
    Keys(KeySetError),
}

impl fmt::Display for LoginFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(f, "issuer {position}: ")?;
        }
        match &self.problem {
            Problem::TooLong => write!(f, "it has more than {MAX_LOGIN_FILE_BYTES} bytes"),
            Problem::Json(error) => error.fmt(f),
            Problem::Unknown(name) => {
                let name: String = name.chars().take(64).collect();
                write!(f, "unknown member \"{}\"", name.escape_debug())
            }
            Problem::Member(name, needs) => write!(f, "\"{name}\" must be {needs}"),
            Problem::Keys(error) => write!(f, "\"jwks\": {error}"),
        }
    }
}

impl std::error::Error for LoginFileError {}

impl From<Problem> for LoginFileError {
    fn from(problem: Problem) -> Self {
        Self {
            position: None,
            problem,
        }
    }
}

impl LoginIssuers {
    /// Reads the document.
    ///
    /// # Errors
    /// [`LoginFileError`]: nothing of the document may be used.
    pub fn parse(json: &str) -> Result<Self, LoginFileError> {
        if json.len() > MAX_LOGIN_FILE_BYTES {
            return Err(Problem::TooLong.into());
        }
        let document = Object::parse(json).map_err(Problem::Json)?;
        only(&document, &["issuers"])?;
        let needs = "an array of 1 to 32 objects, each with another \"issuer\"";
        let wrong = || LoginFileError::from(Problem::Member("issuers", needs));
        let Some(Node::Array(entries)) = document.get("issuers") else {
            return Err(wrong());
        };
        if !(1..=MAX_NAMES).contains(&entries.len()) {
            return Err(wrong());
        }
        let mut issuers: Vec<LoginIssuer> = Vec::new();
        for (position, entry) in (1..).zip(entries) {
            let Node::Object(entry) = entry else {
                return Err(wrong());
            };
            let issuer = LoginIssuer::read(entry).map_err(|problem| LoginFileError {
                position: Some(position),
                problem,
            })?;
            let is_same = |other: &LoginIssuer| other.policy.issuer == issuer.policy.issuer;
            if issuers.iter().any(is_same) {
                return Err(wrong());
            }
            issuers.push(issuer);
        }
        Ok(Self(issuers))
    }

    /// Returns the identity that the token proves, if it may log in as the role.
    ///
    /// # Errors
    /// [`LoginRejected`]: the token logs nobody in.
    pub fn verify(&self, text: &str, attempt: LoginAttempt<'_>) -> Result<String, LoginRejected> {
        let token = Token::parse(text, attempt.max_bytes).map_err(LoginRejected::Token)?;
        let issuer = token.issuer();
        let known = self
            .0
            .iter()
            .find(|known| Some(known.policy.issuer.as_str()) == issuer)
            .ok_or(LoginRejected::UnknownIssuer)?;
        let key = known.key(token.key_id(), token.algorithm())?;
        let policy = Policy {
            leeway: attempt.leeway,
            ..known.policy.clone()
        };
        let verified = token
            .verify(key, &policy, attempt.now)
            .map_err(LoginRejected::Token)?;
        if !known
            .scopes
            .iter()
            .all(|scope| verified.claims.has_scope(scope))
        {
            return Err(LoginRejected::Scope);
        }
        let claims = Object::parse(&verified.json).map_err(|_| LoginRejected::Identity)?;
        let identity = known.identity(&claims).ok_or(LoginRejected::Identity)?;
        match known.allows(attempt.role, &claims) {
            true => Ok(identity.to_owned()),
            false => Err(LoginRejected::Role),
        }
    }
}

impl LoginIssuer {
    fn read(entry: &Object<'_>) -> Result<Self, Problem> {
        only(
            entry,
            &[
                "issuer",
                "audience",
                "client_ids",
                "types",
                "max_lifetime",
                "jwks",
                "authn_id",
                "scopes",
                "login_roles",
            ],
        )
        .map_err(|error| error.problem)?;
        let issuer = text(entry.get("issuer"))
            .filter(|name| (1..=MAX_IDENTITY_BYTES).contains(&name.len()))
            .ok_or(Problem::Member("issuer", "a string of 1 to 1024 bytes"))?;
        let audience = names(entry, "audience")?.unwrap_or_default();
        let mut policy = Policy::new(issuer, audience);
        policy.client_ids = names(entry, "client_ids")?.unwrap_or_default();
        if policy.audience.is_empty() && policy.client_ids.is_empty() {
            let needs = "there, or \"client_ids\": without them no token is for this server";
            return Err(Problem::Member("audience", needs));
        }
        if let Some(types) = names(entry, "types")? {
            if types.is_empty() {
                return Err(Problem::Member("types", "absent, or an array with a name"));
            }
            policy.types = types;
        }
        policy.max_lifetime = match entry.get("max_lifetime") {
            None => None,
            Some(Node::Number(seconds)) => seconds.parse().ok().filter(|it: &i64| *it > 0),
            Some(_) => None,
        };
        if entry.get("max_lifetime").is_some() && policy.max_lifetime.is_none() {
            let needs = "a whole number of seconds, at least 1";
            return Err(Problem::Member("max_lifetime", needs));
        }
        let Some(Node::Object(jwks)) = entry.get("jwks") else {
            return Err(Problem::Member("jwks", "a JWK set: {\"keys\": [...]}"));
        };
        let keys = parse_jwks(&Node::Object(jwks.clone()).to_json()).map_err(Problem::Keys)?;
        let identity = match entry.get("authn_id") {
            None => Place::Path(USUAL_IDENTITY.to_owned(), Vec::new()),
            Some(place) => text(Some(place))
                .and_then(Place::parse)
                .ok_or(Problem::Member("authn_id", PLACE))?,
        };
        Ok(Self {
            policy,
            keys,
            identity,
            scopes: names(entry, "scopes")?.unwrap_or_default(),
            roles: roles(entry.get("login_roles"))?,
        })
    }

    /// The key of a token, by its `kid` and its algorithm (RFC 7517 section 4.5), as for an issuer
    /// of the tables.
    fn key(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Key, LoginRejected> {
        let is_named = |key: &&Key| kid.is_none_or(|kid| key.key_id() == Some(kid));
        let named = || self.keys.iter().filter(is_named);
        let mut fitting = named().filter(|key| key.algorithm() == algorithm);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(LoginRejected::AmbiguousKey),
            (None, _) if kid.is_some() && named().next().is_some() => {
                Err(LoginRejected::Token(TokenError::AlgorithmMismatch))
            }
            (None, _) => Err(LoginRejected::UnknownKey),
        }
    }

    /// The identity, which Postgres logs, compares with pg_ident.conf, and shows as `system_user`,
    /// in no encoding that is known yet.
    fn identity<'a>(&self, claims: &'a Object<'_>) -> Option<&'a str> {
        let email = Place::Path("email".to_owned(), Vec::new());
        if self.identity == email && claims.get("email_verified") != Some(&Node::Bool(true)) {
            return None;
        }
        let is_printable = |byte: u8| (b' '..=b'~').contains(&byte);
        text(self.identity.within(claims)).filter(|identity| {
            (1..=MAX_IDENTITY_BYTES).contains(&identity.len()) && identity.bytes().all(is_printable)
        })
    }

    fn allows(&self, role: &str, claims: &Object<'_>) -> bool {
        let known = self.roles.iter().find(|(name, _)| name == role);
        known.is_some_and(|(_, conditions)| conditions.iter().all(|it| it.holds(claims)))
    }
}

impl Condition {
    fn read(place: &str, value: &Node<'_>) -> Option<Self> {
        let values = match value {
            Node::Text(one) if !one.is_empty() => vec![one.as_ref().to_owned()],
            other => list(other).filter(|values| !values.is_empty())?,
        };
        let place = Place::parse(place)?;
        Some(Self { place, values })
    }

    fn holds(&self, claims: &Object<'_>) -> bool {
        let is_one = |node: &Node<'_>| match node {
            Node::Text(text) => self.values.iter().any(|value| value == text),
            _ => false,
        };
        match self.place.within(claims) {
            Some(Node::Array(all)) => all.iter().any(is_one),
            Some(one) => is_one(one),
            None => false,
        }
    }
}

/// What a place must be.
const PLACE: &str = "the name of a claim, or a JSON Pointer such as /realm_access/roles";

fn text<'a>(value: Option<&'a Node<'_>>) -> Option<&'a str> {
    match value {
        Some(Node::Text(text)) => Some(text),
        _ => None,
    }
}

/// Refuses a member that is none of these.
fn only(object: &Object<'_>, known: &[&str]) -> Result<(), LoginFileError> {
    let mut names = object.members().iter().map(|(name, _)| name.as_ref());
    match names.find(|name| !known.contains(name)) {
        Some(name) => Err(Problem::Unknown(name.to_owned()).into()),
        None => Ok(()),
    }
}

/// A member that is absent, or an array of at most 32 names, none of them empty.
fn names(entry: &Object<'_>, name: &'static str) -> Result<Option<Vec<String>>, Problem> {
    let Some(value) = entry.get(name) else {
        return Ok(None);
    };
    list(value)
        .map(Some)
        .ok_or(Problem::Member(name, "an array of at most 32 strings"))
}

fn list(value: &Node<'_>) -> Option<Vec<String>> {
    match value {
        Node::Array(all) if all.len() <= MAX_NAMES => all
            .iter()
            .map(|one| text(Some(one)).filter(|name| !name.is_empty()))
            .map(|name| name.map(str::to_owned))
            .collect(),
        _ => None,
    }
}

/// The roles, each with its conditions. There must be one: the document decides who may become
/// whom, and an issuer whose tokens may become nobody is a mistake.
fn roles(value: Option<&Node<'_>>) -> Result<Vec<(String, Vec<Condition>)>, Problem> {
    let needs = "an object of 1 to 1024 roles, each with an object of claims and the string, or \
                 the array of strings, that they must have";
    let wrong = || Problem::Member("login_roles", needs);
    let Some(Node::Object(roles)) = value else {
        return Err(wrong());
    };
    if !(1..=MAX_ROLES).contains(&roles.members().len()) {
        return Err(wrong());
    }
    let role = |name: &str, conditions: &Node<'_>| {
        let Node::Object(conditions) = conditions else {
            return None;
        };
        // The name of a role that is not UTF-8 is asked for as the empty one.
        if name.is_empty() {
            return None;
        }
        let conditions = conditions.members().iter();
        let conditions = conditions.map(|(place, value)| Condition::read(place, value));
        Some((name.to_owned(), conditions.collect::<Option<_>>()?))
    };
    let roles = roles.members().iter();
    let roles: Option<Vec<_>> = roles.map(|(name, it)| role(name, it)).collect();
    roles.ok_or_else(wrong)
}
