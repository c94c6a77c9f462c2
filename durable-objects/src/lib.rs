//! The Worker script `patr-runners`: what holds the WebSockets of runners.
//!
//! It is a script of its own because a deploy of a script drops the WebSockets that its objects hold: shipping
//! the API must cut neither a runner nor its traffic. It changes rarely.
//!
//! | object | one per | stores | called by |
//! |---|---|---|---|
//! | `RunnerSession` | runner | epoch, desired snapshot, last report, facts to record, what replicas used | `worker`; the agent |
//! | `RunnerTunnel` | runner and lane | whether its agent is there: streams live and die with the socket | `worker`; the agent |
//! | `WorkspaceFeed` | workspace | nothing: what counts of a socket is kept with it | `worker`, sessions; tabs of people |
//!
//! Decisions are in [`session::core`], [`feed::tab`] and [`feed::gather`], and in [`tunnel::parking`], [`tunnel::handover`], [`tunnel::liveness`] and
//! [`tunnel::messages`], which are synchronous and know no platform; `objects` only forwards.

pub mod feed {
    //! What changes in one workspace, told to whoever listens.
    pub mod gather;
    #[cfg(target_arch = "wasm32")]
    pub mod shell;
    pub mod tab;
}
pub mod session {
    //! One runner's session.
    pub mod changes;
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
