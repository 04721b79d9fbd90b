//! Claim names: where an issuer keeps what the readers return.
//!
//! The names are one JSON object: `{"roles": "/realm_access/roles", "client": ["cid", "azp"]}`. A
//! text that begins with a slash is a JSON Pointer (RFC 6901); any other text is the name of one
//! claim at the top. An array is several of them in order, and an empty one is none. What the
//! object does not name is where the preset has it or, without a preset, where the standards do.

use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::json::{JsonError, Node, Object};
use crate::presets::Preset;
use crate::words::word_list;

/// The most paths of one name.
pub const MAX_PATHS: usize = 16;

/// The longest path, in bytes.
pub const MAX_PATH_BYTES: usize = 1024;

/// The member of the object that names a preset, if it is not given beside the object.
const PRESET: &str = "preset";

word_list! {
    /// What can be at another place, as a member of the object names it.
    pub enum ClaimName {
        /// The session: `auth.sid()` and `auth.session_id()`. The first string.
        Session = "session",
        /// The client: `auth.client_id()`. The first string. The others can be revoked, too.
        Client = "client",
        /// The role: `auth.role()`. The first that is neither absent nor null.
        Role = "role",
        /// The organization: `auth.org_id()`. The first string, or the only string of an array, or
        /// the only key of an object.
        OrgId = "org_id",
        /// The role in the organization: `auth.org_role()`. Found as the organization is.
        OrgRole = "org_role",
        /// The roles: `auth.roles()` and `auth.has_role()`. All of all paths.
        Roles = "roles",
        /// The scopes: `auth.has_scope()`. All of all paths.
        Scopes = "scopes",
        /// The permissions: `auth.has_permission()`. All of all paths.
        Permissions = "permissions",
        /// The time at which the user authenticated: `auth.authenticated_at()`. The first that is a
        /// number of seconds, or an array like `amr` with dated methods.
        AuthenticatedAt = "authenticated_at",
    }
}

/// A place in the claims.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// A claim at the top, and the path from there.
    Path(String, Vec<String>),
    /// The permissions of a session token of Clerk, which are packed into three claims.
    ClerkPermissions,
    /// The ages of the proofs in a session token of Clerk.
    ClerkFactorAges,
}

impl Place {
    /// Reads a path, as the object has it.
    pub fn parse(path: &str) -> Option<Self> {
        if path.len() > MAX_PATH_BYTES {
            return None;
        }
        let Some(pointer) = path.strip_prefix('/') else {
            return (!path.is_empty()).then(|| Self::Path(path.to_owned(), Vec::new()));
        };
        let mut tokens = pointer.split('/').map(unescape);
        let head = tokens.next()??;
        Some(Self::Path(head, tokens.collect::<Option<_>>()?))
    }

    /// Returns what is at the place in an object, if one path leads to it.
    pub fn within<'a, 't>(&self, object: &'a Object<'t>) -> Option<&'a Node<'t>> {
        match self {
            Self::Path(head, path) => below(object.get(head)?, path),
            Self::ClerkPermissions | Self::ClerkFactorAges => None,
        }
    }

    /// Returns true for claim `aud`.
    pub fn is_audience(&self) -> bool {
        self.head() == Some("aud")
    }

    /// Returns the claim at the top that the place is in, if it is in one.
    fn head(&self) -> Option<&str> {
        match self {
            Self::Path(head, _) => Some(head),
            Self::ClerkPermissions | Self::ClerkFactorAges => None,
        }
    }
}

/// A token of a JSON Pointer without its escapes (RFC 6901 section 4).
fn unescape(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (tilde_or_slash, rest) = match (part.strip_prefix('0'), part.strip_prefix('1')) {
            (Some(rest), _) => ('~', rest),
            (_, Some(rest)) => ('/', rest),
            _ => return None,
        };
        text.push(tilde_or_slash);
        text.push_str(rest);
    }
    Some(text)
}

/// The value below a node (RFC 6901 section 4).
pub(crate) fn below<'a, 't>(node: &'a Node<'t>, path: &[String]) -> Option<&'a Node<'t>> {
    path.iter().try_fold(node, |node, token| match node {
        Node::Object(object) => object.get(token),
        Node::Array(values) => values.get(index(token)?),
        _ => None,
    })
}

