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
                _ => format!(" FETCH FIRST ({count}) ROWS WITH TIES"),
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

    fn grouping(&self, query: &Node<'_>, targets: &[&Node<'_>], scopes: &[Scope<'_>]) -> Printed {
        let sets = query.items("groupingSets")?;
        let keys = match sets {
            [] => self.refs(query.items("groupClause")?, targets, scopes)?,
            sets => {
                let sets = sets
                    .iter()
                    .map(|set| self.grouping_set(set, targets, scopes));
                sets.collect::<Result<Vec<_>, _>>()?.join(", ")
            }
        };
        let distinct = if query.flag("groupDistinct")? {
            "DISTINCT "
        } else {
            ""
        };
        match keys.as_str() {
            "" => Ok(String::new()),
            keys => Ok(format!(" GROUP BY {distinct}{keys}")),
        }
    }

    fn grouping_set(
        &self,
        set: &Value<'_>,
        targets: &[&Node<'_>],
        scopes: &[Scope<'_>],
    ) -> Printed {
        let set = set
            .as_node()
            .ok_or_else(|| NotPrinted::new("GROUPINGSET"))?;
        let inner = || {
            let sets = set.items("content")?.iter();
            let sets = sets.map(|set| self.grouping_set(set, targets, scopes));
            Ok::<_, NotPrinted>(sets.collect::<Result<Vec<_>, _>>()?.join(", "))
        };
        Ok(match set.field::<u32>("kind")? {
            0 => "()".to_owned(),
            1 => {
                let Some(Value::Numbers(refs)) = set.get("content") else {
                    return Err(NotPrinted::new("GROUPINGSET"));
                };
                let refs = refs
                    .iter()
                    .map(|number| self.target(*number, targets, scopes, true));
                let refs = refs.collect::<Result<Vec<_>, _>>()?;
                match &refs[..] {
                    [one] => one.clone(),
                    several => format!("({})", several.join(", ")),
                }
            }
            2 => format!("ROLLUP({})", inner()?),
            3 => format!("CUBE({})", inner()?),
            _ => format!("GROUPING SETS ({})", inner()?),
        })
    }

    /// The keys of a list of `SortGroupClause` without how they sort.
    fn refs(&self, clauses: &[Value<'_>], targets: &[&Node<'_>], scopes: &[Scope<'_>]) -> Printed {
        let keys = clauses
            .iter()
            .filter_map(Value::as_node)
            .map(|clause| self.target(clause.field("tleSortGroupRef")?, targets, scopes, true));
        Ok(keys.collect::<Result<Vec<_>, NotPrinted>>()?.join(", "))
    }

    /// Prints how rows are sorted. By number, if `numbers` may stand for columns of the result.
    pub(super) fn sorting(
        &self,
        clauses: &[Value<'_>],
        targets: &[&Node<'_>],
        scopes: &[Scope<'_>],
        numbers: bool,
    ) -> Printed {
        let keys = clauses.iter().filter_map(Value::as_node).map(|clause| {
            let key = self.target(clause.field("tleSortGroupRef")?, targets, scopes, numbers)?;
            let operator = self.names.operator(clause.field("sortop")?)?;
            let direction = match (operator.is_own(), operator.name.as_str()) {
                (true, "<") => "ASC".to_owned(),
                (true, ">") => "DESC".to_owned(),
                _ => format!("USING {}", operator.operator()),
            };
            let nulls = if clause.flag("nulls_first")? {
                "FIRST"
            } else {
                "LAST"
            };
            Ok(format!("{key} {direction} NULLS {nulls}"))
        });
        Ok(keys.collect::<Result<Vec<_>, NotPrinted>>()?.join(", "))
    }

    fn target(
        &self,
        reference: i64,
        targets: &[&Node<'_>],
        scopes: &[Scope<'_>],
        numbers: bool,
    ) -> Printed {
        let is_it = |target: &&&Node<'_>| target.number("ressortgroupref") == Some(reference);
        let target = targets.iter().find(is_it);
        let target = target.ok_or_else(|| NotPrinted::new("a column that is not there"))?;
        if numbers && !target.flag("resjunk")? {
            return Ok(target.field::<u32>("resno")?.to_string());
        }
        let text = self.expr(target.value("expr")?, scopes)?;
        // A number would be that of a column, and a name alone could be that of a result.
        let is_taken_for_another = |text: &str| {
            let is_name = text.starts_with('"') && !text.contains('.') && !text.contains('(');
            numbers && (is_name || ["true", "false"].contains(&text))
        };
        match () {
            () if numbers && text.chars().all(|c| c.is_ascii_digit()) => {
                Ok(format!("'{text}'::\"pg_catalog\".\"int4\""))
            }
            () if is_taken_for_another(&text) => Err(NotPrinted::new(format!("{text} as a key"))),
            () => Ok(text),
        }
    }

    pub(super) fn window_clause(
        &self,
        window: &Node<'_>,
        query: &Node<'_>,
        scopes: &[Scope<'_>],
    ) -> Printed {
        let targets: Vec<_> = query
            .items("targetList")?
            .iter()
            .filter_map(Value::as_node)
            .collect();
        let mut parts = Vec::new();
        let base = window.text("refname");
        parts.extend(base.as_deref().map(quoted));
        let partition = window.items("partitionClause")?;
        if base.is_none() && !partition.is_empty() {
            let keys = partition.iter().filter_map(Value::as_node).map(|clause| {
                self.target(clause.field("tleSortGroupRef")?, &targets, scopes, false)
            });
            let keys = keys.collect::<Result<Vec<_>, NotPrinted>>()?;
            parts.push(format!("PARTITION BY {}", keys.join(", ")));
        }
        if !window.flag("copiedOrder")? {
            let order = self.sorting(window.items("orderClause")?, &targets, scopes, false)?;
            if !order.is_empty() {
                parts.push(format!("ORDER BY {order}"));
            }
        }
        let options: u32 = window.field("frameOptions")?;
        let has = |bit: u32| options & bit != 0;
        if has(0x1) {
            let unit = match () {
                () if has(0x2) => "RANGE",
                () if has(0x4) => "ROWS",
                () => "GROUPS",
            };
            let offset = |field| self.expr(window.value(field)?, scopes);
            let start = match () {
                () if has(0x20) => "UNBOUNDED PRECEDING".to_owned(),
                () if has(0x200) => "CURRENT ROW".to_owned(),
                () if has(0x800) => format!("{} PRECEDING", offset("startOffset")?),
                () if has(0x2000) => format!("{} FOLLOWING", offset("startOffset")?),
                () => return Err(NotPrinted::new("the frame of a window")),
            };
            let end = match () {
                () if has(0x100) => "UNBOUNDED FOLLOWING".to_owned(),
                () if has(0x400) => "CURRENT ROW".to_owned(),
                () if has(0x1000) => format!("{} PRECEDING", offset("endOffset")?),
                () if has(0x4000) => format!("{} FOLLOWING", offset("endOffset")?),
                () => return Err(NotPrinted::new("the frame of a window")),
            };
            parts.push(match has(0x10) {
                true => format!("{unit} BETWEEN {start} AND {end}"),
                false => format!("{unit} {start}"),
            });
            let excluded = [
                (0x8000, "CURRENT ROW"),
                (0x10000, "GROUP"),
                (0x20000, "TIES"),
            ];
            let excluded = excluded.iter().filter(|(bit, _)| has(*bit));
            parts.extend(excluded.map(|(_, what)| format!("EXCLUDE {what}")));
        }
        Ok(format!("({})", parts.join(" ")))
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
            _ => " NOWAIT",
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
                _ => " AS NOT MATERIALIZED ",
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

    fn item(&self, item: &Value<'_>, query: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let item = item.as_node().ok_or_else(|| NotPrinted::new("FROM"))?;
        if item.name == "RANGETBLREF" {
            let entry = entry_of(query, item.field("rtindex")?)?;
            return self.entry(entry, scopes);
        }
        if item.name != "JOINEXPR" {
            return Err(NotPrinted::new(item.name));
        }
        let left = self.item(item.value("larg")?, query, scopes)?;
        let right = self.item(item.value("rarg")?, query, scopes)?;
        let number: usize = item.field("rtindex")?;
        let entry = entry_of(query, number)?;
        let using = item.items("usingClause")?;
        let word = match item.field::<u32>("jointype")? {
            0 if using.is_empty() && item.is_null("quals") => "CROSS JOIN",
            0 => "JOIN",
            1 => "LEFT JOIN",
            2 => "FULL JOIN",
            3 => "RIGHT JOIN",
            _ => return Err(NotPrinted::new("a join of another kind")),
        };
        let mut text = format!("{left} {word} {right}");
        if !using.is_empty() {
            self.check_using(item, entry, query)?;
            text.push_str(&format!(" USING {}", names(using).trim_start()));
            if let Some(alias) = item.get("join_using_alias").and_then(Value::as_node) {
                text.push_str(&format!(" AS {}", quoted(&alias.field_text("aliasname")?)));
            }
        } else if !item.is_null("quals") {
            text.push_str(&format!(" ON {}", self.expr(item.value("quals")?, scopes)?));
        }
        let alias = alias_of(entry)?;
        Ok(format!("({text}){alias}"))
    }

    /// Makes sure that columns of USING still have the names that they were joined by.
    fn check_using(
        &self,
        join: &Node<'_>,
        entry: &Node<'_>,
        query: &Node<'_>,
    ) -> Result<(), NotPrinted> {
        for (side, columns) in [("larg", "joinleftcols"), ("rarg", "joinrightcols")] {
            let Some(Value::Numbers(columns)) = entry.get(columns) else {
                return Err(NotPrinted::new("USING"));
            };
            let side = join.node(side)?;
            let number: usize = side.field("rtindex")?;
            for (name, attno) in join.items("usingClause")?.iter().zip(columns) {
                let attno = i16::try_from(*attno).map_err(|_| NotPrinted::new("USING"))?;
                let now = self.column_name(Scope::Query(query), number, attno, 0)?;
                if name.as_text().as_deref() != Some(now.as_str()) {
                    return Err(NotPrinted::new("USING of a column that is renamed"));
                }
            }
        }
        Ok(())
    }

    fn entry(&self, entry: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let kind: u32 = entry.field("rtekind")?;
        let mut text = match kind {
            0 => {
                let only = if entry.flag("inh")? { "" } else { "ONLY " };
                let relation = self.names.relation(entry.field("relid")?)?;
                format!("{only}{}", relation.quoted())
            }
            1 => self.query(entry.node("subquery")?, scopes)?,
            3 => return self.functions(entry, scopes),
            6 => self.cte_name(entry, scopes)?,
            _ => return Err(NotPrinted::new(format!("a table of kind {kind}"))),
        };
        if kind == 1 && entry.flag("lateral")? {
            text = format!("LATERAL {text}");
        }
        text.push_str(&alias_of(entry)?);
        if let Some(sample) = entry.get("tablesample").and_then(Value::as_node) {
            let method = self.names.function(sample.field("tsmhandler")?)?.quoted();
            let args = self.exprs(sample.items("args")?, scopes)?.join(", ");
            text.push_str(&format!(" TABLESAMPLE {method} ({args})"));
            if !sample.is_null("repeatable") {
                let seed = self.expr(sample.value("repeatable")?, scopes)?;
                text.push_str(&format!(" REPEATABLE ({seed})"));
            }
        }
        Ok(text)
    }

    /// The name of a query of WITH, unless another one hides it.
    fn cte_name(&self, entry: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let name = entry.field_text("ctename")?;
        let levels: usize = entry.field("ctelevelsup")?;
        let nearer = scopes.iter().rev().take(levels);
        let hides = |scope: &Scope<'_>| match scope {
            Scope::Table(_) => false,
            Scope::Query(query) => {
                let ctes = query.list("cteList").unwrap_or_default().iter();
                let mut ctes = ctes.filter_map(Value::as_node);
                ctes.any(|cte| cte.text("ctename").as_deref() == Some(&name))
            }
        };
        match nearer.into_iter().any(hides) {
            true => Err(NotPrinted::new("a hidden query of WITH")),
            false => Ok(quoted(&name)),
        }
    }

    fn functions(&self, entry: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let lateral = if entry.flag("lateral")? {
            "LATERAL "
        } else {
            ""
        };
        let functions: Vec<_> = entry
            .items("functions")?
            .iter()
            .filter_map(Value::as_node)
            .collect();
        let ordinality = if entry.flag("funcordinality")? {
            " WITH ORDINALITY"
        } else {
            ""
        };
        let calls = functions
            .iter()
            .map(|function| self.expr(function.value("funcexpr")?, scopes));
        let calls = calls.collect::<Result<Vec<_>, NotPrinted>>()?;
        let columns = functions
            .iter()
            .map(|function| self.column_definitions(function));
        let columns = columns.collect::<Result<Vec<_>, NotPrinted>>()?;
        match (&calls[..], &columns[..]) {
            ([call], [None]) => Ok(format!("{lateral}{call}{ordinality}{}", alias_of(entry)?)),
            ([call], [Some(columns)]) if ordinality.is_empty() => {
                let alias = entry.node("eref")?.field_text("aliasname")?;
                Ok(format!("{lateral}{call} AS {} ({columns})", quoted(&alias)))
            }
            _ => {
                let calls = calls
                    .iter()
                    .zip(&columns)
                    .map(|(call, columns)| match columns {
                        Some(columns) => format!("{call} AS ({columns})"),
                        None => call.clone(),
                    });
                let calls = calls.collect::<Vec<_>>().join(", ");
                Ok(format!(
                    "{lateral}ROWS FROM ({calls}){ordinality}{}",
                    alias_of(entry)?
                ))
            }
        }
    }

    /// The columns of a function that returns records.
    fn column_definitions(&self, function: &Node<'_>) -> Result<Option<String>, NotPrinted> {
        let names = function.items("funccolnames")?;
        if names.is_empty() {
            return Ok(None);
        }
        let numbers = |field| match function.get(field) {
            Some(Value::Numbers(numbers)) => Ok(numbers),
            _ => Err(NotPrinted::new("the columns of a record")),
        };
        let (types, modifiers) = (numbers("funccoltypes")?, numbers("funccoltypmods")?);
        let collations = numbers("funccolcollations")?;
        let columns = names
            .iter()
            .zip(types.iter().zip(modifiers).zip(collations));
        let columns = columns.map(|(name, ((type_id, modifier), collation))| {
            let number =
                |number: &i64| u32::try_from(*number).map_err(|_| NotPrinted::new("an OID"));
            let modifier = i32::try_from(*modifier).map_err(|_| NotPrinted::new("a modifier"))?;
            let name = name
                .as_text()
                .ok_or_else(|| NotPrinted::new("a column without a name"))?;
            let collation = match number(collation)? {
                0 | 100 => String::new(),
                oid => format!(" COLLATE {}", self.names.collation(oid)?.quoted()),
            };
            let type_name = self.type_name(number(type_id)?, modifier)?;
            Ok(format!("{} {type_name}{collation}", quoted(&name)))
        });
        let columns = columns.collect::<Result<Vec<_>, NotPrinted>>()?;
        Ok(Some(columns.join(", ")))
    }
}

/// Prints the name that an entry was given, if it was given one.
fn alias_of(entry: &Node<'_>) -> Printed {
    let Some(alias) = entry.get("alias").and_then(Value::as_node) else {
        return Ok(String::new());
    };
    let name = quoted(&alias.field_text("aliasname")?);
    Ok(format!(" AS {name}{}", names(alias.items("colnames")?)))
}

fn list(names: &[Value<'_>]) -> String {
    let names = names.iter().filter_map(Value::as_text);
    let names: Vec<_> = names.map(|name| quoted(&name)).collect();
    names.join(", ")
}

/// Prints names in parentheses, if there are any.
fn names(names: &[Value<'_>]) -> String {
    match names {
        [] => String::new(),
        names => format!(" ({})", list(names)),
    }
}
