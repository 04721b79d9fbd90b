//! Coverage of policies: how often each clause was true, false, NULL or an error, while tests run.
//!
//! Everything is made in the transaction of the tests, and goes with its ROLLBACK:
//!
//! - For each clause, a temporary function that answers it for one row. Its body is bound when it
//!   is made, and runs with the rights of the role that asks, as the policy does.
//! - For each expression of a policy, a temporary function that asks its clauses one by one, counts
//!   the answers, and returns true. What it counts in sequences no savepoint takes back.
//! - Each policy gets the expression `case when COUNT(row) then (EXPRESSION) end`: the expression
//!   itself decides, as before. It cannot be seen through, so it is asked for every row.
//! - Permissive policies of one command hide each other: Postgres stops at the first that admits.
//!   There, another policy counts for each of them, comes before them, and admits nothing.
//!
//! A COMMIT is refused: temporary functions go with the session, and policies would go with them.

mod functions;

use crate::declared::{Condition, Declared, quoted};
use crate::server::{Row, Server, ServerError};
use crate::{Clause, Column, Expr};
use functions::{Counter, count_function, guard_functions};

/// The names of the policies that count for others begin so: Postgres asks policies whose names
/// sort last first (`RelationBuildRowSecurity` puts each in front of those before).
const COUNTING: &str = "~authguard_coverage";

/// What was counted for one clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseCount {
    /// The OID of the table.
    pub relation: u32,
    /// The name of the table with its schema, quoted where SQL needs that.
    pub table: String,
    /// The policy.
    pub policy: String,
    /// The clause. One of WITH CHECK begins with `with check: `.
    pub clause: String,
    /// True if the clause always has the same answer.
    pub is_constant: bool,
    /// Its answers, unless it cannot be asked by itself: it reads a system column.
    pub answers: Option<Answers>,
}

/// How often a clause had each answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answers {
    /// True.
    pub admitted: u64,
    /// False.
    pub refused: u64,
    /// NULL.
    pub nulls: u64,
    /// An error.
    pub errors: u64,
}

impl ClauseCount {
    /// Returns true if the clause has admitted and refused, or can do one of them only.
    pub fn is_covered(&self) -> bool {
        let Some(answers) = self.answers else {
            return false;
        };
        let has_admitted = answers.admitted > 0;
        let has_refused = answers.refused > 0 || answers.nulls > 0;
        match self.is_constant {
            true => has_admitted || has_refused,
            false => has_admitted && has_refused,
        }
    }
}

/// Returns the share of the clauses that were covered, in percent, of those that can be asked.
/// Without any, that is 100.
pub fn covered_percent(counts: &[ClauseCount]) -> f64 {
    let asked = counts.iter().filter(|count| count.answers.is_some());
    let covered = asked.clone().filter(|count| count.is_covered()).count();
    match asked.count() {
        0 => 100.0,
        all => 100.0 * covered as f64 / all as f64,
    }
}

/// Starts to count, in these schemas or in all whose tables the caller owns, until the transaction
/// is rolled back.
///
/// # Errors
///
/// 55000 if it has been started before, 42501 if the caller does not own a table.
pub fn start_coverage(
    server: &mut dyn Server,
    schemas: Option<&[String]>,
) -> Result<(), ServerError> {
    if is_started(server)? {
        return Err(state(
            "policy coverage has been started in this transaction",
        ));
    }
    let path = "select pg_catalog.current_setting('search_path'),
                       pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)";
    let before = server.query(path, &[])?;
    let before = before.first().and_then(|row| row.first()?.as_deref());
    instrument(server, schemas)?;
    let path = "select pg_catalog.set_config('search_path', $1, true)";
    server.query(path, &[before]).map(|_| ())
}

/// Returns what was counted so far: each clause of each policy, in the order of their names.
///
/// # Errors
///
/// 55000 if it has not been started in this transaction.
pub fn read_coverage(server: &mut dyn Server) -> Result<Vec<ClauseCount>, ServerError> {
    if !is_started(server)? {
        return Err(ServerError {
            hint: Some("Begin a transaction, and call policy_coverage_start() first.".to_owned()),
            ..state("policy coverage has not been started in this transaction")
        });
    }
    let rows = server.query(functions::COUNTS, &[])?;
    Ok(rows.iter().filter_map(read).collect())
}

fn read(row: &Row) -> Option<ClauseCount> {
    let text = |at: usize| row.get(at)?.as_deref();
    let number = |at: usize| text(at)?.parse().ok();
    let answers = || {
        Some(Answers {
            admitted: number(5)?,
            refused: number(6)?,
            nulls: number(7)?,
            errors: number(8)?,
        })
    };
    Some(ClauseCount {
        relation: text(0)?.parse().ok()?,
        table: text(1)?.to_owned(),
        policy: text(2)?.to_owned(),
        clause: text(3)?.to_owned(),
        is_constant: text(4)? == "true",
        answers: answers(),
    })
}

fn is_started(server: &mut dyn Server) -> Result<bool, ServerError> {
    let rows = server.query(
        "select pg_catalog.to_regclass('pg_temp.authguard_coverage')::pg_catalog.text",
        &[],
    )?;
    Ok(rows.iter().flatten().any(Option::is_some))
}

