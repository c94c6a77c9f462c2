//! `patr site delete`.

use patr_models::{
    ids::{Ref, SiteId},
    site::delete::{DeleteSite, Path},
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Delete a site, its versions and its automatic URL.
pub(super) async fn delete(site: Ref<SiteId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, site: site.clone() };
    ctx.client.call(plain::<DeleteSite>(path)).await?;
    ctx.printer.note(&format!("deleted `{site}` and its versions"));
    Ok(Exit::Ok)
}
