//! The rules, one a file. A new rule is a file here and a line in [`ALL`].

pub(super) mod guard;
mod issuer_without_audience;
mod not_judged;
mod rls_disabled;
mod subscription_as_client;
mod subscription_stopped;

use super::Rule;

/// All rules.
pub static ALL: &[&Rule] = &[
    &not_judged::RULE,
    &rls_disabled::RULE,
    &issuer_without_audience::RULE,
    &subscription_as_client::RULE,
    &subscription_stopped::RULE,
    // The rules about guards.
    &guard::attached_table::RULE,
    &guard::bypassrls_role::RULE,
    &guard::definer_function::RULE,
    &guard::foreign_table::RULE,
    &guard::materialized_view::RULE,
    &guard::own_table::RULE,
    &guard::owner_passes::RULE,
    &guard::partly_guarded_table::RULE,
    &guard::privilege_past_policies::RULE,
    &guard::privilege_without_door::RULE,
    &guard::renamed_schema::RULE,
    &guard::replaced_reader::RULE,
    &guard::restored_database::RULE,
    &guard::rule_as_owner::RULE,
    &guard::setting::RULE,
    &guard::superuser_reached::RULE,
    &guard::unguarded_partition::RULE,
    &guard::unguarded_table::RULE,
    &guard::view_as_owner::RULE,
];
