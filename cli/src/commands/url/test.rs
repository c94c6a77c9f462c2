//! `patr url test`.

use patr_models::{
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    managed_url::{
        WebUrl,
        test::{Path, Query, TestUrl},
    },
};

use super::target;
use crate::{context::Context, exit_code::Exit, failure::Outcome, text};

/// Say what would answer at an address, without asking it.
pub(super) async fn test(url: WebUrl, ctx: &Context) -> Outcome {
    let call = Call::<TestUrl> {
        path: Path { workspace: ctx.workspace()? },
        query: Query { url },
        headers: NoHeaders,
        body: NoBody,
    };
    let verdict = ctx.client.call(call).await?.body.0;
    let url = verdict.managed_url.as_ref();
    let fields = [
        ("verdict", verdict.summary.clone()),
        ("managed url", text::or_dash(url.map(|url| &url.url))),
        ("leads to", text::or_dash(url.map(|url| target(&url.target)))),
        ("forwards to", text::or_dash(verdict.forwards_to.as_ref())),
        ("published", if verdict.published { "yes" } else { "not yet" }.to_owned()),
    ];
    ctx.printer.item(&verdict, &fields)?;
    Ok(Exit::Ok)
}
