//! INSERT, and what UPDATE checks: existing rows are the templates of new ones.

use super::case::{Case, Tried, attempt, number};
use super::relations::Relation;
use super::{Allowed, Answer};
use crate::command::Command;
use crate::server::{Server, ServerError};

/// The rows that are tried at most.
const TEMPLATES: u32 = 10_000;
/// The rows that are inserted into a view at most, one by one.
const INSERTED: u32 = 20;

/// Keeps rows that the caller sees, each with a number. Returns false if that is not possible.
pub(super) fn keep_templates(
    server: &mut dyn Server,
    relation: &Relation,
) -> Result<bool, ServerError> {
    let Relation { name, .. } = relation;
    let (sample, limit) = match relation.kind {
        'r' | 'p' => (relation.sample(), TEMPLATES),
        'v' if relation.takes & 8 != 0 => (String::new(), INSERTED),
        _ => return Ok(false),
    };
    let templates =
        |limit| format!("select \"a row\" as template from {name} \"a row\"{sample} limit {limit}");
    // The caller may read some columns only, and a column of a view may fail.
    let probe = templates(if relation.kind == 'v' { limit } else { 0 });
    let probe = format!("select pg_catalog.count(p.template)::pg_catalog.text from ({probe}) p");
    if attempt(server, |server| server.query(&probe, &[]).map(|_| ()))?.is_err() {
        return Ok(false);
    }
    let templates = templates(limit);
    server.query(
        &format!(
            "create temporary table authguard_templates as \
             select pg_catalog.row_number() over () as number, t.template from ({templates}) t"
        ),
        &[],
    )?;
    server.query(
        "grant select on table pg_temp.authguard_templates to public",
        &[],
    )?;
    Ok(true)
}

/// Answers for INSERT.
pub(super) fn answer(case: &Case<'_>, server: &mut dyn Server) -> Result<Answer, ServerError> {
    match case.relation.kind {
        'f' => Ok(Answer::new(Allowed::All, "a foreign table, not tried")),
        'v' if case.all.has_templates => through_view(case, server),
        'v' => Ok(Answer::new(Allowed::Some, "no rows to try")),
        _ if !case.rights.is_subject => Ok(Answer {
            allowed: Allowed::All,
            rows: None,
            notes: Vec::new(),
        }),
        _ if !case.all.has_templates => Ok(Answer::new(Allowed::Some, "no rows to try")),
        _ => Ok(match check(case, server, Command::Insert)? {
            Err(error) => Answer::error(&error),
            Ok(None) => Answer::new(Allowed::Some, "the checks cannot be tried"),
            Ok(Some((admitted, all))) => Answer::counted(admitted, Some(all)),
        }),
    }
}

/// Takes the checks of UPDATE into account: what admits no row as it is lets nothing be changed.
pub(super) fn checked_update(
    case: &Case<'_>,
    server: &mut dyn Server,
    answer: Answer,
) -> Result<Answer, ServerError> {
    if answer.rows.is_none_or(|rows| rows == 0) {
        return Ok(answer);
    }
    Ok(match check(case, server, Command::Update)? {
        Err(error) => Answer::error(&error),
        Ok(Some((0, all))) if all > 0 => Answer {
            allowed: Allowed::None,
            ..answer
        }
        .noted("WITH CHECK refuses every row as it is"),
        Ok(Some((admitted, all))) if Some(admitted) < answer.rows.min(Some(all)) => answer.noted(
            format!("WITH CHECK admits {admitted} of {all} rows as they are"),
        ),
        Ok(_) => answer,
    })
}

/// Counts the templates that the checks of a command admit, and all of them, if they can be tried.
fn check(case: &Case<'_>, server: &mut dyn Server, command: Command) -> Tried<Option<(u64, u64)>> {
    let Relation { oid, name, .. } = case.relation;
    let oid = oid.to_string();
    let role = &case.identity.role;
    let checks = server.query(CHECKS, &[Some(&oid), Some(command.letter()), Some(role)])?;
    let checks = checks.into_iter().next().unwrap_or_default();
    let Ok([Some(condition), Some(alias), Some(runs_code)]) =
        <[Option<String>; 3]>::try_from(checks)
    else {
        let all = "select pg_catalog.count(*)::pg_catalog.text from pg_temp.authguard_templates";
        return Ok(Ok(Some((0, number(&server.query(all, &[])?)))));
    };
    if runs_code == "true" {
        return Ok(Ok(None));
    }
    // Parsed as the caller: names mean here what they mean in the policy, whatever the identity
    // may use. The row has its type, so that columns and the whole row are what they are there.
    let function = format!(
        "create function pg_temp.authguard_admits({name}) returns pg_catalog.bool \
         language sql stable begin atomic \
         select ({condition}) from pg_catalog.unnest(array[$1]) as {alias}; end"
    );
    // A check that reads a system column cannot be asked of a row that is not there.
    let made = attempt(server, |server| server.query(&function, &[]).map(|_| ()))?;
    if made.is_err() {
        return Ok(Ok(None));
    }
    attempt(server, |server| {
        server.query(&function, &[])?;
        let grant = "grant execute on function pg_temp.authguard_admits to public";
        server.query(grant, &[])?;
        case.assume(server)?;
        let count = "select pg_catalog.count(*) filter (where pg_temp.authguard_admits(template))\
                     ::pg_catalog.text, pg_catalog.count(*)::pg_catalog.text \
                     from pg_temp.authguard_templates";
        let rows = server.query(count, &[])?;
        let number = |at: usize| rows.first()?.get(at)?.as_deref()?.parse().ok();
        Ok(Some((number(0).unwrap_or(0), number(1).unwrap_or(0))))
    })
}

