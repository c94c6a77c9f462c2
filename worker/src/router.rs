//! A request of the API into a handler's call. Each `match` lists every route there is: one that is declared and
//! not handled does not compile.

mod once;

use std::pin::Pin;

use bytes::Bytes;
use http::{Method, Response, request::Parts};
use patr_models::{
    endpoint::{ApiEndpoint, Call, body::RequestBody, server},
    error::Common,
    routes::{ControlRoute, Found, Route},
};

use crate::{
    answer::{Answer, Failure, Refused, refused, respond},
    audit::denied,
    auth::Scheme,
    ctx::Ctx,
    dashboard,
    handlers::{
        self, account, audit, connect, deployments, device, exec, federations, info, invitations, live, logs,
        managed_urls, members, metrics, passkeys, requests, roles, runners, second_factor, secrets, sessions,
        sites, tokens, usage, users, versions, volumes, workspaces,
    },
    headers, internal, limits, oauth, pages,
    platform::{self, Body},
};
use once::Once;

/// Answers a request to the control host.
pub(crate) async fn serve(
    ctx: &Ctx,
    env: &worker::Env,
    mut request: worker::Request,
) -> worker::Result<worker::Response> {
    let parts = match platform::parts(&request) {
        Ok(parts) => parts,
        Err(error) => {
            let error = Common::Invalid { place: "the address".to_owned(), problem: error.to_string() };
            return platform::response(refused(&error.into(), ctx.request));
        }
    };
    ctx.comes_from(&parts.headers);
    if pages::is_page(parts.uri.path()) {
        return careful(ctx, pages::serve(ctx, &parts, &mut request).await?);
    }
    if oauth::is_ours(parts.uri.path()) {
        return careful(ctx, platform::response(oauth::answer(ctx, &parts, &mut request).await)?);
    }
    if let Some(file) = dashboard::find(parts.uri.path()) {
        let accept = platform::accept_encoding(request.inner());
        return careful(ctx, dashboard::serve(env, &parts, accept.as_deref(), file).await?);
    }
    if !is_api(parts.uri.path()) {
        return careful(ctx, handlers::home(parts.uri.path())?);
    }
    match answer(ctx, &parts, &mut request).await {
        Outcome::Whole(response) => platform::response(response),
        Outcome::Streamed(response) => careful(ctx, response),
    }
}

/// With the headers of [`headers`], which an answer that becomes a WebSocket has no use for.
fn careful(ctx: &Ctx, mut response: worker::Response) -> worker::Result<worker::Response> {
    if response.status_code() == SWITCHING_PROTOCOLS {
        return Ok(response);
    }
    let own = response.headers_mut();
    for (name, value) in headers::all(ctx.settings.is_https()) {
        if !own.has(name)? {
            own.set(name, value)?;
        }
    }
    Ok(response)
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
    ctx.comes_from(&parts.headers);
    let mut outcome = route(ctx, parts, body).await;
    if let Outcome::Whole(response) = &mut outcome {
        headers::add(response.headers_mut(), ctx.settings.is_https());
    }
    outcome
}

