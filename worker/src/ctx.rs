//! What a handler works with.

use std::{
    cell::{OnceCell, RefCell},
    ops::Deref,
    rc::Rc,
};

use http::HeaderMap;
use patr_models::{
    error::ApiError,
    ids::{Id, RequestId},
    time::Millis,
};
use worker::{Env, Result};

use crate::{
    answer::Fault,
    audit::{self, Line, Origin},
    auth::Actor,
    db::{
        self, Db, DbError, Statement,
        idempotency::{Kept, Reservation},
    },
    env::{self, Settings},
    feed::{self, News},
    ingress::stats::Tally,
    kv::Kv,
    mail::Mail,
    outside::Outside,
    quotas,
    runners::{Objects, Runners},
};

pub(crate) use crate::audit::{Audited, audited};

/// What is bound to the script.
pub(crate) struct Installation {
    pub(crate) db: Db,
    pub(crate) kv: Kv,
    pub(crate) runners: Runners,
    pub(crate) outside: Outside,
    pub(crate) settings: Settings,
}

thread_local! {
    // The same for every request of an isolate, and nine look-ups on the platform's side to read.
    static INSTALLATION: OnceCell<Rc<Installation>> = const { OnceCell::new() };
}

impl Installation {
    fn of(env: &Env) -> Result<Rc<Self>> {
        if let Some(known) = INSTALLATION.with(|known| known.get().cloned()) {
            return Ok(known);
        }
        let settings = Settings::read(env)?;
        let installation = Rc::new(Self {
            db: Db::D1(env::database(env)?),
            kv: env::kv(env)?,
            runners: Runners::new(
                Objects::Bound {
                    sessions: env::sessions(env)?,
                    tunnels: env::tunnels(env)?,
                    feeds: env::feeds(env)?,
                },
                settings.internal_secret.clone(),
            ),
            outside: Outside::Network,
            settings,
        });
        Ok(INSTALLATION.with(|known| Rc::clone(known.get_or_init(|| installation))))
    }
}

/// One request's view of the world. Time stands still in it.
pub(crate) struct Ctx {
    pub(crate) installation: Rc<Installation>,
    pub(crate) now: Millis,
    pub(crate) request: RequestId,
    /// Known once the request's headers are.
    pub(crate) from: OnceCell<Origin>,
    /// Goes into the batch of the write, so that a write and its `Idempotency-Key` are one.
    pub(crate) reservation: RefCell<Option<Reservation>>,
    /// For the statistics of a site.
    pub(crate) tally: Tally,
    /// What is sent once the answer is on its way.
    pub(crate) mails: RefCell<Vec<Mail>>,
    /// What feeds are told once the answer is on its way.
    pub(crate) news: RefCell<Vec<News>>,
}

impl Ctx {
    pub(crate) fn new(env: &Env) -> Result<Self> {
        let now = env::now();
        Ok(Self {
            installation: Installation::of(env)?,
            now,
            request: env::new_id(now)?,
            from: OnceCell::new(),
            reservation: RefCell::default(),
            tally: Tally::default(),
            mails: RefCell::default(),
            news: RefCell::default(),
        })
    }

    /// A new id.
    pub(crate) fn id<I: Id>(&self) -> Result<I> {
        env::new_id(self.now)
    }

    /// Has a mail sent, if this installation sends any, once the answer is on its way.
    pub(crate) fn mail(&self, mail: Mail) {
        if self.settings.mail.is_some() {
            self.mails.borrow_mut().push(mail);
        }
    }

    /// Says what a repetition of this request is answered, in place of its answer. Before the write: so it holds even
    /// if nobody ever hears the answer.
    pub(crate) fn repeat_with(&self, error: &impl ApiError) {
        if let Some(reservation) = self.reservation.borrow_mut().as_mut() {
            let body = serde_json::to_string(&error.body(self.request)).unwrap_or_default();
            reservation.instead = Some(Kept { status: error.doc().status.get(), etag: None, body });
        }
    }

    /// Where the request comes from.
    pub(crate) fn from(&self) -> &Origin {
        self.from.get_or_init(Origin::default)
    }

    /// Says where the request comes from, before anything is done with it.
    pub(crate) fn comes_from(&self, headers: &HeaderMap) {
        self.from.get_or_init(|| Origin::of(headers));
    }

    /// Writes: all of it or nothing, with its line in the audit log. It is done anew when another line was first.
    pub(crate) async fn write(
        &self,
        who: &impl Actor,
        what: Audited<'_>,
        statements: Vec<Statement>,
    ) -> std::result::Result<(), DbError> {
        let workspace = who.workspace();
        let quotas = quotas::checks(self, what.action(), workspace);
        let news = feed::news(self, who, what.write()).await;
        let line = Line::new(self, who, what)?;
        let reserve = self.reservation.borrow().as_ref().map(|it| db::idempotency::reserve(it, self.now));
        for _ in 0..audit::TRIES {
            let head = audit::head(&self.db, line.chain()).await?;
            // The key first, so that of two equal requests the later one is told that, and not that its own name is taken.
            let mut batch: Vec<Statement> =
                reserve.iter().chain(&statements).chain(&quotas).cloned().collect();
            batch.push(db::audit::insert(&line.after(head)));
            match self.db.batch(batch).await {
                Err(error) if error.is_unique("audit.chain") => {}
                Err(error) => return Err(quotas::explain(self, workspace, error).await),
                Ok(()) => {
                    self.reservation.take();
                    self.news.borrow_mut().extend(news);
                    return Ok(());
                }
            }
        }
        Err(DbError::Busy)
    }
}

impl Deref for Ctx {
    type Target = Installation;
    fn deref(&self) -> &Installation {
        &self.installation
    }
}

/// A new secret of a kind: 256 bits.
pub(crate) fn new_secret(prefix: &str) -> std::result::Result<String, Fault> {
    Ok(patr_models::auth::secret::secret(prefix, env::random()?))
}
