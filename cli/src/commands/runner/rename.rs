//! `patr runner rename`.

use patr_models::{
    ids::{Ref, RunnerId},
    name::Name,
    runner::rename::{Body, Path, RenameRunner},
};

use super::fields;
use crate::{client::with_body, context::Context, exit_code::Exit, failure::Outcome};

/// Rename a runner.
pub(super) async fn rename(runner: Ref<RunnerId>, name: Name, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, runner };
    let runner = ctx.client.call(with_body::<RenameRunner, _>(path, Body { name })).await?.body.0;
    ctx.printer.item(&runner, &fields(&runner))?;
    Ok(Exit::Ok)
}
