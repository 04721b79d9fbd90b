//! Rows of sessions and events are written without a plan, and a DBA's additions to the tables
//! still work.

use authguard_wire::own::let_columns_be_altered;
use authguard_wire::sessions::*;
use authguard_wire::tokens::web;
use authguard_wire::{ADA, admin};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::error::SqlState;

/// Records the triggers that have fired, in their order.
const SPY: &str = "
    create table spied (n int generated always as identity, what text);
    grant all on spied to public;
    create function spy() returns trigger language plpgsql as $$
    begin
        insert into public.spied (what) values (concat_ws(' ', tg_name, tg_when, tg_op, tg_level, tg_table_name,
            to_jsonb(old) ->> 'counter', to_jsonb(new) ->> 'counter'));
        return new;
    end $$;";

fn change(cluster: &Cluster, sql: &str) {
    admin(cluster).batch_execute(sql).unwrap();
}

fn spied(cluster: &Cluster) -> Vec<String> {
    let rows = admin(cluster).query("select what from spied order by n", &[]);
    change(cluster, "truncate spied");
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

#[test]
fn every_trigger_of_a_dba_fires_for_a_sign_in_and_a_refresh() {
    let cluster = server(Config::default());
    change(&cluster, SPY);
    for table in ["session", "event"] {
        for (name, when) in [("a", "before"), ("b", "after")] {
            for level in ["row", "statement"] {
                let sql = format!(
                    "create trigger {name}_{level} {when} insert or update on authguard.{table}
                     for each {level} execute function spy()"
                );
                change(&cluster, &sql);
            }
        }
    }
    // Triggers of certain columns: one that a refresh writes, and one that it does not.
    change(
        &cluster,
        "create trigger c after update of counter on authguard.session for each row execute function spy();
         create trigger d after update of tag on authguard.session for each row execute function spy();",
    );
    let token = sign_in(&cluster, ADA);
    let inserted = |table: &str| {
        [
            "a_statement BEFORE INSERT STATEMENT",
            "a_row BEFORE INSERT ROW",
            "b_row AFTER INSERT ROW",
            "b_statement AFTER INSERT STATEMENT",
        ]
        .map(|fired| {
            let counter = if table == "session" && fired.contains("ROW") {
                " 0"
            } else {
                ""
            };
            format!("{fired} {table}{counter}")
        })
    };
    assert_eq!(
        spied(&cluster),
        [inserted("session"), inserted("event")].concat()
    );
    assert_eq!(refresh(&mut web(&cluster), token.refresh()).status, "ok");
    let updated = [
        "a_statement BEFORE UPDATE STATEMENT session",
        "a_row BEFORE UPDATE ROW session 0 1",
        "b_row AFTER UPDATE ROW session 0 1",
        "c AFTER UPDATE ROW session 0 1",
        "b_statement AFTER UPDATE STATEMENT session",
    ]
    .map(str::to_owned);
    assert_eq!(
        spied(&cluster),
        [updated.as_slice(), inserted("event").as_slice()].concat()
    );
}

#[test]
fn a_trigger_may_change_what_is_written_and_an_error_in_one_takes_all_back() {
    let cluster = server(Config::default());
    let token = sign_in(&cluster, ADA);
    change(
        &cluster,
        "create function noted() returns trigger language plpgsql as $$
         begin new.reason := 'noted'; return new; end $$;
         create trigger noted before insert on authguard.event for each row execute function noted();
         create function refused() returns trigger language plpgsql as $$
         begin raise exception 'refused'; end $$;
         create trigger refused after insert on authguard.event for each row execute function refused();",
    );
    let mut tab = web(&cluster);
    let error = issued(&mut tab, "auth.refresh($1)", token.refresh()).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::RAISE_EXCEPTION));
    change(&cluster, "drop trigger refused on authguard.event");
    let next = refresh(&mut tab, token.refresh());
    assert_eq!(next.status, "ok", "the error has consumed nothing");
    let row = admin(&cluster)
        .query_one(
            "select e.reason, s.counter from authguard.event e join authguard.session s on s.id = e.session_id
              where e.name = 'TOKEN_REFRESHED'",
            &[],
        )
        .unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(1)), ("noted", 1));
}

