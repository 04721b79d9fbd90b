//! The statements of a body in PL/pgSQL, as far as helpers use them.

use super::lexer::tokens;
use super::parser::Parser;
use super::{Select, Sql};

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lint) enum Statement {
    /// A variable gets a value; the declarations are the first of these. The type, if declared.
    Set(String, Sql, Option<String>),
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

/// Reads a body. Nothing if its blocks cannot be made out.
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
    statements.extend(block(&mut parser)?);
    if parser.word("exception") {
        return None;
    }
    parser.word("end").then_some(statements)
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
    parser.sign(";").then_some(Statement::Set(name, value, kind))
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
        return condition(parser);
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
        let kind = if is_soft { Statement::Nothing } else { Statement::Raise };
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
    let compound = ["begin", "declare", "loop", "for", "while", "foreach", "case", "<<"];
    if compound.iter().any(|word| parser.is_word(0, word)) || parser.is_sign(0, "<<") {
        return None;
    }
    if parser.is_sign(1, ":=") || parser.is_sign(1, "=") {
        if let Some(name) = parser.name() {
            parser.skip();
            let value = parser.expr();
            return Some(match value.filter(|_| parser.sign(";")) {
                Some(value) => Statement::Set(name, value, None),
                None => rest(parser, Statement::Other)?,
            });
        }
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
    let otherwise = if parser.word("else") { block(parser)? } else { Vec::new() };
    let ends = parser.words(&["end", "if"]) && parser.sign(";");
    ends.then_some(Statement::If(branches, otherwise))
}
