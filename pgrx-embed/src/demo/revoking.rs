//! The first story: a token is revoked before it expires.

use super::coloured;
use super::people::{self, Person, Token};
use crate::error::{Error, Result};
use crate::instances::Running;
use anstream::println;
use postgres::Client;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Runs the story.
pub fn tell(server: &Running) -> Result<()> {
    let mut gateway = server.connect("authenticator")?;
    let mut operator = server.connect("operator")?;
    let (ada, ben) = (Person::ada(), Person::ben());

    println!(
        "
Two tables with row-level security. notes shows each user their own rows; announcements shows
everybody all. Both have the guard: a restrictive policy  using (not auth.is_revoked()).
A gateway logs in as authenticator and puts the token's claims into each transaction, as PostgREST
does. Another connection belongs to an operator. Neither is a superuser.
"
    );
    let (first, bens) = (ada.token()?, ben.token()?);
    seen(&mut gateway, "Ada, with a token of an hour", &first)?;
    seen(&mut gateway, "Ben", &bens)?;

    let mut open = first.begin(&mut gateway)?;
    let before = people::count(&mut open)?;
    revoke(
        &mut operator,
        "authguard.revoke_user($1, 'laptop stolen')",
        &ada,
    )?;
    let after = people::count(&mut open)?;
    let reason = people::text(&mut open, "select auth.revocation_reason()")?;
    let left = people::text(
        &mut open,
        "select date_trunc('second', auth.expires_at() - clock_timestamp())::text",
    )?;
    let refused = match open.batch_execute("select auth.require_active()") {
        Ok(()) => return Err(Error::new("auth.require_active() let a revoked token pass")),
        Err(error) => match error.as_db_error() {
            Some(db) => format!("ERROR {}: {}", db.code().code(), db.message()),
            None => return Err(error.into()),
        },
    };
    open.rollback()?;
    let (seen_before, seen_after) = (coloured(&before, true), coloured(&after, false));
    println!(
        "
Ada's connection holds a transaction open:
    select count(*) from notes, announcements     {seen_before}
    -- the operator, meanwhile: select authguard.revoke_user('a0000000-…', 'laptop stolen')
    select count(*) from notes, announcements     {seen_after}     the very next statement
    auth.revocation_reason()                      {reason}    and the token is valid for another {left}
    auth.require_active()                         {refused}
"
    );
    expect(&before, "2 + 1")?;
    expect(&after, "0 + 0")?;
    seen(&mut gateway, "Ben is not disturbed", &bens)?;

    next_second();
    revoke(&mut operator, "authguard.restore_user($1)", &ada)?;
    let second = ada.token()?;
    println!("\nauthguard.restore_user('a0000000-…'), and Ada signs in again:");
    seen(&mut gateway, "Ada's new token", &second)?;
    seen(&mut gateway, "Ada's old token", &first)?;

    next_second();
    operator.execute(
        "select authguard.revoke_issued_before(clock_timestamp())",
        &[],
    )?;
    println!(
        "\nThe panic button: authguard.revoke_issued_before(now()), every token issued so far:"
    );
    seen(&mut gateway, "Ada, the token of a second ago", &second)?;
    seen(&mut gateway, "Ben, his only token", &bens)?;
    next_second();
    seen(&mut gateway, "Ben, signed in again", &ben.token()?)?;

    Ok(())
}

/// Prints one line: the user, the visible rows of both tables, and the reason if there are none.
fn seen(gateway: &mut Client, who: &str, token: &Token) -> Result<()> {
    let mut open = token.begin(gateway)?;
    let rows = people::count(&mut open)?;
    let why = people::text(
        &mut open,
        "select coalesce('revoked: ' || auth.revocation_reason(), 'in')",
    )?;
    open.commit()?;
    let why = coloured(&why, why == "in");
    println!("    {who:<34} notes + announcements: {rows}   {why}");
    Ok(())
}

fn revoke(operator: &mut Client, call: &str, person: &Person) -> Result<()> {
    let row = operator.query_one(&format!("select {call}"), &[&person.id])?;
    match row.get(0) {
        true => Ok(()),
        false => Err(Error::new(format!("{call} changed nothing"))),
    }
}

fn expect(found: &str, expected: &str) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(Error::new(format!(
            "{found} rows were seen instead of {expected}"
        ))),
    }
}

/// Waits for the next second. Tokens and cut-offs are compared in whole seconds, and a token of the
/// cut-off's own second is revoked.
fn next_second() {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let rest = 1_000_000_000 - since.subsec_nanos();
    thread::sleep(Duration::from_nanos(rest.into()) + Duration::from_millis(20));
}
