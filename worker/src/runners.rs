//! What is asked of the objects of `patr-runners`.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures_util::future::{join_all, select_all, try_join_all};
use http::HeaderValue;
use patr_models::{
    deployment::metrics::Series,
    endpoint::{
        ApiEndpoint, Call, NoQuery,
        body::{Json, NoBody, NoContent},
        client,
        headers::NoHeaders,
    },
    ids::{DeploymentId, RunnerId, WorkspaceId},
    internal::{
        LISTENER_HEADER, OPEN_HEADER, RUNNER_HEADER, SECRET_HEADER, TROUBLE_HEADER, TunnelTrouble,
        WORKSPACE_HEADER,
        announce::{self, Announcement},
        metrics, observe, revoke, wake,
    },
    limits::TUNNEL_LANES,
    runner::Connection,
    wire::{HostHealth, ObservedDeployment, OpenRequest},
};
use worker::{ObjectNamespace, Request, Response, Result, Stub};

use crate::{answer::Fault, auth::Machine, platform};

/// The base of requests to an object; no name is looked up.
const BASE: &str = "http://session";
/// How often an object is told whose connections must end, before it is given up.
const REVOKE_TRIES: u8 = 3;

/// Where the objects are.
pub(crate) enum Objects {
    Bound {
        sessions: ObjectNamespace,
        tunnels: ObjectNamespace,
        feeds: ObjectNamespace,
    },
    #[cfg(test)]
    Fake(std::rc::Rc<crate::testing::FakeObjects>),
}

/// One object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object {
    Session(RunnerId),
    Lane(RunnerId, u8),
    Feed(WorkspaceId),
}

impl Objects {
    fn stub(&self, object: Object) -> Result<Stub> {
        match (self, object) {
            (Self::Bound { sessions, .. }, Object::Session(runner)) => {
                sessions.get_by_name(&runner.to_string())
            }
            (Self::Bound { tunnels, .. }, Object::Lane(runner, lane)) => {
                tunnels.get_by_name(&format!("{runner}/{lane}"))
            }
            (Self::Bound { feeds, .. }, Object::Feed(workspace)) => feeds.get_by_name(&workspace.to_string()),
            #[cfg(test)]
            (Self::Fake(_), _) => Err("a fake object has no sockets".into()),
        }
    }

    async fn send(
        &self,
        object: Object,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Bytes>, Fault> {
        match self {
            Self::Bound { .. } => {
                let response = self.stub(object)?.fetch_with_request(platform::request(request)?).await?;
                Ok(platform::whole(response).await?)
            }
            #[cfg(test)]
            Self::Fake(fake) => fake.answer(object, &request),
        }
    }
}

/// What several sessions know.
pub(crate) struct Seen(BTreeMap<RunnerId, observe::Observed>);

impl Seen {
    /// Grows with each word of any of the runners.
    pub(crate) fn version(&self) -> u64 {
        self.0.values().map(|observed| observed.version).sum()
    }

    /// Whether a runner is there; one that was not asked was never there.
    pub(crate) fn connection(&self, runner: RunnerId) -> &Connection {
        self.0.get(&runner).map_or(&Connection::Never, |observed| &observed.connection)
    }

    /// The last word of a runner on its machine.
    pub(crate) fn health(&self, runner: RunnerId) -> Option<&HostHealth> {
        self.0.get(&runner)?.report.as_ref()?.health.as_ref()
    }

    /// Whether what a runner has is known now: it is there, and so is its runtime.
    pub(crate) fn is_seen(&self, runner: RunnerId) -> bool {
        let connection = self.connection(runner);
        let online = matches!(connection, Connection::Online { .. });
        online && connection.runtime_away_since(self.health(runner)).is_none()
    }

    /// The last word of a runner on a deployment.
    pub(crate) fn deployment(&self, runner: RunnerId, id: DeploymentId) -> Option<&ObservedDeployment> {
        let report = self.0.get(&runner)?.report.as_ref()?;
        report.deployments.iter().find(|seen| seen.id == id)
    }
}

/// The objects of runners.
pub(crate) struct Runners {
    objects: Objects,
    secret: String,
}

impl Runners {
    pub(crate) fn new(objects: Objects, secret: String) -> Self {
        Self { objects, secret }
    }

