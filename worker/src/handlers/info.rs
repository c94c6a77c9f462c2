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

#[cfg(test)]
mod tests {
    use patr_models::info::get::Path;

    use super::*;
    use crate::testing::App;

    #[test]
    fn anyone_learns_where_apps_are_and_whether_sign_up_is_open() {
        let mut app = App::new();
        app.settings.sign_up_open = false;
        let info = app.anonymous().get::<GetInfo>(Path {}).unwrap().0;
        assert_eq!(
            (info.apps_domain.as_str(), info.apps_scheme.as_str(), info.sign_up_open),
            ("apps.example", "https", false)
        );
    }
}
