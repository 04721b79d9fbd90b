//! Attached users in partitions.

use crate::attached::change;
use crate::{ADA, BEN, admin, server};
use pgrx_embed::cluster::{Cluster, Config};

/// Users partitioned by a list of ids. Ada's partition has its columns in another order, and Ben's
/// is one level deeper.
pub const TABLES: &str = "create schema people authorization idp; set role idp;
    create table people.users (id uuid primary key, email text, banned_until timestamptz) partition by list (id);
    create table people.of_ada (seen int, banned_until timestamptz, email text, id uuid not null);
    alter table people.of_ada drop column seen;
    alter table people.users attach partition people.of_ada for values in ('ADA');
    create table people.rest partition of people.users default partition by hash (id);
    create table people.of_ben partition of people.rest for values with (modulus 1, remainder 0);";
/// A row for each user.
pub const ROWS: &str = "insert into people.users (id) values ('ADA'), ('BEN')";
/// The statement that attaches the users.
pub const ATTACH: &str =
    "select authguard.attach_users('people.users', banned_until => 'banned_until')";

/// SQL with the users' ids in the places of their names.
pub fn named(sql: &str) -> String {
    sql.replace("ADA", ADA).replace("BEN", BEN)
}

/// Makes the tables' owner, then runs these steps.
pub fn prepared(cluster: &Cluster, steps: &[&str]) {
    let mut admin = admin(cluster);
    change(&mut admin, "create role idp login");
    for step in steps {
        change(&mut admin, &named(step));
    }
}

/// A server on which the partitioned users are attached.
pub fn partitioned(config: Config) -> Cluster {
    let cluster = server(config);
    prepared(&cluster, &[TABLES, ROWS, "reset role", ATTACH]);
    cluster
}
