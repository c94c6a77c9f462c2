//! Who calls, and what is answered.

use bytes::Bytes;
use http::{Method, Request, Response};
use patr_models::{
    deployment::{self, Deployment, Placement},
    endpoint::{
        ApiEndpoint, Call, NoQuery, Reply,
        body::{Json, NoBody},
        client::{self, ResponseError},
        headers::{ETag, IfMatch, NoHeaders, Once},
    },
    error::ErrorBody,
    ids::{Ref, WorkspaceId},
    managed_url::{self, ManagedUrl, UrlOptions, create::NewTarget},
    page::{ListQuery, Page},
    runner::{self, RuntimeKind},
    secret::{self, Secret, SecretValue},
    volume::{self, Volume},
};

use super::{App, spec};

/// An answer as it is on the wire.
pub(crate) struct Answered(Response<Bytes>);

impl Answered {
    pub(super) fn new(response: Response<Bytes>) -> Self {
        Self(response)
    }

    pub(crate) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(crate) fn body(&self) -> &Bytes {
        self.0.body()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name).map(|value| value.to_str().unwrap())
    }

    /// What is wrong; an answer that says so in no envelope of ours fails the test.
    pub(crate) fn error(&self) -> ErrorBody {
        serde_json::from_slice(self.body()).unwrap_or_else(|_| panic!("no error of the API: {:?}", self.0))
    }

    /// The code of an error; empty for a success.
    pub(crate) fn code(&self) -> String {
        if self.0.status().is_success() { String::new() } else { self.error().code }
    }
}

/// What a client makes of an answer.
pub(crate) type Outcome<T> = Result<T, Box<ResponseError>>;

/// The code of an error; empty for a success.
pub(crate) fn code<T>(outcome: Outcome<T>) -> String {
    if outcome.is_ok() { String::new() } else { refusal(outcome).code }
}

/// What is wrong; a success fails the test.
pub(crate) fn refusal<T>(outcome: Outcome<T>) -> ErrorBody {
    match outcome.map_err(|error| *error) {
        Err(ResponseError::Api { body, .. }) => body,
        Err(error @ ResponseError::Unexpected { .. }) => panic!("{error}"),
        Ok(_) => panic!("it was not refused"),
    }
}

/// Who calls.
#[derive(Clone)]
pub(crate) struct Caller<'a> {
    pub(super) app: &'a App,
    pub(super) token: Option<String>,
    pub(super) workspace: Ref<WorkspaceId>,
}

