//! A policy treats a column as a secret that a client has to send, and everybody can list it.

use serde_json::json;

use crate::facts::Command;
use crate::finding::{Finding, Level};
use crate::lint::caller::Source;
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::{Atom, Book, Cell, Entry, How, Term, Way};

pub(super) static RULE: Rule = Rule {
    name: "secret_key_readable",
    level: Level::Error,
    page: "docs/lint.md#secret_key_readable",
    title: "a secret that a policy asks for, and that everybody reads",
    also: &[],
    check,
};

/// Settings that a client chooses, as PostgREST sets them.
const SENT: &[&str] = &["request.header", "request.cookie"];

/// Words in the name of another setting that has a secret.
const SECRETS: &[&str] = &[
    "token",
    "secret",
    "passw",
    "invite",
    "share",
    "link_key",
    "access_key",
];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let book = context.book();
    for asker in book.permissive() {
        let is_reached = Command::ALL
            .iter()
            .any(|command| !context.clients_of(asker.policy, *command).is_empty());
        for way in asker.all().filter(|way| is_reached && !way.is_unknown()) {
            for secret in secrets(way) {
                findings.extend(leaks(context, book, asker, way, secret));
            }
        }
    }
}

/// The columns that are compared with something that the client sends.
fn secrets(way: &Way) -> Vec<Cell> {
    let compared = way.atoms.iter().filter_map(|atom| match atom {
        Atom::Compare(How::Equal, Term::Cell(cell), other)
        | Atom::Compare(How::Equal, other, Term::Cell(cell)) => is_sent(other).then_some(*cell),
        _ => None,
    });
    compared.collect()
}

fn is_sent(term: &Term) -> bool {
    match term {
        Term::Caller(Source::Setting(name)) => {
            SENT.iter().any(|sent| name.starts_with(sent))
                || SECRETS.iter().any(|word| name.contains(word))
        }
        Term::Of(terms) => terms.iter().any(is_sent),
        _ => false,
    }
}

fn leaks(
    context: &Context<'_>,
    book: &Book<'_>,
    asker: &Entry<'_>,
    way: &Way,
    secret: Cell,
) -> Vec<Finding> {
    let mut places: Vec<(u32, i16)> = Vec::new();
    for cell in way.equals(secret) {
        places.push((cell.relation, cell.attno));
        let relation = context.facts.relations.get(&cell.relation);
        for key in relation
            .into_iter()
            .flat_map(|relation| &relation.foreign_keys)
        {
            if let ([column], [target]) = (key.columns.as_slice(), key.target_columns.as_slice())
                && *column == cell.attno
            {
                places.push((key.target, *target));
            }
        }
    }
    let mut findings = Vec::new();
    for (relation, attno) in places {
        for entry in book
            .of_table(relation)
            .filter(|entry| entry.policy.permissive)
        {
            findings.extend(finding(context, book, asker, entry, attno));
        }
    }
    findings
}

fn finding(
    context: &Context<'_>,
    book: &Book<'_>,
    asker: &Entry<'_>,
    entry: &Entry<'_>,
    attno: i16,
) -> Option<Finding> {
    let facts = context.facts;
    if !entry.existing(Command::Select).iter().any(Way::is_open) {
        return None;
    }
    let clients = context
        .clients_of(entry.policy, Command::Select)
        .into_iter();
    let clients: Vec<_> = clients
        .filter(|client| client.columns(facts, entry.table, "SELECT").contains(attno))
        .filter(|client| !book.is_restricted(entry.table.oid, client, Command::Select))
        .collect();
    let column = facts.column_name(entry.table.oid, attno)?;
    if clients.is_empty() {
        return None;
    }
    let asking = facts.relation_name(asker.table.oid);
    let draft = Draft::policy(&RULE, facts, entry.policy)
        .problem(format!(
            "every client reads {column}, and policy {} of {asking} takes whoever sends it for \
             entitled",
            asker.policy.name
        ))
        .hint(format!(
            "Let this policy compare {column} with what the client sends, too, so that nobody can \
             list it."
        ))
        .evidence(json!({
            "column": column,
            "asked_by": asking,
            "by_policy": asker.policy.name,
            "roles": facts.role_names(clients.iter().map(|client| client.role)),
        }))
        .told_apart_by(column);
    Some(draft.done())
}
