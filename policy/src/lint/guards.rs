//! Who passes a guard: what the rules about guards share.
//!
//! A guard is a restrictive policy for all commands that no revoked token passes, because of
//! `auth.is_revoked()`, `auth.is_active()` or `auth.is_user()`. If the extension is there, the
//! rules are about the tables that have one. Without it, they are about the tables that clients
//! reach through a policy.

use std::collections::{BTreeMap, BTreeSet};

use super::truth::{Logic, Truth};
use crate::Expr;
use crate::facts::{Client, Command, Facts, PUBLIC, Policy, Reach, Relation, RelationKind};

/// The checks, one of which a guard calls.
const CHECKS: [&str; 3] = ["is_revoked", "is_active", "is_user"];

/// What a table without a guard is called in a problem.
const WITH_POLICIES: &str = "table with policies";

/// What the rules about guards share.
pub(crate) struct Guards<'f> {
    facts: &'f Facts,
    /// Clients that policies apply to; of those with the same privileges, one.
    holders: Vec<Client>,
    /// What these clients may do by a grant to whom. The owner needs none.
    rights: BTreeMap<u32, Vec<Right<'f>>>,
    /// The functions that guards call.
    checks: BTreeSet<u32>,
    /// The guards of tables.
    guards: BTreeMap<u32, Vec<&'f Policy>>,
    /// The tables whose rows are to be seen through policies only.
    protected: BTreeSet<u32>,
    /// The views that read a relation.
    views: BTreeMap<u32, Vec<&'f Relation>>,
}

/// A privilege that a client has by a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Right<'f> {
    /// The client.
    pub(crate) client: u32,
    /// The role that has been granted the privilege.
    pub(crate) grantee: u32,
    /// The privilege.
    pub(crate) privilege: &'f str,
}

impl Right<'_> {
    /// Returns true for a privilege that policies apply to.
    pub(crate) fn is_of_rows(&self) -> bool {
        Command::ALL.iter().any(|c| c.as_str() == self.privilege)
    }
}

/// A view that shows rows of a protected table to whoever may read it.
pub(crate) struct Leak<'f> {
    /// The view.
    pub(crate) view: &'f Relation,
    /// The view that reads the table past its policies: the same one, or one that it reads.
    pub(crate) by: &'f Relation,
    /// What the table is called in a problem.
    pub(crate) what: &'static str,
}

impl<'f> Guards<'f> {
    pub(super) fn of(facts: &'f Facts, reach: &Reach) -> Self {
        let checks = checks(facts);
        let mut guards = Self {
            facts,
            holders: holders(facts, reach),
            rights: BTreeMap::new(),
            guards: guard_policies(facts, &checks),
            checks,
            protected: BTreeSet::new(),
            views: views_by_source(facts),
        };
        for relation in facts.relations.values().filter(|r| is_judged(facts, r)) {
            let rights = guards.find_rights(relation);
            if !rights.is_empty() {
                guards.rights.insert(relation.oid, rights);
            }
        }
        let protected = facts.relations.values().filter(|relation| {
            is_judged(facts, relation)
                && relation.is_table()
                && relation.rls
                && match facts.server.authguard {
                    Some(_) => guards.guards.contains_key(&relation.oid),
                    None => guards.is_opened(relation.oid),
                }
        });
        guards.protected = protected.map(|relation| relation.oid).collect();
        guards
    }

    /// Returns true if the rows of a table are to be seen through policies only.
    pub(crate) fn is_protected(&self, relation: u32) -> bool {
        self.protected.contains(&relation)
    }

