//! What is asked of the objects of `patr-runners`.

use patr_models::{
    endpoint::{ApiEndpoint, Call, NoQuery, body::Json, body::NoBody, client, headers::NoHeaders},
    ids::RunnerId,
    internal::{RUNNER_HEADER, SECRET_HEADER, observe, revoke, wake},
    limits::TUNNEL_LANES,
    runner::Connection,
};
use worker::{ObjectNamespace, Request, Response, Result, Stub, console_error};

use crate::{answer::Fault, platform};

/// The base of requests to an object; no name is looked up.
const BASE: &str = "http://session";

/// The objects of runners.
pub(crate) struct Runners {
    sessions: ObjectNamespace,
    tunnels: ObjectNamespace,
    secret: String,
}

impl Runners {
    pub(crate) fn new(sessions: ObjectNamespace, tunnels: ObjectNamespace, secret: String) -> Self {
        Self { sessions, tunnels, secret }
    }

    /// Says that something changed. A hint: the session reads what is desired by itself, so losing it only delays.
    pub(crate) async fn wake(&self, runner: RunnerId) {
        let call =
            Call::<wake::Wake> { path: wake::Path {}, query: NoQuery {}, headers: NoHeaders, body: NoBody };
        if let Err(fault) = self.ask(self.session(runner), call).await {
            console_error!("{runner} was not woken: {fault}");
        }
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
        self.ask(self.session(runner), call).await.map(|Json(observed)| observed)
    }

    /// As [`Self::observe`]; a session that cannot be asked knows nothing, which is what is said.
    pub(crate) async fn look(&self, runner: RunnerId) -> observe::Observed {
        match self.observe(runner, None).await {
            Ok(observed) => observed,
            Err(fault) => {
                console_error!("{runner} cannot be observed: {fault}");
                observe::Observed {
                    version: 0,
                    connection: Connection::Never,
                    reported_at: None,
                    report: None,
                }
            }
        }
    }

    /// Ends session and lanes: their token is no longer good.
    pub(crate) async fn revoke(&self, runner: RunnerId) {
        let lanes = (0..TUNNEL_LANES).map(|lane| self.lane(runner, lane));
        for stub in std::iter::once(self.session(runner)).chain(lanes) {
            let call = Call::<revoke::Revoke> {
                path: revoke::Path {},
                query: NoQuery {},
                headers: NoHeaders,
                body: NoBody,
            };
            if let Err(fault) = self.ask(stub, call).await {
                console_error!("a connection of {runner} was not ended: {fault}");
            }
        }
    }

    /// Hands an agent's WebSocket to its session.
    pub(crate) async fn connect(&self, runner: RunnerId) -> Result<Response> {
        hand_over(self.session(runner)?, runner).await
    }

    /// Hands an agent's WebSocket to a lane.
    pub(crate) async fn connect_lane(&self, runner: RunnerId, lane: u8) -> Result<Response> {
        hand_over(self.lane(runner, lane)?, runner).await
    }

    /// The object of a lane.
    pub(crate) fn lane(&self, runner: RunnerId, lane: u8) -> Result<Stub> {
        self.tunnels.get_by_name(&format!("{runner}/{lane}"))
    }

    fn session(&self, runner: RunnerId) -> Result<Stub> {
        self.sessions.get_by_name(&runner.to_string())
    }

    async fn ask<E: ApiEndpoint>(
        &self,
        stub: Result<Stub>,
        call: Call<E>,
    ) -> std::result::Result<E::Response, Fault> {
        let request = client::into_http(&call, BASE, None).map_err(Fault::new)?;
        let mut request = platform::request(request)?;
        request.headers_mut()?.set(SECRET_HEADER, &self.secret)?;
        let response = platform::whole(stub?.fetch_with_request(request).await?).await?;
        client::from_http::<E>(response).map(|reply| reply.body).map_err(Fault::new)
    }
}

/// A request of ours: nothing that the agent sent reaches the object, but the wish to upgrade.
async fn hand_over(stub: Stub, runner: RunnerId) -> Result<Response> {
    let mut request = Request::new(BASE, worker::Method::Get)?;
    let headers = request.headers_mut()?;
    headers.set("upgrade", "websocket")?;
    headers.set(RUNNER_HEADER, &runner.to_string())?;
    stub.fetch_with_request(request).await
}
