//! A row of `authguard.session` that this transaction changes: how it is locked, read and stored.

use super::{arguments, wait};
use crate::pg::call::Value;
use crate::pg::catalog::Key;
use crate::pg::row_lock::{RowLock, Tid};
use crate::pg::{memory, timestamp, unguarded};
use crate::schema::{self, ColumnValue, OpenTable, Record, Table, session as column};
use crate::settings;
use authguard_token::refresh::{Change, Ended, RefreshState};
use pgrx::Uuid;
use pgrx::pg_sys;

/// A session, as tokens are made of it.
pub struct Session {
    pub id: [u8; 16],
    /// The user, in canonical form.
    pub user: String,
    pub issuer: String,
    pub aal: String,
    /// Claim `amr`, as JSON.
    pub amr: String,
    /// The claims given at the sign-in, as JSON.
    pub claims: String,
    /// The time when the session's last access token has expired, in microseconds.
    pub tokens_until: i64,
    pub times: RefreshState,
}

/// A session whose row this transaction has locked.
pub struct Held {
    pub session: Session,
    place: Tid,
}

/// The result of locking a session's row.
pub enum Locked {
    /// This transaction has the row until it ends.
    Ours(Box<Held>),
    /// Another transaction has the row, and keeps it for too long.
    Busy,
    /// There is no such row, or it is not wanted.
    Missing,
}

/// Returns true for a row that is wanted. Other rows are not even locked.
pub type Wanted<'a> = Option<&'a dyn Fn(&Record<'_>) -> bool>;

/// Returns true for a session that has not ended.
pub fn is_live(row: &Record<'_>) -> bool {
    row.is_null(column::ENDED_AT)
}

/// Locks a session's row. If another transaction has the row, waits for that transaction.
pub fn lock(id: [u8; 16], wanted: Wanted<'_>) -> Locked {
    let ours = |held| Locked::Ours(Box::new(held));
    match try_lock(id, wanted) {
        RowLock::Locked(held) => ours(held),
        RowLock::Missing => Locked::Missing,
        RowLock::Unavailable => match wait::for_session(id) {
            Some(true) => match try_lock(id, wanted) {
                RowLock::Locked(held) => ours(held),
                _ => Locked::Missing,
            },
            Some(false) => Locked::Busy,
            None => Locked::Missing,
        },
    }
}

/// Locks a session's row, unless another transaction has it.
pub fn try_lock(id: [u8; 16], wanted: Wanted<'_>) -> RowLock<Held> {
    let key = |table: &OpenTable<'_>| Key::Uuid(table.at(column::ID), id);
    schema::try_lock(Table::Session, key, wanted, |row, place| Held {
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
        tokens_until: time(column::TOKENS_UNTIL).unwrap_or(past),
        times: RefreshState {
            counter: counter(column::COUNTER).unwrap_or_default(),
            created_at: time(column::CREATED_AT).unwrap_or(past),
            authenticated_at: time(column::AUTHENTICATED_AT).unwrap_or(past),
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
    /// Applies a change to the session and stores the columns that it changes. Nothing except this
    /// updates a session's row. Each row is stored once after it was locked.
    pub fn store(&mut self, change: Change) {
        let session = &mut self.session;
        session.times.apply(change);
        let place = self.place;
        let update = |columns: &[ColumnValue]| {
            schema::update(Table::Session, place, columns);
        };
        // Only the changed columns are updated, because triggers fire for certain columns.
        match change {
            Change::None => {}
            Change::Rotate { .. } | Change::Refresh { .. } | Change::CountReuse { .. } => {
                update(&session.issued());
            }
            Change::StepUp { .. } => {
                update(&[&session.issued()[..], &session.proof(), &[session.level()]].concat());
            }
            Change::Reauthenticate { .. } => update(&session.proof()),
            Change::End { reason } => update(&[
                (
                    column::ENDED_AT,
                    pg_sys::TIMESTAMPTZOID,
                    time(unguarded::clock()),
                ),
                (
                    column::ENDED_REASON,
                    pg_sys::TEXTOID,
                    Value::of(reason.as_str()),
                ),
            ]),
        }
    }

    /// Stores a change as [`Self::store`] does. The user has proved by that method who it is.
    pub fn store_proof(&mut self, method: &str, change: Change) {
        if let Change::StepUp { at, .. } | Change::Reauthenticate { at } = change {
            let amr = &mut self.session.amr;
            *amr = arguments::add_method(amr, method, at.div_euclid(1_000_000));
        }
        self.store(change);
    }
}

impl Session {
    /// The columns of a session whose tokens are issued now.
    pub fn issued(&mut self) -> [ColumnValue; 6] {
        self.tokens_until = self.tokens_until.max(tokens_until());
        self.progress()
    }

    /// The columns that a proof of who the user is changes.
    fn proof(&self) -> [ColumnValue; 2] {
        [
            (
                column::AUTHENTICATED_AT,
                pg_sys::TIMESTAMPTZOID,
                time(self.times.authenticated_at),
            ),
            (
                column::AMR,
                pg_sys::JSONBOID,
                memory::jsonb(&self.amr).into(),
            ),
        ]
    }

    /// The additional column that a step-up changes.
    fn level(&self) -> ColumnValue {
        (column::AAL, pg_sys::TEXTOID, Value::of(self.aal.as_str()))
    }

    /// The columns that a refresh changes.
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

/// The time at which an access token that is issued now has surely expired. Its claim `iat` may be
/// a second later than the clock.
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
