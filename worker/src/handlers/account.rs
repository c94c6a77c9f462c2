//! The own account: what one is called, that it is really oneself, and its end.

pub(crate) mod email;
pub(crate) mod password;

use patr_models::{
    endpoint::{
        Call, Reply,
        body::{Json, NoContent},
    },
    error::Common,
    user::{
        User,
        delete::{self, DeleteAccount},
        proof::Proof,
        prove::{self, Prove},
        update::UpdateProfile,
    },
};

pub(crate) use email::verification;

use super::{passkeys, second_factor, users as log_ins};
use crate::{
    answer::{Answer, Failure, Refused},
    auth::{Person, proof},
    ctx::{Ctx, audited},
    db::{DbError, sessions, users},
};

pub(crate) async fn update(ctx: &Ctx, caller: Person, call: Call<UpdateProfile>) -> Answer<UpdateProfile> {
    proof::login_only(&caller)?;
    let name = call.body.0.name;
    let statements = vec![users::there(caller.user), users::set_name(caller.user, &name)];
    ctx.write(&caller, audited::<UpdateProfile>(caller.user, name.as_str()), statements).await?;
    Ok(Reply::new(Json(User::from(&account(ctx, &caller).await?))))
}

pub(crate) async fn prove(ctx: &Ctx, caller: Person, call: Call<Prove>) -> Answer<Prove> {
    proof::login_only(&caller)?;
    let row = account(ctx, &caller).await?;
    // As for a login: who holds a stolen one must not guess faster here.
    log_ins::count_attempt(ctx, &row.email).await?;
    let right = match &call.body.0.proof {
        Proof::Password(password) => log_ins::verify_password(password, &row.password_hash)?,
        Proof::Code(code) => second_factor::check_code(ctx, row.id, code).await?,
        Proof::Passkey(assertion) => passkeys::check(ctx, assertion, Some(row.id)).await?.is_some(),
    };
    if !right {
        let what = audited::<Prove>(row.id, row.email.as_str()).refused("wrong_proof");
        ctx.write(&caller, what, Vec::new()).await?;
        return Err(Failure::Api(prove::Error::WrongProof));
    }
    let statements = vec![sessions::prove(&caller.hash, ctx.now), log_ins::forget_attempts(ctx, &row.email)];
    ctx.write(&caller, audited::<Prove>(row.id, row.email.as_str()), statements).await?;
    Ok(Reply::new(NoContent))
}

pub(crate) async fn delete(ctx: &Ctx, caller: Person, _: Call<DeleteAccount>) -> Answer<DeleteAccount> {
    proof::fresh(ctx, &caller).await?;
    let row = account(ctx, &caller).await?;
    let owned: Option<users::Owned> = ctx.db.optional(users::only_owned(row.id)).await?;
    if let Some(owned) = owned {
        return Err(Failure::Api(delete::Error::SoleOwner { workspace: owned.name }));
    }
    let statements = vec![users::unless_only_owner(row.id), users::delete(row.id)];
    match ctx.write(&caller, audited::<DeleteAccount>(row.id, row.email.as_str()), statements).await {
        // The other owner went meanwhile.
        Err(DbError::Stale) => {
            let owned: Option<users::Owned> = ctx.db.optional(users::only_owned(row.id)).await?;
            let workspace = owned.ok_or(Common::Unauthenticated)?.name;
            Err(Failure::Api(delete::Error::SoleOwner { workspace }))
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(NoContent)),
    }
}

/// The account of whoever calls. It may have gone since the call began.
pub(crate) async fn account(ctx: &Ctx, caller: &Person) -> Result<users::Row, Refused> {
    let row: Option<users::Row> = ctx.db.optional(users::by_id(caller.user)).await?;
    Ok(row.ok_or(Common::Unauthenticated)?)
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
