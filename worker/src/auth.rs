//! Who calls: from a bearer token to the caller that the endpoint's declaration asks for.

pub(crate) mod cookie;
mod member;
mod person;
pub(crate) mod proof;

use http::{HeaderMap, header, request::Parts};
use patr_models::{
    auth::{self, prefix},
    endpoint::ApiEndpoint,
    error::Common,
    ids::{RunnerId, SessionId, TokenId, UserId, WorkspaceId},
    internal::SECRET_HEADER,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub(crate) use member::{Member, enter};
pub(crate) use person::{Opens, Person, Through, by_session, person};

use crate::{answer::Refused, ctx::Ctx, db};

/// Whoever a write is put down to.
pub(crate) trait Actor {
    /// `None` for somebody without an account.
    fn user(&self) -> Option<UserId>;
    fn token(&self) -> Option<TokenId>;
    fn session(&self) -> Option<SessionId> {
        None
    }
    fn workspace(&self) -> Option<WorkspaceId>;
}

impl Actor for Person {
    fn user(&self) -> Option<UserId> {
        Some(self.user)
    }
    fn token(&self) -> Option<TokenId> {
        self.token
    }
    fn session(&self) -> Option<SessionId> {
        self.session
    }
    fn workspace(&self) -> Option<WorkspaceId> {
        None
    }
}

/// How a declared authentication is carried out here.
pub(crate) trait Scheme: auth::Auth {
    type Caller;

    /// Comes before anything else is read. `params` are the values of the path as they were sent.
    async fn identify<E: ApiEndpoint>(
        ctx: &Ctx,
        parts: &Parts,
        params: &[String],
    ) -> Result<Self::Caller, Refused>;

    /// Whom an `Idempotency-Key` belongs to.
    fn user(_: &Self::Caller) -> Option<UserId> {
        None
    }
}

impl Scheme for auth::NoAuth {
    type Caller = ();
    async fn identify<E: ApiEndpoint>(_: &Ctx, _: &Parts, _: &[String]) -> Result<(), Refused> {
        Ok(())
    }
}

impl Scheme for auth::User {
    type Caller = Person;
    async fn identify<E: ApiEndpoint>(ctx: &Ctx, parts: &Parts, _: &[String]) -> Result<Person, Refused> {
        person(ctx, parts).await
    }
    fn user(caller: &Person) -> Option<UserId> {
        Some(caller.user)
    }
}

/// A runner, and whose it is.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
pub(crate) struct Machine {
    pub(crate) id: RunnerId,
    #[serde(rename = "workspace_id")]
    pub(crate) workspace: WorkspaceId,
}

impl Scheme for auth::Runner {
    type Caller = Machine;
    async fn identify<E: ApiEndpoint>(ctx: &Ctx, parts: &Parts, _: &[String]) -> Result<Machine, Refused> {
        let token = bearer(&parts.headers).ok_or(Common::Unauthenticated)?;
        if !token.starts_with(prefix::RUNNER) {
            return Err(wrong_kind(token, "a runner's token"));
        }
        let row: Option<Machine> = ctx.db.optional(db::runners::by_token(&hash(token))).await?;
        Ok(row.ok_or(Common::Unauthenticated)?)
    }
}

impl Scheme for auth::Internal {
    type Caller = ();
    async fn identify<E: ApiEndpoint>(ctx: &Ctx, parts: &Parts, _: &[String]) -> Result<(), Refused> {
        let given = parts.headers.get(SECRET_HEADER).map(|value| value.as_bytes()).unwrap_or_default();
        if is_secret(given, ctx.settings.internal_secret.as_bytes()) {
            Ok(())
        } else {
            Err(Common::Unauthenticated.into())
        }
    }
}

/// A token of another kind is told apart from one that nobody gave out.
fn wrong_kind(token: &str, wanted: &str) -> Refused {
    if prefix::ALL.iter().any(|prefix| token.starts_with(prefix)) {
        Common::WrongKind { wanted: wanted.to_owned() }.into()
    } else {
        Common::Unauthenticated.into()
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// What a token is stored as.
pub(crate) fn hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a secret was given, without telling by the time taken where it differs. An installation that was configured
/// with an empty one opens to nobody.
pub(crate) fn is_secret(given: &[u8], secret: &[u8]) -> bool {
    !secret.is_empty() && given.ct_eq(secret).into()
}
