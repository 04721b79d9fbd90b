//! Queries of sub-selects.

use super::scope::{Scope, entry_of};
use super::{NotPrinted, Printed, Printer, quoted};
use crate::node::{Node, Value};

impl Printer<'_> {
    /// Prints a query in parentheses.
    pub(super) fn query(&self, query: &Node<'_>, outer: &[Scope<'_>]) -> Printed {
        if query.name != "QUERY" || query.field::<u32>("commandType")? != 1 {
            return Err(NotPrinted::new("a query that writes"));
        }
        let mut scopes = outer.to_vec();
        scopes.push(Scope::Query(query));
        let scopes = &scopes[..];
        let mut text = self.with(query, scopes)?;
        let targets: Vec<_> = query
            .items("targetList")?
            .iter()
            .filter_map(Value::as_node)
            .collect();
        match query.get("setOperations").and_then(Value::as_node) {
            Some(operation) => text.push_str(&self.set_operation(operation, query, scopes)?),
            None => match self.values_of(query)? {
                Some(values) => text.push_str(&self.values(values, scopes)?),
                None => text.push_str(&self.select(query, &targets, scopes)?),
            },
        }
        let order = self.sorting(query.items("sortClause")?, &targets, scopes, true)?;
        if !order.is_empty() {
            text.push_str(&format!(" ORDER BY {order}"));
        }
        if !query.is_null("limitOffset") {
            let offset = self.expr(query.value("limitOffset")?, scopes)?;
            text.push_str(&format!(" OFFSET ({offset})"));
        }
        if !query.is_null("limitCount") {
            let count = self.expr(query.value("limitCount")?, scopes)?;
            text.push_str(&match query.field("limitOption")? {
                0_u32 => format!(" LIMIT ({count})"),
                1 => format!(" FETCH FIRST ({count}) ROWS WITH TIES"),
                _ => return Err(NotPrinted::new("LIMIT of another kind")),
            });
        }
        for mark in query.items("rowMarks")?.iter().filter_map(Value::as_node) {
            text.push_str(&self.row_mark(mark, query)?);
        }
        Ok(format!("({text})"))
    }

    fn select(&self, query: &Node<'_>, targets: &[&Node<'_>], scopes: &[Scope<'_>]) -> Printed {
        let mut text = "SELECT".to_owned();
        let distinct = query.items("distinctClause")?;
        if query.flag("hasDistinctOn")? {
            let on = self.refs(distinct, targets, scopes)?;
            text.push_str(&format!(" DISTINCT ON ({on})"));
        } else if !distinct.is_empty() {
            text.push_str(" DISTINCT");
        }
        let mut separator = " ";
        for target in targets
            .iter()
            .filter(|target| target.bool("resjunk") == Some(false))
        {
            let expr = self.element(target.value("expr")?, scopes)?;
            let name = quoted(&target.field_text("resname")?);
            text.push_str(&format!("{separator}{expr} AS {name}"));
            separator = ", ";
        }
        let tree = query.node("jointree")?;
        separator = " FROM ";
        for item in tree.items("fromlist")? {
            text.push_str(separator);
            text.push_str(&self.item(item, query, scopes)?);
            separator = ", ";
        }
        if !tree.is_null("quals") {
            text.push_str(&format!(
                " WHERE {}",
                self.expr(tree.value("quals")?, scopes)?
            ));
        }
        text.push_str(&self.grouping(query, targets, scopes)?);
        if !query.is_null("havingQual") {
            text.push_str(&format!(
                " HAVING {}",
                self.expr(query.value("havingQual")?, scopes)?
            ));
        }
        separator = " WINDOW ";
        for window in query
            .items("windowClause")?
            .iter()
            .filter_map(Value::as_node)
        {
            if let Some(name) = window.text("name") {
                let clause = self.window_clause(window, query, scopes)?;
                text.push_str(&format!("{separator}{} AS {clause}", quoted(&name)));
                separator = ", ";
            }
        }
        Ok(text)
    }

    fn row_mark(&self, mark: &Node<'_>, query: &Node<'_>) -> Printed {
        if mark.flag("pushedDown")? {
            return Ok(String::new());
        }
        let strength = match mark.field::<u32>("strength")? {
            1 => "KEY SHARE",
            2 => "SHARE",
            3 => "NO KEY UPDATE",
            4 => "UPDATE",
            _ => return Err(NotPrinted::new("ROWMARKCLAUSE")),
        };
        let waits = match mark.field::<u32>("waitPolicy")? {
            0 => "",
            1 => " SKIP LOCKED",
            2 => " NOWAIT",
            _ => return Err(NotPrinted::new("ROWMARKCLAUSE")),
        };
        let entry = entry_of(query, mark.field("rti")?)?;
        let name = self
            .entry_name(entry)?
            .ok_or_else(|| NotPrinted::new("a lock of a join"))?;
        Ok(format!(" FOR {strength} OF {}{waits}", quoted(&name)))
    }

    fn set_operation(
        &self,
        operation: &Node<'_>,
        query: &Node<'_>,
        scopes: &[Scope<'_>],
    ) -> Printed {
        if operation.name == "RANGETBLREF" {
            let entry = entry_of(query, operation.field("rtindex")?)?;
            // The query is inside of this one, but sees none of its tables.
            return self.query(entry.node("subquery")?, scopes);
        }
        let word = match operation.field::<u32>("op")? {
            1 => "UNION",
            2 => "INTERSECT",
            3 => "EXCEPT",
            _ => return Err(NotPrinted::new("a set operation")),
        };
        let all = if operation.flag("all")? { " ALL" } else { "" };
        let left = self.set_operand(operation.node("larg")?, query, scopes)?;
        let right = self.set_operand(operation.node("rarg")?, query, scopes)?;
        Ok(format!("{left} {word}{all} {right}"))
    }

    fn set_operand(&self, operand: &Node<'_>, query: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let text = self.set_operation(operand, query, scopes)?;
        match operand.name {
            "RANGETBLREF" => Ok(text),
            _ => Ok(format!("({text})")),
        }
    }

    /// Returns the rows of a query that is `VALUES`.
    fn values_of<'q>(&self, query: &'q Node<'_>) -> Result<Option<&'q [Value<'q>]>, NotPrinted> {
        let [item] = query.node("jointree")?.items("fromlist")? else {
            return Ok(None);
        };
        let Some(item) = item.as_node().filter(|item| item.name == "RANGETBLREF") else {
            return Ok(None);
        };
        let entry = entry_of(query, item.field("rtindex")?)?;
        match entry.field::<u32>("rtekind")? {
            5 if entry.is_null("alias") => entry.items("values_lists").map(Some),
            _ => Ok(None),
        }
    }

    fn values(&self, rows: &[Value<'_>], scopes: &[Scope<'_>]) -> Printed {
        let rows = rows.iter().map(|row| {
            let row = row.as_list().ok_or_else(|| NotPrinted::new("VALUES"))?;
            Ok(format!("({})", self.elements(row, scopes)?))
        });
        let rows: Result<Vec<_>, NotPrinted> = rows.collect();
        Ok(format!("VALUES {}", rows?.join(", ")))
    }

    fn with(&self, query: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let ctes = query.items("cteList")?.iter().filter_map(Value::as_node);
        let ctes = ctes.map(|cte| {
            let mut text = quoted(&cte.field_text("ctename")?);
            text.push_str(&names(cte.items("aliascolnames")?));
            text.push_str(match cte.field::<u32>("ctematerialized")? {
                0 => " AS ",
                1 => " AS MATERIALIZED ",
                2 => " AS NOT MATERIALIZED ",
                _ => return Err(NotPrinted::new("WITH of another kind")),
            });
            text.push_str(&self.query(cte.node("ctequery")?, scopes)?);
            if let Some(search) = cte.get("search_clause").and_then(Value::as_node) {
                let first = if search.flag("search_breadth_first")? {
                    "BREADTH"
                } else {
                    "DEPTH"
                };
                let by = list(search.items("search_col_list")?);
                let column = quoted(&search.field_text("search_seq_column")?);
                text.push_str(&format!(" SEARCH {first} FIRST BY {by} SET {column}"));
            }
            if let Some(cycle) = cte.get("cycle_clause").and_then(Value::as_node) {
                let columns = list(cycle.items("cycle_col_list")?);
                let mark = quoted(&cycle.field_text("cycle_mark_column")?);
                let path = quoted(&cycle.field_text("cycle_path_column")?);
                let value = self.typed_literal(cycle.node("cycle_mark_value")?)?;
                let default = self.typed_literal(cycle.node("cycle_mark_default")?)?;
                text.push_str(&format!(
                    " CYCLE {columns} SET {mark} TO {value} DEFAULT {default} USING {path}"
                ));
            }
            Ok(text)
        });
        let ctes = ctes.collect::<Result<Vec<_>, NotPrinted>>()?.join(", ");
        Ok(match (ctes.is_empty(), query.flag("hasRecursive")?) {
            (true, _) => String::new(),
            (false, true) => format!("WITH RECURSIVE {ctes} "),
            (false, false) => format!("WITH {ctes} "),
        })
    }
}

fn list(names: &[Value<'_>]) -> String {
    let names = names.iter().filter_map(Value::as_text);
    let names: Vec<_> = names.map(|name| quoted(&name)).collect();
    names.join(", ")
}

/// Prints names in parentheses, if there are any.
pub(super) fn names(names: &[Value<'_>]) -> String {
    match names {
        [] => String::new(),
        names => format!(" ({})", list(names)),
    }
}