impl<'a> Caller<'a> {
    pub(crate) fn app(&self) -> &'a App {
        self.app
    }

    /// The same in a copy of the installation.
    pub(crate) fn at<'b>(&self, app: &'b App) -> Caller<'b> {
        Caller { app, token: self.token.clone(), workspace: self.workspace.clone() }
    }

    pub(crate) fn with_token(&self, token: String) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    pub(crate) fn in_workspace(&self, workspace: &str) -> Self {
        Self { workspace: workspace.parse().unwrap(), ..self.clone() }
    }

    pub(crate) fn workspace(&self) -> Ref<WorkspaceId> {
        self.workspace.clone()
    }

    /// Calls any endpoint.
    pub(crate) fn send<E: ApiEndpoint>(&self, call: Call<E>) -> Outcome<Reply<E>> {
        let request = client::into_http(&call, "https://patr.example", self.token.as_deref()).unwrap();
        client::from_http::<E>(self.app.raw(request)).map_err(Box::new)
    }

    /// Sends anything at all, as JSON if it is something.
    pub(crate) fn raw(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answered {
        self.with_headers(method, path, &[("content-type", "application/json")], body)
    }

    /// Sends anything at all.
    pub(crate) fn with_headers(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answered(self.app.raw(request.body(body.into()).unwrap()))
    }

    /// A page of a list.
    pub(crate) fn list<E, T>(&self, path: E::Path, query: ListQuery) -> Outcome<Page<T>>
    where
        E: ApiEndpoint<
                Query = ListQuery,
                RequestHeaders = NoHeaders,
                Request = NoBody,
                Response = Json<Page<T>>,
            >,
    {
        let call = Call::<E> { path, query, headers: NoHeaders, body: NoBody };
        self.send(call).map(|reply| reply.body.0)
    }

    /// Calls an endpoint that takes neither query nor headers.
    pub(crate) fn call<E>(&self, path: E::Path, body: E::Request) -> Outcome<E::Response>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = NoHeaders>,
    {
        self.send(Call::<E> { path, query: NoQuery {}, headers: NoHeaders, body }).map(|reply| reply.body)
    }

    /// Calls an endpoint that makes something.
    pub(crate) fn create<E>(&self, path: E::Path, body: E::Request) -> Outcome<E::Response>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = Once>,
    {
        self.send(Call::<E> { path, query: NoQuery {}, headers: Once::NONE, body }).map(|reply| reply.body)
    }

    /// Calls an endpoint that changes something, whatever it has become.
    pub(crate) fn change<E>(&self, path: E::Path, body: E::Request) -> Outcome<E::Response>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = IfMatch>,
    {
        self.send(Call::<E> { path, query: NoQuery {}, headers: IfMatch::ANY, body }).map(|reply| reply.body)
    }

    /// As [`Self::change`], if the resource is still at this generation.
    pub(crate) fn change_at<E>(
        &self,
        generation: u64,
        path: E::Path,
        body: E::Request,
    ) -> Outcome<E::Response>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = IfMatch>,
    {
        let headers = IfMatch { if_match: Some(ETag::of(generation)), key: None };
        self.send(Call::<E> { path, query: NoQuery {}, headers, body }).map(|reply| reply.body)
    }

    /// Reads a resource.
    pub(crate) fn get<E>(&self, path: E::Path) -> Outcome<E::Response>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = NoHeaders, Request = NoBody>,
    {
        self.call::<E>(path, NoBody)
    }

    /// Adds a runner.
    pub(crate) fn runner(&self, name: &str) -> runner::RunnerWithToken {
        let body = runner::create::Body { name: name.parse().unwrap(), runtime: RuntimeKind::Docker };
        let path = runner::create::Path { workspace: self.workspace() };
        self.create::<runner::create::CreateRunner>(path, Json(body)).unwrap().0
    }

    /// Sets a secret.
    pub(crate) fn secret(&self, name: &str, value: &str) -> Outcome<Secret> {
        let path = secret::set::Path { workspace: self.workspace(), secret: name.parse().unwrap() };
        let value = SecretValue::Text(value.to_owned());
        self.call::<secret::set::SetSecret>(path, Json(secret::set::Body { value })).map(|set| set.0)
    }

    /// Makes a volume.
    pub(crate) fn volume(&self, name: &str, runner: &str, shared: bool) -> Outcome<Volume> {
        let path = volume::create::Path { workspace: self.workspace() };
        let (name, runner) = (name.parse().unwrap(), runner.parse().unwrap());
        let body = Json(volume::create::Body { name, runner, shared });
        self.create::<volume::create::CreateVolume>(path, body).map(|made| made.0)
    }

    /// Makes a deployment with an http port on a runner that is there.
    pub(crate) fn deploy(&self, name: &str, runner: &str) -> Deployment {
        let body = Json(deployment::create::Body {
            name: name.parse().unwrap(),
            runners: vec![Placement::on(runner.parse().unwrap())],
            spec: spec("web:1", &[80]),
            replicas: None,
            autoscale: None,
        });
        let path = deployment::create::Path { workspace: self.workspace() };
        self.create::<deployment::create::CreateDeployment>(path, body).unwrap().0
    }

    /// Makes a managed URL.
    pub(crate) fn url(&self, host: &str, target: NewTarget) -> Outcome<ManagedUrl> {
        let body = managed_url::create::Body {
            host: host.parse().unwrap(),
            path: None,
            target,
            options: UrlOptions::default(),
        };
        let path = managed_url::create::Path { workspace: self.workspace() };
        self.create::<managed_url::create::CreateUrl>(path, Json(body)).map(|made| made.0)
    }
}
