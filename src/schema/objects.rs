//! Where the tables and channels are, and what has to be looked at again.
//!
//! An invalidation only leaves a mark. Who asks next looks again, and only a table that is another one by then,
//! or has other rows without having said so, makes what was remembered be forgotten. Marks that are made while
//! something is looked at stay for the next who asks: what was read meanwhile was read under a lock, or is
//! looked up once more before it is believed.

use super::form::Form;
use super::member;
use super::tables::Table;
use crate::error::Error;
use crate::pg::catalog;
use crate::pg::relation::Lock;
use crate::pg::state::PerBackend;
use pgrx::pg_sys::{self, Oid};
use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::rc::Rc;

/// How often something is looked at again that becomes another one again and again.
pub(super) const ATTEMPTS: u32 = 16;

/// The relations beside the tables, in the order of the fields of [`Objects`].
const OTHERS: [&CStr; 4] = [
    c"channel",
    c"key_channel",
    c"arrival_channel",
    c"event_id_seq",
];

/// The OIDs of what belongs to the extension.
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
    /// That of a table.
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

    /// All relations with their names. Their places are those of the marks.
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
    found.unwrap_or_else(|| Error::NoTable(name.to_string_lossy().into_owned()).raise())
}

fn name_of(place: usize) -> &'static CStr {
    match Table::ALL.get(place) {
        Some(table) => table.declaration().name,
        None => OTHERS[place - Table::ALL.len()],
    }
}

/// A set of relations, by their places.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Places(u16);

impl Places {
    const NONE: Self = Self(0);
    /// All relations, and their schema.
    const ALL: Self = Self(u16::MAX);
    /// No relation's: somebody has to look up everything.
    const UNFINISHED: Self = Self(1 << 15);

    const fn of(table: Table) -> Self {
        Self(1 << table as usize)
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    const fn has_any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }

    fn has(self, place: usize) -> bool {
        self.0 >> place & 1 != 0
    }
}

struct Marks(Cell<Places>);

impl Marks {
    const fn new(places: Places) -> Self {
        Self(Cell::new(places))
    }

    fn get(&self) -> Places {
        self.0.get()
    }

    fn add(&self, places: Places) {
        self.0.set(self.0.get().and(places));
    }

    fn remove(&self, places: Places) {
        self.0.set(self.0.get().without(places));
    }
}

/// What is remembered of the rows of several tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// Decisions about tokens.
    Revocations,
    /// Issuers, keys, verified tokens and the claims function.
    Keys,
}

impl Feed {
    const fn tables(self) -> Places {
        match self {
            Self::Revocations => Places::of(Table::Revocation)
                .and(Places::of(Table::Session))
                .and(Places::of(Table::Attached))
                .and(Places::of(Table::Installation)),
            Self::Keys => Places::of(Table::Issuer)
                .and(Places::of(Table::Key))
                .and(Places::of(Table::ClaimsFunction)),
        }
    }
}

struct State {
    /// `None` until somebody asks.
    objects: Cell<Option<Objects>>,
    /// Relations whose names have to be looked up again.
    renamed: Marks,
    forms: [RefCell<Option<Rc<Form>>>; Table::ALL.len()],
    /// Tables that have been looked at.
    known: Marks,
    /// Those that have to be looked at again, and those that could not be.
    altered: Marks,
    broken: Marks,
    /// Those that do not tell of every change.
    silent: Marks,
    /// What was read from tables that are others by now.
    outdated: [Cell<bool>; 2],
    /// The function that the triggers call, as invalidations name it.
    function: Cell<u32>,
}

static STATE: PerBackend<State> = PerBackend::new(State {
    objects: Cell::new(None),
    renamed: Marks::new(Places::NONE),
    forms: [const { RefCell::new(None) }; Table::ALL.len()],
    known: Marks::new(Places::NONE),
    // Everybody who decides has to know it.
    altered: Marks::new(Places::of(Table::Installation)),
    broken: Marks::new(Places::NONE),
    silent: Marks::new(Places::NONE),
    outdated: [const { Cell::new(false) }; 2],
    function: Cell::new(0),
});

/// Where everything is. Raises an error, so that access stays closed, if something is missing or is not the
/// extension's own: a schema `authguard` that somebody else made is no source of decisions.
pub fn objects() -> Objects {
    match STATE.objects.get() {
        Some(known) if STATE.renamed.get() == Places::NONE => known,
        known => find(known),
    }
}

/// Where everything was when it was last looked up.
pub fn known() -> Option<Objects> {
    STATE.objects.get()
}

