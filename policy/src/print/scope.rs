//! Columns and the names that they have where they are read.

use super::{NotPrinted, Printed, Printer, quoted};
use crate::node::{Node, Value};

/// The tables whose columns can be read.
#[derive(Clone, Copy)]
pub(super) enum Scope<'t> {
    /// The table that the expression belongs to.
    Table(u32),
    /// A query.
    Query(&'t Node<'t>),
}

/// How deep entries of a range table may refer to each other.
const MAX_ENTRIES: usize = 200;

impl Printer<'_> {
    /// Prints a column. A whole row is `table.*`.
    pub(super) fn var(&self, var: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let level: usize = var.field("varlevelsup")?;
        let outer = scopes.len().checked_sub(level.saturating_add(1));
        let scope = outer.and_then(|place| scopes.get(place));
        let (Some(scope), Some(inner)) = (
            scope,
            outer.and_then(|at| scopes.get(at.saturating_add(1)..)),
        ) else {
            return Err(NotPrinted::new("a column of no query"));
        };
        if var
            .number::<u32>("varreturningtype")
            .is_some_and(|kind| kind != 0)
        {
            return Err(NotPrinted::new("OLD and NEW"));
        }
        if let Scope::Query(query) = *scope
            && let Some(expr) = grouped(query, var)?
        {
            let around = scopes.get(..=outer.unwrap_or_default()).unwrap_or_default();
            let own: *const () = std::ptr::from_ref(query).cast();
            if self.behind == Some(own) {
                return Err(NotPrinted::new("a grouped column behind itself"));
            }
            let printer = Self {
                behind: Some(own),
                ..*self
            };
            return match level {
                0 => printer.expr(expr, around),
                // The expression would have to be read from further inside.
                _ => Err(NotPrinted::new("a grouped column of a query further out")),
            };
        }
        let (mut entry, mut attno): (usize, i16) = (var.field("varno")?, var.field("varattno")?);
        let (as_written, column) = (var.number("varnosyn"), var.number("varattnosyn"));
        if let (Some(as_written @ 1..), Some(column)) = (as_written, column) {
            (entry, attno) = (as_written, column);
        }
        let table = self.table_name(*scope, entry)?;
        let column = match attno {
            0 => None,
            _ => Some(self.column_name(*scope, entry, attno, 0)?),
        };
        match (table, column) {
            (Some(table), column) => {
                let table = match inner.iter().any(|inner| self.has_table(*inner, &table)) {
                    true => self.full_name(*scope, entry, inner)?,
                    false => quoted(&table),
                };
                let column = column.map_or_else(|| "*".to_owned(), |name| quoted(&name));
                Ok(format!("{table}.{column}"))
            }
            (None, Some(column)) => {
                match inner.iter().any(|inner| self.has_column(*inner, &column)) {
                    true => Err(NotPrinted::new(format!("hidden column {column}"))),
                    false => Ok(quoted(&column)),
                }
            }
            (None, None) => Err(NotPrinted::new("the row of a join without a name")),
        }
    }

    /// Prints an element of a list in which `table.*` would become all of its columns.
    pub(super) fn element(&self, value: &Value<'_>, scopes: &[Scope<'_>]) -> Printed {
        let text = self.expr(value, scopes)?;
        let is_var = value.as_node().is_some_and(|node| node.name == "VAR");
        let Some(table) = text.strip_suffix(".*").filter(|_| is_var) else {
            return Ok(text);
        };
        let is_column = |name: &str| scopes.iter().any(|scope| self.has_column(*scope, name));
        let name = table.trim_matches('"').replace("\"\"", "\"");
        match is_column(&name) || table.contains("\".\"") {
            true => Err(NotPrinted::new(format!("the row {table} in a list"))),
            false => Ok(table.to_owned()),
        }
    }

    /// Returns what columns of an entry are qualified with. A join without a name has nothing.
    fn table_name(&self, scope: Scope<'_>, entry: usize) -> Result<Option<String>, NotPrinted> {
        let query = match scope {
            Scope::Table(relation) => {
                let name = self.names.relation(relation)?;
                return match entry {
                    1 => Ok(Some(name.name.clone())),
                    _ => Err(NotPrinted::new("a row beside that of the table")),
                };
            }
            Scope::Query(query) => query,
        };
        self.entry_name(entry_of(query, entry)?)
    }

    pub(super) fn entry_name(&self, entry: &Node<'_>) -> Result<Option<String>, NotPrinted> {
        if let Some(alias) = entry.get("alias").and_then(Value::as_node) {
            return alias.field_text("aliasname").map(Some);
        }
        Ok(match entry.field("rtekind")? {
            0 => {
                let relation = self.names.relation(entry.field("relid")?)?;
                Some(relation.name.clone())
            }
            2 | 9 => None,
            _ => Some(entry.node("eref")?.field_text("aliasname")?),
        })
    }

    /// The name with the schema, for a table that another one of the same name hides.
    fn full_name(&self, scope: Scope<'_>, entry: usize, inner: &[Scope<'_>]) -> Printed {
        let relation = match scope {
            Scope::Table(relation) => relation,
            Scope::Query(query) => {
                let entry = entry_of(query, entry)?;
                match (entry.field("rtekind")?, entry.is_null("alias")) {
                    (0, true) => entry.field("relid")?,
                    _ => return Err(NotPrinted::new("a hidden table")),
                }
            }
        };
        let is_same = |entry: &Node<'_>| {
            let relid: Option<u32> = entry.number("relid");
            entry.is_null("alias") && relid == Some(relation)
        };
        let hidden = inner.iter().any(|scope| match scope {
            Scope::Table(_) => true,
            Scope::Query(query) => entries(query).any(is_same),
        });
        match hidden {
            true => Err(NotPrinted::new("a hidden table")),
            false => Ok(self.names.relation(relation)?.quoted()),
        }
    }

    fn has_table(&self, scope: Scope<'_>, name: &str) -> bool {
        match scope {
            Scope::Table(relation) => {
                let table = self.names.relation(relation);
                table.is_ok_and(|table| table.name == name)
            }
            Scope::Query(query) => entries(query).any(|entry| {
                let using = entry.get("join_using_alias").and_then(Value::as_node);
                let is_using =
                    using.is_some_and(|alias| alias.text("aliasname").as_deref() == Some(name));
                is_using || self.entry_name(entry).ok().flatten().as_deref() == Some(name)
            }),
        }
    }

    /// Returns true if a scope has a column of this name, or may have.
    fn has_column(&self, scope: Scope<'_>, name: &str) -> bool {
        match scope {
            Scope::Table(relation) => {
                let columns = self
                    .names
                    .columns
                    .range((relation, i16::MIN)..=(relation, i16::MAX));
                columns
                    .map(|(_, column)| column)
                    .any(|column| column == name)
            }
            Scope::Query(query) => (1..).zip(entries(query)).any(|(number, entry)| {
                let columns = entry.get("eref").and_then(Value::as_node);
                let count = columns
                    .and_then(|eref| eref.list("colnames"))
                    .map_or(0, <[_]>::len);
                let relation: Option<u32> = entry
                    .number("relid")
                    .filter(|_| entry.number("rtekind") == Some(0));
                let in_catalog =
                    relation.is_some_and(|oid| self.has_column(Scope::Table(oid), name));
                in_catalog
                    || (1..).take(count).any(|attno| {
                        let column = self.column_name(scope, number, attno, 0);
                        column.is_ok_and(|column| column == name)
                    })
            }),
        }
    }

    /// Returns the name of a column of an entry as it is now: tables may have changed since the
    /// tree was made.
    pub(super) fn column_name(
        &self,
        scope: Scope<'_>,
        entry: usize,
        attno: i16,
        depth: usize,
    ) -> Printed {
        let query = match scope {
            Scope::Table(relation) => return self.names.column(relation, attno).map(str::to_owned),
            Scope::Query(query) if depth < MAX_ENTRIES => query,
            Scope::Query(_) => return Err(NotPrinted::new("joins so deep")),
        };
        let entry = entry_of(query, entry)?;
        let place = usize::try_from(attno)
            .ok()
            .and_then(|attno| attno.checked_sub(1));
        let in_list = |alias: &Node<'_>| {
            alias
                .list("colnames")?
                .get(place?)?
                .as_text()
                .map(String::from)
        };
        let alias = entry.get("alias").and_then(Value::as_node);
        if let Some(name) = alias.and_then(in_list) {
            return Ok(name);
        }
        match entry.field("rtekind")? {
            0 => {
                return self
                    .names
                    .column(entry.field("relid")?, attno)
                    .map(str::to_owned);
            }
            2 => {
                let behind = entry.list("joinaliasvars").zip(place);
                let behind = behind.and_then(|(list, place)| list.get(place)?.as_node());
                if let Some(var) = behind.filter(|node| node.name == "VAR") {
                    let (entry, attno) = (var.field("varno")?, var.field("varattno")?);
                    return self.column_name(scope, entry, attno, depth.saturating_add(1));
                }
            }
            _ => {}
        }
        let name = in_list(entry.node("eref")?).filter(|name| !name.is_empty());
        name.ok_or_else(|| NotPrinted::new("a column without a name"))
    }
}

