//! The whole question: rows, gates, and the verdict.

use super::command::{Action, Command, Kind, Phase};
use super::error::{ends_the_call, error, undone};
use super::facts::{Column, Relation};
use super::gates::{self, Gates, RowSecurity, Rows};
use super::given::Given;
use super::identity::as_identity;
use super::policies::{self, Policy, Role};
use super::rows::{self, Pick, TableRow};
use super::shown::{Reader, Shown};
use super::statement::{self, Done};
use super::step::{Gate, Outcome, Step};
use super::{Request, grants, view};
use crate::trust::RowReader;
use crate::{Server, ServerError};

/// A question that has been read.
struct Question<'r> {
    relation: Relation,
    command: Command,
    row: Option<Given<'r>>,
    new_row: Option<Given<'r>>,
    pick: Option<Pick>,
    /// The rows that are there, as the caller sees them; `None` if it may not read them.
    there: Option<Vec<TableRow>>,
    caller: String,
    reader: RowReader,
    /// True if the question names a role, or its claims do.
    names_role: bool,
    in_detail: bool,
}

/// The verdict, and why.
struct Verdict {
    is_allowed: bool,
    note: String,
}

/// Answers a request, in a subtransaction that the caller rolls back.
pub(super) fn ask(
    server: &mut dyn Server,
    request: &Request<'_>,
    in_detail: bool,
) -> Result<Vec<Step>, ServerError> {
    let mut question = Question::read(server, request, in_detail)?;
    let claimed = match request.role {
        None => claimed_role(request.claims).filter(|role| *role != question.caller),
        Some(_) => None,
    };
    question.names_role |= claimed.is_some();
    undone(server, |server| {
        let role = request.role.or(claimed.as_deref());
        as_identity(server, request.claims, role).map_err(|problem| match claimed.is_some() {
            true => ServerError {
                detail: problem.detail.or_else(|| Some(CLAIMED.to_owned())),
                ..problem
            },
            false => problem,
        })?;
        question.answer(server)
    })
}

const CLAIMED: &str = "The claims say this role. If role is given, that counts instead.";

/// The role that a gateway takes for these claims.
fn claimed_role(claims: Option<&str>) -> Option<String> {
    let claims: serde_json::Value = serde_json::from_str(claims?).ok()?;
    let role = claims.get("role")?.as_str()?;
    (!role.is_empty()).then(|| role.to_owned())
}

impl<'r> Question<'r> {
    /// Reads what is asked, and fetches the rows with the rights of the caller.
    fn read(
        server: &mut dyn Server,
        request: &Request<'r>,
        in_detail: bool,
    ) -> Result<Self, ServerError> {
        let command = Command::parse(request.command)?;
        let relation = Relation::find(server, request.relation)?;
        // Values are handed on as texts: no digit may be lost.
        let prepare = "select pg_catalog.set_config('extra_float_digits', '1', true), \
                       current_user::pg_catalog.text";
        let caller = server.query(prepare, &[])?;
        let caller = caller.into_iter().flatten().flatten().last();
        if relation.relkind == "m" && command.action != Action::Select {
            let message = format!(
                "{} is a materialized view, which nothing changes",
                relation.title
            );
            return Err(error(
                "42809",
                message,
                "Ask about select, or about its tables.",
            ));
        }
        let row = Given::parse("row", request.row)?;
        let new_row = Given::parse("new_row", request.new_row)?;
        if let Some(new_row) = &new_row {
            if command.action != Action::Update {
                let hint = "For an insert, row is the row to insert.";
                return Err(error("22023", "new_row is for an update only", hint));
            }
            rows::check_written(&relation, command, new_row)?;
        }
        let columns = match &row {
            Some(row) if !command.picks() => {
                rows::check_written(&relation, command, row)?;
                row.columns(&relation)?
            }
            Some(row) => row.columns(&relation)?,
            None => Vec::new(),
        };
        let is_key = |column: &&Column| column.in_key;
        let picking: Vec<&Column> = match command.action {
            Action::Insert => Vec::new(),
            Action::Upsert => {
                let key: Vec<&Column> = relation.columns.iter().filter(is_key).collect();
                if key.is_empty() {
                    let hint = "An upsert needs one: insert … on conflict (…) do update.";
                    let message = format!("{} has no primary key", relation.title);
                    return Err(error("42P10", message, hint));
                }
                let given: Vec<&Column> = columns.into_iter().filter(is_key).collect();
                if key.len() == given.len() {
                    given
                } else {
                    Vec::new()
                }
            }
            _ if row.is_some() && columns.is_empty() => {
                let hint = "Give the columns that pick the rows, such as the primary key.";
                return Err(error("22023", "row has no column", hint));
            }
            _ => columns,
        };
        let pick = match &row {
            Some(row) if !picking.is_empty() => {
                Some(Pick::of(server, &relation, command, row, &picking)?)
            }
            _ => None,
        };
        let reader = RowReader::of(server, &relation.oid)?;
        let there = match (&pick, &row) {
            (Some(pick), Some(row)) if !relation.is_view() => reader
                .read(server, |server| rows::picked(server, &relation, pick, row))?
                .flatten(),
            _ => Some(Vec::new()),
        };
        Ok(Self {
            relation,
            command,
            row,
            new_row,
            pick,
            there,
            caller: caller.unwrap_or_default(),
            reader,
            names_role: request.role.is_some(),
            in_detail,
        })
    }

