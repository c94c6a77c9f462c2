//! `patr runner rotate-token`.

use patr_models::{
    ids::{Ref, RunnerId},
    runner::rotate_token::{Path, RotateRunnerToken},
};

use super::install;
use crate::{args::runner::Agent, client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Replace a runner's token.
pub(super) async fn rotate_token(runner: Ref<RunnerId>, agent: &Agent, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, runner };
    let made = ctx.client.call(plain::<RotateRunnerToken>(path)).await?.body.0;
    ctx.printer
        .note(&format!("the old token of `{}` is refused from now on; the new one:", made.runner.name));
    install::print(&made, agent, ctx.client.base(), &ctx.printer)?;
    Ok(Exit::Ok)
}
