//! Expressions.

use std::str::FromStr;

use super::scope::Scope;
use super::types::{oids, type_of};
use super::{NotPrinted, Printed, Printer, literal, quoted};
use crate::node::{Node, Value};

/// How a cast or call was written (`CoercionForm`).
mod form {
    pub(super) const CALL: u32 = 0;
    pub(super) const IMPLICIT: u32 = 2;
    pub(super) const SQL: u32 = 3;
}

/// The fields of a node; an error if a field is missing or is something else.
impl<'t> Node<'t> {
    pub(super) fn field<T: FromStr>(&self, name: &str) -> Result<T, NotPrinted> {
        self.number(name).ok_or_else(|| self.lacks(name))
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, NotPrinted> {
        self.bool(name).ok_or_else(|| self.lacks(name))
    }

    pub(super) fn field_text(&self, name: &str) -> Printed {
        self.text(name).ok_or_else(|| self.lacks(name))
    }

    pub(super) fn value(&self, name: &str) -> Result<&Value<'t>, NotPrinted> {
        let value = self.get(name).filter(|value| **value != Value::Null);
        value.ok_or_else(|| self.lacks(name))
    }

    pub(super) fn node(&self, name: &str) -> Result<&Node<'t>, NotPrinted> {
        let node = self.get(name).and_then(Value::as_node);
        node.ok_or_else(|| self.lacks(name))
    }

    pub(super) fn items(&self, name: &str) -> Result<&[Value<'_>], NotPrinted> {
        self.list(name).ok_or_else(|| self.lacks(name))
    }

    fn lacks(&self, name: &str) -> NotPrinted {
        NotPrinted::new(format!("{} without {name}", self.name))
    }

    /// Returns the two arguments of an operator.
    fn both(&self, name: &str) -> Result<[&Value<'_>; 2], NotPrinted> {
        match self.items(name)? {
            [left, right] => Ok([left, right]),
            _ => Err(self.lacks(name)),
        }
    }
}

