//! Attached tables, opened by OID. The owner of a table may change it at any time. So nothing is
//! taken for granted unless it was checked under the lock that the look-up holds.

use super::{Part, TableProblem};
use crate::pg::relation::{self, Lock, btree_family, is_deterministic};
use pgrx::pg_sys::{self, Oid};
use std::ffi::CStr;

pub use crate::pg::relation::Relation as Table;

/// The trigger that declares which column is which.
const DECLARATION: &CStr = c"authguard_attached";
/// The triggers that a change of a row needs.
const TELLING: [&CStr; 2] = [DECLARATION, c"authguard_attached_change"];
/// The trigger for truncates. Postgres makes no copy of it on partitions. A truncate of one
/// partition invalidates the partition, because it gets another file (RelationSetNewRelfilenode in
/// utils/cache/relcache.c).
const TRUNCATE: &CStr = c"authguard_attached_truncate";

/// Opens a table while `work` lasts; `None` if there is none.
pub fn open<R>(table: Oid, work: impl FnOnce(&Table) -> R) -> Option<R> {
    relation::open(table, Lock::AccessShare, work)
}

/// Checks that a table, or its partitions, are plain tables that every server and every backend can
/// read.
pub fn check_storage(table: &Table) -> Result<(), TableProblem> {
    match table.kind() {
        pg_sys::RELKIND_RELATION | pg_sys::RELKIND_PARTITIONED_TABLE => {}
        kind => return Err(TableProblem::NoTable { kind }),
    }
    if !table.is_permanent() {
        return Err(TableProblem::NotPermanent);
    }
    if !table.is_partitioned() && !table.is_heap() {
        return Err(TableProblem::OtherStorage);
    }
    Ok(())
}

/// The column of each part, as the trigger on the table declares it.
pub fn declared(table: &Table) -> Option<Vec<(Part, i16)>> {
    let trigger = table.trigger(DECLARATION)?;
    let (names, numbers) = (trigger.arguments(), trigger.columns());
    if names.len() != numbers.len() {
        return None;
    }
    let parts = names.into_iter().zip(numbers);
    parts
        .map(|(name, number)| Some((Part::from_name(name.to_str().ok()?)?, *number)))
        .collect()
}

/// Returns true if every change of a row reaches all backends: the triggers are there, and always
/// fire.
pub fn has_invalidation_triggers(table: &Table) -> bool {
    let always = |name| table.trigger(name).filter(|trigger| trigger.fires_always());
    TELLING.iter().all(|name| always(name).is_some())
        && (always(DECLARATION).is_some_and(|it| it.is_copy()) || always(TRUNCATE).is_some())
}

/// An index that finds the one row with a value of column `number`.
pub fn unique_index(table: &Table, number: i16, base_type: Oid) -> Option<Oid> {
    let key = [(number, btree_family(base_type), &is_deterministic as _)];
    table.find_index(|index| index.is_unique_by_one() && index.begins_with(key))
}

/// An index that begins with column `number` and has all rows.
pub fn any_index(table: &Table, number: i16, base_type: Oid) -> Option<Oid> {
    let key = [(number, btree_family(base_type), &is_deterministic as _)];
    table.find_index(|index| index.begins_with(key))
}
