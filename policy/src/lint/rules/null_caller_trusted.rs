//! A function with its owner's rights takes a caller without a user for a trusted one: `auth.uid()`
//! is NULL for everybody who sends no token.

use serde_json::json;

use crate::facts::{Body, Function};
use crate::finding::{Finding, Level};
use crate::lint::caller::Source;
use crate::lint::context::Context;
use crate::lint::rule::{Draft, Rule};
use crate::lint::ways::sql::{
    Select, Sql, Statement, Variables, is_small, select_of, statements, substituted, with_variables,
};
use crate::lint::ways::{Atom, Reader, Term, source_of_text};

pub(super) static RULE: Rule = Rule {
    name: "null_caller_trusted",
    level: Level::Error,
    page: "docs/lint.md#null_caller_trusted",
    title: "a SECURITY DEFINER function that trusts whoever has no user",
    also: &[],
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let functions = context.functions().filter(|function| {
        let result = context.facts.type_name(function.result);
        function.security_definer && !["trigger", "event_trigger"].contains(&result.as_str())
    });
    findings.extend(functions.filter_map(|function| finding(context, function)));
}

fn finding(context: &Context<'_>, function: &Function) -> Option<Finding> {
    let facts = context.facts;
    let clients = context.reach.ordinary();
    let clients: Vec<_> = clients
        .filter(|client| client.may_execute(facts, function))
        .map(|client| client.role)
        .collect();
    if clients.is_empty() {
        return None;
    }
    let problem = trusting_condition(context, function).or_else(|| trusting_text(function))?;
    // Who has to have a token mostly has a user.
    let is_signed_in = |role: &u32| {
        facts
            .roles
            .get(role)
            .is_some_and(|role| role.name == "authenticated")
    };
    let level = if clients.iter().all(is_signed_in) {
        Level::Warning
    } else {
        Level::Error
    };
    let draft = Draft::function(&RULE, facts, function)
        .level(level)
        .problem(format!("a caller without a user is trusted: {problem}"))
        .hint(
            "Begin with a test that refuses NULL, such as: if auth.uid() is null then raise \
             exception 'sign in first' using errcode = '28000'; end if. For the server itself, \
             make a function that no client may execute.",
        )
        .evidence(json!({ "roles": facts.role_names(clients) }));
    Some(draft.done())
}

/// What is in the names of arguments that are users.
const USERS: &[&str] = &[
    "uid",
    "user",
    "owner",
    "caller",
    "profile",
    "account",
    "member_id",
];

/// Of a query: it returns rows if the caller is NULL.
fn trusting_condition(context: &Context<'_>, function: &Function) -> Option<&'static str> {
    let ways = Reader::of(context.facts).function(function)?;
    let is_boolean = context.facts.type_name(function.result) == "boolean";
    let trusts = |atom: &Atom| match atom {
        Atom::IsNull(Term::Caller(source)) => *source == Source::Subject,
        // `is_member(org, uid)`, which a client calls as it likes.
        Atom::IsNull(Term::Parameter(place)) => {
            let name = function.argument_names.get(*place);
            is_boolean && name.is_some_and(|name| USERS.iter().any(|user| name.contains(user)))
        }
        _ => false,
    };
    let count = ways.len();
    let mut ways = ways.iter();
    let trusting = ways.any(|way| {
        !way.is_unknown()
            && way.atoms.iter().any(trusts)
            && (is_boolean && count > 1 || !way.reads.is_empty())
            && !way.has_constant()
    });
    trusting.then_some("its condition is true if the user is null")
}

/// Of a body in text: a test that NULL passes, or a value that takes the place of NULL.
fn trusting_text(function: &Function) -> Option<&'static str> {
    let Body::Source(text) = &function.body else {
        return None;
    };
    match function.language.as_str() {
        "plpgsql" => {
            let statements = statements(text)?;
            let replaced = statements
                .iter()
                .any(|s| exprs(s).iter().any(|e| replaces(function, e)));
            if replaced {
                return Some(REPLACED);
            }
            Guards::default().walk(&statements)
        }
        "sql" => {
            let select = select_of(text)?;
            let replaced = select.exprs().iter().any(|expr| replaces(function, expr));
            replaced.then_some(REPLACED)
        }
        _ => None,
    }
}

