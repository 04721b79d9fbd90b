//! The server's own way to the server: SPI and internal subtransactions.

use crate::error::Report;
use crate::pg::encoding::printable;
use crate::pg::spi;
use crate::pg::transaction::{self, Subtransaction};
use authguard_policy::{Row, Server, ServerError};
use pgrx::PgSqlErrorCode;

/// Runs `work` with the way to the server, and raises the error that it returns. What it leaves
/// open is rolled back, also if the statement is cancelled in it.
pub fn with_server<R>(work: impl FnOnce(&mut dyn Server) -> Result<R, ServerError>) -> R {
    let result = transaction::closing(|| work(&mut Spi(Vec::new())));
    result.unwrap_or_else(|error| raise(&error))
}

/// The subtransactions that are open, the innermost last.
struct Spi(Vec<Subtransaction>);

impl Server for Spi {
    fn query(&mut self, sql: &str, parameters: &[Option<&str>]) -> Result<Vec<Row>, ServerError> {
        spi::query(sql, parameters).map_err(|report| ServerError {
            sqlstate: report.sqlstate(),
            message: report.message.into_owned(),
            detail: report.detail.map(Into::into),
            hint: report.hint.map(Into::into),
        })
    }

    fn begin(&mut self) -> Result<(), ServerError> {
        self.0.push(Subtransaction::begin());
        Ok(())
    }

    fn confine(&mut self) -> Result<(), ServerError> {
        if let Some(innermost) = self.0.last() {
            innermost.confine();
        }
        Ok(())
    }

    fn roll_back(&mut self) -> Result<(), ServerError> {
        if let Some(innermost) = self.0.pop() {
            innermost.roll_back();
        }
        Ok(())
    }
}

fn raise(error: &ServerError) -> ! {
    let mut report = Report::new(code(&error.sqlstate), printable(&error.message));
    report.detail = error.detail.as_deref().map(|text| printable(text).into());
    report.hint = error.hint.as_deref().map(|text| printable(text).into());
    report.raise()
}

/// The code of an SQLSTATE: six bits for each character (MAKE_SQLSTATE in utils/elog.h).
fn code(sqlstate: &str) -> PgSqlErrorCode {
    let bits = |byte: u8| i32::from(byte.wrapping_sub(b'0')) & 0x3F;
    let code = sqlstate
        .bytes()
        .rev()
        .fold(0, |code, byte| code << 6 | bits(byte));
    code.into()
}

#[cfg(test)]
mod unit {
    use super::code;
    use pgrx::PgSqlErrorCode as Code;

    #[test]
    fn an_sqlstate_has_its_code() {
        assert_eq!(code("42P17"), Code::ERRCODE_INVALID_OBJECT_DEFINITION);
        assert_eq!(code("22023"), Code::ERRCODE_INVALID_PARAMETER_VALUE);
        assert_eq!(code("XX000"), Code::ERRCODE_INTERNAL_ERROR);
    }
}
