//! The address of an account, and the proof that it is its person's.

use std::time::Duration;

use patr_models::{
    auth::prefix,
    endpoint::{
        Call, Reply,
        body::{Json, NoContent},
    },
    error::Common,
    ids::UserId,
    name::Email,
    user::{
        User,
        change_email::{self, ChangeEmail},
        send_verification::{self, SendVerification, Sent},
        verify_email::{self, VerifyEmail},
    },
};

use super::account;
use crate::{
    answer::{Answer, Failure, Fault, Refused},
    auth::{self, Person, proof},
    ctx::{Ctx, audited, new_secret},
    db::{
        DbError, Statement,
        mailed::{self, Purpose},
        users,
    },
    handlers::users::Claimant,
    mail::{Mail, texts},
};

/// How long a link is good that proves an address.
const LINK: Duration = Duration::from_secs(24 * 3600);
/// Mails about one thing to one person within [`WINDOW`].
const MAILS_MAX: u64 = 5;
const WINDOW: Duration = Duration::from_secs(3600);

/// The link with which a new account proves its address, and the mail that it is in; none where no mail is sent.
pub(crate) fn verification(ctx: &Ctx, user: &User) -> Result<Option<(Statement, Mail)>, Fault> {
    if ctx.settings.mail.is_none() {
        return Ok(None);
    }
    let (secret, insert) = link(ctx, user.id, Purpose::Verify, &user.email, LINK)?;
    Ok(Some((insert, texts::verify(&ctx.settings, user.email.clone(), &secret))))
}

/// A secret for an address, and the statement that keeps its hash.
pub(super) fn link(
    ctx: &Ctx,
    user: UserId,
    purpose: Purpose,
    email: &Email,
    lasts: Duration,
) -> Result<(String, Statement), Fault> {
    let secret = new_secret(prefix::MAILED)?;
    let new = mailed::New { hash: &auth::hash(&secret), user, purpose, email, expires_at: ctx.now + lasts };
    Ok((secret, mailed::insert(&new, ctx.now)))
}

/// Whether somebody has been written about this too often.
pub(super) async fn too_many(ctx: &Ctx, user: UserId, purpose: Purpose) -> Result<bool, Refused> {
    let sent: Option<mailed::Count> = ctx.db.optional(mailed::count(user, purpose, ctx.now - WINDOW)).await?;
    Ok(sent.is_some_and(|sent| sent.count >= MAILS_MAX))
}

pub(crate) async fn send_verification(
    ctx: &Ctx,
    caller: Person,
    _: Call<SendVerification>,
) -> Answer<SendVerification> {
    use send_verification::Error;
    proof::login_only(&caller)?;
    let row = account(ctx, &caller).await?;
    if row.email_verified_at.is_some() {
        return Err(Failure::Api(Error::AlreadyVerified));
    }
    let Some((insert, mail)) = verification(ctx, &(&row).into())? else {
        return Err(Failure::Api(Error::MailOff));
    };
    if too_many(ctx, row.id, Purpose::Verify).await? {
        return Err(Failure::Api(Error::TooManyMails));
    }
    ctx.write(&caller, audited::<SendVerification>(row.id, row.email.as_str()), vec![insert]).await?;
    ctx.mail(mail);
    Ok(Reply::new(Json(Sent { sent: true })))
}

pub(crate) async fn change(ctx: &Ctx, caller: Person, call: Call<ChangeEmail>) -> Answer<ChangeEmail> {
    use change_email::Error;
    proof::fresh(ctx, &caller).await?;
    let email = call.body.0.email;
    let what = audited::<ChangeEmail>(caller.user, email.as_str());
    if ctx.settings.mail.is_none() {
        let mut statements = vec![users::there(caller.user)];
        statements.extend(set(caller.user, &email, None));
        return match ctx.write(&caller, what, statements).await {
            Err(error) if error.is_unique("users.email") => Err(Failure::Api(Error::EmailTaken)),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(Reply::new(Json(Sent { sent: false }))),
        };
    }
    if too_many(ctx, caller.user, Purpose::Change).await? {
        return Err(Failure::Api(Error::TooManyMails));
    }
    let (secret, insert) = link(ctx, caller.user, Purpose::Change, &email, LINK)?;
    ctx.write(&caller, what, vec![insert]).await?;
    ctx.mail(texts::change(&ctx.settings, email, &secret));
    Ok(Reply::new(Json(Sent { sent: true })))
}

pub(crate) async fn verify(ctx: &Ctx, (): (), call: Call<VerifyEmail>) -> Answer<VerifyEmail> {
    use verify_email::Error;
    let spent = || Failure::Api(Error::LinkSpent);
    let hash = auth::hash(&call.body.0.token);
    let row: Option<mailed::Row> = ctx.db.optional(mailed::get(&hash, ctx.now)).await?;
    let row = row.filter(|row| row.purpose != Purpose::Reset).ok_or_else(spent)?;
    let user: Option<users::Row> = ctx.db.optional(users::by_id(row.user_id)).await?;
    let user = user.ok_or(Common::Unauthenticated)?;
    // The address was changed since the link was sent.
    if row.purpose == Purpose::Verify && row.email != user.email {
        return Err(spent());
    }
    let mut statements = mailed::spend(&hash, &row).to_vec();
    statements.extend(set(user.id, &row.email, Some(ctx.now)));
    let what = audited::<VerifyEmail>(user.id, row.email.as_str());
    match ctx.write(&Claimant(Some(user.id)), what, statements).await {
        Err(DbError::Stale) => Err(spent()),
        Err(error) if error.is_unique("users.email") => Err(Failure::Api(Error::EmailTaken)),
        Err(error) => Err(error.into()),
        Ok(()) => {
            if row.email != user.email {
                ctx.mail(texts::changed(&ctx.settings, user.email, &row.email));
            }
            Ok(Reply::new(NoContent))
        }
    }
}

/// Gives an account an address. What was sent to the one before is worthless then.
fn set(user: UserId, email: &Email, verified_at: Option<patr_models::time::Millis>) -> [Statement; 3] {
    [
        users::set_email(user, email, verified_at),
        mailed::forget(user, Purpose::Verify),
        mailed::forget(user, Purpose::Reset),
    ]
}
