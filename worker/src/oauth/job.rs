//! A job shows who it is and gets a token for an hour (RFC 8693).
//!
//! ```text
//! job ── ID token of its issuer ──▶ a federation of the workspace with that issuer and audience?
//!                                    └─▶ signed by the issuer, and now? ─▶ claims as the conditions say? ─▶ token
//! ```
//!
//! Until the signature is proved the answers are the same for every workspace and issuer: nothing is learnt by asking.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use patr_models::{
    auth::prefix,
    federation::{Issuer, TOKEN_LIFE_S},
    ids::{Ref, TokenId, UserId, WorkspaceId},
};
use serde_json::json;

use super::{
    form::Form,
    json,
    problem::{Problem, Stop},
};
use crate::{
    auth::{self, Actor},
    ctx::{Audited, Ctx, new_secret},
    db::{
        DbError,
        federations::{self, Row},
        job_tokens,
    },
    issuers,
    jwt::{Claims, Unproved},
};

pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID_TOKENS: [&str; 2] =
    ["urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:jwt"];

/// In the audit log.
const ACTION: &str = "ExchangeIdToken";
/// Longest subject that is written down, in characters.
const SUBJECT_MAX: usize = 256;

pub(super) async fn exchange(ctx: &Ctx, form: &Form) -> Result<Response<Bytes>, Stop> {
    if !ID_TOKENS.contains(&form.required("subject_token_type")?) {
        return Err(Problem::invalid_request("subject_token_type has to be that of an ID token").into());
    }
    if form.get("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        return Err(Problem::invalid_request("only access tokens are given out").into());
    }
    let unproved = Unproved::read(form.required("subject_token")?).map_err(refused)?;
    let rows = candidates(ctx, form.required("audience")?, &unproved).await?;
    let (row, claims) = prove(ctx, rows, unproved).await?;
    let secret = new_secret(prefix::ACCESS)?;
    let job = Job { id: ctx.id().map_err(crate::answer::Fault::from)?, row: &row };
    let subject: String = claims.text("sub").unwrap_or_default().chars().take(SUBJECT_MAX).collect();
    let insert = job_tokens::insert(
        &job_tokens::New {
            id: job.id,
            hash: &auth::hash(&secret),
            federation: row.id,
            subject: &subject,
            expires_at: ctx.now + Duration::from_secs(TOKEN_LIFE_S.into()),
        },
        ctx.now,
    );
    let what = Audited::new(ACTION, row.id, &subject);
    match ctx.write(&job, what, vec![federations::there(row.id), insert]).await {
        Err(DbError::Stale) => Err(nobody().into()),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(json(
            StatusCode::OK,
            &json!({
                "access_token": secret,
                "issued_token_type": ACCESS_TOKEN,
                "token_type": "Bearer",
                "expires_in": TOKEN_LIFE_S,
            }),
        )?),
    }
}

fn refused(refusal: crate::jwt::Refusal) -> Problem {
    Problem::invalid_request(format!("the ID token is not taken: {refusal}"))
}

fn nobody() -> Problem {
    Problem::new("invalid_target", "no federation of this workspace is for this issuer and audience")
}

/// The federations that a token can be for, by what it says itself. All of them have one issuer and one audience.
async fn candidates(ctx: &Ctx, workspace: &str, token: &Unproved<'_>) -> Result<Vec<Row>, Stop> {
    let workspace: Ref<WorkspaceId> = workspace.parse().map_err(|_| nobody())?;
    let issuer: Issuer = token.issuer().and_then(|issuer| issuer.parse().ok()).ok_or_else(nobody)?;
    let mut rows: Vec<Row> = ctx.db.fetch(federations::of_issuer(&workspace, &issuer)).await?;
    rows.sort_by_key(|row| row.id);
    let audiences = token.audiences();
    rows.retain(|row| audiences.contains(&row.audience.as_str()));
    let first = rows.first().map(|row| row.audience.clone()).ok_or_else(nobody)?;
    rows.retain(|row| row.audience == first);
    Ok(rows)
}

/// The first of them that takes what the token proves.
async fn prove(ctx: &Ctx, rows: Vec<Row>, token: Unproved<'_>) -> Result<(Row, Claims), Stop> {
    let first = rows.first().ok_or_else(nobody)?;
    let keys = issuers::keys(ctx, &first.issuer, token.key_id()).await?;
    let claims =
        token.prove(&keys, first.issuer.as_str(), first.audience.as_str(), ctx.now).map_err(refused)?;
    let mut unmet = None;
    for row in rows {
        match first_unmet(&row, &claims) {
            None => return Ok((row, claims)),
            Some(claim) => unmet = Some((row.name, claim)),
        }
    }
    let told = unmet.map_or_else(String::new, |(name, claim)| {
        format!("the claim `{claim}` is not as the federation `{name}` wants it")
    });
    Err(Problem::new("invalid_target", told).into())
}

/// The first condition that does not hold. What the claim is stays unsaid: whoever has the token knows it.
fn first_unmet(row: &Row, claims: &Claims) -> Option<String> {
    let holds = |(claim, pattern): &(&String, &patr_models::federation::Pattern)| {
        claims.0.get(*claim).is_some_and(|value| pattern.matches_claim(value))
    };
    row.conditions.iter().find(|condition| !holds(condition)).map(|(claim, _)| claim.clone())
}

/// A job, through whoever trusts it.
struct Job<'a> {
    id: TokenId,
    row: &'a Row,
}

impl Actor for Job<'_> {
    fn user(&self) -> Option<UserId> {
        Some(self.row.created_by)
    }
    fn token(&self) -> Option<TokenId> {
        Some(self.id)
    }
    fn workspace(&self) -> Option<WorkspaceId> {
        Some(self.row.workspace_id)
    }
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
