//! The rules for tokens, keys, claims, identities and revocation, as pure functions over plain
//! values.
//!
//! Nothing here knows Postgres, reads a clock or keeps state, so that unit tests, property tests
//! and fuzzing need no server. Only a new private key and a signature need something from outside,
//! the system's randomness. Miri runs what does not reach aws-lc, which is C. No input makes a
//! function here panic: the lints below refuse the usual ways to.
//!
//! Every time is an `i64` of microseconds since the Unix epoch. A NumericDate (RFC 7519 section 2)
//! beyond that range becomes the nearest end of it.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

mod algorithm;
mod base64url;
mod claim_names;
pub mod claims;
mod error;
pub mod event;
mod event_token;
mod header;
pub mod identity;
mod introspection;
pub mod json;
mod jws;
pub mod key;
mod leader;
mod lock;
mod login;
mod memory;
mod policy;
mod presets;
pub mod refresh;
pub mod revocation;
mod sign;
mod subjects;
mod time;
mod token;
mod words;

pub use algorithm::Algorithm;
pub use claim_names::{ClaimName, ClaimNames, ClaimNamesError, MAX_PATH_BYTES, MAX_PATHS};
pub use claims::{ClaimProblem, Claims, ClaimsError, is_flag_set};
pub use error::{Part, TokenError};
pub use event::{Actor, Event, EventNameError};
pub use event_token::{
    DeliveryError, EVENT_WINDOW_SECONDS, EventAction, EventError, EventPolicy, EventToken, Ignored,
    ONE_TOKEN, ReceivedEvent, ReceivedEvents, SecurityEvent, WIDER_THAN_CLIENT, WIDER_THAN_SUBJECT,
};
pub use header::MAX_HEADER_BYTES;
pub use identity::{
    MAX_IDENTITY_BYTES, canonical, format_uuid, parse_number, parse_uuid, random_uuid, uuid_v5,
};
pub use introspection::{inactive, introspection};
pub use json::{JsonError, MAX_DEPTH, MAX_NODES, MAX_NUMBER_BYTES, Node, Object, parse_object};
pub use jws::Jws;
pub use key::{Key, KeyError, KeySetError, MAX_KEY_ID_BYTES, parse_jwks};
pub use leader::{LeaderDecision, fingerprint as leader_fingerprint};
pub use lock::lock_number;
pub use login::{LoginAttempt, LoginFileError, LoginIssuers, LoginRejected, MAX_LOGIN_FILE_BYTES};
pub use memory::{memory_for_json, memory_for_token};
pub use policy::{MAX_LEEWAY_SECONDS, Policy};
pub use presets::Preset;
pub use refresh::{RefreshKey, RefreshSettings, RefreshToken, RefreshTokenError};
pub use revocation::{
    Entry, EntryKind, Judge, MAX_REASON_BYTES, OwnSession, RevocationReason, SessionRow, UserRow,
    Verdict, end_of_life, expired, expiry_with_leeway, latest_expiry,
};
pub use sign::{SignError, SigningKey};
pub use subjects::Subjects;
pub use token::{Token, Verified, own_claims};
pub use words::{Aal, AttachedKind, KeyStatus, SignOutScope, WhoamiSource, WhoamiStatus};
