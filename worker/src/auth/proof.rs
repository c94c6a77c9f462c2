//! What is dangerous wants a fresh proof: a machine that was left unlocked, or a secret that was copied, must not be enough
//! to take an account over.

use std::time::Duration;

use patr_models::error::Common;

use super::Person;
use crate::{answer::Refused, ctx::Ctx, db::sessions};

/// How long a proof is fresh.
const FRESH: Duration = Duration::from_secs(600);

/// Refuses API tokens: an account is its person's business.
pub(crate) fn login_only(caller: &Person) -> Result<(), Refused> {
    if caller.token.is_some() {
        return Err(Common::WrongKind {
            wanted: "a login: an API token does not change an account".to_owned(),
        }
        .into());
    }
    Ok(())
}

/// Refuses everything but a login that has shown lately who it is.
pub(crate) async fn fresh(ctx: &Ctx, caller: &Person) -> Result<(), Refused> {
    login_only(caller)?;
    let row: Option<sessions::Proved> = ctx.db.optional(sessions::proved(&caller.hash)).await?;
    let proved_at = row.ok_or(Common::Unauthenticated)?.proved_at;
    if ctx.now.since(proved_at) < FRESH { Ok(()) } else { Err(Common::ProofNeeded.into()) }
}

/// The same for what a program may do as well: a token was given to it for that, and cannot prove anything.
pub(crate) async fn fresh_or_token(ctx: &Ctx, caller: &Person) -> Result<(), Refused> {
    if caller.token.is_some() { Ok(()) } else { fresh(ctx, caller).await }
}
