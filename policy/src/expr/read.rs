//! Expressions from the generic tree. The fields are those of
//! src/include/nodes/primnodes.h. Nodes that older versions print under another name have both.

mod other;
mod query;

use std::borrow::Cow;
use std::str::FromStr;

use super::{
    Aggregation, ArrayOperation, BooleanTest, Call, Case, CastKind, Const, Expr, Operation, Param,
    RowComparison, SubLink, SubLinkKind, Var,
};
use crate::node::{Node, Value};

type Reader = fn(&Node<'_>) -> Option<Expr>;

impl Expr {
    /// Makes the expression that a value is. What is not known becomes [`Expr::Opaque`].
    pub fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Node(node) => Self::of_node(node),
            Value::Null => Self::Opaque("<>".to_owned()),
            _ => Self::Opaque("()".to_owned()),
        }
    }

    /// Makes the expressions of a value, however they are nested in lists: the keys of an index,
    /// the queries of a view's rule or of a function's body. A query becomes `EXISTS (query)`.
    pub fn each_of(value: &Value<'_>) -> Vec<Self> {
        let mut left = vec![value];
        let mut exprs = Vec::new();
        while let Some(value) = left.pop() {
            match value {
                Value::List(values) => left.extend(values.iter().rev()),
                Value::Null => {}
                value => exprs.push(Self::of(value)),
            }
        }
        exprs
    }

    fn of_node(node: &Node<'_>) -> Self {
        let expr = reader(node.name).and_then(|read| read(node));
        expr.unwrap_or_else(|| Self::Opaque(node.name.to_owned()))
    }
}

/// Returns the function that reads nodes of a name. Each is a function of its own, because the one
/// that calls itself for each level has to be small on the stack.
fn reader(name: &str) -> Option<Reader> {
    Some(match name {
        "VAR" => var,
        "CONST" => constant,
        "PARAM" => param,
        "FUNCEXPR" => call,
        "OPEXPR" => |node| operation(node).map(Expr::Operator),
        "DISTINCTEXPR" => |node| operation(node).map(Expr::Distinct),
        "NULLIFEXPR" => |node| operation(node).map(Expr::NullIf),
        "SCALARARRAYOPEXPR" => array_operation,
        "ROWCOMPARE" | "ROWCOMPAREEXPR" => row_comparison,
        "BOOLEXPR" => boolean,
        "NULLTEST" => null_test,
        "BOOLEANTEST" => boolean_test,
        "CASE" | "CASEEXPR" => case,
        "CASETESTEXPR" => |_| Some(Expr::CaseTest),
        "COALESCE" | "COALESCEEXPR" => |node| node.exprs("args").map(Expr::Coalesce),
        "MINMAX" | "MINMAXEXPR" => min_max,
        "SUBLINK" => sub_link,
        "QUERY" => whole_query,
        "RELABELTYPE" => |node| cast(node, CastKind::Relabel),
        "COERCEVIAIO" => |node| cast(node, CastKind::InputOutput),
        "ARRAYCOERCEEXPR" => |node| cast(node, CastKind::Array),
        "CONVERTROWTYPEEXPR" => |node| cast(node, CastKind::Row),
        "COERCETODOMAIN" => |node| cast(node, CastKind::Domain),
        "COLLATE" | "COLLATEEXPR" => |node| node.boxed("arg").map(Expr::Collate),
        "ROW" | "ROWEXPR" => |node| node.exprs("args").map(Expr::Row),
        "ARRAY" | "ARRAYEXPR" => |node| node.exprs("elements").map(Expr::Array),
        "SUBSCRIPTINGREF" => subscript,
        "FIELDSELECT" => field,
        "NAMEDARGEXPR" => |node| node.boxed("arg").map(Expr::NamedArg),
        "CURRENTOFEXPR" => |_| Some(Expr::CurrentOf),
        "SQLVALUEFUNCTION" => |node| node.number("op").map(Expr::SqlValue),
        "AGGREF" => aggregate,
        "WINDOWFUNC" => window,
        _ => return other::reader(name),
    })
}

