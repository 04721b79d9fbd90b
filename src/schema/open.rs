//! Reading and writing tables of the extension. A table's form is known under the lock that the
//! table is opened with. So it makes no difference if a table or an index is replaced meanwhile.

use super::form::Form;
use super::forms;
use super::objects::{self, ATTEMPTS};
use super::tables::{Column, Table};
use crate::error::Error;
use crate::pg::call::Value;
use crate::pg::catalog::{self, Key, Owned, Row, Snapshot};
use crate::pg::relation::{self, Lock, Relation};
use crate::pg::row_lock::{self, RowLock, Tid};
use crate::pg::{row_write, timestamp};
use pgrx::pg_sys::{Oid, TimestampTz};
use std::rc::Rc;

/// A column, its type, and a value of that type.
pub type ColumnValue = (Column, Oid, Value);

/// A table that is open. Its scans show the rows of one snapshot.
pub struct OpenTable<'r> {
    relation: &'r Relation,
    form: Rc<Form>,
    snapshot: Snapshot<'r>,
}

/// A row of a table that is open.
pub struct Record<'r> {
    row: &'r Row<'r>,
    form: &'r Form,
}

/// Opens a table for reading its newest state.
pub fn read<R>(table: Table, work: impl FnOnce(&OpenTable<'_>) -> R) -> R {
    read_at(table, Snapshot::FRESH, work)
}

/// Opens a table for reading the state of a snapshot.
pub fn read_at<R>(
    table: Table,
    snapshot: Snapshot<'_>,
    work: impl FnOnce(&OpenTable<'_>) -> R,
) -> R {
    with(table, Lock::AccessShare, snapshot, work)
}

/// Opens a table while `work` lasts: the table that has the name once the lock is granted.
fn with<R>(
    table: Table,
    lock: Lock,
    snapshot: Snapshot<'_>,
    work: impl FnOnce(&OpenTable<'_>) -> R,
) -> R {
    let mut work = Some(work);
    for _ in 0..ATTEMPTS {
        let oid = objects::objects().table(table);
        let done = relation::open(oid, lock, |relation| {
            // Everything that was done to the table during the wait for the lock is noticed by now.
            if objects::objects().table(table) != oid {
                return None;
            }
            let form = forms::of(table, relation);
            let table = OpenTable {
                relation,
                form,
                snapshot,
            };
            work.take().map(|work| work(&table))
        });
        if let Some(done) = done.flatten() {
            return done;
        }
    }
    Error::Restless.raise()
}

/// Inserts a row with these columns. All other columns are NULL.
pub fn insert(table: Table, columns: &[ColumnValue]) {
    row_write::require_writable(c"INSERT");
    with(table, Lock::RowExclusive, Snapshot::FRESH, |table| {
        row_write::insert(table.relation, &table.numbered(columns));
    });
}

/// Gives some columns of a row new values. This transaction has locked the row at that place.
pub fn update(table: Table, place: Tid, columns: &[ColumnValue]) {
    row_write::require_writable(c"UPDATE");
    with(table, Lock::RowExclusive, Snapshot::FRESH, |table| {
        row_write::update(table.relation, place, &table.numbered(columns));
    });
}

/// Locks the row with that key until the end of the transaction. Does it as [`row_lock::try_lock`]
/// does.
pub fn try_lock<R>(
    table: Table,
    key: impl FnOnce(&OpenTable<'_>) -> Key<'static>,
    wanted: Option<&dyn Fn(&Record<'_>) -> bool>,
    read: impl FnOnce(&Record<'_>, Tid) -> R,
) -> RowLock<R> {
    row_write::require_writable(c"SELECT FOR UPDATE");
    with(table, Lock::RowShare, Snapshot::FRESH, |table| {
        let form = &*table.form;
        let is_wanted = |row: &Row<'_>| wanted.is_none_or(|wanted| wanted(&Record { row, form }));
        let wanted = wanted.map(|_| &is_wanted as &dyn Fn(&Row<'_>) -> bool);
        row_lock::try_lock(
            table.relation,
            form.index,
            &key(table),
            wanted,
            |row, place| read(&Record { row, form }, place),
        )
    })
}

impl OpenTable<'_> {
    /// The form of the table.
    pub(super) fn form(&self) -> &Form {
        &self.form
    }

    /// The number of a column.
    pub fn at(&self, column: Column) -> i16 {
        self.form.number(column)
    }

    /// Calls `each` for every row that equals `keys`. These are keys of the first columns of the
    /// table's key.
    pub fn scan(&self, keys: &[Key<'_>], mut each: impl FnMut(&Record<'_>)) {
        self.scan_all([((), keys)], |(), row| {
            each(row);
            true
        });
    }

    /// Scans as [`Self::scan`] does, for one set of keys after another, each with as many keys.
    /// `each` gets the value that comes with the set. If `each` returns false, everything ends.
    pub fn scan_all<'k, T: Copy, K: AsRef<[Key<'k>]>>(
        &self,
        sets: impl IntoIterator<Item = (T, K)>,
        mut each: impl FnMut(T, &Record<'_>) -> bool,
    ) {
        let form = &*self.form;
        let index = form.index;
        catalog::scan_all(self.relation, index, sets, self.snapshot, |beside, row| {
            each(beside, &Record { row: &row, form })
        });
    }

    /// Calls `each` with the value that comes with a set of keys, if surely no row has these keys.
    pub fn without_entries<'k, T, K: AsRef<[Key<'k>]>>(
        &self,
        sets: impl IntoIterator<Item = (T, K)>,
        each: impl FnMut(T),
    ) {
        catalog::without_entries(self.relation, self.form.index, sets, each);
    }

    /// Returns true if the table has no row.
    pub fn is_empty(&self) -> bool {
        catalog::is_empty(self.relation)
    }

    fn numbered(&self, columns: &[ColumnValue]) -> Vec<row_write::NumberedValue> {
        columns
            .iter()
            .map(|(column, of, value)| (self.at(*column), *of, *value))
            .collect()
    }
}

impl Record<'_> {
    /// The value of a column whose type is read as it lies; `None` for NULL.
    pub fn get<T: Owned>(&self, column: Column) -> Option<T> {
        self.row.get(self.form.number(column))
    }

    /// Returns true if a column is NULL.
    pub fn is_null(&self, column: Column) -> bool {
        self.row.is_null(self.form.number(column))
    }

    /// The value of a column of type `text`.
    pub fn text(&self, column: Column) -> Option<String> {
        self.row.text(self.form.number(column))
    }

    /// The values of a column of type `text[]`, without NULLs; empty for NULL.
    pub fn texts(&self, column: Column) -> Vec<String> {
        self.row.texts(self.form.number(column))
    }

    /// The value of a column of type `jsonb`, as JSON in UTF-8.
    pub fn json(&self, column: Column) -> Option<String> {
        self.row.json(self.form.number(column), None)
    }

    /// The value of a column of type `timestamptz`, in microseconds since 1970.
    pub fn time(&self, column: Column) -> Option<i64> {
        self.get::<TimestampTz>(column).map(timestamp::unix_micros)
    }
}