    /// Returns the tables whose rows are to be seen through policies only.
    pub(crate) fn protected(&self) -> impl Iterator<Item = &'f Relation> {
        let facts = self.facts;
        let relations = self.protected.iter();
        relations.filter_map(move |oid| facts.relations.get(oid))
    }

    /// Returns what such a table is called in a problem.
    pub(crate) fn protected_word(&self) -> &'static str {
        match self.facts.server.authguard {
            Some(_) => "guarded table",
            None => WITH_POLICIES,
        }
    }

    /// Returns the clients that policies apply to; of those with the same privileges, one.
    pub(crate) fn holders(&self) -> &[Client] {
        &self.holders
    }

    /// Returns what clients may do with a relation by a grant.
    pub(crate) fn rights(&self, relation: u32) -> &[Right<'f>] {
        self.rights.get(&relation).map_or(&[], Vec::as_slice)
    }

    /// Returns the names of the roles through which clients reach the rows of a relation, with
    /// commas between them; nothing if none does.
    pub(crate) fn reached_by(&self, relation: u32) -> Option<String> {
        let rights = self.rights(relation).iter().filter(|r| r.is_of_rows());
        let names = self.facts.role_names(rights.map(|right| right.grantee));
        (!names.is_empty()).then_some(names)
    }

    /// Returns true if a permissive policy of the table is for a client.
    pub(crate) fn is_opened(&self, relation: u32) -> bool {
        let mut policies = self.facts.policies_of(relation).filter(|p| p.permissive);
        policies.any(|policy| self.holders.iter().any(|h| h.is_any_of(&policy.roles)))
    }

    /// Returns true if no permissive policy of a table passes a revoked token: each calls a check
    /// itself, in a condition that has to hold.
    pub(crate) fn checks_itself(&self, relation: u32) -> bool {
        let mut policies = self.facts.policies_of(relation).filter(|p| p.permissive);
        policies.all(|policy| {
            policy
                .exprs()
                .all(|expr| stops_revoked(self.facts, &self.checks, expr))
        })
    }

    /// Returns the names of the roles through which clients reach the rows of a guarded table that
    /// no guard applies to.
    pub(crate) fn unguarded_clients(&self, table: &Relation) -> Option<String> {
        let guards = self.guards.get(&table.oid)?;
        let is_unguarded = |right: &&Right<'_>| {
            let holder = self.holders.iter().find(|h| h.role == right.client);
            holder.is_some_and(|holder| {
                let passes_as_owner = holder.owns(table) && !table.rls_forced;
                let guarded = guards.iter().any(|guard| holder.is_any_of(&guard.roles));
                right.is_of_rows() && !passes_as_owner && !guarded
            })
        };
        let unguarded = self.rights(table.oid).iter().filter(is_unguarded);
        let names = self.facts.role_names(unguarded.map(|right| right.grantee));
        (!names.is_empty()).then_some(names)
    }

    /// Returns true if the policies of a table do not apply to a role: superusers, BYPASSRLS, and
    /// whoever has the privileges of its owner, unless they are forced.
    pub(crate) fn passes(&self, role: u32, table: &Relation) -> bool {
        let facts = self.facts;
        let role = facts.roles.get(&role);
        role.is_some_and(|role| {
            role.passes_policies() || !table.rls_forced && Client::of(facts, role).owns(table)
        })
    }

    /// Returns the views that show rows of tables with policies with the rights of an owner who
    /// passes the policies, or as a copy, each with the view that does so.
    pub(crate) fn leaks(&self) -> Vec<Leak<'f>> {
        let mut leaks = BTreeMap::new();
        // A table whose guard is still to be made, or whose policies ask themselves, leaks as well.
        let facts = self.facts;
        let is_opened = |table: &&Relation| {
            is_judged(facts, table)
                && table.is_table()
                && table.rls
                && !self.is_protected(table.oid)
                && self.is_opened(table.oid)
        };
        let opened = facts.relations.values().filter(is_opened);
        let opened = opened.map(|table| (table, WITH_POLICIES));
        let protected = self.protected().map(|table| (table, self.protected_word()));
        for (table, what) in protected.chain(opened) {
            let mut seen = BTreeSet::new();
            let mut left: Vec<(u32, Option<&'f Relation>)> = vec![(table.oid, None)];
            while let Some((source, leak)) = left.pop() {
                for view in self.views.get(&source).into_iter().flatten() {
                    let leak = leak.or_else(|| self.reads_past(view, table).then_some(*view));
                    let key = (view.oid, leak.map(|leak| leak.oid));
                    if seen.insert(key) {
                        left.push((view.oid, leak));
                        if let Some(by) = leak {
                            let leak = leaks.entry((view.oid, by.oid));
                            leak.or_insert(Leak { view, by, what });
                        }
                    }
                }
            }
        }
        leaks.into_values().collect()
    }

    fn reads_past(&self, view: &Relation, table: &Relation) -> bool {
        view.kind == RelationKind::MaterializedView
            || !view.security_invoker && self.passes(view.owner, table)
    }

    /// Returns the partitions and children of protected tables, each with the protected table
    /// further up.
    pub(crate) fn descendants(&self) -> Vec<(&'f Relation, &'f Relation)> {
        let mut children: BTreeMap<u32, Vec<&'f Relation>> = BTreeMap::new();
        for relation in self.facts.relations.values() {
            for parent in &relation.parents {
                children.entry(*parent).or_default().push(relation);
            }
        }
        let mut found = Vec::new();
        for root in self.protected() {
            let mut seen = BTreeSet::new();
            let mut left = vec![root.oid];
            while let Some(parent) = left.pop() {
                for child in children.get(&parent).into_iter().flatten() {
                    if seen.insert(child.oid) {
                        left.push(child.oid);
                        found.push((*child, root));
                    }
                }
            }
        }
        found
    }

    fn find_rights(&self, relation: &Relation) -> Vec<Right<'f>> {
        let whole = self.facts.grants.relations.get(&relation.oid);
        let columns = self.facts.grants.columns.get(&relation.oid);
        let columns = columns.into_iter().flatten().map(|(_, grant)| grant);
        let mut rights = BTreeSet::new();
        for grant in whole.into_iter().flatten().chain(columns) {
            if grant.grantee == relation.owner {
                continue;
            }
            for holder in &self.holders {
                if holder.grantees.contains(&grant.grantee)
                    && holder.may_use(self.facts, relation.schema)
                {
                    rights.insert(Right {
                        client: holder.role,
                        grantee: grant.grantee,
                        privilege: &grant.privilege,
                    });
                }
            }
        }
        rights.into_iter().collect()
    }
}

