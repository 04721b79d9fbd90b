//! Texts at the border between Postgres, which has them in the encoding of the database, and Rust,
//! which has them in UTF-8 (src/backend/utils/mb/mbutils.c).

use super::memory::{self, Memory};
use super::shortage;
use crate::error::Error;
use pgrx::callconv::{Arg, ArgAbi, BoxRet, FcInfo};
use pgrx::datum::UnboxDatum;
use pgrx::pg_sys::{self, PgTryBuilder};
use pgrx::{FromDatum, IntoDatum, PgSqlErrorCode, impl_sql_translatable, varlena};
use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};
use std::ops::Deref;
use std::panic::AssertUnwindSafe;

/// The encoding of the database.
fn database_encoding() -> pg_sys::pg_enc::Type {
    // SAFETY: returns a static of mbutils.c.
    unsafe { pg_sys::GetDatabaseEncoding() as pg_sys::pg_enc::Type }
}

/// Returns true if the database's encoding is UTF-8.
pub fn is_utf8() -> bool {
    database_encoding() == pg_sys::pg_enc::PG_UTF8
}

/// Returns true if Postgres converts nothing: the bytes of a text are the same on both sides.
fn converts_nothing() -> bool {
    // No characters are known of a database in SQL_ASCII. Most hold UTF-8 in fact.
    is_utf8() || database_encoding() == pg_sys::pg_enc::PG_SQL_ASCII
}

/// A text of the database, in UTF-8; `None` if it is none in UTF-8.
pub fn to_utf8(text: &[u8]) -> Option<Cow<'_, str>> {
    if text.is_ascii() || converts_nothing() {
        return std::str::from_utf8(text).ok().map(Cow::Borrowed);
    }
    converted(text, pg_sys::pg_server_to_any)
        .and_then(|text| String::from_utf8(text).ok())
        .map(Cow::Owned)
}

/// A name of the catalogue, for a message.
pub fn title(name: &CStr) -> String {
    match to_utf8(name.to_bytes()) {
        Some(name) => name.into_owned(),
        None => name.to_string_lossy().into_owned(),
    }
}

/// A text as the database has it; `None` if the database's encoding cannot hold it.
pub fn to_server(text: &str) -> Option<Cow<'_, [u8]>> {
    if text.is_ascii() || converts_nothing() {
        return Some(Cow::Borrowed(text.as_bytes()));
    }
    converted(text.as_bytes(), pg_sys::pg_any_to_server).map(Cow::Owned)
}

/// The text, converted from or to UTF-8; `None` if a character has no equivalent.
fn converted(
    text: &[u8],
    convert: unsafe fn(*const c_char, i32, i32) -> *mut c_char,
) -> Option<Vec<u8>> {
    let length = i32::try_from(text.len()).ok()?;
    PgTryBuilder::new(AssertUnwindSafe(|| {
        // SAFETY: both functions take a text with its length, and give the same pointer or a C
        // string in the current memory context, which is copied. The same pointer is not a C
        // string, so it is told apart.
        unsafe {
            let from = text.as_ptr().cast::<c_char>();
            let to = convert(from, length, pg_sys::pg_enc::PG_UTF8 as i32);
            match to.cast_const() == from {
                true => Some(text.to_vec()),
                false => Some(CStr::from_ptr(to).to_bytes().to_vec()),
            }
        }
    }))
    .catch_when(PgSqlErrorCode::ERRCODE_UNTRANSLATABLE_CHARACTER, |_| None)
    .catch_when(PgSqlErrorCode::ERRCODE_CHARACTER_NOT_IN_REPERTOIRE, |_| {
        None
    })
    .execute()
}

/// The content of a `text` datum, which may be toasted.
///
/// # Safety
/// The datum is a `text` that lives for `'d`, and so does the current memory context, which gets a
/// copy of a toasted one.
pub(super) unsafe fn content<'d>(datum: pg_sys::Datum) -> &'d [u8] {
    // SAFETY: as the caller promises.
    unsafe {
        let text = pg_sys::pg_detoast_datum_packed(datum.cast_mut_ptr());
        std::slice::from_raw_parts(
            varlena::vardata_any(text).cast::<u8>(),
            varlena::varsize_any_exhdr(text),
        )
    }
}

/// The `text` datum of a text, in the current memory context. Raises an error if the database's
/// encoding cannot hold the text.
pub fn text_datum(text: &str) -> pg_sys::Datum {
    match to_server(text) {
        // SAFETY: copies so many bytes into a new text, in the current memory context.
        Some(bytes) => unsafe {
            pg_sys::cstring_to_text_with_len(bytes.as_ptr().cast(), bytes.len() as i32).into()
        },
        None => Error::Untranslatable.raise(),
    }
}

