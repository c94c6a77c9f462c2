//! Logging in as a job, with the ID token that its CI gives it (RFC 8693).

use crate::{
    client::{CallError, Client},
    context::Context,
    env_vars,
    failure::{Failure, doing},
};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// The token that a job acts with from now on.
pub(super) async fn log_in(ctx: &Context) -> Result<String, Failure> {
    let workspace = ctx.workspace()?;
    let id_token = match env_vars::value(env_vars::ID_TOKEN) {
        Some(token) => token,
        None => of_github(&ctx.client).await?,
    };
    let form = [
        ("grant_type", GRANT_TYPE),
        ("subject_token_type", ID_TOKEN),
        ("subject_token", id_token.trim()),
        ("audience", &workspace.to_string()),
    ];
    exchange(&ctx.client, &form).await
}

/// What is answered.
#[derive(serde::Deserialize)]
struct Granted {
    access_token: String,
}

/// What is answered when something is wrong (RFC 6749, 5.2).
#[derive(serde::Deserialize)]
struct Refused {
    error_description: String,
}

async fn exchange(client: &Client, form: &[(&str, &str)]) -> Result<String, Failure> {
    let (status, body) = client.form("/oauth/token", form).await?;
    if status.is_success() {
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|error| doing("read what the installation answers", error))?;
        return Ok(granted.access_token);
    }
    let said = serde_json::from_slice::<Refused>(&body).map(|refused| refused.error_description);
    let said = said.unwrap_or_else(|_| format!("{} answered {status}", client.base()));
    Err(Failure::new(crate::exit_code::Exit::Auth, said))
}

/// What GitHub answers a job that may have an ID token.
#[derive(serde::Deserialize)]
struct GitHub {
    value: String,
}

/// Asks GitHub for a token for this installation.
async fn of_github(client: &Client) -> Result<String, Failure> {
    let missing = || {
        Failure::usage("there is no ID token here")
            .hint("on GitHub the job needs `permissions: id-token: write`; elsewhere set PATR_ID_TOKEN")
    };
    let url = env_vars::value(env_vars::GITHUB_URL).ok_or_else(missing)?;
    let token = env_vars::value(env_vars::GITHUB_TOKEN).ok_or_else(missing)?;
    let mut url: url::Url = url.parse().map_err(|error| doing("read ACTIONS_ID_TOKEN_REQUEST_URL", error))?;
    url.query_pairs_mut().append_pair("audience", client.base());
    let answered = client.elsewhere(url, &token).await.map_err(|error| match error {
        CallError::Unreachable { problem, .. } => doing("ask GitHub for an ID token", problem),
        error => error.into(),
    })?;
    let github: GitHub =
        serde_json::from_slice(&answered).map_err(|error| doing("read what GitHub answers", error))?;
    Ok(github.value)
}
