//! `GET /api/v1/workspaces/{workspace}/sites/{site}/stats`
//!
//! What was served, by day. Counted at the edge and written every few seconds, so the newest are not in it yet; what an
//! isolate had counted when the platform ended it is lost.

use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, SiteId, WorkspaceId},
    time::Millis,
};

declare_api_endpoint! {
    /// Say what was served of a site, by day
    GetSiteStats: GET "/api/v1/workspaces/{workspace}/sites/{site}/stats" {
        auth: Member(SiteView),
        path: { workspace: Ref<WorkspaceId>, site: Ref<SiteId> },
        query: Query,
        response: Json<Stats>,
    }
}

/// Days that are kept.
pub const DAYS_MAX: u16 = 400;
/// Days that are answered if none are asked for.
pub const DAYS: u16 = 30;

#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    /// 1 to 400, ending with today; 30 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u16>,
}

impl Query {
    /// The number of days, within bounds.
    pub fn days(&self) -> u16 {
        self.days.unwrap_or(DAYS).clamp(1, DAYS_MAX)
    }
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Stats {
    /// Oldest first; days without a request are left out.
    pub days: Vec<Day>,
}

/// What was served on one day (UTC), of the live version and of previews.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Day {
    /// Its beginning.
    pub day: Millis,
    pub requests: u64,
    /// Of the bodies that were sent, as they were coded.
    pub bytes: u64,
    pub status_2xx: u64,
    pub status_3xx: u64,
    pub status_4xx: u64,
    pub status_5xx: u64,
    /// Answered from the memory of an isolate, without asking KV.
    pub cache_hits: u64,
}
