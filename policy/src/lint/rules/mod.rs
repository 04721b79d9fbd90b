//! The rules, one a file. A new rule is a file here and a line in [`ALL`].

pub(super) mod guard;
mod issuer_without_audience;
mod not_judged;
mod rls_disabled;
mod subscription_as_client;
mod subscription_stopped;

mod captured_name;
mod check_made_useless;
mod commands_test_different_columns;
mod confused_deputy;
mod failing_helper;
mod null_caller_trusted;
mod open_tenant_read;
mod ownership_takeover;
mod role_in_name_only;
mod secret_key_readable;
mod self_granted_membership;
mod unchecked_parent;
mod unrestricted_member_delete;

mod anyone_may_write;
mod called_per_row;
mod claims_past_readers;
mod compared_with_null;
mod dead_policy;
mod definer_search_path;
mod integer_claim;
mod not_in_nullable;
mod open_without_caller;
mod owner_free_in_insert;
mod policy_reads_denied_table;
mod policy_recursion;
mod policy_without_expression;
mod role_free_in_insert;
mod storage_any_bucket;
mod storage_open_upload;
mod update_binds_less;
mod user_metadata_decides;

use crate::lint::rule::Rule;

/// All rules.
pub static ALL: &[&Rule] = &[
    &not_judged::RULE,
    &rls_disabled::RULE,
    &issuer_without_audience::RULE,
    &subscription_as_client::RULE,
    &subscription_stopped::RULE,
    // What clients can do to each other's rows.
    &captured_name::RULE,
    &check_made_useless::RULE,
    &commands_test_different_columns::RULE,
    &confused_deputy::RULE,
    &failing_helper::RULE,
    &null_caller_trusted::RULE,
    &open_tenant_read::RULE,
    &ownership_takeover::RULE,
    &role_in_name_only::RULE,
    &secret_key_readable::RULE,
    &self_granted_membership::RULE,
    &unchecked_parent::RULE,
    &unrestricted_member_delete::RULE,
    // Policies that open, close or cost what nobody meant.
    &anyone_may_write::RULE,
    &called_per_row::RULE,
    &claims_past_readers::RULE,
    &compared_with_null::RULE,
    &dead_policy::RULE,
    &definer_search_path::RULE,
    &integer_claim::RULE,
    &not_in_nullable::RULE,
    &open_without_caller::RULE,
    &owner_free_in_insert::RULE,
    &policy_reads_denied_table::RULE,
    &policy_recursion::RULE,
    &policy_without_expression::RULE,
    &role_free_in_insert::RULE,
    &storage_any_bucket::RULE,
    &storage_open_upload::RULE,
    &update_binds_less::RULE,
    &user_metadata_decides::RULE,
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
