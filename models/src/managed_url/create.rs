//! `POST /api/v1/workspaces/{workspace}/urls`
//!
//! Make a managed URL. Its host is one label under the apps domain; a host belongs to the workspace that first
//! used it, for as long as it has a URL there.

use super::{Host, ManagedUrl, PathPrefix, UrlOptions, WebUrl};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::{Once, Tagged},
    },
    ids::{DeploymentId, Ref, SiteId, WorkspaceId},
};

declare_api_endpoint! {
    /// Make a managed URL
    CreateUrl: POST "/api/v1/workspaces/{workspace}/urls" {
        auth: Member(UrlCreate),
        path: { workspace: Ref<WorkspaceId> },
        request_headers: Once,
        request: Json<Body>,
        response_headers: Tagged,
        response: Created<ManagedUrl>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub host: Host,
    /// `/` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathPrefix>,
    pub target: NewTarget,
    #[serde(default, skip_serializing_if = "UrlOptions::is_default")]
    pub options: UrlOptions,
}

/// A target as a caller names it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum NewTarget {
    Deployment {
        deployment: Ref<DeploymentId>,
        /// The first http port when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
    },
    Site {
        site: Ref<SiteId>,
    },
    Proxy {
        url: WebUrl,
    },
    Redirect {
        url: WebUrl,
        #[serde(default)]
        permanent: bool,
    },
}

api_errors! {
    pub enum Error {
        Taken { url: String } = 409 "url_taken", "`{url}` already has a managed URL",
            hint "`patr url update` changes where it leads";
        HostTaken { host: Host } = 409 "host_taken", "the host `{host}` is in use by another workspace",
            hint "choose another name";
        HostNotAllowed { host: Host, apps_domain: String } = 422 "host_not_allowed",
            "host: `{host}` is not one label under `{apps_domain}`",
            hint "use a host like `shop.{apps_domain}`";
        TargetNotFound { noun: String, name: String } = 422 "target_not_found",
            "target: there is no {noun} `{name}` in this workspace";
        NoSuchPort { deployment: String, port: u16 } = 422 "no_such_port",
            "target.port: `{deployment}` does not declare the port {port}",
            hint "add it with `patr deploy … --port {port}`";
        NoHttpPort { deployment: String } = 422 "no_http_port", "target: `{deployment}` declares no http port",
            hint "add one with `patr deploy … --port 8080`";
        OptionInvalid { field: String, problem: String } = 422 "option_invalid", "options.{field}: {problem}";
        ProxyToSelf { url: WebUrl } = 422 "proxy_to_self", "target.url: `{url}` is served by this installation itself",
            hint "use a deployment or a site as the target";
    }
}