#[test]
fn constraints_columns_and_indexes_of_a_dba_are_kept() {
    let cluster = server(Config::default());
    let mut tab = web(&cluster);
    change(
        &cluster,
        "alter table authguard.session add constraint few check (counter < 2),
             add twice int8 generated always as (counter * 2) stored, add note text;
         create index by_counter on authguard.session (counter);
         create index by_twice on authguard.session ((twice + 1)) where counter > 0;",
    );
    let mut token = sign_in(&cluster, ADA);
    change(&cluster, "update authguard.session set note = 'kept'");
    token = refresh(&mut tab, token.refresh());
    assert_eq!(token.status, "ok");
    let error = issued(&mut tab, "auth.refresh($1)", token.refresh()).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::CHECK_VIOLATION));
    change(
        &cluster,
        "alter table authguard.session drop constraint few",
    );
    assert_eq!(refresh(&mut tab, token.refresh()).status, "ok");
    change(
        &cluster,
        "set enable_seqscan = off;
         do $$ begin
             assert (select (counter, twice, note) = (2, 4, 'kept') from authguard.session where counter = 2), 'the first index';
             assert (select note = 'kept' from authguard.session where twice + 1 = 5 and counter > 0), 'the second';
             assert (select count(*) = 0 from authguard.session where counter in (0, 1)), 'old rows';
         end $$",
    );
}

#[test]
fn one_statement_may_refresh_twice() {
    let cluster = server(Config::default());
    let token = sign_in(&cluster, ADA);
    let row = web(&cluster)
        .query_one(
            "select a.status, b.status, a.refresh_token = b.refresh_token
               from auth.refresh($1) a, auth.refresh($1) b",
            &[&token.refresh()],
        )
        .unwrap();
    let answered = (row.get::<_, &str>(0), row.get::<_, &str>(1), row.get(2));
    assert_eq!(answered, ("ok", "reused", true));
}

#[test]
fn a_row_that_is_written_is_seen_by_the_next_command_and_gone_with_the_transaction() {
    let cluster = server(Config::default());
    let mut ops = admin(&cluster);
    let mut transaction = ops.transaction().unwrap();
    let count =
        "select (select count(*) from authguard.session), (select count(*) from authguard.event),
                        (select max(counter) from authguard.session)";
    let seen = |transaction: &mut postgres::Transaction| {
        let row = transaction.query_one(count, &[]).unwrap();
        (
            row.get::<_, i64>(0),
            row.get::<_, i64>(1),
            row.get::<_, Option<i64>>(2),
        )
    };
    let token: String = transaction
        .query_one("select refresh_token from authguard.sign_in($1)", &[&ADA])
        .unwrap()
        .get(0);
    assert_eq!(seen(&mut transaction), (1, 1, Some(0)));
    let mut inner = transaction.transaction().unwrap();
    let status: String = inner
        .query_one("select status from auth.refresh($1)", &[&token])
        .unwrap()
        .get(0);
    assert_eq!(status, "ok");
    assert_eq!(seen(&mut inner), (1, 2, Some(1)));
    inner.rollback().unwrap();
    assert_eq!(seen(&mut transaction), (1, 1, Some(0)));
    transaction.rollback().unwrap();
    let mut transaction = ops.transaction().unwrap();
    assert_eq!(seen(&mut transaction), (0, 0, None));
}

fn refused(cluster: &Cluster, token: &Issued) -> postgres::error::DbError {
    let error = issued(&mut web(cluster), "auth.refresh($1)", token.refresh()).unwrap_err();
    error.as_db_error().unwrap().clone()
}