/// The fields of a node as expressions and plain values; `None` if a field is missing or is
/// something else.
impl Node<'_> {
    pub(crate) fn number<T: FromStr>(&self, field: &str) -> Option<T> {
        self.get(field)?.as_number()
    }

    pub(crate) fn bool(&self, field: &str) -> Option<bool> {
        self.get(field)?.as_bool()
    }

    pub(crate) fn text(&self, field: &str) -> Option<String> {
        self.get(field)?.as_text().map(Cow::into_owned)
    }

    pub(crate) fn list(&self, field: &str) -> Option<&[Value<'_>]> {
        self.get(field)?.as_list()
    }

    pub(crate) fn is_null(&self, field: &str) -> bool {
        matches!(self.get(field), None | Some(Value::Null))
    }

    pub(super) fn expr(&self, field: &str) -> Option<Expr> {
        self.get(field)?.as_node().map(Expr::of_node)
    }

    pub(super) fn exprs(&self, field: &str) -> Option<Vec<Expr>> {
        Some(self.list(field)?.iter().map(Expr::of).collect())
    }

    fn boxed(&self, field: &str) -> Option<Box<Expr>> {
        self.expr(field).map(Box::new)
    }

    /// An expression that may be missing.
    pub(super) fn optional(&self, field: &str) -> Option<Option<Expr>> {
        match self.get(field)? {
            Value::Null => Some(None),
            value => Some(Some(Expr::of(value))),
        }
    }

    fn optional_box(&self, field: &str) -> Option<Option<Box<Expr>>> {
        Some(self.optional(field)?.map(Box::new))
    }
}

fn var(node: &Node<'_>) -> Option<Expr> {
    Some(Expr::Var(Var {
        varno: node.number("varno").filter(|varno| *varno > 0)?,
        attno: node.number("varattno")?,
        levels_up: node.number("varlevelsup")?,
    }))
}

fn constant(node: &Node<'_>) -> Option<Expr> {
    let bytes = match (node.get("constvalue")?, node.bool("constisnull")?) {
        (Value::Null, true) => None,
        (Value::Datum(bytes), false) => Some(bytes.clone()),
        _ => return None,
    };
    let type_id = node.number("consttype")?;
    Some(Expr::Const(Const { type_id, bytes }))
}

fn param(node: &Node<'_>) -> Option<Expr> {
    Some(Expr::Param(Param {
        kind: node.number("paramkind")?,
        id: node.number("paramid")?,
        type_id: node.number("paramtype")?,
    }))
}

fn call(node: &Node<'_>) -> Option<Expr> {
    Some(Expr::Call(Call {
        function: node.number("funcid")?,
        args: node.exprs("args")?,
    }))
}

fn operation(node: &Node<'_>) -> Option<Operation> {
    Some(Operation {
        operator: node.number("opno")?,
        function: node.number("opfuncid")?,
        args: node.exprs("args")?,
    })
}

fn array_operation(node: &Node<'_>) -> Option<Expr> {
    Some(Expr::ArrayOperator(ArrayOperation {
        operation: operation(node)?,
        any: node.bool("useOr")?,
    }))
}

fn row_comparison(node: &Node<'_>) -> Option<Expr> {
    let Value::Numbers(operators) = node.get("opnos")? else {
        return None;
    };
    let operators = operators.iter().map(|oid| u32::try_from(*oid).ok());
    Some(Expr::RowCompare(RowComparison {
        operators: operators.collect::<Option<_>>()?,
        left: node.exprs("largs")?,
        right: node.exprs("rargs")?,
    }))
}

fn boolean(node: &Node<'_>) -> Option<Expr> {
    let mut args = node.exprs("args")?;
    match node.text("boolop")?.as_str() {
        "and" => Some(Expr::And(args)),
        "or" => Some(Expr::Or(args)),
        "not" if args.len() == 1 => args.pop().map(Box::new).map(Expr::Not),
        _ => None,
    }
}

fn null_test(node: &Node<'_>) -> Option<Expr> {
    let arg = node.boxed("arg")?;
    match node.number("nulltesttype")? {
        0 => Some(Expr::IsNull(arg)),
        1 => Some(Expr::IsNotNull(arg)),
        _ => None,
    }
}

