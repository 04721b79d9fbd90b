//! Attached tables, opened by OID. Whoever owns one may change it at any time, so nothing is taken for granted that
//! was not checked under the lock which the look-up holds.
#![allow(unsafe_code)]

use super::{Part, TableProblem};
use crate::pg::catalog;
use pgrx::pg_sys::{self, Oid};
use std::ffi::CStr;

/// What `alter table … enable always trigger` sets (TRIGGER_FIRES_ALWAYS in commands/trigger.h).
const ALWAYS: u8 = b'A';

/// The trigger that says which column is which.
const DECLARATION: &CStr = c"authguard_attached";
/// The others that a change needs.
const TELLING: [&CStr; 2] = [DECLARATION, c"authguard_attached_change"];
/// One more, of which Postgres makes no copy on partitions. A truncate of one partition invalidates the partition: it
/// has another file (RelationSetNewRelfilenode in utils/cache/relcache.c).
const TRUNCATE: &CStr = c"authguard_attached_truncate";

/// A relation that is open, with a lock that keeps its form as it is.
pub struct Table {
    relation: pg_sys::Relation,
}

/// A column, as far as it matters.
pub struct Column {
    /// Its type below any domains.
    pub base_type: Oid,
    pub not_null: bool,
    pub is_virtual: bool,
}

/// Opens a relation while `work` lasts; `None` where there is none.
pub fn open<R>(relation: Oid, work: impl FnOnce(&Table) -> R) -> Option<R> {
    // SAFETY: opened and closed here, in a pair; on an error the resource owner of the transaction closes it.
    // try_relation_open takes the lock, then looks whether the relation is still there (access/common/relation.c).
    unsafe {
        let relation = pg_sys::try_relation_open(relation, pg_sys::AccessShareLock as i32);
        if relation.is_null() {
            return None;
        }
        let result = work(&Table { relation });
        pg_sys::relation_close(relation, pg_sys::AccessShareLock as i32);
        Some(result)
    }
}

/// Whether a type is an enum.
pub fn is_enum(base_type: Oid) -> bool {
    // SAFETY: a syscache look-up inside a transaction.
    unsafe { pg_sys::get_typtype(base_type) as u8 == pg_sys::TYPTYPE_ENUM }
}

impl Table {
    /// The relation, for the rest of this room.
    pub(super) fn relation(&self) -> pg_sys::Relation {
        self.relation
    }

    /// Its OID.
    pub fn oid(&self) -> Oid {
        // SAFETY: the relation is open.
        unsafe { (*self.relation).rd_id }
    }

    /// Whether its rows are those of its partitions.
    pub fn is_partitioned(&self) -> bool {
        // SAFETY: the relation is open, and so is its entry in the relcache.
        unsafe { (*(*self.relation).rd_rel).relkind as u8 == pg_sys::RELKIND_PARTITIONED_TABLE }
    }

    /// Whether it, or its partitions, are plain tables that every server and every backend can read.
    pub fn check_storage(&self) -> Result<(), TableProblem> {
        // SAFETY: the relation is open, and so is its entry in the relcache.
        let form = unsafe { &*(*self.relation).rd_rel };
        match form.relkind as u8 {
            pg_sys::RELKIND_RELATION | pg_sys::RELKIND_PARTITIONED_TABLE => {}
            kind => return Err(TableProblem::NoTable { kind }),
        }
        if form.relpersistence as u8 != pg_sys::RELPERSISTENCE_PERMANENT {
            return Err(TableProblem::NotPermanent);
        }
        if !self.is_partitioned() && form.relam != pg_sys::HEAP_TABLE_AM_OID {
            return Err(TableProblem::OtherStorage);
        }
        Ok(())
    }

