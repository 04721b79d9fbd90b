//! The statements of a body in PL/pgSQL, as far as helpers use them.

use super::lexer::tokens;
use super::parser::Parser;
use super::{Select, Sql};

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lint) enum Statement {
    /// A variable gets a value; the declarations are the first of these. The type, if declared.
    Set(String, Sql, Option<String>),
    /// A field of a record gets a value: `new.owner := auth.uid()`.
    SetField(String, String, Sql),
    /// `SELECT … INTO`
    Into(Select),
    /// `PERFORM`
    Perform(Select),
    /// `RETURN value`, or without one.
    Return(Option<Sql>),
    /// `RETURN QUERY`
    ReturnQuery(Select),
    /// `RAISE EXCEPTION`
    Raise,
    /// `RAISE NOTICE`, `NULL`
    Nothing,
    /// Each condition with its statements, and those of `ELSE`.
    If(Vec<(Sql, Vec<Statement>)>, Vec<Statement>),
    /// Something else.
    Other,
}

/// Reads a body. From the first loop or block on it is only known that there is something else.
pub(in crate::lint) fn statements(text: &str) -> Option<Vec<Statement>> {
    let mut parser = Parser::of(tokens(text)?);
    let mut statements = Vec::new();
    if parser.word("declare") {
        while !parser.is_word(0, "begin") {
            statements.push(declaration(&mut parser)?);
        }
    }
    if !parser.word("begin") {
        return None;
    }
    while !parser.is_word(0, "end") {
        // A handler may return something in the place of everything before it.
        if parser.is_word(0, "exception") {
            statements.insert(0, Statement::Other);
            return Some(statements);
        }
        let Some(next) = statement(&mut parser) else {
            statements.push(Statement::Other);
            return Some(statements);
        };
        statements.push(next);
    }
    Some(statements)
}

fn declaration(parser: &mut Parser) -> Option<Statement> {
    let name = parser.name()?;
    let _ = parser.word("constant");
    let kind = parser.type_name();
    if parser.sign("%") {
        let _ = parser.word("type") || parser.word("rowtype");
    }
    let _ = parser.words(&["not", "null"]);
    let has_value = parser.sign(":=") || parser.sign("=") || parser.word("default");
    let value = if has_value { parser.expr()? } else { Sql::Null };
    parser
        .sign(";")
        .then_some(Statement::Set(name, value, kind))
}

fn block(parser: &mut Parser) -> Option<Vec<Statement>> {
    let mut statements = Vec::new();
    let ends = ["end", "else", "elsif", "elseif", "exception"];
    while !ends.iter().any(|word| parser.is_word(0, word)) {
        if parser.is_at_end() {
            return None;
        }
        statements.push(statement(parser)?);
    }
    Some(statements)
}

fn statement(parser: &mut Parser) -> Option<Statement> {
    if parser.word("if") {
        return parser.deeper(condition);
    }
    if parser.words(&["return", "query"]) {
        if parser.is_word(0, "execute") {
            return rest(parser, Statement::Other);
        }
        let select = parser.select();
        return Some(match select.filter(|_| parser.sign(";")) {
            Some(select) => Statement::ReturnQuery(select),
            None => rest(parser, Statement::Other)?,
        });
    }
    if parser.word("return") {
        if parser.sign(";") {
            return Some(Statement::Return(None));
        }
        if parser.word("next") {
            return rest(parser, Statement::Other);
        }
        let value = parser.expr();
        return Some(match value.filter(|_| parser.sign(";")) {
            Some(value) => Statement::Return(Some(value)),
            None => rest(parser, Statement::Other)?,
        });
    }
    if parser.word("raise") {
        let soft = ["notice", "warning", "info", "debug", "log"];
        let is_soft = soft.iter().any(|word| parser.is_word(0, word));
        let kind = if is_soft {
            Statement::Nothing
        } else {
            Statement::Raise
        };
        return rest(parser, kind);
    }
    if parser.word("perform") {
        let select = parser.select_after_keyword();
        return Some(match select.filter(|_| parser.sign(";")) {
            Some(select) => Statement::Perform(select),
            None => rest(parser, Statement::Other)?,
        });
    }
    if parser.is_word(0, "select") || parser.is_word(0, "with") {
        let select = parser.select();
        return Some(match select.filter(|_| parser.sign(";")) {
            Some(select) => Statement::Into(select),
            None => rest(parser, Statement::Other)?,
        });
    }
    if parser.word("null") {
        return rest(parser, Statement::Nothing);
    }
    let compound = [
        "begin", "declare", "loop", "for", "while", "foreach", "case", "<<",
    ];
    if compound.iter().any(|word| parser.is_word(0, word)) || parser.is_sign(0, "<<") {
        return None;
    }
    if parser.is_sign(1, ".") && (parser.is_sign(3, ":=") || parser.is_sign(3, "=")) {
        let record = parser.name()?;
        parser.skip();
        let field = parser.any_word()?;
        parser.skip();
        let value = parser.expr();
        return Some(match value.filter(|_| parser.sign(";")) {
            Some(value) => Statement::SetField(record, field, value),
            None => rest(parser, Statement::Other)?,
        });
    }
    if (parser.is_sign(1, ":=") || parser.is_sign(1, "="))
        && let Some(name) = parser.name()
    {
        parser.skip();
        let value = parser.expr();
        return Some(match value.filter(|_| parser.sign(";")) {
            Some(value) => Statement::Set(name, value, None),
            None => rest(parser, Statement::Other)?,
        });
    }
    rest(parser, Statement::Other)
}

