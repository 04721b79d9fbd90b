//! Steps, taken both in the database and in the model.

use super::model::{FRESH, LEFT, Model};
use authguard_wire::sessions::*;
use authguard_wire::tokens::{set_token, web};
use authguard_wire::{admin, gateway, operator, seen, set_claims, text};
use pgrx_embed::cluster::Cluster;
use postgres::{Client, SimpleQueryMessage};
use std::collections::BTreeSet;
use std::fmt::{Debug, Display};

const USERS: usize = 3;

/// The known parts of a session: its id, its access tokens, and its refresh tokens by generation.
struct Known {
    id: String,
    access: Vec<String>,
    refresh: Vec<String>,
}

/// Database and model, and the connections that act in the database.
pub struct World {
    seed: u64,
    random: u64,
    model: Model,
    users: Vec<String>,
    known: Vec<Known>,
    owner: Client,
    operator: Client,
    /// The client that refreshes and signs out.
    client: Client,
    /// The client that reads, as the weak role.
    reader: Client,
    /// A client whose tokens do not say when the user was authenticated.
    behind: Client,
    told: Vec<String>,
    /// The answers that the database has given.
    pub seen: BTreeSet<String>,
}

impl World {
    pub fn new(cluster: &Cluster, seed: u64, rotates: bool) -> Self {
        let mut owner = admin(cluster);
        owner
            .batch_execute("select authguard.set_claims_function(null)")
            .unwrap();
        let mut reader = web(cluster);
        reader.batch_execute("set role authenticated").unwrap();
        Self {
            seed,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            model: Model::new(USERS, rotates),
            users: (0..USERS)
                .map(|user| format!("{user:08}-0000-4000-8000-{seed:012}"))
                .collect(),
            known: Vec::new(),
            owner,
            operator: operator(cluster),
            client: web(cluster),
            reader,
            behind: gateway(cluster),
            told: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    /// A random number below this limit (xorshift64).
    fn below(&mut self, end: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random % u64::try_from(end).unwrap()).unwrap()
    }

    /// Records a step, and checks that the database has answered as the model.
    fn agree<T: PartialEq + Debug + Display>(&mut self, what: String, database: T, model: T) {
        self.told.push(format!("{what}: {database}"));
        let kind = what.split(' ').next().unwrap_or_default();
        self.seen.insert(format!("{kind} {database}"));
        assert_eq!(database, model, "database and model, {}", self.history());
    }

    /// The seed and the steps, to repeat a failure.
    fn history(&self) -> String {
        format!(
            "AUTHGUARD_MODEL_SEED={}\n{}",
            self.seed,
            self.told.join("\n")
        )
    }

    /// Takes one step, and then checks who is let in.
    pub fn step(&mut self) {
        let user = self.below(USERS);
        match self.below(41) {
            0..=6 => self.sign_in(user),
            7..=18 => self.refresh(),
            19 => self.sign_out(),
            20 => self.end_session(),
            21 => self.sign_out_user(user),
            22 => self.revoke_session(),
            23 if self.model.is_blocked(user) => self.restore_user(user),
            23 if self.below(2) == 0 => self.revoke_user(user),
            24 => self.foreign(),
            25 if self.below(4) == 0 => self.prune(),
            26 | 27 => self.step_up(),
            28 => self.credentials_changed(user),
            29 | 30 => self.reauthenticated(),
            31 => self.limit(),
            32 | 33 => self.replay(),
            34 => self.stamp(),
            _ => self.pass(),
        }
        self.judge();
    }

    fn sign_in(&mut self, user: usize) {
        let answer = issued(&mut self.owner, "authguard.sign_in($1)", &self.users[user]).unwrap();
        let model = self.model.sign_in(user);
        if answer.status == "ok" {
            self.is_stamped(answer.access());
            self.known.push(Known {
                id: answer.session().to_owned(),
                access: vec![answer.access().to_owned()],
                refresh: vec![answer.refresh().to_owned()],
            });
        }
        self.agree(format!("sign_in {user}"), answer.status.as_str(), model);
    }

    /// A session, mostly one of the latest.
    fn session(&mut self) -> Option<usize> {
        match self.known.len() {
            0 => None,
            all if self.below(4) == 0 => Some(self.below(all)),
            all => Some(all - 1 - self.below(all.min(4))),
        }
    }

    fn refresh(&mut self) {
        let Some(session) = self.session() else {
            return;
        };
        // The generation is mostly the current one, sometimes the previous one, sometimes any.
        let newest = self.known[session].refresh.len() - 1;
        let generation = match self.below(12) {
            0..=6 => newest,
            7..=10 => newest.saturating_sub(1),
            _ => self.below(newest + 1),
        };
        self.hand_in("refresh", session, generation);
    }

    fn hand_in(&mut self, how: &str, session: usize, generation: usize) {
        let answer = refresh(&mut self.client, &self.known[session].refresh[generation]);
        let model = self.model.refresh(session, generation);
        let what = format!("{how} {session} {generation}");
        self.agree(what, answer.status.as_str(), model);
        self.take(session, answer);
    }

    /// Replays a token that is no longer new, a few times, while the owner may go on with the
    /// newest.
    fn replay(&mut self) {
        let Some(session) = self.session() else {
            return;
        };
        let generation = self.known[session].refresh.len().saturating_sub(2);
        for _ in 0..=self.below(4) {
            self.hand_in("replay", session, generation);
            if self.below(4) == 0 {
                let newest = self.known[session].refresh.len() - 1;
                self.hand_in("refresh", session, newest);
            }
        }
    }

    /// Sets the claims function, makes it return another claim, or removes it.
    fn stamp(&mut self) {
        let told = match self.below(3) {
            0 => {
                self.model.stamp = None;
                "select authguard.set_claims_function(null)"
            }
            _ => {
                let sql = "update stamp set n = n + 1 returning n";
                let stamp: i64 = self.owner.query_one(sql, &[]).unwrap().get(0);
                self.model.stamp = Some(usize::try_from(stamp).unwrap());
                "select authguard.set_claims_function('stamped(text, uuid, jsonb)')"
            }
        };
        self.owner.batch_execute(told).unwrap();
        self.told.push(format!("stamp {:?}", self.model.stamp));
    }

    /// Checks that a token has the claim that the claims function gives it.
    fn is_stamped(&mut self, access: &str) {
        set_token(&mut self.reader, access);
        let stamp = text(&mut self.reader, "select auth.jwt() ->> 'stamp'");
        let model = self.model.stamp.map(|stamp| stamp.to_string());
        let is = if stamp.is_some() { "some" } else { "none" };
        self.seen.insert(format!("stamped {is}"));
        assert_eq!(stamp, model, "{}", self.history());
    }

    /// Records tokens that were handed out. The refresh token belongs to the model's generation.
    fn take(&mut self, session: usize, answer: Issued) {
        let gives = matches!(answer.status.as_str(), "ok" | "reused");
        let given = (answer.access.is_some(), answer.refresh.is_some());
        assert_eq!(given, (gives, gives), "{}", self.history());
        if let (Some(access), Some(token)) = (answer.access, answer.refresh) {
            self.is_stamped(&access);
            let level = text(&mut self.reader, "select auth.jwt() ->> 'aal'");
            let model = self.model.sessions[session].level;
            assert_eq!(level.as_deref(), Some(model), "{}", self.history());
            let generation = self.model.generation(session);
            let known = &mut self.known[session];
            known.access.push(access);
            if known.refresh.len() == generation {
                known.refresh.push(token);
            } else {
                assert_eq!(known.refresh[generation], token);
            }
        }
    }

    fn step_up(&mut self) {
        let Some(session) = self.session() else {
            return;
        };
        let user = &self.users[self.model.sessions[session].user];
        let call = format!("authguard.step_up('{user}', $1::text::uuid, 'totp', 'aal2')");
        let answer = issued(&mut self.owner, &call, &self.known[session].id);
        let model = self.model.step_up(session);
        let status = match &answer {
            Ok(answer) => answer.status.as_str(),
            Err(_) => "refused",
        };
        self.agree(format!("step_up {session}"), status, model);
        if let Ok(answer) = answer {
            self.take(session, answer);
        }
    }

    fn reauthenticated(&mut self) {
        let Some(session) = self.session() else {
            return;
        };
        let user = &self.users[self.model.sessions[session].user];
        let sql = "select authguard.reauthenticated($1, $2::text::uuid, 'password')";
        let done = self.owner.query_one(sql, &[user, &self.known[session].id]);
        let done = if done.is_ok() { "done" } else { "refused" };
        let model = self.model.reauthenticated(session);
        self.agree(format!("reauthenticated {session}"), done, model);
    }

    /// Gives a session an end of its own, as the application.
    fn limit(&mut self) {
        let Some(session) = self.session() else {
            return;
        };
        let sql = format!(
            "update authguard.session set not_after = clock_timestamp() + interval '{LEFT} s'
              where id = $1::text::uuid"
        );
        let id = &self.known[session].id;
        self.owner.execute(&sql, &[id]).unwrap();
        self.model.limit(session);
        self.told.push(format!("limit {session}"));
    }

    /// Ends all sessions of a user but one, which may belong to another user.
    fn credentials_changed(&mut self, user: usize) {
        let keep = self.session().filter(|_| self.below(3) > 0);
        let sql = "select authguard.credentials_changed($1, $2::text::uuid)";
        let id = keep.map(|keep| self.known[keep].id.clone());
        let ended = self.owner.query_one(sql, &[&self.users[user], &id]);
        let ended = match ended {
            Ok(row) => row.get::<_, i32>(0).to_string(),
            Err(_) => "refused".to_owned(),
        };
        let model = match self.model.credentials_changed(user, keep) {
            Some(ended) => ended.to_string(),
            None => "refused".to_owned(),
        };
        self.agree(format!("credentials_changed {user} {keep:?}"), ended, model);
    }

    /// Sets any access token of a session for the client.
    fn bear(&mut self, session: usize) {
        let token = self.below(self.known[session].access.len());
        let token = &self.known[session].access[token];
        self.client
            .execute("select set_config('authguard.jwt', $1, false)", &[token])
            .unwrap();
    }

    fn sign_out(&mut self) {
        let Some(session) = self.session() else {
            return;
        };
        self.bear(session);
        let scope = ["global", "local", "others"][self.below(3)];
        let user = self.model.sessions[session].user;
        let may = self.model.lets_in(session);
        // A token that is not let in ends no session but its own.
        let model = self.model.end(|number, other| match scope {
            "global" if may => other.user == user,
            "others" => may && other.user == user && number != session,
            _ => number == session,
        });
        let ended: i32 = self
            .client
            .query_one("select auth.sign_out($1)", &[&scope])
            .unwrap()
            .get(0);
        let ended = usize::try_from(ended).unwrap();
        self.agree(format!("sign_out {session} {scope}"), ended, model);
    }

    /// Ends one session by the token of another, which may belong to another user.
    fn end_session(&mut self) {
        let (Some(session), Some(other)) = (self.session(), self.session()) else {
            return;
        };
        self.bear(session);
        let user = self.model.sessions[session].user;
        let may = self.model.lets_in(session);
        let model = match may {
            true => (self
                .model
                .end(|number, one| number == other && one.user == user)
                == 1)
                .to_string(),
            false => "refused".to_owned(),
        };
        let sql = "select auth.end_session($1::text::uuid)";
        let ended = self.client.query_one(sql, &[&self.known[other].id]);
        let ended = match ended {
            Ok(row) => row.get::<_, bool>(0).to_string(),
            Err(_) => "refused".to_owned(),
        };
        self.agree(format!("end_session {session} {other}"), ended, model);
    }

    fn operate(&mut self, call: &str, argument: &str) -> postgres::Row {
        let sql = format!("select authguard.{call}");
        self.operator.query_one(&sql, &[&argument]).unwrap()
    }

    fn sign_out_user(&mut self, user: usize) {
        let id = self.users[user].clone();
        let ended: i32 = self.operate("sign_out_user($1)", &id).get(0);
        let model = self.model.end(|_, session| session.user == user);
        let ended = usize::try_from(ended).unwrap();
        self.agree(format!("sign_out_user {user}"), ended, model);
    }

    fn revoke_session(&mut self) {
        let Some(session) = self.session() else {
            return;
        };
        let id = self.known[session].id.clone();
        self.operate("revoke_session($1::text::uuid)", &id);
        self.model.end(|number, _| number == session);
        self.told.push(format!("revoke_session {session}"));
    }

    fn revoke_user(&mut self, user: usize) {
        let id = self.users[user].clone();
        let changed: bool = self.operate("revoke_user($1)", &id).get(0);
        self.model.block(user);
        self.agree(format!("revoke_user {user}"), changed, true);
    }

    fn restore_user(&mut self, user: usize) {
        let id = self.users[user].clone();
        let call = [
            "restore_user($1)",
            "restore_user($1, revive_tokens => true)",
        ][self.below(2)];
        let changed: bool = self.operate(call, &id).get(0);
        self.model.restore(user);
        self.agree(format!("restore_user {user}"), changed, true);
    }

    /// Tries tokens that nobody was given.
    fn foreign(&mut self) {
        let Some(session) = self.session() else {
            return;
        };
        let good = self.known[session].refresh.last().unwrap().clone();
        let token = match self.below(4) {
            0 => good.to_uppercase(),
            1 => format!("{good}="),
            2 => good[..59].to_owned(),
            _ => good.chars().rev().collect(),
        };
        let status = refresh(&mut self.client, &token).status;
        self.agree(format!("foreign {session}"), status.as_str(), "invalid");
    }

    fn prune(&mut self) {
        let sql = "select count(*) from authguard.prune(sessions_after => '0')";
        let kinds: i64 = self.operator.query_one(sql, &[]).unwrap().get(0);
        self.model.prune();
        self.agree("prune".to_owned(), kinds, 4);
    }

    /// Lets time pass: all past events move further back.
    fn pass(&mut self) {
        let seconds = [1_000, 1_000, 2_000, 9_000][self.below(4)];
        let sql = format!(
            "update authguard.session
                set created_at = created_at - interval '{seconds} s',
                    authenticated_at = authenticated_at - interval '{seconds} s',
                    refreshed_at = refreshed_at - interval '{seconds} s',
                    rotated_at = rotated_at - interval '{seconds} s',
                    not_after = not_after - interval '{seconds} s'
              where ended_at is null;
             update authguard.revocation set issued_before = issued_before - interval '{seconds} s'
              where issued_before is not null"
        );
        self.owner.batch_execute(&sql).unwrap();
        self.model.pass(seconds);
        self.told.push(format!("pass {seconds}"));
    }

    /// Checks every access token, as the weak role.
    fn judge(&mut self) {
        let mut wrong = Vec::new();
        for (session, known) in self.known.iter().enumerate() {
            for (number, token) in known.access.iter().enumerate() {
                let let_in = is_active(&mut self.reader, token);
                if let_in != self.model.lets_in(session) {
                    wrong.push(format!("session {session}, token {number}: {let_in}"));
                }
            }
            // The newest token is still set: these are the rows that it opens.
            let rows = if self.model.lets_in(session) { 3 } else { 0 };
            if seen(&mut self.reader) != rows {
                wrong.push(format!("session {session}: not {rows} rows"));
            }
            if self.model.lets_in(session) {
                // The token speaks of the clock's time, the row of the time that the test let pass.
                let claims = text(&mut self.reader, "select (auth.jwt() - 'amr')::text");
                set_claims(&mut self.behind, &claims.unwrap());
                let is_fresh = is_fresh(&mut self.behind);
                self.seen.insert(format!("fresh {is_fresh}"));
                if is_fresh != self.model.is_fresh(session) {
                    wrong.push(format!("session {session}, fresh: {is_fresh}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}, {}", self.history());
    }
}

/// Returns true if a token is active, on a connection that has had many tokens, in one message.
fn is_active(reader: &mut Client, token: &str) -> bool {
    let sql = format!(
        "select set_config('authguard.jwt', '{token}', false) is null; select auth.is_active()"
    );
    let told = reader.simple_query(&sql).unwrap();
    let told = told.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    told == Some("t")
}

fn is_fresh(client: &mut Client) -> bool {
    let sql = format!("select auth.is_fresh('{FRESH} s')");
    client.query_one(&sql, &[]).unwrap().get(0)
}
