//! Suites of tests, and their verdict on a mutant.

use super::{Fake, column, error};
use authguard_policy::{
    Fate, Found, Mutant, Row, Script, ServerError, run_migration, run_mutants, run_suite,
};

fn script(text: &str) -> Script {
    let mut none = |_: &str, path: &str, _: bool| Err(format!("no file {path}"));
    Script::read("a.sql", text, &mut none).unwrap()
}

/// Returns what a server is asked for when it runs a script.
fn asked(text: &str) -> Vec<String> {
    let mut server = Fake::new(|_: &str| Ok(Vec::new()));
    run_suite(&mut server, &[script(text)]).unwrap();
    let log = server.log.len().saturating_sub(1);
    server.log[1..log].to_vec()
}

fn found(text: &str, answer: impl FnMut(&str) -> Result<Vec<Row>, ServerError>) -> Found {
    run_suite(&mut Fake::new(answer), &[script(text)]).unwrap()
}

#[test]
fn statements_end_at_semicolons_outside_of_everything() {
    let text = "select ';' as \"a;b\", $$;$$, $x$;$$;$x$, E'\\';', 'it''s;', /* ; /* ; */ */ 1; -- ;\n\
                create rule r as on insert to t do also (select 1; select 2);\n\
                create function f() returns int begin atomic select case when true then 1 else 2 end; select 2; end;\n\
                select a[1:2], b::text, $1";
    assert_eq!(
        asked(text),
        [
            "select ';' as \"a;b\", $$;$$, $x$;$$;$x$, E'\\';', 'it''s;',   1",
            "create rule r as on insert to t do also (select 1; select 2)",
            "create function f() returns int begin atomic select case when true then 1 else 2 end; select 2; end",
            "select a[1:2], b::text, $1",
        ]
    );
}

#[test]
fn begin_and_rollback_are_those_of_a_subtransaction() {
    assert_eq!(
        asked(
            "BEGIN; select 1; savepoint s; rollback to s; ROLLBACK; select 2; start transaction; select 3"
        ),
        [
            "BEGIN",
            "select 1",
            "savepoint s",
            "rollback to s",
            "ROLL BACK",
            "select 2",
            "BEGIN",
            "select 3",
            "ROLL BACK"
        ]
    );
}

#[test]
fn variables_of_psql_have_their_values() {
    let text = "\\set ON_ERROR_STOP on\n\\set me 'it''s'\n\\set n 3\n\\unset gone\n\
                select :'me', :\"me\", :n, :n::text, ':n', :gone, a[:n]; \\echo done\n\\pset format unaligned\nselect 2;";
    assert_eq!(
        asked(text),
        [
            "select 'it''s', \"it's\", 3, 3::text, ':n', :gone, a[3]",
            "select 2"
        ]
    );
}

#[test]
fn a_script_includes_others() {
    let mut asked = Vec::new();
    let mut include = |from: &str, path: &str, relative: bool| {
        asked.push(format!("{from} {path} {relative}"));
        Ok((path.to_owned(), format!("select '{path}';")))
    };
    let text = "\\i one.sql\n\\ir 'two 2.sql'\nselect 3";
    let script = Script::read("a.sql", text, &mut include).unwrap();
    assert_eq!(asked, ["a.sql one.sql false", "a.sql two 2.sql true"]);
    let mut server = Fake::new(|_: &str| Ok(Vec::new()));
    run_suite(&mut server, &[script]).unwrap();
    assert_eq!(
        server.log[1..4],
        ["select 'one.sql'", "select 'two 2.sql'", "select 3"]
    );
    let mut endless =
        |_: &str, path: &str, _: bool| Ok((path.to_owned(), "\\i a.sql\n".to_owned()));
    let error = Script::read("a.sql", "\\i a.sql", &mut endless).unwrap_err();
    assert_eq!(error.message, "scripts include each other too deeply");
}

#[test]
fn what_cannot_be_run_is_named_with_its_line() {
    for (text, error) in [
        (
            "select 1;\n\\gset\n",
            "a.sql:2: \\gset is not supported here",
        ),
        ("\n\\i b.sql", "a.sql:2: no file b.sql"),
        (
            "begin;\n\ncommit;",
            "a.sql:3: a test must not commit: end it with rollback",
        ),
        ("select 'x", "a.sql:1: a quote is not closed"),
        ("select $a$ $$", "a.sql:1: a dollar quote is not closed"),
    ] {
        let mut none = |_: &str, path: &str, _: bool| Err(format!("no file {path}"));
        let found = Script::read("a.sql", text, &mut none).unwrap_err();
        assert_eq!(found.to_string(), error);
    }
}

#[test]
fn tests_are_read_from_what_statements_return() {
    let tap = |lines: &'static [&'static str]| found("select 1", |_| Ok(column(lines)));
    let failed = |line: &str| Found::Failed {
        script: "a.sql".to_owned(),
        line: line.to_owned(),
    };
    assert_eq!(tap(&["1..2", "ok 1 - a\nok 2"]), Found::Passed { tests: 2 });
    assert_eq!(
        tap(&["not ok 1 - a # TODO later"]),
        Found::Passed { tests: 1 }
    );
    assert_eq!(
        tap(&["ok 1", "    not ok 1 - in a subtest"]),
        Found::Passed { tests: 1 }
    );
    assert_eq!(tap(&["okay", "not okay", "42"]), Found::Passed { tests: 0 });
    assert_eq!(
        tap(&["1..2", "not ok 1 - b", "ok 2"]),
        failed("not ok 1 - b")
    );
    assert_eq!(
        tap(&["not ok 1 - say # is it todo"]),
        failed("not ok 1 - say # is it todo")
    );
    assert_eq!(
        tap(&["1..3", "ok 1"]),
        failed("# planned 3 tests but ran 1")
    );
    assert_eq!(tap(&["ok 1", "Bail out! no"]), failed("Bail out! no"));
}

