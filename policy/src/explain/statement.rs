//! The statement itself, run as the current role and rolled back. It decides where no policy tells
//! what happens: for views, and where a trigger or a rule changes the row.

use super::command::{Action, Command};
use super::error::{ends_the_call, error, undone};
use super::facts::Relation;
use super::given::Given;
use super::rows::{MOST_ROWS, Pick, record};
use crate::{Server, ServerError};

/// A question waits for nobody's transaction for long.
const LOCK_TIMEOUT: &str = "
    select pg_catalog.set_config('lock_timeout', '2s', true)
     where pg_catalog.current_setting('lock_timeout') operator(pg_catalog.=) '0'";

/// What the statement did.
pub(super) enum Done {
    /// It worked on so many rows, if it is known.
    Rows(Option<u64>),
    Failed(ServerError),
}

/// Runs the statement.
pub(super) fn run(
    server: &mut dyn Server,
    relation: &Relation,
    command: Command,
    row: Option<(&Given<'_>, Option<&Pick>)>,
    new_row: Option<&Given<'_>>,
) -> Result<Done, ServerError> {
    let (sql, parameters) = sql(relation, command, row, new_row)?;
    let tried = undone(server, |server| {
        server.query(LOCK_TIMEOUT, &[])?;
        server.query(&sql, &parameters)
    });
    match tried {
        Ok(rows) => {
            let count = rows.into_iter().flatten().flatten().next();
            Ok(Done::Rows(count.and_then(|count| count.parse().ok())))
        }
        Err(problem) if ends_the_call(&problem) => Err(problem),
        Err(problem) => Ok(Done::Failed(problem)),
    }
}

/// Plans the statement and starts it, without a row: what it reads is checked then, and policies
/// that recurse are met (fireRIRrules in src/backend/rewrite/rewriteHandler.c). Returns that error.
pub(super) fn start(
    server: &mut dyn Server,
    relation: &Relation,
    command: Command,
    row: Option<(&Given<'_>, Option<&Pick>)>,
    new_row: Option<&Given<'_>>,
) -> Result<Option<ServerError>, ServerError> {
    let (sql, parameters) = sql(relation, command, row, new_row)?;
    let sql = format!("explain {sql}");
    match undone(server, |server| server.query(&sql, &parameters)) {
        Err(problem) if ends_the_call(&problem) => Err(problem),
        tried => {
            let is_told = |it: &ServerError| ["42501", "42P17"].contains(&&*it.sqlstate);
            Ok(tried.err().filter(is_told))
        }
    }
}

type Statement<'g> = (String, Vec<Option<&'g str>>);

fn sql<'g>(
    relation: &Relation,
    command: Command,
    row: Option<(&Given<'g>, Option<&Pick>)>,
    new_row: Option<&Given<'g>>,
) -> Result<Statement<'g>, ServerError> {
    let target = &relation.qualified;
    let json = row.map_or("{}", |(given, _)| given.json);
    let pick = row.and_then(|(_, pick)| pick);
    let returning = if command.returning { "*" } else { "1" };
    let counted = |sql: String| {
        format!(
            "with done as ({sql} returning {returning}) \
             select pg_catalog.count(*)::pg_catalog.text from done"
        )
    };
    // A parameter that is not used has no type.
    let read = match pick {
        Some(pick) => pick.clauses(),
        None => format!("from {target} as picked where $1::pg_catalog.text is not null"),
    };
    let used = |word: &str| match pick {
        Some(pick) if command.has_where => pick.using(word),
        _ => "where $1::pg_catalog.text is not null".to_owned(),
    };
    let sql = match command.action {
        Action::Select => format!(
            "select pg_catalog.count(*)::pg_catalog.text from (select 1 {read} limit {MOST_ROWS}) s"
        ),
        Action::SelectForUpdate => format!(
            "select pg_catalog.count(*)::pg_catalog.text \
             from (select 1 {read} for update of picked) locked"
        ),
        Action::Delete => counted(format!("delete from {target} as picked {}", used("using"))),
        Action::Update => {
            let Some(new) = new_row else {
                return Err(nothing_new());
            };
            let columns = new.columns(relation)?;
            let sets: Vec<String> = columns
                .iter()
                .map(|it| format!("{0} = (select new.{0} from new)", it.quoted))
                .collect();
            if sets.is_empty() {
                return Err(nothing_new());
            }
            let types: Vec<_> = columns.iter().map(|it| it.definition()).collect();
            let update = format!(
                "with new as (select * from pg_catalog.jsonb_to_record($2::pg_catalog.jsonb) \
                 as new ({})) update {target} as picked set {} {}",
                record(&types),
                sets.join(", "),
                used("from")
            );
            return Ok((counted(update), vec![Some(json), Some(new.json)]));
        }
        Action::Insert | Action::Upsert => {
            let given = row.map(|(given, _)| given);
            let columns = match given {
                Some(given) => given.columns(relation)?,
                None => Vec::new(),
            };
            let names: Vec<&str> = columns.iter().map(|it| &*it.quoted).collect();
            let types: Vec<_> = columns.iter().map(|it| it.definition()).collect();
            let insert = match columns.is_empty() {
                true => format!("insert into {target} default values"),
                false => format!(
                    "insert into {target} ({0}) select {0} \
                     from pg_catalog.jsonb_to_record($1::pg_catalog.jsonb) as given ({1})",
                    names.join(", "),
                    record(&types)
                ),
            };
            let conflict = match command.action {
                Action::Upsert => on_conflict(relation, &names),
                _ => String::new(),
            };
            let parameters = if columns.is_empty() {
                vec![]
            } else {
                vec![Some(json)]
            };
            let insert = format!("{insert}{conflict}");
            return Ok((counted(insert), parameters));
        }
    };
    Ok((sql, vec![Some(json)]))
}

fn on_conflict(relation: &Relation, given: &[&str]) -> String {
    let key = relation.columns.iter().filter(|column| column.in_key);
    let key: Vec<&str> = key.map(|column| &*column.quoted).collect();
    let sets = given.iter().filter(|name| !key.contains(name));
    let sets: Vec<String> = sets.map(|it| format!("{it} = excluded.{it}")).collect();
    let action = match sets.is_empty() {
        true => "nothing".to_owned(),
        false => format!("update set {}", sets.join(", ")),
    };
    format!(" on conflict ({}) do {action}", key.join(", "))
}

fn nothing_new() -> ServerError {
    error(
        "22023",
        "new_row has no column",
        "Give the columns that the update sets.",
    )
}
