//! `patr login`.

use patr_models::{
    auth::{prefix, secret},
    user::{
        Session,
        who_am_i::{self, WhoAmI},
    },
};

use super::{device, oidc, prompt, second_factor, settle};
use crate::{
    args::access::Login,
    client::plain,
    context::Context,
    failure::{Failure, Outcome},
};

/// Log in from a browser, with address and password, with an API token, or as a job of CI.
pub(crate) async fn login(args: Login, ctx: &Context) -> Outcome {
    if args.token_stdin {
        return with_token(ctx).await;
    }
    if args.oidc {
        return as_job(args.audience.as_deref(), ctx).await;
    }
    let session = if args.email.is_some() || args.password_stdin {
        with_password(args, ctx).await?
    } else {
        device::log_in(args.no_browser, ctx).await?
    };
    let client = ctx.client.with_token(session.token.clone());
    settle(ctx, &client, &session.user, &session.token).await
}

async fn with_password(args: Login, ctx: &Context) -> Outcome<Session> {
    let email = prompt::email(args.email, &ctx.printer)?;
    let password = prompt::password(args.password_stdin, prompt::Purpose::LogIn)?;
    second_factor::log_in(ctx, email, password, args.code).await
}

async fn as_job(audience: Option<&str>, ctx: &Context) -> Outcome {
    let granted = oidc::log_in(audience, ctx).await?;
    let exit = known(&granted.token, ctx).await?;
    ctx.printer
        .note(&format!("it is the job's login, good for {}", humantime::format_duration(granted.life)));
    Ok(exit)
}

async fn with_token(ctx: &Context) -> Outcome {
    let token = prompt::line_of_stdin("the token")?;
    check(&token)?;
    known(&token, ctx).await
}

/// Saves a token, for whoever it is of.
async fn known(token: &str, ctx: &Context) -> Outcome {
    let client = ctx.client.with_token(token.to_owned());
    let user = client.call(plain::<WhoAmI>(who_am_i::Path {})).await?.body.0;
    settle(ctx, &client, &user, token).await
}

/// A slip is noticed here: what is as long as a token has its checksum.
fn check(token: &str) -> Result<(), Failure> {
    let as_long = token.len() == secret::LENGTH && token.starts_with(prefix::TOKEN);
    if as_long && !secret::is_whole(prefix::TOKEN, token) {
        return Err(
            Failure::usage("this is no token of Patr: its checksum is wrong").hint("was all of it copied?")
        );
    }
    Ok(())
}
