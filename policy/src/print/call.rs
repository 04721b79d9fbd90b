//! Calls of functions, aggregates and window functions, and what has words of its own for a call.

use super::fields::form;
use super::scope::Scope;
use super::types::type_of;
use super::{NotPrinted, Printed, Printer, literal, quoted};
use crate::datum::types;
use crate::node::{Node, Value};

impl Printer<'_> {
    pub(super) fn call(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
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
                self.cast(&arg, node.field("funcresulttype")?, self.length_of(args))
            }
        }
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

    /// Returns the modifier that a cast by a function has as its second argument.
    fn length_of(&self, args: &[Value<'_>]) -> i32 {
        let length = match args {
            [_, length] | [_, length, _] => length.as_node(),
            _ => None,
        };
        let is_length = |node: &&Node<'_>| {
            node.name == "CONST" && node.number("consttype") == Some(types::INT4)
        };
        let datum = length
            .filter(is_length)
            .and_then(|node| node.get("constvalue"));
        let order = self.names.byte_order;
        let bytes = match datum {
            Some(Value::Datum(bytes)) => order.by_value(bytes, 4),
            _ => None,
        };
        let number = bytes.and_then(|bytes| order.number(bytes));
        number.map_or(-1, i32::from_le_bytes)
    }

    fn is_text(&self, value: Option<&Value<'_>>) -> bool {
        let type_id = value.and_then(Value::as_node).and_then(type_of);
        type_id == Some(types::TEXT)
    }

    pub(super) fn aggregate(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
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

    pub(super) fn window(&self, node: &Node<'_>, scopes: &[Scope<'_>]) -> Printed {
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
}

pub(super) fn sql_value(node: &Node<'_>) -> Printed {
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
