//! The cost of sessions: for clients that begin and refresh them, and for clients that only read.

mod many;
mod writes;

use super::case::Case;
use super::tokens::verifier::Verifier;
use pgrx_embed::cluster::Cluster;
use pgrx_embed::command;
use pgrx_embed::error::Result;

/// Measures all cases about sessions.
pub fn measure(cluster: &Cluster, now: u64) -> Result<Vec<Case>> {
    let mut verifier = Verifier::start(cluster)?;
    writes::make(cluster)?;
    command::progress("measuring sign-ins and refreshes");
    let mut cases = Vec::new();
    for clients in [1, 8] {
        cases.push(writes::refresh(cluster, clients)?);
        cases.push(writes::refresh_beside_loop(
            cluster,
            &mut verifier,
            clients,
        )?);
    }
    for clients in [1, 8] {
        cases.push(writes::sign_in(cluster, clients)?);
    }
    for clients in [1, 8] {
        cases.push(writes::notified(cluster, clients)?);
    }
    cases.extend(many::measure(cluster, now)?);
    Ok(cases)
}
