//! The gain from adopting a schema of Supabase's shape: the same policies and rows, before and
//! after.

use super::case::{Case, Limit};
use super::source::Source;
use pgrx_embed::cluster::Cluster;
use pgrx_embed::error::{Error, Result};
use postgres::{Client, Statement};
use std::time::Instant;

const FIXTURE: &str = include_str!("../../../tests/wire/fixtures/supabase.sql");

/// A fifth of the rows of the other scans: the SQL functions would take seconds for a million.
const ROWS: &str = "
    insert into todos select i, u.id, 'todo ' || i
      from generate_series(1000, 200999) i
      join (select id, row_number() over (order by id) - 1 as n from auth.users) u on u.n = i % 4;
    insert into chats select i, array[u.id] from generate_series(1000, 200999) i
      join (select id, row_number() over (order by id) - 1 as n from auth.users) u on u.n = i % 4;
    insert into objects select id, user_id || '/' || id || '.png' from todos where id >= 1000;";

const ADOPT: &str = "set authguard.adopt = on; set authguard.adopt_owners = 'supabase_admin'; create extension authguard";

const CLAIMS: &str = r#"{"iss":"https://abcdefghijklmnopqrst.supabase.co/auth/v1","sub":"a0000000-0000-4000-8000-00000000000a","aud":"authenticated","exp":4102444800,"iat":1780000000,"email":"ada@example.org","phone":"","app_metadata":{"provider":"email","providers":["email"]},"user_metadata":{},"role":"authenticated","aal":"aal1","amr":[{"method":"password","timestamp":1780000000}],"session_id":"8f4dd9a6-6a0c-4d5e-9a13-2c1c3f2b7c55"}"#;

const PAIRS: usize = 9;

/// Each table with its policy, and the limit for the time after adoption.
const SCANS: [(&str, &str, Option<Limit>); 3] = [
    (
        "todos",
        "auth.uid() = user_id, 200,000 rows",
        Some(Limit::Times(0.20)),
    ),
    (
        "chats",
        "auth.uid() = any (participants), 200,000 rows",
        Some(Limit::Times(0.20)),
    ),
    (
        "objects",
        "a sub-select around auth.uid(), 200,000 rows",
        None,
    ),
];

/// Measures each scan in a database that has adopted its schema, against one that has not.
pub fn measure(cluster: &Cluster) -> Result<Vec<Case>> {
    for (database, adopt) in [("plain", ""), ("adopted", ADOPT)] {
        cluster
            .connect("postgres", super::DATABASE)?
            .batch_execute(&format!("create database {database}"))?;
        let mut owner = cluster.connect("postgres", database)?;
        owner.batch_execute(FIXTURE)?;
        owner.batch_execute(ROWS)?;
        owner.batch_execute(adopt)?;
        owner.batch_execute("vacuum (freeze, analyze)")?;
    }
    SCANS
        .iter()
        .map(|(table, policy, limit)| {
            let mut adopted = Side::new(cluster, "adopted", table)?;
            let mut plain = Side::new(cluster, "plain", table)?;
            let (one, two) = (adopted.count()?, plain.count()?);
            if one != two || one < 50_000 {
                return Err(Error::new(format!("the sides see {one} and {two} rows")));
            }
            Case::new(
                &format!("adopted: {policy}"),
                "Supabase's functions",
                "ms",
                *limit,
            )
            .pairs(PAIRS, || adopted.time(), || plain.time())
        })
        .collect()
}

/// A gateway's connection to one of the databases, and the query that it counts with.
struct Side {
    client: Client,
    query: Statement,
}

impl Side {
    fn new(cluster: &Cluster, database: &str, table: &str) -> Result<Side> {
        let mut client = cluster.connect("authenticator", database)?;
        client.batch_execute(
            "set jit = off; set max_parallel_workers_per_gather = 0; set role authenticated",
        )?;
        Source::Claims(CLAIMS).set(&mut client)?;
        Ok(Side {
            query: client.prepare(&format!("select count(*) from {table}"))?,
            client,
        })
    }

    fn count(&mut self) -> Result<i64> {
        Ok(self.client.query_one(&self.query, &[])?.get(0))
    }

    fn time(&mut self) -> Result<f64> {
        let start = Instant::now();
        self.count()?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    }
}
