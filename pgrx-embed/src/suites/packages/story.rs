//! The first thing that a new user tries: a row that vanishes when its owner is revoked.

use super::server::Server;
use crate::error::{Error, Result};
use postgres::Client;

const DATABASE: &str = "app";

const SETTING: &str = "
create extension authguard;
create role authenticated nologin;
create role authenticator login noinherit;
grant authenticated to authenticator;
create table note (owner uuid not null, body text not null);
insert into note values ('a0000000-0000-4000-8000-00000000000a', 'buy milk'),
    ('b0000000-0000-4000-8000-00000000000b', 'water the plants');
grant select on note to authenticated;
create policy own_notes on note for all to authenticated using (owner = auth.uid());
select authguard.guard_table('note');
";

const END: &str = "
drop database app with (force);
drop role authenticator;
drop role authenticated;
";

/// A user of the story, who owns one row.
pub const ADA: &str = "a0000000-0000-4000-8000-00000000000a";
/// Another user.
pub const BEN: &str = "b0000000-0000-4000-8000-00000000000b";

/// A database with a guarded table.
pub struct Story<'a> {
    server: &'a Server<'a>,
    /// The connection of the extension's owner.
    pub owner: Client,
}

impl<'a> Story<'a> {
    /// Makes the database with the extension, the roles and the table.
    pub fn begin(server: &'a Server<'a>) -> Result<Story<'a>> {
        server
            .connect("postgres", "postgres")?
            .batch_execute("create database app")?;
        let mut owner = server.connect("postgres", DATABASE)?;
        owner.batch_execute(SETTING)?;
        Ok(Story { server, owner })
    }

    /// Goes on in a server that has the database already.
    pub fn resume(server: &'a Server<'a>) -> Result<Story<'a>> {
        let owner = server.connect("postgres", DATABASE)?;
        Ok(Story { server, owner })
    }

    /// Removes everything that the story has made.
    pub fn end(self) -> Result<()> {
        drop(self.owner);
        let mut server = self.server.connect("postgres", "postgres")?;
        // A database cannot be dropped among other statements.
        for statement in END.split_terminator(";\n") {
            server.batch_execute(statement)?;
        }
        Ok(())
    }

    /// A new connection of the gateway, without claims.
    pub fn anonymous(&self) -> Result<Client> {
        let mut client = self.server.connect("authenticator", DATABASE)?;
        client.batch_execute("set role authenticated")?;
        Ok(client)
    }

    /// The same for this user, whose token lasts until the year 2100.
    pub fn client(&self, user: &str) -> Result<Client> {
        let mut client = self.anonymous()?;
        let claims = format!(
            r#"{{"sub":"{user}","role":"authenticated","iat":1700000000,"exp":4102444800}}"#
        );
        client.execute(
            "select set_config('request.jwt.claims', $1, false)",
            &[&claims],
        )?;
        Ok(client)
    }

    /// Locks a user out.
    pub fn revoke(&mut self, user: &str) -> Result<()> {
        self.owner
            .execute("select authguard.revoke_user($1)", &[&user])?;
        Ok(())
    }
}

/// Fails unless the client sees that many rows.
pub fn expect_rows(client: &mut Client, expected: i64) -> Result<()> {
    let found: i64 = client.query_one("select count(*) from note", &[])?.get(0);
    match found == expected {
        true => Ok(()),
        false => Err(Error::new(format!(
            "{found} rows were seen instead of {expected}"
        ))),
    }
}
