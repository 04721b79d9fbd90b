//! Expressions.

use super::call::sql_value;
use super::fields::form;
use super::scope::Scope;
use super::types::type_of;
use super::{NotPrinted, Printed, Printer, quoted};
use crate::datum::types;
use crate::node::{MAX_VALUES, Node, Value};

impl Printer<'_> {
    pub(super) fn expr(&self, value: &Value<'_>, scopes: &[Scope<'_>]) -> Printed {
        let node = value.as_node().ok_or_else(|| NotPrinted::new("a list"))?;
        self.printed.set(self.printed.get().saturating_add(1));
        if self.printed.get() > MAX_VALUES {
            return Err(NotPrinted::new("so many expressions"));
        }
        match node.name {
            "VAR" => self.var(node, scopes),
            "CONST" => self.constant(node),
            "FUNCEXPR" => self.call(node, scopes),
            "OPEXPR" => self.operation(node, scopes),
            "DISTINCTEXPR" => self.own_operation(node, "IS DISTINCT FROM", scopes),
            "NULLIFEXPR" => self.null_if(node, scopes),
            "SCALARARRAYOPEXPR" => self.array_operation(node, scopes),
            "ROWCOMPARE" | "ROWCOMPAREEXPR" => self.row_comparison(node, scopes),
            "BOOLEXPR" => self.boolean(node, scopes),
            "NULLTEST" => self.null_test(node, scopes),
            "BOOLEANTEST" => {
                let tests = [
                    "TRUE",
                    "NOT TRUE",
                    "FALSE",
                    "NOT FALSE",
                    "UNKNOWN",
                    "NOT UNKNOWN",
                ];
                self.tested(node, "booltesttype", &tests, scopes)
            }
            "CASE" | "CASEEXPR" => self.case(node, scopes),
            "COALESCE" | "COALESCEEXPR" => self.list_of("COALESCE", node, "args", scopes),
            "MINMAX" | "MINMAXEXPR" => match node.field::<u32>("op")? {
                0 => self.list_of("GREATEST", node, "args", scopes),
                1 => self.list_of("LEAST", node, "args", scopes),
                _ => Err(NotPrinted::new(node.name)),
            },
            "SUBLINK" => self.sub_link(node, scopes),
            "RELABELTYPE" => self.coercion(node, "relabelformat", scopes),
            "COERCEVIAIO" => self.coercion(node, "coerceformat", scopes),
            "ARRAYCOERCEEXPR" => self.coercion(node, "coerceformat", scopes),
            "CONVERTROWTYPEEXPR" => self.coercion(node, "convertformat", scopes),
            "COERCETODOMAIN" => self.coercion(node, "coercionformat", scopes),
            "COLLATE" | "COLLATEEXPR" => {
                let arg = self.expr(node.value("arg")?, scopes)?;
                let name = self.names.collation(node.field("collOid")?)?.quoted();
                Ok(format!("({arg} COLLATE {name})"))
            }
            "ROW" | "ROWEXPR" => self.row(node, scopes),
            "ARRAY" | "ARRAYEXPR" => self.array(node, scopes),
            "SUBSCRIPTINGREF" => self.subscript(node, scopes),
            "FIELDSELECT" => self.field_of(node, scopes),
            "NAMEDARGEXPR" => {
                let name = quoted(&node.field_text("name")?);
                Ok(format!(
                    "{name} => {}",
                    self.expr(node.value("arg")?, scopes)?
                ))
            }
            "SQLVALUEFUNCTION" => sql_value(node),
            "AGGREF" => self.aggregate(node, scopes),
            "WINDOWFUNC" => self.window(node, scopes),
            "GROUPINGFUNC" => self.list_of("GROUPING", node, "args", scopes),
            "XMLEXPR" => self.xml(node, scopes),
            other => Err(NotPrinted::new(other)),
        }
    }

    pub(super) fn exprs(
        &self,
        values: &[Value<'_>],
        scopes: &[Scope<'_>],
    ) -> Result<Vec<String>, NotPrinted> {
        values
            .iter()
            .map(|value| self.expr(value, scopes))
            .collect()
    }

    pub(super) fn elements(&self, values: &[Value<'_>], scopes: &[Scope<'_>]) -> Printed {
        let texts: Result<Vec<_>, _> = values
            .iter()
            .map(|value| self.element(value, scopes))
            .collect();
        Ok(texts?.join(", "))
    }

    fn list_of(&self, word: &str, node: &Node<'_>, field: &str, scopes: &[Scope<'_>]) -> Printed {
        let args = self.exprs(node.items(field)?, scopes)?;
        Ok(format!("{word}({})", args.join(", ")))
    }

    fn operation(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let operator = self.names.operator(node.field("opno")?)?.operator();
        match node.items("args")? {
            [arg] => Ok(format!("({operator} {})", self.expr(arg, scopes)?)),
            [left, right] => {
                let (left, right) = (self.expr(left, scopes)?, self.expr(right, scopes)?);
                Ok(format!("({left} {operator} {right})"))
            }
            _ => Err(NotPrinted::new("an operator without arguments")),
        }
    }

    /// Whatever Postgres looks up by the name `=` has to be its own operator.
    pub(super) fn has_own_operator(&self, node: &Node<'_>) -> Result<(), NotPrinted> {
        let operator = self.names.operator(node.field("opno")?)?;
        match operator.is_own() && operator.name == "=" {
            true => Ok(()),
            false => Err(NotPrinted::new(format!(
                "{} by {}",
                node.name,
                operator.operator()
            ))),
        }
    }

    fn own_operation(&self, node: &Node<'_>, word: &str, scopes: &[Scope<'_>]) -> Printed {
        self.has_own_operator(node)?;
        let [left, right] = node.both("args")?;
        let (left, right) = (self.expr(left, scopes)?, self.expr(right, scopes)?);
        Ok(format!("({left} {word} {right})"))
    }

    fn null_if(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        self.has_own_operator(node)?;
        self.list_of("NULLIF", node, "args", scopes)
    }

    fn array_operation(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let operator = self.names.operator(node.field("opno")?)?;
        let any = node.flag("useOr")?;
        let [left, right] = node.both("args")?;
        if let Some(list) = right.as_node().filter(|list| is_of_in(list)) {
            let word = match (operator.is_own(), operator.name.as_str(), any) {
                (true, "=", true) => "IN",
                (true, "<>", false) => "NOT IN",
                _ => return Err(NotPrinted::new("IN by another operator")),
            };
            let list = self.exprs(list.items("elements")?, scopes)?.join(", ");
            return Ok(format!("({} {word} ({list}))", self.expr(left, scopes)?));
        }
        let operator = operator.operator();
        let word = if any { "ANY" } else { "ALL" };
        let mut array = self.expr(right, scopes)?;
        // A sub-select in the brackets would be that of `ANY (select …)`. A cast to its own type
        // makes a value of it, and leaves nothing in the tree.
        let bare = right.as_node().map(without_implicit_casts);
        if let Some(link) = bare.filter(|node| node.name == "SUBLINK") {
            let type_id = type_of(link).ok_or_else(|| NotPrinted::new("a value of no type"))?;
            array = self.cast(&array, type_id, -1)?;
        }
        Ok(format!(
            "({} {operator} {word} ({array}))",
            self.expr(left, scopes)?
        ))
    }

    fn row_comparison(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let Some(Value::Numbers(operators)) = node.get("opnos") else {
            return Err(NotPrinted::new("a comparison of rows"));
        };
        let operator = self.same_operator(operators.iter().map(|oid| u32::try_from(*oid).ok()))?;
        let left = self.elements(node.items("largs")?, scopes)?;
        let right = self.elements(node.items("rargs")?, scopes)?;
        Ok(format!("(ROW({left}) {operator} ROW({right}))"))
    }

    /// Returns the name of operators that have to have the same.
    pub(super) fn same_operator(&self, mut oids: impl Iterator<Item = Option<u32>>) -> Printed {
        let name = |oid: Option<u32>| self.names.operator(oid.unwrap_or_default());
        let first = name(oids.next().flatten())?;
        for oid in oids {
            if name(oid)? != first {
                return Err(NotPrinted::new("operators of several names"));
            }
        }
        Ok(first.operator())
    }

    fn boolean(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let mut args = self.exprs(node.items("args")?, scopes)?;
        let word = node.field_text("boolop")?;
        // The grammar makes one AND of `(a AND b) AND c`, but not if there is a cast between them.
        // A cast to its own type leaves nothing in the tree.
        let first = node.items("args")?.first().and_then(Value::as_node);
        let same = |first: &Node<'_>| {
            first.name == "BOOLEXPR" && first.text("boolop").as_ref() == Some(&word)
        };
        if word != "not"
            && first.is_some_and(same)
            && let Some(first) = args.first_mut()
        {
            *first = format!("{first}::\"pg_catalog\".\"bool\"");
        }
        match (word.as_str(), &args[..]) {
            ("and", [_, _, ..]) => Ok(format!("({})", args.join(" AND "))),
            ("or", [_, _, ..]) => Ok(format!("({})", args.join(" OR "))),
            ("not", [arg]) => Ok(format!("(NOT {arg})")),
            _ => Err(NotPrinted::new("BOOLEXPR")),
        }
    }

    fn null_test(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let arg = node.value("arg")?;
        let type_id = arg.as_node().and_then(type_of);
        let known = type_id.and_then(|type_id| self.names.types.get(&type_id));
        let may_be_row =
            known.is_none_or(|known| known.relation != 0 || ['d', 'p'].contains(&known.kind));
        // A row that is not NULL as a whole, whatever its columns are.
        if may_be_row && !node.flag("argisrow")? {
            let tests = ["NOT DISTINCT FROM NULL", "DISTINCT FROM NULL"];
            return self.tested(node, "nulltesttype", &tests, scopes);
        }
        self.tested(node, "nulltesttype", &["NULL", "NOT NULL"], scopes)
    }

    fn tested(
        &self,
        node: &Node<'_>,
        field: &str,
        tests: &[&str],
        scopes: &[Scope<'_>],
    ) -> Printed {
        let test = tests.get(node.field::<usize>(field)?);
        let test = test.ok_or_else(|| NotPrinted::new(node.name))?;
        Ok(format!(
            "({} IS {test})",
            self.expr(node.value("arg")?, scopes)?
        ))
    }

    fn case(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let mut text = "CASE".to_owned();
        let has_arg = !node.is_null("arg");
        if has_arg {
            text.push_str(&format!(" {}", self.expr(node.value("arg")?, scopes)?));
        }
        for when in node.items("args")?.iter().filter_map(Value::as_node) {
            let mut condition = when.value("expr")?;
            if has_arg {
                // `CASE x WHEN y` compares both with `=`.
                let comparison = when.node("expr")?;
                let operator = comparison
                    .field("opno")
                    .and_then(|oid| self.names.operator(oid))?;
                let [left, right] = comparison.both("args")?;
                if !operator.is_own() || operator.name != "=" || !is_case_test(left) {
                    return Err(NotPrinted::new("CASE by another operator"));
                }
                condition = right;
            }
            let condition = self.expr(condition, scopes)?;
            let result = self.expr(when.value("result")?, scopes)?;
            text.push_str(&format!(" WHEN {condition} THEN {result}"));
        }
        let otherwise = self.expr(node.value("defresult")?, scopes)?;
        Ok(format!("{text} ELSE {otherwise} END"))
    }

    /// A cast, which may have no text: Postgres makes it by itself.
    fn coercion(&self, node: &Node<'_>, field: &str, scopes: &[Scope<'_>]) -> Printed {
        let arg = self.expr(node.value("arg")?, scopes)?;
        let type_id = node.field("resulttype")?;
        match node.field::<u32>(field)? {
            form::IMPLICIT => Ok(arg),
            form::CALL => Ok(format!("{}({arg})", self.type_name(type_id, -1)?)),
            _ => self.cast(&arg, type_id, node.number("resulttypmod").unwrap_or(-1)),
        }
    }

    fn row(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let args = self.elements(node.items("args")?, scopes)?;
        let row = match (node.field("row_format")?, node.items("args")?.len()) {
            (form::IMPLICIT, 2..) => format!("({args})"),
            _ => format!("ROW({args})"),
        };
        let type_id = node.field("row_typeid")?;
        if type_id == types::RECORD {
            return Ok(row);
        }
        let relation = self.names.type_name(type_id)?.relation;
        let columns = self
            .names
            .columns
            .range((relation, 1)..=(relation, i16::MAX));
        match node.field("row_format")? {
            _ if columns.count() != node.items("args")?.len() => {
                Err(NotPrinted::new("a row of a type that has changed"))
            }
            form::IMPLICIT => Ok(format!("ROW({args})")),
            _ => self.cast(&row, type_id, -1),
        }
    }

    fn array(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let elements = self.exprs(node.items("elements")?, scopes)?;
        match elements.is_empty() {
            true => {
                let type_id = node.field("array_typeid")?;
                Ok(format!("ARRAY[]::{}", self.type_name(type_id, -1)?))
            }
            false => Ok(format!("ARRAY[{}]", elements.join(", "))),
        }
    }

    fn subscript(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        if !node.is_null("refassgnexpr") {
            return Err(NotPrinted::new("an assignment"));
        }
        let bound = |value: &Value<'_>| match value {
            Value::Null => Ok(String::new()),
            value => self.expr(value, scopes),
        };
        let mut text = format!("({})", self.expr(node.value("refexpr")?, scopes)?);
        let lower = node.items("reflowerindexpr")?;
        for (place, upper) in node.items("refupperindexpr")?.iter().enumerate() {
            let upper = bound(upper)?;
            match lower.get(place) {
                Some(lower) => text.push_str(&format!("[{} : {upper}]", bound(lower)?)),
                None => text.push_str(&format!("[{upper}]")),
            }
        }
        Ok(text)
    }

    fn field_of(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let value = node.value("arg")?;
        let type_id = value.as_node().and_then(type_of);
        let type_id = type_id.ok_or_else(|| NotPrinted::new("a field of no type"))?;
        let relation = self.names.type_name(type_id)?.relation;
        let name = self.names.column(relation, node.field("fieldnum")?)?;
        Ok(format!("({}).{}", self.expr(value, scopes)?, quoted(name)))
    }
}

