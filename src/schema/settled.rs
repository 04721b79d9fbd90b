//! The check that values read from the tables still count.

use super::marks::{Feed, Places};
use super::tables::Table;
use super::{forms, objects, open};

/// Looks at the tables that are marked, and returns true if values that were read for `feed` still
/// count. To be called before a remembered value is taken, and before a value that is to be
/// remembered is read. Raises an error if a table cannot be read any more, so that access stays
/// closed.
pub fn settled(feed: Feed) -> bool {
    objects::objects();
    let tables = feed.tables();
    let marked = forms::marked().common(tables);
    if marked != Places::NONE {
        for table in Table::ALL {
            if marked.has_any(Places::of(table)) {
                open::read(table, |_| ());
            }
        }
    }
    !forms::take_outdated(feed) && !forms::silent().has_any(tables)
}

/// Returns true if this database is a copy that nobody has acknowledged.
pub fn is_copy() -> bool {
    let table = Table::Installation;
    objects::objects();
    let (marked, silent) = (forms::marked(), forms::silent());
    if !marked.and(silent).has_any(Places::of(table))
        && let Some(form) = forms::last(table)
    {
        return form.state.is_copy;
    }
    forms::look_again(table);
    open::read(table, |open| open.form().state.is_copy)
}
