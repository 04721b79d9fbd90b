//! A row of `authguard.session` that this transaction changes.

use crate::pg::call::Value;
use crate::pg::catalog::Key;
use crate::pg::plan::Plan;
use crate::pg::row_lock::Tid;
use crate::pg::state::PerBackend;
use crate::pg::{timestamp, unguarded};
use crate::schema::{self, ColumnValue, OpenTable, Record, Table, session as column};
use crate::settings;
use authguard_token::refresh::{Ended, RefreshState};
use pgrx::Uuid;
use pgrx::pg_sys;

/// What tokens are made of.
pub struct Session {
    pub id: [u8; 16],
    /// In canonical form.
    pub user: String,
    pub issuer: String,
    pub aal: String,
    /// Claim `amr`, as JSON.
    pub amr: String,
    /// The claims given at the sign-in, as JSON.
    pub claims: String,
    /// When the user last proved who it is, in microseconds.
    pub authenticated_at: i64,
    /// When its last access token has expired, in microseconds.
    pub tokens_until: i64,
    pub times: RefreshState,
}

static AWAIT: PerBackend<Plan> =
    Plan::new(c"select authguard.await_session($1)", &[pg_sys::UUIDOID]);

/// A session whose row this transaction has locked.
pub struct Held {
    pub session: Session,
    place: Tid,
}

/// What becomes of the wish to have a session's row.
pub enum Locked {
    /// Here it is, until the end of the transaction.
    Ours(Box<Held>),
    /// Somebody else has it.
    Busy,
    /// There is none.
    Missing,
}

/// Locks a session's row; where another transaction has it, waits for that two seconds.
pub fn lock(id: [u8; 16]) -> Locked {
    if let Some(held) = try_lock(id) {
        return Locked::Ours(Box::new(held));
    }
    match AWAIT.run(&[uuid(id)], |row| row.and_then(|row| row.get::<bool>(1))) {
        Some(true) => try_lock(id).map_or(Locked::Missing, |held| Locked::Ours(Box::new(held))),
        Some(false) => Locked::Busy,
        None => Locked::Missing,
    }
}

/// Locks a session's row, unless another transaction has it or there is none.
pub fn try_lock(id: [u8; 16]) -> Option<Held> {
    let key = |table: &OpenTable<'_>| Key::Uuid(table.at(column::ID), id);
    schema::try_lock(Table::Session, key, |row, place| Held {
        session: read(id, row),
        place,
    })
}

fn read(id: [u8; 16], row: &Record<'_>) -> Session {
    let text = |column| row.text(column).unwrap_or_default();
    let json = |column| row.json(column).unwrap_or_default();
    let time = |column| row.time(column);
    let counter = |column| row.get::<i64>(column).map(i64::unsigned_abs);
    let past = i64::MIN;
    Session {
        id,
        user: text(column::USER_ID),
        issuer: text(column::ISSUER),
        aal: text(column::AAL),
        amr: json(column::AMR),
        claims: json(column::CLAIMS),
        authenticated_at: time(column::AUTHENTICATED_AT).unwrap_or(past),
        tokens_until: time(column::TOKENS_UNTIL).unwrap_or(past),
        times: RefreshState {
            counter: counter(column::COUNTER).unwrap_or_default(),
            created_at: time(column::CREATED_AT).unwrap_or(past),
            refreshed_at: time(column::REFRESHED_AT).unwrap_or(past),
            rotated_at: time(column::ROTATED_AT).unwrap_or(past),
            reuse_count: row
                .get::<i32>(column::REUSE_COUNT)
                .unwrap_or_default()
                .unsigned_abs(),
            stepped_up_from: counter(column::STEPPED_UP_FROM),
            not_after: time(column::NOT_AFTER),
            ended: time(column::ENDED_AT).map(|_| Ended::by(&text(column::ENDED_REASON))),
        },
    }
}

impl Held {
    /// Writes down what a refresh has changed.
    pub fn store(&mut self) {
        let session = &mut self.session;
        session.tokens_until = session.tokens_until.max(tokens_until());
        schema::update(Table::Session, self.place, &session.progress());
    }
}

impl Session {
    /// The columns that a refresh changes, as they are to be.
    pub fn progress(&self) -> [ColumnValue; 6] {
        let times = &self.times;
        [
            (
                column::COUNTER,
                pg_sys::INT8OID,
                Value::of(times.counter.cast_signed()),
            ),
            (
                column::REFRESHED_AT,
                pg_sys::TIMESTAMPTZOID,
                time(times.refreshed_at),
            ),
            (
                column::ROTATED_AT,
                pg_sys::TIMESTAMPTZOID,
                time(times.rotated_at),
            ),
            (
                column::REUSE_COUNT,
                pg_sys::INT4OID,
                Value::of(times.reuse_count.cast_signed()),
            ),
            (
                column::STEPPED_UP_FROM,
                pg_sys::INT8OID,
                Value::of(times.stepped_up_from.map(u64::cast_signed)),
            ),
            (
                column::TOKENS_UNTIL,
                pg_sys::TIMESTAMPTZOID,
                time(self.tokens_until),
            ),
        ]
    }
}

/// When an access token that is issued now has surely expired: its claim `iat` may be a second later than the clock.
pub fn tokens_until() -> i64 {
    let lifetime = i64::from(settings::refresh().jwt_expiry) + 1;
    unguarded::clock().saturating_add(lifetime.saturating_mul(1_000_000))
}

/// A parameter of type `uuid`.
pub fn uuid(id: [u8; 16]) -> Value {
    Value::of(Uuid::from_bytes(id))
}

/// A parameter of type `timestamptz`.
pub fn time(unix_micros: i64) -> Value {
    Value::of(timestamp::timestamptz(unix_micros))
}
