//! The stories.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod access;
mod deploy;
mod input;
mod reconnect;
mod site;
mod static_compare;
mod static_serving;
