//! `patr federation`.

mod add;
mod list;
mod remove;
mod show;

use patr_models::federation::Federation;

use super::suggest;
use crate::{args::federation::Federation as Args, context::Context, failure::Outcome, text};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Add(args) => add::add(args, ctx).await,
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { name } => suggest::nearest(show::show(name.clone(), ctx).await, Some(&name), ctx).await,
        Args::Remove { name } => {
            suggest::nearest(remove::remove(name.clone(), ctx).await, Some(&name), ctx).await
        }
    }
}

fn roles(federation: &Federation) -> String {
    let names: Vec<&str> = federation.roles.iter().map(|role| role.name.as_str()).collect();
    names.join(", ")
}

fn conditions(federation: &Federation) -> String {
    let said = federation.conditions.iter().map(|(claim, pattern)| format!("{claim}={pattern}"));
    said.collect::<Vec<_>>().join(", ")
}

fn fields(federation: &Federation) -> Vec<(&'static str, String)> {
    vec![
        ("name", federation.name.to_string()),
        ("issuer", federation.issuer.to_string()),
        ("audience", federation.audience.clone()),
        ("claims", conditions(federation)),
        ("roles", roles(federation)),
        ("made by", federation.created_by.to_string()),
        ("created", text::time(federation.created_at)),
        ("id", federation.id.to_string()),
    ]
}
