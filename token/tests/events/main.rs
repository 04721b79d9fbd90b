//! Events of identity providers: the examples of the specifications, and each rule for refusing or
//! ignoring one.

mod examples;
mod refusals;
mod subjects;
mod support;
mod times;
