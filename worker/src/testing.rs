//! The API without a platform: SQLite in place of D1, memory in place of KV, and objects that say what a test wants.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use bytes::Bytes;
use futures_executor::block_on;
use http::{Request, Response, StatusCode};
use patr_models::{
    endpoint::{
        ApiEndpoint, Call, NoQuery, Reply,
        body::{Json, NoBody},
        client::{self, ResponseError},
        headers::{IfMatch, NoHeaders, Once},
    },
    ids::{Ref, RunnerId, WorkspaceId},
    internal::{SECRET_HEADER, observe::Observed},
    runner::{self, Connection, RuntimeKind},
    time::Millis,
    user::sign_up,
    workspace,
};

use crate::{
    answer::{Fault, Refused},
    ctx::{Ctx, Installation},
    db::{Db, sqlite::Sqlite},
    env::{self, Settings},
    kv::Kv,
    platform::Body,
    router::{self, Outcome},
    runners::{Object, Objects, Runners},
};

/// What KV holds.
pub(crate) type Memory = Rc<RefCell<BTreeMap<String, Vec<u8>>>>;

/// Objects of `patr-runners` that know what a test tells them and remember what they were asked.
#[derive(Default)]
pub(crate) struct FakeObjects {
    observed: RefCell<HashMap<RunnerId, Observed>>,
    asked: RefCell<Vec<(Object, String)>>,
    down: Cell<bool>,
}

impl FakeObjects {
    pub(crate) fn answer(&self, object: Object, request: &Request<Bytes>) -> Result<Response<Bytes>, Fault> {
        assert_eq!(request.headers()[SECRET_HEADER], INTERNAL, "an object answers nobody else");
        if self.down.get() {
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

    /// From now on no object answers.
    pub(crate) fn break_down(&self) {
        self.down.set(true);
    }

    /// What the session of a runner says from now on.
    pub(crate) fn observe(&self, runner: RunnerId, observed: Observed) {
        self.observed.borrow_mut().insert(runner, observed);
    }

    /// How often a runner's session was woken.
    pub(crate) fn wakes(&self, runner: RunnerId) -> usize {
        let asked = self.asked.borrow();
        asked
            .iter()
            .filter(|(object, path)| *object == Object::Session(runner) && path.ends_with("/wake"))
            .count()
    }

    /// Which objects were told that their token is no longer good.
    pub(crate) fn revoked(&self) -> Vec<Object> {
        let asked = self.asked.borrow();
        asked.iter().filter(|(_, path)| path.ends_with("/revoke")).map(|(object, _)| *object).collect()
    }
}

const NEVER: Observed =
    Observed { version: 0, connection: Connection::Never, reported_at: None, report: None };
const INTERNAL: &str = "internal-secret";
/// The secret that the first account needs.
pub(crate) const BOOTSTRAP: &str = "bootstrap-secret";

impl Body for Option<Bytes> {
    async fn read(&mut self, limit: usize) -> Result<Bytes, Refused> {
        let body = self.take().unwrap_or_default();
        if body.len() > limit { Err(patr_models::error::Common::TooLarge { limit }.into()) } else { Ok(body) }
    }
}

/// An installation.
pub(crate) struct App {
    sqlite: Rc<Sqlite>,
    pub(crate) kv: Memory,
    pub(crate) objects: Rc<FakeObjects>,
    pub(crate) settings: Settings,
    pub(crate) now: Cell<Millis>,
}

impl App {
    pub(crate) fn new() -> Self {
        let settings = Settings {
            control_host: "patr.example".to_owned(),
            apps_domain: "apps.example".to_owned(),
            apps_scheme: "https".to_owned(),
            sign_up_open: true,
            bootstrap_secret: BOOTSTRAP.to_owned(),
            internal_secret: INTERNAL.to_owned(),
        };
        Self {
            sqlite: Rc::new(Sqlite::new()),
            kv: Memory::default(),
            objects: Rc::default(),
            settings,
            now: Cell::new(Millis(1_700_000_000_000)),
        }
    }

    /// One request's view.
    pub(crate) fn ctx(&self) -> Ctx {
        let now = self.now.get();
        let installation = Installation {
            db: Db::Sqlite(Rc::clone(&self.sqlite)),
            kv: Kv::Memory(Rc::clone(&self.kv)),
            runners: Runners::new(Objects::Fake(Rc::clone(&self.objects)), INTERNAL.to_owned()),
            settings: self.settings.clone(),
        };
        Ctx {
            installation: Rc::new(installation),
            now,
            request: env::new_id(now).unwrap(),
            reservation: RefCell::default(),
        }
    }

    /// Any request at all.
    pub(crate) fn raw(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        match block_on(router::answer(&self.ctx(), &parts, &mut Some(body))) {
            Outcome::Whole(response) => response,
            Outcome::Streamed(_) => panic!("{} answers with a stream", parts.uri),
        }
    }

    pub(crate) fn anonymous(&self) -> Caller<'_> {
        Caller { app: self, token: None, workspace: "nowhere".parse().unwrap() }
    }

    /// Somebody with an account.
    pub(crate) fn person(&self, name: &str) -> Caller<'_> {
        let body = sign_up::Body {
            email: format!("{name}@example.com").parse().unwrap(),
            password: "correct horse battery".parse().unwrap(),
            bootstrap_secret: Some(BOOTSTRAP.to_owned()),
        };
        let anonymous = self.anonymous();
        let session = anonymous.call::<sign_up::SignUp>(sign_up::Path {}, Json(body)).unwrap().0;
        anonymous.with_token(session.token)
    }

