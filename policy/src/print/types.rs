//! Types with their modifiers, and the type of an expression.

use super::{NotPrinted, Printed, Printer};
use crate::datum::types;
use crate::node::{Node, Value};

/// `VARHDRSZ`, which modifiers of text and numeric types have added.
const HEADER: i32 = 4;

impl Printer<'_> {
    /// Prints a type. A modifier of a type that is not known has no text.
    pub(super) fn type_name(&self, oid: u32, modifier: i32) -> Printed {
        let known = self.names.type_name(oid)?;
        let name = known.name.quoted();
        if modifier == -1 {
            return Ok(name);
        }
        let scalar = match (known.kind, known.element) {
            ('r', _) | (_, 0) => oid,
            (_, element) => element,
        };
        let text = modifier_text(scalar, modifier);
        let text = text.ok_or_else(|| NotPrinted::new(format!("a modifier of type {name}")))?;
        Ok(format!("{name}({text})"))
    }

    pub(super) fn cast(&self, arg: &str, oid: u32, modifier: i32) -> Printed {
        Ok(format!("({arg})::{}", self.type_name(oid, modifier)?))
    }
}

/// Returns what the functions of `typmodin` made a modifier of.
fn modifier_text(oid: u32, modifier: i32) -> Option<String> {
    let length = modifier.checked_sub(HEADER);
    let text = match oid {
        // bpchar, varchar
        1042 | 1043 => length?.to_string(),
        // numeric: the scale has 11 bits and a sign.
        1700 => {
            let (precision, scale) = (length? >> 16, length? & 0x7ff);
            let scale = (scale ^ 1024).checked_sub(1024)?;
            format!("{precision},{scale}")
        }
        // time, timestamp, timestamptz, timetz, bit, varbit
        1083 | 1114 | 1184 | 1266 | 1560 | 1562 => modifier.to_string(),
        types::INTERVAL => match (modifier >> 16 & 0x7fff, modifier & 0xffff) {
            (range, 0xffff) => range.to_string(),
            (range, precision) => format!("{range},{precision}"),
        },
        _ => return None,
    };
    Some(text)
}

/// Returns the type of an expression.
pub(super) fn type_of(node: &Node<'_>) -> Option<u32> {
    let field = match node.name {
        "VAR" => "vartype",
        "CONST" => "consttype",
        "PARAM" => "paramtype",
        "FUNCEXPR" => "funcresulttype",
        "OPEXPR" => "opresulttype",
        "COALESCE" | "COALESCEEXPR" => "coalescetype",
        "CASE" | "CASEEXPR" => "casetype",
        "MINMAX" | "MINMAXEXPR" => "minmaxtype",
        "ROW" | "ROWEXPR" => "row_typeid",
        "ARRAY" | "ARRAYEXPR" => "array_typeid",
        "SUBSCRIPTINGREF" => "refrestype",
        "AGGREF" => "aggtype",
        "WINDOWFUNC" => "wintype",
        "COLLATE" | "COLLATEEXPR" | "NAMEDARGEXPR" => return type_of(node.get("arg")?.as_node()?),
        "SUBLINK" => {
            let query = node.get("subselect")?.as_node()?;
            let target = query.get("targetList")?.as_list()?.first()?.as_node()?;
            let is_value = node.number::<u32>("subLinkType") == Some(4);
            return is_value.then(|| type_of(target.get("expr")?.as_node()?))?;
        }
        _ => "resulttype",
    };
    node.get(field).and_then(Value::as_number)
}
