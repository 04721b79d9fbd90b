//! Secrets and private keys, kept as options of a user mapping: in no table, no dump and no
//! publication.

use crate::error::Error;
use crate::pg::user_mapping;
use crate::schema;
use base64::prelude::{BASE64_STANDARD, Engine};
use pgrx::pg_sys::{self, Oid};
use std::ffi::CStr;
use zeroize::Zeroizing;

/// The server of the user mappings, as in `sql/keys/credentials.sql`.
const SERVER: &CStr = c"authguard_credentials";

/// The secret kept under `name`, if there is one.
pub fn read(name: &str) -> Option<Zeroizing<Vec<u8>>> {
    let decode = |text: &CStr| BASE64_STANDARD.decode(text.to_bytes()).ok();
    user_mapping::option(server(), name, decode)?.map(Zeroizing::new)
}

/// Keeps `secret`, as base64, under `name`, which must be new. Raises an error unless the caller is
/// the owner of the server or a superuser.
pub fn keep(name: &str, secret: &[u8]) {
    let secret = Zeroizing::new(BASE64_STANDARD.encode(secret));
    user_mapping::add_option(server(), name, &secret);
}

/// Forgets the secret kept under `name`, if there is one. The same command may keep another secret
/// there.
pub fn forget(name: &str) {
    if read(name).is_some() {
        user_mapping::drop_option(server(), name);
    }
}

/// The server. Raises an error unless it belongs to this extension.
fn server() -> Oid {
    user_mapping::server(SERVER)
        .filter(|server| schema::is_ours(pg_sys::ForeignServerRelationId, *server))
        .unwrap_or_else(|| Error::NoSchema.raise())
}
