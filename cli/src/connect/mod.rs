//! The way to a server, as libpq finds it: an address, a service, the environment, a password file,
//! TLS.

mod address;
mod attempt;
mod files;
mod host;
mod parse;
mod tls;

pub use address::Address;
pub use attempt::connect;
pub use parse::is_address;
