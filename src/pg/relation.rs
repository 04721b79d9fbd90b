//! Relations that are open, with a lock that keeps their form unchanged: columns, triggers and
//! indexes (src/backend/access/common/relation.c, src/backend/utils/cache/relcache.c).

use pgrx::pg_sys::{self, Oid};
use std::ffi::CStr;
use std::slice;

/// The operator family of B-tree indexes on `uuid` (pg_opfamily.dat).
const UUID_BTREE_FAMILY: Oid = Oid::from_u32(2968);

/// The lock that a relation is opened with.
#[derive(Clone, Copy)]
pub enum Lock {
    /// A lock for reading. It is released when the relation is closed.
    AccessShare,
    /// A lock for locking rows. It is kept until the end of the transaction, as long as the locks
    /// of the rows.
    RowShare,
    /// A lock for writing. It is kept until the end of the transaction.
    RowExclusive,
}

impl Lock {
    fn taken(self) -> i32 {
        let mode = match self {
            Self::AccessShare => pg_sys::AccessShareLock,
            Self::RowShare => pg_sys::RowShareLock,
            Self::RowExclusive => pg_sys::RowExclusiveLock,
        };
        mode as i32
    }

    fn given_back(self) -> i32 {
        match self {
            Self::AccessShare => self.taken(),
            Self::RowShare | Self::RowExclusive => pg_sys::NoLock as i32,
        }
    }
}

/// A relation that is open and locked.
pub struct Relation(pg_sys::Relation);

/// A column that is not dropped.
pub struct Column {
    /// The column's number, from 1.
    pub number: i16,
    pub of: Oid,
    pub collation: Oid,
    pub not_null: bool,
    pub is_virtual: bool,
}

impl Column {
    fn of(column: &pg_sys::FormData_pg_attribute) -> Option<Self> {
        (!column.attisdropped).then_some(Self {
            number: column.attnum,
            of: column.atttypid,
            collation: column.attcollation,
            not_null: column.attnotnull,
            is_virtual: column.attgenerated as u8 == b'v',
        })
    }

    /// The column's type below any domains.
    pub fn base_type(&self) -> Oid {
        // SAFETY: a syscache look-up inside a transaction, of a type that the column depends on.
        unsafe { pg_sys::getBaseType(self.of) }
    }
}

/// Opens a relation while `work` lasts; `None` if there is none. Invalidations that were sent
/// before the lock was granted have been executed when `work` begins.
pub fn open<R>(relation: Oid, lock: Lock, work: impl FnOnce(&Relation) -> R) -> Option<R> {
    // SAFETY: opened and closed here, in a pair; on an error the resource owner of the transaction
    // closes it. try_relation_open takes the lock, executes invalidations, and checks that the
    // relation is still there.
    unsafe {
        let relation = pg_sys::try_relation_open(relation, lock.taken());
        if relation.is_null() {
            return None;
        }
        let result = work(&Relation(relation));
        pg_sys::relation_close(relation, lock.given_back());
        Some(result)
    }
}

/// Returns true if a type is an enum.
pub fn is_enum(base_type: Oid) -> bool {
    // SAFETY: a syscache look-up inside a transaction.
    unsafe { pg_sys::get_typtype(base_type) as u8 == pg_sys::TYPTYPE_ENUM }
}

/// The operator family of B-trees that a type's default operator class belongs to.
pub fn btree_family(base_type: Oid) -> Oid {
    match base_type {
        pg_sys::UUIDOID => UUID_BTREE_FAMILY,
        pg_sys::INT8OID => pg_sys::INTEGER_BTREE_FAM_OID,
        _ => pg_sys::TEXT_BTREE_FAM_OID,
    }
}

impl Relation {
    /// The raw relation, for the rest of this room.
    pub(super) fn raw(&self) -> pg_sys::Relation {
        self.0
    }

    fn form(&self) -> &pg_sys::FormData_pg_class {
        // SAFETY: the relation is open, and so is its entry in the relcache.
        unsafe { &*(*self.0).rd_rel }
    }

    /// The relation's OID.
    pub fn oid(&self) -> Oid {
        // SAFETY: the relation is open.
        unsafe { (*self.0).rd_id }
    }

    /// The relation's schema.
    pub fn schema(&self) -> Oid {
        self.form().relnamespace
    }

