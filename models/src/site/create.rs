//! `POST /api/v1/workspaces/{workspace}/sites`
//!
//! Make a site. It answers 404 until its first version.

use super::Site;
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::{
        body::{Created, Json},
        headers::Once,
    },
    ids::{Ref, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Make a site
    CreateSite: POST "/api/v1/workspaces/{workspace}/sites" {
        auth: Member(SiteCreate),
        path: { workspace: Ref<WorkspaceId> },
        request_headers: Once,
        request: Json<Body>,
        response: Created<Site>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub name: Name,
}

api_errors! {
    pub enum Error {
        NameTaken { name: Name } = 409 "name_taken", "a site named `{name}` already exists in this workspace";
        HostTaken { host: String } = 409 "host_taken", "its automatic host `{host}` is already in use",
            hint "choose another name";
    }
}
