//! A code for the first tokens (RFC 6749, 4.1.3, with RFC 7636), and a refresh token for the next ones.
//!
//! Each is good once. One that comes a second time was stolen, by whoever came first or by whoever comes now: everything that
//! hangs on the same authorization ends (RFC 9700, 4.14.2).

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Response, StatusCode, request::Parts};
use patr_models::{
    auth::prefix,
    ids::{AuthorizationId, UserId},
    oauth::{ACCESS_LIFE_S, REFRESH_LIFE_S, Scopes},
};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    client::{Acting, authenticate},
    form::Form,
    json,
    problem::{Problem, Stop},
};
use crate::{
    answer::Fault,
    auth,
    ctx::{Audited, Ctx, new_secret},
    db::{
        DbError, Statement,
        oauth::{self, ClientRow, Code, NewTokens, Refresh},
    },
    limits,
};

pub(super) const GRANT_TYPE: &str = "authorization_code";
pub(super) const REFRESH: &str = "refresh_token";

/// In the audit log.
const GIVEN: &str = "GiveClientTokens";
pub(crate) const STOLEN: &str = "EndStolenAuthorization";

fn not_good() -> Problem {
    Problem::new("invalid_grant", "this is not good, or not good any more, or of another client")
}

pub(super) async fn exchange(ctx: &Ctx, parts: &Parts, form: &Form) -> Result<Response<Bytes>, Stop> {
    let client = authenticate(ctx, parts, form).await?;
    let hash = auth::hash(form.required("code")?);
    let code: Option<Code> = ctx.db.optional(oauth::code(&hash)).await?;
    let code = code.filter(|code| code.client_id == client.id).ok_or_else(not_good)?;
    let hold = Hold { user: code.user_id, authorization: code.authorization_id, scope: &code.scope };
    if code.used {
        return stolen(ctx, &client, hold).await;
    }
    let verifier = form.required("code_verifier")?;
    // OAuth 2.1 has left the address out here: the verifier proves more. What is said has to be so all the same.
    let same = form.get("redirect_uri").is_none_or(|said| said == code.redirect_uri);
    if !same || !is_verifier(verifier, &code.challenge) || code.expires_at <= ctx.now {
        return Err(not_good().into());
    }
    give(ctx, &client, hold, oauth::code_use(&hash)).await
}

/// S256 (RFC 7636, 4.6), and of the length that it has to have (4.1).
fn is_verifier(verifier: &str, challenge: &str) -> bool {
    let hashed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    (43..=128).contains(&verifier.len()) && auth::is_secret(hashed.as_bytes(), challenge.as_bytes())
}

pub(super) async fn refresh(ctx: &Ctx, parts: &Parts, form: &Form) -> Result<Response<Bytes>, Stop> {
    let client = authenticate(ctx, parts, form).await?;
    let hash = auth::hash(form.required("refresh_token")?);
    let refresh: Option<Refresh> = ctx.db.optional(oauth::refresh(&hash)).await?;
    let refresh = refresh.filter(|refresh| refresh.client_id == client.id).ok_or_else(not_good)?;
    let hold = Hold { user: refresh.user_id, authorization: refresh.authorization_id, scope: &refresh.scope };
    if refresh.used {
        return stolen(ctx, &client, hold).await;
    }
    if refresh.expires_at <= ctx.now {
        return Err(not_good().into());
    }
    let scopes = |text: &str| text.parse::<Scopes>().ok();
    if form.get("scope").is_some_and(|scope| scopes(scope) != scopes(&refresh.scope)) {
        return Err(Problem::new("invalid_scope", "the scope cannot be changed: ask the person again").into());
    }
    give(ctx, &client, hold, oauth::refresh_use(&hash)).await
}

/// What a client holds for a person.
struct Hold<'a> {
    user: UserId,
    authorization: AuthorizationId,
    scope: &'a str,
}

async fn give(
    ctx: &Ctx,
    client: &ClientRow,
    hold: Hold<'_>,
    using: [Statement; 2],
) -> Result<Response<Bytes>, Stop> {
    // Before the code or the refresh token is used up: whoever is early comes again with it.
    limits::count(ctx, &format!("{GIVEN}/{}", hold.authorization), limits::CLIENT_TOKENS).await?;
    let (access, refresh) = (new_secret(prefix::ACCESS)?, new_secret(prefix::REFRESH)?);
    let after = |seconds: u32| ctx.now + Duration::from_secs(seconds.into());
    let new = NewTokens {
        authorization: hold.authorization,
        access: ctx.id().map_err(Fault::from)?,
        access_hash: &auth::hash(&access),
        access_expires_at: after(ACCESS_LIFE_S),
        refresh_hash: &auth::hash(&refresh),
        refresh_expires_at: after(REFRESH_LIFE_S),
    };
    let who = Acting { user: hold.user, token: Some(new.access) };
    let what = Audited::new(GIVEN, hold.authorization, client.name.as_str());
    let statements = using.into_iter().chain(oauth::tokens_insert(&new, ctx.now)).collect();
    match ctx.write(&who, what, statements).await {
        // An equal request was faster: one of the two has what was stolen.
        Err(DbError::Stale) => return stolen(ctx, client, hold).await,
        outcome => outcome?,
    }
    Ok(json(
        StatusCode::OK,
        &json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": ACCESS_LIFE_S,
            "refresh_token": refresh,
            "scope": hold.scope,
        }),
    )?)
}

/// Ends all that hangs on an authorization.
async fn stolen(ctx: &Ctx, client: &ClientRow, hold: Hold<'_>) -> Result<Response<Bytes>, Stop> {
    let who = Acting { user: hold.user, token: None };
    let what = Audited::new(STOLEN, hold.authorization, client.name.as_str());
    match ctx.write(&who, what, oauth::authorization_delete(hold.authorization).to_vec()).await {
        // It is gone already.
        Ok(()) | Err(DbError::Stale) => Err(not_good().into()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn a_verifier_is_what_the_challenge_was_made_of() {
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(is_verifier(verifier, challenge));
        assert!(!is_verifier(challenge, challenge), "not plain");
        assert!(!is_verifier("short", &URL_SAFE_NO_PAD.encode(Sha256::digest("short"))));
    }
}
