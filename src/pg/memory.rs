//! Memory contexts (src/backend/utils/mmgr/README).

use super::encoding;
use super::shortage;
use pgrx::pg_sys::{self, PgTryBuilder};
use pgrx::{IntoDatum, PgSqlErrorCode, varlena};
use std::ffi::{CStr, CString, c_char};
use std::panic::AssertUnwindSafe;
use std::ptr;

/// The size of a `uuid` (UUID_LEN in utils/uuid.h).
const UUID_BYTES: usize = 16;

/// A memory context below TopMemoryContext. Dropping it frees everything that was allocated in it.
pub struct Memory(pg_sys::MemoryContext);

impl Memory {
    /// No memory at all, for the claims that are absent.
    pub const NONE: Memory = Memory(ptr::null_mut());

    /// A new context, seen as `authguard claims` in `pg_backend_memory_contexts`.
    pub fn new() -> Self {
        // SAFETY: TopMemoryContext lives as long as the backend; the name is a constant.
        Self(unsafe {
            pg_sys::AllocSetContextCreateExtended(
                pg_sys::TopMemoryContext,
                c"authguard claims".as_ptr(),
                0,
                1024,
                pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
            )
        })
    }

    /// Runs `work` with this context as the current one. If `work` fails, the context is left
    /// before the error goes on: the owner of the context may then delete it.
    fn inside<R>(&self, work: impl FnOnce() -> R) -> R {
        /// Makes a memory context the current one again, also when it is dropped by unwinding.
        struct Around(pg_sys::MemoryContext);

        impl Drop for Around {
            fn drop(&mut self) {
                // SAFETY: the context was the current one when `inside` was called, which is still
                // running.
                unsafe { pg_sys::MemoryContextSwitchTo(self.0) };
            }
        }

        // SAFETY: self.0 lives as long as `self`.
        let _around = Around(unsafe { pg_sys::MemoryContextSwitchTo(self.0) });
        work()
    }

    /// A `text` datum with the content of `value`.
    pub fn text(&self, value: &str) -> pg_sys::Datum {
        self.inside(|| encoding::text_datum(value))
    }

    /// A `uuid` datum with these bytes.
    pub fn uuid(&self, bytes: &[u8; 16]) -> pg_sys::Datum {
        self.inside(|| pgrx::Uuid::from_bytes(*bytes).into_datum())
            .expect("a UUID is never NULL")
    }

    /// The member `name` of a `jsonb`, as its operator `->>` gives it; `None` if it is absent or
    /// null.
    pub fn member(&self, json: pg_sys::Datum, name: &str) -> Option<pg_sys::Datum> {
        let arguments = [Some(json), Some(self.text(name))];
        // SAFETY: jsonb_object_field_text takes a jsonb and a text.
        self.inside(|| unsafe {
            pgrx::direct_function_call_as_datum(pg_sys::jsonb_object_field_text, &arguments)
        })
    }

    /// A copy of a whole varlena, header included.
    pub fn varlena(&self, bytes: &[u8]) -> pg_sys::Datum {
        self.inside(|| varlena(bytes))
    }
}

/// Runs `work` in a memory context that is freed afterwards. This is for loops: otherwise, what one
/// round allocates in the current context would last as long as the call of the function.
pub fn scratch<R>(work: impl FnOnce() -> R) -> R {
    // SAFETY: the current context lives longer than this call; the name is a constant. `R` has
    // nothing in it: what Rust drops is made by Rust's own allocator.
    let scratch = Memory(unsafe {
        pg_sys::AllocSetContextCreateExtended(
            pg_sys::CurrentMemoryContext,
            c"authguard scratch".as_ptr(),
            pg_sys::ALLOCSET_SMALL_MINSIZE as usize,
            pg_sys::ALLOCSET_SMALL_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        )
    });
    scratch.inside(work)
}

/// A copy in the current memory context of a whole varlena, header included.
pub fn varlena(bytes: &[u8]) -> pg_sys::Datum {
    // SAFETY: palloc gives as many bytes, aligned for every type, or raises an error.
    unsafe {
        let copy = pg_sys::palloc(bytes.len());
        ptr::copy_nonoverlapping(bytes.as_ptr(), copy.cast::<u8>(), bytes.len());
        pg_sys::Datum::from(copy)
    }
}

/// A `text` datum in the current memory context with this content, in the database's encoding.
pub fn text(content: &[u8]) -> pg_sys::Datum {
    let length = i32::try_from(content.len()).expect("a text is shorter than 1 GB");
    // SAFETY: copies as many bytes (varlena.c), or raises an error.
    unsafe { pg_sys::cstring_to_text_with_len(content.as_ptr().cast(), length) }.into()
}

/// The JSON, in UTF-8, of a `jsonb` datum, written by Postgres's own `jsonb_out`.
pub fn jsonb_text(datum: pg_sys::Datum) -> String {
    // SAFETY: jsonb_out takes a jsonb, and never returns NULL but a cstring; pg_server_to_any
    // (mbutils.c) gives the same or a converted copy. Both are in the current memory context, and
    // copied here.
    let text = unsafe {
        let text = pgrx::direct_function_call_as_datum(pg_sys::jsonb_out, &[Some(datum)])
            .expect("jsonb_out never returns NULL")
            .cast_mut_ptr::<c_char>();
        let length = CStr::from_ptr(text).count_bytes();
        CStr::from_ptr(pg_sys::pg_server_to_any(
            text,
            length as i32,
            pg_sys::pg_enc::PG_UTF8 as i32,
        ))
    };
    shortage::require(text.count_bytes());
    text.to_str()
        .expect("pg_server_to_any gives UTF-8")
        .to_owned()
}