#[test]
fn a_trigger_that_keeps_a_row_from_being_written_keeps_tokens_back() {
    let cluster = server(Config::default());
    let token = sign_in(&cluster, ADA);
    change(
        &cluster,
        "create function nothing() returns trigger language plpgsql as 'begin return null; end'",
    );
    for (table, command) in [("session", "update"), ("event", "insert")] {
        change(
            &cluster,
            &format!(
                "create trigger nothing before {command} on authguard.{table} for each row execute function nothing()"
            ),
        );
        let error = refused(&cluster, &token);
        assert_eq!(
            error.message(),
            "a trigger has kept a row of authguard from being written"
        );
        assert_eq!(error.detail(), Some(&*format!("The table is \"{table}\".")));
        change(
            &cluster,
            &format!("drop trigger nothing on authguard.{table}"),
        );
    }
    assert_eq!(
        refresh(&mut web(&cluster), token.refresh()).status,
        "ok",
        "nothing was consumed"
    );
}

#[test]
fn a_table_of_another_form_is_an_error_and_no_crash() {
    let cluster = server(Config::default());
    let_columns_be_altered(&cluster);
    let token = sign_in(&cluster, ADA);
    let mut warm = web(&cluster);
    for (alter, back) in [
        (
            "alter table authguard.event alter session_id type text",
            "alter table authguard.event alter session_id type uuid using session_id::uuid",
        ),
        (
            "alter table authguard.event drop column reason",
            "alter table authguard.event add column reason text",
        ),
    ] {
        change(&cluster, alter);
        for client in [&mut warm, &mut web(&cluster)] {
            let error = issued(client, "auth.refresh($1)", token.refresh()).unwrap_err();
            let error = error.as_db_error().unwrap();
            assert_eq!(
                error.message(),
                "a table of authguard has another form than its library writes",
                "{alter}"
            );
            assert_eq!(error.detail(), Some("The table is \"event\"."));
        }
        change(&cluster, back);
    }
    // A column that was dropped and added again has another position: it is found by its name.
    assert_eq!(refresh(&mut warm, token.refresh()).status, "ok");
}

#[test]
fn a_partitioned_table_in_the_place_of_one_of_ours_closes_everything_and_crashes_nothing() {
    for table in ["event", "session", "revocation"] {
        let cluster = server(Config::default());
        let token = sign_in(&cluster, ADA);
        let mut warm = web(&cluster);
        assert_eq!(refresh(&mut warm, token.refresh()).status, "ok");
        change(
            &cluster,
            &format!(
                "alter table authguard.{table} rename to earlier;
                 create table authguard.{table} (like authguard.earlier) partition by hash ({})",
                if table == "revocation" {
                    "key"
                } else {
                    "user_id"
                }
            ),
        );
        for client in [&mut warm, &mut web(&cluster)] {
            let error = issued(client, "auth.refresh($1)", token.refresh()).unwrap_err();
            assert_eq!(
                error.as_db_error().unwrap().message(),
                "the tables of extension authguard are missing",
                "{table}"
            );
        }
        assert!(warm.is_valid(std::time::Duration::from_secs(5)).is_ok());
    }
}

#[test]
fn a_dba_s_trigger_finds_no_temporary_table_of_the_client() {
    let cluster = server(Config::default());
    let token = sign_in(&cluster, ADA);
    change(
        &cluster,
        "create schema app; create table app.audit (what text);
         create function app.note() returns trigger language plpgsql set search_path = app as $$
         begin insert into audit values (tg_table_name); return new; end $$;
         create trigger before_it before update on authguard.session for each row execute function app.note();
         create trigger after_it after insert on authguard.event for each row execute function app.note();",
    );
    let mut client = web(&cluster);
    client
        .batch_execute(
            "create temp table audit (what text);
             create function pg_temp.mine() returns trigger language plpgsql as $$
             begin raise 'the client runs as %', current_user; end $$;
             create trigger mine before insert on audit for each row execute function pg_temp.mine();",
        )
        .unwrap();
    assert_eq!(refresh(&mut client, token.refresh()).status, "ok");
    assert_eq!(count(&cluster, "select count(*) from app.audit"), 2);
}
