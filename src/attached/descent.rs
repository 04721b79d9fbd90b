//! The tables that hold the rows of an attached table: the table itself or, if it is partitioned,
//! its partitions at every level. Each is read by an index of its own. Its columns are those that
//! its own copy of the trigger declares.

use super::table::{self as tables, Table};
use super::{AttachedKind, Identity, Layout, Part, TableProblem, registry};
use crate::pg::partition;
use pgrx::pg_sys::Oid;
use std::cell::Cell;

/// Calls `each` with the tables that hold rows. If `identity` is given, only with the tables that
/// would hold its rows. Returns true if all tables that were read on the way report every change.
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

/// Checks that all tables that hold rows can be read by every server and every backend.
pub fn check_storage(table: &Table) -> Result<(), TableProblem> {
    let all = |table: &Table| Ok(partition::partitions(table.oid()));
    descend(table, all, tables::check_storage)
}

/// Finds the partitions for rows of `identity`: one for each form that a key can have.
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

/// Calls `each` with the tables that are not partitioned, among those that `next` finds below a
/// partitioned one. This is a loop and no recursion, because the owner of the tables decides how
/// deep they go.
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
        // This comes before the lock, so that this backend is told of every change of the partition
        // after it was read.
        registry::rely_on(partition);
        let read = tables::open(partition, |table| {
            if table.is_partitioned() {
                left.extend(next(table)?);
                return Ok(());
            }
            each(table)
        });
        // If the partition was dropped since, there is none. The invalidation of its parent makes
        // this look again.
        read.unwrap_or(Ok(()))
            .map_err(|problem| TableProblem::Partition(partition, Box::new(problem)))?;
    }
    Ok(())
}
