//! Who must be let in, in the plainest words there are. Time is counted in seconds that the test
//! lets pass.

/// The settings that the server gets, too. The clock's own time, which the model does not see, is
/// far less than what the times of the test differ from these.
pub const REUSE_INTERVAL: i64 = 2_500;
pub const REUSE_LIMIT: u32 = 2;
pub const INACTIVITY: i64 = 20_500;
pub const TIMEBOX: i64 = 60_500;
/// How long ago a proof of who the user is may be.
pub const FRESH: i64 = 1_500;
/// How long a session has that is given an end of its own.
pub const LEFT: i64 = 9_500;

/// A session, and how long ago what happened.
#[derive(Clone, Debug)]
pub struct Session {
    pub user: usize,
    begun: i64,
    refreshed: i64,
    rotated: i64,
    authenticated: i64,
    /// How long until an end of its own.
    left: Option<i64>,
    generation: usize,
    reuses: u32,
    /// What its next tokens say of how the user was authenticated.
    pub level: &'static str,
    /// The generation that a step-up has superseded.
    stepped_up: Option<usize>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Live,
    /// It was found past its time.
    Expired,
    Ended,
    /// Its row is forgotten.
    Gone,
}

/// All users and sessions.
#[derive(Debug)]
pub struct Model {
    pub sessions: Vec<Session>,
    blocked: Vec<bool>,
    /// Whether a refresh token is good once.
    rotates: bool,
    /// What the claims function puts into tokens, where there is one.
    pub stamp: Option<usize>,
}

impl Model {
    pub fn new(users: usize, rotates: bool) -> Self {
        Self {
            sessions: Vec::new(),
            blocked: vec![false; users],
            rotates,
            stamp: None,
        }
    }

    pub fn pass(&mut self, seconds: i64) {
        for session in &mut self.sessions {
            session.begun += seconds;
            session.refreshed += seconds;
            session.rotated += seconds;
            session.authenticated += seconds;
            session.left = session.left.map(|left| left - seconds);
        }
    }

    /// Whether an access token of a session lets its bearer in. Which of them does not matter.
    pub fn lets_in(&self, session: usize) -> bool {
        let session = &self.sessions[session];
        session.state == State::Live && !session.is_past_its_time()
    }

    /// Whether the user has proved lately who it is.
    pub fn is_fresh(&self, session: usize) -> bool {
        self.sessions[session].authenticated <= FRESH
    }

    pub fn is_blocked(&self, user: usize) -> bool {
        self.blocked[user]
    }

    pub fn generation(&self, session: usize) -> usize {
        self.sessions[session].generation
    }

    pub fn sign_in(&mut self, user: usize) -> &'static str {
        if self.blocked[user] {
            return "user_blocked";
        }
        self.sessions.push(Session {
            user,
            begun: 0,
            refreshed: 0,
            rotated: 0,
            authenticated: 0,
            left: None,
            generation: 0,
            reuses: 0,
            level: "aal1",
            stepped_up: None,
            state: State::Live,
        });
        "ok"
    }

    pub fn refresh(&mut self, session: usize, generation: usize) -> &'static str {
        let rotates = self.rotates;
        let session = &mut self.sessions[session];
        match session.state {
            State::Gone => return "not_found",
            State::Expired => return "session_expired",
            State::Ended => return "session_revoked",
            State::Live => {}
        }
        if session.is_past_its_time() {
            session.state = State::Expired;
            return "session_expired";
        }
        if generation == session.generation {
            match rotates {
                true => session.rotate(None),
                false => session.refreshed = 0,
            }
            return "ok";
        }
        if generation + 1 == session.generation && session.rotated < REUSE_INTERVAL {
            if session.stepped_up == Some(generation) {
                return "stepped_up";
            }
            if session.reuses < REUSE_LIMIT {
                session.reuses += 1;
                return "reused";
            }
        }
        session.state = State::Ended;
        "refresh_token_already_used"
    }

    /// New tokens of a higher level; the token before cannot take it.
    pub fn step_up(&mut self, session: usize) -> &'static str {
        if self.blocked[self.sessions[session].user] {
            return "user_blocked";
        }
        if !self.lets_in(session) {
            return "refused";
        }
        let session = &mut self.sessions[session];
        session.rotate(Some(session.generation));
        session.authenticated = 0;
        session.level = "aal2";
        "ok"
    }

    /// Another proof, and no new tokens.
    pub fn reauthenticated(&mut self, session: usize) -> &'static str {
        if !self.lets_in(session) {
            return "refused";
        }
        self.sessions[session].authenticated = 0;
        "done"
    }

    /// Every other session of the user ends, and the one that is kept counts as authenticated now.
    pub fn credentials_changed(&mut self, user: usize, keep: Option<usize>) -> Option<usize> {
        if let Some(keep) = keep {
            if self.sessions[keep].user != user || !self.lets_in(keep) {
                return None;
            }
            self.sessions[keep].authenticated = 0;
        }
        Some(self.end(|number, session| session.user == user && Some(number) != keep))
    }

    /// From now on a session has an end of its own.
    pub fn limit(&mut self, session: usize) {
        self.sessions[session].left = Some(LEFT);
    }

    /// Ends the sessions that are meant, of which those that have not ended count.
    pub fn end(&mut self, which: impl Fn(usize, &Session) -> bool) -> usize {
        let mut ended = 0;
        for (number, session) in self.sessions.iter_mut().enumerate() {
            if session.state == State::Live && which(number, session) {
                session.state = State::Ended;
                ended += 1;
            }
        }
        ended
    }

    pub fn block(&mut self, user: usize) {
        self.blocked[user] = true;
        self.end(|_, session| session.user == user);
    }

    pub fn restore(&mut self, user: usize) {
        self.blocked[user] = false;
    }

    /// What is over is forgotten.
    pub fn prune(&mut self) {
        for session in &mut self.sessions {
            if session.state != State::Live || session.is_past_its_time() {
                session.state = State::Gone;
            }
        }
    }
}

impl Session {
    fn is_past_its_time(&self) -> bool {
        self.begun >= TIMEBOX
            || self.refreshed >= INACTIVITY
            || self.left.is_some_and(|left| left <= 0)
    }

    fn rotate(&mut self, stepped_up: Option<usize>) {
        self.generation += 1;
        self.refreshed = 0;
        self.rotated = 0;
        self.reuses = 0;
        self.stepped_up = stepped_up;
    }
}
