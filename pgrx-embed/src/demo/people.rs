//! The two users, their tokens, and the gateway's work with these tokens.

use crate::error::{Context, Result};
use postgres::{Client, Transaction};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

/// A user.
pub struct Person {
    pub id: &'static str,
    email: &'static str,
}

/// The claims of a token that a gateway has verified.
pub struct Token {
    pub claims: String,
}

impl Person {
    pub fn ada() -> Self {
        Person {
            id: "a0000000-0000-4000-8000-00000000000a",
            email: "ada@example.org",
        }
    }

    pub fn ben() -> Self {
        Person {
            id: "b0000000-0000-4000-8000-00000000000b",
            email: "ben@example.org",
        }
    }

    /// A token issued now, for an hour.
    pub fn token(&self) -> Result<Token> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(std::io::Error::other)
            .context(|| "cannot tell the time".into())?
            .as_secs();
        let claims = json!({
            "iss": "https://id.example.org",
            "sub": self.id,
            "jti": format!("{now:08x}{}", &self.id[8..]),
            "email": self.email,
            "role": "authenticated",
            "aud": "authenticated",
            "iat": now,
            "exp": now + 3600,
        });
        Ok(Token {
            claims: claims.to_string(),
        })
    }
}

impl Token {
    /// Begins a transaction and sets what PostgREST sets before the query itself.
    pub fn begin<'a>(&self, gateway: &'a mut Client) -> Result<Transaction<'a>> {
        let mut open = gateway.transaction()?;
        open.batch_execute("set local role authenticated")?;
        open.execute(
            "select set_config('request.jwt.claims', $1, true)",
            &[&self.claims],
        )?;
        Ok(open)
    }
}

/// The number of visible rows in notes and in announcements.
pub fn count(open: &mut Transaction) -> Result<String> {
    let row = open.query_one(
        "select (select count(*) from notes), (select count(*) from announcements)",
        &[],
    )?;
    Ok(format!(
        "{} + {}",
        row.get::<_, i64>(0),
        row.get::<_, i64>(1)
    ))
}

/// The single text that a query returns.
pub fn text(open: &mut Transaction, query: &str) -> Result<String> {
    Ok(open.query_one(query, &[])?.get(0))
}
