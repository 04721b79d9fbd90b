//! Queries from the generic tree. The fields are those of src/include/nodes/parsenodes.h.

use super::super::{Cte, FromItem, Query, RangeEntry, RangeKind, Target};
use crate::Expr;
use crate::node::{Node, Value};

/// Parts that [`Query`] has no place for, as fields of their node, and the name they are given.
type Parts = [(&'static str, &'static str)];

const OF_QUERY: &Parts = &[
    ("groupingSets", "GROUPINGSET"),
    ("rowMarks", "ROWMARKCLAUSE"),
];
const OF_ENTRY: &Parts = &[
    ("tablesample", "TABLESAMPLECLAUSE"),
    ("securityQuals", "SECURITYQUALS"),
];
const OF_CTE: &Parts = &[
    ("search_clause", "CTESEARCHCLAUSE"),
    ("cycle_clause", "CTECYCLECLAUSE"),
];
const OF_WINDOW: &Parts = &[
    ("startOffset", "WINDOWCLAUSE"),
    ("endOffset", "WINDOWCLAUSE"),
];

/// The `CmdType` of `SELECT`.
const SELECT: u32 = 1;

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

    /// Adds the names of the parts that this node has.
    fn add_parts(&self, parts: &Parts, names: &mut Vec<String>) {
        let present = parts.iter().filter(|(field, _)| !self.is_null(field));
        names.extend(present.map(|(_, name)| (*name).to_owned()));
    }

    /// Adds the names of the parts that the nodes of a list have.
    fn add_parts_of(&self, field: &str, parts: &Parts, names: &mut Vec<String>) {
        let nodes = self.list(field).unwrap_or_default();
        for node in nodes.iter().filter_map(Value::as_node) {
            node.add_parts(parts, names);
        }
    }
}

fn query(node: &Node<'_>) -> Option<Query> {
    let mut opaque = Vec::new();
    if node.number("commandType") != Some(SELECT) {
        opaque.push("QUERY".to_owned());
    }
    node.add_parts(OF_QUERY, &mut opaque);
    node.add_parts_of("rtable", OF_ENTRY, &mut opaque);
    node.add_parts_of("cteList", OF_CTE, &mut opaque);
    node.add_parts_of("windowClause", OF_WINDOW, &mut opaque);
    let tree = node.get("jointree")?.as_node()?;
    Some(Query {
        ctes: node.nodes("cteList", cte)?,
        range_table: node.nodes("rtable", range_entry)?,
        from: tree.nodes("fromlist", from_item)?,
        condition: tree.optional("quals")?,
        targets: node.nodes("targetList", target)?,
        having: node.optional("havingQual")?,
        offset: node.optional("limitOffset")?,
        limit: node.optional("limitCount")?,
        is_set_operation: !node.is_null("setOperations"),
        opaque,
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
        4 => RangeKind::Opaque("TABLEFUNC".to_owned()),
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
