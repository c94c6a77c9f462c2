//! `Idempotency-Key`: a write that is sent twice happens once, and is answered the same.

use bytes::Bytes;
use http::{Response, request::Parts};
use patr_models::{
    auth::prefix,
    endpoint::{ApiEndpoint, body::ResponseBody, headers::Headers as _},
    error::Common,
    ids::UserId,
};
use sha2::{Digest, Sha256};

use crate::{
    answer::{Fault, Refused, with_id},
    ctx::Ctx,
    db::idempotency::{self, Kept, Reservation},
    platform,
};

/// The `Idempotency-Key`, where the endpoint takes one.
fn key<E: ApiEndpoint>(parts: &Parts) -> Option<&str> {
    const NAME: &str = "idempotency-key";
    let declared = E::RequestHeaders::DOCS.iter().any(|doc| doc.name == NAME);
    parts.headers.get(NAME).filter(|_| declared).and_then(|key| key.to_str().ok())
}

fn request_hash(parts: &Parts, body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(parts.method.as_str());
    hasher.update(parts.uri.to_string());
    hasher.update([0]);
    hasher.update(body);
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A write that must not happen twice.
pub(super) struct Once<'a> {
    user: UserId,
    key: &'a str,
    hash: String,
}

impl<'a> Once<'a> {
    /// What stands for a request with an `Idempotency-Key` of somebody who is known; `None` for any other.
    pub(super) fn of<E: ApiEndpoint>(parts: &'a Parts, body: &[u8], user: Option<UserId>) -> Option<Self> {
        let (key, user) = key::<E>(parts).zip(user)?;
        Some(Self { user, key, hash: request_hash(parts, body) })
    }

    /// The answer that the first request with this key was given.
    pub(super) async fn replay<E: ApiEndpoint>(&self, ctx: &Ctx) -> Result<Option<Response<Bytes>>, Refused> {
        let Some(row) = ctx.db.optional::<idempotency::Row>(idempotency::get(self.user, self.key)).await?
        else {
            return Ok(None);
        };
        if row.request_hash != self.hash {
            return Err(Common::KeyReused.into());
        }
        let (Some(status), Some(body)) = (row.status, row.body) else { return Err(Common::KeyInUse.into()) };
        let mut response = Response::builder().status(status);
        if let Some(media) = E::Response::MEDIA {
            response = response.header("content-type", media);
        }
        if let Some(etag) = row.etag {
            response = response.header("etag", etag);
        }
        let response = response.header("idempotency-replayed", "true").body(body.into());
        Ok(Some(with_id(response.map_err(Fault::new)?, ctx.request)))
    }

    pub(super) fn reservation(&self) -> Reservation {
        let Self { user, key, hash } = self;
        Reservation { user: *user, key: (*key).to_owned(), request_hash: hash.clone(), instead: None }
    }

    pub(super) async fn keep(&self, ctx: &Ctx, response: &Response<Bytes>) {
        // A secret is shown once and stored only as a hash. The handler has said what is answered instead.
        if prefix::ALL.iter().any(|prefix| holds(response.body(), prefix)) {
            return;
        }
        let etag = response.headers().get("etag").and_then(|etag| etag.to_str().ok());
        let kept = Kept {
            status: response.status().as_u16(),
            etag: etag.map(str::to_owned),
            body: String::from_utf8_lossy(response.body()).into_owned(),
        };
        let statement = idempotency::keep(&self.reservation(), &kept, ctx.now);
        if let Err(error) = ctx.db.batch(vec![statement]).await {
            platform::log(format_args!(
                "{}: an answer is not kept for its Idempotency-Key: {error}",
                ctx.request
            ));
        }
    }
}

fn holds(body: &[u8], prefix: &str) -> bool {
    body.windows(prefix.len()).any(|window| window == prefix.as_bytes())
}
