//! `patr token`.

mod create;
mod list;
mod revoke;
mod rotate;
mod show;

use patr_models::token::{NewToken, Opening, Token};

use super::suggest;
use crate::{args::token::Token as Args, context::Context, exit_code::Exit, failure::Outcome, text};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Create(args) => create::create(args, ctx).await,
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { name } => suggest::nearest(show::show(name.clone(), ctx).await, Some(&name), ctx).await,
        Args::Rotate { name, overlap } => {
            suggest::nearest(rotate::rotate(name.clone(), overlap, ctx).await, Some(&name), ctx).await
        }
        Args::Revoke { name } => {
            suggest::nearest(revoke::revoke(name.clone(), ctx).await, Some(&name), ctx).await
        }
    }
}

/// A new secret on stdout, the rest to people.
fn hand_over(made: &NewToken, what: &str, ctx: &Context) -> Outcome {
    ctx.printer.answer(made, Some(&made.secret))?;
    ctx.printer.note(&format!("{what}; it is not shown again"));
    Ok(Exit::Ok)
}

/// The workspaces that a token opens, as in a table.
fn workspaces(token: &Token) -> String {
    match token.workspaces.as_deref() {
        None => "all".to_owned(),
        Some([]) => "none that is left".to_owned(),
        Some([Opening { workspace, .. }]) => workspace.to_string(),
        Some(several) => text::counted(several.len(), "workspace"),
    }
}
