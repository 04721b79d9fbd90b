//! How the rows of a query are grouped and sorted.

use super::scope::Scope;
use super::{NotPrinted, Printed, Printer, quoted};
use crate::node::{Node, Value};

impl Printer<'_> {
    pub(super) fn grouping(
        &self,
        query: &Node<'_>,
        targets: &[&Node<'_>],
        scopes: &[Scope<'_>],
    ) -> Printed {
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
            4 => format!("GROUPING SETS ({})", inner()?),
            _ => return Err(NotPrinted::new("GROUPINGSET")),
        })
    }

    /// The keys of a list of `SortGroupClause` without how they sort.
    pub(super) fn refs(
        &self,
        clauses: &[Value<'_>],
        targets: &[&Node<'_>],
        scopes: &[Scope<'_>],
    ) -> Printed {
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
}
