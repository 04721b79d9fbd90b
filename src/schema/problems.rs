//! The problems of the tables, for `authguard.coverage()`.

use super::form::Form;
use super::member;
use super::objects::objects;
use super::tables::Table;
use super::trigger;
use crate::pg::relation::{self, Lock};
use pgrx::prelude::*;

/// A problem: the table's name, the problem in words, true if it closes access, and what to do.
type Problem = (String, String, bool, String);

/// The tables of the extension that are not as declared.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn authguard_own_table_problems() -> TableIterator<
    'static,
    (
        name!(relation, String),
        name!(problem, String),
        name!(closes, bool),
        name!(hint, String),
    ),
> {
    let objects = objects();
    let problems = Table::ALL.into_iter().filter_map(|table| {
        relation::open(objects.table(table), Lock::AccessShare, |relation| {
            problem(table, relation)
        })?
    });
    TableIterator::new(problems.collect::<Vec<_>>())
}

fn problem(table: Table, relation: &relation::Relation) -> Option<Problem> {
    match Form::of(table, relation) {
        Err(misfit) => Some((
            table.qualified(),
            "has another form than its library reads: who needs it gets an error".to_owned(),
            true,
            match member::is_outdated() {
                true => "alter extension authguard update".to_owned(),
                false => misfit.needs(),
            },
        )),
        Ok(form) => {
            let (what, mend) = trigger::problems(table, relation, form.numbers())?;
            let problem = format!(
                "{what}: nothing that it feeds is remembered, and it is read at every statement"
            );
            Some((table.qualified(), problem, false, mend))
        }
    }
}
