//! The keys of sessions if the signing key is in a file: no row holds that key.

use authguard_wire::sessions::*;
use authguard_wire::tokens::web;
use authguard_wire::{ADA, admin};
use pgrx_embed::cluster::{Cluster, Config};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Command;

/// A file with a new key, which only the server may read.
fn key_file(cluster: &Cluster) -> String {
    let file = cluster.dir().join("signing.pem");
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "EC"])
        .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-out"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let server = fs::metadata(cluster.data()).unwrap();
    chown(&file, Some(server.uid()), Some(server.gid())).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn sessions_begin_go_on_and_end_with_a_key_in_a_file() {
    let mut cluster = server(Config::default());
    let file = key_file(&cluster);
    cluster
        .configure(&[("authguard.signing_key_file", &file)])
        .unwrap();
    cluster.restart().unwrap();
    let mut before = web(&cluster);
    let begun = sign_in(&cluster, ADA);
    assert!(opens(&cluster, begun.access()));
    // A backend that has looked for the key of refresh tokens in vain, or knows the previous one,
    // looks it up again.
    assert_eq!(refresh(&mut before, "junk").status, "invalid");
    let next = refresh(&mut before, begun.refresh());
    assert_eq!(next.status, "ok");
    assert!(opens(&cluster, next.access()));
    admin(&cluster)
        .batch_execute("select authguard.end_all_sessions()")
        .unwrap();
    assert_eq!(refresh(&mut before, next.refresh()).status, "invalid");
    let again = sign_in(&cluster, ADA);
    assert_eq!(refresh(&mut before, again.refresh()).status, "ok");
}
