//! The partition of a partitioned table that keeps a key. It is found as get_partition_for_tuple
//! does it (executor/execPartition.c), but only if the partition key is one column in its type's
//! own order or hash. So no function is called that somebody else has made.

use super::catalog::{self, Key, Row};
use super::relation::{Relation, btree_family};
use pgrx::pg_sys::{self, Oid};

/// Operator families of hash indexes (pg_opfamily.dat).
const INTEGER_HASH_FAMILY: Oid = Oid::from_u32(1977);
const TEXT_HASH_FAMILY: Oid = Oid::from_u32(1995);
const UUID_HASH_FAMILY: Oid = Oid::from_u32(2969);

/// Strategies (nodes/parsenodes.h).
const STRATEGY_HASH: u8 = b'h';
const STRATEGY_LIST: u8 = b'l';

/// pg_partitioned_table and the index of its key (catalog/pg_partitioned_table.h).
const PARTITIONED_TABLE: (Oid, Oid) = (Oid::from_u32(3350), Oid::from_u32(3351));
mod column {
    pub const RELATION: i16 = 1;
    pub const STRATEGY: i16 = 2;
    pub const COLUMNS: i16 = 5;
    pub const CLASSES: i16 = 6;
    pub const COLLATIONS: i16 = 7;
}

/// pg_inherits and its indexes (catalog/pg_inherits.h).
const INHERITS: Oid = Oid::from_u32(2611);
const BY_RELATION: Oid = Oid::from_u32(2680);
const BY_PARENT: Oid = Oid::from_u32(2187);
mod inherits {
    pub const RELATION: i16 = 1;
    pub const PARENT: i16 = 2;
    pub const DETACH_PENDING: i16 = 4;
}

/// Support functions of hash indexes and of B-trees (access/hash.h, access/nbtree.h).
const HASH_EXTENDED: i16 = 2;
const COMPARE: i16 = 1;

/// The way in which a partitioned table spreads its rows by their key.
#[derive(Clone, Copy, Debug)]
pub struct Routing {
    /// The function that compares two keys, or hashes one.
    function: Oid,
    collation: Oid,
}

impl Relation {
    /// The way in which the table spreads its rows. Returns `None` unless it uses column `number`
    /// alone, in its type's own order or hash.
    pub fn routing(&self, number: i16, base_type: Oid) -> Option<Routing> {
        let declared = Declared::of(self.oid())?;
        let (own, procedure) = match declared.strategy {
            STRATEGY_HASH => (hash_family(base_type), HASH_EXTENDED),
            _ => (btree_family(base_type), COMPARE),
        };
        let operand = match base_type {
            pg_sys::UUIDOID | pg_sys::INT8OID => base_type,
            _ => pg_sys::TEXTOID,
        };
        // SAFETY: syscache look-ups inside a transaction.
        let (family, function) = unsafe {
            (
                pg_sys::get_opclass_family(declared.class),
                pg_sys::get_opfamily_proc(own, operand, operand, procedure),
            )
        };
        (declared.column == number && family == own).then_some(Routing {
            function,
            collation: declared.collation,
        })
    }

    /// The partition that has, or would have, the row with this key; `None` if there is none.
    pub fn partition_for(&self, routing: Routing, mut key: pg_sys::Datum) -> Option<Oid> {
        let mut collation = routing.collation;
        // SAFETY: the relation is open and partitioned. Its descriptor and bounds are the
        // relcache's, and stay while it is open (partitioning/partdesc.c). The function is of the
        // operator family that the bounds are sorted or hashed by, and the key of its type.
        // `indexes` has `nindexes` members, and for a range one more than there are bounds
        // (partitioning/partbounds.h); they count the members of `oids`, or are -1.
        unsafe {
            let all = &*pg_sys::RelationGetPartitionDesc(self.raw(), true);
            let bounds = all.boundinfo.as_ref()?;
            let mut function = pg_sys::FmgrInfo::default();
            pg_sys::fmgr_info(routing.function, &mut function);
            let mut equal = false;
            let at = match bounds.strategy as u8 {
                STRATEGY_HASH => {
                    let mut null = false;
                    let hash = pg_sys::compute_partition_hash_value(
                        1,
                        &raw mut function,
                        // From Postgres 18 on, these three are pointers to constants.
                        &raw mut collation,
                        &raw mut key,
                        &raw mut null,
                    );
                    i32::try_from(hash % u64::try_from(bounds.nindexes).ok()?).ok()
                }
                STRATEGY_LIST => {
                    let at = pg_sys::partition_list_bsearch(
                        &mut function,
                        &mut collation,
                        all.boundinfo,
                        key,
                        &mut equal,
                    );
                    (at >= 0 && equal).then_some(at)
                }
                _ => Some(
                    1 + pg_sys::partition_range_datum_bsearch(
                        &mut function,
                        &mut collation,
                        all.boundinfo,
                        1,
                        &mut key,
                        &mut equal,
                    ),
                ),
            };
            let at = at.and_then(|at| usize::try_from(at).ok());
            let found = at.map(|at| *bounds.indexes.add(at));
            let found = found.filter(|it| *it >= 0).unwrap_or(bounds.default_index);
            Some(*all.oids.add(usize::try_from(found).ok()?))
        }
    }
}

/// The partition key of one column, as the catalogue has it. It never changes.
struct Declared {
    strategy: u8,
    column: i16,
    class: Oid,
    collation: Oid,
}

impl Declared {
    fn of(table: Oid) -> Option<Self> {
        let one = |of: Vec<Oid>| <[Oid; 1]>::try_from(of).ok().map(|[one]| one);
        let mut found = None;
        let (catalogue, index) = PARTITIONED_TABLE;
        catalog::scan(
            catalogue,
            Some(index),
            &[Key::Oid(column::RELATION, table)],
            |row| {
                found = (|| {
                    let columns: Vec<i16> = row.get(column::COLUMNS)?;
                    Some(Self {
                        strategy: row.get::<i8>(column::STRATEGY)? as u8,
                        column: <[i16; 1]>::try_from(columns).ok()?[0],
                        class: one(row.get(column::CLASSES)?)?,
                        collation: one(row.get(column::COLLATIONS)?)?,
                    })
                })();
            },
        );
        found
    }
}

/// The partitions of a partitioned table, without those that DETACH … CONCURRENTLY has taken out.
pub fn partitions(parent: Oid) -> Vec<Oid> {
    let mut partitions = Vec::new();
    inheriting(BY_PARENT, Key::Oid(inherits::PARENT, parent), |row| {
        partitions.extend(row.get::<Oid>(inherits::RELATION));
    });
    partitions
}

/// Returns true if `partition` is a partition of `parent`, by the newest committed state. The
/// descriptor of a partitioned table would not do, because it depends on the snapshot of the
/// statement.
pub fn is_partition_of(partition: Oid, parent: Oid) -> bool {
    let mut is = false;
    inheriting(
        BY_RELATION,
        Key::Oid(inherits::RELATION, partition),
        |row| {
            is |= row.get::<Oid>(inherits::PARENT) == Some(parent);
        },
    );
    is
}

fn inheriting(index: Oid, key: Key<'_>, mut each: impl FnMut(Row)) {
    catalog::scan(INHERITS, Some(index), &[key], |row| {
        if !row.get(inherits::DETACH_PENDING).unwrap_or(true) {
            each(row);
        }
    });
}

fn hash_family(base_type: Oid) -> Oid {
    match base_type {
        pg_sys::UUIDOID => UUID_HASH_FAMILY,
        pg_sys::INT8OID => INTEGER_HASH_FAMILY,
        _ => TEXT_HASH_FAMILY,
    }
}
