//! The commands of the command line, as a weak role, with the extension in the database and
//! without.

use authguard_wire::cli::{Told, authguard, home, program, run};
use authguard_wire::page::{self, Page};
use authguard_wire::pool::Pool;
use authguard_wire::text;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::postgres::Install;
use postgres::Client;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

const ADA: &str = r#"{"sub": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}"#;

/// Two databases with the page's tables: `plain`, and `app` with the extension.
fn server() -> Cluster {
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    let cluster = Cluster::create(&install, Config::default()).expect("the server starts");
    cluster
        .create_database("app")
        .expect("it has the extension");
    connect(&cluster, "postgres")
        .batch_execute("create database plain template template0")
        .unwrap();
    let tables = Page::read("cli.md").block("A database to try it on", "sql");
    page::run(&cluster, "plain", &tables);
    let (_, tables) = tables.split_once("\n\n").expect("roles come first");
    page::run(&cluster, "app", tables);
    cluster
}

fn connect(cluster: &Cluster, database: &str) -> Client {
    cluster.connect("postgres", database).unwrap()
}

/// Runs the program as a role on a database.
fn tell(cluster: &Cluster, home: &Path, role: &str, database: &str, arguments: &[&str]) -> Told {
    let uri = cluster.uri(role, database);
    let (command, rest) = arguments.split_first().expect("a command");
    let arguments = [*command, &uri].into_iter().chain(rest.iter().copied());
    run(&mut authguard(home, arguments))
}

