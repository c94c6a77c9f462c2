//! `patr url show`.

use super::{fields, find};
use crate::{args::managed_url::UrlRef, context::Context, exit_code::Exit, failure::Outcome};

/// Show a managed URL.
pub(super) async fn show(url: UrlRef, ctx: &Context) -> Outcome {
    let url = find::find(url, ctx).await?;
    ctx.printer.item(&url, &fields(&url))?;
    Ok(Exit::Ok)
}
