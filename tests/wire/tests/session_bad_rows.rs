//! Operations on many rows: a row that cannot be read or written as the others vetoes none of them.

use authguard_wire::attached::change;
use authguard_wire::sessions::*;
use authguard_wire::tokens::web;
use authguard_wire::{ADA, BEN, admin, operator};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

/// A server with an attached table of sessions of another issuer.
fn attached() -> Cluster {
    let cluster = server(Config::default());
    change(
        &mut admin(&cluster),
        "create table elsewhere (id text primary key, user_id uuid not null, not_after timestamptz);
         select authguard.attach_sessions('elsewhere', not_after => 'not_after')",
    );
    cluster
}

fn ended(client: &mut Client, call: &str) -> i32 {
    let row = client.query_one(&format!("select authguard.{call}"), &[]);
    row.unwrap().get(0)
}

/// The sessions that have an entry, of these ids.
fn revoked(cluster: &Cluster, ids: &str) -> i64 {
    count(
        cluster,
        &format!(
            "select count(*) from authguard.revocation where kind = 'session' and key like '{ids}%'"
        ),
    )
}

#[test]
fn a_session_elsewhere_that_ends_at_the_end_of_time_keeps_no_other_alive() {
    let cluster = attached();
    let own = sign_in(&cluster, ADA);
    let mut admin = admin(&cluster);
    for (n, end) in [
        "294276-12-31 23:59:59.999999+00",
        "294247-01-10 04:00:54.775807+00",
        "294247-01-10 03:55:54.775808+00",
        "infinity",
        "-infinity",
        "4714-11-24 00:00:00+00 BC",
    ]
    .iter()
    .enumerate()
    {
        change(
            &mut admin,
            &format!(
                "insert into elsewhere values ('e0000000-0000-4000-8000-00000000000{n}', '{ADA}', '{end}')"
            ),
        );
    }
    // A session may have any name.
    change(
        &mut admin,
        &format!("insert into elsewhere values ('no uuid', '{ADA}')"),
    );
    let mut operator = operator(&cluster);
    change(&mut operator, "set timezone = 'Pacific/Kiritimati'");
    assert_eq!(ended(&mut operator, &format!("sign_out_user('{ADA}')")), 8);
    assert!(!opens(&cluster, own.access()));
    // What was over long ago is forgotten at once.
    assert_eq!(revoked(&cluster, "e0000000"), 4);
}

/// Makes each update of the session's row an error.
fn refuse_update(cluster: &Cluster, session: &Issued) {
    change(
        &mut admin(cluster),
        &format!(
            "create or replace function refuse() returns trigger language plpgsql as $$
             begin raise exception 'not this row'; end $$;
             create or replace trigger refuse before update on authguard.session for each row
                 when (new.id = '{}') execute function refuse()",
            session.session()
        ),
    );
}

#[test]
fn a_row_that_cannot_be_written_vetoes_no_ending_and_its_session_ends_too() {
    for call in [
        format!("sign_out_user('{ADA}')"),
        format!("credentials_changed('{ADA}')"),
        "end_all_sessions()".to_owned(),
        format!("revoke_user('{ADA}')::int"),
    ] {
        let cluster = server(Config::default());
        let sessions: Vec<_> = (0..3).map(|_| sign_in(&cluster, ADA)).collect();
        refuse_update(&cluster, &sessions[1]);
        let expected = if call.starts_with("revoke_user") {
            1
        } else {
            3
        };
        assert_eq!(ended(&mut admin(&cluster), &call), expected, "{call}");
        for session in &sessions {
            assert!(!opens(&cluster, session.access()), "{call}");
        }
        change(
            &mut admin(&cluster),
            "drop trigger refuse on authguard.session",
        );
        let next = refresh(&mut web(&cluster), sessions[1].refresh());
        assert_ne!(next.status, "ok", "{call}");
        let rows = "select count(*) from authguard.session where ended_at is not null";
        assert!(count(&cluster, rows) >= 2, "{call}");
    }
}

#[test]
fn a_table_that_somebody_has_locked_keeps_no_session_of_another_table_alive() {
    let cluster = attached();
    change(
        &mut admin(&cluster),
        &format!(
            "create table third (id uuid primary key, user_id uuid not null);
             insert into elsewhere values ('e0000000-0000-4000-8000-000000000001', '{ADA}');
             insert into third values ('f0000000-0000-4000-8000-000000000001', '{ADA}');
             select authguard.attach_sessions('third')"
        ),
    );
    let own = sign_in(&cluster, ADA);
    let mut holding = admin(&cluster);
    change(&mut holding, "begin; lock table elsewhere");
    let mut operator = operator(&cluster);
    change(&mut operator, "set statement_timeout = '30s'");
    assert_eq!(ended(&mut operator, &format!("sign_out_user('{ADA}')")), 2);
    assert_eq!(revoked(&cluster, "f0000000"), 1);
    assert_eq!(revoked(&cluster, "e0000000"), 0);
    change(&mut holding, "commit");
    assert!(!opens(&cluster, own.access()));
    assert_eq!(ended(&mut operator, &format!("sign_out_user('{ADA}')")), 1);
}

#[test]
fn a_row_of_an_attached_table_ends_no_session_that_another_user_has_here() {
    let cluster = attached();
    let (ada, ben) = (sign_in(&cluster, ADA), sign_in(&cluster, BEN));
    let id = ben.session();
    let insert = format!("insert into elsewhere values ('{id}', '{ADA}')");
    change(&mut admin(&cluster), &insert);
    let sign_out = format!("sign_out_user('{ADA}')");
    assert_eq!(ended(&mut operator(&cluster), &sign_out), 1);
    assert!(!opens(&cluster, ada.access()));
    assert!(opens(&cluster, ben.access()));
}

#[test]
fn a_row_that_another_table_refers_to_keeps_no_other_from_being_forgotten() {
    let cluster = server(Config::default());
    let sessions: Vec<_> = (0..3).map(|_| sign_in(&cluster, ADA)).collect();
    change(
        &mut admin(&cluster),
        &format!(
            "create table device (session uuid references authguard.session);
             create table seen (event bigint references authguard.event);
             insert into device values ('{}');
             update authguard.session set ended_at = now() - interval '30 days', ended_reason = 'signed_out';
             update authguard.event set happened_at = now() - interval '100 days';
             insert into seen select min(id) from authguard.event",
            sessions[1].session()
        ),
    );
    let rows = operator(&cluster)
        .query("select kind, forgotten from authguard.prune()", &[])
        .unwrap();
    let forgotten: Vec<(String, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected = [
        ("revocation", 0),
        ("session", 2),
        ("event", 2),
        ("received_event", 0),
    ];
    assert_eq!(forgotten, expected.map(|(kind, n)| (kind.to_owned(), n)));
    assert_eq!(count(&cluster, "select count(*) from authguard.session"), 1);
}