/// Skips to the end of the statement.
fn rest(parser: &mut Parser, statement: Statement) -> Option<Statement> {
    while !parser.sign(";") {
        if parser.is_at_end() {
            return None;
        }
        parser.skip();
    }
    Some(statement)
}

fn condition(parser: &mut Parser) -> Option<Statement> {
    let mut branches = Vec::new();
    loop {
        let condition = parser.expr()?;
        if !parser.word("then") {
            return None;
        }
        branches.push((condition, block(parser)?));
        if !parser.word("elsif") && !parser.word("elseif") {
            break;
        }
    }
    let otherwise = if parser.word("else") {
        block(parser)?
    } else {
        Vec::new()
    };
    let ends = parser.words(&["end", "if"]) && parser.sign(";");
    ends.then_some(Statement::If(branches, otherwise))
}

/// Returns the value that a body returns, as one expression: a `CASE` over what leads to each
/// `RETURN`. Nothing if it does more than look things up.
pub(in crate::lint) fn as_expression(statements: &[Statement]) -> Option<Sql> {
    let mut whens = Vec::new();
    let mut variables = Vec::new();
    follow(statements, &mut variables, &[], &mut whens)?;
    match whens.as_slice() {
        [(Sql::And(all), value)] if all.is_empty() => Some(value.clone()),
        _ => Some(Sql::Case(whens, None)),
    }
}

/// The size of a value that is put in the place of a variable.
const MAX_SIZE: usize = 200;

/// Returns true if a value may be put in the place of a variable: a body that doubles one again and
/// again does not grow without end.
pub(in crate::lint) fn is_small(expr: &Sql) -> bool {
    let mut left = vec![expr];
    let mut seen = 0_usize;
    while let Some(expr) = left.pop() {
        seen = seen.saturating_add(1);
        if seen > MAX_SIZE {
            return false;
        }
        left.extend(expr.children());
        left.extend(expr.select().map(Select::exprs).unwrap_or_default());
    }
    true
}

pub(in crate::lint) type Variables = Vec<(String, Sql)>;

