//! `patr runner remove`.

use patr_models::{
    ids::{Ref, RunnerId},
    runner::delete::{DeleteRunner, Path},
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Remove a runner that has neither deployments nor volumes.
pub(super) async fn remove(runner: Ref<RunnerId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, runner: runner.clone() };
    ctx.client.call(plain::<DeleteRunner>(path)).await?;
    ctx.printer.note(&format!("removed the runner `{runner}`"));
    Ok(Exit::Ok)
}
