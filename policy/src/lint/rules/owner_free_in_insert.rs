//! UPDATE and DELETE ask for the owner of a row, and INSERT leaves the owner free: a client writes
//! in the name of another user.

use std::collections::BTreeSet;

use serde_json::json;

use crate::facts::{Attribute, Body, Client, Columns, Command, Policy, Relation, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::caller::Source;
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::sql::{Sql, Statement, statements};
use crate::lint::ways::{Cell, Entry, ROW, Way};
use crate::{Column, Expr};

pub(super) static RULE: Rule = Rule {
    name: "owner_free_in_insert",
    level: Level::Warning,
    page: "docs/lint.md#owner_free_in_insert",
    title: "INSERT leaves the owner free that UPDATE and DELETE ask for",
    also: &[],
    check,
};

/// Bits of `pg_trigger.tgtype`: for each row, before, insert.
const BEFORE_INSERT_ROW: u16 = 1 | 2 | 4;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let entries = context.book().permissive();
    findings.extend(entries.filter_map(|entry| finding(context, entry)));
}

fn finding(context: &Context<'_>, entry: &Entry<'_>) -> Option<Finding> {
    let facts = context.facts;
    let clients = context.clients_of(entry.policy, Command::Insert);
    let found = clients.iter().find_map(|client| {
        let owners = owners(context, entry.table, client);
        let free = |attno: &i16| is_free(context, entry, client, *attno);
        owners.into_iter().find(free)
    });
    let column = entry.table.column(found?)?;
    let name = quote_ident(&column.name);
    let writers = clients
        .iter()
        .filter(|client| is_free(context, entry, client, column.attno));
    let draft = Draft::policy(&RULE, facts, entry.policy)
        .problem(format!(
            "it leaves {name} free, which the policies for UPDATE and DELETE compare with the \
             caller: a client inserts rows in the name of another user"
        ))
        .hint(hint(context, entry.policy, &name, column.type_id))
        .evidence(json!({
            "column": column.name,
            "roles": facts.role_names(writers.map(|client| client.role)),
        }));
    Some(draft.done())
}

fn hint(context: &Context<'_>, policy: &Policy, column: &str, type_id: u32) -> String {
    let reader = match context.facts.type_name(type_id).as_str() {
        "uuid" => context.facts.functions_named("auth", "uid").next(),
        "text" => context.facts.functions_named("auth", "subject").next(),
        _ => None,
    };
    match (reader, &policy.check_text) {
        (Some(reader), Some(check)) if reader.arguments.is_empty() => format!(
            "alter policy {} on {} with check (({check}) and {column} = {})",
            quote_ident(&policy.name),
            context.facts.relation_name(policy.relation),
            context.facts.function_name(reader.oid),
        ),
        _ => format!(
            "Let it compare {column} with the caller, too, as the policies for UPDATE and DELETE do."
        ),
    }
}

/// Returns the columns that a policy for UPDATE and one for DELETE compare with the caller, each in
/// every way in which it can be true. A column of a key names whom a row is about, as in a table of
/// members, and not who owns it.
fn owners(context: &Context<'_>, table: &Relation, client: &Client) -> BTreeSet<i16> {
    let of = |command: Command| -> BTreeSet<i16> {
        let entries = context.book().applying(table.oid, client, command);
        let columns = entries.flat_map(|entry| {
            let ways = entry.existing(command);
            let columns = table.columns.iter().map(|column| column.attno);
            columns.filter(|attno| {
                !ways.is_empty() && ways.iter().all(|way| is_caller(way, table, *attno))
            })
        });
        columns.collect()
    };
    let in_key = |attno: &i16| {
        let mut unique = table.indexes.iter().filter(|index| index.is_unique);
        unique.any(|index| index.columns.contains(attno))
    };
    let both = of(Command::Update)
        .intersection(&of(Command::Delete))
        .copied()
        .collect();
    let both: BTreeSet<i16> = both;
    both.into_iter().filter(|attno| !in_key(attno)).collect()
}

fn is_caller(way: &Way, table: &Relation, attno: i16) -> bool {
    let cell = Cell {
        source: ROW,
        relation: table.oid,
        attno,
    };
    matches!(
        way.caller_of(cell),
        Some(Source::Subject | Source::DatabaseRole)
    )
}

/// Returns true if a client may give a column any value in a new row, by a way that asks neither
/// for a role nor for another column to be the caller.
fn is_free(context: &Context<'_>, entry: &Entry<'_>, client: &Client, attno: i16) -> bool {
    let table = entry.table;
    let Some(column) = table.column(attno) else {
        return false;
    };
    let insertable = client.columns(context.facts, table, Command::Insert.as_str());
    let may_write = insertable == Columns::All || insertable.contains(attno);
    let mut ways = entry.incoming(Command::Insert).iter();
    let is_open = |way: &Way| {
        let own = way.row_columns();
        !way.is_unknown()
            && !own.contains(&attno)
            && !way.asks_caller_alone()
            && !way.reads.iter().any(|read| way.has_test_of(read.source))
            && !own.iter().any(|own| is_caller(way, table, *own))
            && !way.binds_row()
    };
    may_write
        && !column.is_generated
        && ways.any(is_open)
        && !is_restricted(context, table, client, Command::Insert, attno)
        && !is_set(context, table, column)
}