    /// Answers as the role that is asked about, which is the current one.
    fn answer(mut self, server: &mut dyn Server) -> Result<Vec<Step>, ServerError> {
        let role = policies::role(server, &self.relation)?;
        let mut steps = grants::steps(
            server,
            &self.relation,
            self.command,
            &role,
            self.row.as_ref(),
            self.new_row.as_ref(),
        )?;
        let lacking = steps.iter().find(|step| step.result != Outcome::True);
        let refusal = lacking
            .and_then(|step| step.note.clone())
            .map(|note| Verdict {
                is_allowed: false,
                note: format!("refused: {note}"),
            });
        if !role.uses_schema || (refusal.is_some() && !self.in_detail) {
            return Ok(finished(steps, refusal));
        }
        self.fetch_as_role(server, &role)?;
        let answered = match self.relation.is_view() {
            // Nothing is run as a superuser: a view may call anybody's functions.
            true if role.is_superuser => Some(Verdict {
                is_allowed: true,
                note: format!(
                    "{}: {} is a superuser, so {} was not run",
                    self.word(true),
                    role.name,
                    self.relation.title
                ),
            }),
            true => {
                steps.extend(view::steps(server, &self.relation)?);
                self.by_statement(server, "a view reads other tables", &mut steps)?
            }
            false => self.by_policies(server, &role, &mut steps)?,
        };
        Ok(finished(steps, refusal.or(answered)))
    }

