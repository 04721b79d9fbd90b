//! Raw version-1 functions (src/include/fmgr.h), and the guard around the code in them that may
//! fail.

use super::encoding::{self, Utf8};
use super::{memory, shortage};
use pgrx::{FromDatum, IntoDatum, Uuid, pg_sys};
use std::marker::PhantomData;

/// A datum, or SQL NULL.
#[derive(Clone, Copy)]
pub struct Value {
    datum: pg_sys::Datum,
    null: bool,
}

impl Value {
    pub const NULL: Value = Value {
        datum: pg_sys::Datum::null(),
        null: true,
    };

    /// The datum of `value` in the current memory context; NULL for `None`.
    pub fn of(value: impl ToDatum) -> Value {
        value.to_datum().into()
    }

    /// The datum with its pointer replaced by `copy` of what the pointer points to.
    pub fn map(self, copy: impl FnOnce(pg_sys::Datum) -> pg_sys::Datum) -> Value {
        match self.null {
            true => self,
            false => Some(copy(self.datum)).into(),
        }
    }

    /// The datum. It has no meaning for NULL.
    pub(super) fn raw(self) -> pg_sys::Datum {
        self.datum
    }

    /// The datum, unless it is NULL.
    pub fn datum(self) -> Option<pg_sys::Datum> {
        (!self.null).then_some(self.datum)
    }
}

impl From<Option<pg_sys::Datum>> for Value {
    fn from(datum: Option<pg_sys::Datum>) -> Self {
        datum.map_or(Self::NULL, |datum| Self { datum, null: false })
    }
}

/// A value that has a datum. Texts are converted to the encoding of the database.
pub trait ToDatum {
    /// The datum in the current memory context; `None` for SQL NULL.
    fn to_datum(self) -> Option<pg_sys::Datum>;
}

impl ToDatum for &str {
    fn to_datum(self) -> Option<pg_sys::Datum> {
        Some(encoding::text_datum(self))
    }
}

impl ToDatum for String {
    fn to_datum(self) -> Option<pg_sys::Datum> {
        self.as_str().to_datum()
    }
}

impl<T: ToDatum> ToDatum for Option<T> {
    fn to_datum(self) -> Option<pg_sys::Datum> {
        self?.to_datum()
    }
}

macro_rules! to_datum {
    ($($type:ty),*) => {
        $(impl ToDatum for $type {
            fn to_datum(self) -> Option<pg_sys::Datum> {
                self.into_datum()
            }
        })*
    };
}
to_datum!(i32, i64, f64, Uuid);

/// The arguments and the result of one call, which lasts for `'c`.
#[derive(Clone, Copy)]
pub struct Call<'c>(pg_sys::FunctionCallInfo, PhantomData<&'c ()>);

impl<'c> Call<'c> {
    /// # Safety
    /// `fcinfo` is what fmgr handed to a version-1 function, and the call lasts for `'c`.
    #[inline(always)]
    pub unsafe fn new(fcinfo: pg_sys::FunctionCallInfo) -> Self {
        Self(fcinfo, PhantomData)
    }

    /// Answers SQL NULL.
    #[inline(always)]
    pub fn null(self) -> pg_sys::Datum {
        // SAFETY: fmgr keeps fcinfo alive and exclusive for the length of the call.
        unsafe { (*self.0).isnull = true };
        pg_sys::Datum::from(0)
    }

    /// Answers `value`.
    #[inline(always)]
    pub fn answer(self, value: Value) -> pg_sys::Datum {
        // SAFETY: as in null().
        unsafe { (*self.0).isnull = value.null };
        value.datum
    }

    /// The value of argument `index`. Returns `None` for SQL NULL, and if the declaration has fewer
    /// arguments.
    #[inline(always)]
    pub fn argument(self, index: usize) -> Option<pg_sys::Datum> {
        // SAFETY: fmgr fills nargs entries behind the fixed part of fcinfo.
        unsafe {
            if index >= (*self.0).nargs as usize {
                return None;
            }
            let argument = &*(*self.0).args.as_ptr().add(index);
            (!argument.isnull).then_some(argument.value)
        }
    }

    /// Argument `index` as it is.
    pub fn value(self, index: usize) -> Value {
        self.argument(index).into()
    }

