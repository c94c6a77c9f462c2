//! `patr secret list`.

use patr_models::secret::list::{ListSecrets, Path};

use super::users;
use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// List secrets, without their values.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let page = client::list::<ListSecrets, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["NAME", "VERSION", "SET", "USED BY"], |secret| {
        [secret.name.to_string(), secret.version.to_string(), text::time(secret.updated_at), users(secret)]
    })?;
    ctx.printer.first_step(&page, args, "`patr secret set NAME` makes one");
    Ok(Exit::Ok)
}
