//! Static sites.

use patr_models::{
    auth::Permission,
    endpoint::{
        ApiEndpoint, Call, Reply,
        body::{Created, Json, NoContent},
        headers::NoHeaders,
    },
    ids::{Ref, SiteId},
    managed_url::{PathPrefix, UrlOptions},
    site::{
        Access, Site,
        carry::day,
        create::{self, CreateSite},
        delete::{self, DeleteSite},
        get::GetSite,
        list::ListSites,
        set_access::{self, SetSiteAccess},
        start::StartSite,
        stats::{GetSiteStats, Stats},
        stop::StopSite,
    },
};

use super::{
    absent,
    deployments::{automatic_host, is_host_taken},
    page,
    users::hash_password,
};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        access,
        managed_urls::{self, New, To},
        site_days,
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
    let (to, options) = (To::Site(id), &UrlOptions::default());
    let url = New { id: ctx.id()?, workspace, host: &host, path: &path, to, options, automatic: true, now };
    statements.extend(managed_urls::insert(&url));
    match ctx.write(&caller, audited::<CreateSite>(id, name.as_str()).with("name", &name), statements).await {
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
    let rows: Vec<Row> =
        ctx.db.fetch(db::list(caller.workspace, caller.scope(Permission::SiteView), &call.query)).await?;
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
    let what = audited::<E>(row.id, row.name.as_str()).changing("running", &row.running, &running);
    ctx.write(caller, what, statements).await?;
    routes_kv::publish(ctx).await;
    let row = find(ctx, caller, &row.id.into()).await?;
    Ok(Reply::new(Json(model(ctx, row))))
}

pub(crate) async fn set_access(
    ctx: &Ctx,
    caller: Member,
    call: Call<SetSiteAccess>,
) -> Answer<SetSiteAccess> {
    let row = find(ctx, &caller, &call.path.site).await?;
    let (access, hash) = match &call.body.0 {
        set_access::Body::Public {} => (Access::Public, None),
        set_access::Body::Password { password } => {
            (Access::Password, Some(hash_password(password.reveal())?))
        }
        set_access::Body::Members {} => (Access::Members, None),
    };
    let statements =
        vec![access::set(row.id, access, hash.as_deref(), ctx.now), managed_urls::touch_leading_to(&row.id)];
    let what = audited::<SetSiteAccess>(row.id, row.name.as_str()).changing("access", &row.access, &access);
    ctx.write(&caller, what, statements).await?;
    routes_kv::publish(ctx).await;
    let row = find(ctx, &caller, &row.id.into()).await?;
    Ok(Reply::new(Json(model(ctx, row))))
}

pub(crate) async fn stats(ctx: &Ctx, caller: Member, call: Call<GetSiteStats>) -> Answer<GetSiteStats> {
    let row = find(ctx, &caller, &call.path.site).await?;
    let first = (day(ctx.now) + 1).saturating_sub(call.query.days());
    let days: Vec<site_days::Row> = ctx.db.fetch(site_days::since(row.id, first)).await?;
    Ok(Reply::new(Json(Stats { days: days.into_iter().map(Into::into).collect() })))
}

pub(crate) async fn delete(ctx: &Ctx, caller: Member, call: Call<DeleteSite>) -> Answer<DeleteSite> {
    let row = find(ctx, &caller, &call.path.site).await?;
    let url: Option<managed_urls::Row> = ctx.db.optional(managed_urls::leading_to(&row.id)).await?;
    if let Some(url) = url {
        return Err(Failure::Api(delete::Error::HasUrls { url: format!("{}{}", url.host, url.path) }));
    }
    let mut statements = vec![managed_urls::touch_leading_to(&row.id)];
    statements.extend(db::delete(row.id, ctx.now));
    let what = audited::<DeleteSite>(row.id, row.name.as_str());
    let what = what.without("live", &row.live).without("access", &row.access);
    ctx.write(&caller, what, statements).await?;
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
        access: row.access,
        url: ctx.settings.url(row.host.as_str()),
        generation: row.generation,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

#[cfg(test)]
mod tests {
    use patr_models::{
        endpoint::body::NoBody,
        ids::{Id, SiteId},
        site::stats::{self, Stats},
        time::Millis,
    };

    use super::*;
    use crate::{
        db::site_days::add,
        ingress::stats::Counts,
        testing::{App, Caller, site::DAY},
    };

    fn stats(owner: &Caller<'_>, days: Option<u16>) -> Stats {
        let path = stats::Path { workspace: owner.workspace(), site: "docs".parse().unwrap() };
        let query = stats::Query { days };
        let call = Call::<GetSiteStats> { path, query, headers: NoHeaders, body: NoBody };
        owner.send(call).unwrap().body.0
    }

    #[test]
    fn what_isolates_counted_adds_up_by_day_and_is_forgotten_after_a_year_and_a_bit() {
        let app = App::new();
        let owner = app.owner("acme");
        let site = owner.site().id;
        app.stay_logged_in();
        let today = day(app.now.get());
        let counts = Counts { requests: 3, bytes: 100, statuses: [1, 1, 1, 0], hits: 2 };
        let of = |site, day| ((site, day), counts);
        let gone = SiteId::from_parts(Millis(0), 0);
        app.batch(vec![add(&[of(site, today), of(site, today - 1), of(gone, today)])]).unwrap();
        app.batch(vec![add(&[of(site, today)])]).unwrap();
        let days = stats(&owner, None).days;
        let told: Vec<_> =
            days.iter().map(|day| (day.requests, day.bytes, day.status_3xx, day.cache_hits)).collect();
        assert_eq!(told, [(3, 100, 1, 2), (6, 200, 2, 4)]);
        assert_eq!(days[1].day, Millis(u64::from(today) * 86_400_000));
        assert_eq!(stats(&owner, Some(1)).days.len(), 1);
        app.pass(399 * DAY);
        app.sweep();
        assert_eq!(stats(&owner, Some(400)).days.len(), 1);
        app.pass(2 * DAY);
        app.sweep();
        assert_eq!(stats(&owner, Some(400)).days.len(), 0);
    }
}
