//! Logging in as a job, with the ID token that its CI gives it (RFC 8693).

use std::time::Duration;

use http::StatusCode;

use crate::{
    client::{CallError, Client},
    context::Context,
    env_vars,
    exit_code::Exit,
    failure::{Failure, doing},
};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// What a job acts with from now on.
pub(super) struct Granted {
    pub(super) token: String,
    pub(super) life: Duration,
}

/// Exchanges the job's ID token. `audience` is what that has to be for; the installation when absent.
pub(super) async fn log_in(audience: Option<&str>, ctx: &Context) -> Result<Granted, Failure> {
    let workspace = ctx.workspace()?;
    let id_token = match env_vars::value(env_vars::ID_TOKEN) {
        Some(token) => token,
        None => of_github(audience.unwrap_or(ctx.client.base()), &ctx.client).await?,
    };
    let form = [
        ("grant_type", GRANT_TYPE),
        ("subject_token_type", ID_TOKEN),
        ("subject_token", id_token.trim()),
        ("audience", &workspace.to_string()),
    ];
    let (status, body) = ctx.client.form("/oauth/token", &form).await?;
    if !status.is_success() {
        return Err(refused(ctx.client.base(), status, &body));
    }
    let answer: Answer =
        serde_json::from_slice(&body).map_err(|error| doing("read what the installation answers", error))?;
    Ok(Granted { token: answer.access_token, life: Duration::from_secs(answer.expires_in) })
}

/// What is answered (RFC 6749, 5.1).
#[derive(serde::Deserialize)]
struct Answer {
    access_token: String,
    expires_in: u64,
}

/// What is answered when something is wrong (RFC 6749, 5.2).
#[derive(serde::Deserialize)]
struct Refused {
    error: String,
    error_description: String,
}

fn refused(url: &str, status: StatusCode, body: &[u8]) -> Failure {
    let Ok(Refused { error, error_description }) = serde_json::from_slice(body) else {
        let problem = "this is no answer of an installation".to_owned();
        return CallError::Unexpected { url: url.to_owned(), status, problem, retry_after: None }.into();
    };
    let exit = if status.is_server_error() { Exit::Failed } else { Exit::Auth };
    let failure = Failure::new(exit, error_description);
    match error.as_str() {
        "invalid_target" => failure.hint("`patr federation list` shows whose jobs the workspace trusts"),
        _ => failure,
    }
}

/// What GitHub answers a job that may have an ID token.
#[derive(serde::Deserialize)]
struct OfGitHub {
    value: String,
}

/// Asks GitHub for an ID token. The address and the token to ask with are the job's own.
async fn of_github(audience: &str, client: &Client) -> Result<String, Failure> {
    let missing = || {
        Failure::usage("there is no ID token here").hint(
            "on GitHub the job needs `permissions: id-token: write`; elsewhere put it into PATR_ID_TOKEN",
        )
    };
    let url = env_vars::value(env_vars::GITHUB_URL).ok_or_else(missing)?;
    let token = env_vars::value(env_vars::GITHUB_TOKEN).ok_or_else(missing)?;
    let mut url: url::Url = url.parse().map_err(|error| doing("read ACTIONS_ID_TOKEN_REQUEST_URL", error))?;
    url.query_pairs_mut().append_pair("audience", audience);
    let answered = client.elsewhere(url, &token).await.map_err(|error| match error {
        CallError::Unreachable { problem, .. } => doing("ask GitHub for an ID token", problem),
        error => error.into(),
    })?;
    let of_github: OfGitHub =
        serde_json::from_slice(&answered).map_err(|error| doing("read what GitHub answers", error))?;
    Ok(of_github.value)
}
