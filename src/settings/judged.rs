//! Texts whose rule Postgres does not know: words and names.
//!
//! A text that breaks its rule is an error in ALTER SYSTEM. In a file it is logged instead, and
//! `authguard.coverage()` has a row: Postgres would answer an error by keeping the value before it,
//! or the default, and both may let in more than what the strictest reading of the text lets in.

use crate::error::{Error, Report};
use crate::pg::encoding::{printable, title};
use crate::pg::guc::{Hooks, SetFrom};
use crate::pg::log::{self, LogLevel};
use std::ffi::{CStr, CString};

/// A problem of a text.
pub struct Problem {
    /// The problem, as a clause.
    pub what: String,
    /// The words that are known, or what to do.
    pub hint: String,
}

/// The rule of a setting.
pub trait Rule: 'static {
    /// The setting.
    const NAME: &'static str;

    /// The problems that no use of the text is right with.
    fn wrong(_text: &str) -> Vec<Problem> {
        Vec::new()
    }

    /// The problems that may be none: names that may come to exist. May read the catalogue.
    fn doubtful(_text: &str) -> Vec<Problem> {
        Vec::new()
    }

    /// Returns an error if Postgres is to refuse the text, wherever it comes from.
    fn check(_text: &CStr) -> Result<(), Report> {
        Ok(())
    }

    /// Reacts to the setting being assigned.
    fn assigned() {}
}

/// The hooks of a text with a rule.
pub struct Judged<R>(std::marker::PhantomData<R>);

impl<R: Rule> Hooks for Judged<R> {
    fn check(new: &CStr, source: SetFrom) -> Result<(), Report> {
        R::check(new)?;
        if source == SetFrom::Trial {
            let text = title(new);
            let report =
                |it: Problem| Error::BadWord(R::NAME, printable(&it.what), it.hint).report();
            if let Some(wrong) = R::wrong(&text).into_iter().next() {
                return Err(report(wrong));
            }
            for doubt in R::doubtful(&text) {
                report(doubt).warn();
            }
        }
        Ok(())
    }

    fn assign(new: &CStr) {
        // Not converted: this may be outside a transaction.
        for wrong in R::wrong(&new.to_string_lossy()) {
            let message = printable(&format!("{}: {}", R::NAME, wrong.what));
            let message = CString::new(message).unwrap_or_default();
            let hint = CString::new(wrong.hint).unwrap_or_default();
            log::server_only(LogLevel::Warning, &message, Some(&hint));
        }
        R::assigned();
    }
}

/// All problems of a setting's text, each with the setting, and true if it is wrong whatever comes.
pub fn problems<R: Rule>(text: &str) -> impl Iterator<Item = (&'static str, Problem, bool)> {
    let wrong = R::wrong(text).into_iter().map(|it| (R::NAME, it, true));
    let doubtful = R::doubtful(text).into_iter();
    wrong.chain(doubtful.map(|it| (R::NAME, it, false)))
}
