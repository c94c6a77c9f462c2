//! `PUT /api/v1/workspaces/{workspace}/secrets/{secret}`
//!
//! Set a secret: the first version, or the next one. What runs goes on with the version that it was deployed with.

use super::{Secret, SecretValue};
use crate::{
    api_errors, declare_api_endpoint,
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    name::Name,
};

declare_api_endpoint! {
    /// Set a secret
    SetSecret: PUT "/api/v1/workspaces/{workspace}/secrets/{secret}" {
        auth: Member(SecretEdit),
        path: { workspace: Ref<WorkspaceId>, secret: Name },
        request: Json<Body>,
        response: Json<Secret>,
        errors: Error,
    }
}

#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    pub value: SecretValue,
}

impl<'de> serde::Deserialize<'de> for Body {
    /// Whatever is wrong, nothing of it is quoted: it may be the value.
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let body = <serde_json::Value as serde::Deserialize>::deserialize(from)?;
        let fields = body.as_object().filter(|fields| fields.len() == 1);
        let value = fields.and_then(|fields| fields.get("value"));
        let wrong = || serde::de::Error::custom("expected an object with `value`, and nothing else");
        SecretValue::read(value.ok_or_else(wrong)?)
            .map(|value| Self { value })
            .map_err(serde::de::Error::custom)
    }
}

api_errors! {
    pub enum Error {
        ValueInvalid { problem: String } = 422 "value_invalid", "value: {problem}";
        SecretsOff = 409 "secrets_off", "this installation keeps no secrets: its Worker secret PATR_SECRETS_KEY is missing, or is not 64 hexadecimal digits",
            hint "whoever runs it sets one: `openssl rand -hex 32 | wrangler secret put PATR_SECRETS_KEY`";
        TooManySecrets { max: usize } = 422 "too_many_secrets", "a workspace has at most {max} secrets";
    }
}
