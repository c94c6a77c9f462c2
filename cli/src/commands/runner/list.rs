//! `patr runner list`.

use patr_models::runner::list::{ListRunners, Path};

use super::connection;
use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome};

/// List runners.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let page = client::list::<ListRunners, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["NAME", "RUNTIME", "CONNECTION", "ID"], |runner| {
        [
            runner.name.to_string(),
            runner.runtime.as_str().to_owned(),
            connection(&runner.connection),
            runner.id.to_string(),
        ]
    })?;
    ctx.printer.first_step(&page, args, "`patr runner add NAME` lets a machine join");
    Ok(Exit::Ok)
}
