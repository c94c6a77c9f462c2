//! Finding the managed URL that a person means.

use patr_models::{
    info::get::{GetInfo, Path as InfoPath},
    managed_url::{
        ManagedUrl,
        get::{GetUrl, Path},
        list::{self, ListUrls},
    },
    page::ListQuery,
};

use crate::{
    args::managed_url::{Place, UrlRef},
    client::{self, plain},
    context::Context,
    exit_code::Exit,
    failure::Failure,
};

/// `place` with a bare label taken under the installation's apps domain.
pub(super) async fn full(place: Place, ctx: &Context) -> Result<Place, Failure> {
    if place.host.as_str().contains('.') {
        return Ok(place);
    }
    let info = ctx.client.call(plain::<GetInfo>(InfoPath {})).await?.body.0;
    place.under(&info.apps_domain).map_err(|error| Failure::usage(format!("{error}")))
}

/// The managed URL with this id, or at this place.
pub(super) async fn find(url: UrlRef, ctx: &Context) -> Result<ManagedUrl, Failure> {
    let workspace = ctx.workspace()?;
    let place = match url {
        UrlRef::Id(url) => {
            return Ok(ctx.client.call(plain::<GetUrl>(Path { workspace, url })).await?.body.0);
        }
        UrlRef::Place(place) => full(place, ctx).await?,
    };
    let query = ListQuery { name: Some(place.host.to_string()), ..ListQuery::default() };
    let all = client::list::<ListUrls, _>(&ctx.client, list::Path { workspace }, query, usize::MAX).await?;
    let found = all.items.into_iter().find(|url| url.host == place.host && url.path == place.path);
    found.ok_or_else(|| {
        let path = if place.path.as_str() == "/" { "" } else { place.path.as_str() };
        Failure::new(Exit::NotFound, format!("there is no managed URL `{}{path}` here", place.host))
            .hint("`patr url list` shows them")
    })
}
