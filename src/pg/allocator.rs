//! The allocator of the library's Rust code.
//!
//! If the system has no memory left, Rust aborts the process, and Postgres then ends every session
//! of the server. So there is a reserve, which a call can always finish with: what `shortage` has
//! let through needs no more. If even the reserve is used up, this session ends, and no other.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The size of the reserve. It is in the library's zeroed data, so it is there from the first
/// instruction on, and occupies no memory before it is used.
const RESERVE: usize = 1 << 20;

struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

#[repr(C, align(16))]
struct Space(UnsafeCell<[u8; RESERVE]>);

// SAFETY: every access goes through a piece that USED has handed out to one owner.
unsafe impl Sync for Space {}

static SPACE: Space = Space(UnsafeCell::new([0; RESERVE]));

/// The number of bytes of the reserve that are used, from its beginning on. They are free again
/// once the last piece is given back.
static USED: Mutex<usize> = Mutex::new(0);

/// The number of pieces of the reserve that somebody has.
static PIECES: AtomicUsize = AtomicUsize::new(0);

/// Ends this session.
static LAST_RESORT: OnceLock<fn() -> !> = OnceLock::new();

/// Names the function that ends this session if there is no memory at all. It must not allocate.
pub fn last_resort(end: fn() -> !) {
    // A second call would name the same function.
    let _ = LAST_RESORT.set(end);
}

/// The number of bytes of the reserve that are free.
pub fn free_reserve() -> usize {
    match PIECES.load(Ordering::Relaxed) {
        0 => RESERVE,
        _ => RESERVE - *used(),
    }
}

/// Returns true if the system has `bytes` bytes for this process now.
pub fn has_memory(bytes: usize) -> bool {
    let Ok(layout) = Layout::from_size_align(bytes.max(1), 16) else {
        return false;
    };
    // SAFETY: the size is not zero; what was allocated is freed with the same layout.
    unsafe {
        // In a build for release the compiler would leave out an allocation that nobody uses, and
        // take it for one that succeeds.
        let piece = black_box(System.alloc(layout));
        let has_memory = !piece.is_null();
        if has_memory {
            System.dealloc(piece, layout);
        }
        has_memory
    }
}

fn used() -> MutexGuard<'static, usize> {
    USED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start() -> *mut u8 {
    SPACE.0.get().cast()
}

/// The place of a piece in the reserve; `None` if it is not of the reserve.
fn place(piece: *mut u8) -> Option<usize> {
    let place = piece.addr().wrapping_sub(start().addr());
    (place < RESERVE).then_some(place)
}

/// A piece of the reserve. NULL if it is used up and no last resort is named.
#[cold]
fn from_reserve(layout: Layout) -> *mut u8 {
    let mut used = used();
    let aligned = (start().addr() + *used).next_multiple_of(layout.align()) - start().addr();
    match aligned.checked_add(layout.size()) {
        Some(end) if end <= RESERVE => {
            *used = end;
            PIECES.fetch_add(1, Ordering::Relaxed);
            start().wrapping_add(aligned)
        }
        _ => {
            drop(used);
            LAST_RESORT.get().map_or(ptr::null_mut(), |end| end())
        }
    }
}

/// Takes a piece back. Returns false if it is not of the reserve.
#[cold]
fn to_reserve(piece: *mut u8, size: usize) -> bool {
    let Some(place) = place(piece) else {
        return false;
    };
    let mut used = used();
    if PIECES.fetch_sub(1, Ordering::Relaxed) == 1 {
        *used = 0;
    } else if place + size == *used {
        *used = place;
    }
    true
}

// SAFETY: every piece is the system's, or a part of the reserve that nobody else has, of the size
// and alignment that were asked for. Nothing here unwinds.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let piece = unsafe { System.alloc(layout) };
        match piece.is_null() {
            false => piece,
            true => from_reserve(layout),
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises; a piece of the reserve has as many bytes.
        unsafe {
            let piece = System.alloc_zeroed(layout);
            if !piece.is_null() {
                return piece;
            }
            let piece = from_reserve(layout);
            if !piece.is_null() {
                piece.write_bytes(0, layout.size());
            }
            piece
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        if PIECES.load(Ordering::Relaxed) == 0 || !to_reserve(piece, layout.size()) {
            // SAFETY: as the caller promises; the piece is the system's.
            unsafe { System.dealloc(piece, layout) };
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promises: the piece is the system's, or of the reserve, and the new
        // size is good for a layout. A failed realloc leaves the piece as it was.
        unsafe {
            let is_reserve = PIECES.load(Ordering::Relaxed) > 0 && place(piece).is_some();
            if !is_reserve {
                let moved = System.realloc(piece, layout, size);
                if !moved.is_null() {
                    return moved;
                }
            }
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(piece, size.min(layout.size()));
                self.dealloc(piece, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod unit {
    use super::{RESERVE, free_reserve, from_reserve, to_reserve};
    use std::alloc::Layout;

    #[test]
    fn the_reserve_gives_what_it_has_and_is_whole_again() {
        let layout = |size, align| Layout::from_size_align(size, align).unwrap();
        let first = from_reserve(layout(1000, 1));
        let second = from_reserve(layout(24, 4096));
        assert!(second.addr().is_multiple_of(4096) && second.addr() >= first.addr() + 1000);
        assert!(free_reserve() < RESERVE - 1024);
        assert!(from_reserve(layout(RESERVE, 1)).is_null());
        // The piece at the end is free at once, others once all are given back.
        assert!(to_reserve(second, 24));
        let third = from_reserve(layout(24, 1));
        assert!(third.addr() <= second.addr());
        assert!(to_reserve(first, 1000) && to_reserve(third, 24));
        assert_eq!(free_reserve(), RESERVE);
        assert!(!to_reserve(Box::into_raw(Box::new(0_u8)), 1));
    }
}
