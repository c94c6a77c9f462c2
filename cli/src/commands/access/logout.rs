//! `patr logout`.

use patr_models::user::log_out::{LogOut, Path};

use crate::{
    client::{CallError, plain},
    context::Context,
    credentials, env_vars,
    exit_code::Exit,
    failure::{Failure, Outcome},
};

/// End the saved login, there and here.
pub(crate) async fn logout(ctx: &Context) -> Outcome {
    let url = ctx.client.base();
    if env_vars::value(env_vars::TOKEN).is_some() {
        return Err(Failure::usage("PATR_TOKEN is set, and `patr logout` would revoke that token")
            .hint("unset PATR_TOKEN to end the saved login; `patr token revoke` revokes a token")
            .into());
    }
    match ctx.client.call(plain::<LogOut>(Path {})).await {
        Ok(_) => ctx.printer.note(&format!("logged out of {url}")),
        Err(CallError::NotLoggedIn { .. }) => ctx.printer.note(&format!("not logged in at {url}")),
        Err(error) if error.is("unauthenticated") => {
            ctx.printer.note(&format!("the login at {url} had ended already"));
        }
        // It must stay on disk: it is good until it is ended there.
        Err(error) => return Err(error.into()),
    }
    credentials::forget(&ctx.config, url)?;
    Ok(Exit::Ok)
}
