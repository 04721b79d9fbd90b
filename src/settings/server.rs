//! Settings for the server's file or ALTER SYSTEM.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::ffi::CStr;

/// Defines a number.
pub fn int(
    name: &'static CStr,
    description: &'static CStr,
    setting: &'static GucSetting<i32>,
    range: std::ops::RangeInclusive<i32>,
    unit: GucFlags,
) {
    GucRegistry::define_int_guc(
        name,
        description,
        c"",
        setting,
        *range.start(),
        *range.end(),
        GucContext::Sighup,
        unit,
    );
}

/// Defines a switch.
pub fn bool(name: &'static CStr, description: &'static CStr, setting: &'static GucSetting<bool>) {
    GucRegistry::define_bool_guc(
        name,
        description,
        c"",
        setting,
        GucContext::Sighup,
        GucFlags::default(),
    );
}
