//! What happened to sessions, for `authguard.event`.

use super::stored::uuid;
use crate::pg::call::Value;
use crate::pg::plan::Plan;
use crate::pg::state::PerBackend;
use crate::settings;
use pgrx::Uuid;
use pgrx::pg_sys;
use pgrx::prelude::*;

static WRITE: PerBackend<Plan> = Plan::new(
    c"insert into authguard.event (name, user_id, session_id, actor, reason) values ($1, $2, $3, $4, $5) returning id",
    &[
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
        pg_sys::UUIDOID,
        pg_sys::TEXTOID,
        pg_sys::TEXTOID,
    ],
);

static NOTIFY: PerBackend<Plan> = Plan::new(
    c"select pg_catalog.pg_notify('authguard', pg_catalog.json_build_object('id', $1, 'name', $2)::pg_catalog.text)",
    &[pg_sys::INT8OID, pg_sys::TEXTOID],
);

/// Writes an event and, where `authguard.notify_events` lists its name, notifies channel `authguard` of its id and name.
/// Returns the id.
pub fn record(
    name: &str,
    user: Option<&str>,
    session: Option<[u8; 16]>,
    actor: &str,
    reason: Option<&str>,
) -> i64 {
    let parameters = [
        Value::of(name),
        Value::of(user),
        session.map_or(Value::NULL, uuid),
        Value::of(actor),
        Value::of(reason),
    ];
    let id = WRITE.run(&parameters, |row| row.and_then(|row| row.get::<i64>(1)));
    let id = id.unwrap_or_default();
    if settings::notifies(name) {
        NOTIFY.run(&[Value::of(id), Value::of(name)], |_| ());
    }
    id
}

#[pg_extern(sql = false)]
fn authguard_record(
    name: &str,
    user: Option<&str>,
    session: Option<Uuid>,
    actor: &str,
    reason: Option<&str>,
) -> i64 {
    record(name, user, session.map(|id| *id.as_bytes()), actor, reason)
}