/// The place in an array: digits without a leading zero.
fn index(token: &str) -> Option<usize> {
    let is_plain = token == "0" || !token.starts_with('0');
    let has_digits = token.bytes().all(|byte| byte.is_ascii_digit());
    (is_plain && has_digits)
        .then(|| token.parse().ok())
        .flatten()
}

/// The reason why claim names cannot be used. Shows the names that were given, which are no secret,
/// but never more than one of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClaimNamesError {
    /// They are not one JSON object within the limits.
    Json(JsonError),
    /// There is no preset of this name.
    Preset(String),
    /// The object has a member `preset`, and is given beside the preset.
    PresetWithin,
    /// The object has a member that is none of [`ClaimName`].
    Unknown(String),
    /// A member is neither a path nor an array of paths.
    NoPath(ClaimName),
    /// A member has more than [`MAX_PATHS`] paths.
    TooMany(ClaimName),
}

impl fmt::Display for ClaimNamesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the claim names cannot be read: {error}"),
            Self::Preset(name) => write!(f, "there is no preset \"{}\"", shown(name)),
            Self::PresetWithin => write!(f, "\"{PRESET}\" is no claim name"),
            Self::Unknown(name) => write!(f, "\"{}\" is no claim name", shown(name)),
            Self::NoPath(name) => write!(f, "\"{}\" is no path to a claim", name.as_str()),
            Self::TooMany(name) => {
                write!(f, "\"{}\" has more than {MAX_PATHS} paths", name.as_str())
            }
        }
    }
}

impl std::error::Error for ClaimNamesError {}

impl ClaimNamesError {
    /// Returns what to write instead, as whole sentences.
    pub fn hint(&self) -> String {
        match self {
            Self::Json(_) => {
                "It is an object such as {\"roles\": \"/realm_access/roles\"}.".to_owned()
            }
            Self::Preset(_) => format!("The presets are {}.", Preset::listed()),
            Self::PresetWithin => "Name it beside the object: preset => 'keycloak'.".to_owned(),
            Self::Unknown(_) => format!("The names are {}.", ClaimName::listed()),
            Self::NoPath(_) | Self::TooMany(_) => format!(
                "A path is a claim at the top, such as sid, or a JSON Pointer, such as \
                 /realm_access/roles, of at most {MAX_PATH_BYTES} bytes. An array holds several \
                 in order."
            ),
        }
    }
}

/// The beginning of a name, for a message.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

/// The places of everything that can be at another place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimNames {
    places: [Vec<Place>; ClaimName::ALL.len()],
    /// The object that was given, as [`ClaimNames::parse`] reads it.
    text: String,
}

impl ClaimNames {
    /// Returns the names that a preset and an object give, the object first; `None` if neither is
    /// given.
    ///
    /// # Errors
    /// [`ClaimNamesError`] for an unknown preset, a preset within the object, an unknown name or a
    /// path that is none.
    pub fn new(
        preset: Option<&str>,
        object: Option<&str>,
    ) -> Result<Option<Arc<Self>>, ClaimNamesError> {
        let object = Object::parse(object.unwrap_or("{}")).map_err(ClaimNamesError::Json)?;
        match object.get(PRESET) {
            Some(_) => Err(ClaimNamesError::PresetWithin),
            None => Self::of(preset, object),
        }
    }

