//! Logging in with a password, and with a code where the account has more than that.

use patr_models::{
    name::Email,
    user::{
        Session,
        log_in::{Body, LogIn, Path},
        proof::SecondFactor,
    },
};

use super::prompt;
use crate::{
    client::with_body,
    context::Context,
    failure::{Failure, Outcome},
};

/// Logs in with a password; asks for a code if one is wanted and none was given.
pub(super) async fn log_in(
    ctx: &Context,
    email: Email,
    password: String,
    code: Option<String>,
) -> Outcome<Session> {
    let asks = code.is_none();
    let body = Body { email, password, second_factor: code.map(SecondFactor::Code) };
    let error = match ctx.client.call(with_body::<LogIn, _>(Path {}, body.clone())).await {
        Ok(reply) => return Ok(reply.body.0),
        Err(error) => error,
    };
    if !asks || !error.is("second_factor_needed") {
        return Err(error.into());
    }
    if !prompt::is_terminal() {
        let hint = "give `--code CODE`; for a passkey, log in with a browser";
        return Err(Failure::from(error).hint(hint).into());
    }
    let code = prompt::line("Code of your authenticator app, or a recovery code: ", &ctx.printer)?;
    let body = Body { second_factor: Some(SecondFactor::Code(code)), ..body };
    Ok(ctx.client.call(with_body::<LogIn, _>(Path {}, body)).await?.body.0)
}
