//! What is asked that is no endpoint of the API: OAuth's forms, and a document of another server.

use bytes::Bytes;
use http::StatusCode;

use super::{ANSWER, CallError, Client};

impl Client {
    /// Sends a form to a path of the installation.
    pub(crate) async fn form(
        &self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<(StatusCode, Bytes), CallError> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let url = format!("{}{path}", self.base.as_str());
        let request = self.http.post(url).timeout(ANSWER);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.map_err(|error| self.lost(&error))?;
        let status = answer.status();
        Ok((status, answer.bytes().await.map_err(|error| self.lost(&error))?))
    }

    /// A document of another server, which has a token of its own.
    pub(crate) async fn elsewhere(&self, url: url::Url, token: &str) -> Result<Bytes, CallError> {
        let asked = url.origin().ascii_serialization();
        let lost = |error: &reqwest::Error| CallError::Unreachable {
            url: asked.clone(),
            problem: super::chain(error),
        };
        let request = self.http.get(url).timeout(ANSWER).bearer_auth(token);
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        answer.map_err(|error| lost(&error))?.bytes().await.map_err(|error| lost(&error))
    }
}