#[cold]
fn find(mut known: Option<Objects>) -> Objects {
    for _ in 0..ATTEMPTS {
        // If an error ends this, the mark is left; those of invalidations that arrive meanwhile are left anyway.
        let renamed = STATE.renamed.0.replace(Places::UNFINISHED);
        if let Some(known) = known
            && !renamed.has_any(Places::UNFINISHED)
            && is_still(&known, renamed)
        {
            STATE.renamed.remove(Places::UNFINISHED);
            return known;
        }
        let found = Objects::find();
        if known == Some(found) {
            STATE.renamed.remove(Places::UNFINISHED);
            return found;
        }
        member::require(found.table(Table::Revocation));
        forget();
        // From now on their invalidations are heeded. What became of them before that is looked up once more.
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

/// Nothing is known of any table.
fn forget() {
    for form in &STATE.forms {
        form.take();
    }
    STATE.known.0.set(Places::NONE);
    STATE.altered.0.set(Places::of(Table::Installation));
    STATE.broken.0.set(Places::NONE);
    STATE.silent.0.set(Places::NONE);
    for outdated in &STATE.outdated {
        outdated.set(true);
    }
}

/// What a table is like that is open. Raises an error if that is not as it is to be.
pub(super) fn form(table: Table, relation: &crate::pg::relation::Relation) -> Rc<Form> {
    let place = Places::of(table);
    let kept = &STATE.forms[table as usize];
    if !STATE.altered.get().has_any(place)
        && let Some(form) = &*kept.borrow()
    {
        return Rc::clone(form);
    }
    let is_first = !STATE.known.get().has_any(place);
    STATE.known.add(place);
    STATE.broken.add(place);
    // An invalidation that arrives from here on makes a mark again.
    STATE.altered.remove(place);
    let before = kept.take();
    let form = Form::of(table, relation).unwrap_or_else(|misfit| misfit.raise(table));
    if let Some(function) = form.function
        && (form.state.tells || STATE.function.get() == 0)
    {
        STATE.function.set(catalog::function_hash(function));
    }
    if !is_first && before.is_none_or(|before| before.state != form.state) {
        for (feed, outdated) in [Feed::Revocations, Feed::Keys].iter().zip(&STATE.outdated) {
            outdated.set(outdated.get() || feed.tables().has_any(place));
        }
    }
    match form.state.tells {
        true => STATE.silent.remove(place),
        false => STATE.silent.add(place),
    }
    let form = Rc::new(form);
    kept.replace(Some(Rc::clone(&form)));
    STATE.broken.remove(place);
    form
}

/// What a table is like at this moment; one that does not tell is always looked at.
pub(super) fn form_now(table: Table) -> Rc<Form> {
    if STATE.silent.get().has_any(Places::of(table)) {
        STATE.altered.add(Places::of(table));
    }
    super::open::with(table, Lock::AccessShare, |open| Rc::clone(&open.form))
}

/// Looks at what is marked, and answers true if what was read for `feed` still counts. To be asked before something
/// is taken that is remembered, and before something is read that is to be.
pub fn settled(feed: Feed) -> bool {
    objects();
    let tables = feed.tables();
    let marked = STATE.altered.get().and(STATE.broken.get());
    if marked.has_any(tables) {
        for table in Table::ALL {
            if feed.tables().has(table as usize) && marked.has(table as usize) {
                super::open::with(table, Lock::AccessShare, |_| ());
            }
        }
    }
    !STATE.outdated[feed as usize].replace(false) && !STATE.silent.get().has_any(tables)
}

/// What an invalidation says.
pub enum Told {
    Revocations,
    Keys,
    Arrivals,
    /// The backend was too far behind to be told more.
    Everything,
    /// Something about a relation of the extension that is to be looked at.
    Later,
}

/// A relation has changed; `None` if it is none of the extension's. Calls nothing of Postgres.
pub fn relation_changed(relation: Oid) -> Option<Told> {
    if relation == pg_sys::InvalidOid {
        STATE.renamed.add(Places::ALL);
        STATE.altered.add(STATE.known.get());
        return Some(Told::Everything);
    }
    let objects = STATE.objects.get()?;
    let (place, _) = objects.relations().find(|(_, oid)| *oid == relation)?;
    STATE.renamed.add(Places(1 << place));
    STATE.altered.add(Places(STATE.known.get().0 & 1 << place));
    Some(if relation == objects.channel {
        Told::Revocations
    } else if relation == objects.key_channel {
        Told::Keys
    } else if relation == objects.arrival_channel {
        Told::Arrivals
    } else {
        Told::Later
    })
}

/// A schema has changed, any one.
pub fn names_changed(_hash: u32) {
    STATE.renamed.add(Places::ALL);
}

/// A function has changed; 0 is every one.
pub fn function_changed(hash: u32) {
    if hash == 0 || hash == STATE.function.get() {
        STATE.altered.add(STATE.known.get());
    }
}
