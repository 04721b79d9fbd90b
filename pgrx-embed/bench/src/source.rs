//! The source of the claims of a measured session or transaction.

use pgrx_embed::error::Result;
use postgres::Client;

/// Claims as the gateway sends them, or a token.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    Claims(&'a str),
    Token(&'a str),
}

impl<'a> Source<'a> {
    /// The setting that holds this source.
    pub fn setting(self) -> &'static str {
        match self {
            Source::Claims(_) => "request.jwt.claims",
            Source::Token(_) => "authguard.jwt",
        }
    }

    /// The value of the setting.
    pub fn text(self) -> &'a str {
        match self {
            Source::Claims(text) | Source::Token(text) => text,
        }
    }

    /// Sets the source for the whole session.
    pub fn set(self, client: &mut Client) -> Result<()> {
        let set = "select set_config($1, $2, false)";
        client.execute(set, &[&self.setting(), &self.text()])?;
        Ok(())
    }
}
