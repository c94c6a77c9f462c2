//! Passkeys.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use patr_models::{
    endpoint::{
        ApiEndpoint, Call, Reply,
        body::{Created, Json, NoContent},
    },
    error::Common,
    ids::UserId,
    passkey::{
        Assertion, CreationOptions, Descriptor, KeyParameters, NoAttestation, Passkey, PublicKey,
        RelyingParty as Party, RequestOptions, Required, Selection, UserEntity,
        add::{self, AddPasskey, Added},
        begin::BeginPasskey,
        begin_log_in::BeginPasskeyLogIn,
        log_in::{self, LogInWithPasskey},
        remove::RemovePasskey,
    },
};

use super::{absent, account::account, second_factor, users as log_ins};
use crate::{
    answer::{Answer, Failure, Fault, Refused},
    auth::{Person, proof},
    ctx::{Ctx, audited},
    db::{passkeys, second_factors, users},
    env::without_port,
    signed::Signer,
    webauthn::{self, RelyingParty},
};

/// How long somebody may take to unlock an authenticator.
const CHALLENGE: Duration = Duration::from_secs(300);
const TIMEOUT_MS: u32 = 300_000;
const PASSKEYS_MAX: usize = 20;

fn relying_party(ctx: &Ctx) -> RelyingParty {
    RelyingParty {
        id: without_port(&ctx.settings.control_host).to_owned(),
        origin: ctx.settings.control_url(),
    }
}

/// Signs challenges for logging in.
fn log_in_signer(ctx: &Ctx) -> Signer {
    Signer::new(&ctx.settings.internal_secret, "passkey log-in")
}

/// Signs challenges for adding a passkey to one account.
fn add_signer(ctx: &Ctx, user: UserId) -> Signer {
    Signer::new(&ctx.settings.internal_secret, &format!("passkey of {user}"))
}

/// What a browser is asked to log in with.
pub(crate) fn request_options(ctx: &Ctx) -> Result<RequestOptions, Fault> {
    Ok(RequestOptions {
        challenge: log_in_signer(ctx).issue(ctx.now, CHALLENGE)?,
        rp_id: relying_party(ctx).id,
        timeout: TIMEOUT_MS,
        user_verification: Required::Required,
    })
}

/// Whose passkey has answered a challenge of ours. The challenge is used up then.
pub(crate) async fn check(
    ctx: &Ctx,
    assertion: &Assertion,
    expected: Option<UserId>,
) -> Result<Option<UserId>, Refused> {
    let Ok(challenge) = webauthn::challenge_of(&assertion.response.client_data_json) else { return Ok(None) };
    let Some(expires_at) = log_in_signer(ctx).read(&challenge, ctx.now) else { return Ok(None) };
    let row: Option<passkeys::Row> = ctx.db.optional(passkeys::by_credential(&assertion.id)).await?;
    let Some(row) = row.filter(|row| expected.is_none_or(|user| user == row.user_id)) else {
        return Ok(None);
    };
    if assertion.response.user_handle.as_ref().is_some_and(|handle| *handle != user_handle(row.user_id)) {
        return Ok(None);
    }
    let is_ours = |said: &str| said == challenge;
    let Ok(counter) = relying_party(ctx).verify(&row.credential(), assertion, is_ours) else {
        return Ok(None);
    };
    match ctx.db.batch(vec![passkeys::spend(&challenge, expires_at)]).await {
        Err(error) if error.is_unique("spent_challenges.challenge") => return Ok(None),
        spent => spent?,
    }
    let used: Option<passkeys::Used> = ctx.db.optional(passkeys::used(row.id, counter, ctx.now)).await?;
    Ok(used.map(|_| row.user_id))
}

fn user_handle(user: UserId) -> String {
    URL_SAFE_NO_PAD.encode(user.to_string())
}

