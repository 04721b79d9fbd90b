//! The records that guc.c keeps of its settings (src/backend/utils/misc/guc.c).

use pgrx::pg_sys;
use std::ffi::CStr;

pub use by_version::{name_to_define, together};

/// The record of a setting, if there is one: a setting that is defined, or a placeholder.
pub fn find(name: &CStr) -> Option<*mut pg_sys::config_generic> {
    by_version::find(name)
}

/// Since 16 the records are in a hash table.
#[cfg(not(any(feature = "pg14", feature = "pg15")))]
mod by_version {
    use super::*;

    pub fn find(name: &CStr) -> Option<*mut pg_sys::config_generic> {
        // SAFETY: a look-up in a hash table of guc.c, which creates nothing and raises nothing.
        let variable = unsafe { pg_sys::find_option(name.as_ptr(), false, true, 0) };
        (!variable.is_null()).then_some(variable)
    }

    /// Runs `define`, which defines settings.
    pub fn together(define: impl FnOnce()) {
        define();
    }

    /// The name to define a setting by.
    pub fn name_to_define(name: &'static CStr) -> &'static CStr {
        name
    }
}

/// Until 15 the records are in an array that is sorted by name, and `add_guc_variable` sorts all of
/// it for each new record. That is what loading the library would spend its time with. A record
/// that comes last in an array that is sorted costs next to nothing (the first loop of
/// lib/sort_template.h), so settings are defined by names that come last. At the end they get
/// their own, and the array is sorted once.
#[cfg(any(feature = "pg14", feature = "pg15"))]
mod by_version {
    use super::*;
    use crate::pg::state::PerBackend;
    use std::cell::{Cell, RefCell};
    use std::cmp::Ordering;
    use std::ffi::c_char;
    use std::ops::Range;
    use std::slice;

    /// The most settings that are defined together; others would be sorted one by one.
    const MOST: usize = 64;
    const LENGTH: usize = 17;
    const NUMBER: Range<usize> = 14..16;

    /// Names in their order, after those of other settings.
    static LAST: [[u8; LENGTH]; MOST] = {
        let mut names = [*b"zzzzzz_authguard\0"; MOST];
        let mut at = 0;
        while at < MOST {
            names[at][NUMBER.start] = b'0' + (at / 10) as u8;
            names[at][NUMBER.start + 1] = b'0' + (at % 10) as u8;
            at += 1;
        }
        names
    };

    struct State {
        together: Cell<bool>,
        /// The names of the settings that have a name of [`LAST`] now, in that order.
        named: RefCell<Vec<&'static CStr>>,
    }

    static STATE: PerBackend<State> = PerBackend::new(State {
        together: Cell::new(false),
        named: RefCell::new(Vec::new()),
    });

    pub fn find(name: &CStr) -> Option<*mut pg_sys::config_generic> {
        with_records(|records| {
            records
                // SAFETY: guc.c keeps its records, each with a name, as long as the backend lives.
                .binary_search_by(|&record| compare(unsafe { name_of(record) }, name))
                .ok()
                .map(|at| records[at])
        })
    }

    /// Runs `define`, which defines settings, and then sorts the records.
    pub fn together(define: impl FnOnce()) {
        /// Gives the settings their names, also when an error ends the definitions.
        struct Naming;

        impl Drop for Naming {
            fn drop(&mut self) {
                STATE.together.set(false);
                give_names(&STATE.named.take());
            }
        }

        STATE.together.set(true);
        let _naming = Naming;
        define();
    }

    /// The name to define a setting by. It is the setting's own if guc.c has a record of that name:
    /// it replaces a placeholder in its place, and refuses to define a setting twice.
    pub fn name_to_define(name: &'static CStr) -> &'static CStr {
        let mut named = STATE.named.borrow_mut();
        match LAST
            .get(named.len())
            .map(|last| CStr::from_bytes_with_nul(last))
        {
            Some(Ok(last)) if STATE.together.get() && find(name).is_none() => {
                named.push(name);
                last
            }
            _ => name,
        }
    }

    fn give_names(named: &[&'static CStr]) {
        with_records(|records| {
            for &mut record in &mut *records {
                // SAFETY: as in find().
                let last = unsafe { name_of(record) }.to_bytes_with_nul();
                let at = LAST.iter().position(|name| name == last);
                if let Some(name) = at.and_then(|at| named.get(at)) {
                    // SAFETY: nobody else looks at the record meanwhile. The name is a constant of
                    // the library, which stays loaded; guc.c never frees a name.
                    unsafe { (*record).name = name.as_ptr() };
                }
            }
            // Not the unstable sort: this one merges what is sorted already.
            // SAFETY: as in find().
            records.sort_by(|&a, &b| unsafe { compare(name_of(a), name_of(b)) });
        });
    }

    /// Runs `work` with all records. It makes no setting.
    fn with_records<R>(work: impl FnOnce(&mut [*mut pg_sys::config_generic]) -> R) -> R {
        // SAFETY: guc.c has an array of that many records, and moves it only when a setting is
        // made.
        work(unsafe {
            let count = usize::try_from(pg_sys::GetNumConfigOptions()).unwrap_or(0);
            slice::from_raw_parts_mut(pg_sys::get_guc_variables(), count)
        })
    }

    /// # Safety
    /// `record` is a record of guc.c, whose name stays for `'n`.
    unsafe fn name_of<'n>(record: *mut pg_sys::config_generic) -> &'n CStr {
        // SAFETY: as the caller promises.
        unsafe { CStr::from_ptr((*record).name) }
    }

    /// Compares names as guc.c does (guc_name_compare): without regard to the case of ASCII
    /// letters, other characters as the platform's `char`.
    fn compare(a: &CStr, b: &CStr) -> Ordering {
        let folded = |byte: &u8| byte.to_ascii_lowercase() as c_char;
        let (a, b) = (a.to_bytes().iter(), b.to_bytes().iter());
        a.map(folded).cmp(b.map(folded))
    }
}