async fn route(ctx: &Ctx, parts: &Parts, body: &mut impl Body) -> Outcome {
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
            let allowed: Vec<_> = methods.iter().map(Method::as_str).collect();
            Common::MethodNotAllowed { method, allowed: allowed.join(", ") }
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
        Route::GetToken => run(input, tokens::get).await,
        Route::RotateToken => run(input, tokens::rotate).await,
        Route::AuthorizeDevice => run(input, device::authorize).await,
        Route::ExchangeDeviceCode => run(input, device::exchange).await,
        Route::CreateFederation => run(input, federations::create).await,
        Route::ListFederations => run(input, federations::list).await,
        Route::GetFederation => run(input, federations::get).await,
        Route::DeleteFederation => run(input, federations::delete).await,
        Route::CreateClient => run(input, handlers::oauth::create).await,
        Route::ListClients => run(input, handlers::oauth::list).await,
        Route::DeleteClient => run(input, handlers::oauth::delete).await,
        Route::ListAuthorizations => run(input, handlers::oauth::authorizations).await,
        Route::RevokeAuthorization => run(input, handlers::oauth::revoke).await,
        Route::CreateWorkspace => run(input, workspaces::create).await,
        Route::ListWorkspaces => run(input, workspaces::list).await,
        Route::GetWorkspace => run(input, workspaces::get).await,
        Route::RenameWorkspace => run(input, workspaces::rename).await,
        Route::DeleteWorkspace => run(input, workspaces::delete).await,
        Route::GetPermissions => run(input, workspaces::permissions).await,
        Route::LeaveWorkspace => run(input, workspaces::leave).await,
        Route::FollowWorkspace => {
            let upgrade = platform::asks_for_websocket(&input.parts.headers);
            return stream(input, async |ctx, caller, call| live::follow(ctx, caller, call, upgrade).await)
                .await;
        }
        Route::ListMembers => run(input, members::list).await,
        Route::GetMember => run(input, members::get).await,
        Route::SetMemberRoles => run(input, members::set_roles).await,
        Route::RemoveMember => run(input, members::remove).await,
        Route::CreateRole => run(input, roles::create).await,
        Route::ListRoles => run(input, roles::list).await,
        Route::GetRole => run(input, roles::get).await,
        Route::UpdateRole => run(input, roles::update).await,
        Route::DeleteRole => run(input, roles::delete).await,
        Route::CreateInvitation => run(input, invitations::create).await,
        Route::ListInvitations => run(input, invitations::list).await,
        Route::RevokeInvitation => run(input, invitations::revoke).await,
        Route::AcceptInvitation => run(input, invitations::accept).await,
        Route::SignUpByInvitation => run(input, invitations::sign_up).await,
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
        Route::CancelRollout => run(input, deployments::cancel).await,
        Route::ReadLogs => return stream(input, logs::read).await,
        Route::ReadRequests => return stream(input, requests::read).await,
        Route::ExecInDeployment => {
            let upgrade = platform::asks_for_websocket(&input.parts.headers);
            return stream(input, async |ctx, caller, call| exec::run(ctx, caller, call, upgrade).await)
                .await;
        }
        Route::ConnectToDeployment => {
            let upgrade = platform::asks_for_websocket(&input.parts.headers);
            return stream(input, async |ctx, caller, call| connect::open(ctx, caller, call, upgrade).await)
                .await;
        }
        Route::GetMetrics => run(input, metrics::get).await,
        Route::DeleteDeployment => run(input, deployments::delete).await,
        Route::SetSecret => run(input, secrets::set).await,
        Route::ListSecrets => run(input, secrets::list).await,
        Route::GetSecret => run(input, secrets::get).await,
        Route::DeleteSecret => run(input, secrets::delete).await,
        Route::CreateVolume => run(input, volumes::create).await,
        Route::ListVolumes => run(input, volumes::list).await,
        Route::GetVolume => run(input, volumes::get).await,
        Route::ReadVolume => return stream(input, volumes::read).await,
        Route::CopyVolume => run(input, volumes::copy).await,
        Route::CreateSnapshot => run(input, volumes::create_snapshot).await,
        Route::ListSnapshots => run(input, volumes::snapshots).await,
        Route::RestoreVolume => run(input, volumes::restore).await,
        Route::DeleteSnapshot => run(input, volumes::delete_snapshot).await,
        Route::DeleteVolume => run(input, volumes::delete).await,
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
        Route::GetUrlStats => run(input, managed_urls::stats).await,
        Route::ListAudit => run(input, audit::list).await,
        Route::ExportAudit => return stream(input, audit::export).await,
        Route::ListAccountAudit => run(input, audit::list_account).await,
        Route::ExportAccountAudit => return stream(input, audit::export_account).await,
        Route::GetUsage => run(input, usage::get).await,
        Route::UpdateProfile => run(input, account::update).await,
        Route::ChangeEmail => run(input, account::email::change).await,
        Route::SendVerification => run(input, account::email::send_verification).await,
        Route::VerifyEmail => run(input, account::email::verify).await,
        Route::ChangePassword => run(input, account::password::change).await,
        Route::RequestPasswordReset => run(input, account::password::request_reset).await,
        Route::ResetPassword => run(input, account::password::reset).await,
        Route::DeleteAccount => run(input, account::delete).await,
        Route::Prove => run(input, account::prove).await,
        Route::ListSessions => run(input, sessions::list).await,
        Route::EndSession => run(input, sessions::end).await,
        Route::EndOtherSessions => run(input, sessions::end_others).await,
        Route::GetSecondFactors => run(input, second_factor::get).await,
        Route::BeginTotp => run(input, second_factor::begin_totp).await,
        Route::EnableTotp => run(input, second_factor::enable_totp).await,
        Route::RemoveTotp => run(input, second_factor::remove_totp).await,
        Route::NewRecoveryCodes => run(input, second_factor::new_recovery_codes).await,
        Route::BeginPasskey => run(input, passkeys::begin).await,
        Route::AddPasskey => run(input, passkeys::add).await,
        Route::RemovePasskey => run(input, passkeys::remove).await,
        Route::BeginPasskeyLogIn => run(input, passkeys::begin_log_in).await,
        Route::LogInWithPasskey => run(input, passkeys::log_in).await,
    })
}

/// A request, found to be for an endpoint.
struct Input<'a, B> {
    ctx: &'a Ctx,
    parts: &'a Parts,
    params: &'a [String],
    body: &'a mut B,
}

/// The status of an answer that becomes a WebSocket.
const SWITCHING_PROTOCOLS: u16 = 101;
/// What is read of the body of a refused request, in bytes.
const DRAIN: usize = 1024 * 1024;

