//! The API without a platform: SQLite in place of D1, memory in place of KV, and objects that say what a test wants.

mod authenticator;
mod caller;
mod issuer;
mod memory;
mod objects;
mod outside;
pub(crate) mod site;

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeSet,
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use futures_executor::block_on;
use http::{HeaderValue, Method, Request, Response};
use patr_models::{
    auth::{Access, prefix},
    deployment::{PortSpec, WorkloadSpec, spec::PortProtocol},
    endpoint::{ApiEndpoint, Call, NoQuery, body::Json, client, headers::NoHeaders},
    ids::RoleId,
    internal::SECRET_HEADER,
    managed_url::create::NewTarget,
    name::{Email, Name},
    page::{ListQuery, Page},
    role::RoleKey,
    time::Millis,
    user::User,
    workspace,
};

pub(crate) use authenticator::Authenticator;
pub(crate) use caller::{Answered, Caller, Outcome, code, refusal};
pub(crate) use issuer::{ISSUER, Signing, documents};
pub(crate) use memory::Memory;
pub(crate) use objects::FakeObjects;
pub(crate) use outside::FakeOutside;

use crate::{
    answer::Refused,
    auth,
    ctx::{Ctx, Installation, new_secret},
    db::{self, Db, sqlite::Sqlite},
    env::{self, Settings},
    feed,
    handlers::users,
    kv::Kv,
    mail::{Mail, Mailer, Provider},
    oauth,
    outside::Outside,
    platform::Body,
    quotas::Quotas,
    router,
    runners::{Objects, Runners},
    sweep, vault,
};

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
    pub(crate) sqlite: Rc<Sqlite>,
    pub(crate) kv: Memory,
    pub(crate) objects: Rc<FakeObjects>,
    pub(crate) outside: FakeOutside,
    pub(crate) settings: Settings,
    pub(crate) now: Cell<Millis>,
    /// What was sent, oldest first.
    pub(crate) mails: RefCell<Vec<Mail>>,
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
            audit_kept: None,
            quotas: Quotas::default(),
            secrets_keys: vault::Key::from_hex(&"5e".repeat(32))
                .map(|current| vault::Keyring { current, former: None }),
            mail: Some(Mailer { from: "patr@patr.example".to_owned(), provider: Provider::Outbox }),
        };
        Self {
            sqlite: Rc::new(Sqlite::new()),
            kv: Memory::default(),
            objects: Rc::default(),
            outside: FakeOutside::default(),
            settings,
            now: Cell::new(Millis(1_700_000_000_000)),
            mails: RefCell::default(),
        }
    }

    /// Another installation with the same in it.
    pub(crate) fn copy(&self) -> Self {
        Self {
            sqlite: Rc::new(self.sqlite.copy()),
            kv: self.kv.copy(),
            objects: Rc::default(),
            outside: self.outside.copy(),
            settings: self.settings.clone(),
            now: self.now.clone(),
            mails: RefCell::default(),
        }
    }

    /// One request's view.
    pub(crate) fn ctx(&self) -> Ctx {
        let now = self.now.get();
        let installation = Installation {
            db: Db::Sqlite(Rc::clone(&self.sqlite)),
            kv: Kv::Memory(self.kv.clone()),
            runners: Runners::new(Objects::Fake(Rc::clone(&self.objects)), INTERNAL.to_owned()),
            outside: Outside::Fake(self.outside.clone()),
            settings: self.settings.clone(),
        };
        Ctx {
            installation: Rc::new(installation),
            now,
            request: env::new_id(now).unwrap(),
            from: OnceCell::new(),
            reservation: RefCell::default(),
            tally: Default::default(),
            mails: RefCell::default(),
            news: RefCell::default(),
        }
    }

    /// Any request at all.
    pub(crate) fn raw(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let ctx = self.ctx();
        let outcome = block_on(router::answer(&ctx, &parts, &mut Some(body)));
        self.mails.borrow_mut().append(&mut ctx.mails.borrow_mut());
        block_on(feed::tell(&ctx.installation, ctx.news.take()));
        match outcome {
            router::Outcome::Whole(response) => response,
            router::Outcome::Streamed(_) => panic!("{} answers with a stream", parts.uri),
        }
    }

    /// A form, sent to where OAuth is.
    pub(crate) fn form(&self, path: &str, form: &str) -> Answered {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.oauth(Method::POST, path, &headers, form)
    }

    /// Any request to where OAuth is.
    pub(crate) fn oauth(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        assert!(oauth::is_ours(path));
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let mut body = Some(Bytes::copy_from_slice(body.as_bytes()));
        Answered::new(block_on(oauth::answer(&self.ctx(), &parts, &mut body)))
    }

    pub(crate) fn anonymous(&self) -> Caller<'_> {
        Caller { app: self, token: None, workspace: "nowhere".parse().unwrap() }
    }

    /// Somebody with an account, logged in without the work that a password costs.
    pub(crate) fn person(&self, name: &str) -> Caller<'_> {
        let ctx = self.ctx();
        let email = format!("{name}@example.com").parse().unwrap();
        let user = User::new(ctx.id().unwrap(), email, ctx.now);
        let token = new_secret(prefix::SESSION).unwrap();
        let new = db::sessions::New {
            id: ctx.id().unwrap(),
            user: user.id,
            hash: &auth::hash(&token),
            device: "a browser of a test",
            address: Some("192.0.2.1"),
            expires_at: ctx.now + users::SESSION,
        };
        let session = db::sessions::insert(&new, ctx.now);
        self.sqlite
            .batch(&[db::users::insert(&user, "a password is not what this is about"), session])
            .unwrap();
        self.anonymous().with_token(token)
    }

    /// Everybody has this password from now on: it costs the work of hashing it.
    pub(crate) fn set_passwords(&self, password: &str) {
        let hash = users::hash_password(password).map_err(|fault| fault.to_string()).unwrap();
        self.sqlite.run(&format!("UPDATE users SET password_hash = '{hash}'"));
    }

    /// Somebody who owns a workspace.
    pub(crate) fn owner(&self, workspace: &str) -> Caller<'_> {
        let person = self.person(&format!("owner-of-{workspace}"));
        let body = Json(workspace::create::Body { name: workspace.parse().unwrap() });
        person.create::<workspace::create::CreateWorkspace>(workspace::create::Path {}, body).unwrap();
        person.in_workspace(workspace)
    }

    /// Somebody who may do this in every workspace that there is.
    pub(crate) fn member(&self, name: &str, access: &Access) -> Caller<'_> {
        let caller = self.person(name);
        let email: Email = format!("{name}@example.com").parse().unwrap();
        let row = self.sqlite.fetch(&db::users::by_email(&email)).unwrap().remove(0);
        let user = row["id"].as_str().unwrap().parse().unwrap();
        for workspace in self.sqlite.rows("SELECT id FROM workspaces") {
            let workspace: serde_json::Value = serde_json::from_str(&workspace).unwrap();
            let workspace = workspace["id"].as_str().unwrap().parse().unwrap();
            let (ctx, now) = (self.ctx(), self.now.get());
            let (role, role_name): (RoleId, Name) = (ctx.id().unwrap(), name.parse().unwrap());
            let mut all = vec![db::roles::insert(workspace, role, &role_name, &access.grants(), now)];
            all.extend(db::members::join(workspace, user, &[RoleKey::Own(role)], now));
            self.sqlite.batch(&all).unwrap();
        }
        caller
    }

    /// What one of our own scripts asks.
    pub(crate) fn internal<E>(&self, path: E::Path, body: E::Request) -> Outcome<E::Response>
    where
        E: ApiEndpoint<Query = NoQuery, RequestHeaders = NoHeaders>,
    {
        let call = Call::<E> { path, query: NoQuery {}, headers: NoHeaders, body };
        let mut request = client::into_http(&call, "https://control", None).unwrap();
        request.headers_mut().insert(SECRET_HEADER, HeaderValue::from_static(INTERNAL));
        client::from_http::<E>(self.raw(request)).map(|reply| reply.body).map_err(Box::new)
    }

    /// Time goes by.
    pub(crate) fn pass(&self, time: Duration) {
        self.now.set(self.now.get() + time);
    }

    /// What is done once a minute.
    pub(crate) fn sweep(&self) {
        let faults = block_on(sweep::run(&self.ctx()));
        assert!(faults.is_empty(), "{faults:?}");
    }

    /// The actions in the audit log that were done, oldest first.
    pub(crate) fn audit(&self) -> Vec<String> {
        self.actions("done")
    }

    /// Those that were refused.
    pub(crate) fn refusals(&self) -> Vec<String> {
        self.actions("refused")
    }

    fn actions(&self, outcome: &str) -> Vec<String> {
        let rows =
            self.sqlite.rows(&format!("SELECT action FROM audit WHERE outcome = '{outcome}' ORDER BY rowid"));
        let action = |row: String| serde_json::from_str::<serde_json::Value>(&row).unwrap()["action"].clone();
        rows.into_iter().map(|row| action(row).as_str().unwrap().to_owned()).collect()
    }

    /// The last of them.
    pub(crate) fn last_audit(&self) -> String {
        self.audit().pop().unwrap_or_default()
    }
}

