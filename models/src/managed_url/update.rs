//! `PATCH /api/v1/workspaces/{workspace}/urls/{url}`
//!
//! Change where a managed URL leads, or how requests are treated. Host and path stay; where automatic URLs lead changes with
//! their owner only.

use super::{ManagedUrl, UrlOptions, create::NewTarget};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::Json,
        headers::{IfMatch, Tagged},
    },
    ids::{ManagedUrlId, Ref, WorkspaceId},
    managed_url::WebUrl,
};

declare_api_endpoint! {
    /// Change where a managed URL leads, or how requests are treated
    UpdateUrl: PATCH "/api/v1/workspaces/{workspace}/urls/{url}" {
        auth: Member(UrlEdit),
        path: { workspace: Ref<WorkspaceId>, url: ManagedUrlId },
        request_headers: IfMatch,
        request: Json<Body>,
        response_headers: Tagged,
        response: Json<ManagedUrl>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Unchanged when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<NewTarget>,
    /// All of them; unchanged when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<UrlOptions>,
}

api_errors! {
    pub enum Error {
        Automatic { url: String } = 409 "url_is_automatic", "`{url}` was made with its deployment or site and follows it",
            hint "make another managed URL with `patr url add`";
        TargetNotFound { noun: String, name: String } = 422 "target_not_found",
            "target: there is no {noun} `{name}` in this workspace";
        NoSuchPort { deployment: String, port: u16 } = 422 "no_such_port",
            "target.port: `{deployment}` does not declare the port {port}";
        NoHttpPort { deployment: String } = 422 "no_http_port", "target: `{deployment}` declares no http port";
        OptionInvalid { field: String, problem: String } = 422 "option_invalid", "options.{field}: {problem}";
        ProxyToSelf { url: WebUrl } = 422 "proxy_to_self", "target.url: `{url}` is served by this installation itself";
    }
}
