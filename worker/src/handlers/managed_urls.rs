//! Hosts and paths, and what answers there.

mod explain;

use patr_models::{
    auth::Permission,
    deployment::Deployment,
    endpoint::{
        Call, Reply,
        body::{Created, Json, NoContent},
        headers::Tagged,
    },
    ids::ManagedUrlId,
    managed_url::{
        Host, ManagedUrl, PathPrefix, RouteTable, RouteTarget,
        create::{self, CreateUrl, NewTarget},
        delete::{self, DeleteUrl},
        get::GetUrl,
        list::ListUrls,
        stats::{GetUrlStats, Stats},
        test::{TestUrl, Verdict},
        update::{self, UpdateUrl},
    },
};

use explain::Asked;

use super::{
    absent, check_cursor,
    deployments::{self, TRIES, unchanged_since},
    page,
    targets::{Unusable, resolve},
};
use crate::{
    answer::{Answer, Failure, Fault, Refused},
    auth::Member,
    ctx::{Ctx, audited},
    db::{
        DbError,
        managed_urls::{self as db, Row},
        url_hours,
    },
    routes_kv,
};

impl From<Unusable> for Failure<CreateUrl> {
    fn from(unusable: Unusable) -> Self {
        Self::Api(match unusable {
            Unusable::NotFound { noun, name } => {
                create::Error::TargetNotFound { noun: noun.to_owned(), name }
            }
            Unusable::NoSuchPort { deployment, port } => create::Error::NoSuchPort { deployment, port },
            Unusable::NoHttpPort { deployment } => create::Error::NoHttpPort { deployment },
            Unusable::ProxyToSelf { url } => create::Error::ProxyToSelf { url },
            Unusable::Option(error) => {
                create::Error::OptionInvalid { field: error.field.to_owned(), problem: error.problem }
            }
            Unusable::Refused(refused) => return refused.into(),
        })
    }
}

impl From<Unusable> for Failure<UpdateUrl> {
    fn from(unusable: Unusable) -> Self {
        Self::Api(match unusable {
            Unusable::NotFound { noun, name } => {
                update::Error::TargetNotFound { noun: noun.to_owned(), name }
            }
            Unusable::NoSuchPort { deployment, port } => update::Error::NoSuchPort { deployment, port },
            Unusable::NoHttpPort { deployment } => update::Error::NoHttpPort { deployment },
            Unusable::ProxyToSelf { url } => update::Error::ProxyToSelf { url },
            Unusable::Option(error) => {
                update::Error::OptionInvalid { field: error.field.to_owned(), problem: error.problem }
            }
            Unusable::Refused(refused) => return refused.into(),
        })
    }
}

pub(crate) async fn create(ctx: &Ctx, caller: Member, call: Call<CreateUrl>) -> Answer<CreateUrl> {
    let create::Body { host, path, target, options } = call.body.0;
    let path = path.unwrap_or_else(PathPrefix::root);
    if !ctx.settings.allows(&host) {
        let apps_domain = ctx.settings.apps_host().to_owned();
        return Err(Failure::Api(create::Error::HostNotAllowed { host, apps_domain }));
    }
    let to = resolve(ctx, &caller, &target).await?;
    options.check(to.kind()).map_err(Unusable::from)?;
    let (id, workspace, now): (ManagedUrlId, _, _) = (ctx.id()?, caller.workspace, ctx.now);
    let new =
        db::New { id, workspace, host: &host, path: &path, to, options: &options, automatic: false, now };
    let url = format!("{host}{path}");
    let what = audited::<CreateUrl>(id, &url).with("target", &target).with("options", &options);
    match ctx.write(&caller, what, db::insert(&new)).await {
        Err(error) if error.is_unique("managed_urls.host") => {
            return Err(Failure::Api(create::Error::Taken { url }));
        }
        Err(error) if error.is_unique("hosts.host") => {
            return Err(Failure::Api(create::Error::HostTaken { host }));
        }
        Err(DbError::Reference) => return Err(gone(ctx, &caller, &target).await.into()),
        outcome => outcome?,
    }
    routes_kv::publish(ctx).await;
    let row = find(ctx, &caller, id).await?;
    Ok(Reply { headers: Tagged::of(row.generation), body: Created(model(ctx, &row)?) })
}

