//! `patr runner show`.

use patr_models::{
    ids::{Ref, RunnerId},
    runner::get::{GetRunner, Path},
};

use super::fields;
use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Show a runner.
pub(super) async fn show(runner: Ref<RunnerId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, runner };
    let runner = ctx.client.call(plain::<GetRunner>(path)).await?.body.0;
    ctx.printer.item(&runner, &fields(&runner))?;
    Ok(Exit::Ok)
}