impl Printer<'_> {
    pub(super) fn expr(&self, value: &Value<'_>, scopes: &[Scope<'_>]) -> Printed {
        let node = value.as_node().ok_or_else(|| NotPrinted::new("a list"))?;
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
                _ => self.list_of("LEAST", node, "args", scopes),
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

    fn call(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let args = node.items("args")?;
        let form: u32 = node.field("funcformat")?;
        let of_cast = || {
            args.first()
                .ok_or_else(|| NotPrinted::new("a cast of nothing"))
        };
        match form {
            form::CALL => {
                let name = self.names.function(node.field("funcid")?)?.quoted();
                let mut args = self.exprs(args, scopes)?;
                if node.flag("funcvariadic")?
                    && let Some(last) = args.last_mut()
                {
                    *last = format!("VARIADIC {last}");
                }
                Ok(format!("{name}({})", args.join(", ")))
            }
            form::IMPLICIT => self.expr(of_cast()?, scopes),
            form::SQL => self.sql_call(node, scopes),
            _ => {
                let arg = self.expr(of_cast()?, scopes)?;
                self.cast(&arg, node.field("funcresulttype")?, length_of(args))
            }
        }
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
    fn has_own_operator(&self, node: &Node<'_>) -> Result<(), NotPrinted> {
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
    fn same_operator(&self, mut oids: impl Iterator<Item = Option<u32>>) -> Printed {
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
        const RECORD: u32 = 2249;
        let args = self.elements(node.items("args")?, scopes)?;
        let row = match (node.field("row_format")?, node.items("args")?.len()) {
            (form::IMPLICIT, 2..) => format!("({args})"),
            _ => format!("ROW({args})"),
        };
        let type_id = node.field("row_typeid")?;
        if type_id == RECORD {
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

    fn sub_link(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
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
                    self.element(
                        test.both("args")?.first().copied().unwrap_or(&Value::Null),
                        scopes,
                    )
                });
                let left: Result<Vec<_>, _> = left.collect();
                (operator, format!("ROW({})", left?.join(", ")))
            }
            "OPEXPR" => {
                let operator = self.names.operator(test.field("opno")?)?.operator();
                let [left, _] = test.both("args")?;
                let left = self.expr(left, scopes)?;
                // A row of one column has the same tree only if it is written as one.
                (operator, left)
            }
            _ => return Err(NotPrinted::new("a test of a sub-select")),
        };
        Ok(format!("({left} {operator} {word}{query})"))
    }

    /// Prints what has words of its own between its arguments.
    fn sql_call(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let name = self.names.function(node.field("funcid")?)?;
        let values = node.items("args")?;
        let args = self.exprs(values, scopes)?;
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let word = |place: usize| {
            let node = values.get(place).and_then(Value::as_node);
            node.and_then(|node| self.text_constant(node))
                .filter(|word| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
                .ok_or_else(|| NotPrinted::new(format!("{} of another form", name.name)))
        };
        Ok(match (name.name.as_str(), &args[..]) {
            ("timezone", [zone, time]) => format!("({time} AT TIME ZONE {zone})"),
            ("timezone", [time]) => format!("({time} AT LOCAL)"),
            ("overlaps", [a, b, c, d]) => format!("(({a}, {b}) OVERLAPS ({c}, {d}))"),
            ("extract", [_, time]) => format!("EXTRACT({} FROM {time})", literal(&word(0)?)),
            ("is_normalized", [text]) => format!("({text} IS NORMALIZED)"),
            ("is_normalized", [text, _]) => format!("({text} IS {} NORMALIZED)", word(1)?),
            ("normalize", [text]) => format!("NORMALIZE({text})"),
            ("normalize", [text, _]) => format!("NORMALIZE({text}, {})", word(1)?),
            ("pg_collation_for", [value]) => format!("COLLATION FOR ({value})"),
            ("overlay", [a, b, c]) => format!("OVERLAY({a} PLACING {b} FROM {c})"),
            ("overlay", [a, b, c, d]) => format!("OVERLAY({a} PLACING {b} FROM {c} FOR {d})"),
            ("position", [text, part]) => format!("POSITION(({part}) IN ({text}))"),
            ("substring", [a, b]) => format!("SUBSTRING({a} FROM {b})"),
            ("substring", [a, b, c]) if self.is_text(values.get(2)) => {
                format!("SUBSTRING({a} SIMILAR {b} ESCAPE {c})")
            }
            ("substring", [a, b, c]) => format!("SUBSTRING({a} FROM {b} FOR {c})"),
            ("ltrim", [text]) => format!("TRIM(LEADING FROM {text})"),
            ("ltrim", [text, what]) => format!("TRIM(LEADING {what} FROM {text})"),
            ("rtrim", [text]) => format!("TRIM(TRAILING FROM {text})"),
            ("rtrim", [text, what]) => format!("TRIM(TRAILING {what} FROM {text})"),
            ("btrim", [text]) => format!("TRIM(BOTH FROM {text})"),
            ("btrim", [text, what]) => format!("TRIM(BOTH {what} FROM {text})"),
            ("xmlexists", [path, xml]) => format!("XMLEXISTS(({path}) PASSING ({xml}))"),
            ("system_user", []) => "SYSTEM_USER".to_owned(),
            _ => return Err(NotPrinted::new(format!("the words of {}", name.name))),
        })
    }

    fn is_text(&self, value: Option<&Value<'_>>) -> bool {
        let type_id = value.and_then(Value::as_node).and_then(type_of);
        type_id == Some(25)
    }

    fn aggregate(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let name = self.names.function(node.field("aggfnoid")?)?.quoted();
        let targets: Vec<_> = node
            .items("args")?
            .iter()
            .filter_map(Value::as_node)
            .collect();
        let order = self.sorting(node.items("aggorder")?, &targets, scopes, false)?;
        let filter = match node.is_null("aggfilter") {
            true => String::new(),
            false => format!(
                " FILTER (WHERE {})",
                self.expr(node.value("aggfilter")?, scopes)?
            ),
        };
        if node.field_text("aggkind")? != "n" {
            let direct = self.exprs(node.items("aggdirectargs")?, scopes)?;
            if node.flag("aggvariadic")? {
                return Err(NotPrinted::new("VARIADIC of an ordered-set aggregate"));
            }
            let direct = direct.join(", ");
            return Ok(format!(
                "{name}({direct}) WITHIN GROUP (ORDER BY {order}){filter}"
            ));
        }
        if node.flag("aggstar")? {
            return Ok(format!("{name}(*){filter}"));
        }
        let given = targets
            .iter()
            .filter(|target| target.bool("resjunk") == Some(false));
        let args: Result<Vec<_>, _> = given
            .map(|target| self.expr(target.value("expr")?, scopes))
            .collect();
        let mut args = args?;
        if node.flag("aggvariadic")?
            && let Some(last) = args.last_mut()
        {
            *last = format!("VARIADIC {last}");
        }
        let distinct = if node.is_null("aggdistinct") {
            ""
        } else {
            "DISTINCT "
        };
        let order = match order.as_str() {
            "" => order,
            order => format!(" ORDER BY {order}"),
        };
        Ok(format!(
            "{name}({distinct}{}{order}){filter}",
            args.join(", ")
        ))
    }

    fn window(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let name = self.names.function(node.field("winfnoid")?)?.quoted();
        let args = match node.flag("winstar")? {
            true => "*".to_owned(),
            false => self.exprs(node.items("args")?, scopes)?.join(", "),
        };
        let filter = match node.is_null("aggfilter") {
            true => String::new(),
            false => format!(
                " FILTER (WHERE {})",
                self.expr(node.value("aggfilter")?, scopes)?
            ),
        };
        let number: u32 = node.field("winref")?;
        let Some(Scope::Query(query)) = scopes.last() else {
            return Err(NotPrinted::new("a window of no query"));
        };
        let mut windows = query
            .items("windowClause")?
            .iter()
            .filter_map(Value::as_node);
        let window = windows.find(|window| window.number("winref") == Some(number));
        let window = window.ok_or_else(|| NotPrinted::new("a window that is not there"))?;
        let over = match window.text("name") {
            Some(name) => quoted(&name),
            None => self.window_clause(window, query, scopes)?,
        };
        Ok(format!("{name}({args}){filter} OVER {over}"))
    }

    fn xml(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
        let args = self.exprs(node.items("args")?, scopes)?;
        let named = self.exprs(node.items("named_args")?, scopes)?;
        let names = node.items("arg_names")?.iter().filter_map(Value::as_text);
        let named = named.iter().zip(names);
        let named = named.map(|(value, name)| Ok(format!("{value} AS {}", xml_name(&name)?)));
        let named = named.collect::<Result<Vec<_>, NotPrinted>>()?.join(", ");
        let name = || xml_name(&node.field_text("name")?);
        let option = || match node.field::<u32>("xmloption") {
            Ok(0) => Ok("DOCUMENT"),
            Ok(1) => Ok("CONTENT"),
            _ => Err(NotPrinted::new("an option of XML")),
        };
        Ok(match (node.field::<u32>("op")?, &args[..]) {
            (0, args) => format!("XMLCONCAT({})", args.join(", ")),
            (1, args) => {
                let attributes = (!named.is_empty()).then(|| format!("XMLATTRIBUTES({named})"));
                let name = format!("NAME {}", name()?);
                let parts: Vec<_> = [name]
                    .into_iter()
                    .chain(attributes)
                    .chain(args.iter().cloned())
                    .collect();
                format!("XMLELEMENT({})", parts.join(", "))
            }
            (2, []) => format!("XMLFOREST({named})"),
            (3, [text, keep]) => {
                let keep = match keep.as_str() {
                    "true" => " PRESERVE WHITESPACE",
                    _ => " STRIP WHITESPACE",
                };
                format!("XMLPARSE({} {text}{keep})", option()?)
            }
            (4, []) => format!("XMLPI(NAME {})", name()?),
            (4, [content]) => format!("XMLPI(NAME {}, {content})", name()?),
            (5, [xml, version, standalone]) => {
                let is_null = node
                    .items("args")?
                    .get(1)
                    .and_then(Value::as_node)
                    .and_then(|node| node.bool("constisnull"));
                let version = match is_null {
                    Some(true) => "NO VALUE",
                    _ => version,
                };
                let standalone = match standalone.as_str() {
                    "0" => ", STANDALONE YES",
                    "1" => ", STANDALONE NO",
                    "2" => ", STANDALONE NO VALUE",
                    _ => "",
                };
                format!("XMLROOT({xml}, VERSION {version}{standalone})")
            }
            (6, [xml]) => {
                let name = self.type_name(node.field("type")?, node.field("typmod")?)?;
                let indent = if node.bool("indent") == Some(true) {
                    " INDENT"
                } else {
                    ""
                };
                format!("XMLSERIALIZE({} {xml} AS {name}{indent})", option()?)
            }
            (7, [xml]) => format!("({xml} IS DOCUMENT)"),
            _ => return Err(NotPrinted::new("XMLEXPR")),
        })
    }
}

/// Returns the modifier that a cast by a function has as its second argument.
fn length_of(args: &[Value<'_>]) -> i32 {
    let length = match args {
        [_, length] | [_, length, _] => length.as_node(),
        _ => None,
    };
    let is_length =
        |node: &&Node<'_>| node.name == "CONST" && node.number("consttype") == Some(oids::INT4);
    let bytes = match length
        .filter(is_length)
        .and_then(|node| node.get("constvalue"))
    {
        Some(Value::Datum(bytes)) => bytes.first_chunk::<4>().copied(),
        _ => None,
    };
    bytes.map_or(-1, i32::from_le_bytes)
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

/// Returns a name of XML, if Postgres has escaped none of its characters.
fn xml_name(name: &str) -> Printed {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match starts
        && name.chars().all(is_plain)
        && !name.to_ascii_lowercase().contains("_x")
        && !name.to_ascii_lowercase().starts_with("xml")
    {
        true => Ok(quoted(name)),
        false => Err(NotPrinted::new(format!("the name {name} in XML"))),
    }
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

fn sql_value(node: &Node<'_>) -> Printed {
    let precision: i32 = node.field("typmod")?;
    Ok(match node.field::<u32>("op")? {
        0 => "CURRENT_DATE".to_owned(),
        1 => "CURRENT_TIME".to_owned(),
        2 => format!("CURRENT_TIME({precision})"),
        3 => "CURRENT_TIMESTAMP".to_owned(),
        4 => format!("CURRENT_TIMESTAMP({precision})"),
        5 => "LOCALTIME".to_owned(),
        6 => format!("LOCALTIME({precision})"),
        7 => "LOCALTIMESTAMP".to_owned(),
        8 => format!("LOCALTIMESTAMP({precision})"),
        9 => "CURRENT_ROLE".to_owned(),
        10 => "CURRENT_USER".to_owned(),
        11 => "USER".to_owned(),
        12 => "SESSION_USER".to_owned(),
        13 => "CURRENT_CATALOG".to_owned(),
        14 => "CURRENT_SCHEMA".to_owned(),
        _ => return Err(NotPrinted::new("SQLVALUEFUNCTION")),
    })
}
