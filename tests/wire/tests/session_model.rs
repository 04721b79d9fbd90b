//! Random steps of clients, operators and time, against a model of who must be let in. After every
//! step the database's answer for every known access token, and every status, equals the model's.

mod model;
mod steps;

use authguard_wire::admin;
use authguard_wire::sessions::server;
use model::{INACTIVITY, REUSE_INTERVAL, REUSE_LIMIT, TIMEBOX};
use pgrx_embed::cluster::Config;
use std::collections::BTreeSet;
use steps::World;

/// The number of steps of each seed. `AUTHGUARD_MODEL_SEED` repeats one seed.
const STEPS: usize = 160;
const SEEDS: [u64; 3] = [1, 5, 7];

const ANSWERS: [&str; 27] = [
    "sign_in ok",
    "sign_in user_blocked",
    "refresh ok",
    "refresh reused",
    "refresh refresh_token_already_used",
    "refresh session_revoked",
    "refresh session_expired",
    "refresh not_found",
    "refresh stepped_up",
    "step_up ok",
    "step_up user_blocked",
    "step_up refused",
    "reauthenticated done",
    "reauthenticated refused",
    "credentials_changed 0",
    "credentials_changed refused",
    "foreign invalid",
    "sign_out 0",
    "sign_out 1",
    "end_session true",
    "end_session false",
    "fresh true",
    "fresh false",
    "replay reused",
    "replay refresh_token_already_used",
    "stamped none",
    "stamped some",
];

/// The answers if tokens do not rotate: then only a step-up supersedes a token.
const ANSWERS_WITHOUT_ROTATION: [&str; 7] = [
    "refresh ok",
    "refresh refresh_token_already_used",
    "refresh session_revoked",
    "refresh session_expired",
    "refresh stepped_up",
    "step_up ok",
    "replay session_revoked",
];

/// A claims function, whose claim changes from time to time.
const STAMP: &str = "
    create table stamp (n int8 not null);
    insert into stamp values (0);
    create function stamped(user_id text, session_id uuid, claims jsonb) returns jsonb language sql
    as $$ select claims || jsonb_build_object('stamp', (select n from public.stamp)) $$;";

fn run(rotation: &str, answers: &[&str]) {
    let cluster = server(
        Config::default()
            .set("authguard.refresh_token_rotation_enabled", rotation)
            .set("authguard.refresh_token_reuse_interval", REUSE_INTERVAL)
            .set("authguard.refresh_token_reuse_limit", REUSE_LIMIT)
            .set("authguard.session_inactivity_timeout", INACTIVITY)
            .set("authguard.session_timebox", TIMEBOX),
    );
    admin(&cluster).batch_execute(STAMP).unwrap();
    let asked = std::env::var("AUTHGUARD_MODEL_SEED").ok();
    let seeds = match asked {
        Some(seed) => vec![seed.parse().expect("a seed is a number")],
        None => SEEDS.to_vec(),
    };
    let mut seen = BTreeSet::new();
    for &seed in &seeds {
        let mut world = World::new(&cluster, seed, rotation == "on");
        for _ in 0..STEPS {
            world.step();
        }
        seen.append(&mut world.seen);
    }
    // An answer that never occurred was never compared.
    for answer in answers {
        assert!(
            seeds.len() < SEEDS.len() || seen.contains(*answer),
            "{answer}: {seen:?}"
        );
    }
}

#[test]
fn whoever_the_model_lets_in_is_let_in_and_nobody_else() {
    run("on", &ANSWERS);
}

#[test]
fn it_is_the_same_where_refresh_tokens_do_not_rotate() {
    run("off", &ANSWERS_WITHOUT_ROTATION);
}
