//! Which runner is meant where none need be named.

use patr_models::{
    ids::{Ref, RunnerId},
    page::ListQuery,
    runner::list::{ListRunners, Path},
};

use crate::{
    client,
    context::Context,
    failure::{Failure, Outcome},
};

/// The runner that was given, or the only one there is.
pub(in crate::commands) async fn given_or_only(
    given: Option<&Ref<RunnerId>>,
    ctx: &Context,
) -> Outcome<Ref<RunnerId>> {
    if let Some(given) = given {
        return Ok(given.clone());
    }
    let path = Path { workspace: ctx.workspace()? };
    let runners = client::list::<ListRunners, _>(&ctx.client, path, ListQuery::default(), 20).await?.items;
    match &runners[..] {
        [only] => {
            ctx.printer.note(&format!("using `{}`, the only runner", only.name));
            Ok(Ref::Id(only.id))
        }
        [] => {
            Err(Failure::usage("this workspace has no runner").hint("add one: `patr runner add NAME`").into())
        }
        several => {
            let names = several.iter().map(|runner| runner.name.as_str()).collect::<Vec<_>>().join("`, `");
            Err(Failure::usage("say on which runner: `--runner NAME`")
                .hint(format!("there are `{names}`"))
                .into())
        }
    }
}
