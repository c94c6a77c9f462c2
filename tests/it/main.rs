//! The stories.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod access;
mod deploy;
mod faults;
mod input;
mod lanes;
mod open_tab;
mod reconnect;
mod registry;
mod rollouts;
mod site;
mod site_versions;
mod software;
mod static_compare;
mod static_serving;
