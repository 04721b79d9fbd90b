//! Forged refresh tokens, tried by a role that may do nothing else. They are `invalid`, if possible
//! by their checksum before any look-up, and nothing is written.

use authguard_wire::sessions::*;
use authguard_wire::tokens::web;
use authguard_wire::{ADA, BEN, admin};
use pgrx_embed::cluster::Config;

/// Tokens that can be made of two good tokens without the key, none of them with a good checksum.
fn misshapen(good: &str, other: &str) -> Vec<String> {
    let with = |at: usize, by: &str| format!("{}{by}{}", &good[..at], &good[at + 1..]);
    let flipped = |at: usize| with(at, if &good[at..=at] == "A" { "B" } else { "A" });
    let mut all: Vec<String> = (0..60).map(flipped).collect();
    all.extend((0..60).map(|length| good[..length].to_owned()));
    all.extend([good.to_uppercase(), good.to_lowercase()]);
    for padding in ["=", "==", " ", "\n", "A"] {
        all.extend([format!("{good}{padding}"), format!("{padding}{good}")]);
    }
    // The head of one session's token on the rest of another's, and the reverse.
    all.extend(
        (1..60)
            .step_by(7)
            .map(|at| format!("{}{}", &good[..at], &other[at..])),
    );
    all.extend([format!("{good}{other}"), "é".repeat(30), "%".to_owned()]);
    all.retain(|token| token != good && token != other);
    all
}

#[test]
fn what_nobody_was_given_is_invalid_before_any_look_up() {
    let cluster = server(Config::default());
    let (good, other) = (sign_in(&cluster, ADA), sign_in(&cluster, BEN));
    let mut client = web(&cluster);
    let before = count(&cluster, "select count(*) from authguard.event");
    // Compiling a function takes locks, so one call comes first.
    refresh(&mut client, "junk");
    // A look-up of a session would wait for this lock.
    let mut locker = admin(&cluster);
    locker
        .batch_execute("begin; lock table authguard.session in access exclusive mode")
        .unwrap();
    for token in misshapen(good.refresh(), other.refresh()) {
        assert_eq!(refresh(&mut client, &token).status, "invalid", "{token:?}");
    }
    locker.batch_execute("rollback").unwrap();
    let after = count(&cluster, "select count(*) from authguard.event");
    assert_eq!(after, before);
    for token in [good.refresh(), other.refresh()] {
        assert_eq!(refresh(&mut client, token).status, "ok");
    }
}

#[test]
fn a_token_of_another_key_is_invalid_also_for_a_session_that_there_is() {
    let cluster = server(Config::default());
    let good = sign_in(&cluster, ADA);
    // The same session in a database with another key.
    cluster.create_database("other").unwrap();
    let mut other = cluster.connect("postgres", "other").unwrap();
    issued(&mut other, "authguard.sign_in($1)", BEN).unwrap();
    let id = good.session();
    other
        .execute("update authguard.session set id = $1::text::uuid", &[&id])
        .unwrap();
    let foreign: String = other
        .query_one(
            "select refresh_token from authguard.issue($1::text::uuid)",
            &[&id],
        )
        .unwrap()
        .get(0);
    assert_eq!(foreign.len(), good.refresh().len());
    assert_eq!(refresh(&mut web(&cluster), &foreign).status, "invalid");
    assert_eq!(refresh(&mut web(&cluster), good.refresh()).status, "ok");
    // No role but the owner may issue tokens.
    let sql = "select authguard.issue(gen_random_uuid())";
    assert!(web(&cluster).query(sql, &[]).is_err());
}
