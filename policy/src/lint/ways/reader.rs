//! What a reader of conditions keeps: the helpers that it is in, and how much it may still follow.

use super::Read;
use crate::Expr;
use crate::facts::{Facts, Function};
use crate::lint::caller::{Source, Sources};

/// The depth to which helpers are looked into.
const MAX_CALLS: usize = 6;

/// The number of helpers that are looked into for one condition.
const MAX_LOOKS: u32 = 200;

/// The depth of expressions that is followed, those of helpers included: each level is on the
/// stack.
const MAX_DEPTH: u32 = 120;

/// The number of expressions that are looked at for one condition: a branch of `CASE` is looked at
/// for each way to get there.
const MAX_STEPS: u32 = 20_000;

/// Reads conditions.
pub(in crate::lint) struct Reader<'f> {
    pub(super) facts: &'f Facts,
    sources: Sources<'f>,
    next: u32,
    /// The helpers and views that are being looked into.
    calls: Vec<u32>,
    looks: u32,
    depth: u32,
    steps: u32,
}

impl<'f> Reader<'f> {
    pub(in crate::lint) fn of(facts: &'f Facts) -> Self {
        Self {
            facts,
            sources: Sources::of(facts),
            next: 0,
            calls: Vec::new(),
            looks: 0,
            depth: 0,
            steps: 0,
        }
    }

    /// Forgets what was read before.
    pub(super) fn begin(&mut self) {
        self.next = 0;
        self.calls.clear();
        self.looks = 0;
        self.depth = 0;
        self.steps = 0;
    }

    /// Goes one level deeper. Returns false if that is too deep, or too much has been looked at.
    pub(super) fn descend(&mut self) -> bool {
        let deeper = self.depth.saturating_add(1);
        self.steps = self.steps.saturating_add(1);
        let is_open = deeper < MAX_DEPTH && self.steps < MAX_STEPS;
        if is_open {
            self.depth = deeper;
        }
        is_open
    }

    /// Goes back.
    pub(super) fn ascend(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Returns where a value comes from.
    pub(super) fn source(&self, expr: &Expr) -> Option<Source> {
        self.sources.source(expr)
    }

    /// Returns true if this is the view that is being looked into: up to Postgres 15 its query has
    /// entries for its own old and new row.
    pub(super) fn is_inside(&self, view: u32) -> bool {
        self.calls.last() == Some(&view)
    }

    /// A table that a sub-select reads.
    pub(super) fn read(&mut self, relation: u32, is_own: bool) -> Read {
        self.next = self.next.saturating_add(1);
        let facts = self.facts;
        let is_as_caller = |oid: &u32| match (facts.functions.get(oid), facts.relations.get(oid)) {
            (Some(helper), _) => !helper.security_definer,
            (None, view) => view.is_some_and(|view| view.security_invoker),
        };
        Read {
            source: self.next,
            relation,
            is_own: is_own && self.calls.is_empty(),
            as_caller: self.calls.iter().all(is_as_caller),
        }
    }

    /// Reads the body of a helper, if it may be looked into.
    pub(super) fn look_into<T>(
        &mut self,
        function: &Function,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        match self.facts.is_foreign_code(function) {
            true => None,
            false => self.enter(function.oid, read),
        }
    }

    /// Reads the body of a helper or the query of a view, if that is not too deep.
    pub(super) fn enter<T>(
        &mut self,
        oid: u32,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let is_open =
            self.calls.len() < MAX_CALLS && self.looks < MAX_LOOKS && !self.calls.contains(&oid);
        if !is_open {
            return None;
        }
        self.looks = self.looks.saturating_add(1);
        self.calls.push(oid);
        let result = read(self);
        self.calls.pop();
        result
    }

    /// Returns true for the checks of authguard, which pass for every user who is not revoked.
    pub(super) fn is_guard(&self, function: &Function) -> bool {
        let facts = self.facts;
        let readers = facts.server.authguard.as_ref().map(|own| own.readers);
        let in_auth = facts.schema_name(function.schema) == "auth";
        (in_auth || readers == Some(function.schema))
            && ["is_active", "is_revoked", "is_user"].contains(&function.name.as_str())
    }
}