const REPLACED: &str = "an argument takes the place of auth.uid() if that is null";

/// `coalesce(auth.uid(), argument)`
fn replaces(function: &Function, expr: &Sql) -> bool {
    let is_argument = |arg: &Sql| match arg {
        Sql::Name(name) => name
            .last()
            .is_some_and(|n| function.argument_names.contains(n)),
        Sql::Parameter(_) => true,
        _ => false,
    };
    expr.has(&|expr| match expr {
        Sql::Call(name, args) => match args.as_slice() {
            [first, others @ ..] => {
                name.last().is_some_and(|name| name == "coalesce")
                    && is_caller(first)
                    && others.iter().any(is_argument)
            }
            [] => false,
        },
        _ => false,
    })
}

/// The expressions of a statement.
fn exprs(statement: &Statement) -> Vec<&Sql> {
    match statement {
        Statement::Set(_, value, _)
        | Statement::SetField(_, _, value)
        | Statement::Return(Some(value)) => vec![value],
        Statement::Into(select) | Statement::Perform(select) | Statement::ReturnQuery(select) => {
            select.exprs()
        }
        Statement::If(branches, otherwise) => {
            let mut all: Vec<&Sql> = branches.iter().map(|(condition, _)| condition).collect();
            let inner = branches.iter().flat_map(|(_, statements)| statements);
            all.extend(inner.chain(otherwise).flat_map(exprs));
            all
        }
        Statement::Return(None) | Statement::Raise | Statement::Nothing | Statement::Other => {
            Vec::new()
        }
    }
}

fn is_caller(expr: &Sql) -> bool {
    source_of_text(expr) == Some(Source::Subject)
}

/// A truth value if the caller is NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    True,
    False,
    Null,
    Unknown,
}

/// The tests of a body, one after the other.
#[derive(Default)]
struct Guards {
    variables: Variables,
    /// True if a test of the caller has been passed although it is NULL.
    passed: bool,
}

impl Guards {
    /// Returns what is wrong. Nothing if NULL is refused, or if this cannot be told.
    fn walk(mut self, statements: &[Statement]) -> Option<&'static str> {
        const PASSED: &str = "a test of auth.uid() does not stop NULL";
        for statement in statements {
            match statement {
                Statement::Set(name, value, _) => {
                    let value = substituted(value, &self.variables);
                    is_small(&value).then(|| self.variables.push((name.clone(), value)))?;
                }
                Statement::Into(select) => {
                    let select = with_variables(select, &self.variables);
                    let is_plain = select.from.is_empty() && select.condition.is_empty();
                    for (place, name) in select.into.iter().enumerate() {
                        let value = select.targets.get(place).filter(|_| is_plain);
                        let value = value.filter(|(value, _)| is_small(value));
                        let value = value.map_or(Sql::Of(Vec::new()), |(value, _)| value.clone());
                        self.variables.push((name.clone(), value));
                    }
                }
                Statement::If(branches, _) => {
                    for (condition, inner) in branches {
                        let condition = substituted(condition, &self.variables);
                        let truth = truth(&condition);
                        let asks = condition.has(&is_caller);
                        if refuses(inner) {
                            match truth {
                                Truth::True => return None,
                                Truth::Unknown if may_ask_caller(&condition) => return None,
                                Truth::False | Truth::Null if asks => self.passed = true,
                                _ => {}
                            }
                        } else if matches!(truth, Truth::False | Truth::Null) {
                            // The tests inside are for callers who have a user.
                            self.passed |= asks && may_raise(inner);
                        } else if truth == Truth::True && is_either(&condition) && acts(inner) {
                            return Some("a test of who may do it passes if auth.uid() is null");
                        } else if truth == Truth::True && asks {
                            return match inner.as_slice() {
                                [Statement::Return(Some(Sql::Constant(text)))]
                                    if text == "true" =>
                                {
                                    Some("it returns true if auth.uid() is null")
                                }
                                _ => None,
                            };
                        }
                    }
                }
                Statement::ReturnQuery(select) => {
                    let select = with_variables(select, &self.variables);
                    if self.passed && gives_rows(&select) {
                        return Some(PASSED);
                    }
                }
                Statement::Return(Some(value)) => {
                    let value = substituted(value, &self.variables);
                    let is_refusal = matches!(truth(&value), Truth::False | Truth::Null)
                        || value.select().is_some_and(|select| !gives_rows(select));
                    return (self.passed && !is_refusal).then_some(PASSED);
                }
                Statement::SetField(..) | Statement::Other if self.passed => return Some(PASSED),
                Statement::Raise | Statement::Return(None) => return None,
                Statement::Perform(_)
                | Statement::SetField(..)
                | Statement::Nothing
                | Statement::Other => {}
            }
        }
        None
    }
}

