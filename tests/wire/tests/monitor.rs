//! `authguard.health()`: what needs somebody, if other servers, files and settings have to do with
//! it. The rest is in the regress test of the same name.

use authguard_wire::*;
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

/// A connection of a role that only watches.
fn monitor(cluster: &Cluster) -> Client {
    let made = "create role watch login; select authguard.grant_monitor('watch')";
    admin(cluster).batch_execute(made).unwrap();
    cluster.connect("watch", "wire").unwrap()
}

/// The names and objects of what needs somebody; empty if nothing does.
fn unwell(monitor: &mut Client) -> String {
    let sql = "select coalesce(string_agg(concat_ws(' ', level, check_name, object), ', '
                                          order by check_name), '')
                 from authguard.health()";
    text(monitor, sql).unwrap()
}

fn wait_for(monitor: &mut Client, expected: &str) {
    wait_until(|| unwell(monitor) == expected, expected);
}

#[test]
fn a_subscription_that_has_stopped_needs_somebody_until_it_goes_on() {
    let publisher = server(Config::default().set("wal_level", "logical"));
    let subscriber = server(
        Config::default()
            .own_identity()
            .set("wal_retrieve_retry_interval", "200ms"),
    );
    let mut monitor = monitor(&subscriber);
    let mut owner = admin(&subscriber);
    assert_eq!(unwell(&mut monitor), "");
    // Not about a table of authguard.
    for cluster in [&publisher, &subscriber] {
        let table = "create table elsewhere (id int primary key)";
        admin(cluster).batch_execute(table).unwrap();
    }
    admin(&publisher)
        .batch_execute(
            "create publication others for table elsewhere;
             create publication revocations for table authguard.revocation",
        )
        .unwrap();
    let subscribe = |name: &str| {
        let uri = publisher.uri("postgres", "wire");
        format!("create subscription {name} connection '{uri}' publication {name}")
    };
    owner.batch_execute(&subscribe("others")).unwrap();
    let disable = "alter subscription others disable";
    owner.batch_execute(disable).unwrap();
    assert_eq!(unwell(&mut monitor), "");
    owner.batch_execute("drop subscription others").unwrap();

    // An entry of its own is in the way of the first copy.
    assert!(operate(&publisher, &format!("revoke_user('{ADA}')")));
    assert!(operate(&subscriber, &format!("revoke_user('{ADA}')")));
    owner.batch_execute(&subscribe("revocations")).unwrap();
    let copying = "warning subscription_table authguard.revocation";
    wait_for(&mut monitor, copying);
    let forget = |user: &str| format!("delete from authguard.revocation where key = '{user}'");
    owner.batch_execute(&forget(ADA)).unwrap();
    wait_for(&mut monitor, "");

    // An entry of its own is in the way of one that arrives.
    assert!(operate(&subscriber, &format!("revoke_user('{BEN}')")));
    assert!(operate(&publisher, &format!("revoke_user('{BEN}')")));
    let stopped = "error subscription revocations";
    wait_for(&mut monitor, stopped);
    owner.batch_execute(&forget(BEN)).unwrap();
    wait_for(&mut monitor, "");

    let set = |owner: &mut Client, what: &str| {
        let sql = format!("alter subscription revocations {what}");
        owner.batch_execute(&sql).unwrap();
    };
    set(&mut owner, "disable");
    assert_eq!(unwell(&mut monitor), stopped);
    let detail = "select detail from authguard.health()";
    let told = text(&mut monitor, detail).unwrap();
    assert!(told.starts_with("it is disabled"), "{told}");
    set(&mut owner, "enable");
    wait_for(&mut monitor, "");
    owner
        .batch_execute("drop subscription revocations")
        .unwrap();
}

#[test]
fn settings_that_name_what_is_not_there_need_somebody() {
    let gateways = |names: &str| Config::default().set("authguard.gateway_roles", names);
    let mut cluster = server(gateways("authenticator, Old_Gateway"));
    let mut monitor = monitor(&cluster);
    let missing = "warning setting authguard.gateway_roles";
    assert_eq!(unwell(&mut monitor), missing);
    let detail = "select detail from authguard.health()";
    let told = text(&mut monitor, detail).unwrap();
    assert_eq!(told, "role \"old_gateway\" does not exist");
    let make = "create role old_gateway login";
    admin(&cluster).batch_execute(make).unwrap();
    assert_eq!(unwell(&mut monitor), "");

    let keys = "select string_agg(concat_ws(' ', kid, status, signs), ', ') from authguard.keys";
    assert_eq!(text(&mut monitor, keys), None);
    let nowhere = [("authguard.signing_key_file", "/no/such/file")];
    cluster.configure(&nowhere).unwrap();
    cluster.restart().unwrap();
    let mut monitor = cluster.connect("watch", "wire").unwrap();
    let unusable = "error key_file authguard.signing_key_file";
    assert_eq!(unwell(&mut monitor), unusable);
    assert_eq!(text(&mut monitor, keys), None);
}