/// A specification of an image and its http ports.
pub(crate) fn spec(image: &str, ports: &[u16]) -> WorkloadSpec {
    let port = |&port: &u16| PortSpec { port, protocol: PortProtocol::Http };
    WorkloadSpec { ports: ports.iter().map(port).collect(), ..WorkloadSpec::of(image.parse().unwrap()) }
}

/// A redirect, for a test that is not about the target.
pub(crate) fn redirect() -> NewTarget {
    NewTarget::Redirect { url: "https://example.org/".parse().unwrap(), permanent: false }
}

/// Every item of a list, read two at a time; fails if an item comes twice.
pub(crate) fn pages<T, K: Ord + Clone>(list: impl Fn(ListQuery) -> Page<T>, key: impl Fn(&T) -> K) -> Vec<K> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = list(ListQuery { limit: Some(2), cursor, name: None });
        assert!(page.items.len() <= 2);
        all.extend(page.items.iter().map(&key));
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    let distinct: BTreeSet<_> = all.iter().cloned().collect();
    assert_eq!(distinct.len(), all.len(), "an item came twice");
    all
}

/// Only what has this in its name.
pub(crate) fn named(name: &str) -> ListQuery {
    ListQuery { name: Some(name.to_owned()), ..ListQuery::default() }
}
