//! `POST /feed/v1/announce`
//!
//! Asked of a WorkspaceFeed, by `worker` once a write is kept and by a RunnerSession: tell this to whoever listens. A hint,
//! but for `parted`: whoever hears of no change reads when it looks next.

use std::collections::BTreeSet;

use crate::{
    declare_api_endpoint,
    endpoint::body::{Json, NoContent},
    ids::UserId,
    live::Changed,
};

declare_api_endpoint! {
    /// Tell what has changed to whoever listens
    Announce: POST "/feed/v1/announce" {
        auth: Internal,
        path: {},
        request: Json<Announcement>,
        response: NoContent,
    }
}

/// What has happened in a workspace.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Announcement {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub changed: BTreeSet<Changed>,
    /// Who may do something else from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parted: Option<Parted>,
}

/// Whose connections end, because they were opened with what was allowed before. They come back, if they may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Parted {
    Everybody,
    User(UserId),
}
