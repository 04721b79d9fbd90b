//! The memory of the cryptographic library, aws-lc: C code that would take a failed allocation for
//! a bad signature. It allocates from Rust's allocator, which does not fail.

use aws_lc_sys::{CRYPTO_set_mem_functions, ERR_clear_error, OPENSSL_cleanse};
use std::alloc::{Layout, alloc, dealloc};
use std::ffi::{c_char, c_int, c_void};
use std::ptr;

/// The bytes before a piece, which hold its size. The piece stays aligned for every type.
const HEAD: usize = 16;

/// Makes aws-lc allocate from Rust's allocator. To be called before its first use. If an error has
/// ended the loading of the library, it is loaded again, and this was done already.
pub fn share_reserve() {
    // SAFETY: the functions do what mem.h of aws-lc says, and it has allocated nothing before. The
    // second call makes its thread's error queue: it has no other answer than an abort if it cannot
    // make its thread-local values later.
    unsafe {
        CRYPTO_set_mem_functions(Some(allocate), Some(reallocate), Some(free));
        ERR_clear_error();
    }
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEAD)?, HEAD).ok()
}

unsafe extern "C" fn allocate(size: usize, _file: *const c_char, _line: c_int) -> *mut c_void {
    let Some(layout) = layout(size) else {
        return ptr::null_mut();
    };
    // SAFETY: the size is not zero, and the piece begins with room for it.
    unsafe {
        let piece = alloc(layout);
        if piece.is_null() {
            return ptr::null_mut();
        }
        piece.cast::<usize>().write(size);
        piece.add(HEAD).cast()
    }
}

unsafe extern "C" fn reallocate(
    old: *mut c_void,
    size: usize,
    file: *const c_char,
    line: c_int,
) -> *mut c_void {
    // SAFETY: `old` is a piece of allocate(), whose size is before it.
    unsafe {
        let new = allocate(size, file, line);
        if !new.is_null() {
            let before = old.cast::<u8>().sub(HEAD).cast::<usize>().read();
            ptr::copy_nonoverlapping(old.cast::<u8>(), new.cast::<u8>(), before.min(size));
            free(old, file, line);
        }
        new
    }
}

/// Frees a piece, and overwrites it first: it may have been a private key.
unsafe extern "C" fn free(piece: *mut c_void, _file: *const c_char, _line: c_int) {
    // SAFETY: `piece` is a piece of allocate(), whose size is before it.
    unsafe {
        let start = piece.cast::<u8>().sub(HEAD);
        let size = start.cast::<usize>().read();
        OPENSSL_cleanse(piece, size);
        if let Some(layout) = layout(size) {
            dealloc(start, layout);
        }
    }
}
