//! What the client gets wrong about its requests.

use bollard::{BollardRequest, ClientVersion};
use http::{HeaderValue, Uri, uri::PathAndQuery};

/// Mends each request to an Engine with which this version of the API was agreed on.
pub(super) fn mend(version: ClientVersion) -> impl Fn(BollardRequest) -> BollardRequest + Send + Sync {
    move |mut request| {
        if let Some(uri) = versioned(request.uri(), version) {
            *request.uri_mut() = uri;
        }
        if let Some(value) = request.headers_mut().get_mut("x-registry-auth") {
            url_safe(value);
        }
        request
    }
}

/// Asks for this path instead, whatever the client asks for: its other ways read answers that it does not know.
pub(super) fn redirect(path: PathAndQuery) -> impl Fn(BollardRequest) -> BollardRequest + Send + Sync {
    move |mut request| {
        if let Some(uri) = elsewhere(request.uri(), path.clone()) {
            *request.uri_mut() = uri;
        }
        request
    }
}

/// The client agrees on a version and then leaves it out, which asks for the newest that the Engine knows.
fn versioned(uri: &Uri, version: ClientVersion) -> Option<Uri> {
    elsewhere(uri, format!("/v{version}{}", uri.path_and_query()?).parse().ok()?)
}

fn elsewhere(uri: &Uri, path: PathAndQuery) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts).ok()
}

/// The Engine reads credentials in the alphabet of base64 that is safe in URLs, and takes anything else for none. The
/// client writes the ordinary one.
fn url_safe(value: &mut HeaderValue) {
    let safe = value.as_bytes().iter().map(|byte| match byte {
        b'+' => b'-',
        b'/' => b'_',
        other => *other,
    });
    if let Ok(mut mended) = HeaderValue::from_bytes(&safe.collect::<Vec<_>>()) {
        mended.set_sensitive(true);
        *value = mended;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_the_version_and_credentials_in_the_alphabet_that_the_engine_reads() {
        let mut request = http::Request::new(bollard::body_full(Default::default()));
        *request.uri_mut() = "http://engine/images/create?tag=1".parse().unwrap();
        request.headers_mut().insert("x-registry-auth", HeaderValue::from_static("ab+/=="));
        let mended = mend(ClientVersion { major_version: 1, minor_version: 41 })(request);
        assert_eq!(mended.uri(), "http://engine/v1.41/images/create?tag=1");
        assert_eq!(mended.headers()["x-registry-auth"], "ab-_==");
    }
}
