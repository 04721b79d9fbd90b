//! Rows that a client can put into a table that another table's policy goes through, with a key of
//! its choice: the policy opens what the key stands for.

use std::collections::BTreeSet;

use super::context::Context;
use super::rows;
use super::ways::{Atom, Book, Cell, Entry, How, Link, ROW, Term, Way};
use crate::facts::{Client, Command};

/// A row that a client can make, and what it opens.
pub(super) struct Planted<'b, 'f> {
    /// The policy that goes through the table.
    pub(super) reader: &'b Entry<'f>,
    /// The policy that lets the row in.
    pub(super) writer: &'b Entry<'f>,
    pub(super) way: &'b Way,
    pub(super) command: Command,
    /// The key that is free.
    pub(super) key: Cell,
    /// The column of the reader's row that the key is compared with.
    pub(super) target: Cell,
    /// The column that has the caller, if the reader asks for it.
    pub(super) user: Option<Cell>,
    pub(super) clients: Vec<u32>,
}

impl Planted<'_, '_> {
    /// Returns true if the writer binds the column that has the caller.
    pub(super) fn binds_user(&self) -> bool {
        self.user
            .is_some_and(|user| self.way.caller_of(own(user)).is_some())
    }

    /// Returns true if the writer asks for nothing but the caller, and that what the key names
    /// exists.
    pub(super) fn asks_nothing_else(&self) -> bool {
        let mut reads = self.way.reads.iter();
        (self.binds_user() || self.way.atoms.is_empty() || self.way.is_open())
            && reads.all(|read| exists_only(self.way, own(self.key), read.source))
    }
}

/// Returns the rows that clients can make, as far as each policy is known.
pub(super) fn planted<'b, 'f>(
    context: &Context<'f>,
    book: &'b Book<'f>,
    links: &'b [Link<'b, 'f>],
) -> Vec<Planted<'b, 'f>> {
    let mut all = Vec::new();
    for link in links {
        let is_other = link.read.relation != link.reader.table.oid;
        if !is_other || link.asks_for_own_row() || !opens(context, book, link) {
            continue;
        }
        for writer in book
            .of_table(link.read.relation)
            .filter(|w| w.policy.permissive)
        {
            for command in [Command::Insert, Command::Update] {
                all.extend(by(context, book, link, writer, command));
            }
        }
    }
    all
}

/// Returns true if a client gets something by the policy that it does not have anyway.
fn opens(context: &Context<'_>, book: &Book<'_>, link: &Link<'_, '_>) -> bool {
    let reader = link.reader;
    Command::ALL.iter().any(|command| {
        let clients = context.clients_of(reader.policy, *command);
        clients.into_iter().any(|client| {
            let mut others = book.applying(reader.table.oid, client, *command);
            !others.any(|other| {
                let ways = other
                    .existing(*command)
                    .iter()
                    .chain(other.incoming(*command));
                ways.into_iter().any(Way::is_open)
            })
        })
    })
}

fn by<'b, 'f>(
    context: &Context<'f>,
    book: &'b Book<'f>,
    link: &'b Link<'b, 'f>,
    writer: &'b Entry<'f>,
    command: Command,
) -> Vec<Planted<'b, 'f>> {
    let table = writer.table;
    let clients: Vec<&Client> = context
        .clients_of(writer.policy, command)
        .into_iter()
        .filter(|client| !book.is_restricted(table.oid, client, command))
        .collect();
    let mut found = Vec::new();
    if clients.is_empty() {
        return found;
    }
    for way in writer.incoming(command) {
        if way.is_unknown() || way.asks_caller_alone() {
            continue;
        }
        for (key, target) in &link.groups {
            let named = context.facts.column_name(table.oid, key.attno);
            let is_kept = named.is_some_and(|name| rows::is_kept(context, table, command, name));
            if is_kept || table.is_unique(&[key.attno]) {
                continue;
            }
            let able = clients
                .iter()
                .filter(|client| is_free(context, book, way, own(*key), client))
                .filter(|client| fits(context, link, way, *key, client, command));
            let clients: Vec<u32> = able.map(|client| client.role).collect();
            if !clients.is_empty() {
                found.push(Planted {
                    reader: link.reader,
                    writer,
                    way,
                    command,
                    key: *key,
                    target: *target,
                    user: link.users.first().copied(),
                    clients,
                });
            }
        }
    }
    found
}

/// Returns true if a client may choose a column of the row: nothing is asked about it, or only that
/// a row exists that everybody sees.
fn is_free(
    context: &Context<'_>,
    book: &Book<'_>,
    way: &Way,
    column: Cell,
    client: &Client,
) -> bool {
    let asked = way
        .atoms
        .iter()
        .filter(|atom| atom.cells().contains(&column));
    let mut sources = asked.flat_map(Atom::cells).map(|cell| cell.source);
    sources.all(|source| {
        let read = way.reads.iter().find(|read| read.source == source);
        let Some(read) = read.filter(|read| exists_only(way, column, read.source)) else {
            return source == ROW && !is_tested_alone(context, way, column);
        };
        let table = context.facts.relations.get(&read.relation);
        let sees_all = !read.as_caller || table.is_some_and(|table| !table.rls);
        sees_all
            || book
                .applying(read.relation, client, Command::Select)
                .any(|entry| entry.existing(Command::Select).iter().any(Way::is_open))
    })
}

