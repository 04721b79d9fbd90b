//! pg_cron runs `authguard.prune()` as `docs/guide.md` says, by a role that may do nothing but operate.

use authguard_wire::page::{self, Page};
use authguard_wire::script::installed;
use pgrx_embed::cluster::{Cluster, Config};
use pgrx_embed::error::{Error, Result};
use pgrx_embed::postgres::Install;
use pgrx_embed::{dirs, packages};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

const DATABASE: &str = "app";

/// Adds the packaged pg_cron to the private Postgres, without what its package depends on.
fn add_cron(install: &Install) -> Result<()> {
    let major = install.major;
    if major != 15 {
        return Err(Error::new(format!(
            "there is no packaged pg_cron for Postgres {major}"
        )));
    }
    let root = dirs::cache()?.join("postgresql-15-cron");
    if !root.is_dir() {
        dirs::complete(&root, |dir| packages::unpack("postgresql-15-cron", dir))?;
    }
    let add = |from: &Path, to: &Path| -> Result<()> {
        for entry in fs::read_dir(root.join(from))? {
            let entry = entry?;
            let to = to.join(entry.file_name());
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), &to)?;
                fs::set_permissions(&to, fs::Permissions::from_mode(0o644))?;
            }
        }
        Ok(())
    };
    add(Path::new("usr/lib/postgresql/15/lib"), &install.pkglib)?;
    add(
        Path::new("usr/share/postgresql/15/extension"),
        &install.extensions(),
    )
}

#[test]
fn a_job_of_an_operator_forgets_what_is_over() {
    let install = Install::from_env().expect("AUTHGUARD_PG_BIN");
    if installed(add_cron(&install).map(|()| install.bin.clone())).is_none() {
        return;
    }
    let config = Config::default()
        .set("shared_preload_libraries", "pg_cron")
        .set("cron.database_name", DATABASE)
        .set("cron.use_background_workers", "on");
    let cluster = Cluster::create(&install, config).unwrap();
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
    // It runs at the next full minute.
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
