//! What `cargo embed demo` tells, of which README shows a picture.

use authguard_wire::page;
use authguard_wire::policies::assert_exemplary;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::demo;
use pgrx_embed::instances::{DATABASE, Running};
use pgrx_embed::postgres::Install;

#[test]
fn the_demo_tells_its_stories() {
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    let cluster = Cluster::create(&install, Config::default()).expect("the server starts");
    page::database(&cluster, DATABASE);
    page::run(&cluster, DATABASE, "create extension authguard");
    let server = Running {
        port: cluster.port(),
        major: install.major,
        bin: install.bin.clone(),
        dir: cluster.dir().to_owned(),
    };
    demo::tell_stories(&server).expect("each answer is the expected one");
    assert_exemplary(&cluster, DATABASE);
}
