//! A session under a clock that the test moves.

use authguard_token::refresh::{
    Answer, Change, Ended, RefreshKey, RefreshSettings, RefreshState, decide, step_up,
};

pub const S: i64 = 1_000_000;
pub const HOUR: i64 = 3600 * S;
pub const START: i64 = 1_700_000_000 * S;
pub const SESSION: [u8; 16] = [
    0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11,
];

pub fn key(seed: u8) -> RefreshKey {
    let bytes: Vec<u8> = (0..32).map(|at| seed.wrapping_add(at)).collect();
    RefreshKey::from_bytes(&bytes).unwrap()
}

/// What the database keeps, and the counter of each token by the order in which it was given.
pub struct Session {
    pub row: RefreshState,
    pub settings: RefreshSettings,
    pub now: i64,
    /// How often the session was ended: the database tells of each.
    pub endings: usize,
}

impl Session {
    pub fn new(settings: RefreshSettings) -> Self {
        Self::at(START, settings)
    }

    pub fn at(now: i64, settings: RefreshSettings) -> Self {
        Self {
            row: RefreshState::begin(now),
            settings,
            now,
            endings: 0,
        }
    }

    /// Refreshes with the token of this counter. Gives the counter of the token that comes back.
    pub fn refresh(&mut self, counter: u64) -> (Answer, Option<u64>) {
        let decision = decide(&self.row, counter, self.now, &self.settings);
        self.apply(decision.change);
        let gives = decision.answer.gives_tokens();
        (decision.answer, gives.then_some(self.row.counter))
    }

    pub fn answer(&mut self, counter: u64) -> Answer {
        self.refresh(counter).0
    }

    pub fn step_up(&mut self) -> Answer {
        let decision = step_up(&self.row, self.now, &self.settings);
        self.apply(decision.change);
        decision.answer
    }

    fn apply(&mut self, change: Change) {
        self.endings += usize::from(matches!(change, Change::End { .. }));
        self.row.apply(change);
    }

    pub fn is_revoked(&self) -> bool {
        self.row.ended == Some(Ended::Revoked)
    }
}
