//! Rules about the extension's own state, about roles, and about ways around policies, on facts
//! that say what is wrong.

use super::{
    attached_table, bypassrls_role, materialized_view, own_table, privilege_past_policies,
    renamed_schema, replaced_reader, restored_database, setting, superuser_reached, view_as_owner,
};
use crate::facts::{
    Attached, Command, OwnProblem, OwnState, RelationKind, ReplacedReader, RewriteRule,
};
use crate::finding::Level;
use crate::lint::rule::Rule;
use crate::lint::testing::{
    AUTH, AUTHENTICATED, AUTHENTICATOR, Database, SERVICE_ROLE, UID, eq_uuid, own, uid,
};

/// A database whose extension says this about itself.
fn database(own: OwnState) -> Database {
    let mut db = Database::supabase();
    db.add_authguard();
    db.facts.own = Some(own);
    db
}

fn levels(db: &Database, rule: &Rule) -> Vec<(String, Level)> {
    let findings = db.findings(rule).into_iter();
    findings.map(|f| (f.object, f.level)).collect()
}

fn problem(object: &str, is_serious: bool) -> OwnProblem {
    OwnProblem {
        object: object.to_owned(),
        problem: "a trigger is disabled".to_owned(),
        is_serious,
        hint: "Enable it.".to_owned(),
    }
}

#[test]
fn what_the_extension_says_about_its_tables_and_settings_is_passed_on() {
    let problems = || vec![problem("a", true), problem("b", false)];
    let db = database(OwnState {
        tables: problems(),
        settings: problems(),
        ..OwnState::default()
    });
    let found = |serious, slight| vec![("a".to_owned(), serious), ("b".to_owned(), slight)];
    assert_eq!(
        levels(&db, &own_table::RULE),
        found(Level::Error, Level::Warning)
    );
    assert_eq!(
        levels(&db, &setting::RULE),
        found(Level::Warning, Level::Info)
    );
    let db = database(OwnState::default());
    assert_eq!(levels(&db, &own_table::RULE), []);
    assert_eq!(levels(&db, &setting::RULE), []);
}

#[test]
fn an_attached_table_is_named_if_it_has_a_problem() {
    let attached = |name: &str, code: Option<&str>| Attached {
        name: name.to_owned(),
        oid: 20_000,
        kind: "users".to_owned(),
        code: code.map(str::to_owned),
        problem: code.map(|_| "it has no index".to_owned()),
        hint: None,
    };
    let db = database(OwnState {
        attached: vec![
            attached("sound", None),
            attached("slow", Some("01000")),
            attached("wrong", Some("42703")),
        ],
        ..OwnState::default()
    });
    let expected = vec![
        ("slow".to_owned(), Level::Warning),
        ("wrong".to_owned(), Level::Error),
    ];
    assert_eq!(levels(&db, &attached_table::RULE), expected);
}

#[test]
fn a_copy_is_named_until_it_is_acknowledged() {
    let copy = |is_copy| {
        let own = OwnState {
            is_copy,
            ..OwnState::default()
        };
        levels(&database(own), &restored_database::RULE)
    };
    assert_eq!(copy(true), [("app".to_owned(), Level::Error)]);
    assert_eq!(copy(false), []);
}

#[test]
fn a_reader_that_is_not_the_library_s_and_a_schema_of_another_name_are_named() {
    let mut db = database(OwnState::default());
    assert_eq!(levels(&db, &replaced_reader::RULE), []);
    assert_eq!(levels(&db, &renamed_schema::RULE), []);
    let reader = ReplacedReader {
        function: UID,
        result: "uuid".to_owned(),
        library: "$libdir/authguard".to_owned(),
        symbol: "authguard_uid".to_owned(),
    };
    db.facts.own.as_mut().unwrap().replaced = vec![reader];
    let found = levels(&db, &replaced_reader::RULE);
    assert_eq!(found, [("auth.uid()".to_owned(), Level::Error)]);
    db.facts.schemas.get_mut(&AUTH).unwrap().name = "readers".to_owned();
    let found = levels(&db, &renamed_schema::RULE);
    assert_eq!(found, [("readers".to_owned(), Level::Error)]);
}

#[test]
fn a_role_that_no_policy_applies_to_is_named_if_a_client_becomes_it() {
    let mut db = Database::supabase();
    let boss = 30_000;
    db.role(boss, "boss").superuser = true;
    assert_eq!(levels(&db, &superuser_reached::RULE), [], "by nobody");
    db.member(boss, AUTHENTICATOR, false);
    let found = levels(&db, &superuser_reached::RULE);
    assert_eq!(found, [("boss".to_owned(), Level::Error)]);
    let found = levels(&db, &bypassrls_role::RULE);
    assert_eq!(found, [("service_role".to_owned(), Level::Info)]);
    db.facts.roles.get_mut(&SERVICE_ROLE).unwrap().bypasses_rls = false;
    assert_eq!(levels(&db, &bypassrls_role::RULE), []);
}

#[test]
fn truncate_is_a_warning_and_a_note_if_all_is_granted() {
    let mut db = database(OwnState::default());
    let notes = db.table("notes", &["id", "owner"]);
    db.guard(notes);
    assert_eq!(levels(&db, &privilege_past_policies::RULE), []);
    db.grant(notes, AUTHENTICATED, &["TRUNCATE"]);
    let found = levels(&db, &privilege_past_policies::RULE);
    assert_eq!(found, [("public.notes".to_owned(), Level::Warning)]);
    db.grant(notes, AUTHENTICATED, &["TRIGGER", "REFERENCES"]);
    let found = levels(&db, &privilege_past_policies::RULE);
    assert_eq!(found, [("public.notes".to_owned(), Level::Info)]);
}

#[test]
fn a_view_of_its_owner_is_named_with_a_guard_on_its_table_and_without() {
    for (kind, rule) in [
        (RelationKind::View, &view_as_owner::RULE),
        (RelationKind::MaterializedView, &materialized_view::RULE),
    ] {
        let mut db = database(OwnState::default());
        let notes = db.table("notes", &["id", "owner"]);
        let view = db.table("all_notes", &["id"]);
        db.relation(view).kind = kind;
        db.relation(view).rls = false;
        db.facts.rewrite_rules.push(RewriteRule {
            relation: view,
            name: "_RETURN".to_owned(),
            command: Some(Command::Select),
            does_nothing: false,
            relations: vec![notes],
        });
        assert_eq!(levels(&db, rule), [], "closed");
        db.policy(notes, "own").using(eq_uuid(own(2), uid()));
        let found = [("public.all_notes".to_owned(), Level::Error)];
        assert_eq!(levels(&db, rule), found);
        db.guard(notes);
        assert_eq!(levels(&db, rule), found);
    }
}
