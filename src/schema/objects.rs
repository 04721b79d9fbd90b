//! The OIDs of the tables and channels.
//!
//! An invalidation only sets a mark. The next caller looks again. Remembered values are forgotten
//! only if a relation has become a different one, or if a table has other rows without having
//! reported it. Marks that are set during a look stay for the next caller.

use super::marks::{Marks, Places};
use super::tables::Table;
use super::{forms, member};
use crate::error::Error;
use crate::pg::catalog;
use crate::pg::state::PerBackend;
use pgrx::pg_sys::{self, Oid};
use std::cell::Cell;
use std::ffi::CStr;

/// The most attempts to look at something that changes again and again.
pub(super) const ATTEMPTS: u32 = 16;

/// The relations beside the tables, in the order of the fields of [`Objects`].
const OTHERS: [&CStr; 4] = [
    c"channel",
    c"key_channel",
    c"arrival_channel",
    c"event_id_seq",
];

/// The OIDs of the relations of the extension.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Objects {
    tables: [Oid; Table::ALL.len()],
    /// `authguard.channel`, whose invalidation means "look for revocations again".
    pub channel: Oid,
    /// `authguard.key_channel`: "look for keys again".
    pub key_channel: Oid,
    /// `authguard.arrival_channel`: "what was not there may be there now".
    pub arrival_channel: Oid,
    /// The sequence that gives `authguard.event` its ids.
    pub event_ids: Oid,
    namespace: Oid,
}

impl Objects {
    /// The OID of a table.
    pub fn table(&self, table: Table) -> Oid {
        self.tables[table as usize]
    }

    fn find() -> Self {
        let Some(namespace) = catalog::schema(c"authguard") else {
            Error::NoSchema.raise()
        };
        let [channel, key_channel, arrival_channel, event_ids] =
            OTHERS.map(|name| look_up(name, namespace));
        Self {
            tables: Table::ALL.map(|table| look_up(table.declaration().name, namespace)),
            channel,
            key_channel,
            arrival_channel,
            event_ids,
            namespace,
        }
    }

    /// All relations with their names. A relation's place here is its place among the marks.
    fn relations(&self) -> impl Iterator<Item = (usize, Oid)> {
        let others = [
            self.channel,
            self.key_channel,
            self.arrival_channel,
            self.event_ids,
        ];
        self.tables.into_iter().chain(others).enumerate()
    }
}

/// A relation of that name: a plain table or a sequence. Raises an error if there is none.
fn look_up(name: &CStr, namespace: Oid) -> Oid {
    let found = match OTHERS[3] == name {
        true => catalog::relation(name, namespace),
        false => catalog::table(name, namespace),
    };
    found.unwrap_or_else(|| {
        let name = name.to_string_lossy().into_owned();
        let lacks = format!("There is no relation \"{name}\".");
        member::lacking(Error::NoTable(name), lacks)
    })
}

fn name_of(place: usize) -> &'static CStr {
    match Table::ALL.get(place) {
        Some(table) => table.declaration().name,
        None => OTHERS[place - Table::ALL.len()],
    }
}

struct State {
    /// The OIDs; `None` until they are looked up.
    objects: Cell<Option<Objects>>,
    /// The relations whose names must be looked up again.
    renamed: Marks,
}

static STATE: PerBackend<State> = PerBackend::new(State {
    objects: Cell::new(None),
    renamed: Marks::new(Places::NONE),
});

/// Returns all OIDs. Raises an error, so that access stays closed, if something is missing or does
/// not belong to the extension: a schema `authguard` that somebody else made is no source of
/// decisions.
pub fn objects() -> Objects {
    match STATE.objects.get() {
        Some(known) if STATE.renamed.get() == Places::NONE => known,
        known => find(known),
    }
}

/// The OIDs that were last looked up.
pub fn known() -> Option<Objects> {
    STATE.objects.get()
}

#[cold]
fn find(mut known: Option<Objects>) -> Objects {
    for _ in 0..ATTEMPTS {
        // If an error ends this, the mark stays. The marks of invalidations that arrive meanwhile
        // stay in any case.
        let renamed = STATE.renamed.replace(Places::UNFINISHED);
        let found = match known {
            Some(known) if !renamed.has_any(Places::UNFINISHED) && is_still(&known, renamed) => {
                known
            }
            _ => Objects::find(),
        };
        if known == Some(found) {
            // What was looked up for the first time is looked up once more, and then this is asked.
            // An update of the extension ends with a change of that table (docs/decisions.md).
            if renamed.has_any(Places::of(Table::Revocation).and(Places::UNFINISHED)) {
                member::require(found.table(Table::Revocation));
            }
            STATE.renamed.remove(Places::UNFINISHED);
            return found;
        }
        forms::forget();
        // From now on the invalidations of these relations are heeded. Changes before that are
        // found by looking them up once more.
        STATE.objects.set(Some(found));
        known = Some(found);
    }
    Error::Restless.raise()
}

fn is_still(known: &Objects, renamed: Places) -> bool {
    known
        .relations()
        .filter(|(place, _)| renamed.has(*place))
        .all(|(place, oid)| catalog::relation(name_of(place), known.namespace) == Some(oid))
}

/// The meaning of an invalidation.
pub enum Signal {
    Revocations,
    Keys,
    Arrivals,
    /// Anything may have changed: the backend was too far behind to be told more.
    Everything,
    /// A relation of the extension has changed in some way, and must be looked at.
    Later,
}

/// Notes that a relation has changed. Returns `None` if it does not belong to the extension. Calls
/// nothing of Postgres.
pub fn relation_changed(relation: Oid) -> Option<Signal> {
    if relation == pg_sys::InvalidOid {
        STATE.renamed.add(Places::ALL);
        forms::altered(Places::ALL);
        return Some(Signal::Everything);
    }
    let objects = STATE.objects.get()?;
    let (place, _) = objects.relations().find(|(_, oid)| *oid == relation)?;
    STATE.renamed.add(Places::at(place));
    forms::altered(Places::at(place));
    Some(if relation == objects.channel {
        Signal::Revocations
    } else if relation == objects.key_channel {
        Signal::Keys
    } else if relation == objects.arrival_channel {
        Signal::Arrivals
    } else {
        Signal::Later
    })
}

/// Notes that a schema has changed; it may be any schema.
pub fn names_changed() {
    STATE.renamed.add(Places::ALL);
}