/// Returns true if a branch ends the function without giving anything.
fn refuses(statements: &[Statement]) -> bool {
    match statements.last() {
        Some(Statement::Raise | Statement::Return(None)) => true,
        Some(Statement::Return(Some(value))) => match value {
            Sql::Null => true,
            Sql::Constant(text) => text == "false",
            _ => false,
        },
        _ => false,
    }
}

/// Returns true for `auth.uid() is null or …`, whose other branches say who may pass.
fn is_either(condition: &Sql) -> bool {
    let is_null = |branch: &Sql| matches!(branch, Sql::IsNull(arg) if is_caller(arg));
    matches!(condition, Sql::Or(branches) if branches.iter().any(is_null))
}

/// Returns true if statements change something, or give something away.
fn acts(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match statement {
        Statement::Other | Statement::ReturnQuery(_) => true,
        Statement::Return(Some(value)) => value.select().is_some(),
        _ => false,
    })
}

/// Returns true if one of these refuses somebody.
fn may_raise(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match statement {
        Statement::Raise => true,
        Statement::If(branches, otherwise) => {
            branches.iter().any(|(_, inner)| may_raise(inner)) || may_raise(otherwise)
        }
        _ => false,
    })
}

/// Returns true if a condition is about the caller, or calls something that may ask for it.
fn may_ask_caller(condition: &Sql) -> bool {
    condition.has(&|expr| match expr {
        Sql::Call(name, _) => !name
            .last()
            .is_some_and(|name| ["coalesce", "lower", "now", "length"].contains(&name.as_str())),
        Sql::Exists(_) | Sql::Query(_) => true,
        other => source_of_text(other).is_some(),
    })
}

fn gives_rows(select: &Select) -> bool {
    let refused = |condition: &Sql| matches!(truth(condition), Truth::False | Truth::Null);
    !select.condition.iter().any(refused)
}

/// Returns what a condition is if the caller is NULL.
fn truth(expr: &Sql) -> Truth {
    match expr {
        _ if is_caller(expr) => Truth::Null,
        Sql::Null => Truth::Null,
        Sql::Constant(text) if text == "true" => Truth::True,
        Sql::Constant(text) if text == "false" => Truth::False,
        Sql::And(args) => all_of(args.iter().map(truth)),
        Sql::Or(args) => not(all_of(args.iter().map(|arg| not(truth(arg))))),
        Sql::Not(arg) => not(truth(arg)),
        Sql::IsNull(arg) if is_caller(arg) => Truth::True,
        Sql::IsTrue(arg) => match truth(arg) {
            Truth::Null => Truth::False,
            other => other,
        },
        Sql::Cast(arg, _) => truth(arg),
        Sql::Operator(_, left, right) if is_caller(left) || is_caller(right) => Truth::Null,
        Sql::Any(_, left, _) | Sql::All(_, left, _) if is_caller(left) => Truth::Null,
        Sql::Distinct(left, right) if is_caller(left) || is_caller(right) => Truth::True,
        Sql::Call(name, args) if name.last().is_some_and(|name| name == "coalesce") => {
            let mut values = args.iter().map(truth);
            values
                .find(|value| *value != Truth::Null)
                .unwrap_or(Truth::Null)
        }
        _ => Truth::Unknown,
    }
}

fn not(truth: Truth) -> Truth {
    match truth {
        Truth::True => Truth::False,
        Truth::False => Truth::True,
        other => other,
    }
}

fn all_of(values: impl Iterator<Item = Truth>) -> Truth {
    let rank = |truth: &Truth| match truth {
        Truth::False => 0,
        Truth::Null => 1,
        Truth::Unknown => 2,
        Truth::True => 3,
    };
    let values: Vec<Truth> = values.collect();
    values.into_iter().min_by_key(rank).unwrap_or(Truth::True)
}
