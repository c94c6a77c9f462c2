//! `patr workspace`.

mod create;
mod delete;
mod leave;
mod list;
mod permissions;
mod rename;
mod show;
mod switch;

use patr_models::workspace::Workspace;

use super::suggest;
use crate::{args::access::Workspace as Args, context::Context, failure::Outcome, text};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    let named = args.named().cloned();
    suggest::nearest(dispatch(args, ctx).await, named.as_ref(), ctx).await
}

async fn dispatch(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Create { name } => create::create(name, ctx).await,
        Args::List(args) => list::list(&args, ctx).await,
        Args::Use { name } => switch::switch(name, ctx).await,
        Args::Show { name } => show::show(name, ctx).await,
        Args::Rename { name, new_name } => rename::rename(name, new_name, ctx).await,
        Args::Permissions { name } => permissions::permissions(name, ctx).await,
        Args::Leave { name } => leave::leave(name, ctx).await,
        Args::Delete { name } => delete::delete(name, ctx).await,
    }
}

fn fields(workspace: &Workspace) -> [(&'static str, String); 3] {
    [
        ("name", workspace.name.to_string()),
        ("id", workspace.id.to_string()),
        ("created", text::time(workspace.created_at)),
    ]
}