    /// Says that something changed. A hint: the session reads what is desired by itself, so losing it only delays.
    pub(crate) async fn wake(&self, runner: RunnerId) {
        let call =
            Call::<wake::Wake> { path: wake::Path {}, query: NoQuery {}, headers: NoHeaders, body: NoBody };
        if let Err(fault) = self.ask(Object::Session(runner), call).await {
            platform::log(format_args!("{runner} was not woken: {fault}"));
        }
    }

    /// As [`Self::wake`], each of these.
    pub(crate) async fn wake_all(&self, runners: &BTreeSet<RunnerId>) {
        join_all(runners.iter().map(|&runner| self.wake(runner))).await;
    }

    /// Connection and last report; with `after`, once there is something newer.
    pub(crate) async fn observe(
        &self,
        runner: RunnerId,
        after: Option<u64>,
    ) -> std::result::Result<observe::Observed, Fault> {
        let query = observe::Query { after };
        let path = observe::Path {};
        let call = Call::<observe::Observe> { path, query, headers: NoHeaders, body: NoBody };
        self.ask(Object::Session(runner), call).await.map(|Json(observed)| observed)
    }

    /// As [`Self::observe`]; a session that cannot be asked knows nothing, which is what is said.
    pub(crate) async fn look(&self, runner: RunnerId) -> observe::Observed {
        match self.observe(runner, None).await {
            Ok(observed) => observed,
            Err(fault) => {
                platform::log(format_args!("{runner} cannot be observed: {fault}"));
                observe::Observed {
                    version: 0,
                    connection: Connection::Never,
                    reported_at: None,
                    report: None,
                }
            }
        }
    }

    /// As [`Self::look`], at each of these.
    pub(crate) async fn look_at(&self, runners: &BTreeSet<RunnerId>) -> Seen {
        let seen = join_all(runners.iter().map(|&runner| self.look(runner))).await;
        Seen(runners.iter().copied().zip(seen).collect())
    }

    /// What they know, once there is something newer than the version `after` of what was seen before.
    pub(crate) async fn news(
        &self,
        runners: &BTreeSet<RunnerId>,
        after: Option<u64>,
    ) -> std::result::Result<Seen, Fault> {
        let asked = try_join_all(runners.iter().map(|&runner| self.observe(runner, None))).await?;
        let mut seen = Seen(runners.iter().copied().zip(asked).collect());
        if after.is_some_and(|after| after == seen.version()) {
            let waiting = seen.0.iter().map(|(&runner, known)| {
                let known = known.version;
                Box::pin(async move { (runner, self.observe(runner, Some(known)).await) })
            });
            let waiting: Vec<_> = waiting.collect();
            if !waiting.is_empty() {
                let ((runner, newer), _, _) = select_all(waiting).await;
                seen.0.insert(runner, newer?);
            }
        }
        Ok(seen)
    }

    /// What the replicas of a deployment used.
    pub(crate) async fn metrics(
        &self,
        runner: RunnerId,
        query: metrics::Query,
    ) -> std::result::Result<Vec<Series>, Fault> {
        let path = metrics::Path {};
        let call = Call::<metrics::ReadMetrics> { path, query, headers: NoHeaders, body: NoBody };
        self.ask(Object::Session(runner), call).await.map(|Json(series)| series)
    }

    /// Opens a stream of a runner's tunnel and takes the whole of a short answer: on the first lane that is up.
    pub(crate) async fn perform(
        &self,
        runner: RunnerId,
        open: &OpenRequest,
    ) -> std::result::Result<std::result::Result<http::Response<Bytes>, TunnelTrouble>, Fault> {
        let encoded = URL_SAFE_NO_PAD.encode(serde_json::to_vec(open)?);
        for lane in 0..TUNNEL_LANES {
            let request = http::Request::get("http://tunnel/").header(OPEN_HEADER, &encoded);
            let request = request.body(Bytes::new()).map_err(Fault::new)?;
            let response = self.objects.send(Object::Lane(runner, lane), request).await?;
            let found = response.headers().get(TROUBLE_HEADER).and_then(|trouble| trouble.to_str().ok());
            match found.and_then(TunnelTrouble::from_header) {
                None => return Ok(Ok(response)),
                Some(TunnelTrouble::LaneDown) => {}
                Some(trouble) => return Ok(Err(trouble)),
            }
        }
        Ok(Err(TunnelTrouble::LaneDown))
    }

