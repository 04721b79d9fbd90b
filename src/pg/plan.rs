//! Queries that a backend plans once (src/backend/executor/spi.c,
//! src/backend/utils/cache/plancache.c).

use super::call::Value;
use super::catalog::Row;
use super::state::PerBackend;
use pgrx::pg_sys::{self, Oid};
use std::cell::Cell;
use std::ffi::{CStr, c_char};
use std::ptr;

/// The largest number of parameters that a query has.
const MOST: usize = 5;

static SLEEP: PerBackend<Plan> = Plan::new(c"select pg_catalog.pg_sleep($1)", &[pg_sys::FLOAT8OID]);

/// Sleeps, and raises an error if the statement is cancelled meanwhile.
pub fn sleep(seconds: f64) {
    SLEEP.run(&[Value::of(seconds)], |_| ());
}

/// A query whose names are qualified, and the types of its parameters. Its plan is kept. Postgres
/// makes the plan anew if the objects in it have changed.
pub struct Plan {
    sql: &'static CStr,
    types: &'static [Oid],
    kept: Cell<pg_sys::SPIPlanPtr>,
}

impl Plan {
    /// Usable in a `static`.
    pub const fn new(sql: &'static CStr, types: &'static [Oid]) -> PerBackend<Self> {
        PerBackend::new(Self {
            sql,
            types,
            kept: Cell::new(ptr::null_mut()),
        })
    }

    /// Runs the query with a new snapshot, as a statement of its own, and returns `read` of its
    /// first row, if there is one. The row is gone afterwards.
    pub fn run<R>(&self, parameters: &[Value], read: impl FnOnce(Option<Row<'_>>) -> R) -> R {
        assert_eq!(parameters.len(), self.types.len(), "parameters of a query");
        let mut values = [pg_sys::Datum::null(); MOST];
        let mut nulls = [b' ' as c_char; MOST];
        for (place, parameter) in parameters.iter().enumerate() {
            match parameter.datum() {
                Some(datum) => values[place] = datum,
                None => nulls[place] = b'n' as c_char,
            }
        }
        // SAFETY: connected and finished in pairs; on an error the end of the transaction or
        // subtransaction does it (AtEOXact_SPI). The plan is kept for as long as the backend lives.
        // Values and types are as many as the query has parameters; the table of results is of this
        // query, and read before it is freed.
        unsafe {
            pg_sys::SPI_connect();
            if self.kept.get().is_null() {
                let count = self.types.len() as i32;
                let plan =
                    pg_sys::SPI_prepare(self.sql.as_ptr(), count, self.types.as_ptr().cast_mut());
                assert!(!plan.is_null(), "a query of the extension can be planned");
                pg_sys::SPI_keepplan(plan);
                self.kept.set(plan);
            }
            let plan = self.kept.get();
            let done =
                pg_sys::SPI_execute_plan(plan, values.as_mut_ptr(), nulls.as_ptr(), false, 0);
            assert!(done >= 0, "a query of the extension can be run");
            let table = pg_sys::SPI_tuptable;
            let row = (pg_sys::SPI_processed > 0 && !table.is_null())
                .then(|| Row::of(*(*table).vals, (*table).tupdesc));
            let result = read(row.flatten());
            pg_sys::SPI_finish();
            result
        }
    }
}
