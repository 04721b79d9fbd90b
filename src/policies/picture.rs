//! `authguard.policies_svg`.

use super::server::with_server;
use crate::pg::encoding::{Name, Utf8};
use authguard_policy::picture::policies_svg;
use pgrx::prelude::*;

/// The picture of a schema.
#[pg_extern(sql = false)]
fn authguard_policies_svg(schema: Name) -> Utf8 {
    Utf8(with_server(|server| policies_svg(server, &schema)))
}
