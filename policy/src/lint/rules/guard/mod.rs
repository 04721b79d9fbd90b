//! The rules about guards, and about the ways around the policies of a table.

pub(super) mod attached_table;
pub(super) mod bypassrls_role;
pub(super) mod definer_function;
pub(super) mod foreign_table;
pub(super) mod materialized_view;
pub(super) mod own_table;
pub(super) mod owner_passes;
pub(super) mod partly_guarded_table;
pub(super) mod privilege_past_policies;
pub(super) mod privilege_without_door;
pub(super) mod renamed_schema;
pub(super) mod replaced_reader;
pub(super) mod restored_database;
pub(super) mod rule_as_owner;
pub(super) mod setting;
pub(super) mod superuser_reached;
pub(super) mod unguarded_partition;
pub(super) mod unguarded_table;
pub(super) mod view_as_owner;

#[cfg(test)]
mod tests;

use super::rls_disabled;
use crate::lint::rule::Rule;

/// The rules whose findings `authguard.coverage()` lists.
pub(in crate::lint) static ALL: &[&Rule] = &[
    &attached_table::RULE,
    &bypassrls_role::RULE,
    &definer_function::RULE,
    &foreign_table::RULE,
    &materialized_view::RULE,
    &own_table::RULE,
    &owner_passes::RULE,
    &partly_guarded_table::RULE,
    &privilege_past_policies::RULE,
    &privilege_without_door::RULE,
    &renamed_schema::RULE,
    &replaced_reader::RULE,
    &restored_database::RULE,
    &rls_disabled::RULE,
    &rule_as_owner::RULE,
    &setting::RULE,
    &superuser_reached::RULE,
    &unguarded_partition::RULE,
    &unguarded_table::RULE,
    &view_as_owner::RULE,
];
