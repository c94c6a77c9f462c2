//! How a handler ends, and the response that this makes.

use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use patr_models::{
    endpoint::{ApiEndpoint, Reply, server},
    error::{ApiError, Common, ErrorBody},
    ids::RequestId,
    quota::Usage,
};

use crate::{db::DbError, platform};

/// What a handler of `E` returns.
pub(crate) type Answer<E> = Result<Reply<E>, Failure<E>>;

/// Why a call of `E` did not succeed.
pub(crate) enum Failure<E: ApiEndpoint> {
    /// What the endpoint declares.
    Api(E::Error),
    /// What any endpoint may answer.
    Common(Common),
    /// Our fault. The caller learns only the request's id.
    Fault(Fault),
}

impl<E: ApiEndpoint, R: Into<Refused>> From<R> for Failure<E> {
    fn from(refused: R) -> Self {
        match refused.into() {
            Refused::Common(common) => Self::Common(common),
            Refused::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// Something failed that no caller can be blamed for.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl Fault {
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self(what.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! faults {
    ($($error:ty, $what:literal;)*) => {$(
        impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self(format!(concat!($what, ": {}"), error))
            }
        }
    )*};
}
faults! {
    worker::Error, "the platform";
    worker::kv::KvError, "KV";
    serde_json::Error, "JSON";
    DbError, "D1";
}

impl From<Fault> for worker::Error {
    fn from(fault: Fault) -> Self {
        Self::RustError(fault.0)
    }
}

/// What stopped a request before or in its handler.
pub(crate) enum Refused {
    Common(Common),
    Fault(Fault),
}

impl From<Common> for Refused {
    fn from(common: Common) -> Self {
        Self::Common(common)
    }
}

/// What the caller can do about a write that was refused is in [`Common`]; the rest is our fault.
impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Stale => Self::Common(Common::Stale { current: "another one".to_owned() }),
            DbError::KeyInUse => Self::Common(Common::KeyInUse),
            DbError::Busy => Self::Common(Common::Busy),
            DbError::Exceeded(Usage { quota, used, limit }) => Self::Common(Common::QuotaExceeded {
                quota: quota.noun().to_owned(),
                used,
                limit: limit.unwrap_or_default(),
            }),
            error @ (DbError::Unique(_) | DbError::Reference | DbError::Quota(_) | DbError::Other(_)) => {
                Self::Fault(error.into())
            }
        }
    }
}

macro_rules! refusals {
    ($($error:ty),*) => {$(
        impl From<$error> for Refused {
            fn from(error: $error) -> Self {
                Self::Fault(error.into())
            }
        }
    )*};
}
refusals!(Fault, worker::Error, worker::kv::KvError, serde_json::Error);

/// The response to a call of `E`.
pub(crate) fn respond<E: ApiEndpoint>(answer: &Answer<E>, id: RequestId) -> Response<Bytes> {
    match answer {
        Ok(reply) => with_id(server::into_http(reply), id),
        Err(Failure::Api(error)) => refuse(error, id),
        Err(Failure::Common(common)) => refuse_common(common, id),
        Err(Failure::Fault(fault)) => broken(fault, id),
    }
}

/// The response to a request that was refused.
pub(crate) fn refused(refused: &Refused, id: RequestId) -> Response<Bytes> {
    match refused {
        Refused::Common(common) => refuse_common(common, id),
        Refused::Fault(fault) => broken(fault, id),
    }
}

/// After how many seconds what came too soon may come again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

fn refuse(error: &impl ApiError, id: RequestId) -> Response<Bytes> {
    let status = StatusCode::from_u16(error.doc().status.get()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = envelope(status, &error.body(id), id);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    response
}

/// With the header that HTTP wants beside the status (RFC 9110: 11.6.1, 15.5.6, and RFC 6585: 4).
fn refuse_common(common: &Common, id: RequestId) -> Response<Bytes> {
    let mut response = refuse(common, id);
    let header = match common {
        Common::Unauthenticated | Common::NotYetGood { .. } => {
            Some((header::WWW_AUTHENTICATE, "Bearer".to_owned()))
        }
        Common::MethodNotAllowed { allowed, .. } => Some((header::ALLOW, allowed.clone())),
        Common::TooManyRequests { seconds } => Some((header::RETRY_AFTER, seconds.to_string())),
        _ => None,
    };
    if let Some((name, value)) = header.and_then(|(name, value)| Some((name, value.parse().ok()?))) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn broken(fault: &Fault, id: RequestId) -> Response<Bytes> {
    platform::log(format_args!("{id}: {fault}"));
    let body = ErrorBody {
        code: "internal".to_owned(),
        message: "something went wrong on our side".to_owned(),
        hint: Some(format!("try again; if it stays, look for {id} in the log")),
        id: Some(id),
    };
    envelope(StatusCode::INTERNAL_SERVER_ERROR, &body, id)
}

fn envelope(status: StatusCode, body: &ErrorBody, id: RequestId) -> Response<Bytes> {
    let mut response = Response::new(serde_json::to_vec(body).unwrap_or_default().into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    with_id(response, id)
}

/// What every answer of the API carries.
pub(crate) fn with_id(mut response: Response<Bytes>, id: RequestId) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("patr-request-id", value);
    }
    response
}
