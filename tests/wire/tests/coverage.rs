//! `authguard.coverage()` tells what clients reach: which roles are clients.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};

/// A server with a table for each of three roles: `authenticated`, which the gateway and `web` can
/// become, `clerk`, which only `web` can become, and `web` itself.
fn tables(config: Config) -> Cluster {
    let cluster = server(config);
    admin(&cluster)
        .batch_execute(
            "create role clerk; grant clerk to web;
             create table of_authenticated (); create table of_clerk (); create table of_web ();
             grant select on of_authenticated to authenticated; grant select on of_clerk to clerk;
             grant insert on of_web to web",
        )
        .unwrap();
    cluster
}

/// The tables without a guard, as an operator is told.
fn told(cluster: &Cluster) -> String {
    let sql = "select string_agg(object, ' ' order by object) from authguard.coverage()
                where rule = 'rls_disabled' and level = 'error'";
    text(&mut operator(cluster), sql).unwrap_or_default()
}

#[test]
fn clients_are_whoever_a_gateway_can_become() {
    let cluster = tables(Config::default());
    assert_eq!(told(&cluster), "public.of_authenticated");
    // Through a role in between, and not if the membership gives nothing.
    admin(&cluster)
        .batch_execute("create role between in role clerk; grant between to authenticator")
        .unwrap();
    assert_eq!(told(&cluster), "public.of_authenticated public.of_clerk");
    let version: i32 = admin(&cluster)
        .query_one("select current_setting('server_version_num')::int4", &[])
        .unwrap()
        .get(0);
    if version >= 160_000 {
        admin(&cluster)
            .batch_execute("grant between to authenticator with inherit false, set false")
            .unwrap();
        assert_eq!(told(&cluster), "public.of_authenticated");
    }
    // No policy applies to what Postgres 17 lets a role do.
    if version >= 170_000 {
        admin(&cluster)
            .batch_execute("grant maintain on notes to authenticated")
            .unwrap();
        let hint = "select hint from authguard.coverage() where rule = 'privilege_past_policies'";
        assert_eq!(
            text(&mut operator(&cluster), hint).as_deref(),
            Some("revoke maintain on public.notes from authenticated")
        );
    }
}

#[test]
fn without_a_gateway_every_login_role_is_a_client() {
    for gateways in ["''", "'nobody_has_this_name'"] {
        let cluster = tables(Config::default().set("authguard.gateway_roles", gateways));
        assert_eq!(
            told(&cluster),
            "public.of_authenticated public.of_clerk public.of_web",
            "gateways {gateways}"
        );
    }
}

#[test]
fn no_name_that_somebody_chooses_breaks_a_hint_or_gets_out_of_it() {
    let cluster = server(Config::default());
    admin(&cluster)
        .batch_execute(
            "create role \"50%y\"; grant \"50%y\" to authenticator;
             create table prey ();
             create table whole (n int) partition by list (n);
             create policy everyone on whole using (true);
             select authguard.guard_table('whole');
             create table \"part\n; drop table prey; --\" partition of whole default;
             create materialized view \"copy\n; drop table prey; --\" as select * from whole;
             create view \"past\n; drop table prey; --\" as select * from whole;
             grant select on all tables in schema public to \"50%y\"",
        )
        .unwrap();
    let sql = "select rule, hint from authguard.coverage()
                where rule in ('unguarded_partition', 'materialized_view', 'view_as_owner')";
    let rows = operator(&cluster).query(sql, &[]).unwrap();
    assert_eq!(rows.len(), 3);
    let mut admin = admin(&cluster);
    for row in rows {
        let (rule, hint): (String, String) = (row.get(0), row.get(1));
        admin
            .batch_execute(&hint)
            .unwrap_or_else(|error| panic!("{rule}: {error}"));
        admin
            .batch_execute("table prey")
            .unwrap_or_else(|_| panic!("{rule}: {hint}"));
    }
}
