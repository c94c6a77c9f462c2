//! `patr secret`.

mod delete;
mod list;
mod roll_out;
mod set;
mod show;
mod value;

use patr_models::secret::{Secret, UsedBy};

use super::suggest;
use crate::{args::secret::Secret as Args, context::Context, failure::Outcome};

pub(super) async fn run(args: Args, ctx: &Context) -> Outcome {
    let named = args.named().cloned();
    suggest::nearest_secret(dispatch(args, ctx).await, named.as_ref(), ctx).await
}

async fn dispatch(args: Args, ctx: &Context) -> Outcome {
    match args {
        Args::Set(args) => set::set(args, ctx).await,
        Args::RollOut { name, wait } => roll_out::roll_out(name, &wait, ctx).await,
        Args::List(args) => list::list(&args, ctx).await,
        Args::Show { name } => show::show(name, ctx).await,
        Args::Delete { name } => delete::delete(name, ctx).await,
    }
}

/// The deployments that use an older version than the newest.
fn behind(secret: &Secret) -> Vec<&UsedBy> {
    secret.used_by.iter().filter(|used| used.version < secret.version).collect()
}

/// Deployments with the version that each uses.
fn users(secret: &Secret) -> String {
    let user = |used: &UsedBy| format!("{}@{}", used.deployment, used.version);
    let all = secret.used_by.iter().map(user).collect::<Vec<_>>().join(" ");
    if all.is_empty() { "-".to_owned() } else { all }
}
