//! Triggers of authguard's own tables that somebody has disabled, dropped or replaced. Every
//! decision is right at the next statement, and `authguard.coverage()` names the statements that
//! repair the triggers.

use authguard_wire::own::*;
use authguard_wire::sessions::{issued, refresh};
use authguard_wire::tokens::web;
use authguard_wire::*;
use pgrx_embed::cluster::Cluster;

const REPLICA: &str = "set session_replication_role = replica;";

/// The triggers that signal changes, as the catalogue has them.
fn triggers(cluster: &Cluster) -> Vec<(String, String)> {
    let sql = "select t.tgrelid::regclass || ' ' || t.tgenabled::text, pg_get_triggerdef(t.oid)
                 from pg_trigger t where t.tgfoid = 'authguard.invalidate()'::regprocedure order by t.tgrelid, t.tgname";
    let rows = admin(cluster).query(sql, &[]).unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Changes to the triggers of a table, each with the setting of a writer for whom they no longer
/// fire.
fn modes(table: &str) -> Vec<(String, &'static str)> {
    let each = |what: &str| {
        format!(
            "do $$ declare t text; begin
                 for t in select tgname from pg_trigger where tgrelid = 'authguard.{table}'::regclass
                                                          and tgfoid = 'authguard.invalidate()'::regprocedure loop
                     execute format('{what}', t, 'authguard.{table}');
                 end loop; end $$"
        )
    };
    vec![
        // pg_restore --data-only --disable-triggers leaves this behind.
        (
            format!(
                "alter table authguard.{table} disable trigger all; alter table authguard.{table} enable trigger all"
            ),
            REPLICA,
        ),
        (each("alter table %2$s enable replica trigger %1$I"), ""),
        (each("alter table %2$s disable trigger %1$I"), ""),
        (each("drop trigger %1$I on %2$s"), ""),
        (
            format!(
                "create or replace function nothing() returns trigger language plpgsql as 'begin return null; end';
                 do $$ declare t record; begin
                 for t in select tgname, replace(pg_get_triggerdef(oid), 'authguard.invalidate', 'nothing') as definition
                            from pg_trigger where tgrelid = 'authguard.{table}'::regclass
                                             and tgfoid = 'authguard.invalidate()'::regprocedure loop
                     execute format('drop trigger %1$I on authguard.{table}', t.tgname);
                     execute t.definition;
                     execute format('alter table authguard.{table} enable always trigger %1$I', t.tgname);
                 end loop; end $$"
            ),
            "",
        ),
        (
            each(
                "drop trigger %1$I on %2$s; create trigger %1$I after insert on %2$s for each row \
                  execute function authguard.invalidate(); alter table %2$s enable always trigger %1$I",
            ),
            "",
        ),
    ]
}

#[test]
fn a_table_whose_triggers_do_not_fire_decides_all_the_same_and_coverage_mends_it() {
    let (cluster, token) = signed_in();
    let mut warm = user(&cluster, token.access());
    let made = triggers(&cluster);
    for (table, shut, open) in DECIDING {
        for (mode, writer) in modes(table) {
            assert!(is_in(&mut warm), "{table}, before {mode}");
            run(&cluster, &mode);
            // The client knows the current state of the table, and remembers no row.
            assert!(is_in(&mut warm), "{table}, {mode}");
            assert!(is_in(&mut warm), "{table}, {mode}");
            for _ in 0..2 {
                run(&cluster, &format!("{writer} {shut}"));
                assert!(!is_in(&mut warm), "{table}, {mode}");
                assert!(
                    !is_in(&mut user(&cluster, token.access())),
                    "{table}, {mode}"
                );
                run(&cluster, &format!("{writer} {open}"));
                assert!(is_in(&mut warm), "{table}, {mode}");
            }
            let problems = problems(&cluster);
            assert_eq!(problems.len(), 1, "{problems:?}");
            let (object, problem, hint) = &problems[0];
            assert_eq!(object, &format!("authguard.{table}"));
            assert!(problem.contains("read at every statement"), "{problem}");
            run(&cluster, hint);
            assert_eq!(self::problems(&cluster), [], "{table}, {mode}: {hint}");
            assert_eq!(triggers(&cluster), made, "{table}, {mode}: {hint}");
            assert!(is_in(&mut warm), "{table}, after {mode}");
        }
    }
}

#[test]
fn what_is_written_while_they_are_disabled_counts_though_they_are_enabled_again() {
    let (cluster, token) = signed_in();
    let mut warm = user(&cluster, token.access());
    for (table, shut, open) in DECIDING {
        let enable: Vec<_> = triggers(&cluster)
            .iter()
            .filter(|(name, _)| name.starts_with(&format!("authguard.{table} ")))
            .map(|(_, definition)| {
                let name = definition.split(' ').nth(2).unwrap();
                format!("alter table authguard.{table} enable always trigger {name};")
            })
            .collect();
        let unnoticed = |write: &str| {
            let enable = enable.concat();
            format!(
                "begin; alter table authguard.{table} disable trigger user; {write}; {enable} commit"
            )
        };
        assert!(is_in(&mut warm), "{table}");
        run(&cluster, &unnoticed(shut));
        assert!(!is_in(&mut warm), "{table}");
        run(&cluster, &unnoticed(open));
        assert!(is_in(&mut warm), "{table}, again");
        assert_eq!(problems(&cluster), [], "{table}");
    }
    // A truncate has a trigger of its own.
    run(
        &cluster,
        "select authguard.revoke_user('a0000000-0000-4000-8000-00000000000a')",
    );
    run(&cluster, "update authguard.session set ended_at = null");
    assert!(!is_in(&mut warm));
    run(
        &cluster,
        "begin; alter table authguard.revocation disable trigger user; truncate authguard.revocation;
         alter table authguard.revocation enable always trigger invalidate, enable always trigger invalidate_truncate; commit",
    );
    assert!(is_in(&mut warm));
}

#[test]
fn rows_that_a_command_writes_anew_count_though_it_fires_no_trigger() {
    let (cluster, token) = signed_in();
    let_columns_be_altered(&cluster);
    let mut warm = user(&cluster, token.access());
    run(
        &cluster,
        "insert into authguard.revocation (kind, key, issued_before)
         values ('user', 'a0000000-0000-4000-8000-00000000000a', '2000-01-01')",
    );
    for blocked in [true, false, true] {
        let sql = format!(
            "alter table authguard.revocation alter column blocked type bool using {blocked}"
        );
        run(&cluster, &sql);
        assert_eq!(is_in(&mut warm), !blocked);
    }
}

#[test]
fn what_a_rolled_back_transaction_has_written_without_triggers_counts_for_nobody() {
    let (cluster, token) = signed_in();
    let mut owner = admin(&cluster);
    let sql = format!(
        "select set_config('authguard.jwt', '{}', false)",
        token.access()
    );
    owner.batch_execute(&sql).unwrap();
    let is_active =
        |owner: &mut postgres::Client| text(owner, "select auth.is_active()::text").unwrap();
    assert_eq!(is_active(&mut owner), "true");
    for (table, shut, _) in DECIDING {
        for end in ["rollback to s", "rollback"] {
            owner
                .batch_execute(&format!(
                    "begin; savepoint s; alter table authguard.{table} disable trigger user; {shut};"
                ))
                .unwrap();
            assert_eq!(is_active(&mut owner), "false", "{table}");
            owner.batch_execute(end).unwrap();
            assert_eq!(is_active(&mut owner), "true", "{table}, {end}");
            owner.batch_execute("rollback").unwrap();
            assert_eq!(is_active(&mut owner), "true", "{table}, {end}");
        }
    }
}

#[test]
fn a_function_that_somebody_puts_in_the_place_of_the_trigger_s_is_noticed() {
    let (cluster, token) = signed_in();
    let mut warm = user(&cluster, token.access());
    assert!(is_in(&mut warm));
    let (_, shut, open) = DECIDING[0];
    run(
        &cluster,
        "create or replace function authguard.invalidate() returns trigger language plpgsql as 'begin return null; end'",
    );
    let mut new = user(&cluster, token.access());
    for _ in 0..2 {
        run(&cluster, shut);
        assert!(!is_in(&mut warm) && !is_in(&mut new));
        run(&cluster, open);
        assert!(is_in(&mut warm) && is_in(&mut new));
    }
    let told = problems(&cluster);
    assert_eq!(told.len(), 7, "{told:?}");
    run(&cluster, &told[0].2);
    assert_eq!(problems(&cluster), []);
    // The same if the trigger does nothing for a moment only.
    assert!(is_in(&mut warm));
    let definition = text(
        &mut admin(&cluster),
        "select pg_get_functiondef('authguard.invalidate()'::regprocedure)",
    );
    run(
        &cluster,
        &format!(
            "begin; create or replace function authguard.invalidate() returns trigger language plpgsql as 'begin return null; end';
             {shut}; {}; commit",
            definition.unwrap()
        ),
    );
    assert!(!is_in(&mut warm));
}

#[test]
fn a_claims_function_is_asked_though_no_trigger_has_told_of_it() {
    let (cluster, token) = signed_in();
    run(
        &cluster,
        "create function more(user_id text, session_id uuid, claims jsonb) returns jsonb language sql as
             $$ select claims || '{\"email\": \"ada@example.com\"}' $$;
         alter table authguard.claims_function disable trigger all; alter table authguard.claims_function enable trigger all",
    );
    let mut tab = web(&cluster);
    let email = |tab: &mut postgres::Client, token: &str| {
        let sql = "select auth.verify($1) ->> 'email'";
        tab.query_one(sql, &[&token]).unwrap().get::<_, String>(0)
    };
    let first = refresh(&mut tab, token.refresh());
    assert_eq!(email(&mut tab, first.access()), "");
    run(
        &cluster,
        &format!(
            "{REPLICA} insert into authguard.claims_function values ('public', 'more', 'postgres')"
        ),
    );
    let second = refresh(&mut tab, first.refresh());
    assert_eq!(email(&mut tab, second.access()), "ada@example.com");
    run(
        &cluster,
        &format!("{REPLICA} update authguard.claims_function set name = 'none'"),
    );
    let error = issued(&mut tab, "auth.refresh($1)", second.refresh()).unwrap_err();
    assert_eq!(error.code().map(|it| it.code()), Some("42883"));
}
