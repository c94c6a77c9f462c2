//! Someone who calls the API, through the same typed client as every program of ours.

use bytes::Bytes;
use patr_models::{
    deployment::{self, Deployment, Placement, PortSpec, Status, WorkloadSpec},
    endpoint::{
        ApiEndpoint, Call, NoQuery,
        body::{Json, NoBody},
        client::{self, ResponseError},
        headers::{IfMatch, NoHeaders, Once},
    },
    ids::{DeploymentId, Ref, WorkspaceId},
    runner::{self, RuntimeKind},
};

use crate::eventually;

/// Nobody, a person, or a program with a token.
#[derive(Clone)]
pub struct Caller {
    base: String,
    token: Option<String>,
    workspace: String,
    http: reqwest::Client,
}

/// A connection for each request: an edge that is killed takes idle ones along.
fn client() -> reqwest::Client {
    crate::http_client().pool_max_idle_per_host(0).build().unwrap()
}

impl Caller {
    /// Nobody.
    pub fn anonymous(base: String) -> Self {
        Self { base, token: None, workspace: "none".to_owned(), http: client() }
    }

    /// Whoever holds this token.
    pub fn with_token(&self, token: String) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// The same caller, speaking of this workspace.
    pub fn in_workspace(&self, name: &str) -> Self {
        Self { workspace: name.to_owned(), ..self.clone() }
    }

    /// What this caller proves itself with.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The workspace that this caller speaks of.
    pub fn workspace(&self) -> Ref<WorkspaceId> {
        self.workspace.parse().unwrap()
    }

    /// Calls an endpoint that takes neither query nor headers.
    pub async fn call<E>(&self, path: E::Path, body: E::Request) -> Result<E::Response, ResponseError>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = NoHeaders>,
    {
        self.send::<E>(Call { path, query: NoQuery {}, headers: NoHeaders, body }).await
    }

    /// Calls an endpoint that makes something.
    pub async fn call_once<E>(&self, path: E::Path, body: E::Request) -> Result<E::Response, ResponseError>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = Once>,
    {
        self.send::<E>(Call { path, query: NoQuery {}, headers: Once::NONE, body }).await
    }

    /// Calls an endpoint that changes something, whatever it has become.
    pub async fn change<E>(&self, path: E::Path, body: E::Request) -> Result<E::Response, ResponseError>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = IfMatch>,
    {
        self.send::<E>(Call { path, query: NoQuery {}, headers: IfMatch::ANY, body }).await
    }

    /// Calls any endpoint.
    pub async fn send<E: ApiEndpoint>(&self, call: Call<E>) -> Result<E::Response, ResponseError> {
        let request = client::into_http(&call, &self.base, self.token.as_deref()).unwrap();
        let response = self.http.execute(request.try_into().unwrap()).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let mut answer = http::Response::new(response.bytes().await.unwrap());
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        client::from_http::<E>(answer).map(|reply| reply.body)
    }

    /// Any request at all: status and the error's code, if it has one.
    pub async fn raw(&self, method: http::Method, path: &str, body: impl Into<Bytes>) -> (u16, String) {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).body(body.into());
        request = request.header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The text at a path, which must be answered with 200.
    pub async fn text(&self, path: &str) -> String {
        let token = self.token.as_deref().unwrap_or_default();
        let response = self.http.get(format!("{}{path}", self.base)).bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.text().await.unwrap()
    }

    /// Adds a runner; answers its token.
    pub async fn add_runner(&self, name: &str) -> String {
        let body = runner::create::Body { name: name.parse().unwrap(), runtime: RuntimeKind::Docker };
        let path = runner::create::Path { workspace: self.workspace() };
        self.call_once::<runner::create::CreateRunner>(path, Json(body)).await.unwrap().0.token
    }

    /// Whether a runner is online.
    pub async fn runner(&self, name: &str) -> runner::Connection {
        self.runner_as_shown(name).await.connection
    }

