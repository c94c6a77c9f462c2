//! What there is, for programs (RFC 8414).

use bytes::Bytes;
use http::{Response, StatusCode};
use patr_models::auth::Permission;
use serde_json::json;

use super::{INTROSPECT, REVOKE, TOKEN, authorize, code, job, json};
use crate::{answer::Fault, ctx::Ctx};

pub(super) fn answer(ctx: &Ctx) -> Result<Response<Bytes>, Fault> {
    let issuer = ctx.settings.control_url();
    let at = |path: &str| format!("{issuer}{path}");
    let ways = ["none", "client_secret_basic", "client_secret_post"];
    let secret_ways = ["client_secret_basic", "client_secret_post"];
    let scopes: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    json(
        StatusCode::OK,
        &json!({
            "issuer": issuer,
            "authorization_endpoint": at(authorize::PATH),
            "token_endpoint": at(TOKEN),
            "introspection_endpoint": at(INTROSPECT),
            "revocation_endpoint": at(REVOKE),
            "scopes_supported": scopes,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [code::GRANT_TYPE, code::REFRESH, job::GRANT_TYPE],
            "token_endpoint_auth_methods_supported": ways,
            "introspection_endpoint_auth_methods_supported": secret_ways,
            "revocation_endpoint_auth_methods_supported": ways,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        }),
    )
}
