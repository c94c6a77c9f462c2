//! `patr join`.

use patr_models::{
    ids::Ref,
    invitation::{
        accept::{self, AcceptInvitation},
        sign_up::{self, SignUpByInvitation},
    },
    name::Email,
    workspace::Workspace,
};

use super::access::prompt;
use crate::{
    args::{Global, member::Join},
    client::{CallError, with_body},
    context::Context,
    credentials, env_vars,
    exit_code::Exit,
    failure::{Failure, Outcome},
};

/// Lets the link say which installation it is about. A token that was given for another one is never sent there.
pub(super) fn at_its_installation(args: &Join, mut global: Global) -> Result<Global, Failure> {
    let url = &args.link.url;
    match &global.url {
        Some(given) if given != url => {
            let both = format!("the link is of {}, and not of {}", url.as_str(), given.as_str());
            return Err(Failure::usage(both).hint("leave `--url` and PATR_URL away"));
        }
        None if env_vars::value(env_vars::TOKEN).is_some() => {
            return Err(Failure::usage("PATR_TOKEN is set, and may be of another installation")
                .hint(format!("unset it, or say that it is of this one with `--url {}`", url.as_str())));
        }
        _ => global.url = Some(url.clone()),
    }
    Ok(global)
}

/// Become a member by a link.
pub(super) async fn join(args: Join, ctx: &Context) -> Outcome {
    let Join { link, email, password_stdin } = args;
    let workspace = match email {
        Some(email) => with_new_account(link.secret, email, password_stdin, ctx).await?,
        None => with_login(link.secret, ctx).await?,
    };
    ctx.remember(Some(Ref::Id(workspace.id)))?;
    ctx.printer.answer(&workspace, Some(workspace.name.as_str()))?;
    ctx.printer.note(&format!("joined `{}` and work in it from now on", workspace.name));
    ctx.printer.hint("`patr workspace permissions` shows what you may do there");
    Ok(Exit::Ok)
}

async fn with_login(invitation: String, ctx: &Context) -> Outcome<Workspace> {
    let call = with_body::<AcceptInvitation, _>(accept::Path {}, accept::Body { invitation });
    match ctx.client.call(call).await {
        Ok(reply) => Ok(reply.body.0),
        Err(error @ CallError::NotLoggedIn { .. }) => {
            let url = ctx.client.base();
            let hint = format!(
                "run `patr login --url {url}` first; who has no account there gives `--email ADDRESS`"
            );
            Err(Failure::from(error).hint(hint).into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn with_new_account(
    invitation: String,
    email: Email,
    password_stdin: bool,
    ctx: &Context,
) -> Outcome<Workspace> {
    let password = prompt::password(password_stdin, prompt::Purpose::New)?;
    let password = password.parse().map_err(|error| Failure::usage(format!("{error}")))?;
    let body = sign_up::Body { invitation, email, password };
    let joined = ctx.client.call(with_body::<SignUpByInvitation, _>(sign_up::Path {}, body)).await?.body.0;
    credentials::save(&ctx.config, ctx.client.base(), &joined.session.token)?;
    ctx.printer.note(&format!("logged in at {} as {}", ctx.client.base(), joined.session.user.email));
    Ok(joined.workspace)
}
