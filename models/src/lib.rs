//! The nouns, endpoints and messages of Patr.
//!
//! Everything that crosses a process boundary is declared here once and compiled by both sides: the Worker,
//! its objects, the agent, the CLI, the dashboard and the tests. Nothing here performs IO, reads a clock or
//! names a framework.
//!
//! - [`endpoint`]: what an endpoint is, and the macro that declares one.
//! - [`routes`]: every endpoint, listed once. Server, OpenAPI document and authorisation tests read that list.
//! - [`wire`]: what runner and edge say to each other over a session and a tunnel.
//! - one module per noun, one file below it per endpoint.

pub mod audit;
pub mod auth;
pub mod deployment;
pub mod device;
pub mod endpoint;
pub mod error;
pub mod federation;
pub mod ids;
pub mod info;
pub mod internal;
pub mod invitation;
pub mod limits;
pub mod live;
pub mod managed_url;
pub mod member;
pub mod name;
pub mod oauth;
pub mod openapi;
pub mod page;
pub mod passkey;
pub mod quota;
pub mod role;
pub mod routes;
pub mod runner;
pub mod second_factor;
pub mod secret;
pub mod session;
pub mod site;
pub mod time;
pub mod token;
pub mod user;
pub mod volume;
pub mod wire;
pub mod workspace;
