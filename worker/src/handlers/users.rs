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
    ids::{SessionId, TokenId, UserId, WorkspaceId},
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
    ctx::{Audited, Ctx, audited, new_secret},
    db::{DbError, Statement, users},
    env, limits,
};

/// How long a login lasts.
const SESSION: Duration = Duration::from_secs(30 * 24 * 3600);
/// What a password for an unknown address is compared with: well-formed, of the cost of [`hash_password`], and of no
/// password that anybody knows.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LCBhdCBhbGwhIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(crate) async fn sign_up(ctx: &Ctx, (): (), call: Call<SignUp>) -> Answer<SignUp> {
    let body = call.body.0;
    let users: Option<users::Count> = ctx.db.optional(users::count()).await?;
    let first = users.is_none_or(|users| users.count == 0);
    if first || !ctx.settings.sign_up_open {
        let given = body.bootstrap_secret.ok_or(Failure::Api(sign_up::Error::BootstrapSecretNeeded))?;
        if !auth::is_secret(given.as_bytes(), ctx.settings.bootstrap_secret.as_bytes()) {
            return Err(Failure::Api(sign_up::Error::BootstrapSecretWrong));
        }
    }
    let user = User { id: ctx.id()?, email: body.email, created_at: ctx.now };
    let insert = users::insert(&user, &hash_password(body.password.reveal())?);
    match start_session(ctx, &Claimant(Some(user.id)), user, vec![insert], SignUp::NAME).await {
        Ok(session) => Ok(Reply::new(Created(session))),
        Err(error) if error.is_unique("users.email") => Err(Failure::Api(sign_up::Error::EmailTaken)),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn log_in(ctx: &Ctx, (): (), call: Call<LogIn>) -> Answer<LogIn> {
    let log_in::Body { email, password } = call.body.0;
    let row = authenticate(ctx, &email, &password).await?;
    let row = row.ok_or(Failure::Api(log_in::Error::WrongPassword))?;
    let forget = vec![limits::forget(ctx, &guesses(&email))];
    let session = start_session(ctx, &Claimant(Some(row.id)), (&row).into(), forget, LogIn::NAME).await?;
    Ok(Reply::new(Created(session)))
}

/// The account of somebody who knows its password. Attempts are counted, and too many refused; who then lets somebody
/// in forgets them.
pub(crate) async fn authenticate(
    ctx: &Ctx,
    email: &Email,
    password: &str,
) -> Result<Option<users::Row>, Refused> {
    limits::guess(ctx, &guesses(email)).await?;
    let row: Option<users::Row> = ctx.db.optional(users::by_email(email)).await?;
    // An unknown address costs the same work as a known one.
    let stored = row.as_ref().map_or(NOBODYS, |row| row.password_hash.as_str());
    if verify_password(password, stored)? && row.is_some() {
        return Ok(row);
    }
    let who = row.as_ref().map(|row| row.id);
    let resource = who.map(|id| id.to_string()).unwrap_or_default();
    let what = Audited::new(LogIn::NAME, resource, email.as_str()).refused("wrong_password");
    ctx.write(&Claimant(who), what, Vec::new()).await?;
    Ok(None)
}

pub(crate) async fn log_out(ctx: &Ctx, caller: Person, _: Call<LogOut>) -> Answer<LogOut> {
    let what = audited::<LogOut>(caller.user, "");
    ctx.write(&caller, what, users::forget(&caller.hash)).await?;
    Ok(Reply::new(NoContent))
}

pub(crate) async fn who_am_i(ctx: &Ctx, caller: Person, _: Call<WhoAmI>) -> Answer<WhoAmI> {
    let row: Option<users::Row> = ctx.db.optional(users::by_id(caller.user)).await?;
    Ok(Reply::new(Json(row.as_ref().ok_or(Common::Unauthenticated)?.into())))
}

/// Makes a session, with what else is to be written.
pub(crate) async fn start_session(
    ctx: &Ctx,
    who: &impl Actor,
    user: User,
    mut statements: Vec<Statement>,
    action: &'static str,
) -> Result<Session, DbError> {
    let other = |error: Fault| DbError::Other(error.to_string());
    let token = new_secret(prefix::SESSION).map_err(other)?;
    let id: SessionId = ctx.id().map_err(|error| other(error.into()))?;
    let expires_at = ctx.now + SESSION;
    statements.push(users::session_insert(id, user.id, &auth::hash(&token), ctx.now, expires_at));
    let what = Audited::new(action, user.id, user.email.as_str());
    ctx.write(who, what, statements).await?;
    Ok(Session { user, token, expires_at })
}

/// Someone without a token: who just proved who they are, or who failed to. `None` has no account.
pub(super) struct Claimant(pub(super) Option<UserId>);

impl Actor for Claimant {
    fn user(&self) -> Option<UserId> {
        self.0
    }
    fn token(&self) -> Option<TokenId> {
        None
    }
    fn workspace(&self) -> Option<WorkspaceId> {
        None
    }
}

/// What guesses at an account's password are counted by, whether there is such an account or not.
pub(crate) fn guesses(email: &Email) -> String {
    format!("password/{email}")
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

#[cfg(test)]
#[path = "users_tests.rs"]
mod tests;
