//! Objects of `patr-runners` that a test scripts.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use patr_models::{
    ids::{RunnerId, WorkspaceId},
    internal::{
        OPEN_HEADER, SECRET_HEADER, TROUBLE_HEADER, TunnelTrouble, announce::Announcement, observe::Observed,
    },
    runner::Connection,
    wire::{OpenRequest, VolumeWork},
};

use super::INTERNAL;
use crate::{answer::Fault, runners::Object};

/// Objects of `patr-runners` that know what a test tells them and remember what they were asked.
#[derive(Default)]
pub(crate) struct FakeObjects {
    observed: RefCell<HashMap<RunnerId, Observed>>,
    asked: RefCell<Vec<(Object, String)>>,
    /// How many more requests fail.
    failing: Cell<usize>,
    down: Cell<u8>,
    refusal: RefCell<Option<String>>,
    worked: RefCell<Vec<VolumeWork>>,
    announced: RefCell<Vec<(WorkspaceId, Announcement)>>,
}

impl FakeObjects {
    pub(crate) fn answer(&self, object: Object, request: &Request<Bytes>) -> Result<Response<Bytes>, Fault> {
        if let Some(left) = self.failing.get().checked_sub(1) {
            self.failing.set(left);
            return Err(Fault::new("the object is overloaded"));
        }
        if let Some(open) = request.headers().get(OPEN_HEADER) {
            let open = URL_SAFE_NO_PAD.decode(open).map_err(Fault::new)?;
            return self.open(object, serde_json::from_slice(&open)?);
        }
        assert_eq!(request.headers()[SECRET_HEADER], INTERNAL, "an object answers nobody else");
        let path = request.uri().path().to_owned();
        let body = match (object, path.as_str()) {
            (Object::Session(runner), "/session/v1/observe") => {
                let observed = self.observed.borrow();
                Bytes::from(serde_json::to_vec(observed.get(&runner).unwrap_or(&NEVER))?)
            }
            (Object::Session(_), "/session/v1/metrics") => Bytes::from_static(b"[]"),
            (Object::Feed(workspace), "/feed/v1/announce") => {
                self.announced.borrow_mut().push((workspace, serde_json::from_slice(request.body())?));
                Bytes::new()
            }
            _ => Bytes::new(),
        };
        self.asked.borrow_mut().push((object, path));
        let status = if body.is_empty() { StatusCode::NO_CONTENT } else { StatusCode::OK };
        Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(body)
            .map_err(Fault::new)
    }

    /// What an agent answers to an opened stream.
    fn open(&self, object: Object, open: OpenRequest) -> Result<Response<Bytes>, Fault> {
        let OpenRequest::Volume { work } = open else { return Err(Fault::new("no answer to that is short")) };
        let response = Response::builder();
        let down = matches!(object, Object::Lane(_, lane) if lane < self.down.get());
        let response = match self.refusal.borrow().clone() {
            _ if down => response.header(TROUBLE_HEADER, TunnelTrouble::LaneDown.as_str()).body(Bytes::new()),
            Some(sentence) => response.status(409).body(sentence.into()),
            None => {
                self.worked.borrow_mut().push(work);
                let snapshot = matches!(work, VolumeWork::Snapshot { .. });
                response.body(Bytes::from_static(if snapshot { br#"{"bytes":7}"# } else { b"" }))
            }
        };
        response.map_err(Fault::new)
    }

    /// This many lanes of every runner are down, from the first one on.
    pub(crate) fn lanes_down(&self, lanes: u8) {
        self.down.set(lanes);
    }

    /// Agents refuse work on volumes, with this sentence.
    pub(crate) fn refuse(&self, sentence: &str) {
        self.refusal.replace(Some(sentence.to_owned()));
    }

    /// What was done to volumes since this was last asked.
    pub(crate) fn take_worked(&self) -> Vec<VolumeWork> {
        self.worked.take()
    }

    /// What feeds were told since this was last asked.
    pub(crate) fn take_announced(&self) -> Vec<(WorkspaceId, Announcement)> {
        self.announced.take()
    }

    /// The next requests to any object fail.
    pub(crate) fn fail(&self, times: usize) {
        self.failing.set(times);
    }

    /// What the session of a runner says from now on.
    pub(crate) fn observe(&self, runner: RunnerId, observed: Observed) {
        self.observed.borrow_mut().insert(runner, observed);
    }

    /// How often a runner's session was woken.
    pub(crate) fn wakes(&self, runner: RunnerId) -> usize {
        self.count(runner, "/session/v1/wake")
    }

    /// How often a runner's session was asked what it knows.
    pub(crate) fn looks(&self, runner: RunnerId) -> usize {
        self.count(runner, "/session/v1/observe")
    }

    fn count(&self, runner: RunnerId, path: &str) -> usize {
        let asked = self.asked.borrow();
        asked.iter().filter(|(object, asked)| *object == Object::Session(runner) && asked == path).count()
    }

    /// Which objects were told that their token is no longer good.
    pub(crate) fn revoked(&self) -> Vec<Object> {
        let asked = self.asked.borrow();
        asked.iter().filter(|(_, path)| path.ends_with("/revoke")).map(|(object, _)| *object).collect()
    }
}

const NEVER: Observed =
    Observed { version: 0, connection: Connection::Never, reported_at: None, report: None };
