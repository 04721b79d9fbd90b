//! The dump of somebody else's schema `auth`, once it is adopted.

use authguard_wire::shaped::*;
use authguard_wire::*;
use pgrx_embed::cluster::Cluster;

/// Runs a program of Postgres, with options for the server's session.
fn run(
    cluster: &Cluster,
    program: &str,
    arguments: &[&str],
    options: &str,
) -> (bool, Vec<u8>, String) {
    let output = cluster
        .client_command(program, "shaped")
        .args(arguments)
        .env("PGOPTIONS", options)
        .output()
        .unwrap();
    (
        output.status.success(),
        output.stdout,
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn a_dump_of_an_adopted_database_restores() {
    const OPTIONS: &str = "-c authguard.adopt=on -c authguard.adopt_owners=supabase_admin";
    let cluster = shaped();
    let mut owner = owner(&cluster);
    let schema =
        "select concat_ws(' ', nspowner::regrole, nspacl) from pg_namespace where nspname = 'auth'";
    let before = text(&mut owner, schema);
    owner
        .batch_execute(&format!(
            "{ADOPT}; select authguard.guard_table('posts'); select authguard.revoke_user('{BEN}')"
        ))
        .unwrap();
    let expected = rows(&cluster, "shaped");
    let file = cluster.dir().join("dump");
    let file = file.to_str().unwrap();
    for (format, number) in [("--format=custom", 1), ("--format=plain", 2)] {
        let (done, _, told) = run(&cluster, "pg_dump", &[format, "--file", file], "");
        assert!(done, "{told}");
        let restore = |database: &str, options: &str| match number {
            1 => run(
                &cluster,
                "pg_restore",
                &["--exit-on-error", "--dbname", database, file],
                options,
            ),
            _ => run(
                &cluster,
                "psql",
                &["-qX", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", file],
                options,
            ),
        };
        let refused = format!("refused{number}");
        let copy = format!("copy{number}");
        owner
            .batch_execute(&format!("create database {refused}"))
            .unwrap();
        owner
            .batch_execute(&format!("create database {copy}"))
            .unwrap();
        let (done, _, told) = restore(&refused, "");
        assert!(!done && told.contains("set authguard.adopt = on"), "{told}");
        let (done, _, told) = restore(&copy, OPTIONS);
        assert!(done, "{told}");
        assert_same(&rows(&cluster, &copy), &expected);
        let mut restored = cluster.connect("postgres", &copy).unwrap();
        assert_eq!(text(&mut restored, schema), before);
        assert_eq!(ours(&mut restored), 4);
    }
}