/// Returns what is below casts that have no text.
fn without_implicit_casts<'n>(mut node: &'n Node<'n>) -> &'n Node<'n> {
    loop {
        let (form, arg) = match node.name {
            "FUNCEXPR" => ("funcformat", node.list("args").and_then(<[_]>::first)),
            "RELABELTYPE" => ("relabelformat", node.get("arg")),
            "COERCEVIAIO" | "ARRAYCOERCEEXPR" => ("coerceformat", node.get("arg")),
            _ => return node,
        };
        let is_implicit = node.number(form) == Some(form::IMPLICIT);
        match arg.and_then(Value::as_node).filter(|_| is_implicit) {
            Some(arg) => node = arg,
            None => return node,
        }
    }
}

/// Returns true if a list of values was written after IN: all of them are cast to a type that none
/// of them has, which is that of the value before IN.
fn is_of_in(array: &Node<'_>) -> bool {
    let elements = array.list("elements").unwrap_or_default();
    let is_cast = |element: &Value<'_>| {
        let node = element.as_node();
        node.is_some_and(|node| !std::ptr::eq(node, without_implicit_casts(node)))
    };
    array.name.starts_with("ARRAY") && elements.len() > 1 && elements.iter().all(is_cast)
}

/// Returns true if a value is that which `CASE x` tests, cast or not.
fn is_case_test(value: &Value<'_>) -> bool {
    let mut value = Some(value);
    while let Some(node) = value.and_then(Value::as_node) {
        if node.name == "CASETESTEXPR" {
            return true;
        }
        value = match node.items("args") {
            Ok([first, ..]) => Some(first),
            _ => node.get("arg"),
        };
    }
    false
}
