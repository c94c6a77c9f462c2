//! `GET /api/v1/workspaces/{workspace}/url-test?url=…`
//!
//! Say what would answer at an address, without asking it.

use super::{ManagedUrl, WebUrl};
use crate::{
    declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
};

declare_api_endpoint! {
    /// Say what would answer at an address, without asking it
    TestUrl: GET "/api/v1/workspaces/{workspace}/url-test" {
        auth: Member(UrlView),
        path: { workspace: Ref<WorkspaceId> },
        query: Query,
        response: Json<Verdict>,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    pub url: WebUrl,
}

/// What would answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Verdict {
    /// A sentence for people.
    pub summary: String,
    /// The managed URL that takes the request, when it is one of this workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_url: Option<ManagedUrl>,
    /// Where a redirect or a proxy would go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwards_to: Option<String>,
    /// Whether the published routing table already says the same as what is desired.
    pub published: bool,
}
