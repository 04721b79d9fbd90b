//! What a query reads: `FROM`.

use super::query::names;
use super::scope::{Scope, entry_of};
use super::{NotPrinted, Printed, Printer, quoted};
use crate::node::{Node, Value};

impl Printer<'_> {
    pub(super) fn item(&self, item: &Value<'_>, query: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
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

    pub(super) fn entry(&self, entry: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
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
