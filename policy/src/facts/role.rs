//! Roles and their memberships.

/// A role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its OID.
    pub oid: u32,
    /// Its name, not quoted.
    pub name: String,
    /// True for a superuser.
    pub superuser: bool,
    /// True if it has, up to Postgres 15, the privileges of the roles it is a member of.
    pub inherits: bool,
    /// True if it can log in.
    pub can_login: bool,
    /// True if no policy applies to it.
    pub bypasses_rls: bool,
    /// True if it can create roles.
    pub can_create_roles: bool,
    /// True if it can replicate.
    pub can_replicate: bool,
}

impl Role {
    /// Returns true if policies do not apply to it, whatever table it reads.
    pub fn passes_policies(&self) -> bool {
        self.superuser || self.bypasses_rls
    }
}

/// The membership of a role in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The role that has members.
    pub role: u32,
    /// Its member.
    pub member: u32,
    /// True if the member has the role's privileges.
    pub inherits: bool,
    /// True if the member can become the role.
    pub can_set: bool,
}
