//! `patr account`.

mod passkeys;
mod profile;
mod sessions;
mod totp;

use patr_models::user::{
    change_password::{self, ChangePassword},
    delete::{self, DeleteAccount},
};

use super::{access::prompt, confirm, proof::proved};
use crate::{
    args::account::{Account as Args, Passkey, Sessions, Totp},
    client::{plain, with_body},
    context::Context,
    credentials,
    exit_code::Exit,
    failure::{Failure, Outcome},
};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Show => profile::show(ctx).await,
        Args::SetName { name } => profile::set_name(name, ctx).await,
        Args::SetEmail { email } => profile::set_email(email, ctx).await,
        Args::VerifyEmail => profile::verify_email(ctx).await,
        Args::SetPassword { password_stdin } => set_password(password_stdin, ctx).await,
        Args::Totp(Totp::Enable) => totp::enable(ctx).await,
        Args::Totp(Totp::Disable) => totp::disable(ctx).await,
        Args::RecoveryCodes => totp::recovery_codes(ctx).await,
        Args::Passkey(Passkey::List) => passkeys::list(ctx).await,
        Args::Passkey(Passkey::Remove { id }) => passkeys::remove(id, ctx).await,
        Args::Sessions(Sessions::List(page)) => sessions::list(&page, ctx).await,
        Args::Sessions(Sessions::End { id: Some(id), .. }) => sessions::end(id, ctx).await,
        Args::Sessions(Sessions::End { id: None, .. }) => sessions::end_others(ctx).await,
        Args::Delete { yes } => delete(yes, ctx).await,
    }
}

async fn set_password(from_stdin: bool, ctx: &Context) -> Outcome {
    let password = prompt::password(from_stdin, prompt::Purpose::New)?;
    let body = change_password::Body {
        password: password.parse().map_err(|error| Failure::usage(format!("{error}")))?,
    };
    proved(ctx, || with_body::<ChangePassword, _>(change_password::Path {}, body.clone())).await?;
    ctx.printer.note("your password is another now, and your other logins have ended");
    Ok(Exit::Ok)
}

async fn delete(yes: bool, ctx: &Context) -> Outcome {
    let user = profile::me(ctx).await?;
    confirm::by_name("deletes your account, and nothing brings it back", user.email.as_str(), yes, ctx)?;
    proved(ctx, || plain::<DeleteAccount>(delete::Path {})).await?;
    credentials::forget(&ctx.config, ctx.client.base())?;
    ctx.printer.note(&format!("deleted the account {}", user.email));
    Ok(Exit::Ok)
}
