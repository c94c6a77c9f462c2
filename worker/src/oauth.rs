//! OAuth 2 at the control host: jobs of CI get tokens for the identities that they have elsewhere (RFC 8693). This endpoint speaks
//! forms and errors of its own (RFC 6749), so it is not in the list of the API's.

mod form;
mod job;
mod problem;

use bytes::Bytes;
use http::{Method, Response, StatusCode, header, request::Parts};

use crate::{
    answer::{Fault, Refused},
    ctx::Ctx,
    platform::{self, Body},
};
use form::Form;
use problem::{Problem, Stop};

pub(crate) const TOKEN: &str = "/oauth/token";

/// Largest form, in bytes: an ID token has a few thousand.
const FORM_MAX: usize = 32 * 1024;

/// Whether a path is the one of this.
pub(crate) fn is_ours(path: &str) -> bool {
    path == TOKEN
}

/// Answers a request to it.
pub(crate) async fn answer(ctx: &Ctx, parts: &Parts, body: &mut impl Body) -> Response<Bytes> {
    let answered = match body.read(FORM_MAX).await {
        Ok(body) => route(ctx, parts, &body).await,
        Err(Refused::Common(_)) => Err(Problem::invalid_request("the body is too large").into()),
        Err(Refused::Fault(fault)) => Err(fault.into()),
    };
    answered.unwrap_or_else(|stop| match stop {
        Stop::Problem(problem) => problem.respond(),
        Stop::Fault(fault) => {
            platform::log(format_args!("{}: {fault}", ctx.request));
            Problem::server_error(ctx.request).respond()
        }
    })
}

async fn route(ctx: &Ctx, parts: &Parts, body: &[u8]) -> Result<Response<Bytes>, Stop> {
    if parts.method != Method::POST {
        return Err(Problem::wrong_method("POST").into());
    }
    let form = Form::read(parts, body)?;
    match form.required("grant_type")? {
        job::GRANT_TYPE => job::exchange(ctx, &form).await,
        _ => Err(Problem::new("unsupported_grant_type", "this grant type is not one of those here").into()),
    }
}

/// An answer that nobody keeps (RFC 6749, 5.1).
fn json(status: StatusCode, body: &serde_json::Value) -> Result<Response<Bytes>, Fault> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(body.to_string().into())
        .map_err(Fault::new)
}