pub(crate) async fn begin(ctx: &Ctx, caller: Person, _: Call<BeginPasskey>) -> Answer<BeginPasskey> {
    proof::fresh(ctx, &caller).await?;
    let row = account(ctx, &caller).await?;
    let known: Vec<passkeys::Row> = ctx.db.fetch(passkeys::list(row.id)).await?;
    let kind = PublicKey::PublicKey;
    let party = relying_party(ctx);
    let email = row.email.to_string();
    Ok(Reply::new(Json(CreationOptions {
        challenge: add_signer(ctx, row.id).issue(ctx.now, CHALLENGE)?,
        rp: Party { name: party.id.clone(), id: party.id },
        user: UserEntity { id: user_handle(row.id), name: email.clone(), display_name: email },
        pub_key_cred_params: webauthn::ALGORITHMS.map(|alg| KeyParameters { kind, alg }).to_vec(),
        timeout: TIMEOUT_MS,
        exclude_credentials: known.iter().map(|row| Descriptor { kind, id: row.credential().id }).collect(),
        authenticator_selection: Selection {
            resident_key: Required::Required,
            user_verification: Required::Required,
        },
        attestation: NoAttestation::None,
    })))
}

pub(crate) async fn add(ctx: &Ctx, caller: Person, call: Call<AddPasskey>) -> Answer<AddPasskey> {
    use add::Error;
    proof::login_only(&caller)?;
    let add::Body { name, credential } = call.body.0;
    let not_verified =
        |webauthn::Refusal(problem)| Failure::Api(Error::NotVerified { problem: problem.to_owned() });
    let challenge = webauthn::challenge_of(&credential.response.client_data_json).map_err(not_verified)?;
    let expires_at = add_signer(ctx, caller.user).read(&challenge, ctx.now);
    let is_ours = |said: &str| said == challenge && expires_at.is_some();
    let credential = relying_party(ctx).register(&credential, is_ours).map_err(not_verified)?;
    if second_factor::held(ctx, caller.user).await?.passkeys >= PASSKEYS_MAX as u64 {
        return Err(Failure::Api(Error::TooMany { limit: PASSKEYS_MAX }));
    }
    let passkey = Passkey { id: ctx.id()?, name, created_at: ctx.now, last_used_at: None };
    let mut statements = vec![
        passkeys::spend(&challenge, expires_at.unwrap_or(ctx.now)),
        passkeys::insert(caller.user, &passkey, &credential),
    ];
    let recovery_codes = second_factor::first_recovery_codes(ctx, caller.user, &mut statements).await?;
    match ctx.write(&caller, audited::<AddPasskey>(passkey.id, passkey.name.as_str()), statements).await {
        Err(error) if error.is_unique("spent_challenges.challenge") => {
            Err(not_verified(webauthn::Refusal("its challenge was used")))
        }
        Err(error) if error.is_unique("passkeys.credential") => Err(Failure::Api(Error::Taken)),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Reply::new(Created(Added { passkey, recovery_codes }))),
    }
}

pub(crate) async fn remove(ctx: &Ctx, caller: Person, call: Call<RemovePasskey>) -> Answer<RemovePasskey> {
    proof::fresh(ctx, &caller).await?;
    let id = call.path.passkey;
    let row: Option<passkeys::Row> = ctx.db.optional(passkeys::get(caller.user, id)).await?;
    let row = row.ok_or_else(|| absent("passkey", id))?;
    let statements =
        vec![passkeys::delete(caller.user, id), second_factors::tidy_recovery_codes(caller.user)];
    ctx.write(&caller, audited::<RemovePasskey>(id, row.name.as_str()), statements).await?;
    Ok(Reply::new(NoContent))
}

pub(crate) async fn begin_log_in(ctx: &Ctx, (): (), _: Call<BeginPasskeyLogIn>) -> Answer<BeginPasskeyLogIn> {
    Ok(Reply::new(Json(request_options(ctx)?)))
}

pub(crate) async fn log_in(ctx: &Ctx, (): (), call: Call<LogInWithPasskey>) -> Answer<LogInWithPasskey> {
    let user = check(ctx, &call.body.0.credential, None).await?;
    let user = user.ok_or(Failure::Api(log_in::Error::WrongPasskey))?;
    let row: Option<users::Row> = ctx.db.optional(users::by_id(user)).await?;
    let row = row.ok_or(Common::Unauthenticated)?;
    let (user, forget) = ((&row).into(), vec![log_ins::forget_attempts(ctx, &row.email)]);
    let session =
        log_ins::start_session(ctx, &log_ins::Claimant(Some(row.id)), user, forget, LogInWithPasskey::NAME)
            .await?;
    Ok(Reply::new(Created(session)))
}

#[cfg(test)]
#[path = "passkeys_tests.rs"]
mod tests;
