//! `patr token create`.

use std::time::{Duration, SystemTime};

use patr_models::{
    ids::{Ref, WorkspaceId},
    name::Name,
    time::Millis,
    token::create::{Body, CreateToken, Path},
};

use crate::{client::creating, context::Context, exit_code::Exit, failure::Outcome, text};

/// Make an API token: its secret on stdout, the rest to people.
pub(super) async fn create(
    name: Name,
    workspace: Option<Ref<WorkspaceId>>,
    expires_in: Option<Duration>,
    ctx: &Context,
) -> Outcome {
    let body = Body { name, workspace, expires_at: expires_in.map(|time| now() + time) };
    let made = ctx.client.call(creating::<CreateToken, _>(Path {}, body)).await?.body.0;
    ctx.printer.answer(&made, Some(&made.secret))?;
    let expiry = made
        .token
        .expires_at
        .map_or_else(|| "does not expire".to_owned(), |at| format!("expires at {}", text::time(at)));
    ctx.printer.note(&format!("made the token `{}`, which {expiry}; it is not shown again", made.token.name));
    Ok(Exit::Ok)
}

fn now() -> Millis {
    #[expect(clippy::disallowed_methods, reason = "the edge of the program: a person's time from now")]
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
