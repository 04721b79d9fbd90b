//! What an attacker may try, what others have published, and what must hold of any input: run
//! against every algorithm, through the public functions only.

mod bounds;
mod claims;
mod confusion;
mod cookbook;
mod ecdsa;
mod events;
mod examples;
mod fuzz;
mod header_keys;
mod jsonb;
mod model;
mod mutations;
mod payloads;
mod properties;
mod secrets;
mod shapes;
mod signatures;
mod signers;
mod structure;
mod unsigned;
mod vectors;
mod wycheproof;
