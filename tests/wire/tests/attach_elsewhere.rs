//! Attached tables beyond one server's commits: locally issued tokens, standbys, replication,
//! dumps.

use authguard_wire::attached::*;
use authguard_wire::sessions::{issued, opens, refresh, sign_in};
use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;
use std::thread::{self, JoinHandle};

#[test]
fn a_standby_follows_the_row_after_replay() {
    let primary = attached(Config::default());
    let standby = primary.standby(Config::default()).unwrap();
    let mut ada = request(&standby, ADA);
    assert_eq!(seen(&mut ada), 3);
    change(
        &mut idp(&primary),
        &format!("delete from people.users where id = '{ADA}'"),
    );
    wait_until_hidden(&mut ada);
    assert_eq!(reason(&mut ada).as_deref(), Some("user_deleted"));
    // The same holds for a user who connects there for the first time.
    let mut ben = request(&standby, BEN);
    assert_eq!(seen(&mut ben), 3);
    change(&mut idp(&primary), "drop table people.users cascade");
    wait_until_hidden(&mut ben);
    assert_eq!(reason(&mut ben).as_deref(), Some("source_broken"));
}

#[test]
fn a_deletion_that_arrives_by_logical_replication_counts() {
    let publisher = server(Config::default().set("wal_level", "logical"));
    change(&mut admin(&publisher), "create role idp login");
    tables(&publisher);
    change(
        &mut admin(&publisher),
        "create publication people for table people.users, people.sessions",
    );
    let subscriber = attached(Config::default().own_identity());
    change(&mut admin(&subscriber), "truncate people.users cascade");
    let mut ada = request(&subscriber, ADA);
    assert_eq!(seen(&mut ada), 0);
    change(
        &mut admin(&subscriber),
        &format!(
            "create subscription people connection '{}' publication people",
            publisher.uri("postgres", "wire")
        ),
    );
    // The copied rows clear the remembered "gone".
    wait_until(|| seen(&mut ada) == 3, "the row arrives");
    change(
        &mut idp(&publisher),
        &format!("delete from people.users where id = '{ADA}'"),
    );
    wait_until_hidden(&mut ada);
    // The apply worker also signals changed claims.
    change(
        &mut idp(&publisher),
        &format!("update people.users set raw_app_meta_data = '{{\"org\": 2}}' where id = '{BEN}'"),
    );
    let told = format!(
        "select count(*) from authguard.event where name = 'USER_UPDATED' and user_id = '{BEN}'"
    );
    wait_until(
        || sessions::count(&subscriber, &told) == 1,
        "the change is told of",
    );
    change(&mut admin(&subscriber), "drop subscription people");
}

