//! Shortage of memory: it is an error (53200), which ends the statement and nothing more.
//!
//! Before a call does anything, two things must be there: the reserve of Rust's allocator, and room
//! for Postgres to handle an error in. pgrx copies an error of Postgres into the memory context of
//! the call that has failed (CopyErrorData in src/backend/utils/error/elog.c). If memory is short,
//! that copy fails, too, and the server goes down with it. So whoever raises an error gets the room
//! first: Postgres calls back before it jumps (errfinish in elog.c).

use super::state::PerBackend;
use super::{allocator, log::declared};
use pgrx::{PgSqlErrorCode, pg_sys};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::process::abort;
use std::ptr;

/// The least part of the reserve that a call begins with.
const LEAST_RESERVE: usize = 512 << 10;

/// The part of it that is for what does not grow with any input. No call of the wire tests has
/// allocated more than 51 kB in all. For the rest the calls [`require`] memory.
const FIXED: usize = 128 << 10;

/// The room for an error. A context that grows asks for up to 1 MiB before it fails (AllocSetAlloc
/// in src/backend/utils/mmgr/aset.c), and an error passes through two contexts. The system's
/// allocator adds 1 MiB at a time where it cannot extend the heap.
const ROOM: Layout = match Layout::from_size_align(4 << 20, 16) {
    Ok(layout) => layout,
    Err(_) => panic!("a layout"),
};

/// The part of it that one copy of an error may take, with the smallest block that a context asks
/// for.
const COPY: usize = 2 << 20;

/// The room; NULL while it is given away.
static HELD: PerBackend<Cell<*mut u8>> = PerBackend::new(Cell::new(ptr::null_mut()));

/// True once there was no memory at all. The session ends, and Rust code does not run any more: it
/// was stopped in the middle of anything.
static ENDING: PerBackend<Cell<bool>> = PerBackend::new(Cell::new(false));

/// The memory that loading the library takes: its settings, callbacks and thread-local values.
const LOADING: usize = 1 << 20;

/// Raises an error if memory is too short to load the library. To be called first of all from
/// `_PG_init`: an error in the middle would leave settings defined, which cannot be defined again.
/// The error jumps over the frame of the caller, which must own nothing.
pub fn require_to_load() {
    allocator::last_resort(end_session);
    if !(take_room() && allocator::has_memory(LOADING)) {
        // SAFETY: `_PG_init` owns nothing when it calls this.
        unsafe { raise() };
    }
}

/// Gives every panic the room, too. The first one makes a thread-local value of pgrx, and the C
/// library aborts the process if it cannot note its end.
pub fn prepare_panics() {
    let hook = take_hook();
    set_hook(Box::new(move |panic| {
        if !allocator::has_memory(ROOM.size()) {
            give_room();
        }
        hook(panic);
    }));
}

/// Returns true if the session ends because there was no memory at all.
pub fn is_ending() -> bool {
    ENDING.get()
}

/// Raises an error unless this process can have `bytes` bytes more. A backend has one thread, so
/// what it could have had a moment ago is still there. The reserve is good for a small amount.
pub fn require(bytes: usize) {
    if bytes > LEAST_RESERVE - FIXED && !allocator::has_memory(bytes) {
        crate::error::Error::OutOfMemory.raise();
    }
}

/// Raises an error unless the stack can grow by `bytes` bytes, and makes it grow: if the system
/// cannot give the stack a page, it kills the process, and the server goes down with it. The stack
/// grows no further than Postgres lets it (check_stack_depth in tcop/postgres.c), and stays as
/// large.
pub fn require_stack(bytes: usize) {
    /// One step, with a part of what the functions take that may run afterwards.
    #[inline(never)]
    fn grow(bytes: usize) {
        let step = std::hint::black_box([0_u8; 16 << 10]);
        // SAFETY: compares the stack with a setting.
        if bytes > step.len() && !unsafe { pg_sys::stack_is_too_deep() } {
            grow(bytes - step.len());
        }
        std::hint::black_box(step);
    }

    // SAFETY: reads a setting, in kB.
    let most = unsafe { pg_sys::max_stack_depth }.unsigned_abs() as usize * 1024;
    let bytes = bytes.min(most);
    if !allocator::has_memory(bytes + (64 << 10)) {
        crate::error::Error::OutOfMemory.raise();
    }
    grow(bytes);
}

