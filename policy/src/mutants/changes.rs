//! The mistakes that are made in a policy.

use super::Operator;
use crate::declared::{Condition, Declared};
use crate::{Clause, Expr, Operation, Parts};
use std::collections::HashMap;
use std::ops::Range;

/// A mistake, with the statements that make and undo it.
pub(super) struct Change {
    pub mutation: String,
    pub apply: Vec<String>,
    pub undo: Vec<String>,
}

/// Returns the mistakes, the coarse ones first.
pub(super) fn of(policy: &Declared, operators: &HashMap<u32, Operator>) -> Vec<Change> {
    let conditions = policy.using.iter().chain(&policy.check);
    // What such a policy answers does not depend on whether it is there.
    let does_nothing = if policy.permissive { "false" } else { "true" };
    let is_there = conditions
        .clone()
        .any(|condition| condition.sql != does_nothing);
    if conditions.count() == 0 {
        return Vec::new();
    }
    let mut changes = Vec::new();
    if is_there {
        changes.push(Change {
            mutation: "dropped".to_owned(),
            apply: vec![drop(policy)],
            undo: created(policy),
        });
    }
    for (word, condition) in [("using", &policy.using), ("with check", &policy.check)] {
        let Some(condition) = condition else { continue };
        let altered = |mutation: String, sql: &str| Change {
            mutation: format!("{word}: {mutation}"),
            apply: vec![alter(policy, &format!("{word} ({sql})"))],
            undo: vec![alter(policy, &format!("{word} ({})", condition.sql))],
        };
        for sql in ["true", "false"] {
            if is_news(policy, condition, sql) {
                changes.push(altered(sql.to_owned(), sql));
            }
        }
        let clause = Clause::of(&condition.expr, &condition.sql);
        let mut mistakes = Vec::new();
        let context = Context {
            policy,
            operators,
            is_inner: false,
        };
        context.collect(&clause, false, &mut mistakes);
        // A condition in a sub-select, such as that of a membership. Its columns are others.
        for leaf in clause.leaves() {
            if let Some(inner) = leaf.sub_condition(&condition.sql) {
                let context = Context {
                    is_inner: true,
                    ..context
                };
                mistakes.push(Mistake {
                    words: format!("sub-select without {}", shown(inner.sql)),
                    range: inner.range.clone(),
                    sql: "true".to_owned(),
                });
                context.collect(&inner, false, &mut mistakes);
            }
        }
        for Mistake { words, range, sql } in mistakes {
            let (before, after) = (
                condition.sql.get(..range.start).unwrap_or_default(),
                condition.sql.get(range.end..).unwrap_or_default(),
            );
            changes.push(altered(words, &format!("{before}{sql}{after}")));
        }
    }
    changes.extend(of_declaration(policy));
    changes
}

/// Returns false for what cannot be told from a policy that is dropped, or changes nothing.
fn is_news(policy: &Declared, condition: &Condition, sql: &str) -> bool {
    let is_all = policy.using.is_none() || policy.check.is_none();
    let same_as_dropped = is_all && policy.permissive == (sql == "false");
    condition.sql != sql && !same_as_dropped
}

/// Mistakes around the expressions: roles, command, kind.
fn of_declaration(policy: &Declared) -> Vec<Change> {
    let mut changes = Vec::new();
    if policy.roles != "public" {
        changes.push(Change {
            mutation: "roles widened to public".to_owned(),
            apply: vec![alter(policy, "to public")],
            undo: vec![alter(policy, &format!("to {}", policy.roles))],
        });
    }
    let mut other = |mutation: String, other: Declared| {
        let mut undo = vec![drop(policy)];
        undo.extend(created(policy));
        changes.push(Change {
            mutation,
            apply: vec![drop(policy), other.create()],
            undo,
        });
    };
    if policy.command != '*' {
        let mutation = format!("for {} widened to for all", policy.command_word());
        let using = policy.using.clone().or_else(|| policy.check.clone());
        other(
            mutation,
            Declared {
                command: '*',
                using,
                ..policy.clone()
            },
        );
    }
    let swapped = if policy.permissive {
        "permissive made restrictive"
    } else {
        "restrictive made permissive"
    };
    other(
        swapped.to_owned(),
        Declared {
            permissive: !policy.permissive,
            ..policy.clone()
        },
    );
    if let (Some(using), Some(check)) = (&policy.using, &policy.check)
        && using.sql != check.sql
    {
        other(
            "with check removed".to_owned(),
            Declared {
                check: None,
                ..policy.clone()
            },
        );
    }
    changes
}