/// Everything in a database: its schema, its rows, and where its sequences are.
fn state(cluster: &Cluster, database: &str) -> String {
    let dump = cluster
        .client_command("pg_dump", database)
        .output()
        .unwrap();
    assert!(dump.status.success(), "{dump:?}");
    let dump = String::from_utf8(dump.stdout).unwrap();
    // A key that is another one in each dump.
    let is_key = |line: &&str| line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
    let lines = dump.lines().filter(|line| !is_key(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn lint_says_the_same_as_any_role_with_the_extension_and_without() {
    let cluster = server();
    let home = home(&cluster, "home");
    let invoice = |told: &Told| -> Value {
        let all = told.json();
        let mut of = all
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["object"] == "public.invoice");
        let found = of.next().unwrap().clone();
        assert!(of.next().is_none(), "{told:?}");
        found
    };
    // Nobody but the extension says what is accepted.
    let planted = "create schema authguard; grant usage on schema authguard to public;
        create view authguard.accepted_finding as
            select (1 / 0)::text as fingerprint, 'x' as reason, null::timestamptz as until;
        grant select on authguard.accepted_finding to public";
    connect(&cluster, "plain").batch_execute(planted).unwrap();
    let mut seen = Vec::new();
    for database in ["plain", "app"] {
        for role in ["postgres", "authenticator"] {
            let told = tell(
                &cluster,
                &home,
                role,
                database,
                &["lint", "--format", "json", "--rule", "rls_disabled"],
            );
            assert_eq!(told.status, 1, "{told:?}");
            seen.push(invoice(&told));
        }
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:#?}");
    assert_eq!(seen[0]["level"], "error");
    let fingerprint = seen[0]["fingerprint"].as_str().unwrap();
    let rule = seen[0]["rule"].as_str().unwrap();

    // Each form has the finding, and the exit status is that of its level.
    let lint = |arguments: &[&str]| {
        let of_rule = ["lint", "--rule", "rls_disabled"];
        tell(
            &cluster,
            &home,
            "authenticator",
            "plain",
            &[&of_rule, arguments].concat(),
        )
    };
    let table = lint(&[]);
    assert!(
        table.out.contains("| public.invoice |")
            && table.out.contains("\nalter table public.invoice enable"),
        "{table:?}"
    );
    assert!(
        !table.out.contains('\u{1b}') && table.err.is_empty(),
        "{table:?}"
    );
    assert!(
        lint(&["--format", "tap"])
            .out
            .starts_with("1..1\nnot ok 1 - ")
    );
    assert!(
        lint(&["--format", "junit"])
            .out
            .contains("<failure message=\"row-level security is off\">")
    );
    let told = lint(&["--sarif", "out.sarif", "--output", "out.txt"]);
    assert_eq!((told.status, told.out.as_str()), (1, ""));
    let sarif: Value =
        serde_json::from_str(&fs::read_to_string(home.join("out.sarif")).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], rule, "{sarif:#}");
    assert_eq!(lint(&["--format", "sarif"]).json(), sarif);
    assert_eq!(fs::read_to_string(home.join("out.txt")).unwrap(), table.out);

    // The configuration: another level, none, accepted, accepted for a time.
    let configured = |text: &str, arguments: &[&str]| {
        fs::write(home.join("authguard.toml"), text).unwrap();
        lint(arguments)
    };
    let warning = "[rules]\nrls_disabled = 'warning'";
    assert_eq!(configured(warning, &[]).status, 1);
    assert_eq!(configured(warning, &["--fail-on", "error"]).status, 0);
    assert_eq!(
        configured(&format!("fail-on = 'error'\n{warning}"), &[]).status,
        0
    );
    let off = configured("[rules]\nrls_disabled = 'off'", &["--format", "json"]);
    assert_eq!((off.status, off.json()), (0, json!([])));
    let accept = |until: &str| {
        format!("[[accept]]\nfingerprint = '{fingerprint}'\nreason = 'known'\n{until}")
    };
    let accepted = configured(&accept(""), &[]);
    assert!(
        accepted.status == 0 && accepted.out.contains("\nAccepted:\n"),
        "{accepted:?}"
    );
    assert_eq!(configured(&accept("until = 2099-01-01"), &[]).status, 0);
    let over = configured(&accept("until = 2020-01-01T00:00:00Z"), &[]);
    assert!(
        over.status == 1 && over.err.contains("accepted no longer (known)"),
        "{over:?}"
    );
    assert_eq!(
        configured("schemas = ['pg_catalog']", &["--format", "json"]).json(),
        json!([])
    );

    // What is wrong is said, with status 2.
    for (text, arguments, why) in [
        ("[rules]\nrls_disable = 'off'", &[][..], "\"rls_disable\""),
        ("schema = []", &[], "schema"),
        ("schemas = ['nosuch']", &[], "\"nosuch\""),
        ("", &["--config", "none.toml"], "none.toml"),
        ("", &["--rule", "nosuch"], "\"nosuch\""),
        ("", &["--output", "none/x"], "none/x"),
        ("", &["--fail-on", "never"], "--fail-on"),
    ] {
        let told = configured(text, arguments);
        assert!(
            told.status == 2 && told.err.contains(why),
            "{text} {told:?}"
        );
    }
}

#[test]
fn the_questions_are_answered_as_the_role_in_question_and_nothing_stays() {
    let cluster = server();
    let home = home(&cluster, "home");
    for database in ["plain", "app"] {
        let before = state(&cluster, database);
        for role in ["postgres", "authenticator"] {
            let ask = |arguments: &[&str]| {
                let of_ada = ["--role", "authenticated", "--claims", ADA];
                tell(
                    &cluster,
                    &home,
                    role,
                    database,
                    &[arguments, &of_ada].concat(),
                )
            };
            assert_eq!(
                ask(&["can", "select", "note", "--row", r#"{"id": 1}"#]).status,
                0
            );
            let hidden = ask(&["can", "select", "note", "--row", r#"{"id": 2}"#]);
            assert_eq!((hidden.status, hidden.out.as_str()), (1, "false\n"));
            let told = ask(&["explain", "note", "--row", r#"{"id": 2}"#]);
            assert_eq!(told.status, 0, "{told:?}");
            assert!(told.out.contains("\nhidden: "), "{told:?}");
            assert!(!told.out.contains("water the plants"), "{told:?}");
            // Whose row it is, only one learns who may read it.
            let is_owner = role == "postgres";
            assert_eq!(told.out.contains("b0eebc99"), is_owner, "{told:?}");
            let told = ask(&[
                "explain",
                "note",
                "--row",
                r#"{"id": 2}"#,
                "--format",
                "json",
            ]);
            let last = told.json().as_array().unwrap().last().unwrap().clone();
            assert_eq!(
                (&last["gate"], &last["result"]),
                (&json!("verdict"), &json!("denied"))
            );
            let row = r#"{"id": 3, "owner": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "body": "x"}"#;
            assert_eq!(ask(&["can", "insert", "note", "--row", row]).out, "true\n");
            let tap = ask(&[
                "can",
                "delete",
                "note",
                "--row",
                r#"{"id": 1}"#,
                "--format",
                "tap",
            ]);
            assert!(
                tap.out.starts_with("1..1\nnot ok 1 - delete on note\n"),
                "{tap:?}"
            );
        }
        // The gateway may not become an owner, and nobody asks about what is not there.
        for (arguments, why) in [
            (
                &["can", "select", "note", "--role", "postgres"][..],
                "SQLSTATE 42501",
            ),
            (&["explain", "note", "--role", "nosuch"], "nosuch"),
            (&["explain", "nosuch"], "nosuch"),
            (&["explain", "note", "--row", "{"], "SQLSTATE 22"),
            (&["explain", "note", "--command", "grant"], "grant"),
            (
                &["explain", "note", "--format", "sarif"],
                "does not write sarif",
            ),
        ] {
            let told = tell(&cluster, &home, "authenticator", database, arguments);
            assert!(
                told.status == 2 && told.err.contains(why),
                "{arguments:?} {told:?}"
            );
        }
        assert_eq!(state(&cluster, database), before);
    }

    // A helper that runs for ever meets the limit of the session, which ends the call.
    connect(&cluster, "plain")
        .batch_execute(
            "create function slow() returns boolean language sql volatile as 'select pg_sleep(1000) is null';
             create table waits (id int); insert into waits values (1); grant select on waits to authenticated;
             alter table waits enable row level security;
             create policy slow on waits using (slow())",
        )
        .unwrap();
    let uri = cluster.uri("authenticator", "plain");
    let told = run(authguard(
        &home,
        [
            "can",
            &uri,
            "select",
            "waits",
            "--row",
            r#"{"id": 1}"#,
            "--role",
            "authenticated",
        ],
    )
    .env("PGOPTIONS", "-c statement_timeout=500ms"));
    assert!(told.status == 2 && told.err.contains("57014"), "{told:?}");
}

#[test]
fn both_shells_give_the_same_answers() {
    let cluster = server();
    let home = home(&cluster, "home");
    let schema = "create function fails() returns boolean language plpgsql as $$ begin raise 'no'; end $$;
        create policy own_names on note to anon using (body = current_user or fails());
        create policy no_milk on note as restrictive using (body <> 'milk' and (id > 0 or id is null));
        create view seen as select id from note;
        create table \"Odd name\" (\"a b\" text[], primary key (\"a b\"));
        insert into \"Odd name\" values ('{x,NULL}');
        grant select, delete on \"Odd name\", seen to anon, authenticated";
    let mut client = connect(&cluster, "app");
    client.batch_execute(schema).unwrap();
    // The command line names tables with their schema, as the server does with an empty path.
    let mut inside = |path: &str, from: &str| -> Value {
        let path = format!("set search_path = {path}");
        client.batch_execute(&path).unwrap();
        let sql = format!("select coalesce(json_agg(found), '[]')::text from {from} found");
        serde_json::from_str(&text(&mut client, &sql).unwrap()).unwrap()
    };
    let outside = |arguments: &[&str]| -> Value {
        let json = [arguments, &["--format", "json"]].concat();
        let told = tell(&cluster, &home, "postgres", "app", &json);
        assert!(told.status < 2, "{told:?}");
        told.json()
    };
    // The command line has a few columns more.
    let without = |mut rows: Value, columns: &[&str]| -> Value {
        for row in rows.as_array_mut().unwrap() {
            let row = row.as_object_mut().unwrap();
            row.retain(|name, _| !columns.contains(&name.as_str()));
        }
        rows
    };

    assert_eq!(inside("public", "authguard.lint()"), outside(&["lint"]));

    for role in ["anon", "authenticated"] {
        for (command, relation, row, new_row) in [
            ("select", "public.note", r#"{"id": 1}"#, None),
            ("select", "public.note", r#"{"id": 2}"#, None),
            (
                "insert",
                "public.note",
                r#"{"id": 3, "body": "milk"}"#,
                None,
            ),
            (
                "update",
                "public.note",
                r#"{"id": 1}"#,
                Some(r#"{"id": 9}"#),
            ),
            (
                "delete",
                "public.\"Odd name\"",
                r#"{"a b": ["x", null]}"#,
                None,
            ),
            ("select", "public.seen", r#"{"id": 1}"#, None),
        ] {
            let asked = format!(
                "'{row}', '{ADA}', '{role}', {}",
                new_row.map_or("null".to_owned(), |row| format!("'{row}'"))
            );
            let mut of_whom = vec!["--row", row, "--claims", ADA, "--role", role];
            of_whom.extend(new_row.iter().flat_map(|row| ["--new-row", *row]));
            assert_eq!(
                inside(
                    "public",
                    &format!("authguard.explain_access('{relation}', '{command}', {asked})")
                ),
                outside(&[&["explain", relation, "--command", command][..], &of_whom].concat()),
            );
            assert_eq!(
                inside(
                    "public",
                    &format!("authguard.can('{command}', '{relation}', {asked})")
                ),
                json!([outside(
                    &[&["can", command, relation][..], &of_whom].concat()
                )]),
            );
        }
    }

    let identities = format!(
        r#"[{{"name": "ada", "role": "authenticated", "claims": {ADA}}}, {{"name": "nobody", "role": "anon"}}]"#
    );
    fs::write(home.join("identities.json"), &identities).unwrap();
    let matrix = inside("''", &format!("authguard.access_matrix('{identities}')"));
    assert_eq!(
        matrix,
        outside(&["matrix", "--identities", "identities.json"])
    );
    assert!(matrix.as_array().unwrap().len() > 8, "{matrix:#}");

    // The same test, by the extension's functions and by the command line.
    let steps = "set local role authenticated; select count(*) from public.note;
        set local role anon; do $$ begin perform from public.note; exception when others then null; end $$;
        reset role;";
    fs::write(home.join("a.sql"), format!("begin; {steps} rollback;")).unwrap();
    let told = outside(&["coverage", "a.sql"]);
    let mut client = connect(&cluster, "app");
    client
        .batch_execute(&format!(
            "begin; select authguard.policy_coverage_start(); {steps} set local search_path = ''"
        ))
        .unwrap();
    let counted = "select json_agg(found)::text from authguard.policy_coverage() found";
    let counted: Value = serde_json::from_str(&text(&mut client, counted).unwrap()).unwrap();
    assert_eq!(counted, without(told["clauses"].clone(), &["covered"]));

    fs::write(home.join("b.sql"), "select 'ok - it runs';").unwrap();
    client
        .batch_execute("rollback; set search_path = ''")
        .unwrap();
    let mutants = "select json_agg(found)::text from authguard.policy_mutants('public') found";
    let mutants: Value = serde_json::from_str(&text(&mut client, mutants).unwrap()).unwrap();
    let told = without(outside(&["mutants", "b.sql"]), &["fate", "note"]);
    assert_eq!(mutants, told);
}

#[test]
fn a_pooler_that_lends_a_connection_for_a_transaction_is_fine() {
    let Some(mut pool) = Pool::start("pool_mode = transaction") else {
        return;
    };
    let home = std::env::temp_dir().join(format!("authguard-cli-pool-{}", std::process::id()));
    fs::create_dir_all(&home).unwrap();
    let uri = pool.uri("app");
    let before = text(
        &mut pool.admin,
        "select current_setting('statement_timeout')",
    );
    for _ in 0..2 {
        let told = run(&mut authguard(
            &home,
            ["lint", &uri, "--format", "json", "--rule", "rls_disabled"],
        ));
        assert!(told.status < 2, "{told:?}");
    }
    let told = run(&mut authguard(
        &home,
        ["can", &uri, "select", "note", "--role", "authenticated"],
    ));
    assert!(told.status < 2, "{told:?}");
    // The next client of the same connection has its own limits, and its own role.
    let mut next = pool.connect("app");
    assert_eq!(
        text(&mut next, "select current_setting('statement_timeout')"),
        before
    );
    assert_eq!(
        text(&mut next, "select current_user::text").as_deref(),
        Some("app")
    );
    fs::remove_dir_all(home).unwrap();
}

/// What pgTAP would print, as far as the page needs it.
const PGTAP: &str = "
create function plan(int) returns text language sql as $$ select '1..' || $1 $$;
create function is(anyelement, anyelement, text) returns text language sql as $$
    select case when $1 is not distinct from $2 then '' else 'not ' end || 'ok - ' || $3 $$;
create function finish() returns setof text language sql as $$ select null::text where false $$;
";

#[test]
fn the_page_can_be_followed_from_its_top_to_its_end() {
    let cluster = server();
    let home = home(&cluster, "home");
    let page = Page::read("cli.md");
    page::run(&cluster, "plain", PGTAP);
    let shell = |script: &str| -> Told {
        let mut command = Command::new("sh");
        let path = format!(
            "{}:{}",
            program().parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        command
            .args(["-c", script])
            .current_dir(&home)
            .env_clear()
            .env("HOME", &home)
            .env("PATH", path)
            .env("DATABASE_URL", cluster.uri("postgres", "plain"));
        run(&mut command)
    };
    // The commands of a section, and what the page shows of their output.
    let follow = |heading: &str, status: i32| -> Told {
        let told = shell(&page.blocks(heading, "sh").concat());
        assert_eq!(told.status, status, "{heading}: {told:?}");
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let out = told
            .out
            .lines()
            .map(squeezed)
            .collect::<Vec<_>>()
            .join("\n");
        for shown in page.blocks(heading, "text").concat().lines() {
            assert!(
                out.contains(&squeezed(shown)),
                "{heading}: {shown} is not in {told:?}"
            );
        }
        told
    };
    follow("Lint", 1);
    // Each workflow fails while the finding is there, and leaves its report behind.
    for (heading, report) in [
        ("In CI: GitHub", "out.sarif"),
        ("In CI: GitLab", "lint.xml"),
    ] {
        let workflow = page.block(heading, "yaml");
        let is_ours = |line: &&str| {
            line.trim_start_matches(['-', ' '])
                .trim_start_matches("run: ")
                .starts_with("authguard ")
        };
        let lines: Vec<_> = workflow.lines().filter(is_ours).collect();
        assert_eq!(lines.len(), 1, "{heading}");
        let (_, command) = lines[0].split_once("authguard ").unwrap();
        let told = shell(&format!("authguard {command}"));
        assert_eq!(told.status, 1, "{told:?}");
        assert!(
            fs::read_to_string(home.join(report))
                .unwrap()
                .contains("rls_disabled")
        );
    }
    fs::write(
        home.join("authguard.toml"),
        page.block("In CI: GitHub", "toml"),
    )
    .unwrap();
    let told = shell("authguard lint \"$DATABASE_URL\" --format sarif");
    let place = &told.json()["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
        ["uri"];
    assert_eq!(place, "migrations/1_note.sql");
    // The configuration of the page lowers the level, and mends nothing.
    fs::write(
        home.join("authguard.toml"),
        page.block("Accept a finding", "toml"),
    )
    .unwrap();
    let told = shell("authguard lint \"$DATABASE_URL\" --rule rls_disabled");
    assert!(
        told.status == 0 && told.err.contains("0123456789abcdef0123456789abcdef"),
        "{told:?}"
    );
    page::run(&cluster, "plain", &page.block("Lint", "sql"));
    let told = shell("authguard lint \"$DATABASE_URL\" --fail-on warning");
    assert_eq!(told.status, 0, "the page's own schema: {told:?}");

    follow("Explain a hidden row", 0);
    let matrix = follow("Who may do what", 0);
    assert!(
        matrix.out.contains("| ada ") && matrix.out.contains("| nobody "),
        "{matrix:?}"
    );

    // The files that the page names in their first lines.
    for (heading, name) in [
        ("What a migration changes", "migrations/2_share.sql"),
        ("Test the tests", "tests/note.sql"),
    ] {
        let block = page.block(heading, "sql");
        assert!(block.starts_with(&format!("-- {name}\n")), "{block}");
        fs::create_dir_all(home.join(name).parent().unwrap()).unwrap();
        fs::write(home.join(name), block).unwrap();
    }
    let before = state(&cluster, "plain");
    let [migration, snapshots] = &page.blocks("What a migration changes", "sh")[..] else {
        panic!("two blocks");
    };
    let told = shell(migration);
    assert!(
        told.status == 1 && told.out.contains("public.note"),
        "{told:?}"
    );
    let told = shell(snapshots);
    assert_eq!(told.status, 0, "nothing has changed: {told:?}");
    let [coverage, mutants] = &page.blocks("Test the tests", "sh")[..] else {
        panic!("two blocks");
    };
    let told = shell(coverage);
    assert!(
        told.status == 0 && told.out.contains("2 tests passed"),
        "{told:?}"
    );
    let told = shell(mutants);
    assert!(
        told.status == 1 && told.out.contains(" survived "),
        "{told:?}"
    );
    assert_eq!(state(&cluster, "plain"), before);
}