pub(crate) async fn list(ctx: &Ctx, caller: Member, call: Call<ListUrls>) -> Answer<ListUrls> {
    check_cursor::<ManagedUrlId>(&call.query)?;
    let rows: Vec<Row> =
        ctx.db.fetch(db::list(caller.workspace, caller.scope(Permission::UrlView), &call.query)).await?;
    let rows = page(rows, &call.query, |row| row.id.to_string(), |row| row);
    let items = rows.items.iter().filter_map(|row| row.model(&ctx.settings)).collect();
    Ok(Reply::new(Json(patr_models::page::Page { items, next: rows.next })))
}

pub(crate) async fn get(ctx: &Ctx, caller: Member, call: Call<GetUrl>) -> Answer<GetUrl> {
    let row = find(ctx, &caller, call.path.url).await?;
    Ok(Reply { headers: Tagged::of(row.generation), body: Json(model(ctx, &row)?) })
}

/// The target was found, and was deleted before something could lead to it: looked for again, to say what is missing.
async fn gone(ctx: &Ctx, caller: &Member, target: &NewTarget) -> Unusable {
    match resolve(ctx, caller, target).await {
        Err(unusable) => unusable,
        Ok(_) => Fault::new("a target that is there cannot be referred to").into(),
    }
}

pub(crate) async fn update(ctx: &Ctx, caller: Member, call: Call<UpdateUrl>) -> Answer<UpdateUrl> {
    let update::Body { target, options } = call.body.0;
    for _ in 0..TRIES {
        let row = find(ctx, &caller, call.path.url).await?;
        unchanged_since(&call.headers, row.generation)?;
        let url = format!("{}{}", row.host, row.path);
        if row.is_automatic() && target.is_some() {
            return Err(Failure::Api(update::Error::Automatic { url }));
        }
        let mut statements = vec![db::unchanged(row.id, row.generation)];
        let mut kind = row.kind;
        if let Some(target) = &target {
            let to = resolve(ctx, &caller, target).await?;
            kind = to.kind();
            statements.push(db::update(row.id, &to));
        }
        // Those that are there already have to make sense for a new target too.
        let wanted = options.as_ref().unwrap_or(&row.options);
        wanted.check(kind).map_err(Unusable::from)?;
        statements.extend(options.as_ref().map(|options| db::set_options(row.id, options)));
        statements.push(db::touch(&row.host));
        let mut what = audited::<UpdateUrl>(row.id, &url).changing("options", &row.options, wanted);
        if let (Some(from), Some(to)) = (row.model(&ctx.settings), &target) {
            what = what.without("target", &from.target).with("target", to);
        }
        match ctx.write(&caller, what, statements).await {
            Err(DbError::Stale) => continue,
            Err(DbError::Reference) if let Some(target) = &target => {
                return Err(gone(ctx, &caller, target).await.into());
            }
            outcome => outcome?,
        }
        routes_kv::publish(ctx).await;
        let row = find(ctx, &caller, row.id).await?;
        return Ok(Reply { headers: Tagged::of(row.generation), body: Json(model(ctx, &row)?) });
    }
    Err(DbError::Stale.into())
}

pub(crate) async fn delete(ctx: &Ctx, caller: Member, call: Call<DeleteUrl>) -> Answer<DeleteUrl> {
    for _ in 0..TRIES {
        let row = find(ctx, &caller, call.path.url).await?;
        unchanged_since(&call.headers, row.generation)?;
        let url = format!("{}{}", row.host, row.path);
        if row.is_automatic() {
            return Err(Failure::Api(delete::Error::Automatic { url }));
        }
        let statements =
            vec![db::unchanged(row.id, row.generation), db::delete(row.id), db::touch(&row.host)];
        let mut what = audited::<DeleteUrl>(row.id, &url).without("options", &row.options);
        if let Some(model) = row.model(&ctx.settings) {
            what = what.without("target", &model.target);
        }
        match ctx.write(&caller, what, statements).await {
            Err(DbError::Stale) => continue,
            outcome => outcome?,
        }
        routes_kv::publish(ctx).await;
        return Ok(Reply::new(NoContent));
    }
    Err(DbError::Stale.into())
}

