//! `patr site rollback`.

use patr_models::{
    ids::{Ref, SiteId},
    site::{
        VersionNumber,
        rollback::{Body, Path, RollBackSite},
    },
};

use super::answer;
use crate::{client::with_body, context::Context, failure::Outcome};

/// Make another version live.
pub(super) async fn rollback(site: Ref<SiteId>, version: Option<VersionNumber>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, site };
    let site = ctx.client.call(with_body::<RollBackSite, _>(path, Body { version })).await?.body.0;
    if let Some(live) = site.live {
        ctx.printer.note(&format!("version {live} of `{}` is live", site.name));
    }
    answer(&site, ctx)
}