/// Raises an error if memory is too short to begin a call.
///
/// # Safety
/// The error jumps over the frame of the caller, which must own nothing.
pub unsafe fn require_reserve() {
    let has_reserve =
        allocator::free_reserve() >= LEAST_RESERVE || allocator::has_memory(ROOM.size());
    if !(has_reserve && take_room()) {
        // SAFETY: as the caller promises.
        unsafe { raise() };
    }
}

/// Calls `call`, which raises errors of Postgres by a jump, so that any error in it has room.
///
/// # Safety
/// The error jumps over the frame of the caller, which must own nothing.
#[inline(always)]
pub unsafe fn with_room<R>(call: impl FnOnce() -> R) -> R {
    let mut callback = pg_sys::ErrorContextCallback {
        // SAFETY: reads a global.
        previous: unsafe { pg_sys::error_context_stack },
        callback: Some(at_error),
        arg: ptr::null_mut(),
    };
    // SAFETY: the callback is taken off before this frame is left. If an error jumps over it,
    // whoever catches the error puts the stack back (PG_CATCH in utils/elog.h).
    unsafe { pg_sys::error_context_stack = &raw mut callback };
    let result = catch_unwind(AssertUnwindSafe(call));
    // SAFETY: as above.
    unsafe { pg_sys::error_context_stack = callback.previous };
    match result {
        Ok(result) => result,
        // pgrx could not report an error: there was no memory for its words.
        Err(payload) => {
            drop(payload);
            // SAFETY: as the caller promises; the payload is gone.
            unsafe { raise() }
        }
    }
}

/// Runs `work` from a callback of Postgres that has nowhere to raise an error to: the transaction
/// has ended, or is being rolled back. If it fails, this session ends: what it had to take back may
/// be in force still.
#[inline(always)]
pub fn without_failing(work: impl FnOnce()) {
    if ENDING.get() {
        return;
    }
    let work = || catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| end_session());
    // SAFETY: `work` raises no error here.
    unsafe { with_room(work) }
}

/// Takes the room if it is not held. Returns false if it cannot be had.
fn take_room() -> bool {
    if HELD.get().is_null() {
        // SAFETY: the size is not zero.
        HELD.set(unsafe { System.alloc(ROOM) });
    }
    !HELD.get().is_null()
}

/// Takes the room again after an error that somebody has caught. If it cannot be had now, the next
/// call that begins needs it.
pub fn retake_room() {
    take_room();
}

/// Sees to the memory that the copy of an error takes. Postgres calls this for a mere notice, too,
/// so the room is given away only if it is needed. If it is gone already, and nobody could take it
/// again since, the copy would fail and take the server down: this session ends instead.
unsafe extern "C-unwind" fn at_error(_argument: *mut c_void) {
    if allocator::has_memory(ROOM.size()) {
        return;
    }
    give_room();
    if !allocator::has_memory(COPY) {
        end_session();
    }
}

fn give_room() {
    let room = HELD.replace(ptr::null_mut());
    if !room.is_null() {
        // SAFETY: allocated by take_room() with this layout, and freed once.
        unsafe { System.dealloc(room, ROOM) };
    }
}

/// Raises the error without any memory of Rust.
///
/// # Safety
/// The error jumps over the frame of the caller, which must own nothing.
#[cold]
unsafe fn raise() -> ! {
    // SAFETY: as the caller promises.
    unsafe { report(pg_sys::PGERROR as c_int) }
}

/// Ends the session as an administrator's command does (proc_exit in
/// src/backend/storage/ipc/ipc.c): the transaction is rolled back, and no other session notices.
fn end_session() -> ! {
    ENDING.set(true);
    // SAFETY: FATAL does not come back, so no frame of Rust goes on. An error on the way would jump
    // into Rust, so there is nowhere to jump to: errstart then makes it FATAL, too.
    unsafe {
        pg_sys::PG_exception_stack = ptr::null_mut();
        pg_sys::error_context_stack = ptr::null_mut();
        report(pg_sys::FATAL as c_int)
    }
}

/// # Safety
/// The level is ERROR or FATAL, which do not come back; no frame that is jumped over owns anything.
unsafe fn report(level: c_int) -> ! {
    // SAFETY: the calls of the macro ereport, in its order. The texts are constants.
    unsafe {
        give_room();
        declared::errstart(level, ptr::null());
        declared::errcode(PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY as c_int);
        declared::errmsg_internal(c"out of memory".as_ptr());
        declared::errfinish(c"shortage.rs".as_ptr(), 0, c"report".as_ptr());
    }
    abort()
}
