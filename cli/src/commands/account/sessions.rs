//! `patr account sessions`.

use patr_models::{
    ids::SessionId,
    session::{
        end::{self, EndSession},
        end_others::{self, EndOtherSessions},
        list::{self, ListSessions},
    },
};

use crate::{
    args::PageArgs,
    client::{self, plain},
    context::Context,
    exit_code::Exit,
    failure::Outcome,
    text,
};

pub(super) async fn list(args: &PageArgs, ctx: &Context) -> Outcome {
    let page = client::list::<ListSessions, _>(&ctx.client, list::Path {}, args.query(), args.most()).await?;
    ctx.printer.list(&page, ["DEVICE", "ADDRESS", "SINCE", "LAST USED", "ID"], |log_in| {
        let device = text::or_dash(Some(log_in.device.as_str()).filter(|device| !device.is_empty()));
        [
            if log_in.current { format!("{device} (this one)") } else { device },
            text::or_dash(log_in.address.as_deref()),
            text::time(log_in.created_at),
            text::time(log_in.last_used_at),
            log_in.id.to_string(),
        ]
    })?;
    Ok(Exit::Ok)
}

pub(super) async fn end(id: SessionId, ctx: &Context) -> Outcome {
    ctx.client.call(plain::<EndSession>(end::Path { session: id })).await?;
    ctx.printer.note(&format!("ended the login {id}"));
    Ok(Exit::Ok)
}

pub(super) async fn end_others(ctx: &Context) -> Outcome {
    ctx.client.call(plain::<EndOtherSessions>(end_others::Path {})).await?;
    ctx.printer.note("ended all of your logins but this one");
    Ok(Exit::Ok)
}