fn instrument(server: &mut dyn Server, schemas: Option<&[String]>) -> Result<(), ServerError> {
    for sql in guard_functions() {
        server.query(&sql, &[])?;
    }
    let mut policies = Declared::list(server, schemas)?;
    if schemas.is_none() {
        let owned = server.query(OWNED, &[])?;
        let owned: Vec<u32> = owned
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|oid| oid.parse().ok())
            .collect();
        policies.retain(|policy| owned.contains(&policy.relation));
    }
    let mut counters = 0_usize;
    for policy in &policies {
        let is_alone = !policy.permissive || !policies.iter().any(|other| hides(other, policy));
        let mut counting = Counting {
            server: &mut *server,
            policy,
            is_alone,
            counters: &mut counters,
            parts: Vec::new(),
            counted: Vec::new(),
        };
        counting.expression("using", policy.using.as_ref())?;
        counting.expression("with check", policy.check.as_ref())?;
        counting.finish()?;
    }
    Ok(())
}

/// Returns true if a policy may end the question for another one.
fn hides(other: &Declared, policy: &Declared) -> bool {
    let commands = [other.command, policy.command];
    other.permissive
        && other.relation == policy.relation
        && other.name != policy.name
        && (other.command == policy.command || commands.contains(&'*'))
}

struct Counting<'c> {
    server: &'c mut dyn Server,
    policy: &'c Declared,
    is_alone: bool,
    counters: &'c mut usize,
    /// The new expressions.
    parts: Vec<String>,
    /// Those of the policy that counts for this one.
    counted: Vec<String>,
}

impl Counting<'_> {
    fn expression(&mut self, word: &str, condition: Option<&Condition>) -> Result<(), ServerError> {
        let Some(condition) = condition else {
            return Ok(());
        };
        let Declared { table, alias, .. } = self.policy;
        let mut counters = Vec::new();
        for clause in Clause::of(&condition.expr, &condition.sql).leaves() {
            counters.extend(self.clause(word, clause)?);
        }
        *self.counters = self.counters.saturating_add(1);
        let name = format!("pg_temp.authguard_policy_{}", self.counters);
        self.run(&count_function(&name, table, &counters))?;
        self.run(&format!("grant execute on function {name} to public"))?;
        let asked = if self.is_alone {
            format!("{name}({alias}.*)")
        } else {
            self.counted.push(format!("{word} (not {name}({alias}.*))"));
            "pg_temp.authguard_asked()".to_owned()
        };
        let sql = &condition.sql;
        self.parts
            .push(format!("{word} (case when {asked} then ({sql}) end)"));
        Ok(())
    }

    /// Makes the function and the counters of a clause, unless it cannot be asked by itself.
    fn clause(&mut self, word: &str, clause: &Clause<'_>) -> Result<Option<Counter>, ServerError> {
        let Declared {
            table,
            alias,
            relation,
            name,
            ..
        } = self.policy;
        *self.counters = self.counters.saturating_add(1);
        let counter = Counter(*self.counters);
        let is_of_system =
            |column: &Column| matches!(column, Column::Own { attno, .. } if *attno < 0);
        let counter = (!clause.expr.columns().iter().any(is_of_system)).then_some(counter);
        for sql in counter.map_or(Vec::new(), |it| it.create(table, alias, clause.sql)) {
            self.server.query(&sql, &[])?;
        }
        let shown = match word {
            "using" => clause.sql.to_owned(),
            _ => format!("{word}: {}", clause.sql),
        };
        let is_constant = matches!(clause.expr, Expr::Const(_)).to_string();
        let number = self.counters.to_string();
        self.server.query(
            functions::REMEMBER,
            &[
                Some(&number),
                Some(&relation.to_string()),
                Some(name),
                Some(&shown),
                Some(&is_constant),
            ],
        )?;
        Ok(counter)
    }

    fn finish(self) -> Result<(), ServerError> {
        if self.parts.is_empty() {
            return Ok(());
        }
        let Declared { table, roles, .. } = self.policy;
        let on_table = self.policy.on_table();
        let parts = self.parts.join(" ");
        self.server
            .query(&format!("alter policy {on_table} {parts}"), &[])?;
        if !self.counted.is_empty() {
            let name = quoted(&format!("{COUNTING}_{}", self.counters));
            let command = self.policy.command_word();
            let counted = self.counted.join(" ");
            self.server.query(
                &format!("create policy {name} on {table} for {command} to {roles} {counted}"),
                &[],
            )?;
        }
        Ok(())
    }

    fn run(&mut self, sql: &str) -> Result<(), ServerError> {
        self.server.query(sql, &[]).map(|_| ())
    }
}

fn state(message: &str) -> ServerError {
    ServerError {
        sqlstate: "55000".to_owned(),
        message: message.to_owned(),
        detail: None,
        hint: None,
    }
}

/// The tables of which the caller is an owner.
const OWNED: &str = "
select c.oid::pg_catalog.text from pg_catalog.pg_class c
 where c.relkind in ('r', 'p')
   and pg_catalog.pg_has_role(c.relowner, 'usage')";