pub(crate) async fn test(ctx: &Ctx, caller: Member, call: Call<TestUrl>) -> Answer<TestUrl> {
    let text = call.query.url.as_str();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    // A browser keeps the fragment to itself.
    let target = target.split('#').next().unwrap_or_default();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let path = if path.is_empty() { "/" } else { path };
    let silent = |summary: String| Verdict { summary, managed_url: None, forwards_to: None, published: true };

    let Ok(host) = crate::env::without_port(authority).parse::<Host>() else {
        return Ok(Reply::new(Json(silent(format!(
            "`{authority}` is not a host that could be served here"
        )))));
    };
    let row: Option<db::HostRow> = ctx.db.optional(db::host(&host)).await?;
    let Some(row) = row.filter(|row| row.workspace_id == caller.workspace) else {
        return Ok(Reply::new(Json(silent(format!("this workspace has no managed URL under `{host}`")))));
    };
    let table = RouteTable { workspace: caller.workspace, routes: routes_kv::routes(ctx, &host).await? };
    let published = row.published >= row.revision;
    let Some((route, rest)) = table.find(path) else {
        let summary = format!("no managed URL under `{host}` has a prefix of `{path}`: it would answer 404");
        return Ok(Reply::new(Json(Verdict { published, ..silent(summary) })));
    };
    if !caller.may(Permission::UrlView, &route.url) {
        return Ok(Reply::new(Json(silent(format!(
            "what is under `{host}{}` is not yours to see",
            route.path
        )))));
    }
    let url = model(ctx, &find(ctx, &caller, route.url).await?)?;
    let deployment = deployment(ctx, &caller, &route.to).await?;
    let asked = Asked { route, target: &url.target, deployment: deployment.as_ref(), rest, query };
    let (summary, forwards_to) = asked.explain();
    Ok(Reply::new(Json(Verdict { summary, managed_url: Some(url), forwards_to, published })))
}

/// The deployment that a route leads to, as it is now, if the caller may see it.
async fn deployment(ctx: &Ctx, caller: &Member, to: &RouteTarget) -> Result<Option<Deployment>, Refused> {
    let RouteTarget::Deployment { deployment, .. } = to else { return Ok(None) };
    if !caller.may(Permission::DeploymentView, deployment) {
        return Ok(None);
    }
    let row = deployments::find(ctx, caller, &(*deployment).into()).await?;
    Ok(Some(deployments::with_status(ctx, row).await))
}

pub(crate) async fn stats(ctx: &Ctx, caller: Member, call: Call<GetUrlStats>) -> Answer<GetUrlStats> {
    let row = find(ctx, &caller, call.path.url).await?;
    let first = (url_hours::hour(ctx.now) + 1).saturating_sub(call.query.hours().into());
    let hours: Vec<url_hours::Row> = ctx.db.fetch(url_hours::since(row.id, first)).await?;
    Ok(Reply::new(Json(Stats { hours: hours.into_iter().map(Into::into).collect() })))
}

async fn find(ctx: &Ctx, caller: &Member, id: ManagedUrlId) -> Result<Row, Refused> {
    let row = ctx.db.optional(db::get(caller.workspace, id)).await?;
    Ok(row.ok_or_else(|| absent("managed URL", id))?)
}

fn model(ctx: &Ctx, row: &Row) -> Result<ManagedUrl, Fault> {
    row.model(&ctx.settings)
        .ok_or_else(|| Fault::new(format!("the managed URL {} contradicts itself", row.id)))
}

#[cfg(test)]
#[path = "managed_urls_tests.rs"]
mod tests;
