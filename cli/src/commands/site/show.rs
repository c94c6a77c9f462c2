//! `patr site show`.

use patr_models::{
    ids::{Ref, SiteId},
    site::{
        Site,
        get::{GetSite, Path},
    },
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome, text};

/// Show a site.
pub(super) async fn show(site: Ref<SiteId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, site };
    let site = ctx.client.call(plain::<GetSite>(path)).await?.body.0;
    ctx.printer.item(&site, &fields(&site))?;
    Ok(Exit::Ok)
}

fn fields(site: &Site) -> [(&'static str, String); 6] {
    [
        ("name", site.name.to_string()),
        ("id", site.id.to_string()),
        ("url", site.url.clone()),
        ("live version", text::or_dash(site.live)),
        ("answers", if site.running { "yes" } else { "no, it is stopped" }.to_owned()),
        ("changed", text::time(site.updated_at)),
    ]
}
