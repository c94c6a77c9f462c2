//! `patr login`.

use patr_models::user::{
    log_in::{self, LogIn},
    who_am_i::{self, WhoAmI},
};

use super::{prompt, settle};
use crate::{
    args::access::Login,
    client::{plain, with_body},
    context::Context,
    failure::Outcome,
};

/// Log in with address and password, or with an API token.
pub(crate) async fn login(args: Login, ctx: &Context) -> Outcome {
    if args.token_stdin {
        return with_token(ctx).await;
    }
    let email = prompt::email(args.email, &ctx.printer)?;
    let password = prompt::password(args.password_stdin, prompt::Purpose::LogIn)?;
    let call = with_body::<LogIn, _>(log_in::Path {}, log_in::Body { email, password });
    let session = ctx.client.call(call).await?.body.0;
    let client = ctx.client.with_token(session.token.clone());
    settle(ctx, &client, &session.user, &session.token).await
}

async fn with_token(ctx: &Context) -> Outcome {
    let token = prompt::line_of_stdin("the token")?;
    let client = ctx.client.with_token(token.clone());
    let user = client.call(plain::<WhoAmI>(who_am_i::Path {})).await?.body.0;
    settle(ctx, &client, &user, &token).await
}
