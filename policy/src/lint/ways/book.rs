//! The conditions of all policies, read once.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::{Cell, ROW, Read, Way};
use crate::facts::{Client, Command, Facts, Policy, Relation};
use crate::lint::caller::Source;

/// A policy and the ways in which its conditions can be true.
pub(in crate::lint) struct Entry<'f> {
    pub(in crate::lint) policy: &'f Policy,
    pub(in crate::lint) table: &'f Relation,
    /// Those of `USING`.
    pub(in crate::lint) using: Vec<Way>,
    /// Those that new rows have to pass.
    pub(in crate::lint) check: Vec<Way>,
}

impl Entry<'_> {
    /// Returns the ways in which a row can pass that is there already.
    pub(in crate::lint) fn existing(&self, command: Command) -> &[Way] {
        let applies = self.policy.is_for(command) && command != Command::Insert;
        if applies { &self.using } else { &[] }
    }

    /// Returns the ways in which a new row can pass.
    pub(in crate::lint) fn incoming(&self, command: Command) -> &[Way] {
        let writes = matches!(command, Command::Insert | Command::Update);
        if writes && self.policy.is_for(command) {
            &self.check
        } else {
            &[]
        }
    }

    /// Returns the ways of both, each once.
    pub(in crate::lint) fn all(&self) -> impl Iterator<Item = &Way> {
        let has_check = self.policy.check.is_some();
        self.using
            .iter()
            .chain(self.check.iter().filter(move |_| has_check))
    }
}

/// All policies of tables with row-level security.
pub(in crate::lint) struct Book<'f> {
    entries: Vec<Entry<'f>>,
    by_table: BTreeMap<u32, Vec<usize>>,
}

/// A policy that goes through another table to the caller: `exists (select from members m where
/// m.org_id = org_id and m.user_id = auth.uid())`.
pub(in crate::lint) struct Link<'b, 'f> {
    /// The policy.
    pub(in crate::lint) reader: &'b Entry<'f>,
    pub(in crate::lint) way: &'b Way,
    /// The table that it goes through.
    pub(in crate::lint) read: Read,
    /// Columns of that table that are equal to columns of the policy's row.
    pub(in crate::lint) groups: Vec<(Cell, Cell)>,
    /// Columns of that table that are the caller.
    pub(in crate::lint) users: Vec<Cell>,
}

impl<'f> Book<'f> {
    /// Reads the policies of these tables.
    pub(in crate::lint) fn of(
        facts: &'f Facts,
        tables: impl Iterator<Item = &'f Relation>,
    ) -> Self {
        let mut book = Self {
            entries: Vec::new(),
            by_table: BTreeMap::new(),
        };
        let mut reader = Reader::of(facts);
        for table in tables.filter(|table| table.rls) {
            for policy in facts.policies_of(table.oid) {
                let mut ways = |expr: Option<&crate::Expr>| {
                    expr.map_or_else(Vec::new, |expr| reader.policy(table.oid, expr))
                };
                let using = ways(policy.qual.as_ref());
                let check = match &policy.check {
                    Some(check) => ways(Some(check)),
                    None => using.clone(),
                };
                let place = book.entries.len();
                book.by_table.entry(table.oid).or_default().push(place);
                book.entries.push(Entry {
                    policy,
                    table,
                    using,
                    check,
                });
            }
        }
        book
    }

    /// Returns the permissive policies.
    pub(in crate::lint) fn permissive(&self) -> impl Iterator<Item = &Entry<'f>> {
        self.entries.iter().filter(|entry| entry.policy.permissive)
    }

    /// Returns all policies of a table.
    pub(in crate::lint) fn of_table(&self, table: u32) -> impl Iterator<Item = &Entry<'f>> {
        let places = self.by_table.get(&table).into_iter().flatten();
        places.filter_map(|place| self.entries.get(*place))
    }

    /// Returns the permissive policies of a table that apply to a client for a command.
    pub(in crate::lint) fn applying<'b>(
        &'b self,
        table: u32,
        client: &'b Client,
        command: Command,
    ) -> impl Iterator<Item = &'b Entry<'f>> {
        self.of_table(table).filter(move |entry| {
            let policy = entry.policy;
            policy.permissive && policy.is_for(command) && client.is_any_of(&policy.roles)
        })
    }

    /// Returns true if restrictive policies ask a client for more than being signed in: what the
    /// permissive ones say is not all then.
    pub(in crate::lint) fn is_restricted(
        &self,
        table: u32,
        client: &Client,
        command: Command,
    ) -> bool {
        self.of_table(table).any(|entry| {
            let policy = entry.policy;
            !policy.permissive
                && policy.is_for(command)
                && client.is_any_of(&policy.roles)
                && (entry
                    .existing(command)
                    .iter()
                    .chain(entry.incoming(command))
                    .any(|w| !w.is_open())
                    || entry.using.is_empty() && policy.qual.is_some()
                    || entry.check.is_empty() && policy.check.is_some())
        })
    }

    /// Returns the policies that go through other tables to the caller, or to anything.
    pub(in crate::lint) fn links(&self) -> Vec<Link<'_, 'f>> {
        let mut links = Vec::new();
        for reader in self.permissive() {
            for way in reader.all().filter(|way| !way.is_unknown()) {
                for read in &way.reads {
                    let mut groups = Vec::new();
                    let mut users = Vec::new();
                    for cell in way.cells_of(read.source) {
                        if let Some(row) = way.row_of(cell) {
                            groups.push((cell, row));
                        } else if way.caller_of(cell).is_some() {
                            users.push(cell);
                        }
                    }
                    if !groups.is_empty() {
                        links.push(Link {
                            reader,
                            way,
                            read: *read,
                            groups,
                            users,
                        });
                    }
                }
            }
        }
        links
    }
}

impl Link<'_, '_> {
    /// Returns true if the table gives the caller a part in rows of another one: it has the caller
    /// and a key of the other table's rows.
    pub(in crate::lint) fn is_membership(&self) -> bool {
        !self.users.is_empty() && self.read.relation != self.reader.table.oid
    }

    /// Returns true if the policy asks for the caller in the row itself, too.
    pub(in crate::lint) fn asks_for_own_row(&self) -> bool {
        let cells = self.way.cells_of(ROW);
        cells
            .into_iter()
            .any(|cell| self.way.caller_of(cell).is_some_and(Source::is_caller))
    }
}
