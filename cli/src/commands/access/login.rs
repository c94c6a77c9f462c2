//! `patr login`.

use patr_models::user::who_am_i::{self, WhoAmI};

use super::{prompt, second_factor, settle};
use crate::{args::access::Login, client::plain, context::Context, failure::Outcome};

/// Log in with address and password, or with an API token.
pub(crate) async fn login(args: Login, ctx: &Context) -> Outcome {
    if args.token_stdin {
        return with_token(ctx).await;
    }
    let email = prompt::email(args.email, &ctx.printer)?;
    let password = prompt::password(args.password_stdin, prompt::Purpose::LogIn)?;
    let session = second_factor::log_in(ctx, email, password, args.code).await?;
    let client = ctx.client.with_token(session.token.clone());
    settle(ctx, &client, &session.user, &session.token).await
}

async fn with_token(ctx: &Context) -> Outcome {
    let token = prompt::line_of_stdin("the token")?;
    let client = ctx.client.with_token(token.clone());
    let user = client.call(plain::<WhoAmI>(who_am_i::Path {})).await?.body.0;
    settle(ctx, &client, &user, &token).await
}
