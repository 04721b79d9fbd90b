//! The gates of row-level security: whether policies apply, and what each of them says about a row.

use super::clause::{all, any, blame};
use super::command::{Kind, Phase, Which};
use super::evaluate::{Reads, Values};
use super::facts::Relation;
use super::policies::{Condition, Policy, Role};
use super::rows::TableRow;
use super::shown::Shown;
use super::step::{Gate, Outcome, Step};
use super::words;
use crate::{Server, ServerError};

/// What row-level security does to a role.
pub(super) enum RowSecurity {
    /// Nothing.
    Passes,
    Applies,
    /// The statement fails, because `row_security` is off.
    Fails,
}

/// Returns whether policies apply (check_enable_rls in src/backend/utils/misc/rls.c).
pub(super) fn row_security(relation: &Relation, role: &Role) -> (RowSecurity, Step) {
    let (who, title) = (&role.name, &relation.title);
    let forced = if relation.is_forced {
        ", and forced"
    } else {
        ""
    };
    let (state, note) = match () {
        () if !relation.has_row_security => (
            RowSecurity::Passes,
            format!("row-level security of {title} is off"),
        ),
        () if role.is_superuser => (
            RowSecurity::Passes,
            format!("no policy applies to {who}, a superuser"),
        ),
        () if role.bypasses => (
            RowSecurity::Passes,
            format!("no policy applies to {who}, who has BYPASSRLS"),
        ),
        () if role.owns && !relation.is_forced => (
            RowSecurity::Passes,
            format!(
                "no policy applies to {who}, who has the rights of the owner {}",
                relation.owner
            ),
        ),
        () if !role.row_security => (
            RowSecurity::Fails,
            format!("policies apply to {who}, but the setting row_security is off"),
        ),
        () => (
            RowSecurity::Applies,
            format!("row-level security of {title} is on{forced}: policies decide"),
        ),
    };
    let step = Step {
        gate: Gate::RowSecurity,
        name: Some(title.clone()),
        clause: None,
        result: match state {
            RowSecurity::Fails => Outcome::Error,
            _ => Outcome::True,
        },
        note: Some(note),
    };
    (state, step)
}

/// The rows that a statement meets.
#[derive(Default)]
pub(super) struct Rows {
    pub old: Option<TableRow>,
    pub proposed: Option<TableRow>,
    pub new: Option<TableRow>,
}

impl Rows {
    fn get(&self, which: Which) -> Option<&TableRow> {
        match which {
            Which::Old => self.old.as_ref(),
            Which::Proposed => self.proposed.as_ref(),
            Which::New => self.new.as_ref(),
        }
    }
}

/// What a phase says.
pub(super) struct PhaseAnswer {
    pub outcome: Outcome,
    pub steps: Vec<Step>,
    /// The permissive policies that let the row pass.
    pub passed: Vec<String>,
    /// The policies that cannot be asked without a row.
    pub depends: Vec<String>,
    /// Why the row does not pass, in words.
    pub why: String,
}

/// What is asked of the policies.
pub(super) struct Gates<'q> {
    pub relation: &'q Relation,
    pub role: &'q Role,
    pub policies: &'q [Policy],
    pub shown: Shown<'q>,
    /// False if only the verdict counts.
    pub in_detail: bool,
}

