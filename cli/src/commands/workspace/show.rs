//! `patr workspace show`.

use patr_models::{
    endpoint::body::Json,
    ids::{Ref, WorkspaceId},
    quota::{
        Quota, Usage,
        usage::{self, GetUsage},
    },
    workspace::get::{GetWorkspace, Path},
};

use super::fields;
use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome, text};

/// Show a workspace, how much it has, and how much it may have.
pub(super) async fn show(name: Option<Ref<WorkspaceId>>, ctx: &Context) -> Outcome {
    let workspace = name.map_or_else(|| ctx.workspace(), Ok)?;
    let Json(workspace) = ctx.client.call(plain::<GetWorkspace>(Path { workspace })).await?.body;
    let mut lines = fields(&workspace).to_vec();
    // As JSON it is what the API answers for a workspace; `GET …/usage` answers the rest.
    if !ctx.printer.is_json() {
        let usage = plain::<GetUsage>(usage::Path { workspace: workspace.id.into() });
        lines.extend(ctx.client.call(usage).await?.body.0.items.iter().map(line));
    }
    ctx.printer.item(&workspace, &lines)?;
    Ok(Exit::Ok)
}

fn line(usage: &Usage) -> (&'static str, String) {
    let number =
        |number| if usage.quota == Quota::SiteBytes { text::bytes(number) } else { text::count(number) };
    let limit = usage.limit.map(|limit| format!(" of {}", number(limit))).unwrap_or_default();
    (usage.quota.noun(), format!("{}{limit}", number(usage.used)))
}
