//! `patr role`.

mod create;
mod delete;
mod list;
pub(super) mod resources;
mod show;
mod update;

use patr_models::{
    auth::{Grant, Scope},
    role::Role,
};

use resources::Known;

use super::suggest;
use crate::{args::role::Role as Args, context::Context, failure::Outcome, text};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    let named = args.named().cloned();
    suggest::nearest(dispatch(args, ctx).await, named.as_ref(), ctx).await
}

async fn dispatch(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { name } => show::show(name, ctx).await,
        Args::Create { name, grants } => create::create(name, &grants, ctx).await,
        Args::Update { name, rename, grants } => update::update(name, rename, &grants, ctx).await,
        Args::Delete { name } => delete::delete(name, ctx).await,
    }
}

/// A role, with a line for each permission.
async fn print(role: &Role, ctx: &Context) -> Outcome<()> {
    let mut fields = vec![
        ("name", role.role.name.to_string()),
        ("id", text::or_dash(role.role.id)),
        ("changed", text::or_dash(role.updated_at.map(text::time))),
    ];
    fields.extend(allowed(&role.grants, ctx).await);
    ctx.printer.item(role, &fields)
}

/// A line for each permission, with the resources that it is for.
pub(super) async fn allowed(grants: &[Grant], ctx: &Context) -> Vec<(&'static str, String)> {
    // The JSON has ids.
    let known = if ctx.printer.is_json() { Known::default() } else { Known::of(grants, ctx).await };
    grants.iter().map(|grant| (grant.permission.as_str(), in_words(grant, &known))).collect()
}

fn in_words(grant: &Grant, known: &Known) -> String {
    let names = |ids: &std::collections::BTreeSet<String>| {
        ids.iter().map(|id| known.name(id)).collect::<Vec<_>>().join(", ")
    };
    match &grant.resources {
        Scope::All => "all".to_owned(),
        Scope::Only(ids) => format!("only {}", names(ids)),
        Scope::Except(ids) => format!("all but {}", names(ids)),
    }
}
