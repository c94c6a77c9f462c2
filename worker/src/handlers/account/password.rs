//! Another password, by somebody who is logged in, or by somebody who was sent a link.

use std::time::Duration;

use patr_models::{
    endpoint::{Call, Reply, body::NoContent},
    ids::{Id, UserId},
    time::Millis,
    user::{
        change_password::ChangePassword,
        request_password_reset::{self, RequestPasswordReset},
        reset_password::{self, ResetPassword},
    },
};

use super::{
    account,
    email::{link, too_many},
};
use crate::{
    answer::{Answer, Failure},
    auth::{self, Person, proof},
    ctx::{Ctx, audited},
    db::{
        DbError,
        mailed::{self, Purpose},
        oauth, second_factors, sessions, tokens, users,
    },
    handlers::users::{Claimant, forget_attempts, hash_password},
    mail::texts,
};

/// How long a link is good that chooses a password.
const LINK: Duration = Duration::from_secs(3600);

pub(crate) async fn change(ctx: &Ctx, caller: Person, call: Call<ChangePassword>) -> Answer<ChangePassword> {
    proof::fresh(ctx, &caller).await?;
    let row = account(ctx, &caller).await?;
    let statements = vec![
        users::there(row.id),
        users::set_password(row.id, &hash_password(call.body.0.password.reveal())?),
        sessions::end_others(row.id, &caller.hash),
        mailed::forget(row.id, Purpose::Reset),
    ];
    ctx.write(&caller, audited::<ChangePassword>(row.id, row.email.as_str()), statements).await?;
    ctx.mail(texts::password_changed(&ctx.settings, row.email));
    Ok(Reply::new(NoContent))
}

/// An address without an account costs the statements of one with: nobody learns which it is.
pub(crate) async fn request_reset(
    ctx: &Ctx,
    (): (),
    call: Call<RequestPasswordReset>,
) -> Answer<RequestPasswordReset> {
    if ctx.settings.mail.is_none() {
        return Err(Failure::Api(request_password_reset::Error::MailOff));
    }
    let email = call.body.0.email;
    let row: Option<users::Row> = ctx.db.optional(users::by_email(&email)).await?;
    let who = row.as_ref().map(|row| row.id);
    let nobody = UserId::from_parts(Millis(0), 0);
    let too_many = too_many(ctx, who.unwrap_or(nobody), Purpose::Reset).await?;
    let link = match who.filter(|_| !too_many) {
        Some(user) => Some(link(ctx, user, Purpose::Reset, &email, LINK)?),
        None => None,
    };
    let (secret, insert) = link.unzip();
    let resource = who.map(|id| id.to_string()).unwrap_or_default();
    let what = audited::<RequestPasswordReset>(resource, email.as_str());
    ctx.write(&Claimant(who), what, insert.into_iter().collect()).await?;
    if let Some(secret) = secret {
        ctx.mail(texts::reset(&ctx.settings, email, &secret));
    }
    Ok(Reply::new(NoContent))
}

pub(crate) async fn reset(ctx: &Ctx, (): (), call: Call<ResetPassword>) -> Answer<ResetPassword> {
    let spent = || Failure::Api(reset_password::Error::LinkSpent);
    let hash = auth::hash(&call.body.0.token);
    let row: Option<mailed::Row> = ctx.db.optional(mailed::get(&hash, ctx.now)).await?;
    let row = row.filter(|row| row.purpose == Purpose::Reset).ok_or_else(spent)?;
    let user: Option<users::Row> = ctx.db.optional(users::by_id(row.user_id)).await?;
    let user = user.filter(|user| user.email == row.email).ok_or_else(spent)?;
    let mut statements = mailed::spend(&hash, &row).to_vec();
    statements.extend([
        users::set_password(user.id, &hash_password(call.body.0.password.reveal())?),
        sessions::end_others(user.id, ""),
        forget_attempts(ctx, &user.email),
    ]);
    // Whoever made the account had not shown that the address is theirs; this person has just done so. What the other left
    // behind must not let it in again.
    if user.email_verified_at.is_none() {
        statements.push(users::set_email(user.id, &user.email, Some(ctx.now)));
        statements.extend(second_factors::forget_all(user.id));
        statements.extend([tokens::forget_all(user.id), oauth::forget_all(user.id)]);
    }
    let what = audited::<ResetPassword>(user.id, user.email.as_str());
    match ctx.write(&Claimant(Some(user.id)), what, statements).await {
        Err(DbError::Stale) => Err(spent()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(NoContent)),
    }
}
