//! Objects of `patr-runners` that a test scripts.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use patr_models::{
    ids::RunnerId,
    internal::{SECRET_HEADER, observe::Observed},
    runner::Connection,
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
}

impl FakeObjects {
    pub(crate) fn answer(&self, object: Object, request: &Request<Bytes>) -> Result<Response<Bytes>, Fault> {
        assert_eq!(request.headers()[SECRET_HEADER], INTERNAL, "an object answers nobody else");
        if let Some(left) = self.failing.get().checked_sub(1) {
            self.failing.set(left);
            return Err(Fault::new("the object is overloaded"));
        }
        let path = request.uri().path().to_owned();
        let body = match (object, path.as_str()) {
            (Object::Session(runner), "/session/v1/observe") => {
                let observed = self.observed.borrow();
                Bytes::from(serde_json::to_vec(observed.get(&runner).unwrap_or(&NEVER))?)
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
