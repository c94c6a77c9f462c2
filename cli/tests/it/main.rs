//! `patr` as a person meets it: every command, when it works and when it does not, as exit status, stdout and stderr.
//!
//! The binary is the real one. What it talks to is an [`edge`] that the test scripts with the types of
//! `patr-models`, and that keeps what it was asked. `cargo insta review` shows what a change did to the words.

#![expect(clippy::panic, clippy::unwrap_used, reason = "everything here is a test or helps one")]

mod context;
mod edge;
mod sample;
mod terminal;

mod account;
mod audit;
mod deploy;
mod deployment;
mod exec;
mod failures;
mod federation;
mod help;
mod login;
mod logs;
mod member;
mod oauth;
mod port_forward;
mod role;
mod runner;
mod secret;
mod sign_up;
mod site;
mod token;
mod url;
mod volume;
mod workspace;
