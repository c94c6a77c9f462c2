//! Static sites.

use patr_models::{
    endpoint::{
        ApiEndpoint, Call, Reply,
        body::{Created, Json, NoContent},
        headers::NoHeaders,
    },
    ids::{Ref, SiteId},
    managed_url::PathPrefix,
    site::{
        Site,
        create::{self, CreateSite},
        delete::{self, DeleteSite},
        get::GetSite,
        list::ListSites,
        start::StartSite,
        stop::StopSite,
    },
};

use super::{
    absent,
    deployments::{automatic_host, is_host_taken},
    page,
};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        managed_urls::{self, New, To},
        sites::{self as db, Row},
    },
    routes_kv,
};

pub(crate) async fn create(ctx: &Ctx, caller: Member, call: Call<CreateSite>) -> Answer<CreateSite> {
    let name = call.body.0.name;
    let (id, host, path): (SiteId, _, _) =
        (ctx.id()?, automatic_host(ctx, &caller, &name)?, PathPrefix::root());
    let (workspace, now) = (caller.workspace, ctx.now);
    let mut statements = vec![db::insert(workspace, id, &name, now)];
    let url =
        New { id: ctx.id()?, workspace, host: &host, path: &path, to: To::Site(id), automatic: true, now };
    statements.extend(managed_urls::insert(&url));
    match ctx.write(&caller, audited::<CreateSite>(id, name.as_str()), statements).await {
        Err(error) if error.is_unique("sites.workspace_id") => {
            return Err(Failure::Api(create::Error::NameTaken { name }));
        }
        Err(error) if is_host_taken(&error) => {
            return Err(Failure::Api(create::Error::HostTaken { host: host.to_string() }));
        }
        outcome => outcome?,
    }
    routes_kv::publish(ctx).await;
    let row = find(ctx, &caller, &id.into()).await?;
    Ok(Reply::new(Created(model(ctx, row))))
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListSites>) -> Answer<ListSites> {
    let rows: Vec<Row> = ctx.db.fetch(db::list(caller.workspace, &call.query)).await?;
    Ok(Reply::new(Json(page(rows, &call.query, |row| row.id.to_string(), |row| model(ctx, row)))))
}

pub(crate) async fn get(ctx: &Ctx, caller: Member, call: Call<GetSite>) -> Answer<GetSite> {
    let row = find(ctx, &caller, &call.path.site).await?;
    Ok(Reply::new(Json(model(ctx, row))))
}

pub(crate) async fn start(ctx: &Ctx, caller: Member, call: Call<StartSite>) -> Answer<StartSite> {
    switch::<StartSite>(ctx, &caller, &call.path.site, true).await
}

pub(crate) async fn stop(ctx: &Ctx, caller: Member, call: Call<StopSite>) -> Answer<StopSite> {
    switch::<StopSite>(ctx, &caller, &call.path.site, false).await
}

async fn switch<E>(ctx: &Ctx, caller: &Member, site: &Ref<SiteId>, running: bool) -> Answer<E>
where
    E: ApiEndpoint<ResponseHeaders = NoHeaders, Response = Json<Site>>,
{
    let row = find(ctx, caller, site).await?;
    if row.running == running {
        return Ok(Reply::new(Json(model(ctx, row))));
    }
    let statements = vec![db::set_running(row.id, running, ctx.now), managed_urls::touch_leading_to(&row.id)];
    ctx.write(caller, audited::<E>(row.id, row.name.as_str()), statements).await?;
    routes_kv::publish(ctx).await;
    let row = find(ctx, caller, &row.id.into()).await?;
    Ok(Reply::new(Json(model(ctx, row))))
}

pub(crate) async fn delete(ctx: &Ctx, caller: Member, call: Call<DeleteSite>) -> Answer<DeleteSite> {
    let row = find(ctx, &caller, &call.path.site).await?;
    let url: Option<managed_urls::Row> = ctx.db.optional(managed_urls::leading_to(&row.id)).await?;
    if let Some(url) = url {
        return Err(Failure::Api(delete::Error::HasUrls { url: format!("{}{}", url.host, url.path) }));
    }
    let mut statements = vec![managed_urls::touch_leading_to(&row.id)];
    statements.extend(db::delete(row.id, ctx.now));
    ctx.write(&caller, audited::<DeleteSite>(row.id, row.name.as_str()), statements).await?;
    routes_kv::publish(ctx).await;
    Ok(Reply::new(NoContent))
}

pub(crate) async fn find(ctx: &Ctx, caller: &Member, reference: &Ref<SiteId>) -> Result<Row, Refused> {
    let row = ctx.db.optional(db::get(caller.workspace, reference)).await?;
    Ok(row.ok_or_else(|| absent("site", reference))?)
}

pub(crate) fn model(ctx: &Ctx, row: Row) -> Site {
    Site {
        id: row.id,
        name: row.name,
        live: row.live,
        manifest: row.manifest,
        running: row.running,
        url: ctx.settings.url(row.host.as_str()),
        generation: row.generation,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
