//! `pg_upgrade` from one major version to another, with the packages of both.

use super::Release;
use super::built::Package;
use super::server::Server;
use super::story::{ADA, BEN, Story, expect_rows};
use crate::bare::{Base, System};
use crate::error::{Error, Result};
use postgres::Client;

/// A system with both servers: the older one is that of an older release.
const BOTH: Base = Base {
    suite: "sid",
    also: Some("bookworm"),
    packages: &["postgresql-18", "postgresql-15"],
};

/// Upgrades a server with Debian's own command, and looks who is let in.
pub fn run(old: (&Release, &Package), new: (&Release, &Package)) -> Result<()> {
    let system = System::start(&BOTH)?;
    for (release, package) in [old, new] {
        let file = format!("/root/{}.deb", release.major);
        system.copy_in(&package.deb, &file)?;
        system.run("root", &format!("apt-get install -y {file}"))?;
    }
    let server = Server::of_debian(&system, old.0.major)?;
    let mut story = Story::begin(&server)?;
    story
        .owner
        .batch_execute("select authguard.rotate_signing_key()")?;
    let live = sign_in(&mut story, ADA)?;
    let ended = sign_in(&mut story, ADA)?;
    story.owner.execute(
        "select authguard.revoke_session((auth.verify($1) ->> 'session_id')::uuid)",
        &[&ended],
    )?;
    story.revoke(BEN)?;
    drop(story);

    system.run(
        "root",
        &format!(
            "pg_upgradecluster --method=upgrade -v {} {} trial",
            new.0.major, old.0.major
        ),
    )?;
    let mut story = Story::resume(&server)?;
    let version: String = story
        .owner
        .query_one("show server_version_num", &[])?
        .get(0);
    if !version.starts_with(&new.0.major.to_string()) {
        return Err(Error::new(format!("the server has version {version}")));
    }
    for (token, rows) in [(live, 1), (ended, 0)] {
        let mut client = story.anonymous()?;
        set_token(&mut client, &token)?;
        expect_rows(&mut client, rows)?;
    }
    expect_rows(&mut story.client(BEN)?, 0)?;
    story.revoke(ADA)?;
    expect_rows(&mut story.client(ADA)?, 0)
}

fn sign_in(story: &mut Story, user: &str) -> Result<String> {
    let sql = "select access_token from authguard.sign_in($1::text)";
    Ok(story.owner.query_one(sql, &[&user])?.get(0))
}

fn set_token(client: &mut Client, token: &str) -> Result<()> {
    client.execute("select set_config('authguard.jwt', $1, false)", &[&token])?;
    Ok(())
}
