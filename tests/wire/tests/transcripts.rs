//! Pages that are sessions of psql, from their first block to their last.

use authguard_wire::policies::assert_exemplary;
use authguard_wire::transcript;
use pgrx_embed::cluster::Cluster;
use pgrx_embed::dirs;

/// Stands for the extension that one page leaves: a schema `auth` with an SQL function of it.
const PG_SESSION_JWT: &str = "create schema auth;
    grant usage on schema auth to public;
    create function auth.user_id() returns text language sql stable as
        $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub' $$;";

fn read(page: &str) -> String {
    let path = dirs::checkout().join("docs").join(page);
    std::fs::read_to_string(path).expect("the page is there")
}

fn is_exemplary(server: &Cluster) {
    assert_exemplary(server, "app");
}

#[test]
fn the_page_on_sub_selects_has_both_plans_and_both_cursors() {
    let server = transcript::run(&read("initplan.md"));
    server.iter().for_each(is_exemplary);
}

#[test]
fn the_page_on_ids_has_a_reader_and_an_index_for_each_type() {
    let server = transcript::run(&read("ids.md"));
    server.iter().for_each(is_exemplary);
}

#[test]
fn functions_like_supabase_s_are_taken_over_and_given_back() {
    let server = transcript::run(&read("from-supabase-functions.md"));
    server.iter().for_each(is_exemplary);
}

#[test]
fn pg_session_jwt_is_exchanged_and_comes_back() {
    let page = read("from-pg_session_jwt.md");
    let page = page
        .replace("create extension pg_session_jwt;", PG_SESSION_JWT)
        .replace(
            "drop extension pg_session_jwt;",
            "drop schema auth cascade;",
        );
    let server = transcript::run(&page);
    server.iter().for_each(is_exemplary);
}

#[test]
fn tokens_of_pgjwt_are_verified_and_replaced() {
    let server = transcript::run(&read("from-pgjwt.md"));
    server.iter().for_each(is_exemplary);
}

#[test]
fn a_table_of_revoked_tokens_is_replaced_and_comes_back() {
    // In the end its tables are no longer guarded.
    transcript::run(&read("from-denylist.md"));
}
