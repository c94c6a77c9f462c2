//! What is asked that is no endpoint of the API: a form of OAuth, and a document of another server.

use bytes::Bytes;
use http::{StatusCode, header};

use super::{ANSWER, CallError, Client, chain};

impl Client {
    /// Sends a form to a path of the installation.
    pub(crate) async fn form(
        &self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<(StatusCode, Bytes), CallError> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .http
            .post(format!("{}{path}", self.base.as_str()))
            .timeout(ANSWER)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        let answer = request.send().await.map_err(|error| self.lost(&error))?;
        let status = answer.status();
        Ok((status, answer.bytes().await.map_err(|error| self.lost(&error))?))
    }

    /// A document of another server, which wants a token of its own.
    pub(crate) async fn elsewhere(&self, url: url::Url, token: &str) -> Result<Bytes, CallError> {
        let origin = url.origin().ascii_serialization();
        let lost = |error: reqwest::Error| CallError::Unreachable {
            url: origin.clone(),
            problem: match error.status() {
                Some(status) => format!("{origin} answered {status}"),
                None => chain(&error),
            },
        };
        let request = self.http.get(url).timeout(ANSWER).bearer_auth(token);
        let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(lost)?;
        answer.bytes().await.map_err(lost)
    }
}
