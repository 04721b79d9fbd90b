//! The list of attached tables: the rows of `authguard.attached`.

use crate::invalidation::{self, PerGeneration};
use crate::pg::state::PerBackend;
use crate::schema::{self, Table, attached as column};
use authguard_token::AttachedKind;
use pgrx::pg_sys::Oid;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// One attached table.
#[derive(Clone, Debug)]
pub struct Source {
    pub relation: Oid,
    pub kind: AttachedKind,
    /// The issuer. `None` stands for every issuer, `""` for tokens without `iss`.
    pub issuer: Option<String>,
    /// True if a change of a user makes earlier tokens stale. It matters for tables of users only.
    pub refresh_on_change: bool,
}

type Sources = Rc<[Source]>;

static SOURCES: PerGeneration<u64, Option<Sources>> =
    PerGeneration::new(invalidation::revocations, None);

/// The attached tables as they were last read.
static LAST: PerBackend<Cell<Option<Sources>>> = PerBackend::new(Cell::new(None));

/// The attached tables, by the newest committed state and this transaction's own writes.
pub fn sources() -> Sources {
    SOURCES
        .get(|| {
            let sources = read();
            LAST.set(Some(Rc::clone(&sources)));
            Some(sources)
        })
        .unwrap_or_default()
}

/// Returns true if a change of a user makes earlier tokens stale: then tokens are only issued later
/// than the change.
pub fn refresh_on_change() -> bool {
    sources().iter().any(|source| source.refresh_on_change)
}

fn read() -> Sources {
    let mut sources = Vec::new();
    schema::read(Table::Attached, |table| {
        table.scan(&[], |row| {
            sources.push(Source {
                relation: row.get(column::RELATION).unwrap_or_default(),
                kind: AttachedKind::of_row(&row.text(column::KIND).unwrap_or_default()),
                issuer: row.text(column::ISSUER),
                refresh_on_change: row.get(column::REFRESH_ON_CHANGE).unwrap_or(true),
            });
        });
    });
    // A fixed order, so that metadata is always merged in the same order.
    sources.sort_by_key(|source| source.relation.to_u32());
    sources.into()
}

/// Returns true if this backend knows that a relation is attached, or is a partition of an attached
/// one. If the backend does not know of a relation, it has decided nothing by it. Calls nothing of
/// Postgres.
pub fn is_attached(relation: Oid) -> bool {
    let last = LAST.take();
    let sources = last.iter().flat_map(|sources| sources.iter());
    let is_source = sources
        .into_iter()
        .any(|source| source.relation == relation);
    LAST.set(last);
    is_source || is_relied_on(relation)
}

/// The partitions, at every level, that decided something, and the generation of those decisions.
static RELIED_ON: PerBackend<Cell<(u64, BTreeSet<u32>)>> =
    PerBackend::new(Cell::new((0, BTreeSet::new())));

/// Makes this backend heed the invalidations of a partition. To be called before the partition is
/// locked and read.
pub fn rely_on(partition: Oid) {
    let generation = invalidation::revocations();
    let (known, mut partitions) = RELIED_ON.take();
    if known != generation {
        // Decisions under an earlier generation do not count any more.
        partitions.clear();
    }
    partitions.insert(partition.to_u32());
    RELIED_ON.set((generation, partitions));
}

fn is_relied_on(relation: Oid) -> bool {
    let known = RELIED_ON.take();
    let is_known = known.1.contains(&relation.to_u32());
    RELIED_ON.set(known);
    is_known
}
