//! Until when an agent is sure to be the one that works. Later than that it changes nothing.
//!
//! One that was cut off goes on where it stood once it is reached again, with what was desired then: what the other has begun
//! meanwhile it would take away. So each request that changes something is held back here once the lease may have been taken,
//! until it has been renewed. Reading goes on, and with it what is forwarded, followed and carried out in pods.
//!
//! A machine that stood still with its clock is found out only when the lease is renewed next.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use kube::{
    Client,
    client::{Body, ClientBuilder},
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};
use tower::{BoxError, Service, filter::FilterLayer};

/// Shared by the lease, which prolongs it, and by the client whose requests it lets pass.
#[derive(Clone, Default)]
pub(super) struct Term(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// It has not begun, or was ended, when there is none.
    ends: watch::Sender<Option<Instant>>,
    held_back: Notify,
}

/// Why a request was not sent.
#[derive(Debug, thiserror::Error)]
#[error("the lease of this agent has run out, so that another one may work for its runner by now")]
pub(super) struct Over;

impl Term {
    pub(super) fn lasts_until(&self, moment: Instant) {
        self.0.ends.send_replace(Some(moment));
    }

    pub(super) fn end(&self) {
        self.0.ends.send_replace(None);
    }

    /// Waits until a request is held back.
    pub(super) async fn has_held_back(&self) {
        self.0.held_back.notified().await;
    }

    /// A client that changes nothing out of term.
    pub(super) fn client<S, B>(&self, builder: ClientBuilder<S>) -> Client
    where
        S: Service<Request<Body>, Response = Response<B>, Future: Send, Error: Into<BoxError>>
            + Send
            + 'static,
        B: hyper::body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let term = self.clone();
        builder.with_layer(&FilterLayer::new(move |request| term.admit(request))).build()
    }

    fn admit<B>(&self, request: Request<B>) -> Result<Request<B>, Over> {
        let lasts = self.0.ends.borrow().is_some_and(|ends| Instant::now() < ends);
        if lasts || request.method().is_safe() {
            return Ok(request);
        }
        self.0.held_back.notify_one();
        Err(Over)
    }
}
