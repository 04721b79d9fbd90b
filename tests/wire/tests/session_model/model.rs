//! The rules of who must be let in, as plain as possible. Time is counted in seconds that the test
//! lets pass.

/// The settings, which the server gets as well. The model does not see the clock's own time. That
/// time is far less than any difference between the times of the test and these settings.
pub const REUSE_INTERVAL: i64 = 2_500;
pub const REUSE_LIMIT: u32 = 2;
pub const INACTIVITY: i64 = 20_500;
pub const TIMEBOX: i64 = 60_500;
/// The greatest age of a proof of who the user is.
pub const FRESH: i64 = 1_500;
/// The time that a session still has once it is given an end of its own.
pub const LEFT: i64 = 9_500;

/// A session, and the time since each of its events.
#[derive(Clone, Debug)]
pub struct Session {
    pub user: usize,
    begun: i64,
    refreshed: i64,
    rotated: i64,
    authenticated: i64,
    /// The time left until the session's own end, if it has one.
    left: Option<i64>,
    generation: usize,
    reuses: u32,
    /// The authentication level that the session's next tokens claim.
    pub level: &'static str,
    /// The generation that a step-up has superseded.
    stepped_up: Option<usize>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Live,
    /// The session was found past its time.
    Expired,
    Ended,
    /// The session's row is forgotten.
    Gone,
}

/// All users and sessions.
#[derive(Debug)]
pub struct Model {
    pub sessions: Vec<Session>,
    blocked: Vec<bool>,
    /// True if a refresh token is good only once.
    rotates: bool,
    /// The claim that the claims function puts into tokens, if there is such a function.
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

    /// Returns true if an access token of a session lets its bearer in. All access tokens of a
    /// session behave alike.
    pub fn lets_in(&self, session: usize) -> bool {
        let session = &self.sessions[session];
        session.state == State::Live && !session.is_past_its_time()
    }

    /// Returns true if the user has recently proved who they are.
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

    /// Issues new tokens of a higher level. The previous token cannot take them.
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

    /// Records another proof, without new tokens.
    pub fn reauthenticated(&mut self, session: usize) -> &'static str {
        if !self.lets_in(session) {
            return "refused";
        }
        self.sessions[session].authenticated = 0;
        "done"
    }

    /// Ends every other session of the user. The session that is kept counts as authenticated now.
    pub fn credentials_changed(&mut self, user: usize, keep: Option<usize>) -> Option<usize> {
        if let Some(keep) = keep {
            if self.sessions[keep].user != user || !self.lets_in(keep) {
                return None;
            }
            self.sessions[keep].authenticated = 0;
        }
        Some(self.end(|number, session| session.user == user && Some(number) != keep))
    }

    /// Gives a session an end of its own.
    pub fn limit(&mut self, session: usize) {
        self.sessions[session].left = Some(LEFT);
    }

    /// Ends the chosen sessions, and returns the number of those that had not ended before.
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

    /// Forgets sessions that are over.
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