#[test]
fn a_dump_keeps_what_is_attached() {
    let cluster = attached(Config::default());
    change(
        &mut idp(&cluster),
        &format!(
            "alter table people.users rename column banned_until to shut_until;
             update people.users set shut_until = 'infinity' where id = '{BEN}'"
        ),
    );
    copies::restore(&cluster, &copies::dumped(&cluster));
    let reasons = |user: &str| {
        let mut client = cluster.connect("authenticator", "copy").unwrap();
        change(&mut client, "set role authenticated");
        set_claims(&mut client, &session_claims(user));
        (seen(&mut client), reason(&mut client))
    };
    assert_eq!(reasons(ADA), (3, None));
    assert_eq!(reasons(BEN), (0, Some("user_banned".into())));
    let mut copy = cluster.connect("postgres", "copy").unwrap();
    let problems: Vec<String> = copy
        .query(
            "select object from authguard.coverage() where kind = 'attached table' and problem is null order by 1",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(problems, ["people.sessions", "people.users"]);
    change(&mut copy, "delete from people.users");
    assert_eq!(reasons(ADA).0, 0);
    // The original database is unaffected.
    assert_eq!(seen(&mut request(&cluster, ADA)), 3);
}

/// A server whose attached users must refresh after a change.
fn refreshed_on_change() -> Cluster {
    let cluster = sessions::server(Config::default());
    change(&mut admin(&cluster), "create role idp login");
    tables(&cluster);
    change(
        &mut admin(&cluster),
        "select authguard.attach_users('people.users', app_metadata => 'raw_app_meta_data', refresh_on_change => true)",
    );
    // This entry is the one that the next change overwrites.
    change(
        &mut idp(&cluster),
        r#"update people.users set raw_app_meta_data = '{"org": 1}'"#,
    );
    cluster
}

/// Makes a change that stops in the middle of its commit. It goes on when the holder of the entry
/// that it overwrites releases that entry.
fn committing(cluster: &Cluster) -> (Client, JoinHandle<Client>) {
    let mut holder = admin(cluster);
    change(
        &mut holder,
        "begin; select from authguard.revocation where kind = 'claims' for update",
    );
    let mut idp = idp(cluster);
    let committing = thread::spawn(move || {
        change(
            &mut idp,
            r#"update people.users set raw_app_meta_data = '{"org": 2}'"#,
        );
        idp
    });
    wait_until_waiting(cluster, "idp");
    (holder, committing)
}

fn wait_until_waiting(cluster: &Cluster, role: &str) {
    let sql = format!(
        "select count(*) from pg_stat_activity where usename = '{role}' and wait_event_type = 'Lock'"
    );
    wait_until(|| sessions::count(cluster, &sql) == 1, role);
}

#[test]
fn a_refresh_waits_for_a_change_that_is_being_committed() {
    let cluster = refreshed_on_change();
    let begun = sign_in(&cluster, ADA);
    assert!(opens(&cluster, begun.access()));
    let (mut holder, committing) = committing(&cluster);
    let waiting = {
        let mut web = cluster.connect("web", "wire").unwrap();
        let token = begun.refresh().to_owned();
        thread::spawn(move || refresh(&mut web, &token))
    };
    wait_until_waiting(&cluster, "web");
    change(&mut holder, "rollback");
    let mut idp = committing.join().unwrap();
    let fresh = waiting.join().unwrap();
    assert_eq!(fresh.status, "ok");
    assert!(!opens(&cluster, begun.access()));
    assert!(opens(&cluster, fresh.access()));
    let org: Option<String> = admin(&cluster)
        .query_one(
            "select auth.verify($1) #>> '{app_metadata,org}'",
            &[&fresh.access()],
        )
        .unwrap()
        .get(0);
    assert_eq!(org.as_deref(), Some("2"));
    // No other client can hold up the change: the fence is not an advisory lock.
    let error = idp.batch_execute("lock table authguard.attached in share mode");
    assert!(error.is_err());
    change(
        &mut idp,
        &format!("delete from people.users where id = '{ADA}'"),
    );
    let blocked = issued(
        &mut cluster.connect("web", "wire").unwrap(),
        "auth.refresh($1)",
        fresh.refresh(),
    );
    assert_eq!(blocked.unwrap().status, "user_blocked");
}

#[test]
fn tokens_that_cannot_wait_for_a_change_are_busy_and_nothing_is_consumed() {
    let cluster = refreshed_on_change();
    let begun = sign_in(&cluster, ADA);
    let (mut holder, committing) = committing(&cluster);
    let mut app = admin(&cluster);
    let mut web = cluster.connect("web", "wire").unwrap();
    let step_up = format!(
        "authguard.step_up($1, '{}', 'totp', 'aal2')",
        begun.session()
    );
    assert_eq!(refresh(&mut web, begun.refresh()).status, "busy");
    for call in ["authguard.sign_in($1)", step_up.as_str()] {
        let told = issued(&mut app, call, ADA).unwrap();
        assert_eq!(
            (told.status.as_str(), told.access),
            ("busy", None),
            "{call}"
        );
    }
    let sessions = format!("select count(*) from authguard.session where user_id = '{ADA}'");
    assert_eq!(sessions::count(&cluster, &sessions), 1);
    change(&mut holder, "rollback");
    committing.join().unwrap();
    assert_eq!(refresh(&mut web, begun.refresh()).status, "ok");
}
