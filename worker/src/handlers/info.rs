//! What a client has to know before it logs in.

use patr_models::{
    endpoint::{Call, Reply, body::Json},
    info::get::{GetInfo, Info},
};

use crate::{answer::Answer, ctx::Ctx};

pub(crate) async fn get(ctx: &Ctx, (): (), _: Call<GetInfo>) -> Answer<GetInfo> {
    Ok(Reply::new(Json(Info {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        apps_domain: ctx.settings.apps_domain.clone(),
        apps_scheme: ctx.settings.apps_scheme.clone(),
        sign_up_open: ctx.settings.sign_up_open,
    })))
}