#[test]
fn an_error_ends_a_script_and_what_it_has_begun() {
    let text = "begin;\nselect 1;\nselect 2;\nrollback;";
    let boom = error("P0001", "boom");
    let mut server = Fake::new(|sql: &str| match sql {
        "select 2" => Err(error("P0001", "boom")),
        _ => Ok(column(&["ok 1"])),
    });
    let found = run_suite(&mut server, &[script(text)]).unwrap();
    assert_eq!(found.to_string(), "a.sql:3: boom (P0001)");
    assert_eq!(
        found,
        Found::Broken {
            script: "a.sql".to_owned(),
            line: 3,
            error: boom
        }
    );
    let begun = server.log.iter().filter(|line| *line == "BEGIN").count();
    let undone = server
        .log
        .iter()
        .filter(|line| *line == "ROLL BACK")
        .count();
    assert_eq!((begun, undone), (2, 2));
    // A cancelled statement is no answer.
    let mut server = Fake::new(|_: &str| Err(error("57014", "cancelled")));
    assert!(run_suite(&mut server, &[script("select 1")]).is_err());
}

fn mutant(apply: &str) -> Mutant {
    Mutant {
        relation: 1,
        table: "app.note".to_owned(),
        policy: Some("p".to_owned()),
        mutation: apply.to_owned(),
        apply: vec![apply.to_owned()],
        undo: Vec::new(),
    }
}

#[test]
fn mutants_are_killed_survive_or_cannot_be_made() {
    let mut made = String::new();
    let mut server = Fake::new(|sql: &str| {
        match sql {
            "noticed" | "unnoticed" | "breaks" => made = sql.to_owned(),
            "impossible" => return Err(error("42501", "no")),
            "test" => {
                return match std::mem::take(&mut made).as_str() {
                    "noticed" => Ok(column(&["not ok 1 - ada sees her notes"])),
                    "breaks" => Err(error("42P17", "recursion")),
                    _ => Ok(column(&["ok 1"])),
                };
            }
            _ => {}
        }
        Ok(Vec::new())
    });
    let mutants = ["noticed", "unnoticed", "breaks", "impossible"].map(mutant);
    let mut told = Vec::new();
    let fates = run_mutants(&mut server, &[script("test")], &mutants, &mut |it, _| {
        told.push(it.mutation.clone());
    })
    .unwrap();
    assert_eq!(told, ["noticed", "unnoticed", "breaks", "impossible"]);
    assert!(matches!(
        &fates[..],
        [
            Fate::Killed(Found::Failed { .. }),
            Fate::Survived,
            Fate::Killed(Found::Broken { .. }),
            Fate::NotMade(_)
        ]
    ));
    let begun = server.log.iter().filter(|line| *line == "BEGIN").count();
    let undone = server
        .log
        .iter()
        .filter(|line| *line == "ROLL BACK")
        .count();
    assert_eq!(begun, undone);
}

#[test]
fn a_suite_that_fails_by_itself_says_nothing_about_mutants() {
    let run = |lines: &'static [&'static str]| {
        let mut server = Fake::new(|_: &str| Ok(column(lines)));
        let suite = [script("test")];
        run_mutants(&mut server, &suite, &[mutant("x")], &mut |_, _| {}).unwrap_err()
    };
    let failing = run(&["not ok 1 - a"]);
    assert_eq!(
        (&*failing.sqlstate, &*failing.message),
        (
            "55000",
            "the suite fails without a mutant: a.sql: not ok 1 - a"
        )
    );
    assert_eq!(run(&["1"]).sqlstate, "22023");
}

#[test]
fn a_migration_may_commit_and_stops_at_its_first_error() {
    let read = |text: &str| {
        let mut none = |_: &str, path: &str, _: bool| Err(format!("no file {path}"));
        Script::migration("m.sql", text, &mut none)
    };
    let text =
        "begin;\nalter table a add b int;\ncommit;\nstart transaction; select wrong; end; select 3";
    let migration = read(text).unwrap();
    let mut server = Fake::new(|_: &str| Ok(Vec::new()));
    assert_eq!(run_migration(&mut server, &migration), Ok(None));
    assert_eq!(
        server.log,
        ["alter table a add b int", "select wrong", "select 3"]
    );
    let mut server = Fake::new(|sql: &str| match sql {
        "select wrong" => Err(error("42703", "no such column")),
        _ => Ok(Vec::new()),
    });
    let failed = run_migration(&mut server, &migration).unwrap().unwrap();
    assert!(failed.to_string().starts_with("m.sql:4: "), "{failed}");
    assert_eq!(server.log.len(), 2);
    for bad in ["rollback", "abort", "prepare transaction 'x'"] {
        assert!(read(bad).is_err(), "{bad}");
    }
    assert!(read("savepoint s; rollback to s").is_ok());
}
