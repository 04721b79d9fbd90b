//! What is drawn of a schema, from facts about the database.

use super::{Access, Cell, Line, Picture, Row};
use crate::Expr;
use crate::facts::{Client, Command, Facts, Policy, Relation, RelationKind};
use crate::lint::context::Context;

/// The name of the policy that `authguard.guard_table` makes.
const GUARD: &str = "authguard";

impl Picture {
    /// Returns the picture of a schema, or nothing if there is no such schema.
    ///
    /// Its columns are the roles that clients can become and that reach anything in the schema. Its
    /// rows are the tables and views, those of extensions left out, and partitions that no client
    /// reaches by themselves.
    #[must_use]
    pub fn of(facts: &Facts, schema: &str) -> Option<Self> {
        let found = facts.schemas.values().find(|it| it.name == schema)?;
        let context = Context::of(facts);
        let of_schema = |it: &&Relation| it.schema == found.oid && it.extension.is_none();
        let mut relations: Vec<_> = facts.relations.values().filter(of_schema).collect();
        relations.sort_by(|one, other| one.name.cmp(&other.name));
        let may_any = |client: &Client, relation: &Relation| {
            let mut commands = Command::ALL.into_iter();
            commands.any(|command| client.may(facts, relation, command.as_str()))
        };
        let clients: Vec<_> = context
            .reach
            .clients()
            .filter(|client| relations.iter().any(|it| may_any(client, it)))
            .collect();
        relations.retain(|it| !it.is_partition || clients.iter().any(|client| may_any(client, it)));
        let row = |relation: &&Relation| Row {
            name: relation.name.clone(),
            note: note(facts, relation),
            cells: clients
                .iter()
                .map(|client| cell(&context, relation, client))
                .collect(),
        };
        let role = |client: &&Client| facts.roles.get(&client.role).map(|it| it.name.clone());
        Some(Self {
            schema: schema.to_owned(),
            roles: clients.iter().filter_map(role).collect(),
            rows: relations.iter().map(row).collect(),
        })
    }
}

/// Returns what a relation is, and what protects its rows.
fn note(facts: &Facts, relation: &Relation) -> String {
    match relation.kind {
        RelationKind::View if relation.security_invoker => "view, reads as its caller".to_owned(),
        RelationKind::View => match facts.roles.get(&relation.owner) {
            Some(owner) => format!("view, reads as {}", owner.name),
            None => "view, reads as its owner".to_owned(),
        },
        RelationKind::MaterializedView | RelationKind::ForeignTable => {
            format!("{}, has no policies", relation.kind.as_str())
        }
        _ if !relation.rls => "row-level security is off".to_owned(),
        _ if relation.rls_forced => "row-level security is forced".to_owned(),
        _ => "row-level security is on".to_owned(),
    }
}

/// Returns what a client has of a relation.
fn cell(context: &Context<'_>, relation: &Relation, client: &Client) -> Cell {
    let facts = context.facts;
    let has_policies = relation.is_table()
        && relation.rls
        && !client.passes_policies
        && (relation.rls_forced || !client.owns(relation));
    let may = |command: Command| client.may(facts, relation, command.as_str());
    let access = Command::ALL.map(|command| match relation.kind {
        _ if !may(command) => Access::None,
        RelationKind::View => Access::Some,
        _ if !has_policies => Access::All,
        _ => by_policies(context, relation, client, command),
    });
    let applies = |policy: &&Policy| {
        let mut commands = Command::ALL.into_iter();
        client.is_any_of(&policy.roles) && commands.any(|it| policy.is_for(it) && may(it))
    };
    let policies: Vec<_> = match has_policies {
        true => facts.policies_of(relation.oid).filter(applies).collect(),
        false => Vec::new(),
    };
    let is_guarded = policies.iter().any(|policy| is_guard(policy));
    let is_told =
        facts.server.authguard.is_some() && relation.is_table() && access != [Access::None; 4];
    Cell {
        access,
        is_exempt: relation.is_table()
            && relation.rls
            && !has_policies
            && access != [Access::None; 4],
        guarded: is_told.then_some(is_guarded),
        policies: policies
            .into_iter()
            .filter(|policy| !is_guard(policy))
            .map(|policy| Line {
                name: policy.name.clone(),
                command: policy.command_name().to_owned(),
                restrictive: !policy.permissive,
            })
            .collect(),
    }
}

