//! `patr runner add`.

use patr_models::{
    name::Name,
    runner::{
        RuntimeKind,
        create::{Body, CreateRunner, Path},
    },
};

use super::install;
use crate::{client::creating, context::Context, exit_code::Exit, failure::Outcome};

/// Add a runner: its token on stdout, how to install its agent to people.
pub(super) async fn add(name: Name, runtime: RuntimeKind, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let made = ctx.client.call(creating::<CreateRunner, _>(path, Body { name, runtime })).await?.body.0;
    ctx.printer
        .note(&format!("added the runner `{}`; its token, which is not shown again:", made.runner.name));
    ctx.printer.answer(&made, Some(&made.token))?;
    ctx.printer.note(&install::instructions(runtime, ctx.client.base(), &made.token));
    Ok(Exit::Ok)
}
