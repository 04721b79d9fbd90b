//! Reach: which roles a client can become, and what these may do. What nobody can reach is not a
//! finding.

use std::collections::{BTreeMap, BTreeSet};

use super::{Command, Facts, Function, PUBLIC, Policy, Relation, Role};

/// The roles that clients can become.
///
/// Clients log in as the gateway roles in `authguard.gateway_roles`. If none of them exists, they
/// log in as `authenticator`-like roles: login roles without privileges of their own (`NOINHERIT`)
/// that are members of others. If there are none, every login role but superusers is a client.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    logins: BTreeSet<u32>,
    clients: BTreeMap<u32, Client>,
}

/// A role that a client can become, or whose privileges it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The role.
    pub role: u32,
    /// The roles whose privileges it has: itself, those it inherits from, and PUBLIC.
    pub grantees: BTreeSet<u32>,
    /// True for a superuser, which needs no privilege.
    pub superuser: bool,
    /// True if no policy applies to it: superusers and roles with BYPASSRLS.
    pub passes_policies: bool,
}

impl Client {
    /// Returns true if it has the privileges of any of these roles.
    pub fn is_any_of(&self, roles: &[u32]) -> bool {
        roles.iter().any(|role| self.grantees.contains(role))
    }
}

/// The columns that a privilege is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// All columns, later ones too.
    All,
    /// These columns; none if there is no privilege.
    Some(BTreeSet<i16>),
}

impl Columns {
    /// Returns true if the column of this number is one of them.
    pub fn contains(&self, attno: i16) -> bool {
        match self {
            Self::All => true,
            Self::Some(columns) => columns.contains(&attno),
        }
    }

    /// Returns true if there is none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Some(columns) if columns.is_empty())
    }
}

impl Reach {
    /// Finds the roles that clients can become.
    pub fn of(facts: &Facts) -> Self {
        let logins = logins(facts);
        let reached = closure(facts, &logins, |m| m.inherits || m.can_set);
        let client = |role: u32| Some((role, Client::of(facts, facts.roles.get(&role)?)));
        Self {
            clients: reached.iter().copied().filter_map(client).collect(),
            logins,
        }
    }

    /// Returns the roles that clients log in as.
    pub fn logins(&self) -> &BTreeSet<u32> {
        &self.logins
    }

    /// Returns the names of the roles that clients log in as and that are members of a role.
    pub fn logins_of(&self, facts: &Facts, role: u32) -> String {
        let is_member =
            |login: &&u32| closure(facts, &BTreeSet::from([**login]), |_| true).contains(&role);
        facts.role_names(self.logins.iter().filter(is_member).copied())
    }

    /// Returns the roles that clients can become, or whose privileges they have.
    pub fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.values()
    }

    /// Returns the clients that policies apply to: neither superusers nor roles with BYPASSRLS.
    pub fn ordinary(&self) -> impl Iterator<Item = &Client> {
        self.clients().filter(|client| !client.passes_policies)
    }

    /// Returns the client that a role is.
    pub fn client(&self, role: u32) -> Option<&Client> {
        self.clients.get(&role)
    }

    /// Returns the ordinary clients that policies of a table apply to and that may run the command
    /// on it, at least for a column.
    pub fn reaching<'r>(
        &'r self,
        facts: &'r Facts,
        relation: &'r Relation,
        command: Command,
    ) -> impl Iterator<Item = &'r Client> {
        self.ordinary()
            .filter(move |client| client.reaches(facts, relation, command))
    }

    /// Returns the ordinary clients that a policy applies to and that may run a command on its
    /// table that the policy is for.
    pub fn of_policy<'r>(
        &'r self,
        facts: &'r Facts,
        policy: &'r Policy,
        command: Command,
    ) -> Vec<&'r Client> {
        let Some(relation) = facts.relations.get(&policy.relation) else {
            return Vec::new();
        };
        if !policy.is_for(command) || !relation.rls {
            return Vec::new();
        }
        self.reaching(facts, relation, command)
            .filter(|client| client.is_any_of(&policy.roles))
            .collect()
    }
}

