//! `patr site start`.

use patr_models::{
    ids::{Ref, SiteId},
    site::start::{Path, StartSite},
};

use super::answer;
use crate::{client::plain, context::Context, failure::Outcome};

/// Let a stopped site answer again.
pub(super) async fn start(site: Ref<SiteId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, site };
    answer(&ctx.client.call(plain::<StartSite>(path)).await?.body.0, ctx)
}
