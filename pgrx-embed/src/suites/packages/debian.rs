//! The Debian package: installed as a new user does, tested by the regress suite on the files that
//! it installed, upgraded under live connections, and purged.

use super::built::Package;
use super::server::Server;
use super::story::{ADA, BEN, Story, expect_rows};
use super::{Release, step};
use crate::bare::System;
use crate::error::{Context, Error, Result};
use crate::instances::DATABASE;
use crate::suites::outcome::{self, Tally};
use crate::suites::regress;
use crate::{command, dirs, source};
use std::collections::BTreeSet;
use std::path::Path;
use std::thread;
use std::time::Instant;

/// Tries the package of one version of Postgres in a bare system.
pub fn run(release: &Release, package: &Package) -> Result<Tally> {
    let system = System::start(&release.base)?;
    let server = Server::of_debian(&system, release.major)?;
    let before = files(&system)?;
    system.copy_in(&package.deb, "/root/first.deb")?;

    let first = step("a row vanishes after apt-get install", || {
        vanishes(&system, &server)
    });
    if first.failed > 0 {
        return Ok(first);
    }
    system.copy_in(&package.program, "/root/program.deb")?;
    let program = step(
        "the command line is installed, lints, and is purged",
        || lints(&system, &server),
    );
    let regress = regress(&system, &server, release.major)?;
    let mut story = Story::begin(&server)?;
    let upgrade = step("an upgrade of the package under live connections", || {
        upgraded(&system, &mut story, release)
    });
    let purge = step("apt-get purge leaves nothing, and nothing open", || {
        purged(&system, &mut story, release, &before)
    });
    Ok(first + program + regress + upgrade + purge)
}

/// Installs the command line, which finds a table that is open and only that.
fn lints(system: &System, server: &Server) -> Result<()> {
    system.run(
        "root",
        "apt-get install -y --no-install-recommends /root/program.deb",
    )?;
    let mut owner = server.connect("postgres", "postgres")?;
    let lint = format!(
        "authguard lint 'host={} port={} dbname=postgres' --rule rls_disabled > /dev/null && echo 0 || echo $?",
        server.sockets(),
        server.port()
    );
    let mut expect = |sql: &str, status: &str| -> Result<()> {
        owner.batch_execute(sql)?;
        match system.run("postgres", &lint)?.trim() {
            found if found == status => Ok(()),
            other => Err(Error::new(format!("status {other} instead of {status}"))),
        }
    };
    expect("create table open (); create role somebody login", "0")?;
    expect("grant select on open to somebody", "1")?;
    expect("drop table open; drop role somebody", "0")?;
    system.run("root", "apt-get purge -y authguard-cli")?;
    system
        .run("root", "test ! -e /usr/bin/authguard")
        .map(|_| ())
}

/// Installs the package as its documentation says, and revokes a user.
fn vanishes(system: &System, server: &Server) -> Result<()> {
    let start = Instant::now();
    system.run("root", "apt-get install -y /root/first.deb")?;
    let installed = start.elapsed();
    let mut story = Story::begin(server)?;
    let mut client = story.client(ADA)?;
    expect_rows(&mut client, 1)?;
    story.revoke(ADA)?;
    expect_rows(&mut client, 0)?;
    command::show(&format!(
        "{:.1} s from `apt-get install` to the first row that vanishes, {:.1} s of them for apt-get",
        start.elapsed().as_secs_f64(),
        installed.as_secs_f64()
    ));
    drop(client);
    story.end()
}

/// The regress suite on the installed files, run by the user of Debian's package. Its programs are
/// Debian's; only `pg_regress` itself is brought along.
fn regress(system: &System, server: &Server, major: u16) -> Result<Tally> {
    const DIR: &str = "/tmp/regress";
    let install = source::private_install(major, "tests")?;
    let program = install.regress_command("regress", "pg_regress");
    let tests = regress::names(&dirs::checkout().join("tests/regress/sql"), "sql")?;
    system.copy_in(&dirs::checkout().join("tests/regress"), DIR)?;
    system.copy_in(Path::new(program.get_program()), DIR)?;
    system.run("root", &format!("chown -R postgres {DIR}"))?;
    server
        .connect("postgres", "postgres")?
        .batch_execute(&format!("create database {DATABASE}"))?;
    server
        .connect("postgres", DATABASE)?
        .batch_execute("create extension authguard")?;
    let mut command = system.command("postgres", &format!("{DIR}/pg_regress"));
    command.args([
        format!("--inputdir={DIR}"),
        format!("--outputdir={DIR}/out"),
        format!("--bindir=/usr/lib/postgresql/{major}/bin"),
        format!("--host={}", server.sockets()),
        format!("--port={}", server.port()),
        format!("--dbname={DATABASE}"),
    ]);
    command
        .args(["--user=postgres", "--use-existing"])
        .args(tests);
    let (success, told) = command::tee(&mut command)?;
    let tally = outcome::of_regress(major, &told).with_status(success);
    if tally.failed > 0 {
        let diffs = system.path(&format!("{DIR}/out/regression.diffs"));
        command::show(&std::fs::read_to_string(diffs).unwrap_or_default());
    }
    Ok(tally)
}

