//! Locally issued sessions: signing in, refreshing, and checking if a token lets anybody in.

use crate::{admin, seen, wait_until};
use pgrx_embed::cluster::{Cluster, Config};
use postgres::Client;

/// The row that `sign_in` and `refresh` return.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// `ok`, or the reason why there are no tokens.
    pub status: String,
    /// The access token.
    pub access: Option<String>,
    /// The refresh token.
    pub refresh: Option<String>,
    /// The session's id.
    pub session: Option<String>,
}

impl Issued {
    /// The access token of a row that has one.
    pub fn access(&self) -> &str {
        self.access.as_deref().expect("an access token")
    }

    /// The refresh token of a row that has one.
    pub fn refresh(&self) -> &str {
        self.refresh.as_deref().expect("a refresh token")
    }

    /// The session's id, of a row that has one.
    pub fn session(&self) -> &str {
        self.session.as_deref().expect("a session")
    }
}

/// A [server](crate::server) whose role `web` may refresh.
pub fn server(config: Config) -> Cluster {
    let cluster = crate::server(config);
    admin(&cluster)
        .batch_execute("select authguard.grant_client('web')")
        .expect("the client's door opens");
    cluster
}

/// Calls a function that issues tokens.
pub fn issued(client: &mut Client, call: &str, argument: &str) -> Result<Issued, postgres::Error> {
    let sql = format!("select status, access_token, refresh_token, session_id::text from {call}");
    let row = client.query_one(&sql, &[&argument])?;
    Ok(Issued {
        status: row.get(0),
        access: row.get(1),
        refresh: row.get(2),
        session: row.get(3),
    })
}

/// Calls a function that issues tokens until it is not `busy`, as clients should. On a machine that
/// stops for a while, a short transaction may hold a lock for longer than the function waits.
pub fn issued_in_the_end(
    client: &mut Client,
    call: &str,
    argument: &str,
) -> Result<Issued, postgres::Error> {
    let mut answer = issued(client, call, argument);
    let mut is_answered = || match &answer {
        Ok(busy) if busy.status == "busy" => {
            answer = issued(client, call, argument);
            false
        }
        _ => true,
    };
    wait_until(&mut is_answered, "it is not busy any more");
    answer
}

/// Signs in a user who is not shut out.
pub fn sign_in(cluster: &Cluster, user: &str) -> Issued {
    let issued = issued_in_the_end(&mut admin(cluster), "authguard.sign_in($1)", user);
    let issued = issued.expect("a sign-in");
    assert_eq!(issued.status, "ok");
    issued
}

/// Refreshes a session.
pub fn refresh(client: &mut Client, token: &str) -> Issued {
    issued(client, "auth.refresh($1)", token).expect("a refresh answers")
}

/// Returns true if a token opens the notes for the weak role, on a new connection.
pub fn opens(cluster: &Cluster, token: &str) -> bool {
    opens_in(cluster, "wire", token)
}

/// The same check in another database.
pub fn opens_in(cluster: &Cluster, database: &str, token: &str) -> bool {
    let mut client = cluster.connect("web", database).expect("the user connects");
    client
        .batch_execute("set role authenticated")
        .expect("the role is set");
    match client.query_one("select auth.set_token($1, false)", &[&token]) {
        Ok(_) => seen(&mut client) == 3,
        Err(_) => false,
    }
}

/// The number that a superuser's query returns.
pub fn count(cluster: &Cluster, sql: &str) -> i64 {
    admin(cluster)
        .query_one(sql, &[])
        .expect("the query runs")
        .get(0)
}