    /// The relation's name, without its schema.
    pub fn name(&self) -> String {
        // SAFETY: a name ends with a NUL.
        unsafe { CStr::from_ptr(self.form().relname.data.as_ptr()) }
            .to_string_lossy()
            .into_owned()
    }

    /// Column `relkind` of pg_class.
    pub fn kind(&self) -> u8 {
        self.form().relkind as u8
    }

    /// Returns true if the relation is a partitioned table: its rows are those of its partitions.
    pub fn is_partitioned(&self) -> bool {
        self.kind() == pg_sys::RELKIND_PARTITIONED_TABLE
    }

    /// Returns true if the relation is neither temporary nor unlogged.
    pub fn is_permanent(&self) -> bool {
        self.form().relpersistence as u8 == pg_sys::RELPERSISTENCE_PERMANENT
    }

    /// Returns true if access method heap stores the relation's rows.
    pub fn is_heap(&self) -> bool {
        self.form().relam == pg_sys::HEAP_TABLE_AM_OID
    }

    /// The file of the relation's rows. TRUNCATE, and whatever writes all rows anew, give the
    /// relation another file.
    pub fn file(&self) -> Oid {
        self.form().relfilenode
    }

    /// Column `number`, from 1, if there is one.
    pub fn column(&self, number: i16) -> Option<Column> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        Column::of(self.descriptor().get(at)?)
    }

    /// The column of that name, if there is one.
    pub fn column_named(&self, name: &str) -> Option<Column> {
        let descriptor = self.descriptor();
        // SAFETY: a name ends with a NUL.
        let is_it = |column: &&pg_sys::FormData_pg_attribute| unsafe {
            CStr::from_ptr(column.attname.data.as_ptr()).to_bytes() == name.as_bytes()
        };
        Column::of(descriptor.iter().find(is_it)?)
    }

    fn descriptor(&self) -> pgrx::PgTupleDesc<'_> {
        // SAFETY: the descriptor is the relcache's, which lasts while the relation is open, and is
        // not given back by the wrapper.
        unsafe { pgrx::PgTupleDesc::from_pg_unchecked((*self.0).rd_att) }
    }

    /// The relation's triggers.
    pub fn triggers(&self) -> impl Iterator<Item = Trigger<'_>> {
        // SAFETY: the relation is open; trigdesc is NULL or an array of numtriggers
        // (utils/reltrigger.h).
        let all = unsafe {
            match (*self.0).trigdesc.as_ref() {
                None => &[],
                Some(all) => slice::from_raw_parts(all.triggers, all.numtriggers as usize),
            }
        };
        all.iter().map(Trigger)
    }

    /// The trigger of that name.
    pub fn trigger(&self, name: &CStr) -> Option<Trigger<'_>> {
        self.triggers().find(|trigger| trigger.name() == name)
    }

    /// The first of the relation's indexes that `fits`, in the order of their OIDs. The index stays
    /// as long as the relation is locked.
    pub fn find_index(&self, fits: impl Fn(&Index) -> bool) -> Option<Oid> {
        // SAFETY: the relation is open; the list is a copy of its indexes in the current memory
        // context. Each is opened and closed here.
        unsafe {
            let list = pg_sys::RelationGetIndexList(self.0);
            let count = list.as_ref().map_or(0, |list| list.length);
            let mut found = None;
            for at in 0..usize::try_from(count).unwrap_or(0) {
                let oid = (*(*list).elements.add(at)).oid_value;
                let index = pg_sys::index_open(oid, pg_sys::AccessShareLock as i32);
                let usable = fits(&Index(index));
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

/// A trigger of a relation that is open.
#[derive(Clone, Copy)]
pub struct Trigger<'r>(&'r pg_sys::Trigger);

impl<'r> Trigger<'r> {
    /// The trigger's name.
    pub fn name(self) -> &'r CStr {
        // SAFETY: the name is a string of the relcache.
        unsafe { CStr::from_ptr(self.0.tgname) }
    }

    /// Returns true if the trigger fires whatever `session_replication_role` is, as `enable always`
    /// makes it do (TRIGGER_FIRES_ALWAYS in commands/trigger.h).
    pub fn fires_always(self) -> bool {
        self.0.tgenabled as u8 == b'A'
    }

    /// Returns true if the trigger is the copy, on a partition, of a trigger of the partitioned
    /// table.
    pub fn is_copy(self) -> bool {
        self.0.tgisclone
    }

    /// Returns true if the trigger fires only if its `when` holds.
    pub fn is_conditional(self) -> bool {
        !self.0.tgqual.is_null()
    }

    /// Returns true if the trigger may fire as late as at the end of the transaction.
    pub fn is_deferrable(self) -> bool {
        self.0.tgdeferrable
    }

    /// The events for which the trigger fires, and when: bits TRIGGER_TYPE_*
    /// (catalog/pg_trigger.h).
    pub fn when(self) -> u32 {
        u32::from(self.0.tgtype.cast_unsigned())
    }

    /// The function that the trigger calls.
    pub fn function(self) -> Oid {
        self.0.tgfoid
    }

    /// The trigger's arguments.
    pub fn arguments(self) -> Vec<&'r CStr> {
        let count = usize::try_from(self.0.tgnargs).unwrap_or(0);
        // SAFETY: tgargs has as many strings as tgnargs says (utils/reltrigger.h).
        (0..count)
            .map(|at| unsafe { CStr::from_ptr(*self.0.tgargs.add(at)) })
            .collect()
    }

    /// The numbers of the columns that the trigger is declared for (`update of`).
    pub fn columns(self) -> &'r [i16] {
        match usize::try_from(self.0.tgnattr) {
            Err(_) | Ok(0) => &[],
            // SAFETY: tgattr has as many members as tgnattr says (utils/reltrigger.h).
            Ok(count) => unsafe { slice::from_raw_parts(self.0.tgattr, count) },
        }
    }
}

