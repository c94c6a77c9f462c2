//! `patr url update`.

use patr_models::{
    endpoint::{
        Call, NoQuery,
        body::Json,
        headers::{ETag, IfMatch},
    },
    managed_url::{
        create::NewTarget,
        update::{Body, Path, UpdateUrl},
    },
};

use super::{find, target};
use crate::{
    args::managed_url::UrlRef, client::new_key, context::Context, exit_code::Exit, failure::Outcome,
};

/// Change where a managed URL leads, unless somebody else has just done so.
pub(super) async fn update(url: UrlRef, to: NewTarget, ctx: &Context) -> Outcome {
    let found = find::find(url, ctx).await?;
    let call = Call::<UpdateUrl> {
        path: Path { workspace: ctx.workspace()?, url: found.id },
        query: NoQuery {},
        headers: IfMatch { if_match: Some(ETag::of(found.generation)), key: new_key() },
        body: Json(Body { target: to }),
    };
    let url = ctx.client.call(call).await?.body.0;
    ctx.printer.note(&format!("leads to {}", target(&url.target)));
    ctx.printer.answer(&url, Some(&url.url))?;
    Ok(Exit::Ok)
}
