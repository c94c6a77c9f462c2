//! An [`http::Request`] into a call, and an answer out.

use bytes::Bytes;
use http::{HeaderValue, Response, header, request::Parts};

use super::{
    ApiEndpoint, Call, Reply,
    body::{BadBody, JSON, RequestBody, ResponseBody},
    headers::Headers,
    path::PathParams,
};
use crate::error::Common;

fn invalid(place: impl Into<String>, problem: impl Into<String>) -> Common {
    Common::Invalid { place: place.into(), problem: problem.into() }
}

/// Reads a call of `E`. `params` are the values of the path's parameters, as [`crate::routes`] found them.
pub fn from_http<E: ApiEndpoint>(parts: &Parts, params: &[String], body: Bytes) -> Result<Call<E>, Common> {
    let path = read_path::<E>(params)?;
    let query = read_query::<E>(parts)?;
    let headers = E::RequestHeaders::read(&parts.headers)
        .map_err(|error| invalid(format!("header `{}`", error.name), error.problem))?;
    Ok(Call { path, query, headers, body: read_body::<E>(parts, body)? })
}

/// Reads the parameters of the path.
pub fn read_path<E: ApiEndpoint>(params: &[String]) -> Result<E::Path, Common> {
    E::Path::from_values(params).map_err(|error| invalid(format!("path `{}`", error.name), error.problem))
}

/// Reads the query.
pub fn read_query<E: ApiEndpoint>(parts: &Parts) -> Result<E::Query, Common> {
    let query = parts.uri.query().unwrap_or_default();
    let query = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    serde_path_to_error::deserialize(query).map_err(|error| {
        let name = error.path().to_string();
        let place = if name == "." { "query".to_owned() } else { format!("query `{name}`") };
        invalid(place, error.into_inner().to_string())
    })
}

fn read_body<E: ApiEndpoint>(parts: &Parts, body: Bytes) -> Result<E::Request, Common> {
    if body.len() > E::Request::LIMIT && E::Request::MEDIA.is_some() {
        return Err(Common::TooLarge { limit: E::Request::LIMIT });
    }
    if E::Request::MEDIA == Some(JSON) {
        let found = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = found.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(JSON) {
            return Err(Common::NotJson { found: essence.to_owned() });
        }
    }
    E::Request::decode(body).map_err(|BadBody { place, problem }| invalid(place, problem))
}

/// Writes a success of `E`.
pub fn into_http<E: ApiEndpoint>(reply: &Reply<E>) -> Response<Bytes> {
    let mut response = Response::new(reply.body.encode());
    *response.status_mut() = E::Response::STATUS;
    reply.headers.write(response.headers_mut());
    if let Some(media) = E::Response::MEDIA {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    }
    response
}
