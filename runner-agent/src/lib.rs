//! The agent of a runner: of a machine, or of a namespace of a cluster.
//!
//! The program `patr-runner` runs it on Docker and on Kubernetes. A runner on something else is a program that implements
//! [`runtime::Runtime`] and hands it to [`serve`]: `examples/processes` is an example, and the stories of `tests/it/runtimes` are what
//! it has to pass.
//!
//! | task | reads | writes |
//! |---|---|---|
//! | [`link`] | socket, reports, samples | desired snapshots |
//! | [`reconcile`] | desired snapshots, the runtime, samples | reports, backends, what runs |
//! | [`meter`] | what runs, the runtime | samples |
//! | [`tunnel`], one per lane | socket, backends | sockets of replicas |
//!
//! They share channels, the table of [`backends`], the [`access_log`] and the [`vault`]. Losing the link stops none of the others.

mod access_log;
mod agent;
mod backends;
mod config;
mod handover;
pub mod inside;
mod link;
mod meter;
mod proxy;
mod reconcile;
mod redact;
pub mod runtime;
mod store;
mod tunnel;
mod vault;

pub use agent::{program, serve};
pub use config::{Args, Config, Connection, Token};
pub use link::connect::Stopped;
