//! The triggers that report changes to every backend, and the statements that restore them.

use super::tables::{Table, Trigger};
use crate::pg::catalog;
use crate::pg::relation::{Relation, Trigger as Found};
use pgrx::pg_sys::{
    TRIGGER_TYPE_DELETE as DELETE, TRIGGER_TYPE_INSERT as INSERT, TRIGGER_TYPE_ROW as ROW,
    TRIGGER_TYPE_TRUNCATE as TRUNCATE, TRIGGER_TYPE_UPDATE as UPDATE,
};

/// The function that the triggers call, in the library and in SQL.
const SYMBOL: &str = "authguard_invalidate";
const NAME: &str = "invalidate";
const FUNCTION: &str = "authguard.invalidate()";

/// A problem of a trigger.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Problem {
    /// There is no trigger of that name, or it does something else.
    Missing,
    /// The trigger fires only while `session_replication_role` is `origin`, only while it is not,
    /// or never.
    NotAlways,
    /// The function of that name is not the library's any more.
    OtherFunction,
}

impl Trigger {
    /// The trigger's problem on a table whose columns have these numbers.
    fn problem(&self, table: &Relation, numbers: &[i16]) -> Option<Problem> {
        let Some(found) = table.trigger(self.name) else {
            return Some(Problem::Missing);
        };
        if !self.is_like(found, numbers) {
            return Some(Problem::Missing);
        }
        let function = catalog::function(found.function());
        let Some(function) = function else {
            return Some(Problem::Missing);
        };
        if function.symbol.as_deref() != Some(SYMBOL) {
            let is_named = function.schema == table.schema() && function.name == NAME;
            return Some(if is_named {
                Problem::OtherFunction
            } else {
                Problem::Missing
            });
        }
        (!found.fires_always()).then_some(Problem::NotAlways)
    }

    fn is_like(&self, found: Found<'_>, numbers: &[i16]) -> bool {
        let mut columns: Vec<_> = self
            .columns
            .iter()
            .map(|it| numbers[usize::from(it.0)])
            .collect();
        let mut its = found.columns().to_vec();
        columns.sort_unstable();
        its.sort_unstable();
        found.when() == self.when
            && !found.is_deferrable()
            && found.arguments() == Vec::from_iter(self.argument)
            && its == columns
            && found.is_conditional() != columns.is_empty()
    }

    /// The statement that creates the trigger and makes it fire always.
    fn definition(&self, table: Table) -> String {
        let events = [
            (INSERT, "insert"),
            (UPDATE, "update"),
            (DELETE, "delete"),
            (TRUNCATE, "truncate"),
        ];
        let events: Vec<_> = events
            .iter()
            .filter(|(bit, _)| self.when & bit != 0)
            .map(|(_, event)| *event)
            .collect();
        let declared = table.declaration().columns;
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|column| declared[usize::from(column.0)].name)
            .collect();
        let (of, when) = match columns.is_empty() {
            true => (String::new(), String::new()),
            false => (
                format!(" of {}", columns.join(", ")),
                format!(
                    " when ((old.{}) is distinct from (new.{}))",
                    columns.join(", old."),
                    columns.join(", new.")
                ),
            ),
        };
        format!(
            "create trigger {} after {}{of} on {} for each {}{when} execute function authguard.invalidate({})",
            self.name(),
            events.join(" or "),
            table.qualified(),
            if self.when & ROW == 0 {
                "statement"
            } else {
                "row"
            },
            self.argument
                .map(|channel| format!("'{}'", channel.to_string_lossy()))
                .unwrap_or_default(),
        )
    }

    fn name(&self) -> std::borrow::Cow<'static, str> {
        self.name.to_string_lossy()
    }
}

/// Returns true if every change of a table's rows reaches all backends. `numbers` are the numbers
/// of the table's columns.
pub fn are_in_order(table: Table, relation: &Relation, numbers: &[i16]) -> bool {
    let mut triggers = table.declaration().triggers.iter();
    triggers.all(|trigger| trigger.problem(relation, numbers).is_none())
}

/// The function that the triggers of a table call. It must be watched.
pub fn function(table: Table, relation: &Relation) -> Option<pgrx::pg_sys::Oid> {
    let first = table.declaration().triggers.first()?;
    relation.trigger(first.name).map(Found::function)
}

/// The problems of a table's triggers, and the statements that fix them.
pub fn problems(table: Table, relation: &Relation, numbers: &[i16]) -> Option<(String, String)> {
    let triggers = table.declaration().triggers;
    let of = |problem| {
        let wrong = triggers
            .iter()
            .filter(move |it| it.problem(relation, numbers) == Some(problem));
        wrong.collect::<Vec<_>>()
    };
    let (missing, not_always) = (of(Problem::Missing), of(Problem::NotAlways));
    let mut what = Vec::new();
    let mut mend = Vec::new();
    if !of(Problem::OtherFunction).is_empty() {
        what.push(format!("{FUNCTION} is not the library's function"));
        mend.push(format!(
            "create or replace function {FUNCTION} returns trigger language c volatile cost 10 as '$libdir/authguard', '{SYMBOL}'"
        ));
    }
    for trigger in &missing {
        what.push(format!("trigger {} is not as it was made", trigger.name()));
        if relation.trigger(trigger.name).is_some() {
            mend.push(format!(
                "drop trigger {} on {}",
                trigger.name(),
                table.qualified()
            ));
        }
        mend.push(trigger.definition(table));
    }
    for trigger in &not_always {
        what.push(format!("trigger {} does not always fire", trigger.name()));
    }
    if !(missing.is_empty() && not_always.is_empty()) {
        let enable: Vec<_> = missing
            .iter()
            .chain(&not_always)
            .map(|trigger| format!("enable always trigger {}", trigger.name()))
            .collect();
        mend.push(format!(
            "alter table {} {}",
            table.qualified(),
            enable.join(", ")
        ));
    }
    (!what.is_empty()).then(|| (what.join("; "), mend.join("; ")))
}
