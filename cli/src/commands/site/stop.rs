//! `patr site stop`.

use patr_models::{
    ids::{Ref, SiteId},
    site::stop::{Path, StopSite},
};

use super::answer;
use crate::{client::plain, context::Context, failure::Outcome};

/// Let a site answer 503 and keep its versions.
pub(super) async fn stop(site: Ref<SiteId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, site };
    answer(&ctx.client.call(plain::<StopSite>(path)).await?.body.0, ctx)
}
