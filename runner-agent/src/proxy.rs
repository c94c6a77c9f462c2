//! What the streams of the tunnel lead to: replicas, their logs, commands in them, connections to them, and volumes.

mod exec;
mod http;
mod logs;
mod requests;
mod tcp;
mod volume;
mod websocket;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use patr_models::{
    ids::DeploymentId,
    wire::{OpenRequest, ResponseHead, VolumeWork, is_asked_again},
};
use tokio::sync::watch;

use crate::{
    access_log::AccessLog,
    backends::Backends,
    handover::Handover,
    runtime::{Address, ReplicaState, Runtime},
    store::Known,
    tunnel::{Reader, Writer},
    vault::Vault,
};
use http::{Ask, Body};

/// Fields that an answer may have: as many as fit a head at the edge, if each has some bytes. Others stop at 100.
const FIELDS_MAX: usize = 2000;

/// What streams lead to.
#[derive(Clone)]
pub(crate) struct Target<R> {
    backends: Backends,
    log: AccessLog,
    client: Client<HttpConnector, Body>,
    runtime: R,
    desired: watch::Receiver<Option<Arc<Known>>>,
    vault: Vault,
    handover: Handover,
}

impl<R: Runtime> Target<R> {
    pub(crate) fn new(
        (backends, runtime): (Backends, R),
        desired: watch::Receiver<Option<Arc<Known>>>,
        vault: Vault,
        handover: Handover,
    ) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        // Idle connections are closed before common servers would, who do it after 5 seconds and more.
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(4))
            .http1_max_headers(FIELDS_MAX)
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .build(connector);
        let log = backends.log().clone();
        Self { backends, log, client, runtime, desired, vault, handover }
    }

    /// Whether the agent is about to end.
    pub(crate) fn is_closing(&self) -> bool {
        self.handover.is_closing()
    }

    /// Serves one stream.
    pub(crate) async fn serve(self, request: OpenRequest, reader: Reader, writer: Writer) {
        let gone = writer.gone();
        let ask = match request {
            OpenRequest::Volume { work } => return self.work(work, reader, writer).await,
            OpenRequest::Http { deployment, port, method, target, headers } => {
                Ok(Ask { deployment, port, method, target, headers })
            }
            other => Err(other),
        };
        if let Ok(ask) = &ask
            && self.handover.is_closing()
            && reader.is_empty()
            && !ask.is_websocket()
            && is_asked_again(&ask.method)
        {
            // The edge asks once more, and whoever comes after this agent answers.
            return gone.await;
        }
        let _served = self.handover.serving();
        let serving = async {
            match ask {
                Ok(ask) => self.http(ask, reader, writer).await,
                Err(OpenRequest::Logs { deployment, follow, tail, replica, since, search }) => {
                    let wanted = logs::Wanted { deployment, follow, tail, replica, since, search };
                    self.logs(wanted, writer).await;
                }
                Err(OpenRequest::Exec { deployment, replica, command, tty }) => {
                    self.exec((deployment, replica), command, tty, (reader, writer)).await;
                }
                Err(OpenRequest::Tcp { deployment, port, replica }) => {
                    self.tcp((deployment, replica), port, (reader, writer)).await;
                }
                Err(OpenRequest::Requests { deployment, follow, tail }) => {
                    self.requests(deployment, follow, tail, writer).await;
                }
                Err(OpenRequest::Http { .. } | OpenRequest::Volume { .. }) => {}
            }
        };
        // Whoever asked has left: dropping the request closes its connection to the application. What serves looks first: a
        // WebSocket says goodbye.
        tokio::select! {
            biased;
            () = serving => {}
            () = gone => {}
        }
    }

    /// A replica that runs; one that serves when there is a choice.
    async fn replica(&self, deployment: DeploymentId, prefix: Option<&str>) -> Option<Running> {
        let runner = self.desired.borrow().as_ref().map(|known| known.runner.to_string())?;
        let here = self.runtime.observe(&runner).await.ok()?;
        let fit = here.into_iter().filter_map(|replica| match replica.state {
            ReplicaState::Running(address)
                if replica.deployment == deployment
                    && prefix.is_none_or(|prefix| replica.id.starts_with(prefix)) =>
            {
                Some(Running { id: replica.id, address })
            }
            _ => None,
        });
        let serves = |id: &str| self.backends.is_ready(deployment, id) == Some(true);
        fit.max_by_key(|replica| serves(&replica.id))
    }

    /// Work on a volume that was begun is brought to its end, whoever has left: halfway, it would be worth nothing.
    async fn work(self, work: VolumeWork, reader: Reader, writer: Writer) {
        let _served = self.handover.serving();
        let gone = writer.gone();
        let reads = matches!(work, VolumeWork::Read { .. });
        let working = volume::serve(self.runtime, work, reader, writer);
        tokio::select! {
            () = working => {}
            () = gone, if reads => {}
        }
    }
}

/// A replica that runs.
struct Running {
    id: String,
    address: Address,
}

/// The beginning of an answer, as it crosses a stream.
fn encode(head: &ResponseHead) -> Bytes {
    let json = serde_json::to_vec(head).unwrap_or_default();
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &json].concat().into()
}

/// An answer that is a sentence.
async fn refuse(writer: Writer, status: u16, sentence: String) {
    let head = encode(&ResponseHead { status, headers: Vec::new() });
    writer.finish_with([head, sentence.into()].concat().into()).await;
}
