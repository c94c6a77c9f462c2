//! How often something may be tried: buckets that drain evenly (GCRA), a row of D1 each.
//!
//! D1 and not Cloudflare's binding for rate limits: that one counts per place and lets some through, knows windows of ten
//! seconds or a minute only, and does not say when to come back. A bucket here is one statement, which looks and counts, so
//! that many attempts at once are not more than many in a row; and it is taken only where an attempt costs more than that.
//!
//! A stranger's guesses must not keep an account's owner out. So they are counted per account *and* source. Those from all
//! sources together lock nobody out: while there are too many of them each source has fewer, and a right one is right.

use std::time::Duration;

use patr_models::{endpoint::ApiEndpoint, error::Common, ids::UserId, time::Millis};

use crate::{
    answer::Refused,
    ctx::Ctx,
    db::{Statement, limits as db},
};

/// At most `most` at once; they are forgiven evenly within `window`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    most: u32,
    window: Duration,
}

const fn per(window: u64, most: u32) -> Rule {
    Rule { most, window: Duration::from_secs(window) }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

impl Rule {
    /// What one attempt costs.
    fn each(self) -> Duration {
        self.window / self.most
    }
}

/// Guesses at a password, of one source; and of one while those of all sources together are many.
pub(crate) const GUESSES: Rule = per(15 * MINUTE, 10);
const GUESSES_UNDER_ATTACK: Rule = per(15 * MINUTE, 3);
/// Of all sources together.
pub(crate) const GUESSES_OF_ALL: Rule = per(HOUR, 100);

/// What is written down whenever it happens, but not each time that it happens at once.
const NOTED: Rule = per(MINUTE, 1);

/// Programs that one person lets in, and tokens that come of one time that it did.
pub(crate) const CONSENTS: Rule = per(HOUR, 60);
pub(crate) const CLIENT_TOKENS: Rule = per(HOUR, 60);

/// What any one address may ask, whoever it is: each costs the work of a password, a mail, or a row that nobody owns.
const SOURCES: &[(&str, Rule)] = &[
    ("LogIn", per(5 * MINUTE, 60)),
    ("SignUp", per(HOUR, 30)),
    ("SignUpByInvitation", per(HOUR, 30)),
    ("RequestPasswordReset", per(HOUR, 20)),
    ("ResetPassword", per(HOUR, 60)),
    ("VerifyEmail", per(HOUR, 60)),
    ("BeginPasskeyLogIn", per(5 * MINUTE, 120)),
    ("LogInWithPasskey", per(5 * MINUTE, 60)),
    ("AuthorizeDevice", per(HOUR, 60)),
    ("ExchangeDeviceCode", per(5 * MINUTE, 300)),
];

/// What an account may ask: each makes something that stays, or keeps a runner or D1 busy.
const USERS: &[(&str, Rule)] = &[
    ("SendVerification", per(HOUR, 10)),
    ("ChangeEmail", per(HOUR, 20)),
    ("CreateWorkspace", per(HOUR, 60)),
    ("CreateToken", per(HOUR, 60)),
    ("CreateClient", per(HOUR, 60)),
    ("CreateInvitation", per(HOUR, 120)),
    ("AcceptInvitation", per(HOUR, 60)),
    ("ExecInDeployment", per(MINUTE, 120)),
    ("ConnectToDeployment", per(MINUTE, 600)),
    ("PutPack", per(MINUTE, 3000)),
    ("CreateVersion", per(MINUTE, 60)),
    ("CreateSnapshot", per(MINUTE, 30)),
    ("TestUrl", per(MINUTE, 120)),
    ("ExportAudit", per(MINUTE, 10)),
    ("ExportAccountAudit", per(MINUTE, 10)),
];

fn rule<E: ApiEndpoint>(rules: &[(&str, Rule)]) -> Option<Rule> {
    rules.iter().find(|(name, _)| *name == E::NAME).map(|(_, rule)| *rule)
}

/// Counts a call of `E` for the address that it comes from.
pub(crate) async fn of_source<E: ApiEndpoint>(ctx: &Ctx) -> Result<(), Refused> {
    match rule::<E>(SOURCES) {
        Some(rule) => count(ctx, &format!("{}/{}", E::NAME, ctx.from().source()), rule).await,
        None => Ok(()),
    }
}

/// Counts a call of `E` for the account that makes it.
pub(crate) async fn of_user<E: ApiEndpoint>(ctx: &Ctx, user: Option<UserId>) -> Result<(), Refused> {
    match (rule::<E>(USERS), user) {
        (Some(rule), Some(user)) => count(ctx, &format!("{}/{user}", E::NAME), rule).await,
        _ => Ok(()),
    }
}

/// Counts a guess at the password of `what`, before it is looked at: guesses that come all at once are counted, too.
pub(crate) async fn guess(ctx: &Ctx, what: &str) -> Result<(), Refused> {
    let few = take(ctx, what, GUESSES_OF_ALL).await?;
    count(ctx, &bucket(ctx, what), if few { GUESSES } else { GUESSES_UNDER_ATTACK }).await
}

/// Forgets the guesses of this source: one was right.
pub(crate) fn forget(ctx: &Ctx, what: &str) -> Statement {
    db::forget(&bucket(ctx, what))
}

/// Whether something happens that has not happened within a minute.
pub(crate) async fn seldom(ctx: &Ctx, what: &str) -> Result<bool, Refused> {
    take(ctx, what, NOTED).await
}

fn bucket(ctx: &Ctx, what: &str) -> String {
    format!("{what}/{}", ctx.from().source())
}

async fn take(ctx: &Ctx, bucket: &str, rule: Rule) -> Result<bool, Refused> {
    let taken: Option<db::Row> = ctx.db.optional(db::take(bucket, ctx.now, rule.each(), rule.window)).await?;
    Ok(taken.is_some())
}

/// Counts an attempt, and refuses it when there have been too many.
pub(crate) async fn count(ctx: &Ctx, bucket: &str, rule: Rule) -> Result<(), Refused> {
    if take(ctx, bucket, rule).await? {
        return Ok(());
    }
    let full: Option<db::Row> = ctx.db.optional(db::get(bucket)).await?;
    let forgiven_at = full.map_or(ctx.now, |row| row.forgiven_at);
    Err(Common::TooManyRequests { seconds: wait(ctx.now, forgiven_at, rule) }.into())
}

/// After how many seconds there is room for one more.
fn wait(now: Millis, forgiven_at: Millis, rule: Rule) -> u64 {
    let room = forgiven_at + rule.each() - rule.window;
    u64::try_from(room.since(now).as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
