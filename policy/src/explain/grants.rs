//! The privileges that a statement needs (ExecCheckPermissions in
//! src/backend/executor/execMain.c).

use super::command::{Action, Command, Kind};
use super::facts::{Column, Relation};
use super::given::Given;
use super::policies::Role;
use super::step::{Gate, Outcome, Step};
use crate::{Server, ServerError};

/// A privilege that a statement needs.
struct Need<'c> {
    privilege: Kind,
    /// The columns it is needed on; if none is known, one of them has to have it.
    columns: Vec<&'c Column>,
    /// True if the privilege on columns is not enough.
    on_table: bool,
    why: &'static str,
}

const PRIVILEGES: &str = "
    select pg_catalog.has_table_privilege($1::pg_catalog.oid, $2)::pg_catalog.text,
           case when $3 operator(pg_catalog.=) 'table' then 'false' else
               pg_catalog.has_any_column_privilege($1::pg_catalog.oid, $2)::pg_catalog.text end,
           (select pg_catalog.string_agg(a.attnum::pg_catalog.text, ',')
              from pg_catalog.pg_attribute a
             where $3 operator(pg_catalog.<>) 'table'
               and a.attrelid operator(pg_catalog.=) $1::pg_catalog.oid
               and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
               and pg_catalog.has_column_privilege(a.attrelid, a.attnum, $2))";

/// Returns the gates of the schema and of the privileges.
pub(super) fn steps(
    server: &mut dyn Server,
    relation: &Relation,
    command: Command,
    role: &Role,
    row: Option<&Given<'_>>,
    new_row: Option<&Given<'_>>,
) -> Result<Vec<Step>, ServerError> {
    let mut steps = vec![schema(relation, role)];
    for need in needs(relation, command, row, new_row)? {
        steps.push(need.step(server, relation, role)?);
    }
    if let (false, Some(row)) = (command.picks(), row) {
        let left_out = relation.columns.iter().filter(|it| !row.has(it));
        for sequence in left_out.filter_map(|column| column.sequence.as_deref()) {
            steps.extend(lacking_sequence(server, sequence, role)?);
        }
    }
    Ok(steps)
}

fn schema(relation: &Relation, role: &Role) -> Step {
    let has = if role.uses_schema { "has" } else { "lacks" };
    Step {
        gate: Gate::Schema,
        name: Some(relation.schema.clone()),
        clause: Some("USAGE".to_owned()),
        result: Outcome::of(role.uses_schema),
        note: Some(format!(
            "{} {has} USAGE on schema {}",
            role.name, relation.schema
        )),
    }
}

fn needs<'c>(
    relation: &'c Relation,
    command: Command,
    row: Option<&Given<'_>>,
    new_row: Option<&Given<'_>>,
) -> Result<Vec<Need<'c>>, ServerError> {
    let of = |given: Option<&Given<'_>>| match given {
        Some(given) => given.columns(relation),
        None => Ok(Vec::new()),
    };
    let need = |privilege, columns, why| Need {
        privilege,
        columns,
        on_table: privilege == Kind::Delete,
        why,
    };
    let mut needs = Vec::new();
    let given = of(row)?;
    if command.action == Action::Select {
        needs.push(need(
            Kind::Select,
            given.clone(),
            "for the columns that it reads",
        ));
    } else if command.has_where {
        needs.push(need(Kind::Select, given.clone(), "for its condition"));
    }
    let key = || relation.columns.iter().filter(|column| column.in_key);
    if command.action == Action::Upsert {
        // EXCLUDED is read like the table itself.
        let read = relation.columns.iter();
        let read = read.filter(|it| it.in_key || given.iter().any(|given| given.name == it.name));
        needs.push(need(Kind::Select, read.collect(), "for ON CONFLICT"));
    }
    if command.returning {
        let all = relation.columns.iter().collect();
        needs.push(need(
            Kind::Select,
            all,
            "for RETURNING, which returns all columns",
        ));
    }
    match command.action {
        Action::Select => {}
        Action::SelectForUpdate => needs.push(need(Kind::Update, Vec::new(), "to lock the row")),
        Action::Insert => needs.push(need(Kind::Insert, given, "for the columns that it sets")),
        Action::Upsert => {
            let mut set = given.clone();
            set.retain(|column| !key().any(|key| key.number == column.number));
            needs.push(need(Kind::Insert, given, "for the columns that it sets"));
            if !set.is_empty() {
                needs.push(need(Kind::Update, set, "for the columns that it updates"));
            }
        }
        Action::Update => needs.push(need(
            Kind::Update,
            of(new_row)?,
            "for the columns that it sets",
        )),
        Action::Delete => needs.push(need(Kind::Delete, Vec::new(), "for the table")),
    }
    Ok(needs)
}

impl Need<'_> {
    fn step(
        &self,
        server: &mut dyn Server,
        relation: &Relation,
        role: &Role,
    ) -> Result<Step, ServerError> {
        let privilege = self.privilege.as_str();
        let kind = if self.on_table { "table" } else { "columns" };
        let parameters = [Some(&*relation.oid), Some(privilege), Some(kind)];
        let row = server.query(PRIVILEGES, &parameters)?;
        let mut texts = super::facts::Texts::of(row.into_iter().next().unwrap_or_default());
        let (on_table, on_any) = (texts.is_true(), texts.is_true());
        let granted = texts.next();
        let granted: Vec<&str> = granted.split(',').collect();
        let lacks: Vec<&str> = self
            .columns
            .iter()
            .filter(|column| !granted.contains(&&*column.number.to_string()))
            .map(|column| &*column.quoted)
            .collect();
        let passes = on_table || (!self.on_table && on_any && lacks.is_empty());
        let (who, title) = (&role.name, &relation.title);
        let note = match passes {
            true if on_table => format!("{who} has {privilege} on {title}"),
            true => format!("{who} has {privilege} on these columns of {title}"),
            false if self.on_table || !on_any => format!("{who} lacks {privilege} on {title}"),
            false => format!(
                "{who} lacks {privilege} on column {} of {title}",
                lacks.join(", ")
            ),
        };
        let columns: Vec<&str> = self.columns.iter().map(|it| &*it.quoted).collect();
        let clause = match columns.is_empty() {
            true => privilege.to_owned(),
            false => format!("{privilege} ({})", columns.join(", ")),
        };
        Ok(Step {
            gate: Gate::Grant,
            name: Some(title.clone()),
            clause: Some(clause),
            result: Outcome::of(passes),
            note: Some(format!("{note} ({})", self.why)),
        })
    }
}

const SEQUENCE: &str = "
    select $1::pg_catalog.oid::pg_catalog.regclass::pg_catalog.text
     where not pg_catalog.has_sequence_privilege($1::pg_catalog.oid, 'usage, update')";

/// Returns a gate if the role may not draw a number (nextval_internal in
/// src/backend/commands/sequence.c).
fn lacking_sequence(
    server: &mut dyn Server,
    sequence: &str,
    role: &Role,
) -> Result<Option<Step>, ServerError> {
    let lacking = server.query(SEQUENCE, &[Some(sequence)])?;
    let title = lacking.into_iter().flatten().flatten().next();
    Ok(title.map(|title| Step {
        gate: Gate::Grant,
        note: Some(format!(
            "{} lacks USAGE on sequence {title} (for a default)",
            role.name
        )),
        name: Some(title),
        clause: Some("USAGE".to_owned()),
        result: Outcome::False,
    }))
}
