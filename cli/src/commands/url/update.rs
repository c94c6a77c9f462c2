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
    args::{managed_url::UrlRef, url_options::OptionArgs},
    client::new_key,
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome},
};

/// Change where a managed URL leads, or how requests are treated, unless somebody else has just done so.
pub(super) async fn update(
    url: UrlRef,
    to: Option<NewTarget>,
    options: OptionArgs,
    ctx: &Context,
) -> Outcome {
    let found = find::find(url, ctx).await?;
    let options = options.apply(&found.options);
    let changed = (options != found.options).then_some(options);
    if to.is_none() && changed.is_none() {
        return Err(Failure::usage("nothing would change")
            .hint("`patr help url update` shows what can")
            .into());
    }
    let call = Call::<UpdateUrl> {
        path: Path { workspace: ctx.workspace()?, url: found.id },
        query: NoQuery {},
        headers: IfMatch { if_match: Some(ETag::of(found.generation)), key: new_key() },
        body: Json(Body { target: to, options: changed }),
    };
    let url = ctx.client.call(call).await?.body.0;
    ctx.printer.note(&format!("leads to {}", target(&url.target)));
    let options = super::options(&url.options);
    if !options.is_empty() {
        ctx.printer.note(&options.join(", "));
    }
    ctx.printer.answer(&url, Some(&url.url))?;
    Ok(Exit::Ok)
}