impl Client {
    /// Returns what a role has.
    pub fn of(facts: &Facts, role: &Role) -> Self {
        let mut grantees = closure(facts, &BTreeSet::from([role.oid]), |m| m.inherits);
        grantees.insert(PUBLIC);
        Self {
            role: role.oid,
            grantees,
            superuser: role.superuser,
            passes_policies: role.passes_policies(),
        }
    }

    /// Returns true if it has the privileges of a relation's owner.
    pub fn owns(&self, relation: &Relation) -> bool {
        self.grantees.contains(&relation.owner)
    }

    /// Returns true if policies of a table apply to it, as it does not own the table, and it may
    /// run the command on it, at least for a column.
    pub fn reaches(&self, facts: &Facts, relation: &Relation, command: Command) -> bool {
        (!self.owns(relation) || relation.rls_forced) && self.may(facts, relation, command.as_str())
    }

    /// Returns true if it may use the objects of a schema.
    pub fn may_use(&self, facts: &Facts, schema: u32) -> bool {
        let grants = facts.grants.schemas.get(&schema);
        self.superuser
            || grants
                .into_iter()
                .flatten()
                .any(|grant| grant.privilege == "USAGE" && self.grantees.contains(&grant.grantee))
    }

    /// Returns true if it may use a relation's schema and has a privilege, as `SELECT`, on the
    /// relation or one of its columns.
    pub fn may(&self, facts: &Facts, relation: &Relation, privilege: &str) -> bool {
        !self.columns(facts, relation, privilege).is_empty()
    }

    /// Returns the columns of a relation that it has a privilege on. `DELETE` and `TRUNCATE` are
    /// about all columns.
    pub fn columns(&self, facts: &Facts, relation: &Relation, privilege: &str) -> Columns {
        if self.superuser {
            return Columns::All;
        }
        if !self.may_use(facts, relation.schema) {
            return Columns::Some(BTreeSet::new());
        }
        let whole = facts.grants.relations.get(&relation.oid);
        let has_whole = whole
            .into_iter()
            .flatten()
            .any(|grant| grant.privilege == privilege && self.grantees.contains(&grant.grantee));
        if has_whole {
            return Columns::All;
        }
        let single = facts.grants.columns.get(&relation.oid);
        let single = single.into_iter().flatten().filter(|(_, grant)| {
            grant.privilege == privilege && self.grantees.contains(&grant.grantee)
        });
        Columns::Some(single.map(|(attno, _)| *attno).collect())
    }

    /// Returns true if it may call a function.
    pub fn may_execute(&self, facts: &Facts, function: &Function) -> bool {
        let executors = facts.grants.executors(function.oid);
        self.superuser || self.may_use(facts, function.schema) && self.is_any_of(&executors)
    }
}

fn logins(facts: &Facts) -> BTreeSet<u32> {
    let of = |is_login: &dyn Fn(&Role) -> bool| -> BTreeSet<u32> {
        let roles = facts.roles.values().filter(|role| is_login(role));
        roles.map(|role| role.oid).collect()
    };
    if let Some(gateways) = &facts.server.gateways {
        let listed = of(&|role| gateways.contains(&role.name));
        if !listed.is_empty() {
            return listed;
        }
    } else {
        let like_authenticator = of(&|role| {
            let mut own = facts.memberships.iter().filter(|m| m.member == role.oid);
            role.can_login
                && !role.superuser
                && !role.bypasses_rls
                && !role.inherits
                && own.any(|m| m.can_set)
        });
        if !like_authenticator.is_empty() {
            return like_authenticator;
        }
    }
    of(&|role| role.can_login && !role.superuser)
}

