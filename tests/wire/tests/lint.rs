//! `lint` on real schemas, over a connection to a database without the extension: each file of
//! `fixtures/lint` has exactly the errors and warnings that it names.

use authguard_policy::Server;
use authguard_policy::lint::{Options, lint_server};
use authguard_wire::policies::{Fixture, Session, findings};
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::dirs;
use pgrx_embed::postgres::Install;

fn server() -> Cluster {
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    Cluster::create(&install, Config::default()).expect("the server starts")
}

/// Makes a database of Supabase's shape without the extension.
fn database(cluster: &Cluster, name: &str) -> postgres::Client {
    let mut admin = cluster.connect("postgres", "postgres").unwrap();
    let create = format!("create database \"{name}\" template template0");
    admin.batch_execute(&create).unwrap();
    let file = dirs::checkout().join("tests/wire/fixtures/lint/supabase.txt");
    let mut client = cluster.connect("postgres", name).unwrap();
    client
        .batch_execute(&std::fs::read_to_string(file).unwrap())
        .unwrap();
    client
}

#[test]
fn each_schema_has_the_findings_that_it_names_and_no_other() {
    let cluster = server();
    let only = std::env::var("AUTHGUARD_LINT_FIXTURE").ok();
    let mut wrong = Vec::new();
    let fixtures = Fixture::all();
    assert!(!fixtures.is_empty());
    for fixture in fixtures {
        if only.as_ref().is_some_and(|only| *only != fixture.name) {
            continue;
        }
        let mut client = database(&cluster, &fixture.name);
        client
            .batch_execute(&fixture.sql)
            .unwrap_or_else(|error| panic!("{}: {error:?}", fixture.name));
        let mut expected = fixture.expected();
        expected.sort();
        // The roles of a client see what a superuser sees.
        for user in ["postgres", "authenticator"] {
            let mut found = findings(&cluster, user, &fixture.name);
            // What is only to be known counts where the file names it.
            found.retain(|line| expected.contains(line) || !line.contains(" info "));
            found.sort();
            if found != expected {
                wrong.push(format!(
                    "{} as {user}\n  expected {expected:#?}\n  found {found:#?}",
                    fixture.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_planted_schema_is_neither_read_nor_run() {
    let cluster = server();
    let mut client = database(&cluster, "planted");
    client
        .batch_execute(
            "create table public.open (id int);
             create table trace (who text);
             create schema authguard;
             create function authguard.trap() returns text language plpgsql as $$
             begin insert into public.trace values (current_user); return 'x'; end $$;
             create function authguard.gateways() returns text[] language sql as
                 'select array[authguard.trap()]';
             create function authguard.is_copy() returns bool language sql as
                 'select authguard.trap() is null';
             create view authguard.accepted_finding as
                 select repeat('0', 32) as fingerprint, authguard.trap() as reason,
                        null::timestamptz as until;
             revoke all on trace from anon, authenticated, service_role;
             alter table trace enable row level security;
             grant usage on schema authguard to public; grant select on authguard.accepted_finding to public",
        )
        .unwrap();
    let mut session = Session::begin(cluster.connect("postgres", "planted").unwrap());
    let findings = lint_server(&mut session, &Options::default()).unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding.object == "public.open")
    );
    let trace = session.query("select who from public.trace", &[]).unwrap();
    assert!(trace.is_empty(), "{trace:?}");
}