/// Inserts rows of a view into it, one by one. Policies that refuse one do so before constraints.
fn through_view(case: &Case<'_>, server: &mut dyn Server) -> Result<Answer, ServerError> {
    let name = &case.relation.name;
    let mut columns = columns(server, case.relation)?;
    let into = |columns: &[String]| {
        let values: Vec<String> = columns
            .iter()
            .map(|column| format!("(template).{column}"))
            .collect();
        format!(
            "insert into {name} ({}) overriding system value select {} \
               from pg_temp.authguard_templates where number operator(pg_catalog.=) ",
            columns.join(", "),
            values.join(", ")
        )
    };
    // A view does not tell which of its columns are generated in a table.
    let mut takes_values = |columns: &[String]| {
        let sql = format!("explain {}0", into(columns));
        let tried = attempt(server, |server| server.query(&sql, &[]).map(|_| ()))?;
        Ok::<_, ServerError>(!tried.is_err_and(|error| error.sqlstate == "428C9"))
    };
    if !takes_values(&columns)? {
        let mut kept = Vec::new();
        for column in columns {
            if takes_values(std::slice::from_ref(&column))? {
                kept.push(column);
            }
        }
        columns = kept;
    }
    if columns.is_empty() {
        return Ok(Answer::none("no column takes INSERT"));
    }
    let count = "select pg_catalog.count(*)::pg_catalog.text from pg_temp.authguard_templates";
    let all = number(&server.query(count, &[])?);
    let mut admitted = 0_u64;
    for number in 1..=all {
        let insert = format!("{}{number}", into(&columns));
        match case.as_identity(server, |server| server.query(&insert, &[]).map(|_| ()))? {
            Ok(()) => admitted = admitted.saturating_add(1),
            // A constraint refuses a row that the policies have admitted.
            Err(error) if error.sqlstate.starts_with("23") => admitted = admitted.saturating_add(1),
            Err(error) if ["42501", "44000"].contains(&error.sqlstate.as_str()) => {}
            Err(error) => return Ok(Answer::error(&error)),
        }
    }
    Ok(match all {
        0 => Answer::new(Allowed::Some, "no rows to try"),
        _ => Answer::counted(admitted, Some(all)),
    })
}

fn columns(server: &mut dyn Server, relation: &Relation) -> Result<Vec<String>, ServerError> {
    let rows = server.query(COLUMNS, &[Some(&relation.oid.to_string())])?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

/// The condition that a new row has to meet, as `add_with_check_options` puts it together
/// (src/backend/rewrite/rowsecurity.c), and whether parsing it would run somebody else's code: a
/// constant of a composite type is read with the checks of the domains in it.
const CHECKS: &str = "
select pg_catalog.format('(%s)%s',
           pg_catalog.string_agg(p.condition, ' or ') filter (where p.polpermissive),
           pg_catalog.string_agg(' and (' || p.condition || ')', '')
               filter (where not p.polpermissive)),
       pg_catalog.min(p.alias),
       pg_catalog.bool_or(p.runs_code)::pg_catalog.text
  from (select p.polpermissive,
               exists (select from pg_catalog.pg_depend d
                         join pg_catalog.pg_type t on t.oid = d.refobjid
                         left join pg_catalog.pg_type e on e.oid = t.typelem
                         join pg_catalog.pg_roles o on o.oid = t.typowner
                        where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
                          and d.objid = p.oid
                          and d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
                          and coalesce(e.typtype, t.typtype) in ('c', 'd', 'r', 'm')
                          and not o.rolsuper and o.rolname <> current_user) as runs_code,
               (select pg_catalog.quote_ident(c.relname) from pg_catalog.pg_class c
                 where c.oid = p.polrelid) as alias,
               '(' || pg_catalog.pg_get_expr(coalesce(p.polwithcheck, p.polqual), p.polrelid)
                   || ')' as condition
          from pg_catalog.pg_policy p, pg_catalog.pg_roles r
         where p.polrelid = $1::pg_catalog.oid and p.polcmd in ($2::\"char\", '*')
           and r.rolname = $3
           and exists (select from pg_catalog.unnest(p.polroles) u (role)
                        where u.role = 0 or pg_catalog.pg_has_role(r.oid, u.role, 'usage'))
         order by p.polname) p
 where p.condition is not null
having pg_catalog.count(*) filter (where p.polpermissive) > 0";

/// The columns of a view that take INSERT.
const COLUMNS: &str = "
select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a
 where a.attrelid = $1::pg_catalog.oid and a.attnum > 0 and not a.attisdropped
   and pg_catalog.pg_column_is_updatable(a.attrelid, a.attnum, true)
 order by a.attnum";