type Caller<E> = <<E as ApiEndpoint>::Auth as Scheme>::Caller;

/// What a handler does, on the heap: [`dispatch`] would be one future with room for each of them beside the others, and
/// tools take minutes over a function of that size.
type Running<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

fn run<'a, E, H>(input: Input<'a, impl Body>, handler: H) -> Running<'a, Response<Bytes>>
where
    E: ApiEndpoint<Auth: Scheme>,
    H: AsyncFn(&Ctx, Caller<E>, Call<E>) -> Answer<E> + 'a,
{
    Box::pin(whole::<E, H>(input, handler))
}

/// Who calls is asked before what is sent: a stranger learns nothing from how a body is wrong.
async fn whole<E, H>(input: Input<'_, impl Body>, handler: H) -> Response<Bytes>
where
    E: ApiEndpoint<Auth: Scheme>,
    H: AsyncFn(&Ctx, Caller<E>, Call<E>) -> Answer<E>,
{
    let Input { ctx, parts, params, body } = input;
    let response = match perform::<E, H>(Input { ctx, parts, params, body: &mut *body }, handler).await {
        Ok(response) => response,
        Err(stopped) => {
            // A body that nobody has read makes the platform reset the connection, and the answer may be lost with it.
            let _ = body.read(DRAIN).await;
            refused(&stopped, ctx.request)
        }
    };
    denied::note::<E>(ctx, parts, params, &response).await;
    response
}

async fn perform<E, H>(input: Input<'_, impl Body>, handler: H) -> Result<Response<Bytes>, Refused>
where
    E: ApiEndpoint<Auth: Scheme>,
    H: AsyncFn(&Ctx, Caller<E>, Call<E>) -> Answer<E>,
{
    let Input { ctx, parts, params, body } = input;
    limits::of_source::<E>(ctx).await?;
    let caller = E::Auth::identify::<E>(ctx, parts, params).await?;
    limits::of_user::<E>(ctx, E::Auth::user(&caller)).await?;
    let body = read_body::<E>(body).await?;
    let once = Once::of::<E>(parts, &body, E::Auth::user(&caller));
    let call = server::from_http::<E>(parts, params, body)?;
    let Some(once) = once else { return Ok(respond(&handler(ctx, caller, call).await, ctx.request)) };

    if let Some(replay) = once.replay::<E>(ctx).await? {
        return Ok(replay);
    }
    ctx.reservation.replace(Some(once.reservation()));
    let answer = handler(ctx, caller, call).await;
    // An equal request was faster by less than this one took to look for it.
    if let Err(Failure::Common(Common::KeyInUse)) = answer {
        return once.replay::<E>(ctx).await?.ok_or_else(|| Common::KeyInUse.into());
    }
    let response = respond(&answer, ctx.request);
    if answer.is_ok() {
        once.keep(ctx, &response).await;
    }
    Ok(response)
}

async fn read_body<E: ApiEndpoint>(body: &mut impl Body) -> Result<Bytes, Refused> {
    if E::Request::MEDIA.is_some() {
        return body.read(E::Request::LIMIT).await;
    }
    body.read(0).await.map_err(|refused| match refused {
        Refused::Common(Common::TooLarge { .. }) => {
            let problem = format!("`{}` takes none", E::NAME);
            Common::Invalid { place: "body".to_owned(), problem }.into()
        }
        other => other,
    })
}

/// As [`run`], for an endpoint whose answer goes on while it is read.
fn stream<'a, E, H>(input: Input<'a, impl Body>, handler: H) -> Running<'a, Outcome>
where
    E: ApiEndpoint<Auth: Scheme>,
    H: AsyncFn(&Ctx, Caller<E>, Call<E>) -> Result<worker::Response, Failure<E>> + 'a,
{
    Box::pin(streamed::<E, H>(input, handler))
}

async fn streamed<E, H>(input: Input<'_, impl Body>, handler: H) -> Outcome
where
    E: ApiEndpoint<Auth: Scheme>,
    H: AsyncFn(&Ctx, Caller<E>, Call<E>) -> Result<worker::Response, Failure<E>>,
{
    let Input { ctx, parts, params, .. } = input;
    let outcome = async {
        let caller = E::Auth::identify::<E>(ctx, parts, params).await?;
        limits::of_user::<E>(ctx, E::Auth::user(&caller)).await?;
        let call = server::from_http::<E>(parts, params, Bytes::new())?;
        Ok::<_, Refused>(handler(ctx, caller, call).await)
    };
    let response = match outcome.await {
        Ok(Ok(response)) => return Outcome::Streamed(response),
        Ok(Err(failure)) => respond::<E>(&Err(failure), ctx.request),
        Err(stopped) => refused(&stopped, ctx.request),
    };
    denied::note::<E>(ctx, parts, params, &response).await;
    Outcome::Whole(response)
}
