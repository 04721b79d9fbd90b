//! Secrets and private keys, kept as options of a user mapping (src/backend/commands/foreigncmds.c).
//!
//! `pg_user_mapping` is a system catalogue: as pg_authid, only superusers and members of pg_read_all_data
//! read it. No publication contains it, and pg_dump leaves out the mappings of a server that belongs to an
//! extension. It is written by the
//! functions behind `CREATE USER MAPPING`, without SQL text that a log could hold.
#![allow(unsafe_code)]

use crate::error::Error;
use crate::schema;
use base64::prelude::{BASE64_STANDARD, Engine};
use pgrx::pg_sys::{self, Oid};
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use zeroize::Zeroizing;

/// The server, and the wrapper behind it, as in `sql/credentials.sql`.
const SERVER: &CStr = c"authguard_credentials";

/// The secret kept under `name`, if there is one.
pub fn read(name: &str) -> Option<Zeroizing<Vec<u8>>> {
    let server = server();
    if !is_mapped(server) {
        return None;
    }
    // SAFETY: the mapping exists; the list of options is palloc'd, and each is a DefElem with a string.
    unsafe {
        let mapping = pg_sys::GetUserMapping(pg_sys::InvalidOid, server);
        let options = pgrx::PgList::<pg_sys::DefElem>::from_pg((*mapping).options);
        options
            .iter_ptr()
            .find(|option| CStr::from_ptr((**option).defname).to_bytes() == name.as_bytes())
            .and_then(|option| {
                let text = CStr::from_ptr(pg_sys::defGetString(option)).to_bytes();
                BASE64_STANDARD.decode(text).ok().map(Zeroizing::new)
            })
    }
}

/// Keeps `secret`, as base64, under `name`, which must be new. Raises an error for anybody but the owner of
/// the server and superusers.
pub fn keep(name: &str, secret: &[u8]) {
    let secret = Zeroizing::new(BASE64_STANDARD.encode(secret));
    let server = server();
    let is_new = !is_mapped(server);
    let option = option(name, Some(&secret), pg_sys::DefElemAction::DEFELEM_ADD);
    if is_new {
        create(option);
    } else {
        alter(option);
    }
    goes_with(server);
}

fn create(options: *mut pg_sys::List) {
    // SAFETY: the statement is a complete node in the current memory context.
    unsafe {
        let mut statement = pg_sys::CreateUserMappingStmt {
            type_: pg_sys::NodeTag::T_CreateUserMappingStmt,
            user: everybody(),
            servername: SERVER.as_ptr().cast_mut(),
            if_not_exists: false,
            options,
        };
        pg_sys::CreateUserMapping(&raw mut statement);
    }
}

/// CREATE USER MAPPING makes a dependency that DROP EXTENSION would stop at; with this one beside it the
/// mapping goes with its server. It is made anew each time, because pg_upgrade loses it.
fn goes_with(server: Oid) {
    // SAFETY: the mapping was written just now, which a new command sees; the addresses are complete.
    unsafe {
        pg_sys::CommandCounterIncrement();
        let mapping = (*pg_sys::GetUserMapping(pg_sys::InvalidOid, server)).umid;
        pg_sys::deleteDependencyRecordsForSpecific(
            pg_sys::UserMappingRelationId,
            mapping,
            pg_sys::DependencyType::DEPENDENCY_AUTO as c_char,
            pg_sys::ForeignServerRelationId,
            server,
        );
        let address = |class, object| pg_sys::ObjectAddress {
            classId: class,
            objectId: object,
            objectSubId: 0,
        };
        pg_sys::recordDependencyOn(
            &address(pg_sys::UserMappingRelationId, mapping),
            &address(pg_sys::ForeignServerRelationId, server),
            pg_sys::DependencyType::DEPENDENCY_AUTO,
        );
    }
}

/// Forgets what is kept under `name`, if anything is; the same command may keep another there.
pub fn forget(name: &str) {
    if read(name).is_some() {
        alter(option(name, None, pg_sys::DefElemAction::DEFELEM_DROP));
        // SAFETY: makes the change visible to what follows; allowed wherever catalogues may be written.
        unsafe { pg_sys::CommandCounterIncrement() };
    }
}

fn alter(options: *mut pg_sys::List) {
    // SAFETY: as in keep().
    unsafe {
        let mut statement = pg_sys::AlterUserMappingStmt {
            type_: pg_sys::NodeTag::T_AlterUserMappingStmt,
            user: everybody(),
            servername: SERVER.as_ptr().cast_mut(),
            options,
        };
        pg_sys::AlterUserMapping(&raw mut statement);
    }
}

fn server() -> Oid {
    // SAFETY: a syscache look-up inside a transaction.
    let server = unsafe { pg_sys::get_foreign_server_oid(SERVER.as_ptr(), true) };
    if server == pg_sys::InvalidOid || !schema::is_ours(pg_sys::ForeignServerRelationId, server) {
        Error::NoSchema.raise()
    }
    server
}

fn is_mapped(server: Oid) -> bool {
    // SAFETY: a syscache look-up inside a transaction, with as many keys as the cache has.
    unsafe {
        pg_sys::SearchSysCacheExists(
            pg_sys::SysCacheIdentifier::USERMAPPINGUSERSERVER as i32,
            pg_sys::Datum::from(pg_sys::InvalidOid),
            pg_sys::Datum::from(server),
            pg_sys::Datum::from(0),
            pg_sys::Datum::from(0),
        )
    }
}

/// The mapping is PUBLIC's, which no role but the server's owner can see the options of.
fn everybody() -> *mut pg_sys::RoleSpec {
    // SAFETY: palloc0 gives a zeroed node, or raises an error.
    unsafe {
        let role = pg_sys::palloc0(size_of::<pg_sys::RoleSpec>()).cast::<pg_sys::RoleSpec>();
        (*role).type_ = pg_sys::NodeTag::T_RoleSpec;
        (*role).roletype = pg_sys::RoleSpecType::ROLESPEC_PUBLIC;
        (*role).location = -1;
        role
    }
}

/// A list of one option.
fn option(
    name: &str,
    secret: Option<&Zeroizing<String>>,
    action: pg_sys::DefElemAction::Type,
) -> *mut pg_sys::List {
    let copy = |text: &str| {
        let text = CString::new(text).expect("credentials have no NUL in them");
        // SAFETY: copies a C string into the current memory context.
        unsafe { pg_sys::pstrdup(text.as_ptr()) }
    };
    // SAFETY: makes nodes of strings in the current memory context.
    unsafe {
        let value = secret.map_or(ptr::null_mut(), |secret| {
            pg_sys::makeString(copy(secret)).cast::<pg_sys::Node>()
        });
        let option = pg_sys::makeDefElem(copy(name), value, -1);
        (*option).defaction = action;
        let mut list = pgrx::PgList::<pg_sys::DefElem>::new();
        list.push(option);
        list.into_pg()
    }
}