    /// Somebody who owns a workspace.
    pub(crate) fn owner(&self, workspace: &str) -> Caller<'_> {
        let mut person = self.person(&format!("owner-of-{workspace}"));
        let body = Json(workspace::create::Body { name: workspace.parse().unwrap() });
        person.create::<workspace::create::CreateWorkspace>(workspace::create::Path {}, body).unwrap();
        person.workspace = workspace.parse().unwrap();
        person
    }

    /// The actions in the audit log, oldest first.
    pub(crate) fn audit(&self) -> Vec<String> {
        let statement = crate::db::Statement::new("SELECT action FROM audit ORDER BY rowid", &[]);
        let rows = self.sqlite.fetch(&statement).unwrap();
        rows.into_iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
    }
}

/// Who calls.
#[derive(Clone)]
pub(crate) struct Caller<'a> {
    app: &'a App,
    token: Option<String>,
    workspace: Ref<WorkspaceId>,
}

impl Caller<'_> {
    pub(crate) fn with_token(&self, token: String) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    pub(crate) fn workspace(&self) -> Ref<WorkspaceId> {
        self.workspace.clone()
    }

    /// Calls any endpoint.
    pub(crate) fn send<E: ApiEndpoint>(&self, call: Call<E>) -> Result<Reply<E>, ResponseError> {
        let request = client::into_http(&call, "https://patr.example", self.token.as_deref()).unwrap();
        client::from_http::<E>(self.app.raw(request))
    }

    /// Calls an endpoint that takes neither query nor headers.
    pub(crate) fn call<E>(&self, path: E::Path, body: E::Request) -> Result<E::Response, ResponseError>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = NoHeaders>,
    {
        self.send(Call::<E> { path, query: NoQuery {}, headers: NoHeaders, body }).map(|reply| reply.body)
    }

    /// Calls an endpoint that makes something.
    pub(crate) fn create<E>(&self, path: E::Path, body: E::Request) -> Result<E::Response, ResponseError>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = Once>,
    {
        self.send(Call::<E> { path, query: NoQuery {}, headers: Once::NONE, body }).map(|reply| reply.body)
    }

    /// Calls an endpoint that changes something, whatever it has become.
    pub(crate) fn change<E>(&self, path: E::Path, body: E::Request) -> Result<E::Response, ResponseError>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = IfMatch>,
    {
        self.send(Call::<E> { path, query: NoQuery {}, headers: IfMatch::ANY, body }).map(|reply| reply.body)
    }

    /// Reads a resource.
    pub(crate) fn get<E>(&self, path: E::Path) -> Result<E::Response, ResponseError>
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
}
