//! Attached tables of users and sessions: the row decides, from the next statement on.

use authguard_wire::attached::*;
use authguard_wire::*;
use pgrx_embed::cluster::Config;
use postgres::Client;

#[test]
fn delete_the_row_and_the_very_next_statement_sees_nothing() {
    let cluster = attached(Config::default());
    let mut ada = request(&cluster, ADA);
    let mut ben = request(&cluster, BEN);
    let prepared = ada.prepare("select count(*) from notes").unwrap();
    let count = |client: &mut Client| client.query_one(&prepared, &[]).unwrap().get::<_, i64>(0);
    assert_eq!(count(&mut ada), 3);
    assert_eq!(seen(&mut ben), 3);
    let mut idp = idp(&cluster);
    change(
        &mut idp,
        &format!("delete from people.users where id = '{ADA}'"),
    );
    assert_eq!(count(&mut ada), 0);
    assert_eq!(reason(&mut ada).as_deref(), Some("user_deleted"));
    assert_eq!(seen(&mut ben), 3);
    // A user whose row is back is let in.
    change(
        &mut idp,
        &format!("insert into people.users (id) values ('{ADA}')"),
    );
    assert_eq!(count(&mut ada), 3);
    change(&mut idp, "truncate people.users cascade");
    assert_eq!((count(&mut ada), seen(&mut ben)), (0, 0));
}

#[test]
fn every_isolation_level_sees_it_and_nobody_sees_what_is_not_committed() {
    let cluster = attached(Config::default());
    for level in ["read committed", "repeatable read", "serializable"] {
        let mut ada = request(&cluster, ADA);
        change(&mut ada, &format!("begin isolation level {level}"));
        assert_eq!(seen(&mut ada), 3, "{level}");
        let mut idp = idp(&cluster);
        let delete = format!("begin; delete from people.users where id = '{ADA}'");
        change(&mut idp, &delete);
        assert_eq!(seen(&mut ada), 3, "{level}");
        change(&mut idp, "rollback");
        assert_eq!(seen(&mut ada), 3, "{level}");
        change(&mut idp, &format!("{delete}; commit"));
        assert_eq!(seen(&mut ada), 0, "{level}");
        assert_eq!(reason(&mut ada).as_deref(), Some("user_deleted"), "{level}");
        change(
            &mut idp,
            &format!("insert into people.users (id) values ('{ADA}')"),
        );
        assert_eq!(seen(&mut ada), 3, "{level}");
        change(&mut ada, "commit");
    }
}

#[test]
fn what_the_row_says_counts_at_once_and_time_alone_ends_a_ban() {
    let cluster = attached(Config::default());
    let mut ada = request(&cluster, ADA);
    let mut idp = idp(&cluster);
    let mut after = |set: &str| {
        change(
            &mut idp,
            &format!("update people.users set {set} where id = '{ADA}'"),
        );
        (seen(&mut ada), reason(&mut ada))
    };
    let live = (3, None);
    let shut = |reason: &str| (0, Some(reason.to_owned()));
    assert_eq!(after("email = 'lovelace'"), live);
    assert_eq!(
        after("banned_until = now() + interval '1 day'"),
        shut("user_banned")
    );
    assert_eq!(after("banned_until = now() - interval '1 day'"), live);
    assert_eq!(after("deleted_at = now()"), shut("user_deleted"));
    assert_eq!(after("deleted_at = null"), live);
    assert_eq!(
        after(r#"raw_app_meta_data = '{"access_revoked": true}'"#),
        shut("user")
    );
    assert_eq!(
        after(r#"raw_app_meta_data = '{"access_revoked": false}'"#),
        live
    );
    assert_eq!(
        after("banned_until = clock_timestamp() + interval '10 s'"),
        shut("user_banned")
    );
    wait_until(|| seen(&mut ada) == 3, "the ban ends");
    assert_eq!(reason(&mut ada), None);
}

#[test]
fn a_session_that_is_gone_or_over_opens_nothing_and_one_that_comes_does() {
    let cluster = attached(Config::default());
    let mut ada = gateway(&cluster);
    set_claims(&mut ada, &session_claims(ADA));
    let mut idp = idp(&cluster);
    assert_eq!(seen(&mut ada), 3);
    change(
        &mut idp,
        &format!("delete from people.sessions where id = '{ADA}'"),
    );
    assert_eq!(seen(&mut ada), 0);
    assert_eq!(reason(&mut ada).as_deref(), Some("session_ended"));
    change(
        &mut idp,
        "insert into people.sessions (id, user_id) select id, id from people.users on conflict do nothing",
    );
    assert_eq!(seen(&mut ada), 3);
    change(&mut idp, "update people.sessions set not_after = now()");
    assert_eq!(seen(&mut ada), 0);
    assert_eq!(reason(&mut ada).as_deref(), Some("session_expired"));
    change(&mut idp, "update people.sessions set not_after = null");
    assert_eq!(seen(&mut ada), 3);
    // The operator has no right in the provider's tables.
    let ended: i32 = operator(&cluster)
        .query_one("select authguard.sign_out_user($1)", &[&ADA])
        .unwrap()
        .get(0);
    assert_eq!(ended, 1);
    assert_eq!(seen(&mut ada), 0);
    assert_eq!(reason(&mut ada).as_deref(), Some("session"));
    // Deleting the user's row also deletes the session.
    let mut ben = gateway(&cluster);
    set_claims(&mut ben, &session_claims(BEN));
    assert_eq!(seen(&mut ben), 3);
    change(
        &mut idp,
        &format!("delete from people.users where id = '{BEN}'"),
    );
    assert_eq!(seen(&mut ben), 0);
}

#[test]
fn parallel_workers_decide_by_the_row() {
    let cluster = attached(Config::default());
    change(
        &mut admin(&cluster),
        "insert into notes select g, null from generate_series(4, 200000) g; analyze notes",
    );
    let mut ada = request(&cluster, ADA);
    in_workers(&mut ada);
    assert_eq!(seen(&mut ada), 200_000);
    change(
        &mut idp(&cluster),
        &format!("delete from people.users where id = '{ADA}'"),
    );
    assert_eq!(seen(&mut ada), 0);
}
