//! `patr federation`.

mod add;
mod list;
mod remove;
mod show;

use patr_models::federation::Federation;

use super::{member::names, suggest};
use crate::{args::federation::Federation as Args, context::Context, failure::Outcome, text};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    let named = args.named().cloned();
    suggest::nearest(dispatch(args, ctx).await, named.as_ref(), ctx).await
}

async fn dispatch(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Add(args) => add::add(args, ctx).await,
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { name } => show::show(name, ctx).await,
        Args::Remove { name } => remove::remove(name, ctx).await,
    }
}

fn fields(federation: &Federation) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("name", federation.name.to_string()),
        ("issuer", federation.issuer.to_string()),
        ("audience", federation.audience.to_string()),
    ];
    fields.extend(federation.conditions.iter().map(|(claim, pattern)| ("claim", condition(claim, pattern))));
    fields.extend([
        ("roles", names(&federation.roles)),
        ("made by", federation.created_by.to_string()),
        ("created", text::time(federation.created_at)),
        ("id", federation.id.to_string()),
    ]);
    fields
}

/// As `--claim` takes it.
fn condition(claim: &str, pattern: &patr_models::federation::Pattern) -> String {
    format!("{claim}={pattern}")
}