    /// A role may see a row that the caller does not see.
    fn fetch_as_role(&mut self, server: &mut dyn Server, role: &Role) -> Result<(), ServerError> {
        let (Some(pick), Some(row)) = (&self.pick, &self.row) else {
            return Ok(());
        };
        if role.is_superuser && self.reader != RowReader::Caller {
            return Ok(());
        }
        let has_none = self.there.as_ref().is_none_or(Vec::is_empty);
        if has_none && !self.relation.is_view() {
            match rows::picked(server, &self.relation, pick, row) {
                // Nothing if the role may not read all of the row: it may meet one all the same.
                Ok(rows) => self.there = rows,
                Err(problem) if ends_the_call(&problem) => return Err(problem),
                // A policy that fails hides the row from the role as well.
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn by_policies(
        &self,
        server: &mut dyn Server,
        role: &Role,
        steps: &mut Vec<Step>,
    ) -> Result<Option<Verdict>, ServerError> {
        if self.relation.takes_no(self.command) {
            let (title, command) = (&self.relation.title, self.command.kind().as_str());
            return Ok(Some(Verdict {
                is_allowed: false,
                note: format!("error: {title} is a foreign table that takes no {command}"),
            }));
        }
        let (state, step) = gates::row_security(&self.relation, role);
        let note = step.note.clone().unwrap_or_default();
        steps.push(step);
        if let RowSecurity::Fails = state {
            return Ok(Some(Verdict {
                is_allowed: false,
                note: format!("refused: {note}"),
            }));
        }
        let picks_rows = self.command.picks() && self.pick.is_some();
        let there: &[TableRow] = match &self.there {
            Some(there) => there,
            None if role.is_superuser => {
                return Ok(Some(Verdict {
                    is_allowed: true,
                    note: format!(
                        "{}: {note}; nothing was run as a superuser, so the row was not looked for",
                        self.word(true)
                    ),
                }));
            }
            None => {
                let why = "neither the caller nor the role may read all columns of the row";
                return self.by_statement(server, why, steps);
            }
        };
        if picks_rows && there.is_empty() {
            return Ok(Some(Verdict {
                is_allowed: false,
                note: format!(
                    "hidden: {} has no such row that {} or {} may read",
                    self.relation.title,
                    self.reader.name(&self.caller),
                    role.name
                ),
            }));
        }
        let changes = "a trigger or a rule may change the row";
        let is_changed = self.relation.is_changed_by(self.command) && self.can_run();
        if let RowSecurity::Passes = state {
            // Nothing is run as a superuser.
            if is_changed && !role.is_superuser {
                return self.by_statement(server, changes, steps);
            }
            let more = match self.relation.has_row_security && !self.names_role {
                true => "; give role to ask for another",
                false => "",
            };
            return Ok(Some(Verdict {
                is_allowed: true,
                note: format!("{}: {note}{more}", self.word(true)),
            }));
        }
        let policies = policies::policies(server, &self.relation)?;
        let readers = match self.in_detail {
            true => Reader::of(server, &policies)?,
            false => Vec::new(),
        };
        let gates = Gates {
            relation: &self.relation,
            role,
            policies: &policies,
            shown: Shown {
                relation: &self.relation,
                caller: &self.caller,
                readers,
            },
            in_detail: self.in_detail,
        };
        let mut first = None;
        let mut stopped = None;
        let several: Vec<Option<&TableRow>> = match there {
            [] => vec![None],
            there => there.iter().map(Some).collect(),
        };
        for row in &several {
            let (found, verdict) = self.row(server, &gates, *row)?;
            if !verdict.is_allowed {
                stopped = Some((found, verdict));
                break;
            }
            first.get_or_insert((found, verdict));
        }
        let Some((found, mut verdict)) = stopped.or(first) else {
            return Ok(None);
        };
        steps.extend(found);
        if several.len() > 1 {
            let more = if several.len() >= rows::MOST_ROWS {
                " or more"
            } else {
                ""
            };
            verdict.note = format!("{} (one of {}{more} rows)", verdict.note, several.len());
        }
        let open = match () {
            () if is_changed => changes,
            () if self.draws_for(&policies) => "a policy reads a number that a sequence gives",
            () if verdict.is_allowed && self.can_run() => {
                let row = self.row.as_ref().map(|row| (row, self.pick.as_ref()));
                let new_row = self.new_row.as_ref();
                let problem = statement::start(server, &self.relation, self.command, row, new_row)?;
                return Ok(Some(problem.as_ref().map_or(verdict, fails)));
            }
            () => return Ok(Some(verdict)),
        };
        Ok(self.by_statement(server, open, steps)?.or(Some(verdict)))
    }

    /// Asks the policies about one row.
    fn row(
        &self,
        server: &mut dyn Server,
        gates: &Gates<'_>,
        old: Option<&TableRow>,
    ) -> Result<(Vec<Step>, Verdict), ServerError> {
        let mut rows = Rows {
            old: old.cloned(),
            ..Rows::default()
        };
        if let (false, Some(given)) = (self.command.picks(), &self.row) {
            match rows::proposed(server, &self.relation, given)? {
                Ok(row) => rows.proposed = Some(row),
                Err(problem) => return Ok((Vec::new(), fails(&problem))),
            }
        }
        let given = match self.command.action {
            Action::Upsert => self.row.as_ref(),
            _ => self.new_row.as_ref(),
        };
        rows.new = rows.old.clone();
        if let (Some(old), Some(given)) = (&rows.old, given) {
            match rows::updated(server, &self.relation, given, old)? {
                Ok(row) => rows.new = Some(row),
                Err(problem) => return Ok((Vec::new(), fails(&problem))),
            }
        }
        let mut steps = Vec::new();
        let mut stopped = None;
        let mut passed = Vec::new();
        let mut depends = Vec::new();
        for phase in self.command.phases(self.updates_conflict(old)) {
            let answer = gates.ask(server, phase, &rows)?;
            if !matches!(answer.outcome, Outcome::True | Outcome::Skipped) {
                let word = match (answer.outcome, phase.refuses) {
                    (Outcome::Error, _) => "error",
                    (_, true) => "refused",
                    (_, false) => "hidden",
                };
                stopped.get_or_insert(format!("{word}: {}", answer.why));
                if !self.in_detail {
                    break;
                }
            }
            passed.extend(answer.passed);
            depends.extend(answer.depends);
            steps.extend(answer.steps);
        }
        if stopped.is_none() {
            for phase in self.not_met(old) {
                if let Some(problem) = gates.start(server, phase)? {
                    return Ok((steps, fails(&problem)));
                }
            }
        }
        let verdict = match stopped {
            Some(note) => Verdict {
                is_allowed: false,
                note,
            },
            None => Verdict {
                is_allowed: true,
                note: match depends.is_empty() {
                    true => format!("{}: {}", self.word(true), pass(&passed)),
                    false => format!("{} if the row passes: {}", self.word(true), list(&depends)),
                },
            },
        };
        Ok((steps, verdict))
    }

    /// True if a policy reads a column that an insert draws a number for.
    fn draws_for(&self, policies: &[Policy]) -> bool {
        let (false, Some(row)) = (self.command.picks(), &self.row) else {
            return false;
        };
        let mut columns = self.relation.columns.iter();
        columns.any(|column| {
            let is_drawn = column.draws() && !row.has(column);
            is_drawn && policies.iter().any(|policy| policy.reads(column.number))
        })
    }

    /// The phases of an upsert that finds no row, but would update one.
    fn not_met(&self, old: Option<&TableRow>) -> Vec<Phase> {
        let is_upsert = self.command.action == Action::Upsert && old.is_none();
        if !is_upsert || !self.row.as_ref().is_some_and(|row| self.sets(row)) {
            return Vec::new();
        }
        let met = self.command.phases(false);
        let mut all = self.command.phases(true);
        all.retain(|phase| !met.contains(phase));
        all
    }

    /// True if a row has columns beside the key.
    fn sets(&self, given: &Given<'_>) -> bool {
        let mut columns = self.relation.columns.iter();
        columns.any(|column| !column.in_key && given.has(column))
    }

    /// True if an upsert finds its row, and sets more than the key.
    fn updates_conflict(&self, old: Option<&TableRow>) -> bool {
        old.is_some() && self.row.as_ref().is_some_and(|row| self.sets(row))
    }

    /// True if the statement can be run: it has the values that it needs.
    fn can_run(&self) -> bool {
        match self.command.action {
            Action::Update => self.new_row.is_some() && self.row.is_some(),
            Action::Insert | Action::Upsert | Action::Delete | Action::SelectForUpdate => {
                self.row.is_some()
            }
            Action::Select => true,
        }
    }

    fn by_statement(
        &self,
        server: &mut dyn Server,
        why: &str,
        steps: &mut Vec<Step>,
    ) -> Result<Option<Verdict>, ServerError> {
        if !self.can_run() {
            return Ok(None);
        }
        let row = self.row.as_ref().map(|row| (row, self.pick.as_ref()));
        let done = statement::run(
            server,
            &self.relation,
            self.command,
            row,
            self.new_row.as_ref(),
        )?;
        let needs_row = self.command.picks() && self.row.is_some();
        let (result, is_allowed, note) = match done {
            Done::Rows(Some(0)) if needs_row => {
                let note = "hidden: the statement works on no row".to_owned();
                (Outcome::False, false, note)
            }
            Done::Rows(Some(0)) if self.command.action == Action::Insert => {
                let note = "refused: a trigger or a rule keeps the row out".to_owned();
                (Outcome::False, false, note)
            }
            Done::Failed(problem) if problem.sqlstate == "25006" => {
                let hint = "The answer needs the statement itself, which is rolled back: ask in a \
                            transaction that may write.";
                return Err(ServerError {
                    hint: Some(hint.to_owned()),
                    ..problem
                });
            }
            Done::Rows(_) => (
                Outcome::True,
                true,
                format!("{}: it works", self.word(true)),
            ),
            // Policies are asked before constraints (ExecInsert in nodeModifyTable.c).
            Done::Failed(problem) if problem.sqlstate.starts_with("23") => (
                Outcome::Error,
                true,
                format!("allowed, but a constraint fails: {}", problem.message),
            ),
            Done::Failed(problem) if problem.sqlstate == "42501" => (
                Outcome::False,
                false,
                format!("refused: {}", problem.message),
            ),
            Done::Failed(problem) => (Outcome::Error, false, format!("error: {}", problem.message)),
        };
        steps.push(Step {
            gate: Gate::Statement,
            name: Some(self.relation.title.clone()),
            clause: Some(self.command.kind().as_str().to_owned()),
            result,
            note: Some(format!("{why}: it was run, and rolled back")),
        });
        Ok(Some(Verdict { is_allowed, note }))
    }

    fn word(&self, is_allowed: bool) -> &'static str {
        match (self.command.kind(), is_allowed) {
            (Kind::Select, true) => "visible",
            (_, true) => "allowed",
            (_, false) => "refused",
        }
    }
}

/// A default, or a generated column, fails, and the statement with it.
fn fails(problem: &ServerError) -> Verdict {
    Verdict {
        is_allowed: false,
        note: format!("error: {}", problem.message),
    }
}

fn pass(policies: &[String]) -> String {
    match policies {
        [] => "no gate stops it".to_owned(),
        [first, others @ ..] if others.iter().all(|other| other == first) => {
            format!("{first} passes")
        }
        several => format!("{} pass", list(several)),
    }
}

/// The names, each once.
fn list(names: &[String]) -> String {
    let mut once: Vec<&str> = Vec::new();
    for name in names {
        if !once.contains(&&**name) {
            once.push(name);
        }
    }
    once.join(", ")
}

/// Adds the last row.
fn finished(mut steps: Vec<Step>, verdict: Option<Verdict>) -> Vec<Step> {
    let verdict = verdict.unwrap_or(Verdict {
        is_allowed: true,
        note: "allowed: no gate stops it".to_owned(),
    });
    steps.push(Step {
        gate: Gate::Verdict,
        name: None,
        clause: None,
        result: match verdict.is_allowed {
            true => Outcome::Allowed,
            false => Outcome::Denied,
        },
        note: Some(verdict.note),
    });
    steps
}
