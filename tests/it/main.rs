//! The stories.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod access;
mod accounts;
mod conformance;
mod dashboard;
mod deploy;
mod devices;
mod engine;
mod faults;
mod federation;
mod feed;
mod hidden;
mod input;
mod kubernetes;
mod lanes;
mod open_tab;
mod reconnect;
mod registry;
mod roles;
mod runtimes;
mod several_runners;
mod site;
mod site_versions;
mod soak;
mod software;
mod static_compare;
mod static_serving;
mod url_caching;
mod url_options;