/// Returns the roles and all that they are members of, through memberships of this kind. A
/// superuser is a member of all.
fn closure(
    facts: &Facts,
    roles: &BTreeSet<u32>,
    counts: fn(&super::Membership) -> bool,
) -> BTreeSet<u32> {
    let mut found = roles.clone();
    let mut left: Vec<u32> = roles.iter().copied().collect();
    while let Some(role) = left.pop() {
        if facts.roles.get(&role).is_some_and(|r| r.superuser) {
            return facts.roles.keys().copied().collect();
        }
        for membership in &facts.memberships {
            if membership.member == role && counts(membership) && found.insert(membership.role) {
                left.push(membership.role);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Columns, Reach};
    use crate::facts::Command;
    use crate::lint::testing::{ANON, AUTHENTICATED, AUTHENTICATOR, Database, OWNER, SERVICE_ROLE};

    const WEB: u32 = 200;

    fn clients(db: &Database) -> Vec<u32> {
        let reach = Reach::of(&db.facts);
        reach.clients().map(|client| client.role).collect()
    }

    /// A database in which `web`, a login role, can become `clerk`.
    fn with_web() -> Database {
        let mut db = Database::supabase();
        db.role(WEB, "web").can_login = true;
        db.role(WEB + 1, "clerk");
        db.member(WEB + 1, WEB, true);
        db
    }

    #[test]
    fn clients_are_whoever_a_gateway_can_become() {
        let mut db = with_web();
        let of_gateway = [AUTHENTICATOR, ANON, AUTHENTICATED, SERVICE_ROLE];
        assert_eq!(clients(&db), of_gateway);
        // As the extension says.
        db.facts.server.gateways = Some(vec!["web".to_owned(), "nobody".to_owned()]);
        assert_eq!(clients(&db), [WEB, WEB + 1]);
        // Without any, every login role.
        db.facts.server.gateways = Some(vec!["nobody".to_owned()]);
        let mut all = of_gateway.to_vec();
        all.extend([WEB, WEB + 1]);
        assert_eq!(clients(&db), all);
        // A membership that gives nothing.
        db.facts.server.gateways = Some(vec!["web".to_owned()]);
        let membership = db.facts.memberships.last_mut().unwrap();
        (membership.inherits, membership.can_set) = (false, false);
        assert_eq!(clients(&db), [WEB]);
    }

    #[test]
    fn a_superuser_reaches_every_role_and_is_no_client_by_itself() {
        let mut db = with_web();
        db.facts.roles.get_mut(&AUTHENTICATOR).unwrap().inherits = true;
        db.facts.roles.get_mut(&WEB).unwrap().superuser = true;
        assert!(!clients(&db).contains(&WEB));
        db.member(WEB, ANON, false);
        assert!(clients(&db).contains(&OWNER));
    }

    #[test]
    fn a_role_has_the_privileges_that_it_inherits_and_no_others() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner", "body"]);
        db.revoke_all(notes);
        db.role(WEB, "reader");
        db.member(WEB, ANON, true);
        db.member(WEB, AUTHENTICATED, false);
        db.grant_column(notes, 2, WEB, "SELECT");
        let reach = Reach::of(&db.facts);
        let columns = |role: u32| {
            let client = reach.client(role).unwrap();
            client.columns(&db.facts, &db.facts.relations[&notes], "SELECT")
        };
        assert_eq!(columns(ANON), Columns::Some([2].into()));
        assert!(columns(ANON).contains(2) && !columns(ANON).contains(1));
        assert!(columns(AUTHENTICATED).is_empty());
        let reaching = reach.reaching(&db.facts, &db.facts.relations[&notes], Command::Select);
        let names = db.facts.role_names(reaching.map(|client| client.role));
        assert_eq!(names, "anon, reader");
    }

    #[test]
    fn policies_do_not_apply_to_owners_unless_they_are_forced() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id"]);
        db.member(OWNER, AUTHENTICATED, true);
        let reaching = |db: &Database| {
            let reach = Reach::of(&db.facts);
            let notes = &db.facts.relations[&notes];
            let clients = reach.reaching(&db.facts, notes, Command::Select);
            db.facts.role_names(clients.map(|client| client.role))
        };
        assert_eq!(reaching(&db), "anon");
        db.relation(notes).rls_forced = true;
        assert_eq!(reaching(&db), "anon, authenticated, owner");
    }
}
