//! `patr federation show`.

use patr_models::{
    federation::get::{GetFederation, Path},
    ids::{FederationId, Ref},
};

use super::fields;
use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Show a federation.
pub(super) async fn show(federation: Ref<FederationId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, federation };
    let found = ctx.client.call(plain::<GetFederation>(path)).await?.body.0;
    ctx.printer.item(&found, &fields(&found))?;
    Ok(Exit::Ok)
}
