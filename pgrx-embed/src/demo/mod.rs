//! `cargo embed demo`: the main tasks on real connections, shown on two screens.

mod cost;
mod people;
pub mod picture;
mod policies;
mod revoking;
mod sessions;

use crate::error::Result;
use crate::instances::Running;
use anstream::println;
use anstyle::AnsiColor;
use people::Person;

const SETTING: &str = "
create role authenticator login noinherit;
create role authenticated nologin;
grant authenticated to authenticator;
create role operator login;
select authguard.grant_operator('operator');

create table notes (id int primary key, owner uuid not null, body text not null);
create table announcements (id int primary key, body text not null);
insert into notes values
    (1, 'a0000000-0000-4000-8000-00000000000a', 'buy milk'),
    (2, 'a0000000-0000-4000-8000-00000000000a', 'call Ben'),
    (3, 'b0000000-0000-4000-8000-00000000000b', 'water the plants');
insert into announcements values (1, 'the lift works again');
grant select on notes, announcements to authenticated;

create policy own on notes for all to authenticated using (owner = auth.uid());
create policy everyone on announcements for all to authenticated using (true);
select authguard.guard_table('notes');
select authguard.guard_table('announcements');

-- The issuer of the demo has this machine's clock, so its users come back at once. They are the
-- users of the sessions, too.
insert into authguard.issuer (issuer, audience, clock_skew, shares_subjects)
values ('https://id.example.org', '{authenticated}', 0, true);
";

/// Runs the stories on a server that was just started, and leaves the server running.
pub fn tell(server: &Running) -> Result<()> {
    tell_stories(server)?;
    cost::tell(server, &Person::ben().token()?)
}

/// Runs the stories without the measurement.
pub fn tell_stories(server: &Running) -> Result<()> {
    server.connect("postgres")?.batch_execute(SETTING)?;
    revoking::tell(server)?;
    sessions::tell(server)?;
    policies::tell(server)
}

/// The answer to a user who is let in, or shut out, in its colour.
fn coloured(answer: &str, is_in: bool) -> String {
    let colour = match is_in {
        true => AnsiColor::Green.on_default(),
        false => AnsiColor::Red.on_default(),
    };
    format!("{colour}{answer}{colour:#}")
}

/// Prints how to go on.
pub fn farewell(server: &Running) {
    let port = server.port;
    println!(
        "
The server runs on. Look around: cargo embed psql --port {port}     stop it: cargo embed down --port {port}
In psql: begin; select authguard.act_as_user('b0000000-0000-4000-8000-00000000000b'); select * from notes; rollback;"
    );
    println!("{}", server.uri());
}
