//! The rules of the settings that hold words, and the hook of those that decide about tokens.

use super::judged::{Problem, Rule};
use crate::pg::guc::Hooks;
use crate::pg::hook::Hook;
use authguard_token::{Aal, ClaimNames, ClaimNamesError, Event, MAX_IDENTITY_BYTES};
use std::ffi::CStr;

/// Called when a setting is assigned that decides which tokens are good.
pub static KEYS_CHANGED: Hook = Hook::new();

/// A text without a rule that decides which tokens are good.
pub enum DecidesTokens {}

impl Hooks for DecidesTokens {
    fn assign(_new: &CStr) {
        KEYS_CHANGED.call();
    }
}

/// `authguard.issuer`.
pub enum Issuer {}

impl Rule for Issuer {
    const NAME: &'static str = "authguard.issuer";

    fn wrong(text: &str) -> Vec<Problem> {
        match (1..=MAX_IDENTITY_BYTES).contains(&text.len()) {
            true => Vec::new(),
            false => vec![Problem {
                what: "no token can have this issuer, so nobody can sign in".to_owned(),
                hint: format!("It has 1 to {MAX_IDENTITY_BYTES} bytes."),
            }],
        }
    }

    fn assigned() {
        KEYS_CHANGED.call();
    }
}

/// `authguard.audience`.
pub enum Audience {}

impl Rule for Audience {
    const NAME: &'static str = "authguard.audience";

    fn wrong(text: &str) -> Vec<Problem> {
        match text.is_empty() {
            false => Vec::new(),
            true => vec![Problem {
                what: "no token can have this audience, so nobody can sign in".to_owned(),
                hint: "It is a text that is not empty.".to_owned(),
            }],
        }
    }

    fn assigned() {
        KEYS_CHANGED.call();
    }
}

/// `authguard.gateway_claims`.
pub enum GatewayClaims {}

impl Rule for GatewayClaims {
    const NAME: &'static str = "authguard.gateway_claims";

    fn wrong(text: &str) -> Vec<Problem> {
        let problem = |error: ClaimNamesError| Problem {
            what: format!("{error}, so no claims of a gateway are believed"),
            hint: error.hint(),
        };
        ClaimNames::parse(text)
            .err()
            .into_iter()
            .map(problem)
            .collect()
    }

    fn assigned() {
        KEYS_CHANGED.call();
    }
}

/// `authguard.min_aal`.
pub enum MinAal {}

impl Rule for MinAal {
    const NAME: &'static str = "authguard.min_aal";

    fn wrong(text: &str) -> Vec<Problem> {
        match text.is_empty() || Aal::from_name(text).is_some() {
            true => Vec::new(),
            false => vec![Problem {
                what: format!("\"{text}\" is no assurance level, and counts as the strictest"),
                hint: format!("It is {}, or empty.", Aal::listed()),
            }],
        }
    }
}

/// `authguard.notify_events`.
pub enum NotifyEvents {}

impl Rule for NotifyEvents {
    const NAME: &'static str = "authguard.notify_events";

    fn wrong(text: &str) -> Vec<Problem> {
        let is_wrong = |name: &&str| !Event::has_form(name);
        let problem = |name: &str| Problem {
            what: format!("\"{name}\" is no name of an event"),
            hint: known_events(),
        };
        events(text).filter(is_wrong).map(problem).collect()
    }

    /// The application may record events with names of its own.
    fn doubtful(text: &str) -> Vec<Problem> {
        let is_unknown = |name: &&str| Event::has_form(name) && Event::from_name(name).is_none();
        let problem = |name: &str| Problem {
            what: format!("authguard records no event \"{name}\""),
            hint: known_events(),
        };
        events(text).filter(is_unknown).map(problem).collect()
    }
}

/// The names in a list of events.
pub fn events(list: &str) -> impl Iterator<Item = &str> {
    let names = list.split(',').map(str::trim);
    names.filter(move |_| !list.trim().is_empty())
}

fn known_events() -> String {
    format!(
        "The events of authguard are {}; others are the application's, recorded with authguard.record_event.",
        Event::listed()
    )
}
