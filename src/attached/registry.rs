//! Which tables are attached: the rows of `authguard.attached`.

use crate::invalidation;
use crate::pg::catalog;
use crate::pg::state::PerBackend;
use authguard_token::AttachedKind;
use pgrx::pg_sys::Oid;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Columns of `authguard.attached`, in the order of `sql/attach.sql`.
mod column {
    pub const RELATION: i16 = 1;
    pub const KIND: i16 = 2;
    pub const ISSUER: i16 = 3;
    pub const REFRESH_ON_CHANGE: i16 = 4;
}

/// One attached table.
#[derive(Clone, Debug)]
pub struct Source {
    pub relation: Oid,
    pub kind: AttachedKind,
    /// `None` is every issuer, `""` is tokens without `iss`.
    pub issuer: Option<String>,
    /// Of users: whether a change makes earlier tokens stale.
    pub refresh_on_change: bool,
}

type Sources = Rc<[Source]>;

/// The attached tables, and the generation that they were read under.
static KNOWN: PerBackend<Cell<Option<(u64, Sources)>>> = PerBackend::new(Cell::new(None));

/// The attached tables, by the newest committed state and this transaction's own.
pub fn sources() -> Sources {
    let generation = invalidation::revocations();
    if !invalidation::has_changed()
        && let Some(known) = known(|known| known.0 == generation)
    {
        return known;
    }
    let sources = read();
    KNOWN.set(Some((generation, Rc::clone(&sources))));
    sources
}

/// Whether a change of a user makes earlier tokens stale, so that tokens are issued after it only.
pub fn refresh_on_change() -> bool {
    sources().iter().any(|source| source.refresh_on_change)
}

fn read() -> Sources {
    let mut sources = Vec::new();
    catalog::scan(invalidation::objects().attached, None, &[], |row| {
        sources.push(Source {
            relation: row.get(column::RELATION).unwrap_or_default(),
            kind: AttachedKind::of_row(&row.text(column::KIND).unwrap_or_default()),
            issuer: row.text(column::ISSUER),
            refresh_on_change: row.get(column::REFRESH_ON_CHANGE).unwrap_or(true),
        });
    });
    // In one order, so that metadata is merged in one.
    sources.sort_by_key(|source| source.relation.to_u32());
    sources.into()
}

/// Whether a relation is attached, or is a partition of one that is, as far as this backend knows: what it does not
/// know of, it has decided nothing by. Calls nothing of Postgres.
pub fn is_attached(relation: Oid) -> bool {
    known(|(_, sources)| sources.iter().any(|source| source.relation == relation)).is_some()
        || is_relied_on(relation)
}

/// The partitions, at every level, that something was decided by, and the generation of that.
static RELIED_ON: PerBackend<Cell<(u64, BTreeSet<u32>)>> =
    PerBackend::new(Cell::new((0, BTreeSet::new())));

/// Has this backend heed the invalidations of a partition. To be called before it is locked and read.
pub fn rely_on(partition: Oid) {
    let generation = invalidation::revocations();
    let (known, mut partitions) = RELIED_ON.take();
    if known != generation {
        // Nothing that was decided under an earlier one counts any more.
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

fn known(fits: impl FnOnce(&(u64, Sources)) -> bool) -> Option<Sources> {
    let known = KNOWN.take();
    let found = known
        .as_ref()
        .filter(|known| fits(known))
        .map(|(_, sources)| Rc::clone(sources));
    KNOWN.set(known);
    found
}
