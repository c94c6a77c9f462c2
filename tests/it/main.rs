//! The stories.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod access;
mod conformance;
mod deploy;
mod faults;
mod input;
mod open_tab;
mod reconnect;
mod registry;
mod rollouts;
mod site;
mod site_versions;
mod soak;
mod software;
mod static_compare;
mod static_serving;