/// Returns true if a restrictive policy asks for a column of a new row.
pub(super) fn is_restricted(
    context: &Context<'_>,
    table: &Relation,
    client: &Client,
    command: Command,
    attno: i16,
) -> bool {
    context.book().of_table(table.oid).any(|entry| {
        let policy = entry.policy;
        let ways = entry.incoming(command);
        let asks = |way: &Way| way.is_unknown() || way.row_columns().contains(&attno);
        !policy.permissive
            && client.is_any_of(&policy.roles)
            && !ways.is_empty()
            && ways.iter().all(asks)
    })
}

/// Returns true if a trigger sets a column of each new row whatever the client has given, or if
/// what a trigger does is not known.
fn is_set(context: &Context<'_>, table: &Relation, column: &Attribute) -> bool {
    let mut triggers = context.facts.triggers.iter().filter(|trigger| {
        trigger.relation == table.oid
            && trigger.is_enabled
            && trigger.kind & BEFORE_INSERT_ROW == BEFORE_INSERT_ROW
            && !trigger
                .condition
                .iter()
                .any(|condition| asks_new(condition, column.attno))
    });
    triggers.any(|trigger| {
        let function = context.facts.functions.get(&trigger.function);
        let source = function.map(|function| &function.body);
        match source {
            Some(Body::Source(text)) => {
                statements(text).is_none_or(|statements| sets(&statements, &column.name))
            }
            _ => true,
        }
    })
}

/// Returns true if the condition of a trigger asks for a column of the new row, which is entry 2.
fn asks_new(condition: &Expr, attno: i16) -> bool {
    let new = Column::Own { varno: 2, attno };
    condition.columns().contains(&new)
}

/// Returns true if statements set `new.column`, unless a condition asks first what it is.
fn sets(statements: &[Statement], column: &str) -> bool {
    let mut statements = statements.iter();
    statements.any(|statement| match statement {
        Statement::SetField(record, field, value) => {
            record == "new" && field == column && !asks(value, column)
        }
        Statement::If(branches, otherwise) => {
            !branches
                .iter()
                .any(|(condition, _)| asks(condition, column))
                && (branches.iter().any(|(_, inside)| sets(inside, column))
                    || sets(otherwise, column))
        }
        // It may do so by a statement that is not understood.
        Statement::Other => true,
        _ => false,
    })
}

/// Returns true if an expression reads `new.column`.
fn asks(expr: &Sql, column: &str) -> bool {
    let all = |exprs: &[Sql]| exprs.iter().any(|expr| asks(expr, column));
    match expr {
        Sql::Name(name) => matches!(name.as_slice(), [new, own] if new == "new" && own == column),
        Sql::Parameter(_) | Sql::Constant(_) | Sql::Null => false,
        Sql::Call(_, args) | Sql::And(args) | Sql::Or(args) | Sql::List(args) | Sql::Of(args) => {
            all(args)
        }
        Sql::Operator(_, a, b) | Sql::Distinct(a, b) | Sql::Any(_, a, b) | Sql::All(_, a, b) => {
            asks(a, column) || asks(b, column)
        }
        Sql::Not(arg) | Sql::IsNull(arg) | Sql::IsTrue(arg) | Sql::Cast(arg, _) => {
            asks(arg, column)
        }
        Sql::Case(whens, otherwise) => {
            whens
                .iter()
                .any(|(when, then)| asks(when, column) || asks(then, column))
                || otherwise.as_deref().is_some_and(|expr| asks(expr, column))
        }
        // What a query reads is not followed.
        Sql::Exists(_) | Sql::Query(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{RULE, sets};
    use crate::lint::testing::{Database, boolean, eq_uuid, own, uid};
    use crate::lint::ways::sql::statements;

    #[test]
    fn an_owner_that_insert_leaves_free_is_named() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner"]);
        db.policy(notes, "add").insert().check(boolean(true));
        db.policy(notes, "change")
            .update()
            .using(eq_uuid(own(2), uid()));
        db.policy(notes, "remove")
            .delete()
            .using(eq_uuid(own(2), uid()));
        let findings = db.findings(&RULE);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].policy.as_deref(), Some("add"));
        assert_eq!(findings[0].evidence["column"], "owner");
    }

    #[test]
    fn an_owner_that_a_restriction_binds_or_nobody_may_write_is_none() {
        let mut db = Database::supabase();
        let notes = db.table("notes", &["id", "owner"]);
        db.policy(notes, "add").insert().check(boolean(true));
        db.policy(notes, "change")
            .update()
            .using(eq_uuid(own(2), uid()));
        db.policy(notes, "remove")
            .delete()
            .using(eq_uuid(own(2), uid()));
        db.policy(notes, "bound")
            .restrictive()
            .insert()
            .check(eq_uuid(own(2), uid()));
        assert_eq!(db.findings(&RULE), []);
    }

    /// Whether a trigger with this body sets `new.owner` whatever was given.
    fn is_set(body: &str) -> bool {
        sets(
            &statements(&format!("begin {body} return new; end")).unwrap(),
            "owner",
        )
    }

    #[test]
    fn a_trigger_counts_if_it_does_not_ask_what_was_given() {
        assert!(is_set("new.owner := auth.uid();"));
        assert!(is_set(
            "if tg_op = 'INSERT' then new.owner := auth.uid(); end if;"
        ));
        assert!(!is_set(
            "if new.owner is null then new.owner := auth.uid(); end if;"
        ));
        assert!(!is_set("new.owner := coalesce(new.owner, auth.uid());"));
        assert!(!is_set("new.changed := now();"));
    }
}