/// Returns true for a relation that rules judge: not Postgres's own, nor of an extension.
fn is_judged(facts: &Facts, relation: &Relation) -> bool {
    !facts.is_system(relation.schema)
        && relation.extension.is_none()
        && facts.schema_name(relation.schema) != "authguard"
}

/// Of the clients that policies apply to, one of each set of privileges: roles that nothing is
/// granted to, and that own nothing, make no difference.
fn holders(facts: &Facts, reach: &Reach) -> Vec<Client> {
    let mut named: BTreeSet<u32> = BTreeSet::from([PUBLIC]);
    let grants = &facts.grants;
    let whole = [&grants.relations, &grants.functions, &grants.schemas];
    let whole = whole
        .into_iter()
        .flat_map(|grants| grants.values().flatten());
    let columns = grants.columns.values().flatten().map(|(_, grant)| grant);
    named.extend(whole.chain(columns).map(|grant| grant.grantee));
    named.extend(facts.relations.values().map(|relation| relation.owner));
    named.extend(facts.policies.iter().flat_map(|policy| &policy.roles));
    let mut holders: BTreeMap<BTreeSet<u32>, Client> = BTreeMap::new();
    for client in reach.ordinary() {
        let grantees: BTreeSet<u32> = client.grantees.intersection(&named).copied().collect();
        let one = holders.entry(grantees.clone());
        one.or_insert_with(|| Client {
            grantees,
            ..client.clone()
        });
    }
    holders.into_values().collect()
}

fn checks(facts: &Facts) -> BTreeSet<u32> {
    let readers = facts.server.authguard.as_ref().map(|own| own.readers);
    let checks = facts.functions.values().filter(|function| {
        Some(function.schema) == readers
            && function.arguments.is_empty()
            && CHECKS.contains(&function.name.as_str())
    });
    checks.map(|function| function.oid).collect()
}

/// Returns true if an expression is true for no revoked token, however it asks: `auth.is_active()
/// or owner is null` is. What is not known counts as a guard if it calls a check.
fn stops_revoked(facts: &Facts, checks: &BTreeSet<u32>, expr: &Expr) -> bool {
    let answer = |part: &Expr| match part {
        Expr::Call(call) if checks.contains(&call.function) => {
            let is_revoked = facts.functions.get(&call.function)?.name == "is_revoked";
            Some(if is_revoked {
                Truth::TRUE
            } else {
                Truth::FALSE
            })
        }
        _ => None,
    };
    if expr.opaque().is_empty() {
        Logic::new(facts, &answer).of(expr).is_never_true()
    } else {
        !expr.functions().is_disjoint(checks)
    }
}

fn guard_policies<'f>(facts: &'f Facts, checks: &BTreeSet<u32>) -> BTreeMap<u32, Vec<&'f Policy>> {
    let mut guards: BTreeMap<u32, Vec<&Policy>> = BTreeMap::new();
    for policy in &facts.policies {
        let asks = |expr: &Expr| !expr.functions().is_disjoint(checks);
        let is_guard = !policy.permissive
            && policy.command.is_none()
            && policy.exprs().any(asks)
            && policy
                .exprs()
                .all(|expr| stops_revoked(facts, checks, expr));
        if is_guard {
            guards.entry(policy.relation).or_default().push(policy);
        }
    }
    guards
}

/// The views of each relation that they read, by their rules.
fn views_by_source(facts: &Facts) -> BTreeMap<u32, Vec<&Relation>> {
    let mut views: BTreeMap<u32, Vec<&Relation>> = BTreeMap::new();
    for rule in &facts.rewrite_rules {
        let view = facts.relations.get(&rule.relation).filter(|view| {
            is_judged(facts, view)
                && matches!(
                    view.kind,
                    RelationKind::View | RelationKind::MaterializedView
                )
        });
        for source in &rule.relations {
            views.entry(*source).or_default().extend(view);
        }
    }
    views
}