    /// The bytes of argument `index`, a `text`, in the database's encoding; `None` for SQL NULL.
    pub fn bytes(self, index: usize) -> Option<&'c [u8]> {
        let text = self.argument(index)?;
        // SAFETY: the SQL declares the argument as text. fmgr keeps it for the length of the call,
        // and a copy that is made of a toasted one is in the memory context of the call.
        Some(unsafe { encoding::content(text) })
    }

    /// The length of argument `index`, a text, in bytes; 0 for SQL NULL.
    pub fn octet_length(self, index: usize) -> usize {
        self.argument(index).map_or(0, memory::octet_length)
    }

    /// Argument `index` as the bytes of a UUID; `None` for SQL NULL.
    pub fn uuid(self, index: usize) -> Option<[u8; 16]> {
        // SAFETY: the SQL declares the argument as uuid.
        let uuid = unsafe { Uuid::from_datum(self.argument(index)?, false) };
        uuid.map(|uuid| *uuid.as_bytes())
    }

    /// Argument `index` as text; `None` for SQL NULL.
    pub fn text(self, index: usize) -> Option<String> {
        shortage::require(self.octet_length(index));
        // SAFETY: the SQL declares the argument as text.
        unsafe { Utf8::from_datum(self.argument(index)?, false) }.map(|text| text.0)
    }

    /// Calls a function that pgrx has made of a `#[pg_extern]`, with room for any error in it.
    ///
    /// # Safety
    /// The function is of the same declaration in SQL as the one that is called.
    pub unsafe fn forward(
        self,
        function: unsafe extern "C-unwind" fn(pg_sys::FunctionCallInfo) -> pg_sys::Datum,
    ) -> pg_sys::Datum {
        // SAFETY: as the caller promises; the frame of a raw function owns nothing.
        unsafe {
            shortage::require_reserve();
            shortage::with_room(|| function(self.0))
        }
    }

    /// The raw call.
    pub(super) fn fcinfo(self) -> pg_sys::FunctionCallInfo {
        self.0
    }
}

/// Runs `work`, which may raise a Postgres error or panic, from a raw function. Both leave as an
/// ordinary ERROR. If memory is too short to begin, that is the error. Only frames that own nothing
/// may call this, because the error jumps over them.
#[inline(always)]
pub fn guarded<R: Copy>(work: impl FnOnce() -> R) -> R {
    // SAFETY: raw functions hold no value with a destructor when they come here, and a longjmp over
    // their frame requires nothing more.
    unsafe { shortage::require_reserve() };
    guarded_hook(work)
}

/// Runs `work` as [`guarded`] does, from a hook or a callback that must not fail for want of
/// memory. What it takes is small, and the reserve is there for it.
#[inline(always)]
pub fn guarded_hook<R: Copy>(work: impl FnOnce() -> R) -> R {
    // SAFETY: as in guarded().
    unsafe { shortage::with_room(|| pg_sys::submodules::panic::pgrx_extern_c_guard(work)) }
}

/// Defines a raw function `$name`, callable from SQL as `language c … as 'MODULE_PATHNAME',
/// '$name'`.
macro_rules! raw_function {
    ($(#[$meta:meta])* $name:ident, |$call:ident| $body:expr) => {
        $(#[$meta])*
        #[allow(unsafe_code)]
        const _: () = {
            #[unsafe(export_name = concat!("pg_finfo_", stringify!($name)))]
            extern "C" fn info() -> *const pgrx::pg_sys::Pg_finfo_record {
                const VERSION_1: pgrx::pg_sys::Pg_finfo_record =
                    pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
                &VERSION_1
            }

            // SAFETY (of the export): the symbol is prefixed `authguard_`, and is called by fmgr
            // only.
            #[unsafe(export_name = stringify!($name))]
            unsafe extern "C-unwind" fn function(
                fcinfo: pgrx::pg_sys::FunctionCallInfo,
            ) -> pgrx::pg_sys::Datum {
                // SAFETY: fmgr calls with its own fcinfo, and nothing of it outlives the answer.
                answer(unsafe { $crate::pg::call::Call::new(fcinfo) })
            }

            // A separate function, so that its body holds for every lifetime of a call.
            #[inline(always)]
            #[allow(unused_variables)]
            fn answer($call: $crate::pg::call::Call<'_>) -> pgrx::pg_sys::Datum {
                $body
            }
        };
    };
}
pub(crate) use raw_function;

/// Runs `work` when the library is loaded, if there is memory for it.
pub fn guarded_load(work: fn()) {
    shortage::require_to_load();
    guarded_hook(work);
}

/// Defines what Postgres calls when the library is loaded: by a preload setting, or by the first
/// call of one of its functions.
macro_rules! module_init {
    ($work:expr) => {
        // SAFETY (of the export): dfmgr.c looks for this name, and calls it once.
        #[allow(unsafe_code)]
        #[unsafe(export_name = "_PG_init")]
        extern "C-unwind" fn init() {
            $crate::pg::call::guarded_load($work);
        }
    };
}
pub(crate) use module_init;

/// Defines for each name a raw function that calls the `#[pg_extern]` function of that name: pgrx
/// calls those `…_wrapper`.
macro_rules! functions_with_room {
    ($($name:ident),* $(,)?) => {
        $($crate::pg::call::raw_function!($name, |call| {
            unsafe extern "C-unwind" {
                #[link_name = concat!(stringify!($name), "_wrapper")]
                fn function(fcinfo: pgrx::pg_sys::FunctionCallInfo) -> pgrx::pg_sys::Datum;
            }
            // SAFETY: fmgr has called by this name, so the arguments are those of the function.
            unsafe { call.forward(function) }
        });)*
    };
}
pub(crate) use functions_with_room;