/// An index that is open, of a relation that is open.
pub struct Index(pg_sys::Relation);

impl Index {
    /// Returns true if the index has every row of the relation, and finds one by its first columns
    /// alone. These columns are given by their numbers, the operator family of each, and a test of
    /// the collation that sorts it.
    pub fn begins_with<'k>(
        &self,
        keys: impl IntoIterator<Item = (i16, Oid, &'k dyn Fn(Oid) -> bool)>,
    ) -> bool {
        // SAFETY: the index is open; rd_indcollation and rd_opfamily have as many members as it has
        // key columns, indkey at least as many; a predicate is NULL if it has none.
        unsafe {
            let form = &*(*self.0).rd_index;
            let count = usize::try_from(form.indnkeyatts).unwrap_or(0);
            let columns = slice::from_raw_parts(form.indkey.values.as_ptr(), count);
            let families = slice::from_raw_parts((*self.0).rd_opfamily, count);
            let collations = slice::from_raw_parts((*self.0).rd_indcollation, count);
            let has_all_rows = pg_sys::heap_attisnull(
                (*self.0).rd_indextuple,
                pg_sys::Anum_pg_index_indpred as i32,
                std::ptr::null_mut(),
            );
            form.indisvalid
                && (*(*self.0).rd_rel).relam == pg_sys::BTREE_AM_OID
                && has_all_rows
                && keys
                    .into_iter()
                    .enumerate()
                    .all(|(at, (number, family, sorts))| {
                        columns.get(at) == Some(&number)
                            && families.get(at) == Some(&family)
                            && collations
                                .get(at)
                                .is_some_and(|collation| sorts(*collation))
                    })
        }
    }

    /// Returns true if no two rows ever have the same key, and the key is one column.
    pub fn is_unique_by_one(&self) -> bool {
        // SAFETY: the index is open.
        let form = unsafe { &*(*self.0).rd_index };
        form.indisunique && form.indimmediate && form.indnkeyatts == 1
    }
}

/// The collation by which an index sorts its first column.
pub fn collation_of(index: Oid) -> Oid {
    // SAFETY: the index is one of a table that is open and locked, so it stays; opened and closed
    // here.
    unsafe {
        let relation = pg_sys::index_open(index, pg_sys::AccessShareLock as i32);
        let collation = *(*relation).rd_indcollation;
        pg_sys::index_close(relation, pg_sys::AccessShareLock as i32);
        collation
    }
}

/// Returns true if values that a collation sorts as equal are equal byte by byte. Returns true for
/// no collation, too.
pub fn is_deterministic(collation: Oid) -> bool {
    // SAFETY: a syscache look-up inside a transaction.
    collation == pg_sys::InvalidOid || unsafe { pg_sys::get_collation_isdeterministic(collation) }
}
