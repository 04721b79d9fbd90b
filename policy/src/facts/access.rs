//! Grants.

use std::collections::HashMap;

use super::PUBLIC;

/// A privilege that a role, or PUBLIC, has been granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role, or [`PUBLIC`].
    pub grantee: u32,
    /// The privilege in capitals, as `SELECT`.
    pub privilege: String,
}

/// Who has been granted what, owners included.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// On relations.
    pub relations: HashMap<u32, Vec<Grant>>,
    /// On columns, by relation and number.
    pub columns: HashMap<u32, Vec<(i16, Grant)>>,
    /// On functions, those of system schemas left out unless someone has changed theirs.
    pub functions: HashMap<u32, Vec<Grant>>,
    /// On schemas.
    pub schemas: HashMap<u32, Vec<Grant>>,
    /// On types whose privileges someone has changed.
    pub types: HashMap<u32, Vec<Grant>>,
}

impl Grants {
    /// Returns the roles that may execute a function. Everybody may, if it has no entry.
    pub fn executors(&self, function: u32) -> Vec<u32> {
        match self.functions.get(&function) {
            Some(grants) => grants.iter().map(|grant| grant.grantee).collect(),
            None => vec![PUBLIC],
        }
    }
}