pub(super) fn entries<'t>(query: &'t Node<'t>) -> impl Iterator<Item = &'t Node<'t>> {
    let entries = query.list("rtable").unwrap_or_default();
    entries.iter().filter_map(Value::as_node)
}

pub(super) fn entry_of<'t>(query: &'t Node<'_>, number: usize) -> Result<&'t Node<'t>, NotPrinted> {
    let place = number.checked_sub(1);
    let entry = query
        .list("rtable")
        .zip(place)
        .and_then(|(list, place)| list.get(place));
    let entry = entry.and_then(Value::as_node);
    entry.ok_or_else(|| NotPrinted::new("a table that is not there"))
}

/// Returns the expression behind a column of the grouping of a query (from Postgres 18 on).
fn grouped<'t>(query: &'t Node<'t>, var: &Node<'_>) -> Result<Option<&'t Value<'t>>, NotPrinted> {
    let entry = entry_of(query, var.field("varno")?)?;
    if entry.field::<u32>("rtekind")? != 9 {
        return Ok(None);
    }
    let place = var.field::<usize>("varattno")?.checked_sub(1);
    let expr = entry
        .list("groupexprs")
        .zip(place)
        .and_then(|(list, place)| list.get(place));
    expr.map(Some)
        .ok_or_else(|| NotPrinted::new("a grouped column that is not there"))
}
