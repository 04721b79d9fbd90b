//! pg_cron runs `authguard.prune()` as `docs/guide.md` describes, under a role that may do nothing
//! but operate.

use authguard_wire::page::{self, Page};
use authguard_wire::script::installed;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::error::{Error, Result};
use pgrx_embed::postgres::Install;
use pgrx_embed::{dirs, packages};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

const DATABASE: &str = "app";

/// The files of the packaged pg_cron, without what its package depends on.
fn packaged(major: u16) -> Result<PathBuf> {
    if major != 15 {
        return Err(Error::new(format!(
            "there is no packaged pg_cron for Postgres {major}"
        )));
    }
    let root = dirs::cache()?.join("postgresql-15-cron");
    if !root.is_dir() {
        dirs::complete(&root, |dir| packages::unpack("postgresql-15-cron", dir))?;
    }
    Ok(root)
}

/// Adds these files to a Postgres.
fn add_cron(root: &Path, install: &Install) {
    let add = |from: &str, to: &Path| {
        for entry in fs::read_dir(root.join(from)).unwrap() {
            let entry = entry.unwrap();
            let to = to.join(entry.file_name());
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), &to).unwrap();
                fs::set_permissions(&to, fs::Permissions::from_mode(0o644)).unwrap();
            }
        }
    };
    add("usr/lib/postgresql/15/lib", &install.pkglib);
    add("usr/share/postgresql/15/extension", &install.extensions());
}

#[test]
fn a_job_of_an_operator_forgets_what_is_over() {
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    let Some(root) = installed(packaged(install.major)) else {
        return;
    };
    let mut cluster = Cluster::create(&install, Config::default()).unwrap();
    add_cron(&root, &cluster.restart_apart().unwrap());
    cluster
        .configure(&[
            ("shared_preload_libraries", "pg_cron"),
            ("cron.database_name", DATABASE),
            ("cron.use_background_workers", "on"),
        ])
        .unwrap();
    cluster.restart().unwrap();
    page::database(&cluster, DATABASE);
    let mut admin = cluster.connect("postgres", DATABASE).unwrap();
    admin
        .batch_execute(
            "create extension authguard;
             insert into authguard.event (name, actor, happened_at)
             values ('SIGNED_OUT', 'user', now() - interval '91 days'), ('SIGNED_OUT', 'user', now())",
        )
        .unwrap();
    page::run(
        &cluster,
        DATABASE,
        &Page::read("guide.md").block("Forgetting", "sql"),
    );
    // The job runs at the next full minute.
    let end = Instant::now() + Duration::from_secs(120);
    let run = loop {
        let sql = "select status, return_message, username from cron.job_run_details where status in ('succeeded', 'failed')";
        if let Some(row) = admin.query_opt(&format!("{sql} limit 1"), &[]).unwrap() {
            break [0, 1, 2].map(|at| row.get::<_, String>(at));
        }
        assert!(Instant::now() < end, "the job has not run");
        sleep(Duration::from_millis(200));
    };
    assert_eq!([&run[0], &run[2]], ["succeeded", "pruner"], "{}", run[1]);
    let events = "select count(*) from authguard.event";
    assert_eq!(admin.query_one(events, &[]).unwrap().get::<_, i64>(0), 1);
}
