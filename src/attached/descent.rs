//! The tables that hold the rows of an attached one: itself or, where it is partitioned, its
//! partitions, at whatever level. Each is read by an index of its own, with the columns as its own
//! copy of the trigger declares them.

use super::table::{self as tables, Table};
use super::{AttachedKind, Identity, Layout, Part, TableProblem, registry};
use crate::pg::partition;
use pgrx::pg_sys::Oid;
use std::cell::Cell;

/// Calls `each` with the tables that hold rows, or only with those where rows of `identity` would
/// be; answers whether all that were read on the way tell of every change.
pub fn read(
    table: &Table,
    kind: AttachedKind,
    identity: Option<&Identity>,
    mut each: impl FnMut(&Table, &Layout),
) -> Result<bool, TableProblem> {
    let has_invalidation_triggers = Cell::new(true);
    let layout_of = |table: &Table| {
        let layout = Layout::read(table, kind)?;
        has_invalidation_triggers
            .set(has_invalidation_triggers.get() && layout.has_invalidation_triggers);
        Ok(layout)
    };
    descend(
        table,
        |table| {
            let layout = layout_of(table)?;
            Ok(match identity {
                None => partition::partitions(table.oid()),
                Some(identity) => route(table, &layout, identity),
            })
        },
        |table| {
            each(table, &layout_of(table)?);
            Ok(())
        },
    )?;
    Ok(has_invalidation_triggers.get())
}

/// Whether all tables that hold rows can be read by every server and every backend.
pub fn check_storage(table: &Table) -> Result<(), TableProblem> {
    let all = |table: &Table| Ok(partition::partitions(table.oid()));
    descend(table, all, tables::check_storage)
}

/// Where rows of `identity` are: one partition for each form that a key can have.
fn route(table: &Table, layout: &Layout, identity: &Identity) -> Vec<Oid> {
    let mut found = Vec::new();
    for key in layout.keys(Part::Id, identity, None) {
        let partition = layout
            .routing
            .and_then(|routing| table.partition_for(routing, key.value()))
            .filter(|partition| partition::is_partition_of(*partition, table.oid()));
        found.extend(partition.filter(|partition| !found.contains(partition)));
    }
    found
}

/// Calls `each` with the tables that are not partitioned, of those that `next` finds below a
/// partitioned one. A loop, because somebody else says how deep it goes.
fn descend(
    table: &Table,
    mut next: impl FnMut(&Table) -> Result<Vec<Oid>, TableProblem>,
    mut each: impl FnMut(&Table) -> Result<(), TableProblem>,
) -> Result<(), TableProblem> {
    if !table.is_partitioned() {
        return each(table);
    }
    let mut left = next(table)?;
    while let Some(partition) = left.pop() {
        // Before it is locked: what happens to it after it was read is then told to this backend.
        registry::rely_on(partition);
        let read = tables::open(partition, |table| {
            if table.is_partitioned() {
                left.extend(next(table)?);
                return Ok(());
            }
            each(table)
        });
        // There is none, if it has been dropped since: its parent's invalidation has this looked at
        // again.
        read.unwrap_or(Ok(()))
            .map_err(|problem| TableProblem::Partition(partition, Box::new(problem)))?;
    }
    Ok(())
}
