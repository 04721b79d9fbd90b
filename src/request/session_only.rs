//! The check of a value that becomes the claims or the token of a request.

use super::seal;
use crate::error::{Error, Report};
use crate::pg::guc::SetFrom;
use std::ffi::CStr;

/// Returns an error if `setting`, which is `now`, must not become `new`. `hint` says how to set the
/// setting.
///
/// A value from a file, a database or a role is refused, because every later login would adopt it
/// (`alter role current_user set …` needs no privilege). A sealed value stands.
pub fn check(
    setting: &'static str,
    hint: &'static str,
    now: &CStr,
    new: &CStr,
    source: SetFrom,
) -> Result<(), Report> {
    if !new.is_empty() && source != SetFrom::Session {
        Err(Error::SessionOnly(setting, hint).report())
    } else if !seal::allows(now, new) {
        Err(Error::Sealed.report())
    } else {
        Ok(())
    }
}
