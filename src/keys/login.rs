//! Logging in by token, from Postgres 18 on: the token is judged by the issuers in the file that
//! `authguard.oauth_issuers_file` names, because no table can be read yet.
//!
//! The file is read at each login, so a change counts from the next one on. What the file decides
//! is who may log in. Whether the claims of the token are believed afterwards is decided in each
//! database, as for any other token.

use super::log;
use crate::pg::oauth::Verdict;
use crate::pg::{shortage, unguarded};
use crate::request;
use crate::settings;
use authguard_token::{
    LoginAttempt, LoginIssuers, MAX_LOGIN_FILE_BYTES, memory_for_json, memory_for_token,
};
use std::ffi::{CStr, CString};
use std::fs::{self, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

/// The permission bits with which others than the owner may write a file.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Judges the token of a login, and keeps it if the token is good.
pub fn log_in(token: &CStr, role: &CStr) -> Verdict {
    let issuers = match issuers() {
        Ok(issuers) => issuers,
        Err(problem) => {
            log::issuers_file(&problem);
            return Verdict::Unable;
        }
    };
    // A name that is not UTF-8 is in no document.
    let role = role.to_str().unwrap_or_default();
    let text = token.to_str().unwrap_or_default();
    let attempt = LoginAttempt {
        role,
        now: unguarded::clock(),
        leeway: settings::leeway(),
        max_bytes: settings::max_token_size(),
    };
    shortage::require(memory_for_token(text.len().min(attempt.max_bytes)));
    match issuers.verify(text, attempt) {
        Ok(identity) => {
            request::keep_login_token(token);
            Verdict::Proves(CString::new(identity).unwrap_or_default())
        }
        Err(cause) => {
            log::refused_login(cause);
            Verdict::Refused
        }
    }
}

/// The problem of the file, if one is named and it cannot be used.
pub fn file_problem() -> Option<String> {
    match settings::oauth_issuers_file().is_empty() {
        true => None,
        false => issuers().err(),
    }
}

fn issuers() -> Result<LoginIssuers, String> {
    let path = settings::oauth_issuers_file();
    if path.is_empty() {
        return Err("the setting is empty".to_owned());
    }
    let text = read(&path)?;
    shortage::require(memory_for_json(&text));
    LoginIssuers::parse(&text).map_err(|error| error.to_string())
}

/// The file's text. Whoever can write the file can log in as anybody, so only the user of the
/// server and root may. Nothing in it is secret.
fn read(path: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut options = OpenOptions::new();
    // A pipe in the place of the file must not keep a login waiting.
    let options = options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = options.open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    // The directory of the data is the server's user's, and a backend's working directory.
    let server = fs::metadata(".").map_err(failed)?;
    check(&found, server.uid())?;
    let mut text = String::new();
    let most = MAX_LOGIN_FILE_BYTES as u64 + 1;
    file.take(most).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn check(found: &Metadata, server: u32) -> Result<(), String> {
    let problem = if !found.is_file() {
        "it is no file"
    } else if ![0, server].contains(&found.uid()) {
        "it belongs neither to root nor to the user of the server"
    } else if found.mode() & WRITABLE_BY_OTHERS != 0 {
        "others than its owner may write it; chmod go-w"
    } else {
        return Ok(());
    };
    Err(problem.to_owned())
}