/// Follows statements that run under these conditions. Returns true if the body goes on after them.
fn follow(
    statements: &[Statement],
    variables: &mut Variables,
    conditions: &[Sql],
    whens: &mut Vec<(Sql, Sql)>,
) -> Option<bool> {
    let mut conditions = conditions.to_vec();
    for statement in statements {
        match statement {
            Statement::Set(name, value, _) => {
                let value = substituted(value, variables);
                is_small(&value).then(|| variables.push((name.clone(), value)))?;
            }
            Statement::Into(select) => {
                let select = with_variables(select, variables);
                let small = select.exprs().len() < MAX_SIZE;
                let small = small && select.exprs().into_iter().all(is_small);
                if !small {
                    return None;
                }
                for (place, name) in select.into.iter().enumerate() {
                    let mut single = select.clone();
                    single.into.clear();
                    single.targets = vec![select.targets.get(place)?.clone()];
                    variables.push((name.clone(), Sql::Query(Box::new(single))));
                }
                found(select, variables);
            }
            Statement::Perform(select) => {
                let select = with_variables(select, variables);
                if !select.exprs().into_iter().all(is_small) {
                    return None;
                }
                found(select, variables);
            }
            Statement::Return(Some(value)) => {
                whens.push((Sql::And(conditions), substituted(value, variables)));
                return Some(false);
            }
            Statement::ReturnQuery(select) => {
                let select = with_variables(select, variables);
                let rows = Sql::Query(Box::new(select));
                whens.push((Sql::And(conditions.clone()), rows));
            }
            Statement::Return(None) | Statement::Raise => return Some(false),
            Statement::Nothing => {}
            Statement::If(branches, otherwise) => {
                for (condition, statements) in branches {
                    let condition = substituted(condition, variables);
                    let known = variables.len();
                    let mut inside = conditions.clone();
                    inside.push(condition.clone());
                    let goes_on = follow(statements, variables, &inside, whens)?;
                    if goes_on && variables.len() > known {
                        return None;
                    }
                    variables.truncate(known);
                    if !goes_on {
                        conditions.push(Sql::Not(Box::new(condition)));
                    }
                }
                let known = variables.len();
                let goes_on = follow(otherwise, variables, &conditions, whens)?;
                if goes_on && variables.len() > known {
                    return None;
                }
                if !goes_on && !otherwise.is_empty() {
                    return Some(false);
                }
            }
            Statement::SetField(..) | Statement::Other => return None,
        }
    }
    Some(true)
}

fn found(mut select: Select, variables: &mut Variables) {
    select.into.clear();
    variables.push(("found".to_owned(), Sql::Exists(Box::new(select))));
}

/// Puts the values of variables where their names are.
pub(in crate::lint) fn substituted(expr: &Sql, variables: &Variables) -> Sql {
    let boxed = |expr: &Sql| Box::new(substituted(expr, variables));
    let all = |exprs: &[Sql]| {
        exprs
            .iter()
            .map(|expr| substituted(expr, variables))
            .collect()
    };
    let query = |select: &Select| Box::new(with_variables(select, variables));
    match expr {
        Sql::Name(name) => match name.as_slice() {
            [only] => {
                let known = variables.iter().rev().find(|(own, _)| own == only);
                known.map_or_else(|| expr.clone(), |(_, value)| value.clone())
            }
            _ => expr.clone(),
        },
        Sql::Parameter(_) | Sql::Constant(_) | Sql::Null => expr.clone(),
        Sql::Call(name, args) => Sql::Call(name.clone(), all(args)),
        Sql::Operator(sign, a, b) => Sql::Operator(sign.clone(), boxed(a), boxed(b)),
        Sql::Distinct(a, b) => Sql::Distinct(boxed(a), boxed(b)),
        Sql::And(args) => Sql::And(all(args)),
        Sql::Or(args) => Sql::Or(all(args)),
        Sql::Not(arg) => Sql::Not(boxed(arg)),
        Sql::IsNull(arg) => Sql::IsNull(boxed(arg)),
        Sql::IsTrue(arg) => Sql::IsTrue(boxed(arg)),
        Sql::Any(sign, a, b) => Sql::Any(sign.clone(), boxed(a), boxed(b)),
        Sql::All(sign, a, b) => Sql::All(sign.clone(), boxed(a), boxed(b)),
        Sql::List(args) => Sql::List(all(args)),
        Sql::Exists(select) => Sql::Exists(query(select)),
        Sql::Query(select) => Sql::Query(query(select)),
        Sql::Cast(arg, name) => Sql::Cast(boxed(arg), name.clone()),
        Sql::Case(whens, otherwise) => Sql::Case(
            whens
                .iter()
                .map(|(when, then)| (substituted(when, variables), substituted(then, variables)))
                .collect(),
            otherwise.as_deref().map(boxed),
        ),
        Sql::Of(args) => Sql::Of(all(args)),
    }
}

pub(in crate::lint) fn with_variables(select: &Select, variables: &Variables) -> Select {
    let mut select = select.clone();
    for (_, cte) in &mut select.ctes {
        *cte = with_variables(cte, variables);
    }
    for (value, _) in &mut select.targets {
        *value = substituted(value, variables);
    }
    for condition in &mut select.condition {
        *condition = substituted(condition, variables);
    }
    for from in &mut select.from {
        match &mut from.kind {
            super::FromKind::Query(query) => **query = with_variables(query, variables),
            super::FromKind::Call(call) => *call = substituted(call, variables),
            super::FromKind::Table(_) => {}
        }
    }
    for other in &mut select.union {
        *other = with_variables(other, variables);
    }
    select
}