/// Returns which rows of a table policies let a client reach.
fn by_policies(
    context: &Context<'_>,
    relation: &Relation,
    client: &Client,
    command: Command,
) -> Access {
    let policies = context.effective(relation, client, command);
    let lets: Vec<_> = policies
        .permissive
        .into_iter()
        .filter_map(|policy| expr(policy, command))
        .collect();
    let narrows: Vec<_> = policies
        .restrictive
        .into_iter()
        .filter(|policy| !is_guard(policy))
        .filter_map(|policy| expr(policy, command))
        .collect();
    let lets_none = lets.iter().all(|it| context.is_false(it));
    if lets_none || narrows.iter().any(|it| context.is_false(it)) {
        return Access::None;
    }
    let narrows_nothing = narrows.iter().all(|it| context.is_true(it));
    match narrows_nothing && lets.iter().any(|it| context.is_true(it)) {
        true => Access::All,
        false => Access::Some,
    }
}

/// Returns the expression that decides which rows a command reaches.
fn expr(policy: &Policy, command: Command) -> Option<&Expr> {
    match command {
        Command::Insert => policy.checks(command),
        _ => policy.using(command),
    }
}

fn is_guard(policy: &Policy) -> bool {
    policy.name == GUARD && !policy.permissive && policy.command.is_none()
}

#[cfg(test)]
mod tests {
    use super::{Access, Picture};
    use crate::facts::Own;
    use crate::lint::testing::{AUTHENTICATED, Database, OWNER, boolean, eq_uuid, own, uid};

    const SELECT: usize = 0;
    const INSERT: usize = 1;

    fn database() -> Database {
        let mut db = Database::supabase();
        db.facts.server.authguard = Some(Own {
            version: "0.2.0".to_owned(),
            owner: OWNER,
            readers: 1,
        });
        db
    }

    fn column(picture: &Picture, role: &str) -> usize {
        picture.roles.iter().position(|it| it == role).unwrap()
    }

    #[test]
    fn a_role_reaches_what_grants_and_policies_let_it() {
        let mut db = database();
        let notes = db.table("notes", &["id", "owner"]);
        db.policy(notes, "own")
            .to(AUTHENTICATED)
            .using(eq_uuid(own(2), uid()));
        let picture = Picture::of(&db.facts, "public").unwrap();
        let [row] = &picture.rows[..] else {
            panic!("one table: {picture:?}");
        };
        let user = &row.cells[column(&picture, "authenticated")];
        assert_eq!(user.access, [Access::Some; 4]);
        assert_eq!(user.guarded, Some(false));
        assert_eq!(user.policies.len(), 1);
        let anon = &row.cells[column(&picture, "anon")];
        assert!(anon.is_empty() && anon.policies.is_empty() && anon.guarded.is_none());
        let service = &row.cells[column(&picture, "service_role")];
        assert_eq!(service.access, [Access::All; 4]);
        assert!(service.policies.is_empty() && service.is_exempt && !user.is_exempt);
    }

    #[test]
    fn true_lets_every_row_and_false_none_but_the_guard_narrows_nothing() {
        let mut db = database();
        let open = db.table("open", &["id"]);
        db.policy(open, "everybody").using(boolean(true));
        db.policy(open, "authguard")
            .restrictive()
            .using(eq_uuid(own(1), uid()));
        let shut = db.table("shut", &["id"]);
        db.policy(shut, "everybody").using(boolean(true));
        db.policy(shut, "never").restrictive().using(boolean(false));
        let picture = Picture::of(&db.facts, "public").unwrap();
        let at = column(&picture, "anon");
        let (open, shut) = (&picture.rows[0].cells[at], &picture.rows[1].cells[at]);
        assert_eq!(open.access, [Access::All; 4]);
        assert_eq!((open.guarded, open.policies.len()), (Some(true), 1));
        assert_eq!(shut.access, [Access::None; 4]);
        assert_eq!(shut.guarded, None);
    }

    #[test]
    fn without_row_level_security_every_row_is_reached_and_nothing_guards() {
        let mut db = database();
        let notes = db.table("notes", &["id"]);
        db.policy(notes, "unused").using(boolean(false));
        db.relation(notes).rls = false;
        let picture = Picture::of(&db.facts, "public").unwrap();
        let cell = &picture.rows[0].cells[column(&picture, "anon")];
        assert_eq!(cell.access[SELECT], Access::All);
        assert_eq!(cell.access[INSERT], Access::All);
        assert_eq!(cell.guarded, Some(false));
        assert!(cell.policies.is_empty());
        assert_eq!(picture.rows[0].note, "row-level security is off");
    }

    #[test]
    fn a_schema_that_does_not_exist_has_no_picture() {
        assert!(Picture::of(&database().facts, "absent").is_none());
    }
}
