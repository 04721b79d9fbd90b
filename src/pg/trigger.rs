//! Calls of trigger functions (src/backend/commands/trigger.c, src/include/commands/trigger.h).

use super::call::Call;
use super::catalog::Row;
use crate::error::Error;
use pgrx::pg_sys::{self, Oid};
use std::ffi::CStr;

/// A trigger that fires, for the length of its call.
#[derive(Clone, Copy)]
pub struct TriggerCall<'c> {
    data: &'c pg_sys::TriggerData,
    trigger: &'c pg_sys::Trigger,
}

/// The command that fired a trigger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    Insert,
    Update,
    Delete,
    Truncate,
}

impl<'c> TriggerCall<'c> {
    /// The trigger that calls. Raises an error if the function is called in another way.
    pub fn of(call: Call<'c>) -> Self {
        // SAFETY: fcinfo is alive for the call; `context` is NULL or a node, and a TriggerData
        // exactly when its tag says so (CALLED_AS_TRIGGER). It and its trigger are there until the
        // call returns.
        unsafe {
            let context = (*call.fcinfo()).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
                Error::NotATrigger.raise();
            }
            let data = &*context.cast::<pg_sys::TriggerData>();
            let trigger = &*data.tg_trigger;
            Self { data, trigger }
        }
    }

    /// The command that fired the trigger.
    pub fn event(self) -> Event {
        match self.data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK {
            pg_sys::TRIGGER_EVENT_INSERT => Event::Insert,
            pg_sys::TRIGGER_EVENT_UPDATE => Event::Update,
            pg_sys::TRIGGER_EVENT_DELETE => Event::Delete,
            _ => Event::Truncate,
        }
    }

    /// The table that the trigger fires on. The command that fires it has locked the table.
    pub fn table(self) -> Oid {
        // SAFETY: the relation is open until the call returns.
        unsafe { (*self.data.tg_relation).rd_id }
    }

    /// The schema of that table.
    pub fn schema(self) -> Oid {
        // SAFETY: as in table(), and so is its entry in the relcache.
        unsafe { (*(*self.data.tg_relation).rd_rel).relnamespace }
    }

    /// The first argument of the trigger, if it has any.
    pub fn argument(self) -> Option<&'c CStr> {
        // SAFETY: tgargs has tgnargs strings (utils/reltrigger.h), which live as long as the
        // trigger.
        (self.trigger.tgnargs > 0).then(|| unsafe { CStr::from_ptr(*self.trigger.tgargs) })
    }

    /// Returns true if the trigger is declared for certain columns (`update of`).
    pub fn declares_columns(self) -> bool {
        self.trigger.tgnattr > 0
    }

    /// The new row. Returns `None` for a deletion, and for a trigger that fires once for each
    /// statement.
    pub fn new_row(self) -> Option<Row<'c>> {
        if self.data.tg_event & pg_sys::TRIGGER_EVENT_ROW == 0 {
            return None;
        }
        let tuple = match self.event() {
            Event::Insert => self.data.tg_trigtuple,
            Event::Update => self.data.tg_newtuple,
            Event::Delete | Event::Truncate => return None,
        };
        // SAFETY: a row trigger has these tuples, of the relation, until the call returns.
        unsafe { Row::of(tuple, (*self.data.tg_relation).rd_att) }
    }
}