    /// Reads claim names from one text: an object, whose member `preset` may name a preset, or the
    /// name of a preset alone. An empty text is `None`.
    ///
    /// # Errors
    /// As [`ClaimNames::new`].
    pub fn parse(text: &str) -> Result<Option<Arc<Self>>, ClaimNamesError> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Ok(None);
        }
        if !text.starts_with('{') {
            return Self::of(Some(text), Object::default());
        }
        let object = Object::parse(text).map_err(ClaimNamesError::Json)?;
        match object.get(PRESET) {
            Some(Node::Text(preset)) => {
                let preset = preset.clone();
                Self::of(Some(&preset), object)
            }
            Some(other) => Err(ClaimNamesError::Preset(other.to_json())),
            None => Self::of(None, object),
        }
    }

    fn of<'a>(
        preset: Option<&'a str>,
        mut object: Object<'a>,
    ) -> Result<Option<Arc<Self>>, ClaimNamesError> {
        let preset = preset.filter(|preset| !preset.is_empty());
        if preset.is_none() && object.members().is_empty() {
            return Ok(None);
        }
        let mut places = ClaimName::ALL.map(|name| usual(name).to_vec());
        let mut put = |name: ClaimName, found| {
            if let Some(place) = places.get_mut(name as usize) {
                *place = found;
            }
        };
        if let Some(preset) = preset {
            let known = Preset::from_name(preset);
            let known = known.ok_or_else(|| ClaimNamesError::Preset(preset.to_owned()))?;
            for (name, found) in known.places() {
                put(name, found);
            }
        }
        for (name, value) in object.members() {
            if name == PRESET {
                continue;
            }
            let known = ClaimName::from_name(name);
            let known = known.ok_or_else(|| ClaimNamesError::Unknown(name.as_ref().to_owned()))?;
            put(known, paths(known, value)?);
        }
        if let Some(preset) = preset {
            object.set(PRESET, preset);
        }
        Ok(Some(Arc::new(Self {
            places,
            text: Node::Object(object).to_json(),
        })))
    }

    /// Returns the names as one text, which [`ClaimNames::parse`] reads.
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// Returns the places of one name, in order.
    pub(crate) fn places(&self, name: ClaimName) -> &[Place] {
        self.places.get(name as usize).map_or(&[], Vec::as_slice)
    }

    /// Returns true if the role is in claim `role`.
    pub(crate) fn has_usual_role(&self) -> bool {
        self.places(ClaimName::Role) == usual(ClaimName::Role)
    }

    /// Returns the claims at the top that any place is in. A claim may occur twice.
    pub(crate) fn heads(&self) -> impl Iterator<Item = &str> {
        let clerk = self.places.iter().flatten().flat_map(|place| match place {
            Place::Path(..) => &[][..],
            Place::ClerkPermissions => &["o", "fea"],
            Place::ClerkFactorAges => &["fva"],
        });
        let heads = self.places.iter().flatten().filter_map(Place::head);
        heads.chain(clerk.copied())
    }

    /// Returns true if a claim at the top holds what identifies, dates or authorises, so that it
    /// must be read without any doubt.
    pub(crate) fn is_strict(&self, head: &str) -> bool {
        let strict = [
            ClaimName::Session,
            ClaimName::Client,
            ClaimName::Role,
            ClaimName::AuthenticatedAt,
        ];
        strict.into_iter().any(|name| {
            let mut places = self.places(name).iter();
            places.any(|place| place.head() == Some(head))
        })
    }
}

fn paths(name: ClaimName, value: &Node<'_>) -> Result<Vec<Place>, ClaimNamesError> {
    let path = |value: &Node<'_>| match value {
        Node::Text(path) => Place::parse(path),
        _ => None,
    };
    let found: Option<Vec<_>> = match value {
        Node::Array(all) if all.len() > MAX_PATHS => return Err(ClaimNamesError::TooMany(name)),
        Node::Array(all) => all.iter().map(path).collect(),
        one => path(one).map(|one| vec![one]),
    };
    let mut found = found.ok_or(ClaimNamesError::NoPath(name))?;
    found.dedup();
    Ok(found)
}

/// The names of the standards, for an issuer of which nothing else is known.
pub(crate) static USUAL: LazyLock<ClaimNames> = LazyLock::new(|| ClaimNames {
    places: ClaimName::ALL.map(|name| {
        let paths: &[&str] = match name {
            // OpenID Connect Front-Channel Logout 1.0 section 3 has `sid`.
            ClaimName::Session => &["session_id", "sid"],
            // RFC 9068 section 2.2 and OpenID Connect Core section 2.
            ClaimName::Client => &["client_id", "azp"],
            ClaimName::Role => &["role"],
            ClaimName::OrgId => &["org_id"],
            ClaimName::OrgRole => &["org_role"],
            // RFC 9068 section 2.2.3.1.
            ClaimName::Roles => &["roles"],
            // RFC 8693 section 4.2.
            ClaimName::Scopes => &["scope", "scp", "permissions"],
            ClaimName::Permissions => &["permissions"],
            ClaimName::AuthenticatedAt => &["amr", "auth_time"],
        };
        let top = |claim: &&str| Place::Path((*claim).to_owned(), Vec::new());
        paths.iter().map(top).collect()
    }),
    text: String::new(),
});

/// The places of one name, if nothing else is known.
fn usual(name: ClaimName) -> &'static [Place] {
    USUAL.places(name)
}