/// A `text` datum with this content, in a memory context.
pub fn text_in(memory: &Memory, text: &str) -> pg_sys::Datum {
    memory.inside(|| text_datum(text))
}

/// A `text[]` datum with these texts, in a memory context.
pub fn texts_in(memory: &Memory, texts: &[String]) -> pg_sys::Datum {
    let texts: Vec<_> = texts.iter().cloned().map(Utf8).collect();
    let array = memory.inside(|| texts.into_datum());
    array.expect("an array is never NULL")
}

/// The text with a question mark for each character that a message cannot show: pgrx hands messages
/// to Postgres as they are.
pub fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_ascii() || is_utf8() { c } else { '?' };
    text.chars().map(shown).collect()
}

/// Defines a type of arguments and results of functions, which holds nothing of the datum: how it
/// is read from a datum that is not NULL, and how it is written.
macro_rules! at_the_border {
    ($(#[$meta:meta])* $type:ident, $sql:literal, $oid:expr, $read:expr, $write:expr) => {
        $(#[$meta])*
        pub struct $type(pub String);

        impl_sql_translatable!($type, $sql);

        impl Deref for $type {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl FromDatum for $type {
            unsafe fn from_polymorphic_datum(
                datum: pg_sys::Datum,
                is_null: bool,
                _: pg_sys::Oid,
            ) -> Option<Self> {
                let read: unsafe fn(pg_sys::Datum) -> String = $read;
                // SAFETY: the caller promises that the datum is of the type; it is copied.
                (!is_null).then(|| Self(unsafe { read(datum) }))
            }
        }

        // SAFETY: the value holds nothing of the datum.
        unsafe impl UnboxDatum for $type {
            type As<'src> = Self;

            unsafe fn unbox<'src>(datum: pgrx::datum::Datum<'src>) -> Self
            where
                Self: 'src,
            {
                // SAFETY: the caller promises that the datum is of the type.
                let value = unsafe { Self::from_datum(datum.sans_lifetime(), false) };
                value.expect("the datum is not NULL")
            }
        }

        impl IntoDatum for $type {
            fn into_datum(self) -> Option<pg_sys::Datum> {
                let write: fn(&str) -> pg_sys::Datum = $write;
                Some(write(&self))
            }

            fn type_oid() -> pg_sys::Oid {
                $oid
            }
        }

        // SAFETY: the argument is read by from_datum, as for String.
        unsafe impl<'fcx> ArgAbi<'fcx> for $type {
            unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
                // SAFETY: the SQL declares the argument with the type; a function that takes this
                // and no Option of it is strict.
                unsafe { arg.unbox_arg_using_from_datum() }
                    .expect("a strict function gets no NULL")
            }
        }

        // SAFETY: the result is of the type.
        unsafe impl BoxRet for $type {
            unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> pgrx::datum::Datum<'fcx> {
                let datum = self.into_datum().expect("a value is not NULL");
                // SAFETY: the datum is in the memory context of the call.
                unsafe { fcinfo.return_raw_datum(datum) }
            }
        }
    };
}

at_the_border!(
    /// A text as an argument or a result of a function. Raises an error if it cannot be converted.
    Utf8,
    "text",
    pg_sys::TEXTOID,
    |datum| {
        // SAFETY: the datum is a text; it is copied.
        match to_utf8(unsafe { content(datum) }) {
            Some(text) => text.into_owned(),
            None => Error::NotText.raise(),
        }
    },
    text_datum
);

at_the_border!(
    /// A `jsonb` as an argument or a result of a function: its JSON, with every digit.
    Json,
    "jsonb",
    pg_sys::JSONBOID,
    |datum| {
        shortage::require(memory::octet_length(datum).saturating_mul(3));
        memory::jsonb_text(datum)
    },
    |json| match to_server(json).map(CString::new) {
        // SAFETY: jsonb_in takes a cstring, which outlives the call.
        Some(Ok(json)) => unsafe {
            let argument = Some(pg_sys::Datum::from(json.as_ptr()));
            pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[argument])
                .expect("a jsonb is never NULL")
        },
        _ => Error::Untranslatable.raise(),
    }
);

at_the_border!(
    /// A `name` as an argument or a result of a function.
    Name,
    "name",
    pg_sys::NAMEOID,
    |datum| {
        // SAFETY: the datum is a name, which is a C string in a field of fixed size.
        title(unsafe { CStr::from_ptr(datum.cast_mut_ptr()) })
    },
    |name| match to_server(name).map(CString::new) {
        // SAFETY: namein (src/backend/utils/adt/name.c) copies a C string, cut to the size.
        Some(Ok(name)) => unsafe {
            let argument = Some(pg_sys::Datum::from(name.as_ptr()));
            pgrx::direct_function_call_as_datum(pg_sys::namein, &[argument])
                .expect("a name is never NULL")
        },
        _ => Error::Untranslatable.raise(),
    }
);
