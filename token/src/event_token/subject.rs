//! Subject identifiers (RFC 9493, and section 3 of the Shared Signals Framework 1.0): whom an event
//! is about, as far as this database knows such subjects.

use std::borrow::Cow;

use super::error::EventError;
use super::{EventPolicy, Ignored};
use crate::identity::{MAX_IDENTITY_BYTES, canonical};
use crate::json::{Node, Object};

/// Whom an event is about.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Subject {
    /// The user: `sub` in canonical form.
    pub user: Option<String>,
    /// The session, in canonical form.
    pub session: Option<String>,
    /// The client.
    pub client: Option<String>,
    /// One token: its `jti` in canonical form.
    pub token: Option<String>,
    /// An opaque identifier, which the event alone says the meaning of.
    pub opaque: Option<String>,
    /// True if there are members that narrow the subject in a way that is not known here.
    pub is_narrower: bool,
    /// Why a member names nobody.
    pub ignored: Option<Ignored>,
}

impl Subject {
    /// Reads a subject, which may be a complex one.
    pub fn read(value: &Node<'_>, policy: &EventPolicy) -> Result<Self, EventError> {
        let members = object(value)?;
        if !is_complex(members)? {
            let mut subject = Self::default();
            match Identifier::read(members, policy)? {
                Identifier::User(user) => subject.user = Some(user),
                Identifier::Token(jti) => subject.token = Some(jti),
                Identifier::Opaque(id) => subject.opaque = Some(id),
                Identifier::Ignored(why) => subject.ignored = Some(why),
            }
            return Ok(subject);
        }
        let mut subject = Self::default();
        for (name, member) in members.members() {
            let into = match name.as_ref() {
                "format" | "subject_type" => continue,
                "user" => &mut subject.user,
                "session" => &mut subject.session,
                "application" => &mut subject.client,
                // A device, a tenant, a group: the rest of the subject then stands for more.
                _ => {
                    subject.is_narrower = true;
                    continue;
                }
            };
            match Identifier::read(object(member)?, policy)? {
                Identifier::User(id) | Identifier::Opaque(id) => *into = Some(id),
                Identifier::Token(jti) => subject.token = Some(jti),
                Identifier::Ignored(why) => subject.ignored = Some(why),
            }
        }
        Ok(subject)
    }

    /// Reads the claims `sub` and `sid`.
    pub fn of_claims(user: Option<&str>, session: Option<&str>) -> Self {
        let canonical = |text: &str| canonical(text).into_owned();
        Self {
            user: user.map(canonical),
            session: session.map(canonical),
            ..Self::default()
        }
    }

    /// Returns true if the subject names nobody, whether known here or not.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One subject identifier that is not complex.
enum Identifier {
    User(String),
    Token(String),
    Opaque(String),
    Ignored(Ignored),
}

impl Identifier {
    fn read(members: &Object<'_>, policy: &EventPolicy) -> Result<Self, EventError> {
        let format = format(members)?;
        if format == "aliases" {
            return Self::first(members, policy);
        }
        Self::simple(&format, members, policy)
    }

    fn simple(
        format: &str,
        members: &Object<'_>,
        policy: &EventPolicy,
    ) -> Result<Self, EventError> {
        let of_issuer = |name: &'static str| -> Result<Option<String>, EventError> {
            let id = text(members, name)?;
            let issuer = text(members, "iss")?;
            Ok((issuer == policy.issuer).then(|| canonical(id).into_owned()))
        };
        let foreign = Self::Ignored(Ignored::ForeignSubject);
        Ok(match format {
            // Google sends the latter, with the members of an ID token.
            "iss_sub" | "id_token_claims" => of_issuer("sub")?.map_or(foreign, Self::User),
            "jwt_id" => of_issuer("jti")?.map_or(foreign, Self::Token),
            "opaque" => Self::Opaque(canonical(text(members, "id")?).into_owned()),
            "email" => {
                let email = text(members, "email")?;
                match policy.emails {
                    true => Self::User(canonical(email).into_owned()),
                    false => Self::Ignored(Ignored::Email),
                }
            }
            "complex" | "aliases" => return Err(EventError::Subject("format")),
            _ => Self::Ignored(Ignored::Format),
        })
    }

    /// The first of several identifiers of one subject (RFC 9493 section 3.2.8) that names a user
    /// here or, if none does, something else.
    fn first(members: &Object<'_>, policy: &EventPolicy) -> Result<Self, EventError> {
        let Some(Node::Array(all)) = members.get("identifiers") else {
            return Err(EventError::Subject("identifiers"));
        };
        let mut found = Vec::with_capacity(all.len());
        for one in all {
            let members = object(one)?;
            found.push(Self::simple(&format(members)?, members, policy)?);
        }
        let worth = |one: &Self| match one {
            Self::User(_) => 0,
            Self::Token(_) | Self::Opaque(_) => 1,
            Self::Ignored(_) => 2,
        };
        let first = found.into_iter().min_by_key(worth);
        first.ok_or(EventError::Subject("identifiers"))
    }
}

/// Members of a complex subject (section 3.1 of the Shared Signals Framework 1.0).
const COMPLEX_MEMBERS: [&str; 7] = [
    "user",
    "device",
    "session",
    "application",
    "tenant",
    "org_unit",
    "group",
];

/// Returns true if a subject is a complex one. In the first drafts of the framework such a subject
/// did not say so, and some transmitters still send it like this.
fn is_complex(members: &Object<'_>) -> Result<bool, EventError> {
    let is_named = members.get("format").is_some() || members.get("subject_type").is_some();
    let is_member = |name: &&str| matches!(members.get(name), Some(Node::Object(_)));
    match !is_named && COMPLEX_MEMBERS.iter().any(is_member) {
        true => Ok(true),
        false => Ok(format(members)? == "complex"),
    }
}

/// The format of an identifier. Google names the member `subject_type`, and writes hyphens (RISC
/// 1.0 section 3.1).
fn format<'n>(members: &'n Object<'_>) -> Result<Cow<'n, str>, EventError> {
    match (members.get("format"), members.get("subject_type")) {
        (Some(Node::Text(format)), _) => Ok(Cow::Borrowed(format)),
        (None, Some(Node::Text(format))) => Ok(Cow::Owned(format.replace('-', "_"))),
        _ => Err(EventError::Subject("format")),
    }
}

fn object<'n, 't>(value: &'n Node<'t>) -> Result<&'n Object<'t>, EventError> {
    match value {
        Node::Object(members) => Ok(members),
        _ => Err(EventError::Subject("format")),
    }
}

fn text<'n>(members: &'n Object<'_>, name: &'static str) -> Result<&'n str, EventError> {
    match members.get(name) {
        Some(Node::Text(text)) if (1..=MAX_IDENTITY_BYTES).contains(&text.len()) => Ok(text),
        _ => Err(EventError::Subject(name)),
    }
}
