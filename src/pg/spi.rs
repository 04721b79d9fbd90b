//! Statements that are not known before, with texts as parameters and results
//! (src/backend/executor/spi.c).

use super::{encoding, shortage, transaction};
use crate::error::{Error, Report};
use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::panic::{CaughtError, ErrorReportWithLevel};
use pgrx::pg_sys::{self, Datum, Oid};
use std::ffi::{CStr, CString, c_char};

/// Runs a statement with a new snapshot, with the rights of the current role, and returns its rows
/// as texts. If it fails, nothing of it is left, and its error is the result. An error that ends
/// the whole transaction, a cancelled statement and a failed assertion are raised.
pub fn query(sql: &str, parameters: &[Option<&str>]) -> Result<Vec<Vec<Option<String>>>, Report> {
    transaction::catching(|| run(sql, parameters)).map_err(|error| {
        if error.sql_error_code() == PgSqlErrorCode::ERRCODE_ASSERT_FAILURE {
            CaughtError::PostgresError(error).rethrow();
        }
        report(&error)
    })
}

fn report(error: &ErrorReportWithLevel) -> Report {
    let mut report = Report::new(error.sql_error_code(), error.message().to_owned());
    report.detail = error.detail().map(|detail| detail.to_owned().into());
    report.hint = error.hint().map(|hint| hint.to_owned().into());
    report
}

fn run(sql: &str, parameters: &[Option<&str>]) -> Vec<Vec<Option<String>>> {
    let sql = encoding::to_server(sql).unwrap_or_else(|| Error::Untranslatable.raise());
    let Ok(sql) = CString::new(sql) else {
        Error::NotText.raise()
    };
    let mut types = vec![pg_sys::TEXTOID; parameters.len()];
    let mut nulls = vec![b' ' as c_char; parameters.len()];
    let mut values = vec![Datum::null(); parameters.len()];
    for (place, text) in parameters.iter().enumerate() {
        match text {
            Some(text) => values[place] = encoding::text_datum(text),
            None => nulls[place] = b'n' as c_char,
        }
    }
    // SAFETY: connected and finished in a pair; on an error the end of the subtransaction around
    // does it (AtEOSubXact_SPI). Types, values and nulls are as many as the parameters.
    unsafe {
        pg_sys::SPI_connect();
        let done = pg_sys::SPI_execute_with_args(
            sql.as_ptr(),
            parameters.len() as i32,
            types.as_mut_ptr().cast::<Oid>(),
            values.as_mut_ptr(),
            nulls.as_ptr(),
            false,
            0,
        );
        if done < 0 {
            let message = CStr::from_ptr(pg_sys::SPI_result_code_string(done));
            let message = message.to_string_lossy().into_owned();
            Report::new(PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED, message).raise();
        }
        let rows = rows(pg_sys::SPI_tuptable);
        pg_sys::SPI_finish();
        rows
    }
}

/// The rows of the statement that has run last.
///
/// # Safety
///
/// The table is that of the current connection to SPI, or NULL.
unsafe fn rows(table: *mut pg_sys::SPITupleTable) -> Vec<Vec<Option<String>>> {
    if table.is_null() {
        return Vec::new();
    }
    // SAFETY: as the caller promises. The table has so many rows, each of its descriptor.
    // SPI_getvalue returns a C string in the memory of the connection, or NULL.
    unsafe {
        let descriptor = (*table).tupdesc;
        let columns = 1..=(*descriptor).natts;
        let rows = std::slice::from_raw_parts((*table).vals, (*table).numvals as usize);
        let value = |row, column| {
            let value = pg_sys::SPI_getvalue(row, descriptor, column);
            (!value.is_null()).then(|| utf8(CStr::from_ptr(value)))
        };
        rows.iter()
            .map(|row| columns.clone().map(|column| value(*row, column)).collect())
            .collect()
    }
}

fn utf8(text: &CStr) -> String {
    let text = text.to_bytes();
    // Another encoding takes at most three times as much in UTF-8.
    shortage::require(text.len().saturating_mul(3));
    match encoding::to_utf8(text) {
        Some(text) => text.into_owned(),
        // The name of a role is in the encoding of the database that it was made in. It must not
        // be in the way of those who ask about others.
        None => String::from_utf8_lossy(text).replace(char::REPLACEMENT_CHARACTER, "?"),
    }
}
