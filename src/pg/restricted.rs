//! Runs a function that somebody has registered, as the function's owner. Nothing of it outlives
//! the call.

use super::call::{Call, guarded, raw_function};
use super::catalog::{self, Key};
use super::{guc, hidden_temp};
use crate::error::Error;
use pgrx::pg_sys::{self, Datum, Oid};
use std::ffi::CStr;

raw_function!(
    /// `authguard.run_claims_function`: the first argument names a function, and the second its
    /// owner. Calls the function with the other arguments, and returns its answer.
    authguard_run_claims_function,
    |call| match (call.argument(0), call.argument(1)) {
        (Some(function), Some(owner)) => guarded(|| run(call, function, owner)),
        _ => call.null(),
    }
);

fn run(call: Call, function: Datum, name: Datum) -> Datum {
    let function = Oid::from(function.value() as u32);
    // The SQL has checked the owner under its snapshot, which may be old. This is the present
    // owner.
    match owner(function) {
        Some(owner) if is_named(owner, name) => as_restricted(owner, || forward(call, function)),
        _ => Error::ClaimsFunctionOwner.raise(),
    }
}

fn owner(function: Oid) -> Option<Oid> {
    const OID: i16 = 1;
    const OWNER: i16 = 4;
    let mut owner = None;
    catalog::scan(
        pg_sys::ProcedureRelationId,
        Some(Oid::from(pg_sys::ProcedureOidIndexId)),
        &[Key::Oid(OID, function)],
        |row| owner = row.get(OWNER),
    );
    owner
}

fn is_named(role: Oid, name: Datum) -> bool {
    // SAFETY: the SQL declares the argument as a name, which is a C string in a field of fixed
    // size.
    let name = unsafe { CStr::from_ptr(name.cast_mut_ptr()) };
    catalog::role_name(role).is_some_and(|role| role.as_bytes() == name.to_bytes())
}

/// The settings that any client can change and that change what a query answers, with the values
/// that they have while a registered function runs. A function may set others for itself.
const FIXED: [(&CStr, &CStr); 19] = [
    (c"search_path", c"pg_catalog, pg_temp"),
    (c"timezone", c"UTC"),
    (c"timezone_abbreviations", c"Default"),
    (c"datestyle", c"ISO, MDY"),
    (c"intervalstyle", c"postgres"),
    (c"extra_float_digits", c"1"),
    (c"bytea_output", c"hex"),
    (c"lc_monetary", c"C"),
    (c"lc_numeric", c"C"),
    (c"lc_time", c"C"),
    (c"default_text_search_config", c"pg_catalog.simple"),
    (c"xmlbinary", c"base64"),
    (c"xmloption", c"content"),
    (c"array_nulls", c"on"),
    (c"standard_conforming_strings", c"on"),
    (c"transform_null_equals", c"off"),
    (c"quote_all_identifiers", c"off"),
    (c"row_security", c"on"),
    (c"gin_fuzzy_search_limit", c"0"),
];

/// Runs `work` as `role` in a security-restricted operation, as Postgres runs an index function in
/// REINDEX. `work` cannot become another role, and leaves no temporary table, cursor, prepared
/// statement, LISTEN or deferred trigger behind. Settings that it makes do not stay. Names that it
/// does not qualify are looked up in pg_catalog. Nothing temporary of the session, and no setting
/// of it, gets into its answer.
pub fn as_restricted<R>(role: Oid, work: impl FnOnce() -> R) -> R {
    let (mut user, mut context) = (pg_sys::InvalidOid, 0);
    // SAFETY: statics of miscinit.c and the stack of guc.c, put back below. An error leaves that to
    // the abort of the transaction or subtransaction, which puts back both (AbortTransaction in
    // xact.c).
    let level = unsafe {
        pg_sys::GetUserIdAndSecContext(&raw mut user, &raw mut context);
        let restricted =
            (pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION) as i32;
        pg_sys::SetUserIdAndSecContext(role, context | restricted);
        pg_sys::NewGUCNestLevel()
    };
    for (name, value) in FIXED {
        // Most are as they should be, and some take long to check.
        if !guc::is(name, value) {
            guc::set(name, value, pg_sys::GucAction::GUC_ACTION_SAVE);
        }
    }
    let result = hidden_temp::during(work);
    // SAFETY: as above.
    unsafe {
        pg_sys::AtEOXact_GUC(false, level);
        pg_sys::SetUserIdAndSecContext(user, context);
    }
    result
}

/// Calls `function` with the last three arguments.
fn forward(call: Call, function: Oid) -> Datum {
    const ARGUMENTS: usize = 3;
    let size = size_of::<pg_sys::FunctionCallInfoBaseData>()
        + ARGUMENTS * size_of::<pg_sys::NullableDatum>();
    // SAFETY: fcinfo has room for the arguments, and lives with flinfo in the current memory
    // context. The SQL that calls this has checked that the function takes (text, uuid, jsonb) and
    // returns jsonb. An error jumps to the boundary, which turns it into an error of Rust.
    let (answer, null) = unsafe {
        let flinfo = pg_sys::palloc0(size_of::<pg_sys::FmgrInfo>()).cast::<pg_sys::FmgrInfo>();
        pg_sys::fmgr_info(function, flinfo);
        let fcinfo = pg_sys::palloc0(size).cast::<pg_sys::FunctionCallInfoBaseData>();
        (*fcinfo).flinfo = flinfo;
        (*fcinfo).fncollation = pg_sys::DEFAULT_COLLATION_OID;
        (*fcinfo).nargs = ARGUMENTS as i16;
        for number in 0..ARGUMENTS {
            let argument = call.argument(number + 2);
            let slot = (*fcinfo).args.as_mut_ptr().add(number);
            (*slot).isnull = argument.is_none();
            (*slot).value = argument.unwrap_or(Datum::null());
        }
        let code = (*flinfo)
            .fn_addr
            .expect("fmgr_info finds code, or raises an error");
        let answer = pg_sys::ffi::pg_guard_ffi_boundary(|| code(fcinfo));
        (answer, (*fcinfo).isnull)
    };
    match null {
        true => call.null(),
        false => answer,
    }
}
