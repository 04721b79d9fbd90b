//! The tools for policy authors in a database of 500 tables and 1,500 policies, and what denial
//! hints cost a statement while they are off.

use super::case::{Case, Limit};
use pgrx_embed::cluster::Cluster;
use pgrx_embed::command;
use pgrx_embed::error::Result;
use postgres::Client;
use std::time::Instant;

const DATABASE: &str = "bench_tools";

const PAIRS: usize = 9;

/// The pairs of a case whose sides differ little.
const MANY_PAIRS: usize = 41;

/// The statements of one measurement of the executor.
const STATEMENTS: u32 = 2_000;

/// Tables of members with three policies each, and one of 100,000 rows.
const SCHEMA: &str = "
create role tools_user; create role tools_other;
grant usage on schema public to tools_user, tools_other;
do $$
begin
    for n in 1..499 loop
        execute format('create table note_%s (id int primary key, owner uuid not null, body text)', n);
    end loop;
    create table note_500 (id int primary key, owner uuid not null, body text);
    for n in 1..500 loop
        execute format('alter table note_%s enable row level security', n);
        execute format('create policy own on note_%s for select to tools_user using (owner = (select auth.uid()))', n);
        execute format('create policy adds on note_%s for insert to tools_user with check (owner = (select auth.uid()))', n);
        execute format('create policy edits on note_%1$s for update to tools_user using (owner = (select auth.uid()))', n);
        execute format('grant select, insert, update, delete on note_%s to tools_user', n);
        perform authguard.add_guard(format('note_%s', n)::regclass, null, null);
    end loop;
end $$;
insert into note_500
select n, ('00000000-0000-4000-8000-' || lpad((n % 1000)::text, 12, '0'))::uuid, 'a note'
  from generate_series(1, 100000) n;
create table counter (id int primary key, n int not null);
insert into counter values (1, 0);
";

const CLAIMS: &str = r#"{"sub": "00000000-0000-4000-8000-000000000007", "role": "tools_user"}"#;

pub fn measure(cluster: &Cluster) -> Result<Vec<Case>> {
    cluster.create_database(DATABASE)?;
    command::progress("making 500 tables");
    let mut admin = cluster.connect("postgres", DATABASE)?;
    admin.batch_execute("set client_min_messages = error")?;
    admin.batch_execute(SCHEMA)?;
    admin.batch_execute("vacuum (analyze)")?;
    command::progress("measuring the tools for policies");
    let mut other = cluster.connect("postgres", DATABASE)?;
    let mut cases = Vec::new();
    let limits = [
        (
            "authguard.lint(), 500 tables and 1,500 policies",
            "select count(*) from authguard.lint()",
            2_000.0,
        ),
        (
            "authguard.coverage(), the same",
            "select count(*) from authguard.coverage()",
            2_000.0,
        ),
        (
            "explain_access of a hidden row among 100,000",
            "select count(*) from authguard.explain_access('note_500', 'select', '{\"id\": 8}', CLAIMS)",
            20.0,
        ),
        (
            "explain_access of an update of a row among 100,000",
            "select count(*) from authguard.explain_access('note_500', 'update', '{\"id\": 7}', CLAIMS, \
             new_row => '{\"body\": \"x\"}')",
            20.0,
        ),
    ];
    for (what, sql, limit) in limits {
        let sql = sql.replace("CLAIMS", &format!("'{CLAIMS}'"));
        let case = Case::new(what, "a row by its key", "ms", Some(Limit::Plus(limit)));
        let row = "select count(*) from note_500 where id = 8";
        time(&mut admin, &sql)?;
        cases.push(case.pairs(PAIRS, || time(&mut admin, &sql), || time(&mut other, row))?);
    }
    let identities = ["tools_user", "tools_other", "postgres"]
        .map(|role| format!("{{\"role\": \"{role}\"}}"))
        .join(", ");
    let matrix = format!("select count(*) from authguard.access_matrix('[{identities}]')");
    let case = Case::new(
        "access_matrix of 3 identities on 500 tables",
        "a row by its key",
        "ms",
        None,
    );
    let row = "select count(*) from note_500 where id = 8";
    cases.push(case.pairs(2, || time(&mut admin, &matrix), || time(&mut other, row))?);
    drop((admin, other));
    cases.push(hooks(cluster)?);
    Ok(cases)
}

/// Measures updates in a session that has loaded the library, with denial hints off, against one
/// that has not.
fn hooks(cluster: &Cluster) -> Result<Case> {
    let mut loaded = cluster.connect("postgres", DATABASE)?;
    loaded.batch_execute("load 'authguard'")?;
    let mut plain = cluster.connect("postgres", DATABASE)?;
    Case::new(
        "an update of a row, the library loaded, explain_denials off",
        "the library not loaded",
        "µs",
        Some(Limit::Times(1.02)),
    )
    .pairs(MANY_PAIRS, || updates(&mut loaded), || updates(&mut plain))
}

/// The time of one update, in a loop that no client's time is part of.
fn updates(client: &mut Client) -> Result<f64> {
    let repeated = format!(
        "do $$ begin for i in 1..{STATEMENTS} loop update counter set n = i where id = 1; end loop; end $$"
    );
    client.batch_execute("begin")?;
    let start = Instant::now();
    client.batch_execute(&repeated)?;
    let time = start.elapsed().as_secs_f64() * 1e6 / f64::from(STATEMENTS);
    client.batch_execute("rollback")?;
    client.batch_execute("vacuum counter")?;
    Ok(time)
}

fn time(client: &mut Client, sql: &str) -> Result<f64> {
    let start = Instant::now();
    client.query(sql, &[])?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
