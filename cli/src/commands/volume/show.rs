//! `patr volume show`.

use patr_models::{
    ids::{Ref, VolumeId},
    volume::get::{GetVolume, Path},
};

use super::answer;
use crate::{client::plain, context::Context, failure::Outcome};

/// Show a volume.
pub(super) async fn show(volume: Ref<VolumeId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, volume };
    answer(&ctx.client.call(plain::<GetVolume>(path)).await?.body.0, ctx)
}
