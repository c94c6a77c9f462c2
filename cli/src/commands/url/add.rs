//! `patr url add`.

use patr_models::managed_url::{
    UrlOptions,
    create::{Body, CreateUrl, NewTarget, Path},
};

use super::{find, target};
use crate::{
    args::managed_url::Place, client::creating, context::Context, exit_code::Exit, failure::Outcome,
};

/// Make a managed URL.
pub(super) async fn add(place: Place, to: NewTarget, options: UrlOptions, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()? };
    let place = find::full(place, ctx).await?;
    let body = Body { host: place.host, path: Some(place.path), target: to, options };
    let url = ctx.client.call(creating::<CreateUrl, _>(path, body)).await?.body.0;
    ctx.printer.note(&format!("leads to {}", target(&url.target)));
    ctx.printer.answer(&url, Some(&url.url))?;
    Ok(Exit::Ok)
}
