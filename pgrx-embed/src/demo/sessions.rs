//! The second story: locally issued sessions, from the sign-in to a theft, and the events that a
//! listener receives.

use super::people::{Person, text};
use crate::error::{Error, Result};
use crate::instances::Running;
use anstream::println;
use postgres::Client;
use postgres::fallible_iterator::FallibleIterator;
use std::thread;
use std::time::Duration;

const SETTING: &str = "
create role app login;
select authguard.grant_signer('app'), authguard.grant_client('app');
create table transfers (amount int not null);
grant insert on transfers to authenticated;
alter table transfers enable row level security;
create policy own on transfers for insert to authenticated with check (auth.is_fresh('3 seconds'));
select authguard.guard_table('transfers')";
const NOTIFY: &str = "alter system set authguard.notify_events =
    'SIGNED_IN, SIGNED_OUT, TOKEN_REFRESHED, REFRESH_TOKEN_REUSED'";

/// The tokens of one device.
struct Device {
    access: String,
    refresh: String,
    session: String,
}

/// The participants: the application, which has checked the password, and the gateway for users.
struct Cast {
    app: Client,
    gateway: Client,
}

/// Runs the story.
pub fn tell(server: &Running) -> Result<()> {
    let mut owner = server.connect("postgres")?;
    for step in [
        SETTING,
        "load 'authguard'",
        NOTIFY,
        "select pg_reload_conf()",
    ] {
        owner.batch_execute(step)?;
    }
    // New connections have the setting only after the postmaster has read it.
    thread::sleep(Duration::from_millis(300));
    let mut listener = server.connect("operator")?;
    listener.batch_execute("listen authguard")?;
    let mut cast = Cast {
        app: server.connect("app")?,
        gateway: server.connect("authenticator")?,
    };

    println!(
        "\nSessions of the database's own. Ada signs in on a laptop and on a phone: authguard.sign_in()"
    );
    let (laptop, phone) = (cast.sign_in()?, cast.sign_in()?);
    cast.read("laptop", &laptop.access, "2")?;
    cast.read("phone", &phone.access, "2")?;

    println!(
        "\nThe laptop refreshes in two tabs at once: auth.refresh() with the same refresh token"
    );
    let first = cast.refresh("one tab", &laptop.refresh, "ok")?;
    let second = cast.refresh("the other", &laptop.refresh, "reused")?;
    let (Some(first), Some(second)) = (first, second) else {
        return Err(Error::new("a refresh gave no tokens"));
    };
    let same = first.refresh == second.refresh;
    println!("    both have the same new refresh token: {same}");

    println!("\nOn the phone Ada signs all others out: auth.sign_out('others')");
    cast.act(&phone.access, "select auth.sign_out('others')")?;
    cast.read("laptop, a token of an hour", &second.access, "0")?;
    cast.read("phone", &phone.access, "2")?;
    cast.refresh("laptop", &second.refresh, "session_revoked")?;

    println!(
        "\nA thief has copied the phone's refresh token. Ada's phone refreshes twice, then the thief comes:"
    );
    let next = cast.refresh("phone", &phone.refresh, "ok")?;
    let next = next.ok_or_else(|| Error::new("a refresh gave no tokens"))?;
    let last = cast.refresh("phone", &next.refresh, "ok")?;
    cast.refresh("the thief", &phone.refresh, "refresh_token_already_used")?;
    if let Some(last) = last {
        cast.read("phone: the session is over for both", &last.access, "0")?;
    }

    println!(
        "\nA transfer asks for a proof of who it is within 3 seconds: with check (auth.is_fresh('3 seconds'))"
    );
    let back = cast.sign_in()?;
    cast.transfer("just signed in", &back, true)?;
    thread::sleep(Duration::from_millis(3_100));
    cast.transfer("three seconds later", &back, false)?;
    cast.app.execute(
        "select authguard.reauthenticated($1, $2::text::uuid, 'password')",
        &[&Person::ada().id, &back.session],
    )?;
    cast.transfer("authguard.reauthenticated()", &back, true)?;

    println!("\nWhat a listener has heard on channel authguard:");
    println!("    {}", heard(&mut listener)?);
    Ok(())
}

impl Cast {
    fn sign_in(&mut self) -> Result<Device> {
        let call = "authguard.sign_in($1)";
        let (status, device) = self.issue(call, Person::ada().id)?;
        device.ok_or_else(|| Error::new(format!("the sign-in answered {status}")))
    }

    fn refresh(&mut self, who: &str, token: &str, expected: &str) -> Result<Option<Device>> {
        let (status, device) = self.issue("auth.refresh($1)", token)?;
        told(who, &status, expected)?;
        Ok(device)
    }

    fn issue(&mut self, call: &str, argument: &str) -> Result<(String, Option<Device>)> {
        let sql =
            format!("select status, access_token, refresh_token, session_id::text from {call}");
        let row = self.app.query_one(&sql, &[&argument])?;
        let access: Option<String> = row.get(1);
        let device = access.map(|access| Device {
            access,
            refresh: row.get(2),
            session: row.get(3),
        });
        Ok((row.get(0), device))
    }

    /// Runs one statement of the gateway for the bearer of the token.
    fn act(&mut self, access: &str, statement: &str) -> Result<String> {
        let mut open = self.gateway.transaction()?;
        open.batch_execute("set local role authenticated")?;
        open.execute("select set_config('authguard.jwt', $1, true)", &[&access])?;
        let answer = text(
            &mut open,
            &format!("with t (a) as ({statement}) select a::text from t"),
        )?;
        open.commit()?;
        Ok(answer)
    }

    fn read(&mut self, who: &str, access: &str, expected: &str) -> Result<()> {
        let rows = self.act(access, "select count(*) from notes")?;
        let why = self.act(
            access,
            "select coalesce('revoked: ' || auth.revocation_reason(), 'in')",
        )?;
        told(
            who,
            &format!("notes: {rows}   {why}"),
            &format!("notes: {expected}   {why}"),
        )
    }

    fn transfer(&mut self, who: &str, device: &Device, expected: bool) -> Result<()> {
        let paid = self.act(
            &device.access,
            "insert into transfers values (100) returning 'paid'",
        );
        let answer = match &paid {
            Ok(_) => "paid",
            Err(_) => "refused: new row violates row-level security policy",
        };
        println!("    {who:<38} {answer}");
        match paid.is_ok() == expected {
            true => Ok(()),
            false => Err(Error::new(format!("{who}: a transfer was {answer}"))),
        }
    }
}

/// Prints one line, and fails if the answer is not the expected one.
fn told(who: &str, answer: &str, expected: &str) -> Result<()> {
    println!("    {who:<38} {answer}");
    match answer == expected {
        true => Ok(()),
        false => Err(Error::new(format!("{who}: {answer} instead of {expected}"))),
    }
}

/// The names of the events, in the order of their arrival.
fn heard(listener: &mut Client) -> Result<String> {
    let mut notifications = listener.notifications();
    let mut arriving = notifications.timeout_iter(Duration::from_secs(1));
    let mut names = Vec::new();
    while let Some(notification) = arriving.next()? {
        let event: serde_json::Value =
            serde_json::from_str(notification.payload()).map_err(std::io::Error::other)?;
        names.push(event["name"].as_str().unwrap_or_default().to_owned());
    }
    match names.last().map(String::as_str) {
        Some("SIGNED_IN") => Ok(names.join(", ")),
        _ => Err(Error::new(format!("the listener heard {names:?}"))),
    }
}
