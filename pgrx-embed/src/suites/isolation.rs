//! isolationtester: the effects that one session sees after each step of another.

use super::Target;
use super::outcome::Tally;
use super::regress::Runner;
use crate::error::Result;

pub fn run(target: &Target) -> Result<Tally> {
    Runner {
        kind: "isolation",
        program: "pg_isolation_regress",
        files: ("specs", "spec"),
    }
    .run(target)
}