/// The `jsonb` datum of a JSON text, in the current memory context. Postgres's own `jsonb_in` reads
/// it, and raises an error if it is no JSON.
pub fn jsonb(json: &str) -> Option<pg_sys::Datum> {
    let json = CString::new(json).ok()?;
    // SAFETY: jsonb_in takes a cstring, which outlives the call.
    unsafe { pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[json.into_datum()]) }
}

/// The whole varlena of the `jsonb` that Postgres's own `jsonb_in` makes of a text in the encoding
/// of the database, or the error for which it accepts none.
pub fn jsonb_of(text: &[u8]) -> Result<Vec<u8>, PgSqlErrorCode> {
    /// More than `jsonb_in` takes of the stack for each level.
    const LEVEL: usize = 1 << 10;

    let levels = text.iter().filter(|byte| matches!(byte, b'[' | b'{'));
    shortage::require_stack(levels.count().saturating_mul(LEVEL));
    let Ok(text) = CString::new(text) else {
        return Err(PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION);
    };
    let read = || {
        // SAFETY: jsonb_in takes a cstring, which outlives the call, and returns a varlena that is
        // not toasted, which is copied. It only computes: an error in it leaves nothing behind but
        // memory of the scratch context.
        unsafe {
            let argument = Some(pg_sys::Datum::from(text.as_ptr()));
            let jsonb = pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[argument]);
            let jsonb = jsonb.expect("a jsonb is never NULL");
            let jsonb = jsonb.cast_mut_ptr::<pg_sys::varlena>();
            let size = varlena::varsize_any(jsonb);
            Ok(std::slice::from_raw_parts(jsonb.cast::<u8>(), size).to_vec())
        }
    };
    scratch(|| {
        PgTryBuilder::new(AssertUnwindSafe(read))
            .catch_others(|error| match &error {
                pg_sys::panic::CaughtError::PostgresError(report)
                    if is_about_input(report.sql_error_code()) =>
                {
                    Err(report.sql_error_code())
                }
                _ => error.rethrow(),
            })
            .execute()
    })
}

/// Returns true for the errors of a text that is too deep, or of the wrong form: classes 22 (data),
/// 54 (limits of programs) and 0A (what is not supported).
fn is_about_input(code: PgSqlErrorCode) -> bool {
    // The first two characters, six bits each (MAKE_SQLSTATE in utils/elog.h).
    let class = |[a, b]: [u8; 2]| i32::from(a - b'0') | i32::from(b - b'0') << 6;
    [*b"22", *b"54", [b'0', b'A']]
        .map(class)
        .contains(&(code as i32 & 0xFFF))
}

/// The length of a `text` datum in bytes.
pub fn octet_length(text: pg_sys::Datum) -> usize {
    // SAFETY: the datum is a varlena; this reads its header only, also if it is toasted.
    unsafe { pg_sys::toast_raw_datum_size(text).saturating_sub(pg_sys::VARHDRSZ) }
}

/// The first `characters` of a `text` datum, in the current memory context (text_left in
/// varlena.c).
pub fn left(text: pg_sys::Datum, characters: i32) -> pg_sys::Datum {
    // SAFETY: text_left takes these types and never returns NULL.
    unsafe {
        pgrx::direct_function_call_as_datum(
            pg_sys::text_left,
            &[Some(text), characters.into_datum()],
        )
    }
    .expect("text_left never returns NULL")
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

impl Drop for Memory {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the context was made by new() and is deleted once; nothing points into it any
            // more, which `retire_list` sees to.
            unsafe { pg_sys::MemoryContextDelete(self.0) };
        }
    }
}

/// A copy in the current memory context of a varlena `datum` that is not toasted.
pub fn copy_varlena(datum: pg_sys::Datum) -> pg_sys::Datum {
    // SAFETY: the datum points to a varlena with a four-byte header, made by Memory::text or
    // varlena.
    unsafe {
        let source = datum.cast_mut_ptr::<pg_sys::varlena>();
        let size = varlena::varsize_any(source);
        varlena(std::slice::from_raw_parts(source.cast::<u8>(), size))
    }
}

/// A copy in the current memory context of a `uuid` datum made by [`Memory::uuid`].
pub fn copy_uuid(datum: pg_sys::Datum) -> pg_sys::Datum {
    // SAFETY: the datum points to 16 bytes; palloc gives as many or raises an error.
    unsafe {
        let copy = pg_sys::palloc(UUID_BYTES);
        ptr::copy_nonoverlapping(datum.cast_mut_ptr::<u8>(), copy.cast::<u8>(), UUID_BYTES);
        pg_sys::Datum::from(copy)
    }
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use super::Memory;
    use pgrx::prelude::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[pg_test]
    fn a_memory_context_is_left_before_an_error_goes_on() {
        // SAFETY: reads a global; a request of that size is refused before anything is allocated.
        let (before, failed, after) = unsafe {
            let before = pg_sys::CurrentMemoryContext;
            let memory = Memory::new();
            let work = || memory.inside(|| pg_sys::palloc(usize::MAX).is_null());
            let failed = catch_unwind(AssertUnwindSafe(work)).is_err();
            (before, failed, pg_sys::CurrentMemoryContext)
        };
        assert!(failed);
        assert!(before == after);
    }
}
