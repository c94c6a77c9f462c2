//! `patr login`, `sign-up`, `logout`, `whoami`.

mod device;
mod login;
mod logout;
mod oidc;
pub(super) mod prompt;
mod second_factor;
mod sign_up;
mod whoami;

pub(crate) use login::login;
pub(crate) use logout::logout;
pub(crate) use sign_up::sign_up;
pub(crate) use whoami::whoami;

use patr_models::{
    ids::Ref,
    page::ListQuery,
    user::User,
    workspace::list::{ListWorkspaces, Path},
};

use crate::{
    client::{self, Client},
    context::Context,
    credentials::{self, Place},
    exit_code::Exit,
    failure::Outcome,
};

/// Saves a login, and chooses the workspace when there is no choice.
async fn settle(ctx: &Context, client: &Client, user: &User, token: &str) -> Outcome {
    let place = credentials::save(&ctx.config, client.base(), token)?;
    ctx.remember(ctx.chosen_workspace().cloned())?;
    let kept = if place == Place::Keyring { "; the login is in the keyring" } else { "" };
    ctx.printer.note(&format!("logged in at {} as {}{kept}", client.base(), user.email));
    let all = client::list::<ListWorkspaces, _>(client, Path {}, ListQuery::default(), 1000);
    let all = all.await?.items;
    let chosen = ctx.chosen_workspace().map(ToString::to_string);
    let known = |name: &String| {
        all.iter().any(|workspace| workspace.name.as_str() == name || workspace.id.to_string() == *name)
    };
    match (&all[..], chosen.filter(known)) {
        (_, Some(name)) => ctx.printer.note(&format!("working in `{name}`")),
        ([only], None) => {
            ctx.remember(Some(Ref::Id(only.id)))?;
            ctx.printer.note(&format!("working in `{}`, your only workspace", only.name));
        }
        ([], None) => {
            ctx.remember(None)?;
            ctx.printer.hint("make a workspace: `patr workspace create NAME`");
        }
        (_, None) => {
            ctx.remember(None)?;
            ctx.printer
                .hint("choose a workspace: `patr workspace use NAME`; `patr workspace list` shows them");
        }
    }
    Ok(Exit::Ok)
}
