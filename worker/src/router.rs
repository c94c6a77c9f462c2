//! A request of the API into a handler's call. Each `match` lists every route there is: one that is declared and
//! not handled does not compile.

use bytes::Bytes;
use http::{Method, Response, request::Parts};
use patr_models::{
    auth::prefix,
    endpoint::{ApiEndpoint, Call, body::RequestBody, body::ResponseBody, headers::Headers, server},
    error::Common,
    ids::UserId,
    routes::{ControlRoute, Found, Route},
};
use sha2::{Digest, Sha256};

use crate::{
    answer::{Answer, Failure, Fault, Refused, refused, respond, with_id},
    auth::Scheme,
    ctx::Ctx,
    db::idempotency,
    handlers::{
        audit, deployments, info, logs, managed_urls, runners, sites, tokens, users, versions, workspaces,
    },
    ingress::access,
    internal,
    platform::{self, Body},
};

/// Answers a request to the control host.
pub(crate) async fn serve(ctx: &Ctx, mut request: worker::Request) -> worker::Result<worker::Response> {
    let parts = platform::parts(&request)?;
    if parts.uri.path() == access::members::PATH {
        return access::log_in(ctx, request).await.or_else(|fault| {
            platform::log(format_args!("{}: {fault}", ctx.request));
            worker::Response::error("something went wrong on our side", 500)
        });
    }
    if !is_api(parts.uri.path()) {
        return crate::handlers::home(parts.uri.path());
    }
    match answer(ctx, &parts, &mut request).await {
        Outcome::Whole(response) => platform::response(response),
        Outcome::Streamed(response) => Ok(response),
    }
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/internal/")
}

/// What a request came to.
pub(crate) enum Outcome {
    Whole(Response<Bytes>),
    /// Goes on while it is read.
    Streamed(worker::Response),
}

/// Finds the route and has it answered.
pub(crate) async fn answer(ctx: &Ctx, parts: &Parts, body: &mut impl Body) -> Outcome {
    let (method, path) = (&parts.method, parts.uri.path());
    if path.starts_with("/internal/") {
        return Outcome::Whole(match ControlRoute::find(method, path) {
            Found::Route(route, params) => control(route, Input { ctx, parts, params: &params, body }).await,
            found => nowhere(ctx, parts, found),
        });
    }
    match Route::find(method, path) {
        Found::Route(route, params) => dispatch(route, Input { ctx, parts, params: &params, body }).await,
        found => Outcome::Whole(nowhere(ctx, parts, found)),
    }
}

fn nowhere<R>(ctx: &Ctx, parts: &Parts, found: Found<R>) -> Response<Bytes> {
    let method = parts.method.to_string();
    let error = match found {
        Found::OtherMethods(methods) => {
            let allowed: Vec<_> = methods.iter().map(|method: &Method| format!("`{method}`")).collect();
            Common::MethodNotAllowed { method, allowed: allowed.join(" and ") }
        }
        Found::Nothing | Found::Route(..) => {
            Common::NoSuchRoute { method, path: parts.uri.path().to_owned() }
        }
    };
    refused(&error.into(), ctx.request)
}

async fn control(route: ControlRoute, input: Input<'_, impl Body>) -> Response<Bytes> {
    match route {
        ControlRoute::GetDesired => run(input, internal::desired).await,
        ControlRoute::RecordFacts => run(input, internal::record).await,
    }
}

