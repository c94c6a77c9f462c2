//! What a handler works with.

use std::{
    cell::{OnceCell, RefCell},
    ops::Deref,
    rc::Rc,
};

use patr_models::{
    error::ApiError,
    ids::{AuditId, Id, RequestId},
    time::Millis,
};
use worker::{Env, Result};

use crate::{
    answer::Fault,
    auth::Actor,
    db::{
        self, Db, DbError, Statement,
        idempotency::{Kept, Reservation},
    },
    env::{self, Settings},
    ingress::stats::Tally,
    kv::Kv,
    mail::Mail,
    runners::{Objects, Runners},
};

/// What is bound to the script.
pub(crate) struct Installation {
    pub(crate) db: Db,
    pub(crate) kv: Kv,
    pub(crate) runners: Runners,
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
                Objects::Bound { sessions: env::sessions(env)?, tunnels: env::tunnels(env)? },
                settings.internal_secret.clone(),
            ),
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
    /// Goes into the batch of the write, so that a write and its `Idempotency-Key` are one.
    pub(crate) reservation: RefCell<Option<Reservation>>,
    /// For the statistics of a site.
    pub(crate) tally: Tally,
    /// What is sent once the answer is on its way.
    pub(crate) mails: RefCell<Vec<Mail>>,
}

impl Ctx {
    pub(crate) fn new(env: &Env) -> Result<Self> {
        let now = env::now();
        Ok(Self {
            installation: Installation::of(env)?,
            now,
            request: env::new_id(now)?,
            reservation: RefCell::default(),
            tally: Tally::default(),
            mails: RefCell::default(),
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

    /// Writes: all of it or nothing, with its line in the audit log.
    pub(crate) async fn write(
        &self,
        who: &impl Actor,
        what: Audited<'_>,
        mut statements: Vec<Statement>,
    ) -> std::result::Result<(), DbError> {
        let id: AuditId = self.id().map_err(|error| DbError::Other(error.to_string()))?;
        statements.push(db::audit::insert(id, self.now, self.request, who, &what));
        // First, so that of two equal requests the later one is told that, and not that its own name is taken.
        let reserve = self.reservation.borrow().as_ref().map(|it| db::idempotency::reserve(it, self.now));
        if let Some(reserve) = reserve {
            statements.insert(0, reserve);
        }
        self.db.batch(statements).await?;
        self.reservation.take();
        Ok(())
    }
}

impl Deref for Ctx {
    type Target = Installation;
    fn deref(&self) -> &Installation {
        &self.installation
    }
}

/// What a line of the audit log says.
pub(crate) struct Audited<'a> {
    /// The endpoint's name.
    pub(crate) action: &'static str,
    pub(crate) resource: String,
    pub(crate) name: &'a str,
}

/// `Audited` for a call of `E` on a resource.
pub(crate) fn audited<E: patr_models::endpoint::ApiEndpoint>(
    resource: impl ToString,
    name: &(impl AsRef<str> + ?Sized),
) -> Audited<'_> {
    Audited { action: E::NAME, resource: resource.to_string(), name: name.as_ref() }
}

/// A new secret of a kind: 256 bits.
pub(crate) fn new_secret(prefix: &str) -> std::result::Result<String, Fault> {
    Ok(patr_models::auth::secret::secret(prefix, env::random()?))
}
