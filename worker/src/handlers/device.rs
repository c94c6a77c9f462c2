//! Logging a device in from a browser elsewhere (RFC 8628).
//!
//! ```text
//! device ── authorize ──▶ both codes          person ── /device?user_code= ──▶ compares, approves
//!    └───── exchange ───▶ pending … pending … session   ◀── the same row of D1 ──┘
//! ```
//!
//! The code that the person compares opens nothing by itself, and the one that the device asks with is shown to nobody.

pub(crate) mod page;

use std::time::Duration;

use patr_models::{
    auth::prefix,
    device::{
        CODE_LIFE_S, INTERVAL_S, UserCode,
        authorize::{AuthorizeDevice, DEVICE_MAX, DeviceAuthorization},
        exchange::{self, ExchangeDeviceCode},
    },
    endpoint::{ApiEndpoint, Call, Reply, body::Created},
    ids::UserId,
    time::Millis,
    user::User,
};

use crate::{
    answer::{Answer, Failure},
    auth,
    ctx::{Ctx, new_secret},
    db::{
        DbError,
        device::{self, New, Row, State},
        users,
    },
    env,
    handlers::users::{Claimant, start_session},
};

/// Where a person compares the code.
pub(crate) const PATH: &str = "/device";
/// How much too early a question may come, for the way that it has.
const LEEWAY: Duration = Duration::from_millis(500);

pub(crate) async fn authorize(ctx: &Ctx, (): (), call: Call<AuthorizeDevice>) -> Answer<AuthorizeDevice> {
    let device_code = new_secret(prefix::DEVICE)?;
    let user_code = UserCode::from_random(u64::from_le_bytes(env::random()?));
    let device = call.body.0.device.as_deref().map(readable);
    let new = New {
        hash: &auth::hash(&device_code),
        user_code_hash: &hash(&user_code),
        device: device.as_deref(),
        interval_s: INTERVAL_S,
        expires_at: ctx.now + Duration::from_secs(CODE_LIFE_S.into()),
    };
    // Of 25 billion codes two that live at once are the same as good as never, and then this fails and the next one does not.
    ctx.db.batch(vec![device::insert(&new, ctx.now)]).await?;
    let verification_uri = format!("{}{PATH}", ctx.settings.control_url());
    Ok(Reply::new(Created(DeviceAuthorization {
        verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
        verification_uri,
        device_code,
        user_code,
        expires_in: CODE_LIFE_S,
        interval: INTERVAL_S,
    })))
}

/// What a device calls itself, on one line of bounded length.
fn readable(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(DEVICE_MAX).collect()
}

/// What D1 knows a user code by.
fn hash(code: &UserCode) -> String {
    auth::hash(&code.to_string())
}

pub(crate) async fn exchange(
    ctx: &Ctx,
    (): (),
    call: Call<ExchangeDeviceCode>,
) -> Answer<ExchangeDeviceCode> {
    let expired = || Failure::Api(exchange::Error::ExpiredToken);
    let hash = auth::hash(&call.body.0.device_code);
    let row: Option<Row> = ctx.db.optional(device::by_device_code(&hash, ctx.now)).await?;
    let row = row.ok_or_else(expired)?;
    match decide(&row, ctx.now) {
        Step::Wait { interval_s } => {
            ctx.db.batch(vec![device::polled(&hash, ctx.now, interval_s)]).await?;
            Err(Failure::Api(exchange::Error::AuthorizationPending))
        }
        Step::SlowDown { interval_s } => {
            ctx.db.batch(vec![device::polled(&hash, ctx.now, interval_s)]).await?;
            Err(Failure::Api(exchange::Error::SlowDown { interval: interval_s }))
        }
        Step::Denied => Err(Failure::Api(exchange::Error::AccessDenied)),
        Step::LetIn(user) => {
            let user: Option<users::Row> = ctx.db.optional(users::by_id(user)).await?;
            let user: User = user.as_ref().ok_or_else(expired)?.into();
            let who = Claimant(Some(user.id));
            match start_session(ctx, &who, user, device::take(&hash), ExchangeDeviceCode::NAME).await {
                Ok(session) => Ok(Reply::new(Created(session))),
                Err(DbError::Stale) => Err(expired()),
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// What comes of a question.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Wait { interval_s: u32 },
    SlowDown { interval_s: u32 },
    Denied,
    LetIn(UserId),
}

fn decide(row: &Row, now: Millis) -> Step {
    match (row.state, row.user_id) {
        (State::Approved, Some(user)) => Step::LetIn(user),
        (State::Denied, _) | (State::Approved, None) => Step::Denied,
        (State::Pending, _) => {
            let interval_s = row.interval_s;
            let early = row
                .polled_at
                .is_some_and(|polled| now.since(polled) + LEEWAY < Duration::from_secs(interval_s.into()));
            if early {
                Step::SlowDown { interval_s: interval_s.saturating_add(INTERVAL_S) }
            } else {
                Step::Wait { interval_s }
            }
        }
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
