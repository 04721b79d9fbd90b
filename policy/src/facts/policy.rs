//! Policies.

use super::PUBLIC;
use crate::command::Command;
use crate::{Details, Expr};

/// A policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its table.
    pub relation: u32,
    /// Its name, not quoted.
    pub name: String,
    /// False for `AS RESTRICTIVE`.
    pub permissive: bool,
    /// The command, or nothing for all of them.
    pub command: Option<Command>,
    /// Its roles; [`PUBLIC`] is all of them.
    pub roles: Vec<u32>,
    /// `USING`.
    pub qual: Option<Expr>,
    /// `WITH CHECK`.
    pub check: Option<Expr>,
    /// What the node texts of both say beyond that: it is part of what identifies the policy.
    pub details: [Details; 2],
    /// `USING` as Postgres prints it, without the outer brackets that it always adds.
    pub qual_text: Option<String>,
    /// `WITH CHECK` as Postgres prints it.
    pub check_text: Option<String>,
}

impl Policy {
    /// Returns true if the policy is for this command.
    pub fn is_for(&self, command: Command) -> bool {
        self.command.is_none_or(|own| own == command)
    }

    /// Returns the name of its command in capitals, or `ALL`.
    pub fn command_name(&self) -> &'static str {
        self.command.map_or("ALL", Command::as_str)
    }

    /// Returns true if it is for everybody.
    pub fn is_public(&self) -> bool {
        self.roles.contains(&PUBLIC)
    }

    /// Returns the expression that decides which existing rows the command reaches.
    pub fn using(&self, command: Command) -> Option<&Expr> {
        let applies = self.is_for(command) && command != Command::Insert;
        self.qual.as_ref().filter(|_| applies)
    }

    /// Returns the expression that new rows have to pass: `WITH CHECK`, or `USING` if there is none
    /// (`add_with_check_options` in src/backend/rewrite/rowsecurity.c).
    pub fn checks(&self, command: Command) -> Option<&Expr> {
        let writes = matches!(command, Command::Insert | Command::Update);
        let check = self.check.as_ref().or(self.qual.as_ref());
        check.filter(|_| writes && self.is_for(command))
    }

    /// Returns both expressions, those that are there.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.qual.iter().chain(&self.check)
    }

    /// Returns the names of the nodes that are not known. No rule may judge the policy if there is
    /// one.
    pub fn opaque(&self) -> Vec<&str> {
        self.exprs().flat_map(Expr::opaque).collect()
    }
}
