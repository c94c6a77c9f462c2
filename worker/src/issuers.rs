//! The keys of issuers of ID tokens (OpenID Connect Discovery): fetched, and kept in KV.
//!
//! An issuer changes its keys whenever it likes, and says so by signing with one that nobody knows yet. So an unknown name of
//! a key has them fetched again, but not more than once in [`RETRY`]: else whoever sends tokens with made-up names could have
//! us ask an issuer as often as they like.

use std::time::Duration;

use patr_models::{federation::Issuer, time::Millis};
use sha2::{Digest, Sha256};

use crate::{answer::Fault, ctx::Ctx, jwt::keys::Jwks, platform};

/// How long keys are used before they are looked at again.
const FRESH: Duration = Duration::from_secs(3600);
/// How long to wait between two questions to an issuer.
const RETRY: Duration = Duration::from_secs(60);
/// How long keys are used of an issuer that does not answer.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// What KV has of an issuer.
#[derive(Debug, Default, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Kept {
    jwks: Jwks,
    /// When the keys were fetched, and when that was last tried.
    fetched_at: Millis,
    tried_at: Millis,
}

/// What to do about keys that are kept.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Use,
    Fetch,
}

/// For a token that names this key.
fn decide(kept: &Kept, kid: Option<&str>, now: Millis) -> Step {
    let good = kept.jwks.has(kid) && !kept.jwks.is_empty() && now.since(kept.fetched_at) < FRESH;
    if good || now.since(kept.tried_at) < RETRY { Step::Use } else { Step::Fetch }
}

/// The keys of an issuer, for a token that names one of them. There may be none.
pub(crate) async fn keys(ctx: &Ctx, issuer: &Issuer, kid: Option<&str>) -> Result<Jwks, Fault> {
    let key = key(issuer);
    let kept = ctx.kv.get(&key).await?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let mut kept: Kept = kept.unwrap_or_default();
    if decide(&kept, kid, ctx.now) == Step::Fetch {
        kept.tried_at = ctx.now;
        match fetch(ctx, issuer).await {
            Ok(jwks) => (kept.jwks, kept.fetched_at) = (jwks, ctx.now),
            Err(problem) => platform::log(format_args!("{}: the issuer {issuer}: {problem}", ctx.request)),
        }
        ctx.kv.put(&key, &serde_json::to_vec(&kept)?).await?;
    }
    let old = ctx.now.since(kept.fetched_at) >= STALE;
    Ok(if old { Jwks::default() } else { kept.jwks })
}

/// Fetches the keys of an issuer that is to be trusted, or says what is wrong with it.
pub(crate) async fn introduce(ctx: &Ctx, issuer: &Issuer) -> Result<Result<(), String>, Fault> {
    match fetch(ctx, issuer).await {
        Ok(jwks) if jwks.is_empty() => Ok(Err("it publishes no keys".to_owned())),
        Ok(jwks) => {
            let kept = Kept { jwks, fetched_at: ctx.now, tried_at: ctx.now };
            ctx.kv.put(&key(issuer), &serde_json::to_vec(&kept)?).await?;
            Ok(Ok(()))
        }
        Err(problem) => Ok(Err(problem)),
    }
}

fn key(issuer: &Issuer) -> String {
    let digest = Sha256::digest(issuer.as_str());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("issuers/{hex}")
}

/// What an issuer says of itself.
#[derive(serde::Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: Issuer,
}

async fn fetch(ctx: &Ctx, issuer: &Issuer) -> Result<Jwks, String> {
    let url = format!("{}/.well-known/openid-configuration", issuer.as_str().trim_end_matches('/'));
    let found: Discovery = read(ctx, &url).await?;
    if found.issuer != issuer.as_str() {
        return Err(format!(
            "{url} is of the issuer `{}`",
            found.issuer.chars().take(128).collect::<String>()
        ));
    }
    read(ctx, found.jwks_uri.as_str()).await
}

async fn read<T: serde::de::DeserializeOwned>(ctx: &Ctx, url: &str) -> Result<T, String> {
    let document = ctx.outside.document(url).await.map_err(|problem| format!("{url} {problem}"))?;
    serde_json::from_slice(&document).map_err(|error| format!("{url} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(fetched: u64, tried: u64) -> Kept {
        let jwks = serde_json::from_str(r#"{"keys":[{"kty":"RSA","kid":"one"}]}"#).unwrap();
        Kept { jwks, fetched_at: Millis(fetched * 1000), tried_at: Millis(tried * 1000) }
    }

    #[test]
    fn keys_are_used_for_an_hour_and_an_unknown_one_is_looked_for_once_a_minute() {
        let at = |kept: &Kept, kid, seconds: u64| decide(kept, kid, Millis(seconds * 1000));
        assert_eq!(at(&Kept::default(), Some("one"), 1_000_000), Step::Fetch);
        let fresh = kept(10_000, 10_000);
        assert_eq!(at(&fresh, Some("one"), 13_599), Step::Use);
        assert_eq!(at(&fresh, None, 13_599), Step::Use);
        assert_eq!(at(&fresh, Some("one"), 13_600), Step::Fetch);
        assert_eq!(at(&fresh, Some("two"), 10_059), Step::Use);
        assert_eq!(at(&fresh, Some("two"), 10_060), Step::Fetch);
        assert_eq!(at(&kept(10_000, 20_000), Some("one"), 20_059), Step::Use, "it was just tried in vain");
    }
}
