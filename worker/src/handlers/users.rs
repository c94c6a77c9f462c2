//! Accounts and logins.

use std::time::Duration;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use patr_models::{
    auth::prefix,
    endpoint::{
        ApiEndpoint, Call, Reply,
        body::{Created, Json, NoContent},
    },
    error::Common,
    ids::{SessionId, UserId},
    name::Email,
    user::{
        Session, User,
        log_in::{self, LogIn},
        log_out::LogOut,
        sign_up::{self, SignUp},
        who_am_i::WhoAmI,
    },
};

use crate::{
    answer::{Answer, Failure, Fault, Refused},
    auth::{self, Actor, Person},
    ctx::{Ctx, audited, new_secret},
    db::{DbError, Statement, users},
    env,
};

/// How long a login lasts.
const SESSION: Duration = Duration::from_secs(30 * 24 * 3600);
/// Wrong passwords for an address within [`FAILURE_WINDOW`], before more are refused.
const FAILURES_MAX: u64 = 10;
const FAILURE_WINDOW: Duration = Duration::from_secs(15 * 60);
/// What a password for an unknown address is compared with: well-formed, of the cost of [`hash_password`], and of no
/// password that anybody knows.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(crate) async fn sign_up(ctx: &Ctx, (): (), call: Call<SignUp>) -> Answer<SignUp> {
    let body = call.body.0;
    let users: Option<users::Count> = ctx.db.optional(users::count()).await?;
    let first = users.is_none_or(|users| users.count == 0);
    if first || !ctx.settings.sign_up_open {
        let given = body.bootstrap_secret.ok_or(Failure::Api(sign_up::Error::BootstrapSecretNeeded))?;
        if !auth::same(given.as_bytes(), ctx.settings.bootstrap_secret.as_bytes()) {
            return Err(Failure::Api(sign_up::Error::BootstrapSecretWrong));
        }
    }
    let user = User { id: ctx.id()?, email: body.email, created_at: ctx.now };
    let insert = users::insert(&user, &hash_password(body.password.reveal())?);
    match start_session(ctx, user, vec![insert], SignUp::NAME).await {
        Ok(session) => Ok(Reply::new(Created(session))),
        Err(error) if error.is_unique("users.email") => Err(Failure::Api(sign_up::Error::EmailTaken)),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn log_in(ctx: &Ctx, (): (), call: Call<LogIn>) -> Answer<LogIn> {
    let log_in::Body { email, password } = call.body.0;
    let row = authenticate(ctx, &email, &password).await?;
    let row = row.ok_or(Failure::Api(log_in::Error::WrongPassword))?;
    let session = start_session(ctx, row.into(), Vec::new(), LogIn::NAME).await?;
    Ok(Reply::new(Created(session)))
}

/// The account of somebody who knows its password. Wrong ones are counted, and too many refused.
pub(crate) async fn authenticate(
    ctx: &Ctx,
    email: &Email,
    password: &str,
) -> Result<Option<users::Row>, Refused> {
    refuse_guessing(ctx, email).await?;
    let row: Option<users::Row> = ctx.db.optional(users::by_email(email)).await?;
    // An unknown address costs the same work as a known one.
    let stored = row.as_ref().map_or(NOBODYS, |row| row.password_hash.as_str());
    let row = if verify_password(password, stored)? { row } else { None };
    let counted = match row {
        Some(_) => users::failures_forget(email),
        None => users::failure_insert(email, ctx.now),
    };
    ctx.db.batch(vec![counted]).await?;
    Ok(row)
}

pub(crate) async fn log_out(ctx: &Ctx, caller: Person, _: Call<LogOut>) -> Answer<LogOut> {
    let what = audited::<LogOut>(caller.user, "");
    ctx.write(&caller, what, users::forget(&caller.hash)).await?;
    Ok(Reply::new(NoContent))
}

pub(crate) async fn who_am_i(ctx: &Ctx, caller: Person, _: Call<WhoAmI>) -> Answer<WhoAmI> {
    let row: Option<users::Row> = ctx.db.optional(users::by_id(caller.user)).await?;
    Ok(Reply::new(Json(row.ok_or(Common::Unauthenticated)?.into())))
}

async fn start_session(
    ctx: &Ctx,
    user: User,
    mut statements: Vec<Statement>,
    action: &'static str,
) -> Result<Session, DbError> {
    let other = |error: Fault| DbError::Other(error.to_string());
    let token = new_secret(prefix::SESSION).map_err(other)?;
    let id: SessionId = ctx.id().map_err(|error| other(error.into()))?;
    let expires_at = ctx.now + SESSION;
    statements.push(users::session_insert(id, user.id, &auth::hash(&token), ctx.now, expires_at));
    let what = crate::ctx::Audited { action, resource: user.id.to_string(), name: user.email.as_str() };
    ctx.write(&Oneself(user.id), what, statements).await?;
    Ok(Session { user, token, expires_at })
}

/// Someone who proved who they are in this very request.
struct Oneself(UserId);

impl Actor for Oneself {
    fn user(&self) -> UserId {
        self.0
    }
    fn token(&self) -> Option<patr_models::ids::TokenId> {
        None
    }
    fn workspace(&self) -> Option<patr_models::ids::WorkspaceId> {
        None
    }
}

async fn refuse_guessing(ctx: &Ctx, email: &Email) -> Result<(), Refused> {
    let failures: Option<users::Failures> =
        ctx.db.optional(users::failures(email, ctx.now - FAILURE_WINDOW)).await?;
    let Some(users::Failures { count, first: Some(first) }) = failures else { return Ok(()) };
    if count < FAILURES_MAX {
        return Ok(());
    }
    let over = patr_models::time::Millis(first) + FAILURE_WINDOW;
    Err(Common::TooManyRequests { seconds: over.since(ctx.now).as_secs().max(1) }.into())
}

/// Argon2id with the parameters that OWASP's password storage cheat sheet gives first: 19 MiB, 2 passes, 1 lane.
pub(crate) fn hash_password(password: &str) -> Result<String, Fault> {
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &env::random::<16>()?);
    hash.map(|hash| hash.to_string()).map_err(|error| Fault::new(format!("hashing a password: {error}")))
}

pub(crate) fn verify_password(password: &str, stored: &str) -> Result<bool, Fault> {
    let stored =
        PasswordHash::new(stored).map_err(|error| Fault::new(format!("a stored password: {error}")))?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
}