    /// Ends session and lanes: their token is no longer good. No hint, so it is said again when it was not heard.
    pub(crate) async fn revoke(&self, runner: RunnerId) {
        let lanes = (0..TUNNEL_LANES).map(|lane| Object::Lane(runner, lane));
        join_all(iter::once(Object::Session(runner)).chain(lanes).map(|object| self.end(object))).await;
    }

    async fn end(&self, object: Object) {
        for attempt in 1..=REVOKE_TRIES {
            let path = revoke::Path {};
            let call = Call::<revoke::Revoke> { path, query: NoQuery {}, headers: NoHeaders, body: NoBody };
            match self.ask(object, call).await {
                Ok(NoContent) => return,
                Err(fault) => {
                    platform::log(format_args!("attempt {attempt} to end {object:?} failed: {fault}"));
                }
            }
        }
    }

    /// Says to the feed of a workspace what has happened. A hint, but for whose connections end.
    pub(crate) async fn announce(&self, workspace: WorkspaceId, announcement: &Announcement) {
        let tries = if announcement.parted.is_some() { REVOKE_TRIES } else { 1 };
        for attempt in 1..=tries {
            let (path, body) = (announce::Path {}, Json(announcement.clone()));
            let call = Call::<announce::Announce> { path, query: NoQuery {}, headers: NoHeaders, body };
            match self.ask(Object::Feed(workspace), call).await {
                Ok(_) => return,
                Err(fault) => {
                    platform::log(format_args!(
                        "attempt {attempt} to tell the feed of {workspace} failed: {fault}"
                    ));
                }
            }
        }
    }

    /// Hands an agent's WebSocket to its session.
    pub(crate) async fn connect(&self, Machine { id, workspace }: Machine) -> Result<Response> {
        let headers = [(RUNNER_HEADER, id.to_string()), (WORKSPACE_HEADER, workspace.to_string())];
        hand_over(self.objects.stub(Object::Session(id))?, &headers).await
    }

    /// Hands an agent's WebSocket to a lane.
    pub(crate) async fn connect_lane(&self, runner: RunnerId, lane: u8) -> Result<Response> {
        hand_over(self.lane(runner, lane)?, &[(RUNNER_HEADER, runner.to_string())]).await
    }

    /// Hands somebody's WebSocket to the feed of a workspace, with the JSON of a `Listener`.
    pub(crate) async fn follow(&self, workspace: WorkspaceId, listener: &[u8]) -> Result<Response> {
        let headers = [(LISTENER_HEADER, URL_SAFE_NO_PAD.encode(listener))];
        hand_over(self.objects.stub(Object::Feed(workspace))?, &headers).await
    }

    /// The object of a lane.
    pub(crate) fn lane(&self, runner: RunnerId, lane: u8) -> Result<Stub> {
        self.objects.stub(Object::Lane(runner, lane))
    }

    async fn ask<E: ApiEndpoint>(
        &self,
        object: Object,
        call: Call<E>,
    ) -> std::result::Result<E::Response, Fault> {
        let mut request = client::into_http(&call, BASE, None).map_err(Fault::new)?;
        let secret = HeaderValue::from_str(&self.secret).map_err(Fault::new)?;
        request.headers_mut().insert(SECRET_HEADER, secret);
        let response = self.objects.send(object, request).await?;
        client::from_http::<E>(response).map(|reply| reply.body).map_err(Fault::new)
    }
}

/// A request of ours: nothing that was sent to us reaches the object, but the wish to upgrade.
async fn hand_over(stub: Stub, own: &[(&str, String)]) -> Result<Response> {
    let mut request = Request::new(BASE, worker::Method::Get)?;
    let headers = request.headers_mut()?;
    headers.set("upgrade", "websocket")?;
    for (name, value) in own {
        headers.set(name, value)?;
    }
    stub.fetch_with_request(request).await
}
