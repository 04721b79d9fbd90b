//! Queries from the generic tree. The fields are those of src/include/nodes/parsenodes.h.

use super::super::{Cte, FromItem, Query, QueryCommand, RangeEntry, RangeKind, Target};
use super::other;
use crate::Expr;
use crate::node::{Node, Value};

/// Fields of a query that are more than its parts with a name.
const OTHERS: [&str; 11] = [
    "groupClause",
    "groupingSets",
    "windowClause",
    "distinctClause",
    "sortClause",
    "rowMarks",
    "setOperations",
    "onConflict",
    "returningList",
    "mergeActionList",
    "mergeJoinCondition",
];

impl Node<'_> {
    /// Makes the query that a field is.
    pub(super) fn query(&self, field: &str) -> Option<Query> {
        let node = self.get(field)?.as_node()?;
        (node.name == "QUERY").then(|| query(node))?
    }

    fn nodes<T>(&self, field: &str, of: fn(&Node<'_>) -> Option<T>) -> Option<Vec<T>> {
        let of = |value: &Value<'_>| of(value.as_node()?);
        self.list(field)?.iter().map(of).collect()
    }
}

pub(super) fn query(node: &Node<'_>) -> Option<Query> {
    let command = match node.number("commandType")? {
        1 => QueryCommand::Select,
        2 => QueryCommand::Update,
        3 => QueryCommand::Insert,
        4 => QueryCommand::Delete,
        5 if node.get("mergeActionList").is_some() => QueryCommand::Merge,
        _ => QueryCommand::Unknown,
    };
    let mut others = other::parts_of(node, &OTHERS);
    for (list, field) in [("rtable", "tablesample"), ("cteList", "cycle_clause")] {
        let nodes = node.list(list)?.iter().filter_map(Value::as_node);
        others.extend(nodes.flat_map(|node| other::parts_of(node, &[field])));
    }
    let opaque = (command == QueryCommand::Unknown).then(|| "QUERY".to_owned());
    let tree = node.get("jointree")?.as_node()?;
    Some(Query {
        command,
        ctes: node.nodes("cteList", cte)?,
        range_table: node.nodes("rtable", range_entry)?,
        from: tree.nodes("fromlist", from_item)?,
        condition: tree.optional("quals")?,
        targets: node.nodes("targetList", target)?,
        having: node.optional("havingQual")?,
        offset: node.optional("limitOffset")?,
        limit: node.optional("limitCount")?,
        is_set_operation: !node.is_null("setOperations"),
        others,
        opaque: opaque.into_iter().collect(),
    })
}

fn cte(node: &Node<'_>) -> Option<Cte> {
    Some(Cte {
        name: node.text("ctename")?,
        query: node.query("ctequery")?,
    })
}

fn range_entry(node: &Node<'_>) -> Option<RangeEntry> {
    Some(RangeEntry {
        alias: node.get("eref")?.as_node()?.text("aliasname")?,
        kind: range_kind(node)?,
    })
}

/// The numbers are those of `RTEKind`.
fn range_kind(node: &Node<'_>) -> Option<RangeKind> {
    Some(match node.number("rtekind")? {
        0 => RangeKind::Relation {
            relation: node.number("relid")?,
            with_children: node.bool("inh")?,
        },
        1 => RangeKind::Subquery(Box::new(node.query("subquery")?)),
        2 => RangeKind::Join(node.exprs("joinaliasvars")?),
        3 => RangeKind::Functions(node.nodes("functions", |call| call.expr("funcexpr"))?),
        5 => RangeKind::Values(values(node)?),
        6 => RangeKind::Cte {
            name: node.text("ctename")?,
            levels_up: node.number("ctelevelsup")?,
        },
        9 => RangeKind::Group(node.exprs("groupexprs")?),
        4 => RangeKind::Functions(vec![node.expr("tablefunc")?]),
        number => RangeKind::Opaque(format!("RTEKIND {number}")),
    })
}

fn values(node: &Node<'_>) -> Option<Vec<Vec<Expr>>> {
    let row = |row: &Value<'_>| Some(row.as_list()?.iter().map(Expr::of).collect());
    node.list("values_lists")?.iter().map(row).collect()
}

fn from_item(node: &Node<'_>) -> Option<FromItem> {
    match node.name {
        "RANGETBLREF" => node.number("rtindex").map(FromItem::Entry),
        "JOINEXPR" => Some(FromItem::Join {
            kind: node.number("jointype")?,
            entry: node.number("rtindex")?,
            left: from_item(node.get("larg")?.as_node()?).map(Box::new)?,
            right: from_item(node.get("rarg")?.as_node()?).map(Box::new)?,
            condition: node.optional("quals")?,
        }),
        _ => None,
    }
}

fn target(node: &Node<'_>) -> Option<Target> {
    Some(Target {
        expr: node.expr("expr")?,
        name: node.text("resname"),
        is_junk: node.bool("resjunk")?,
    })
}