fn drop(policy: &Declared) -> String {
    format!("drop policy {}", policy.on_table())
}

fn alter(policy: &Declared, change: &str) -> String {
    format!("alter policy {} {change}", policy.on_table())
}

fn created(policy: &Declared) -> Vec<String> {
    let comment = policy.comment.iter();
    let comment =
        comment.map(|comment| format!("comment on policy {} is {comment}", policy.on_table()));
    std::iter::once(policy.create()).chain(comment).collect()
}

/// A mistake in an expression: other SQL in the place of some.
struct Mistake {
    words: String,
    range: Range<usize>,
    sql: String,
}

#[derive(Clone, Copy)]
struct Context<'c> {
    policy: &'c Declared,
    operators: &'c HashMap<u32, Operator>,
    /// True in a sub-select.
    is_inner: bool,
}

impl Context<'_> {
    fn collect(&self, clause: &Clause<'_>, negated: bool, mistakes: &mut Vec<Mistake>) {
        match &clause.parts {
            Parts::All(parts) => {
                remove(clause, parts, "AND", mistakes);
            }
            Parts::Any(parts) => {
                remove(clause, parts, "OR", mistakes);
            }
            Parts::Not(_) => {}
            Parts::Leaf => self.leaf(clause, negated, mistakes),
        }
        let negated = negated ^ matches!(clause.parts, Parts::Not(_));
        for part in clause.children() {
            self.collect(part, negated, mistakes);
        }
    }

    fn leaf(&self, clause: &Clause<'_>, negated: bool, mistakes: &mut Vec<Mistake>) {
        if let Expr::Const(_) = clause.expr {
            return;
        }
        let comparison = match clause.expr {
            Expr::Operator(operation) => self.comparison(clause, operation),
            _ => None,
        };
        let Some((operation, operator, range)) = comparison else {
            mistakes.push(Mistake {
                words: format!("negated: {}", shown(clause.sql)),
                range: clause.range.clone(),
                sql: format!("(NOT {})", clause.sql),
            });
            return;
        };
        // If one side is never NULL, the two answer alike, but for a false in the place of a NULL.
        let is_strict = operation.args.iter().any(|side| self.is_never_null(side));
        if operator.name == "=" && (negated || !is_strict) {
            mistakes.push(Mistake {
                words: format!("= made is not distinct from: {}", shown(clause.sql)),
                range: range.clone(),
                sql: "IS NOT DISTINCT FROM".to_owned(),
            });
        }
        let turned = |negator: &String| Mistake {
            words: format!(
                "{} turned into {negator}: {}",
                operator.name,
                shown(clause.sql)
            ),
            range: range.clone(),
            sql: negator.clone(),
        };
        mistakes.extend(operator.negator.as_ref().map(turned));
    }

    /// Returns the operator of a comparison, and its place.
    fn comparison<'o>(
        &'o self,
        clause: &Clause<'_>,
        operation: &'o Operation,
    ) -> Option<(&'o Operation, &'o Operator, Range<usize>)> {
        let operator = self.operators.get(&operation.operator)?;
        operator.negator.as_ref()?;
        Some((operation, operator, clause.operator()?))
    }

    fn is_never_null(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Var(var) => {
                !self.is_inner
                    && var.varno == 1
                    && var.levels_up == 0
                    && self.policy.never_null.contains(&var.attno)
            }
            Expr::Const(constant) => constant.bytes.is_some(),
            Expr::Cast { arg, .. } | Expr::Collate(arg) => self.is_never_null(arg),
            _ => false,
        }
    }
}

/// Removes each of the branches in turn.
fn remove(clause: &Clause<'_>, parts: &[Clause<'_>], word: &str, mistakes: &mut Vec<Mistake>) {
    for removed in parts {
        let kept: Vec<&str> = parts
            .iter()
            .filter(|part| part.range != removed.range)
            .map(|part| part.sql)
            .collect();
        let sql = match kept[..] {
            [only] => only.to_owned(),
            _ => format!("({})", kept.join(&format!(" {word} "))),
        };
        mistakes.push(Mistake {
            words: format!("{word} without {}", shown(removed.sql)),
            range: clause.range.clone(),
            sql,
        });
    }
}

/// A clause in a line.
fn shown(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