/// Returns true if a column is compared with anything but columns of other tables. That it is not
/// NULL, or is a number within bounds, leaves the choice.
fn is_tested_alone(context: &Context<'_>, way: &Way, column: Cell) -> bool {
    let facts = context.facts;
    let table = facts.relations.get(&column.relation);
    let attribute = table.and_then(|table| table.column(column.attno));
    let is_number = attribute.is_some_and(|attribute| {
        ["smallint", "integer", "bigint", "numeric"]
            .contains(&facts.type_name(attribute.type_id).as_str())
    });
    way.atoms
        .iter()
        .filter(|atom| atom.cells().contains(&column))
        .any(|atom| match atom {
            Atom::Compare(How::Equal, Term::Cell(a), Term::Cell(b)) => {
                a.source == ROW && b.source == ROW
            }
            Atom::IsNotNull(Term::Cell(_)) => false,
            Atom::Compare(How::Other | How::NotEqual, Term::Cell(_), Term::Constant(_))
            | Atom::Compare(How::Other | How::NotEqual, Term::Constant(_), Term::Cell(_)) => {
                !is_number
            }
            _ => true,
        })
}

/// Returns true if all that is asked of a source is that its row has the value of a column.
fn exists_only(way: &Way, column: Cell, source: u32) -> bool {
    let mut asked = way
        .atoms
        .iter()
        .filter(|atom| atom.cells().iter().any(|cell| cell.source == source));
    asked.all(|atom| match atom {
        Atom::Compare(How::Equal, Term::Cell(a), Term::Cell(b)) => *a == column || *b == column,
        _ => false,
    })
}

/// Returns true if the client can write the columns that the reader asks for as it wants them.
fn fits(
    context: &Context<'_>,
    link: &Link<'_, '_>,
    way: &Way,
    key: Cell,
    client: &Client,
    command: Command,
) -> bool {
    let Some(table) = context.facts.relations.get(&link.read.relation) else {
        return false;
    };
    let writable = client.columns(context.facts, table, command.as_str());
    let asked = link.way.cells_of(link.read.source);
    let is_tested = |attno: i16| way.row_columns().contains(&attno);
    asked.into_iter().all(|cell| {
        let column = own(cell);
        if !is_tested(cell.attno) {
            let has_default = table
                .column(cell.attno)
                .is_some_and(|c| c.default.is_some());
            let is_asked = link.way.constants_of(cell).is_empty() || !has_default;
            let keeps = command == Command::Update && cell != key;
            return writable.contains(cell.attno) || !is_asked || keeps;
        }
        // Equal to another column of the row: if that is the caller's here, the row is his anyway.
        if link.groups.iter().any(|(group, _)| *group == cell) {
            return way.caller_of(column).is_none();
        }
        let wanted = link.way.constants_of(cell);
        if !wanted.is_empty() {
            return may_be(way, column, &wanted);
        }
        match (link.way.caller_of(cell), way.caller_of(column)) {
            (Some(wanted), Some(bound)) => wanted == bound,
            (None, None) => {
                let relations = |way: &Way, cell: Cell| -> BTreeSet<u32> {
                    way.equals(cell)
                        .into_iter()
                        .map(|cell| cell.relation)
                        .collect()
                };
                let mut through = relations(link.way, cell);
                through.remove(&cell.relation);
                relations(way, column)
                    .iter()
                    .any(|relation| through.contains(relation))
            }
            _ => false,
        }
    })
}

/// Returns true if a way lets a column be what is wanted of it: each is a constant, or some of them
/// with commas between.
fn may_be(way: &Way, column: Cell, wanted: &[&str]) -> bool {
    let has = |list: &str, value: &str| list.split(',').any(|own| own == value);
    let bound = way.constants_of(column);
    let fits = |value: &str| wanted.iter().all(|list| has(list, value));
    if !bound.is_empty() {
        let mut values = bound.iter().flat_map(|list| list.split(','));
        return values.any(|value| fits(value) && bound.iter().all(|list| has(list, value)));
    }
    let mut values = wanted.iter().flat_map(|list| list.split(','));
    values.any(|value| {
        let mut atoms = way
            .atoms
            .iter()
            .filter(|atom| atom.cells().contains(&column));
        let allowed = atoms.all(|atom| match atom {
            Atom::Compare(How::NotEqual, Term::Cell(_), Term::Constant(Some(list)))
            | Atom::Compare(How::NotEqual, Term::Constant(Some(list)), Term::Cell(_)) => {
                !has(list, value)
            }
            _ => false,
        });
        allowed && fits(value)
    })
}

/// The column of the table's own row that a column of a source is.
fn own(cell: Cell) -> Cell {
    Cell {
        source: ROW,
        ..cell
    }
}
