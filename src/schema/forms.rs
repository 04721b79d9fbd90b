//! The form of each table, as far as this backend knows it, and marks on the tables that must be
//! looked at again.

use super::form::Form;
use super::marks::{Feed, Marks, Places};
use super::tables::Table;
use crate::pg::catalog;
use crate::pg::relation::Relation;
use crate::pg::state::PerBackend;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

struct State {
    forms: [RefCell<Option<Rc<Form>>>; Table::ALL.len()],
    /// Tables that have been looked at.
    known: Marks,
    /// Tables that must be looked at again, and tables that could not be.
    altered: Marks,
    broken: Marks,
    /// Tables that do not report every change.
    silent: Marks,
    /// Flags for each feed: true if the values that were read for it are outdated, because tables
    /// have changed.
    outdated: [Cell<bool>; 2],
    /// The function that the triggers call, as invalidations name it.
    function: Cell<u32>,
}

/// Every decision needs to know this table.
const AT_FIRST: Places = Places::of(Table::Installation);

static STATE: PerBackend<State> = PerBackend::new(State {
    forms: [const { RefCell::new(None) }; Table::ALL.len()],
    known: Marks::new(Places::NONE),
    altered: Marks::new(AT_FIRST),
    broken: Marks::new(Places::NONE),
    silent: Marks::new(Places::NONE),
    outdated: [const { Cell::new(false) }; 2],
    function: Cell::new(0),
});

/// The form of a table that is open. Raises an error if the form is not as declared.
pub fn of(table: Table, relation: &Relation) -> Rc<Form> {
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
    // An invalidation that arrives from here on makes a new mark.
    STATE.altered.remove(place);
    let before = kept.take();
    let form = Form::of(table, relation).unwrap_or_else(|misfit| misfit.raise(table));
    if let Some(function) = form.function
        && (form.state.has_invalidation_triggers || STATE.function.get() == 0)
    {
        STATE.function.set(catalog::function_hash(function));
    }
    if !is_first && before.is_none_or(|before| before.state != form.state) {
        for (feed, outdated) in [Feed::Revocations, Feed::Keys].iter().zip(&STATE.outdated) {
            outdated.set(outdated.get() || feed.tables().has_any(place));
        }
    }
    match form.state.has_invalidation_triggers {
        true => STATE.silent.remove(place),
        false => STATE.silent.add(place),
    }
    let form = Rc::new(form);
    kept.replace(Some(Rc::clone(&form)));
    STATE.broken.remove(place);
    form
}

/// The form of a table when it was last looked at.
pub fn last(table: Table) -> Option<Rc<Form>> {
    STATE.forms[table as usize].borrow().clone()
}

/// Forgets the forms of all tables. Values that were read from them may be wrong.
pub fn forget() {
    for form in &STATE.forms {
        form.take();
    }
    STATE.known.replace(Places::NONE);
    STATE.altered.replace(AT_FIRST);
    STATE.broken.replace(Places::NONE);
    STATE.silent.replace(Places::NONE);
    for outdated in &STATE.outdated {
        outdated.set(true);
    }
}

/// Notes that tables have changed in some way. Calls nothing of Postgres.
pub fn altered(places: Places) {
    STATE.altered.add(STATE.known.get().common(places));
}

/// Notes that a function has changed; 0 stands for every function. Calls nothing of Postgres.
pub fn function_changed(hash: u32) {
    if hash == 0 || hash == STATE.function.get() {
        altered(Places::ALL);
    }
}

/// The tables that must be looked at before the values that were read from them count.
pub fn marked() -> Places {
    STATE.altered.get().and(STATE.broken.get())
}

/// The tables that do not report every change.
pub fn silent() -> Places {
    STATE.silent.get()
}

/// Makes the next caller that opens a table look at its form.
pub fn look_again(table: Table) {
    STATE.altered.add(Places::of(table));
}

/// Returns true if values that were read for `feed` have turned out to be outdated since the last
/// call.
pub fn take_outdated(feed: Feed) -> bool {
    STATE.outdated[feed as usize].replace(false)
}
