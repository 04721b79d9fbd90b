//! Nodes of which rules need to know no more than what is in them.

use super::Reader;
use crate::expr::{Expr, Other};
use crate::node::{Node, Value};

/// Nodes that become [`Expr::Other`].
const OTHERS: [&str; 20] = [
    "COERCETODOMAINVALUE",
    "CTECYCLECLAUSE",
    "FIELDSTORE",
    "GROUPINGFUNC",
    "INFERENCEELEM",
    "JSONBEHAVIOR",
    "JSONCONSTRUCTOREXPR",
    "JSONEXPR",
    "JSONISPREDICATE",
    "JSONVALUEEXPR",
    "MERGESUPPORTFUNC",
    "NEXTVALUEEXPR",
    "RETURNINGEXPR",
    "SETTODEFAULT",
    "SORTGROUPCLAUSE",
    "SUBSCRIPTINGREF",
    "TABLEFUNC",
    "TABLESAMPLECLAUSE",
    "WINDOWCLAUSE",
    "XMLEXPR",
];

/// Nodes that are no expressions. Those in them belong to the node around.
const FRAMES: [&str; 12] = [
    "GROUPINGSET",
    "JSONFORMAT",
    "JSONRETURNING",
    "JSONTABLEPATH",
    "JSONTABLEPATHSCAN",
    "JSONTABLESIBLINGJOIN",
    "MERGEACTION",
    "ONCONFLICTEXPR",
    "RANGETBLREF",
    "ROWMARKCLAUSE",
    "SETOPERATIONSTMT",
    "TARGETENTRY",
];

/// Fields that name a function or an operator.
const FUNCTIONS: [&str; 3] = ["tsmhandler", "startInRangeFunc", "endInRangeFunc"];
const OPERATORS: [&str; 3] = ["eqop", "sortop", "cycle_mark_neop"];

/// The row that an `INSERT` proposes, column by column: reading it reads nothing.
const NOT_READ: &str = "exclRelTlist";

pub(super) fn reader(name: &str) -> Option<Reader> {
    OTHERS.contains(&name).then_some(other)
}

pub(super) fn other(node: &Node<'_>) -> Option<Expr> {
    let numbers = |fields: &[&str]| {
        let numbers = fields.iter().filter_map(|field| node.number(field));
        numbers.filter(|oid| *oid != 0).collect()
    };
    let mut args = Vec::new();
    add_fields(node, &mut args);
    Some(Expr::Other(Other {
        node: node.name.to_owned(),
        functions: numbers(&FUNCTIONS),
        operators: numbers(&OPERATORS),
        args,
    }))
}

/// Returns the expressions in some fields of a node.
pub(super) fn parts_of(node: &Node<'_>, fields: &[&str]) -> Vec<Expr> {
    let mut exprs = Vec::new();
    for value in fields.iter().filter_map(|field| node.get(field)) {
        add(value, &mut exprs);
    }
    exprs
}

fn add_fields(node: &Node<'_>, exprs: &mut Vec<Expr>) {
    for (field, value) in &node.fields {
        if *field != NOT_READ {
            add(value, exprs);
        }
    }
}

fn add(value: &Value<'_>, exprs: &mut Vec<Expr>) {
    match value {
        Value::Node(node) if FRAMES.contains(&node.name) => add_fields(node, exprs),
        Value::Node(node) => exprs.push(Expr::of_node(node)),
        Value::List(values) => {
            for value in values {
                add(value, exprs);
            }
        }
        _ => {}
    }
}