/// Replaces the package by the next revision of it. Clients go on all the while: those that are
/// connected and those that connect meanwhile.
fn upgraded(system: &System, story: &mut Story, release: &Release) -> Result<()> {
    system.run("root", NEXT_REVISION)?;
    let mut live = story.client(ADA)?;
    expect_rows(&mut live, 1)?;
    let started = started_at(story)?;
    let rounds = thread::scope(|scope| -> Result<usize> {
        let apt = scope.spawn(|| system.run("root", "apt-get install -y /root/next.deb"));
        let mut rounds = 0;
        while !apt.is_finished() {
            expect_rows(&mut live, 1)?;
            expect_rows(&mut story.client(BEN)?, 1)?;
            rounds += 1;
        }
        match apt.join() {
            Ok(installed) => installed.map(|_| rounds),
            Err(_) => Err(Error::new("apt-get could not be watched")),
        }
    })
    .context(|| "while the package is upgraded".into())?;
    if rounds == 0 {
        return Err(Error::new("no client was served while the package changed"));
    }
    let version = system.run(
        "root",
        &format!("dpkg-query -W -f '${{Version}}' {}", release.package()),
    )?;
    if !version.ends_with("-2") {
        return Err(Error::new(format!("version {version} is installed")));
    }
    story.revoke(ADA)?;
    expect_rows(&mut live, 0)?;
    expect_rows(&mut story.client(ADA)?, 0)?;
    match started_at(story)? == started {
        true => Ok(()),
        false => Err(Error::new("the server was restarted")),
    }
}

/// Purges the package while its library is in use. Who is connected goes on, nobody else gets in,
/// and no file is left.
fn purged(system: &System, story: &mut Story, release: &Release, before: &str) -> Result<()> {
    let mut live = story.client(BEN)?;
    expect_rows(&mut live, 1)?;
    system.run("root", &format!("apt-get purge -y {}", release.package()))?;
    expect_rows(&mut live, 1)?;
    story.revoke(BEN)?;
    expect_rows(&mut live, 0)?;
    let told = match story
        .client(ADA)
        .and_then(|mut client| expect_rows(&mut client, 0))
    {
        Ok(()) => return Err(Error::new("a policy without its library was no error")),
        Err(error) => error.to_string(),
    };
    if !told.contains("could not access file") {
        return Err(Error::new(format!("a new connection was told: {told}")));
    }
    let after = files(system)?;
    let before: BTreeSet<&str> = before.lines().collect();
    let left: Vec<&str> = after
        .lines()
        .filter(|file| !before.contains(file))
        .collect();
    match left.is_empty() {
        true => Ok(()),
        false => Err(Error::new(format!("left behind:\n{}", left.join("\n")))),
    }
}

/// Makes the package's next revision, of the same files.
const NEXT_REVISION: &str = "
cd /root
dpkg-deb --raw-extract first.deb next
sed -i 's/^Version: \\(.*\\)-1$/Version: \\1-2/' next/DEBIAN/control
dpkg-deb --build --root-owner-group next next.deb
rm -r next";

/// The files that belong to packages: not the data of servers, and not what apt-get and dpkg write
/// about their own work.
fn files(system: &System) -> Result<String> {
    system.run("root", "find /usr /etc /opt /srv /var/lib/dpkg/info")
}

/// The time when the server was started.
fn started_at(story: &mut Story) -> Result<String> {
    let sql = "select pg_catalog.pg_postmaster_start_time()::text";
    Ok(story.owner.query_one(sql, &[])?.get(0))
}
