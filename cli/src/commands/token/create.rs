//! `patr token create`.

use patr_models::{
    ids::{Ref, WorkspaceId},
    token::create::{Body, CreateToken, Opening, Path},
};

use super::{grants, hand_over};
use crate::{
    args::token::Create,
    client::creating,
    context::{Context, now},
    failure::{Failure, Outcome},
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
async fn openings(args: &Create, ctx: &Context) -> Result<Option<Vec<Opening>>, Failure> {
    let workspaces = workspaces(args, ctx)?;
    if workspaces.is_empty() {
        return Ok(None);
    }
    let mut openings = Vec::new();
    for workspace in workspaces {
        let here = |of: &Option<Ref<WorkspaceId>>| of.as_ref().is_none_or(|of| *of == workspace);
        let mut granted = None;
        for allow in args.allow.iter().filter(|allow| here(&allow.workspace)) {
            let grants = grants::resolve(allow, &workspace, ctx).await?;
            granted.get_or_insert_with(Vec::new).extend(grants);
        }
        openings.push(Opening { workspace, grants: granted });
    }
    Ok(Some(openings))
}

/// Those that are named anywhere; the one in use, if something is allowed without saying where.
fn workspaces(args: &Create, ctx: &Context) -> Result<Vec<Ref<WorkspaceId>>, Failure> {
    let mut all = args.only_workspace.clone();
    if all.is_empty() && args.allow.iter().any(|allow| allow.workspace.is_none()) {
        all.push(ctx.workspace()?);
    }
    for named in args.allow.iter().filter_map(|allow| allow.workspace.as_ref()) {
        if !all.contains(named) {
            all.push(named.clone());
        }
    }
    Ok(all)
}
