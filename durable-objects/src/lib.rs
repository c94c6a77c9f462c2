//! The Worker script `patr-runners`: what holds the WebSockets of runners.
//!
//! It is a script of its own because a deploy of a script drops the WebSockets that its objects hold: shipping
//! the API must cut neither a runner nor its traffic. It changes rarely.
//!
//! | object | one per | stores | called by |
//! |---|---|---|---|
//! | `RunnerSession` | runner | epoch, desired snapshot, last report, facts to record, what replicas used | `worker`; the agent |
//! | `RunnerTunnel` | runner and lane | whether its agent is there: streams live and die with the socket | `worker`; the agent |
//!
//! Decisions are in [`session::core`] and in [`tunnel::parking`], [`tunnel::handover`], [`tunnel::liveness`] and
//! [`tunnel::messages`], which are synchronous and know no platform; `objects` only forwards.

pub mod session {
    //! One runner's session.
    pub mod core;
    pub mod history;
    #[cfg(target_arch = "wasm32")]
    pub mod metrics;
    pub mod saved;
    #[cfg(target_arch = "wasm32")]
    pub mod shell;
    #[cfg(target_arch = "wasm32")]
    pub mod storage;
}
pub mod tunnel {
    //! One lane of a runner's data connection.
    #[cfg(target_arch = "wasm32")]
    mod download;
    pub mod handover;
    pub mod head;
    #[cfg(target_arch = "wasm32")]
    pub mod lane;
    pub mod liveness;
    pub mod messages;
    pub mod parking;
    #[cfg(target_arch = "wasm32")]
    mod serve;
    #[cfg(target_arch = "wasm32")]
    pub mod shell;
    #[cfg(target_arch = "wasm32")]
    mod socket;
    #[cfg(target_arch = "wasm32")]
    mod upload;
}

#[cfg(target_arch = "wasm32")]
mod directory;
#[cfg(target_arch = "wasm32")]
mod objects;
#[cfg(target_arch = "wasm32")]
mod platform;
