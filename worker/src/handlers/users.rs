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
    ids::{TokenId, UserId, WorkspaceId},
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
    db::{DbError, Statement, sessions, users},
    env,
    handlers::{account, second_factor},
    limits,
};

/// How long a login lasts.
pub(crate) const SESSION: Duration = Duration::from_secs(30 * 24 * 3600);
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
    let user = User::new(ctx.id()?, body.email, ctx.now);
    let mut statements = vec![users::insert(&user, &hash_password(body.password.reveal())?)];
    let (insert, mail) = account::verification(ctx, &user)?.unzip();
    statements.extend(insert);
    match start_session(ctx, &Claimant(Some(user.id)), user, statements, SignUp::NAME).await {
        Ok(session) => {
            mail.into_iter().for_each(|mail| ctx.mail(mail));
            Ok(Reply::new(Created(session)))
        }
        Err(error) if error.is_unique("users.email") => Err(Failure::Api(sign_up::Error::EmailTaken)),
        Err(error) => Err(error.into()),
    }
}

/// What the audit log calls a right password with a second factor that was not.
pub(crate) const WRONG_SECOND_FACTOR: &str = "wrong_second_factor";

pub(crate) async fn log_in(ctx: &Ctx, (): (), call: Call<LogIn>) -> Answer<LogIn> {
    let log_in::Body { email, password, second_factor } = call.body.0;
    let row = authenticate(ctx, &email, &password).await?;
    let row = row.ok_or(Failure::Api(log_in::Error::WrongPassword))?;
    let held = second_factor::held(ctx, row.id).await?;
    if held.any() {
        let needed = || Failure::Api(log_in::Error::SecondFactorNeeded { ways: held.ways() });
        if !second_factor::check(ctx, row.id, &second_factor.ok_or_else(needed)?).await? {
            failed(ctx, Some(row.id), &email, WRONG_SECOND_FACTOR).await?;
            return Err(Failure::Api(log_in::Error::WrongSecondFactor));
        }
    }
    Ok(Reply::new(Created(let_in(ctx, &row).await?)))
}

/// A login for somebody who has shown everything that was asked for.
pub(crate) async fn let_in(ctx: &Ctx, row: &users::Row) -> Result<Session, DbError> {
    let forget = vec![forget_attempts(ctx, &row.email)];
    start_session(ctx, &Claimant(Some(row.id)), row.into(), forget, LogIn::NAME).await
}

/// The account of somebody who knows its password. Attempts are counted, and too many refused; who then lets somebody
/// in forgets them.
pub(crate) async fn authenticate(
    ctx: &Ctx,
    email: &Email,
    password: &str,
) -> Result<Option<users::Row>, Refused> {
    count_attempt(ctx, email).await?;
    let row: Option<users::Row> = ctx.db.optional(users::by_email(email)).await?;
    // An unknown address costs the same work as a known one.
    let stored = row.as_ref().map_or(NOBODYS, |row| row.password_hash.as_str());
    if verify_password(password, stored)? && row.is_some() {
        return Ok(row);
    }
    failed(ctx, row.as_ref().map(|row| row.id), email, "wrong_password").await?;
    Ok(None)
}

/// Leaves a line about somebody who did not get in, and what was wrong.
pub(crate) async fn failed(
    ctx: &Ctx,
    who: Option<UserId>,
    email: &Email,
    code: &'static str,
) -> Result<(), DbError> {
    let resource = who.map(|id| id.to_string()).unwrap_or_default();
    let what = Audited::new(LogIn::NAME, resource, email.as_str()).refused(code);
    ctx.write(&Claimant(who), what, Vec::new()).await
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
    let expires_at = ctx.now + SESSION;
    let new = sessions::New {
        id: ctx.id().map_err(|error| other(error.into()))?,
        user: user.id,
        hash: &auth::hash(&token),
        device: ctx.from().agent.as_deref().unwrap_or_default(),
        address: ctx.from().address.as_deref(),
        expires_at,
    };
    statements.push(sessions::insert(&new, ctx.now));
    let what = Audited::new(action, user.id, user.email.as_str());
    ctx.write(who, what, statements).await?;
    Ok(Session { user, token, expires_at })
}

/// Someone without a token: who just proved who they are, or who failed to. `None` has no account.
pub(crate) struct Claimant(pub(crate) Option<UserId>);

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
fn guesses(email: &Email) -> String {
    format!("password/{email}")
}

/// Counts the attempt before the password is looked at: guesses that come all at once are counted, too.
pub(crate) async fn count_attempt(ctx: &Ctx, email: &Email) -> Result<(), Refused> {
    limits::guess(ctx, &guesses(email)).await
}

/// Forgets the attempts of somebody who has succeeded.
pub(crate) fn forget_attempts(ctx: &Ctx, email: &Email) -> Statement {
    limits::forget(ctx, &guesses(email))
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
