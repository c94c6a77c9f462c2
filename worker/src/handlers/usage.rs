//! How much a workspace has.

use patr_models::{
    endpoint::{Call, Reply, body::Json},
    quota::usage::{GetUsage, Usages},
};

use crate::{answer::Answer, auth::Member, ctx::Ctx, quotas};

pub(crate) async fn get(ctx: &Ctx, caller: Member, _: Call<GetUsage>) -> Answer<GetUsage> {
    Ok(Reply::new(Json(Usages { items: quotas::usage(ctx, caller.workspace).await? })))
}
