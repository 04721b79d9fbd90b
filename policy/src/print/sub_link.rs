//! Sub-selects among expressions.

use super::scope::Scope;
use super::{NotPrinted, Printed, Printer};
use crate::node::{Node, Value};

impl Printer<'_> {
    pub(super) fn sub_link(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let query = self.query(node.node("subselect")?, scopes)?;
        let word = match node.field::<u32>("subLinkType")? {
            0 => return Ok(format!("(EXISTS {query})")),
            1 => "ALL ",
            2 => "ANY ",
            3 => "",
            4 => return Ok(query),
            6 => return Ok(format!("ARRAY{query}")),
            _ => return Err(NotPrinted::new("a sub-select of another kind")),
        };
        let test = node.node("testexpr")?;
        let (operator, left) = match test.name {
            "ROWCOMPARE" | "ROWCOMPAREEXPR" => {
                let Some(Value::Numbers(operators)) = test.get("opnos") else {
                    return Err(NotPrinted::new("a comparison of rows"));
                };
                let oids = operators.iter().map(|oid| u32::try_from(*oid).ok());
                let left = self.elements(test.items("largs")?, scopes)?;
                (self.same_operator(oids)?, format!("ROW({left})"))
            }
            "BOOLEXPR" => {
                let tests = test.items("args")?.iter().filter_map(Value::as_node);
                let oids = tests.clone().map(|test| test.number("opno"));
                let operator = self.same_operator(oids)?;
                let left = tests.map(|test| {
                    let [left, _] = test.both("args")?;
                    self.element(left, scopes)
                });
                let left: Result<Vec<_>, _> = left.collect();
                (operator, format!("ROW({})", left?.join(", ")))
            }
            "OPEXPR" => {
                let operator = self.names.operator(test.field("opno")?)?.operator();
                let [left, _] = test.both("args")?;
                (operator, self.expr(left, scopes)?)
            }
            _ => return Err(NotPrinted::new("a test of a sub-select")),
        };
        Ok(format!("({left} {operator} {word}{query})"))
    }
}
