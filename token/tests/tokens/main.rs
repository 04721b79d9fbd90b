//! Signed tokens: their form, their keys, what an issuer may say in them, and the keys that sign.

mod jwk;
mod jws;
mod policy;
mod rfc;
mod sign;
mod support;
