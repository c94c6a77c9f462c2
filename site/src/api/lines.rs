//! An answer that goes on while it is read: one line of JSON after another.

use http::StatusCode;
use js_sys::{Reflect, Uint8Array};
use patr_models::endpoint::{
    ApiEndpoint, Call,
    body::NoBody,
    client::{failure, into_http},
    headers::NoHeaders,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{Problem, exchange};

/// See the module. Dropping it breaks the answer off.
pub(crate) struct Lines {
    reader: web_sys::ReadableStreamDefaultReader,
    abort: web_sys::AbortController,
    rest: Vec<u8>,
}

impl Lines {
    /// Asks, and waits until the answer begins.
    pub(crate) async fn of<E>(path: E::Path, query: E::Query) -> Result<Self, Problem>
    where
        E: ApiEndpoint<RequestHeaders = NoHeaders, Request = NoBody>,
    {
        let call = Call::<E> { path, query, headers: NoHeaders, body: NoBody };
        let abort = web_sys::AbortController::new().map_err(|_| Problem::unreachable())?;
        let request = into_http(&call, "", None).map_err(Problem::saying)?;
        let answer = exchange(request, Some(&abort.signal())).await?;
        if !answer.ok() {
            return Err(refused(&answer).await);
        }
        let body = answer.body().ok_or_else(Problem::unreachable)?;
        Ok(Self { reader: body.get_reader().unchecked_into(), abort, rest: Vec::new() })
    }

    /// What breaks the answer off from elsewhere.
    pub(crate) fn abort(&self) -> web_sys::AbortController {
        self.abort.clone()
    }

    /// What has come since: whole lines, at least one; `None` when the answer is over.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<String>>, Problem> {
        loop {
            let read = JsFuture::from(self.reader.read()).await.map_err(|_| Problem::unreachable())?;
            let is_over = Reflect::get(&read, &"done".into()).is_ok_and(|done| done.is_truthy());
            if is_over {
                let rest = std::mem::take(&mut self.rest);
                return Ok((!rest.is_empty()).then(|| vec![String::from_utf8_lossy(&rest).into_owned()]));
            }
            let chunk = Reflect::get(&read, &"value".into()).unwrap_or(JsValue::UNDEFINED);
            self.rest.extend_from_slice(&Uint8Array::new(&chunk).to_vec());
            if let Some(end) = self.rest.iter().rposition(|&byte| byte == b'\n') {
                let whole: Vec<u8> = self.rest.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect()));
            }
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

async fn refused(answer: &web_sys::Response) -> Problem {
    let Ok(text) = answer.text() else { return Problem::unreachable() };
    let Ok(text) = JsFuture::from(text).await else { return Problem::unreachable() };
    let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::BAD_GATEWAY);
    failure(status, text.as_string().unwrap_or_default().as_bytes()).into()
}