async fn dispatch(route: Route, input: Input<'_, impl Body>) -> Outcome {
    Outcome::Whole(match route {
        Route::GetInfo => run(input, info::get).await,
        Route::SignUp => run(input, users::sign_up).await,
        Route::LogIn => run(input, users::log_in).await,
        Route::LogOut => run(input, users::log_out).await,
        Route::WhoAmI => run(input, users::who_am_i).await,
        Route::CreateToken => run(input, tokens::create).await,
        Route::ListTokens => run(input, tokens::list).await,
        Route::RevokeToken => run(input, tokens::revoke).await,
        Route::CreateWorkspace => run(input, workspaces::create).await,
        Route::ListWorkspaces => run(input, workspaces::list).await,
        Route::GetWorkspace => run(input, workspaces::get).await,
        Route::RenameWorkspace => run(input, workspaces::rename).await,
        Route::DeleteWorkspace => run(input, workspaces::delete).await,
        Route::CreateRunner => run(input, runners::create).await,
        Route::ListRunners => run(input, runners::list).await,
        Route::GetRunner => run(input, runners::get).await,
        Route::RenameRunner => run(input, runners::rename).await,
        Route::RotateRunnerToken => run(input, runners::rotate_token).await,
        Route::DeleteRunner => run(input, runners::delete).await,
        Route::ConnectRunner => return stream(input, runners::connect).await,
        Route::ConnectTunnel => return stream(input, runners::connect_lane).await,
        Route::CreateDeployment => run(input, deployments::create).await,
        Route::ListDeployments => run(input, deployments::list).await,
        Route::GetDeployment => run(input, deployments::get).await,
        Route::UpdateDeployment => run(input, deployments::update).await,
        Route::StartDeployment => run(input, deployments::start).await,
        Route::StopDeployment => run(input, deployments::stop).await,
        Route::RestartDeployment => run(input, deployments::restart).await,
        Route::ScaleDeployment => run(input, deployments::scale).await,
        Route::RollBackDeployment => run(input, deployments::roll_back).await,
        Route::ListReleases => run(input, deployments::releases).await,
        Route::WatchDeployment => run(input, deployments::watch).await,
        Route::ReadLogs => return stream(input, logs::read).await,
        Route::DeleteDeployment => run(input, deployments::delete).await,
        Route::CreateSite => run(input, sites::create).await,
        Route::ListSites => run(input, sites::list).await,
        Route::GetSite => run(input, sites::get).await,
        Route::StartSite => run(input, sites::start).await,
        Route::StopSite => run(input, sites::stop).await,
        Route::SetSiteAccess => run(input, sites::set_access).await,
        Route::GetSiteStats => run(input, sites::stats).await,
        Route::MissingPacks => run(input, versions::missing_packs).await,
        Route::PutPack => run(input, versions::put_pack).await,
        Route::CreateVersion => run(input, versions::create).await,
        Route::ListVersions => run(input, versions::list).await,
        Route::GetManifest => run(input, versions::manifest).await,
        Route::RollBackSite => run(input, versions::roll_back).await,
        Route::DeleteSite => run(input, sites::delete).await,
        Route::CreateUrl => run(input, managed_urls::create).await,
        Route::ListUrls => run(input, managed_urls::list).await,
        Route::GetUrl => run(input, managed_urls::get).await,
        Route::UpdateUrl => run(input, managed_urls::update).await,
        Route::DeleteUrl => run(input, managed_urls::delete).await,
        Route::TestUrl => run(input, managed_urls::test).await,
        Route::ListAudit => run(input, audit::list).await,
    })
}

/// A request, found to be for an endpoint.
struct Input<'a, B> {
    ctx: &'a Ctx,
    parts: &'a Parts,
    params: &'a [String],
    body: &'a mut B,
}

/// What is read of the body of a refused request, in bytes.
const DRAIN: usize = 1024 * 1024;

type Caller<E> = <<E as ApiEndpoint>::Auth as Scheme>::Caller;

