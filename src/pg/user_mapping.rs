//! Options of PUBLIC's user mapping of a foreign server (src/backend/commands/foreigncmds.c).
//!
//! Superusers and members of pg_read_all_data read `pg_user_mapping`, as they read pg_authid, and
//! the server's owner sees the mapping's options. The mapping is in no publication, and pg_dump
//! leaves out the mappings of a server that belongs to an extension. The functions behind CREATE
//! USER MAPPING write it, without SQL text that a log could hold.

use pgrx::pg_sys::{self, Oid};
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use zeroize::Zeroizing;

/// The OID of a foreign server, if it exists.
pub fn server(name: &CStr) -> Option<Oid> {
    // SAFETY: a syscache look-up inside a transaction.
    let server = unsafe { pg_sys::get_foreign_server_oid(name.as_ptr(), true) };
    (server != pg_sys::InvalidOid).then_some(server)
}

/// Returns `read` of an option of the server's mapping, if there is such a mapping and such an
/// option.
pub fn option<R>(server: Oid, name: &str, read: impl FnOnce(&CStr) -> R) -> Option<R> {
    if !is_mapped(server) {
        return None;
    }
    // SAFETY: the mapping exists; the list of options is palloc'd, and each is a DefElem with a
    // string.
    unsafe {
        let mapping = pg_sys::GetUserMapping(pg_sys::InvalidOid, server);
        let options = pgrx::PgList::<pg_sys::DefElem>::from_pg((*mapping).options);
        let option = options
            .iter_ptr()
            .find(|option| CStr::from_ptr((**option).defname).to_bytes() == name.as_bytes())?;
        Some(read(CStr::from_ptr(pg_sys::defGetString(option))))
    }
}

/// Adds an option to the server's mapping; its name must be new. Makes the mapping if there is
/// none. Raises an error unless the caller is the owner of the server or a superuser.
pub fn add_option(server: Oid, name: &str, value: &Zeroizing<String>) {
    let option = options(name, Some(value), pg_sys::DefElemAction::DEFELEM_ADD);
    if is_mapped(server) {
        alter(server, option);
    } else {
        create(server, option);
    }
    goes_with(server);
}

/// Drops an option that the server's mapping has. The same command may add another option of that
/// name.
pub fn drop_option(server: Oid, name: &str) {
    alter(
        server,
        options(name, None, pg_sys::DefElemAction::DEFELEM_DROP),
    );
    // SAFETY: makes the change visible to what follows; allowed wherever catalogues may be written.
    unsafe { pg_sys::CommandCounterIncrement() };
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

fn create(server: Oid, options: *mut pg_sys::List) {
    // SAFETY: the statement is a complete node in the current memory context.
    unsafe {
        let mut statement = pg_sys::CreateUserMappingStmt {
            type_: pg_sys::NodeTag::T_CreateUserMappingStmt,
            user: everybody(),
            servername: name_of(server),
            if_not_exists: false,
            options,
        };
        pg_sys::CreateUserMapping(&raw mut statement);
    }
}

fn alter(server: Oid, options: *mut pg_sys::List) {
    // SAFETY: as in create().
    unsafe {
        let mut statement = pg_sys::AlterUserMappingStmt {
            type_: pg_sys::NodeTag::T_AlterUserMappingStmt,
            user: everybody(),
            servername: name_of(server),
            options,
        };
        pg_sys::AlterUserMapping(&raw mut statement);
    }
}

/// The server's name, in the current memory context. Raises an error if there is no such server.
fn name_of(server: Oid) -> *mut c_char {
    // SAFETY: a syscache look-up inside a transaction; the result is palloc'd.
    unsafe { (*pg_sys::GetForeignServer(server)).servername }
}

/// Makes the mapping go with its server when the server is dropped. CREATE USER MAPPING makes a
/// dependency that DROP EXTENSION would stop at. This one is made beside it, anew each time,
/// because pg_upgrade loses it.
fn goes_with(server: Oid) {
    // SAFETY: the mapping was written just now, which a new command sees; the addresses are
    // complete.
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

/// The role PUBLIC. No role but the server's owner can see the options of its mapping.
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

/// A list with one option, in the current memory context.
fn options(
    name: &str,
    value: Option<&Zeroizing<String>>,
    action: pg_sys::DefElemAction::Type,
) -> *mut pg_sys::List {
    let copy = |text: &str| {
        let text = CString::new(text).expect("an option has no NUL in it");
        // SAFETY: copies a C string into the current memory context.
        unsafe { pg_sys::pstrdup(text.as_ptr()) }
    };
    // SAFETY: makes nodes of strings in the current memory context.
    unsafe {
        let value = value.map_or(ptr::null_mut(), |value| {
            pg_sys::makeString(copy(value)).cast::<pg_sys::Node>()
        });
        let option = pg_sys::makeDefElem(copy(name), value, -1);
        (*option).defaction = action;
        let mut list = pgrx::PgList::<pg_sys::DefElem>::new();
        list.push(option);
        list.into_pg()
    }
}
