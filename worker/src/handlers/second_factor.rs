//! What is asked for beside a password.

use data_encoding::BASE32_NOPAD;
use patr_models::{
    auth::prefix,
    endpoint::{
        Call, Reply,
        body::{Json, NoContent},
    },
    ids::UserId,
    second_factor::{
        RecoveryCodes, SecondFactors,
        begin_totp::{self, BeginTotp, Enrolment},
        enable_totp::{self, EnableTotp},
        get::GetSecondFactors,
        new_recovery_codes::{self, NewRecoveryCodes},
        remove_totp::{self, RemoveTotp},
    },
    user::proof::SecondFactor,
};

use super::{account::account, passkeys};
use crate::{
    answer::{Answer, Failure, Fault, Refused},
    auth::{self, Person, proof},
    ctx::{Ctx, audited},
    db::{
        Statement, passkeys as keys,
        second_factors::{self, Held, Totp, Used},
    },
    env,
    totp::{self, Seed},
};

const RECOVERY_CODES: usize = 10;

/// What somebody has beside a password.
pub(crate) async fn held(ctx: &Ctx, user: UserId) -> Result<Held, Refused> {
    let held: Option<Held> = ctx.db.optional(second_factors::held(user)).await?;
    held.ok_or_else(|| Fault::new("a SELECT without FROM has a row").into())
}

/// Whether somebody has given what was asked for. It is used up then.
pub(crate) async fn check(ctx: &Ctx, user: UserId, given: &SecondFactor) -> Result<bool, Refused> {
    match given {
        SecondFactor::Code(code) => check_code(ctx, user, code).await,
        SecondFactor::Passkey(assertion) => Ok(passkeys::check(ctx, assertion, Some(user)).await?.is_some()),
    }
}

/// The same for a code of an authenticator app, or a recovery code, as people type it.
pub(crate) async fn check_code(ctx: &Ctx, user: UserId, code: &str) -> Result<bool, Refused> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    if code.starts_with(prefix::RECOVERY) {
        let statement = second_factors::use_recovery_code(user, &auth::hash(&code));
        return Ok(ctx.db.optional::<Used>(statement).await?.is_some());
    }
    let row: Option<Totp> = ctx.db.optional(second_factors::totp(user)).await?;
    let Some(row) = row.filter(|row| row.since.is_some()) else { return Ok(false) };
    let Some(step) = seed(ctx, user, &row)?.step_of(&code, ctx.now, row.step) else { return Ok(false) };
    // Of two who use one code at the same moment one is too late.
    Ok(ctx.db.optional::<Used>(second_factors::use_step(user, step)).await?.is_some())
}

fn seed(ctx: &Ctx, user: UserId, row: &Totp) -> Result<Seed, Fault> {
    Seed::from_bytes(ctx.settings.secrets_keys()?.open_seed(user, &row.seed)?)
}

pub(crate) async fn get(ctx: &Ctx, caller: Person, _: Call<GetSecondFactors>) -> Answer<GetSecondFactors> {
    proof::login_only(&caller)?;
    Ok(Reply::new(Json(show(ctx, caller.user).await?)))
}

/// The second factors of somebody.
pub(crate) async fn show(ctx: &Ctx, user: UserId) -> Result<SecondFactors, Refused> {
    let held = held(ctx, user).await?;
    let passkeys: Vec<keys::Row> = ctx.db.fetch(keys::list(user)).await?;
    Ok(SecondFactors {
        totp_since: held.totp_since,
        passkeys: passkeys.into_iter().map(Into::into).collect(),
        recovery_codes_left: held.recovery_codes,
    })
}

