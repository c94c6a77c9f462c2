//! `patr federation remove`.

use patr_models::{
    federation::delete::{DeleteFederation, Path},
    ids::{FederationId, Ref},
};

use crate::{client::plain, context::Context, exit_code::Exit, failure::Outcome};

/// Trust no more.
pub(super) async fn remove(federation: Ref<FederationId>, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, federation: federation.clone() };
    ctx.client.call(plain::<DeleteFederation>(path)).await?;
    ctx.printer.note(&format!("removed `{federation}`: its tokens are refused from now on"));
    Ok(Exit::Ok)
}
