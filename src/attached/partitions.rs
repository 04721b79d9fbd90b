//! The tables that hold the rows of an attached one: itself or, where it is partitioned, its partitions at every level.
//!
//! The key is not routed to its partition: that would call the partition key's operators, which may be anybody's. Each
//! partition is looked into instead, by its own index, with the columns as its own copy of the trigger declares them.

use super::{Kind, Layout, Problem, registry};
use crate::pg::attached::{self as tables, Table};
use crate::pg::catalog;

/// Calls `each` with every table that holds rows, open, and with its layout; answers whether all of them tell of
/// every change of a row.
pub fn read(
    table: &Table,
    kind: Kind,
    mut each: impl FnMut(&Table, &Layout),
) -> Result<bool, Problem> {
    let layout = Layout::read(table, kind)?;
    let mut tells = table.tells();
    if !table.is_partitioned() {
        each(table, &layout);
        return Ok(tells);
    }
    leaves(table, |leaf| {
        let layout = Layout::read(leaf, kind)?;
        tells &= leaf.tells_of_rows();
        each(leaf, &layout);
        Ok(())
    })?;
    Ok(tells)
}

/// Calls `each` with every partition that has none itself, open; with none, where the table is not partitioned. A loop,
/// because somebody else says how deep it goes.
pub fn leaves(
    table: &Table,
    mut each: impl FnMut(&Table) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut left = match table.is_partitioned() {
        true => catalog::partitions(table.oid()),
        false => Vec::new(),
    };
    while let Some(partition) = left.pop() {
        // Before it is locked: what happens to it after it was read is then told to this backend.
        registry::rely_on(partition);
        let read = tables::open(partition, |table| {
            if table.is_partitioned() {
                left.extend(catalog::partitions(partition));
                return Ok(());
            }
            each(table)
        });
        // There is none, if it has been dropped since: its parent's invalidation has this looked at again.
        read.unwrap_or(Ok(()))
            .map_err(|problem| Problem::Partition(partition, Box::new(problem)))?;
    }
    Ok(())
}
