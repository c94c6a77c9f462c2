//! `patr url remove`.

use patr_models::{
    endpoint::body::NoBody,
    managed_url::delete::{DeleteUrl, Path},
};

use super::find;
use crate::{
    args::managed_url::UrlRef, client::changing, context::Context, exit_code::Exit, failure::Outcome,
};

/// Remove a managed URL.
pub(super) async fn remove(url: UrlRef, ctx: &Context) -> Outcome {
    let found = find::find(url, ctx).await?;
    let path = Path { workspace: ctx.workspace()?, url: found.id };
    ctx.client.call(changing::<DeleteUrl>(path, NoBody)).await?;
    ctx.printer.note(&format!("removed {}", found.url));
    Ok(Exit::Ok)
}
