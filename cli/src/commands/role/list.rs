//! `patr role list`.

use patr_models::role::{
    Role,
    list::{ListRoles, Path},
};

use crate::{args::ListArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// How long a list of permissions may be in a table.
const WIDTH: usize = 60;

/// List roles.
pub(super) async fn list(args: &ListArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let page = client::list::<ListRoles, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["NAME", "ALLOWS", "ID"], |role| {
        [role.role.name.to_string(), summary(role), text::or_dash(role.role.id)]
    })?;
    Ok(Exit::Ok)
}

/// How many permissions, and as many of them as fit.
fn summary(role: &Role) -> String {
    let names: Vec<_> = role.grants.iter().map(|grant| grant.permission.as_str()).collect();
    match names.len() {
        0 => "nothing".to_owned(),
        many => text::shortened(&format!("{many}: {}", names.join(" ")), WIDTH),
    }
}
