//! Attached partitioned tables beyond one server's commits: standbys, dumps, replication.

use authguard_wire::attached::*;
use authguard_wire::partitioned::*;
use authguard_wire::*;
use pgrx_embed::cluster::Config;

#[test]
fn a_standby_follows_the_partitions_after_replay() {
    let primary = partitioned(Config::default());
    let standby = primary.standby(Config::default()).unwrap();
    let mut ada = request(&standby, ADA);
    let mut ben = request(&standby, BEN);
    assert_eq!((seen(&mut ada), seen(&mut ben)), (3, 3));
    let mut idp = idp(&primary);
    change(&mut idp, "truncate people.of_ada");
    wait_until_hidden(&mut ada);
    change(
        &mut idp,
        "alter table people.rest detach partition people.of_ben",
    );
    wait_until_hidden(&mut ben);
    change(
        &mut idp,
        "alter table people.rest attach partition people.of_ben for values with (modulus 1, remainder 0)",
    );
    wait_until(|| seen(&mut ben) == 3, "the partition is back");
    change(
        &mut idp,
        "update people.of_ben set banned_until = 'infinity'",
    );
    wait_until_hidden(&mut ben);
}

#[test]
fn a_dump_keeps_a_partitioned_table_attached() {
    let cluster = partitioned(Config::default());
    change(
        &mut idp(&cluster),
        &named("update people.users set banned_until = 'infinity' where id = 'BEN'"),
    );
    copies::restore(&cluster, &copies::dumped(&cluster));
    let mut copy = cluster.connect("postgres", "copy").unwrap();
    let problem =
        "select coalesce(problem, 'none') from authguard.coverage() where kind = 'attached table'";
    assert_eq!(text(&mut copy, problem).as_deref(), Some("none"));
    let of = |user: &str| {
        let mut client = cluster.connect("authenticator", "copy").unwrap();
        change(&mut client, "set role authenticated");
        set_claims(&mut client, &claims(user));
        client
    };
    let (mut ada, mut ben) = (of(ADA), of(BEN));
    assert_eq!((seen(&mut ada), reason(&mut ada)), (3, None));
    assert_eq!(reason(&mut ben).as_deref(), Some("user_banned"));
    // The triggers fire, also for users whose rows are remembered.
    change(&mut copy, "update people.users set banned_until = null");
    assert_eq!(seen(&mut ben), 3);
    change(
        &mut copy,
        &named("delete from people.users where id = 'ADA'"),
    );
    assert_eq!((seen(&mut ada), seen(&mut ben)), (0, 3));
}

#[test]
fn logical_replication_brings_the_rows_of_partitions() {
    for via_root in [false, true] {
        let publisher = server(Config::default().set("wal_level", "logical"));
        prepared(&publisher, &[TABLES, ROWS, "reset role"]);
        change(
            &mut admin(&publisher),
            &format!(
                "create publication people for table people.users with (publish_via_partition_root = {via_root})"
            ),
        );
        let subscriber = server(Config::default().own_identity());
        prepared(&subscriber, &[TABLES, "reset role", ATTACH]);
        let mut ada = request(&subscriber, ADA);
        let mut ben = request(&subscriber, BEN);
        assert_eq!((seen(&mut ada), seen(&mut ben)), (0, 0));
        change(
            &mut admin(&subscriber),
            &format!(
                "create subscription people connection '{}' publication people",
                publisher.uri("postgres", "wire")
            ),
        );
        wait_until(
            || seen(&mut ada) == 3 && seen(&mut ben) == 3,
            "the rows are copied",
        );
        let mut idp = idp(&publisher);
        change(
            &mut idp,
            &named("delete from people.users where id = 'ADA'"),
        );
        wait_until_hidden(&mut ada);
        assert_eq!(seen(&mut ben), 3);
        change(&mut idp, "truncate people.users");
        wait_until_hidden(&mut ben);
        change(&mut admin(&subscriber), "drop subscription people");
    }
}
