//! `patr runner add`.

use patr_models::{
    name::Name,
    runner::{
        RuntimeKind,
        create::{Body, CreateRunner, Path},
    },
};

use super::install;
use crate::{args::runner::Agent, client::creating, context::Context, exit_code::Exit, failure::Outcome};

/// Add a runner: its token or its manifest on stdout, how to install its agent to people.
pub(super) async fn add(name: Name, runtime: RuntimeKind, agent: &Agent, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let made = ctx.client.call(creating::<CreateRunner, _>(path, Body { name, runtime })).await?.body.0;
    ctx.printer
        .note(&format!("added the runner `{}`; its token, which is not shown again:", made.runner.name));
    install::print(&made, agent, ctx.client.base(), &ctx.printer)?;
    Ok(Exit::Ok)
}
