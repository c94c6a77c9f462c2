//! `patr sign-up`.

use patr_models::user::sign_up::{Body, Path, SignUp};

use super::{prompt, settle};
use crate::{
    args::access::SignUp as Args,
    client::{CallError, with_body},
    context::Context,
    failure::{Failure, Outcome},
};

/// Make an account and log in.
pub(crate) async fn sign_up(args: Args, ctx: &Context) -> Outcome {
    let email = prompt::email(args.email, &ctx.printer)?;
    let password = prompt::password(args.password_stdin, prompt::Purpose::New)?;
    let password = password.parse().map_err(|error| Failure::usage(format!("{error}")))?;
    let body = Body { email, password, bootstrap_secret: args.bootstrap_secret };
    let session = match ctx.client.call(with_body::<SignUp, _>(Path {}, body)).await {
        Ok(reply) => reply.body.0,
        Err(error) => return Err(refused(error).into()),
    };
    let client = ctx.client.with_token(session.token.clone());
    settle(ctx, &client, &session.user, &session.token).await
}

/// The API says where the bootstrap secret was printed; this says where it goes.
fn refused(error: CallError) -> Failure {
    let needed = error.is("bootstrap_secret_needed");
    let failure = Failure::from(error);
    let printed = failure.hint.clone().unwrap_or_default();
    if needed { failure.hint(format!("give `--bootstrap-secret SECRET`; {printed}")) } else { failure }
}
