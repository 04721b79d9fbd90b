//! INSERT binds a column to what the caller belongs to, such as his team, and UPDATE leaves it
//! free: a row is moved to where the client may not insert one.

use std::collections::BTreeSet;

use serde_json::json;

use crate::facts::{Client, Command, quote_ident};
use crate::finding::{Finding, Level};
use crate::lint::caller::Source;
use crate::lint::context::Context;
use crate::lint::rows::is_kept;
use crate::lint::rule::{Draft, Rule};
use crate::lint::rules::owner_free_in_insert::is_restricted;
use crate::lint::ways::{Atom, Cell, Entry, How, ROW, Term, Way};

pub(super) static RULE: Rule = Rule {
    name: "update_binds_less",
    level: Level::Warning,
    page: "docs/lint.md#update_binds_less",
    title: "UPDATE leaves free what INSERT binds to the caller",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let entries = context.book().permissive();
    let updates = entries.filter(|entry| entry.policy.command == Some(Command::Update));
    findings.extend(updates.filter_map(|entry| finding(context, entry)));
}

fn finding(context: &Context<'_>, entry: &Entry<'_>) -> Option<Finding> {
    let facts = context.facts;
    let clients = context.clients_of(entry.policy, Command::Update);
    let (client, attno) = clients
        .iter()
        .find_map(|client| Some((*client, free(context, entry, client)?)))?;
    let column = quote_ident(facts.column_name(entry.table.oid, attno)?);
    let needs_no_where = is_shown_only_if_bound(context, entry, client, attno);
    let draft = Draft::policy(&RULE, facts, entry.policy)
        .hint(format!(
            "Let its WITH CHECK bind {column} of the new row, as the policy for INSERT does."
        ))
        .evidence(json!({
            "column": column,
            "roles": facts.role_names(clients.iter().map(|client| client.role)),
            "only_without_where": needs_no_where,
        }));
    let problem = format!(
        "it leaves {column} free, which INSERT binds to the caller: a row can be moved to where \
         the client may not insert one"
    );
    let draft = if needs_no_where {
        draft.level(Level::Info).problem(format!(
            "{problem}; only without WHERE and RETURNING, because the policies for SELECT bind it"
        ))
    } else {
        draft.problem(problem)
    };
    Some(draft.done())
}

/// Returns a column that each way to insert binds to the caller, and one way to update does not
/// look at.
fn free(context: &Context<'_>, entry: &Entry<'_>, client: &Client) -> Option<i16> {
    let table = entry.table;
    let inserts = context.book().applying(table.oid, client, Command::Insert);
    let mut bound: Option<BTreeSet<i16>> = None;
    for way in inserts.flat_map(|insert| insert.incoming(Command::Insert)) {
        if way.is_unknown() {
            return None;
        }
        let own = bound_by(way);
        bound = Some(match bound {
            Some(bound) => bound.intersection(&own).copied().collect(),
            None => own,
        });
    }
    let updatable = client.columns(context.facts, table, Command::Update.as_str());
    let ways = entry.incoming(Command::Update);
    bound?.into_iter().find(|attno| {
        let Some(column) = table.column(*attno) else {
            return false;
        };
        let is_open = |way: &Way| {
            !way.is_unknown()
                && !way.row_columns().contains(attno)
                && !way.asks_caller_alone()
                && !way.reads.iter().any(|read| way.has_test_of(read.source))
        };
        updatable.contains(*attno)
            && !column.is_generated
            && ways.iter().any(is_open)
            && !is_restricted(context, table, client, Command::Update, *attno)
            && !is_kept(context, table, Command::Update, &column.name)
    })
}

/// Returns the columns of the row that a way binds to a claim, or to a table that it reads for the
/// caller. The caller himself is the owner, whom other rules are about.
fn bound_by(way: &Way) -> BTreeSet<i16> {
    let mut callers = BTreeSet::new();
    loop {
        let known = callers.len();
        for read in &way.reads {
            let is_of_caller = way.cells_of(read.source).into_iter().any(|cell| {
                way.caller_of(cell).is_some()
                    || way
                        .equals(cell)
                        .iter()
                        .any(|equal| callers.contains(&equal.source))
            });
            if is_of_caller {
                callers.insert(read.source);
            }
        }
        if callers.len() == known {
            break;
        }
    }
    let is_bound = |cell: &Cell| match way.caller_of(*cell) {
        Some(source) => matches!(source, Source::Claim(_) | Source::Setting(_)),
        None => way
            .equals(*cell)
            .iter()
            .any(|equal| callers.contains(&equal.source)),
    };
    let cells = way.cells_of(ROW).into_iter().filter(is_bound);
    cells.map(|cell| cell.attno).collect()
}

/// Returns true if a row that the client may see has the column bound. A statement with WHERE or
/// RETURNING has to pass the policies for SELECT with its new row, too.
fn is_shown_only_if_bound(
    context: &Context<'_>,
    entry: &Entry<'_>,
    client: &Client,
    attno: i16,
) -> bool {
    let table = entry.table.oid;
    let binds = |way: &Way| {
        way.is_unknown()
            || way.row_columns().contains(&attno)
                && !way.atoms.iter().any(|atom| is_about_constant(atom, attno))
    };
    let shows = |entry: &Entry<'_>| entry.existing(Command::Select).iter().all(binds);
    context
        .book()
        .applying(table, client, Command::Select)
        .all(shows)
        || context.book().of_table(table).any(|entry| {
            let ways = entry.existing(Command::Select);
            !entry.policy.permissive
                && client.is_any_of(&entry.policy.roles)
                && !ways.is_empty()
                && ways.iter().all(binds)
        })
}

/// `team = 1` does not bind the team to the caller.
fn is_about_constant(atom: &Atom, attno: i16) -> bool {
    let is_own = |term: &Term| {
        let cell = term.cell();
        cell.is_some_and(|cell| cell.source == ROW && cell.attno == attno)
    };
    match atom {
        Atom::Compare(How::Equal, a, b) => {
            is_own(a) && matches!(b, Term::Constant(_))
                || is_own(b) && matches!(a, Term::Constant(_))
        }
        _ => false,
    }
}
