//! The rules, one a file. A new rule is a file here and a line in [`ALL`].

mod not_judged;
mod rls_disabled;

use super::Rule;

/// All rules.
pub static ALL: &[&Rule] = &[&not_judged::RULE, &rls_disabled::RULE];