pub(crate) async fn begin_totp(ctx: &Ctx, caller: Person, _: Call<BeginTotp>) -> Answer<BeginTotp> {
    proof::fresh(ctx, &caller).await?;
    let row = account(ctx, &caller).await?;
    if held(ctx, row.id).await?.totp_since.is_some() {
        return Err(Failure::Api(begin_totp::Error::AlreadyOn));
    }
    let (seed, keys) = (Seed::random()?, ctx.settings.secrets_keys()?);
    let closed = keys.current.close_seed(row.id, seed.bytes())?;
    let begin = second_factors::begin_totp(row.id, &closed, &keys.current.fingerprint());
    ctx.write(&caller, audited::<BeginTotp>(row.id, row.email.as_str()), vec![begin]).await?;
    let url = seed.url(&ctx.settings.control_host, row.email.as_str());
    Ok(Reply::new(Json(Enrolment { secret: seed.to_text(), qr: totp::qr(&url)?, url })))
}

pub(crate) async fn enable_totp(ctx: &Ctx, caller: Person, call: Call<EnableTotp>) -> Answer<EnableTotp> {
    use enable_totp::Error;
    proof::login_only(&caller)?;
    let row: Option<Totp> = ctx.db.optional(second_factors::totp(caller.user)).await?;
    let row = row.filter(|row| row.since.is_none()).ok_or(Failure::Api(Error::NotBegun))?;
    let code = call.body.0.code;
    let step = seed(ctx, caller.user, &row)?.step_of(code.trim(), ctx.now, 0);
    let step = step.ok_or(Failure::Api(Error::WrongCode))?;
    let mut statements = vec![second_factors::enable_totp(caller.user, step, ctx.now)];
    let recovery_codes = first_recovery_codes(ctx, caller.user, &mut statements).await?;
    ctx.write(&caller, audited::<EnableTotp>(caller.user, ""), statements).await?;
    Ok(Reply::new(Json(RecoveryCodes { recovery_codes })))
}

pub(crate) async fn remove_totp(ctx: &Ctx, caller: Person, _: Call<RemoveTotp>) -> Answer<RemoveTotp> {
    proof::fresh(ctx, &caller).await?;
    if held(ctx, caller.user).await?.totp_since.is_none() {
        return Err(Failure::Api(remove_totp::Error::NotOn));
    }
    let statements =
        vec![second_factors::remove_totp(caller.user), second_factors::tidy_recovery_codes(caller.user)];
    ctx.write(&caller, audited::<RemoveTotp>(caller.user, ""), statements).await?;
    Ok(Reply::new(NoContent))
}

pub(crate) async fn new_recovery_codes(
    ctx: &Ctx,
    caller: Person,
    _: Call<NewRecoveryCodes>,
) -> Answer<NewRecoveryCodes> {
    proof::fresh(ctx, &caller).await?;
    if !held(ctx, caller.user).await?.any() {
        return Err(Failure::Api(new_recovery_codes::Error::NoSecondFactor));
    }
    let mut statements = Vec::new();
    let recovery_codes = recovery_codes(caller.user, &mut statements)?;
    ctx.write(&caller, audited::<NewRecoveryCodes>(caller.user, ""), statements).await?;
    Ok(Reply::new(Json(RecoveryCodes { recovery_codes })))
}

/// Recovery codes for somebody who has none yet.
pub(crate) async fn first_recovery_codes(
    ctx: &Ctx,
    user: UserId,
    statements: &mut Vec<Statement>,
) -> Result<Vec<String>, Refused> {
    if held(ctx, user).await?.recovery_codes > 0 {
        Ok(Vec::new())
    } else {
        Ok(recovery_codes(user, statements)?)
    }
}

/// New recovery codes of 80 bits: nobody guesses one, so a plain hash keeps it.
fn recovery_codes(user: UserId, statements: &mut Vec<Statement>) -> Result<Vec<String>, Fault> {
    let code = |_| {
        let random = BASE32_NOPAD.encode(&env::random::<10>()?).to_lowercase();
        Ok(format!("{}{random}", prefix::RECOVERY))
    };
    let codes = (0..RECOVERY_CODES).map(code).collect::<Result<Vec<String>, Fault>>()?;
    let hashes: Vec<String> = codes.iter().map(|code| auth::hash(code)).collect();
    statements.extend(second_factors::set_recovery_codes(user, &hashes));
    Ok(codes)
}

#[cfg(test)]
#[path = "second_factor_tests.rs"]
mod tests;
