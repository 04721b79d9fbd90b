//! The policies of a table, and what the current role may do, as the server says.

use super::command::{Kind, Phase};
use super::facts::{Relation, Texts};
use crate::expr::Column;
use crate::{Expr, Row, Server, ServerError, read_node};

/// A policy.
pub(super) struct Policy {
    pub name: String,
    pub is_permissive: bool,
    command: String,
    using: Option<Condition>,
    check: Option<Condition>,
    /// True if it is for the current role.
    pub applies: bool,
    /// The roles it is for.
    pub roles: String,
}

/// An expression of a policy.
pub(super) struct Condition {
    /// The text, as names are found with the current search path.
    pub sql: String,
    pub expr: Expr,
}

/// The current role.
pub(super) struct Role {
    pub name: String,
    pub is_superuser: bool,
    pub bypasses: bool,
    /// True if it has the rights of the table's owner.
    pub owns: bool,
    pub uses_schema: bool,
    /// The setting `row_security`.
    pub row_security: bool,
}

const ROLE: &str = "
    select r.rolname::pg_catalog.text, r.rolsuper::pg_catalog.text, r.rolbypassrls::pg_catalog.text,
           pg_catalog.pg_has_role(r.oid, c.relowner, 'usage')::pg_catalog.text,
           pg_catalog.has_schema_privilege(r.oid, c.relnamespace, 'usage')::pg_catalog.text,
           (pg_catalog.current_setting('row_security') operator(pg_catalog.=)
               'on')::pg_catalog.text
      from pg_catalog.pg_roles r, pg_catalog.pg_class c
     where r.rolname operator(pg_catalog.=) current_user
       and c.oid operator(pg_catalog.=) $1::pg_catalog.oid";

const POLICIES: &str = "
    select p.polname::pg_catalog.text, p.polpermissive::pg_catalog.text,
           p.polcmd::pg_catalog.text,
           pg_catalog.pg_get_expr(p.polqual, p.polrelid), p.polqual::pg_catalog.text,
           pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), p.polwithcheck::pg_catalog.text,
           exists (select from pg_catalog.unnest(p.polroles) r (oid)
                    where r.oid operator(pg_catalog.=) 0::pg_catalog.oid
                       or pg_catalog.pg_has_role(r.oid, 'usage'))::pg_catalog.text,
           (select pg_catalog.string_agg(
                       case r.oid when 0::pg_catalog.oid then 'public'
                       else pg_catalog.pg_get_userbyid(r.oid)::pg_catalog.text end, ', ')
              from pg_catalog.unnest(p.polroles) r (oid))
      from pg_catalog.pg_policy p
     where p.polrelid operator(pg_catalog.=) $1::pg_catalog.oid
     order by p.polname";

/// Returns what the current role is to a table.
pub(super) fn role(server: &mut dyn Server, relation: &Relation) -> Result<Role, ServerError> {
    let rows = server.query(ROLE, &[Some(&relation.oid)])?;
    let mut texts = Texts::of(rows.into_iter().next().unwrap_or_default());
    Ok(Role {
        name: texts.next(),
        is_superuser: texts.is_true(),
        bypasses: texts.is_true(),
        owns: texts.is_true(),
        uses_schema: texts.is_true(),
        row_security: texts.is_true(),
    })
}

/// Returns the policies of a table, by name.
pub(super) fn policies(
    server: &mut dyn Server,
    relation: &Relation,
) -> Result<Vec<Policy>, ServerError> {
    let rows = server.query(POLICIES, &[Some(&relation.oid)])?;
    Ok(rows.into_iter().map(Policy::of).collect())
}

impl Policy {
    fn of(row: Row) -> Self {
        let mut texts = Texts::of(row);
        Self {
            name: texts.next(),
            is_permissive: texts.is_true(),
            command: texts.next(),
            using: Condition::of(texts.optional(), texts.optional()),
            check: Condition::of(texts.optional(), texts.optional()),
            applies: texts.is_true(),
            roles: texts.next(),
        }
    }

    /// The functions that its expressions call.
    pub fn functions(&self) -> impl Iterator<Item = u32> {
        let conditions = self.using.iter().chain(&self.check);
        conditions.flat_map(|condition| condition.expr.functions())
    }

    /// Returns true if one of its expressions reads a column of the table, or the whole row.
    pub fn reads(&self, number: i16) -> bool {
        let mut conditions = self.using.iter().chain(&self.check);
        conditions.any(|condition| {
            let columns = condition.expr.columns();
            [0, number]
                .map(|attno| Column::Own { varno: 1, attno })
                .iter()
                .any(|column| columns.contains(column))
        })
    }

    /// Returns true if the policy is for that command.
    pub fn is_for(&self, kind: Kind) -> bool {
        ["*", kind.letter()].contains(&self.command.as_str())
    }

    /// The expression that counts in a phase. A policy without one counts for nothing
    /// (add_security_quals and add_with_check_options in rowsecurity.c).
    pub fn condition(&self, phase: Phase) -> Option<&Condition> {
        match (&self.check, &self.using) {
            (Some(check), _) if phase.check => Some(check),
            (_, using) => using.as_ref(),
        }
    }

    /// `USING` or `WITH CHECK`, whichever [`Policy::condition`] returns.
    pub fn clause_name(&self, phase: Phase) -> &'static str {
        match self.check.is_some() && phase.check {
            true => "WITH CHECK",
            false => "USING",
        }
    }
}

impl Condition {
    fn of(sql: Option<String>, node: Option<String>) -> Option<Self> {
        let (sql, node) = (sql?, node?);
        let expr = match read_node(&node) {
            Ok(value) => Expr::of(&value),
            Err(_) => Expr::Opaque("?".to_owned()),
        };
        Some(Self { sql, expr })
    }
}