/// Who calls is asked before what is sent: a stranger learns nothing from how a body is wrong.
async fn run<E, H>(input: Input<'_, impl Body>, handler: H) -> Response<Bytes>
where
    E: ApiEndpoint<Auth: Scheme>,
    H: AsyncFn(&Ctx, Caller<E>, Call<E>) -> Answer<E>,
{
    let Input { ctx, parts, params, body } = input;
    match perform::<E, H>(Input { ctx, parts, params, body: &mut *body }, handler).await {
        Ok(response) => response,
        Err(stopped) => {
            // A body that nobody has read makes the platform reset the connection, and the answer may be lost with it.
            let _ = body.read(DRAIN).await;
            refused(&stopped, ctx.request)
        }
    }
}

async fn perform<E, H>(input: Input<'_, impl Body>, handler: H) -> Result<Response<Bytes>, Refused>
where
    E: ApiEndpoint<Auth: Scheme>,
    H: AsyncFn(&Ctx, Caller<E>, Call<E>) -> Answer<E>,
{
    let Input { ctx, parts, params, body } = input;
    let caller = E::Auth::identify::<E>(ctx, parts, params).await?;
    let body = body.read(if E::Request::MEDIA.is_some() { E::Request::LIMIT } else { 0 }).await?;
    let key = parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let declared = E::RequestHeaders::DOCS.iter().any(|doc| doc.name == "idempotency-key");
    let once = match (key.filter(|_| declared), E::Auth::user(&caller)) {
        (Some(key), Some(user)) => Some(Once { user, key, hash: request_hash(parts, &body) }),
        _ => None,
    };
    if let Some(once) = &once {
        if let Some(replay) = once.replay::<E>(ctx).await? {
            return Ok(replay);
        }
        ctx.reserve(idempotency::reserve(once.user, once.key, &once.hash, ctx.now));
    }
    let call = server::from_http::<E>(parts, params, body)?;
    let answer = handler(ctx, caller, call).await;
    let response = respond(&answer, ctx.request);
    if let (Some(once), Ok(_)) = (&once, &answer) {
        once.keep(ctx, &response).await;
    }
    Ok(response)
}

fn request_hash(parts: &Parts, body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(parts.method.as_str());
    hasher.update(parts.uri.to_string());
    hasher.update([0]);
    hasher.update(body);
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A write that must not happen twice.
struct Once<'a> {
    user: UserId,
    key: &'a str,
    hash: String,
}

impl Once<'_> {
    /// The answer that the first request with this key was given.
    async fn replay<E: ApiEndpoint>(&self, ctx: &Ctx) -> Result<Option<Response<Bytes>>, Refused> {
        let Some(row) = ctx.db.optional::<idempotency::Row>(idempotency::get(self.user, self.key)).await?
        else {
            return Ok(None);
        };
        if row.request_hash != self.hash {
            return Err(Common::KeyReused.into());
        }
        let (Some(status), Some(body)) = (row.status, row.body) else { return Err(Common::KeyInUse.into()) };
        let mut response = Response::builder().status(status);
        if let Some(media) = E::Response::MEDIA {
            response = response.header("content-type", media);
        }
        if let Some(etag) = row.etag {
            response = response.header("etag", etag);
        }
        let response = response.header("idempotency-replayed", "true").body(body.into());
        Ok(Some(with_id(response.map_err(Fault::new)?, ctx.request)))
    }

    async fn keep(&self, ctx: &Ctx, response: &Response<Bytes>) {
        // A secret is shown once and stored only as a hash: a repeated request is told to look, not given it again.
        if [prefix::SESSION, prefix::TOKEN, prefix::RUNNER]
            .iter()
            .any(|prefix| holds(response.body(), prefix))
        {
            return;
        }
        let etag = response.headers().get("etag").and_then(|etag| etag.to_str().ok());
        let body = String::from_utf8_lossy(response.body());
        let status = response.status().as_u16();
        let statement = idempotency::answer(self.user, self.key, status, etag, &body);
        if let Err(error) = ctx.db.batch(vec![statement]).await {
            platform::log(format_args!(
                "{}: an answer is not kept for its Idempotency-Key: {error}",
                ctx.request
            ));
        }
    }
}

fn holds(body: &[u8], prefix: &str) -> bool {
    body.windows(prefix.len()).any(|window| window == prefix.as_bytes())
}

/// As `run`, for an endpoint whose answer goes on while it is read.
async fn stream<E, H>(input: Input<'_, impl Body>, handler: H) -> Outcome
where
    E: ApiEndpoint<Auth: Scheme>,
    H: AsyncFn(&Ctx, Caller<E>, Call<E>) -> Result<worker::Response, Failure<E>>,
{
    let Input { ctx, parts, params, .. } = input;
    let outcome = async {
        let caller = E::Auth::identify::<E>(ctx, parts, params).await?;
        let call = server::from_http::<E>(parts, params, Bytes::new())?;
        Ok::<_, Refused>(handler(ctx, caller, call).await)
    };
    match outcome.await {
        Ok(Ok(response)) => Outcome::Streamed(response),
        Ok(Err(failure)) => Outcome::Whole(respond::<E>(&Err(failure), ctx.request)),
        Err(stopped) => Outcome::Whole(refused(&stopped, ctx.request)),
    }
}