impl Gates<'_> {
    /// The policies of a phase.
    fn met(&self, phase: Phase) -> Vec<(&Policy, &Condition)> {
        self.policies
            .iter()
            .filter(|policy| policy.applies && policy.is_for(phase.of))
            .filter_map(|policy| Some((policy, policy.condition(phase)?)))
            .collect()
    }

    /// Returns the error that the policies of a phase are to a statement that meets no row in it:
    /// what they read is checked when the statement starts (ExecCheckPermissions).
    pub fn start(
        &self,
        server: &mut dyn Server,
        phase: Phase,
    ) -> Result<Option<ServerError>, ServerError> {
        let met = self.met(phase);
        let values = Values::of(self.relation, None, reads(&met));
        values.start(server, &whole(phase, &met))
    }

    /// Asks the policies of one phase about one row.
    pub fn ask(
        &self,
        server: &mut dyn Server,
        phase: Phase,
        rows: &Rows,
    ) -> Result<PhaseAnswer, ServerError> {
        let row = rows.get(phase.row);
        let met = self.met(phase);
        let mut values = Values::of(self.relation, row, reads(&met));
        let whole = whole(phase, &met);
        match row {
            // As the statement does: in one expression, so that what fails behind something that
            // decides already is not met.
            Some(_) => values.evaluate(server, [whole.clone()])?,
            None => {
                let free = met
                    .iter()
                    .flat_map(|(_, condition)| condition.clause().leaves_free());
                values.evaluate(server, free)?;
            }
        }
        let outcome = match row {
            Some(_) => values.outcome(&whole),
            None => without_row(phase, &met, &values),
        };
        if !self.in_detail {
            return Ok(PhaseAnswer {
                outcome,
                steps: Vec::new(),
                passed: Vec::new(),
                depends: Vec::new(),
                why: String::new(),
            });
        }
        if row.is_some() {
            let parts = met.iter().flat_map(|(_, condition)| {
                let clause = condition.clause();
                let leaves = clause.leaves();
                let leaves: Vec<String> = leaves.iter().map(|leaf| leaf.sql.to_owned()).collect();
                std::iter::once(condition.sql.clone()).chain(leaves)
            });
            let shown = met.iter().flat_map(|(_, condition)| {
                let clause = condition.clause();
                let leaves = clause.leaves();
                let shown = leaves.iter().map(|leaf| self.shown.expressions(leaf));
                shown.flatten().collect::<Vec<_>>()
            });
            values.evaluate(server, parts.chain(shown))?;
        }
        let names = |wanted| {
            let is_such = |(policy, it): &&(&Policy, &Condition)| {
                let outcome = it.clause().outcome(&values);
                outcome == wanted && (policy.is_permissive || outcome == Outcome::Skipped)
            };
            let names = met.iter().filter(is_such);
            names.map(|(policy, _)| policy.name.clone()).collect()
        };
        Ok(PhaseAnswer {
            outcome,
            passed: names(Outcome::True),
            depends: names(Outcome::Skipped),
            steps: self.steps(phase, &met, &values),
            why: self.why(phase, &met, &values),
        })
    }

    fn steps(&self, phase: Phase, met: &[(&Policy, &Condition)], values: &Values<'_>) -> Vec<Step> {
        let mut steps = Vec::new();
        let on = match phase.row {
            Which::Old => "the row",
            Which::Proposed => "the row to insert",
            Which::New => "the new row",
        };
        // A check asks the permissive policies first (add_with_check_options in rowsecurity.c).
        let kinds = if phase.refuses {
            [true, false]
        } else {
            [false, true]
        };
        for is_permissive in kinds {
            for (policy, condition) in met {
                if policy.is_permissive != is_permissive {
                    continue;
                }
                let clause = condition.clause();
                let leaves = clause.leaves();
                let about = format!(
                    "{} for {}, on {on}",
                    policy.clause_name(phase),
                    phase.of.as_str()
                );
                let values_shown = match leaves.as_slice() {
                    [leaf] => self.shown.values(leaf, values),
                    _ => String::new(),
                };
                steps.push(Step {
                    gate: match is_permissive {
                        true => Gate::Permissive,
                        false => Gate::Restrictive,
                    },
                    name: Some(policy.name.clone()),
                    clause: Some(words::expression(&condition.sql)),
                    result: clause.outcome(values),
                    note: Some(join(
                        &about,
                        &values_shown,
                        &problem(&condition.sql, values),
                    )),
                });
                if leaves.len() > 1 {
                    steps.extend(leaves.iter().map(|leaf| {
                        Step {
                            gate: Gate::Clause,
                            name: Some(policy.name.clone()),
                            clause: Some(words::expression(leaf.sql)),
                            result: values.outcome(leaf.sql),
                            note: Some(join(
                                "",
                                &self.shown.values(leaf, values),
                                &problem(leaf.sql, values),
                            ))
                            .filter(|note| !note.is_empty()),
                        }
                    }));
                }
            }
            if is_permissive && !met.iter().any(|(policy, _)| policy.is_permissive) {
                steps.push(Step {
                    gate: Gate::Permissive,
                    name: None,
                    clause: None,
                    result: Outcome::False,
                    note: Some(self.no_permissive(phase.of)),
                });
            }
        }
        steps
    }

    fn no_permissive(&self, of: Kind) -> String {
        let note = format!(
            "no permissive policy for {} applies to {}",
            of.as_str(),
            self.role.name
        );
        let others: Vec<String> = self
            .policies
            .iter()
            .filter(|policy| policy.is_permissive && policy.is_for(of) && !policy.applies)
            .map(|policy| format!("{} is for {}", policy.name, policy.roles))
            .collect();
        match others.is_empty() {
            true => note,
            false => format!("{note}; {}", others.join("; ")),
        }
    }

    /// Says which policies keep the row from passing, with the clauses that do it.
    fn why(&self, phase: Phase, met: &[(&Policy, &Condition)], values: &Values<'_>) -> String {
        let of = phase.of.as_str();
        let blamed = |condition: &Condition| {
            let clause = condition.clause();
            let mut leaves = Vec::new();
            blame(&clause, true, values, &mut leaves);
            if leaves.is_empty() {
                leaves.push(&clause);
            }
            let leaves: Vec<String> = leaves
                .into_iter()
                .map(|leaf| self.shown.sentence(leaf, values))
                .collect();
            leaves.join("; ")
        };
        let named = |policy: &Policy, condition: &Condition| {
            format!("{}: {}", policy.name, blamed(condition))
        };
        let is_stopped = |condition: &Condition| !condition.passes(values);
        if let Some(Err(problem)) = values.value(&whole(phase, met)) {
            let fails =
                |condition: &Condition| condition.clause().outcome(values) == Outcome::Error;
            let failing = met.iter().find(|(_, condition)| fails(condition));
            return match failing {
                Some((policy, condition)) => named(policy, condition),
                None => problem.message.clone(),
            };
        }
        let restrictive = met
            .iter()
            .find(|(policy, condition)| !policy.is_permissive && is_stopped(condition));
        let permissive: Vec<_> = met
            .iter()
            .filter(|(policy, _)| policy.is_permissive)
            .collect();
        let none_passes = permissive
            .iter()
            .all(|(_, condition)| is_stopped(condition));
        let by_restrictive = |(policy, condition): &(&Policy, &Condition)| {
            format!(
                "the restrictive policy {} does not pass: {}",
                policy.name,
                blamed(condition)
            )
        };
        match restrictive {
            Some(stopped) if !(phase.refuses && none_passes) => by_restrictive(stopped),
            _ if permissive.is_empty() => self.no_permissive(phase.of),
            _ => {
                let each: Vec<String> = permissive
                    .iter()
                    .filter(|(_, condition)| is_stopped(condition))
                    .map(|(policy, condition)| named(policy, condition))
                    .collect();
                format!("no permissive policy for {of} passes; {}", each.join("; "))
            }
        }
    }
}

