//! Backtraces of Rust, which no client may see.

/// Switches backtraces off for as long as the backend lives.
///
/// If the server's environment has RUST_BACKTRACE, pgrx would put a backtrace into the DETAIL that
/// a client sees. std decides once, at the first capture. This function makes that capture, with
/// captures switched off.
pub fn never_capture() {
    const SWITCH: &str = "RUST_LIB_BACKTRACE";
    let before = std::env::var_os(SWITCH);
    // SAFETY: a backend has one thread, so nobody reads the environment meanwhile; it is put back.
    unsafe {
        std::env::set_var(SWITCH, "0");
        let _ = std::backtrace::Backtrace::capture();
        match before {
            Some(value) => std::env::set_var(SWITCH, value),
            None => std::env::remove_var(SWITCH),
        }
    }
}
