//! `patr token create`.

use patr_models::token::create::{Body, CreateToken, Opening, Path};

use super::hand_over;
use crate::{
    args::token::Create,
    client::creating,
    commands::role::resources::grants_in,
    context::{Context, now},
    failure::Outcome,
    text,
};

/// Make an API token: its secret on stdout, the rest to people.
pub(super) async fn create(args: Create, ctx: &Context) -> Outcome {
    let now = now();
    let body = Body {
        workspaces: openings(&args, ctx).await?,
        name: args.name,
        networks: args.from,
        not_before: args.not_before.map(|moment| moment.from(now)),
        expires_at: args.expires_in.map(|time| now + time),
    };
    let made = ctx.client.call(creating::<CreateToken, _>(Path {}, body)).await?.body.0;
    let expiry = made
        .token
        .expires_at
        .map_or_else(|| "does not expire".to_owned(), |at| format!("expires at {}", text::time(at)));
    hand_over(&made, &format!("made the token `{}`, which {expiry}", made.token.name), ctx)
}

/// What it opens; everything if nothing is said.
async fn openings(args: &Create, ctx: &Context) -> Outcome<Option<Vec<Opening>>> {
    let mut workspaces = args.only_workspace.clone();
    let is_limited = !args.grants.allowed.is_empty();
    if workspaces.is_empty() && is_limited {
        workspaces.push(ctx.workspace()?);
    }
    let mut openings = Vec::new();
    for workspace in workspaces {
        let grants = if is_limited { Some(grants_in(&args.grants, &workspace, ctx).await?) } else { None };
        openings.push(Opening { workspace, grants });
    }
    Ok((!openings.is_empty()).then_some(openings))
}