    /// Column `number`, from 1, if there is one.
    pub fn column(&self, number: i16) -> Option<Column> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        // SAFETY: the descriptor is the relcache's, and is not given back by the wrapper; a type's OID is looked up in
        // the system cache.
        unsafe {
            let columns = pgrx::PgTupleDesc::from_pg_unchecked((*self.relation).rd_att);
            let column = columns.get(at).filter(|column| !column.attisdropped)?;
            Some(Column {
                not_null: column.attnotnull,
                is_virtual: column.attgenerated as u8 == b'v',
                base_type: pg_sys::getBaseType(column.atttypid),
            })
        }
    }

    /// Which column is which, as the trigger on the table declares it.
    pub fn declared(&self) -> Option<Vec<(Part, i16)>> {
        let trigger = self
            .triggers()
            .iter()
            .find(|it| is_named(it, DECLARATION))?;
        if trigger.tgnargs != trigger.tgnattr {
            return None;
        }
        (0..usize::try_from(trigger.tgnargs).ok()?)
            .map(|at| {
                // SAFETY: tgargs and tgattr have as many members as they say (utils/reltrigger.h).
                let (name, number) = unsafe {
                    let name = CStr::from_ptr(*trigger.tgargs.add(at));
                    (name.to_str().ok()?, *trigger.tgattr.add(at))
                };
                Some((Part::from_name(name)?, number))
            })
            .collect()
    }

    /// Whether every change of a row reaches all backends: the triggers are there, and fire always.
    pub fn tells(&self) -> bool {
        let always = |name| {
            let trigger = self.triggers().iter().find(|it| is_named(it, name));
            trigger.filter(|it| it.tgenabled as u8 == ALWAYS)
        };
        let is_copy = |it: &pg_sys::Trigger| it.tgisclone;
        TELLING.iter().all(|name| always(name).is_some())
            && (always(DECLARATION).is_some_and(is_copy) || always(TRUNCATE).is_some())
    }

    fn triggers(&self) -> &[pg_sys::Trigger] {
        // SAFETY: the relation is open; trigdesc is NULL or an array of numtriggers (utils/reltrigger.h).
        unsafe {
            match (*self.relation).trigdesc.as_ref() {
                None => &[],
                Some(all) => std::slice::from_raw_parts(all.triggers, all.numtriggers as usize),
            }
        }
    }

    /// An index that finds the one row with a value of column `number`.
    pub fn unique_index(&self, number: i16, base_type: Oid) -> Option<Oid> {
        self.index(|index| is_unique_on(index, number, base_type))
    }

    /// An index that begins with column `number` and has all rows.
    pub fn any_index(&self, number: i16, base_type: Oid) -> Option<Oid> {
        self.index(|index| begins_with(index, number, base_type))
    }

    fn index(&self, fits: impl Fn(pg_sys::Relation) -> bool) -> Option<Oid> {
        // SAFETY: the relation is open; the list is a copy of its indexes in the current memory context. Each is
        // opened and closed here.
        unsafe {
            let list = pg_sys::RelationGetIndexList(self.relation);
            let count = list.as_ref().map_or(0, |list| list.length);
            let mut found = None;
            for at in 0..usize::try_from(count).unwrap_or(0) {
                let oid = (*(*list).elements.add(at)).oid_value;
                let index = pg_sys::index_open(oid, pg_sys::AccessShareLock as i32);
                let usable = fits(index);
                pg_sys::index_close(index, pg_sys::AccessShareLock as i32);
                if usable {
                    found = Some(oid);
                    break;
                }
            }
            pg_sys::list_free(list);
            found
        }
    }
}

/// The collation by which an index sorts its first column.
pub fn collation_of(index: Oid) -> Oid {
    // SAFETY: the index is one of a table that is open and locked, so it stays.
    unsafe {
        let relation = pg_sys::index_open(index, pg_sys::AccessShareLock as i32);
        let collation = *(*relation).rd_indcollation;
        pg_sys::index_close(relation, pg_sys::AccessShareLock as i32);
        collation
    }
}

/// The operator family of B-trees that a type's default operator class belongs to.
pub(super) fn btree_family(base_type: Oid) -> Oid {
    match base_type {
        pg_sys::UUIDOID => catalog::UUID_BTREE_FAMILY,
        pg_sys::INT8OID => pg_sys::INTEGER_BTREE_FAM_OID,
        _ => pg_sys::TEXT_BTREE_FAM_OID,
    }
}

fn is_named(trigger: &pg_sys::Trigger, name: &CStr) -> bool {
    // SAFETY: the name is a string of the relcache.
    unsafe { CStr::from_ptr(trigger.tgname) == name }
}

fn is_unique_on(index: pg_sys::Relation, number: i16, base_type: Oid) -> bool {
    // SAFETY: the index is open.
    let form = unsafe { &*(*index).rd_index };
    form.indisunique
        && form.indimmediate
        && form.indnkeyatts == 1
        && begins_with(index, number, base_type)
}

fn begins_with(index: pg_sys::Relation, number: i16, base_type: Oid) -> bool {
    // SAFETY: the index is open; an index has at least one column, and a predicate is NULL where it has none.
    unsafe {
        let form = &*(*index).rd_index;
        let collation = *(*index).rd_indcollation;
        (*(*index).rd_rel).relam == pg_sys::BTREE_AM_OID
            && form.indisvalid
            && *form.indkey.values.as_ptr() == number
            && *(*index).rd_opfamily == btree_family(base_type)
            && pg_sys::heap_attisnull(
                (*index).rd_indextuple,
                pg_sys::Anum_pg_index_indpred as i32,
                std::ptr::null_mut(),
            )
            && (collation == pg_sys::InvalidOid || pg_sys::get_collation_isdeterministic(collation))
    }
}
