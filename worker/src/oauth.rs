//! OAuth 2.1 at the control host: clients of others that act for people who let them, and jobs of CI. These endpoints speak
//! forms and errors of their own (RFC 6749), so they are not in the list of the API's.
//!
//! | path | is | RFC |
//! |---|---|---|
//! | `/oauth/authorize` | a page: a person lets a client do something, or not | 6749, 7636, 9207 |
//! | `/oauth/token` | a code, a refresh token or an ID token for an access token | 6749, 8693 |
//! | `/oauth/introspect` | what a token of the asking client is good for | 7662 |
//! | `/oauth/revoke` | a client gives a token back | 7009 |
//! | `/.well-known/oauth-authorization-server` | all of this, for programs | 8414 |

pub(crate) mod authorize;
mod client;
mod code;
mod form;
mod introspect;
mod job;
mod metadata;
mod problem;
mod revoke;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{Method, Response, StatusCode, header, request::Parts};

use crate::{
    answer::{Fault, Refused},
    ctx::Ctx,
    platform::{self, Body},
};
pub(crate) use code::STOLEN;
use form::Form;
use problem::{Problem, Stop};
pub(crate) use revoke::GIVEN_BACK;

const TOKEN: &str = "/oauth/token";
const INTROSPECT: &str = "/oauth/introspect";
const REVOKE: &str = "/oauth/revoke";
const METADATA: &str = "/.well-known/oauth-authorization-server";

/// Largest form, in bytes: an ID token has a few thousand.
const FORM_MAX: usize = 32 * 1024;

/// Whether a path is one of those that are for programs.
pub(crate) fn is_ours(path: &str) -> bool {
    matches!(path, TOKEN | INTROSPECT | REVOKE | METADATA)
}

/// Answers a request to one of them.
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
    match (&parts.method, parts.uri.path()) {
        (&Method::GET | &Method::HEAD, METADATA) => Ok(metadata::answer(ctx)?),
        (_, METADATA) => Err(Problem::wrong_method("GET, HEAD").into()),
        (&Method::POST, path) => {
            let form = Form::read(parts, body)?;
            match path {
                INTROSPECT => introspect::answer(ctx, parts, &form).await,
                REVOKE => revoke::answer(ctx, parts, &form).await,
                _ => token(ctx, parts, &form).await,
            }
        }
        _ => Err(Problem::wrong_method("POST").into()),
    }
}

async fn token(ctx: &Ctx, parts: &Parts, form: &Form) -> Result<Response<Bytes>, Stop> {
    match form.required("grant_type")? {
        job::GRANT_TYPE => job::exchange(ctx, form).await,
        code::GRANT_TYPE => code::exchange(ctx, parts, form).await,
        code::REFRESH => code::refresh(ctx, parts, form).await,
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