fn boolean_test(node: &Node<'_>) -> Option<Expr> {
    let test = match node.number("booltesttype")? {
        0 => BooleanTest::True,
        1 => BooleanTest::NotTrue,
        2 => BooleanTest::False,
        3 => BooleanTest::NotFalse,
        4 => BooleanTest::Unknown,
        5 => BooleanTest::NotUnknown,
        _ => return None,
    };
    Some(Expr::BooleanTest(test, node.boxed("arg")?))
}

fn case(node: &Node<'_>) -> Option<Expr> {
    let when = |value: &Value<'_>| {
        let node = value.as_node()?;
        let is_when = ["WHEN", "CASEWHEN"].contains(&node.name);
        let when = (node.expr("expr")?, node.expr("result")?);
        is_when.then_some(when)
    };
    Some(Expr::Case(Case {
        arg: node.optional_box("arg")?,
        whens: node.list("args")?.iter().map(when).collect::<Option<_>>()?,
        otherwise: node.optional_box("defresult")?,
    }))
}

fn min_max(node: &Node<'_>) -> Option<Expr> {
    let args = node.exprs("args")?;
    match node.number("op")? {
        0 => Some(Expr::Greatest(args)),
        1 => Some(Expr::Least(args)),
        _ => None,
    }
}

fn sub_link(node: &Node<'_>) -> Option<Expr> {
    let kind = match node.number("subLinkType")? {
        0 => SubLinkKind::Exists,
        1 => SubLinkKind::All,
        2 => SubLinkKind::Any,
        3 => SubLinkKind::RowCompare,
        // 5 is the source of several columns of an UPDATE.
        4 | 5 => SubLinkKind::Value,
        6 => SubLinkKind::Array,
        _ => return None,
    };
    Some(Expr::SubLink(SubLink {
        kind,
        test: node.optional_box("testexpr")?,
        query: node.query("subselect").map(Box::new)?,
    }))
}

fn whole_query(node: &Node<'_>) -> Option<Expr> {
    Some(Expr::SubLink(SubLink {
        kind: SubLinkKind::Exists,
        test: None,
        query: Box::new(query::query(node)?),
    }))
}

fn cast(node: &Node<'_>, kind: CastKind) -> Option<Expr> {
    let element = match kind {
        CastKind::Array => Some(node.boxed("elemexpr")?),
        _ => None,
    };
    Some(Expr::Cast {
        kind,
        type_id: node.number("resulttype")?,
        arg: node.boxed("arg")?,
        element,
    })
}

/// A subscript. A bound that is left out is not there.
fn subscript(node: &Node<'_>) -> Option<Expr> {
    let upper = node.list("refupperindexpr")?;
    let lower = node.list("reflowerindexpr")?;
    let bounds = upper.iter().chain(lower);
    let given = bounds.filter(|bound| **bound != Value::Null);
    let bounds = given.map(Expr::of).collect();
    if node.is_null("refassgnexpr") {
        return Some(Expr::Subscript(node.boxed("refexpr")?, bounds));
    }
    other::other(node)
}

fn field(node: &Node<'_>) -> Option<Expr> {
    Some(Expr::Field(node.boxed("arg")?, node.number("fieldnum")?))
}

fn aggregate(node: &Node<'_>) -> Option<Expr> {
    let mut args = node.exprs("aggdirectargs")?;
    for target in node.list("args")? {
        args.push(target.as_node()?.expr("expr")?);
    }
    Some(Expr::Aggregate(Aggregation {
        function: node.number("aggfnoid")?,
        args,
        filter: node.optional_box("aggfilter")?,
        sorting: other::parts_of(node, &["aggorder", "aggdistinct"]),
    }))
}

fn window(node: &Node<'_>) -> Option<Expr> {
    Some(Expr::Window(Aggregation {
        function: node.number("winfnoid")?,
        args: node.exprs("args")?,
        filter: node.optional_box("aggfilter")?,
        sorting: Vec::new(),
    }))
}