fn reads(met: &[(&Policy, &Condition)]) -> Reads {
    let reads = |attno: fn(i16) -> bool| met.iter().any(|(_, it)| it.reads(attno));
    Reads {
        system_columns: reads(|attno| attno < 0),
        whole_row: reads(|attno| attno == 0),
    }
}

/// The condition of all policies, as Postgres composes it. NULL is no pass either.
fn whole(phase: Phase, met: &[(&Policy, &Condition)]) -> String {
    let of = |is_permissive| {
        met.iter()
            .filter(move |(policy, _)| policy.is_permissive == is_permissive)
            .map(|(_, condition)| format!("({})", condition.sql))
    };
    // The last by name is asked first (RelationBuildRowSecurity in
    // src/backend/commands/policy.c): if it passes, those that fail are not met.
    let mut any: Vec<String> = of(true).collect();
    any.reverse();
    if any.is_empty() {
        return "false".to_owned();
    }
    let any = format!("({})", any.join(" or "));
    let mut all: Vec<String> = of(false).collect();
    match phase.refuses {
        true => all.insert(0, any),
        false => all.push(any),
    }
    all.join(" and ")
}

/// What can be said without a row: policies that read none of its columns decide.
fn without_row(phase: Phase, met: &[(&Policy, &Condition)], values: &Values<'_>) -> Outcome {
    let _ = phase;
    let outcomes = |is_permissive| {
        met.iter()
            .filter(move |(policy, _)| policy.is_permissive == is_permissive)
            .map(|(_, condition)| condition.clause().outcome(values))
    };
    all(outcomes(false).chain([any(outcomes(true))]))
}

fn problem(sql: &str, values: &Values<'_>) -> String {
    match values.value(sql) {
        Some(Err(problem)) => problem.message.clone(),
        _ => String::new(),
    }
}

fn join(about: &str, values: &str, problem: &str) -> String {
    let parts = [about, values, problem].into_iter();
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}