    /// A runner as it is now.
    pub async fn runner_as_shown(&self, name: &str) -> runner::Runner {
        let path = runner::get::Path { workspace: self.workspace(), runner: name.parse().unwrap() };
        self.call::<runner::get::GetRunner>(path, NoBody).await.unwrap().0
    }

    /// Makes a deployment of `spec` on runners with these weights.
    pub async fn deploy_on(
        &self,
        name: &str,
        runners: &[(&str, u8)],
        spec: WorkloadSpec,
    ) -> Result<Deployment, ResponseError> {
        let path = deployment::create::Path { workspace: self.workspace() };
        let (name, runners) = (name.parse().unwrap(), placements(runners));
        let body = deployment::create::Body { name, runners, spec, replicas: None, autoscale: None };
        self.call_once::<deployment::create::CreateDeployment>(path, Json(body))
            .await
            .map(|created| created.0)
    }

    /// Makes a deployment of `spec` on a runner.
    pub async fn deploy(
        &self,
        name: &str,
        runner: &str,
        spec: WorkloadSpec,
    ) -> Result<Deployment, ResponseError> {
        self.deploy_on(name, &[(runner, 1)], spec).await
    }

    /// Makes a new release of a deployment.
    pub async fn update(&self, name: &str, spec: WorkloadSpec) {
        let path = deployment::update::Path { workspace: self.workspace(), deployment: reference(name) };
        let body = deployment::update::Body { spec, runners: None, replicas: None, autoscale: None };
        self.change::<deployment::update::UpdateDeployment>(path, Json(body)).await.unwrap();
    }

    /// Wants so many replicas of a deployment.
    pub async fn scale(&self, name: &str, replicas: u32) {
        let path = deployment::scale::Path { workspace: self.workspace(), deployment: reference(name) };
        let body = Json(deployment::scale::Body { replicas, autoscale: None });
        self.change::<deployment::scale::ScaleDeployment>(path, body).await.unwrap();
    }

    /// Returns to the release before.
    pub async fn roll_back(&self, name: &str) {
        let path = deployment::rollback::Path { workspace: self.workspace(), deployment: reference(name) };
        let body = Json(deployment::rollback::Body::default());
        self.change::<deployment::rollback::RollBackDeployment>(path, body).await.unwrap();
    }

    /// Deletes a deployment.
    pub async fn delete(&self, name: &str) {
        let path = deployment::delete::Path { workspace: self.workspace(), deployment: reference(name) };
        self.change::<deployment::delete::DeleteDeployment>(path, NoBody).await.unwrap();
    }

    /// A deployment as it is now.
    pub async fn deployment(&self, name: &str) -> Deployment {
        let path = deployment::get::Path { workspace: self.workspace(), deployment: reference(name) };
        self.call::<deployment::get::GetDeployment>(path, NoBody).await.unwrap().0
    }

    /// Waits until a deployment's status is as wanted.
    pub async fn sees(&self, name: &str, wanted: impl Fn(&Status) -> bool) -> Deployment {
        eventually(&format!("the wanted status of `{name}`"), async || {
            let deployment = self.deployment(name).await;
            if wanted(&deployment.status) { Ok(deployment) } else { Err(deployment.status) }
        })
        .await
    }
}

/// A list of runners with their weights.
pub fn placements(runners: &[(&str, u8)]) -> Vec<Placement> {
    let placed = |&(runner, weight): &(&str, u8)| Placement { runner: runner.parse().unwrap(), weight };
    runners.iter().map(placed).collect()
}

/// A deployment by name.
pub fn reference(name: &str) -> Ref<DeploymentId> {
    name.parse().unwrap()
}

/// The example web server.
pub fn web(image: &str) -> WorkloadSpec {
    let mut spec = WorkloadSpec::of(image.parse().unwrap());
    spec.ports = vec![PortSpec { port: 8080, protocol: Default::default() }];
    spec
}

/// Serving with this many replicas.
pub fn live(replicas: u32) -> impl Fn(&Status) -> bool {
    move |status| matches!(status, Status::Live { ready } if *ready == replicas)
}
