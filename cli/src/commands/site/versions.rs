//! `patr site versions`.

use patr_models::{
    ids::{Ref, SiteId},
    site::versions::{ListVersions, Path},
};

use crate::{args::PageArgs, client, context::Context, exit_code::Exit, failure::Outcome, text};

/// List the versions of a site.
pub(super) async fn versions(site: Ref<SiteId>, args: &PageArgs, ctx: &Context) -> Outcome {
    let path = Path { workspace: ctx.workspace()?, site };
    let page = client::list::<ListVersions, _>(&ctx.client, path, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["VERSION", "LIVE", "FILES", "SIZE", "MADE", "PREVIEW", "UNTIL"], |version| {
        let preview = version.preview.as_ref();
        [
            version.number.to_string(),
            if version.live { "yes" } else { "" }.to_owned(),
            text::count(version.files),
            text::bytes(version.bytes),
            text::time(version.created_at),
            preview.map(|preview| preview.url.clone()).unwrap_or_default(),
            preview.map(|preview| text::time(preview.expires_at)).unwrap_or_default(),
        ]
    })?;
    Ok(Exit::Ok)
}
