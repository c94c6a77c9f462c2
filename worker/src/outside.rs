//! What is asked of servers that are not ours: small documents, within bounds.

use std::{pin::pin, time::Duration};

use bytes::BytesMut;
use futures_util::{
    StreamExt,
    future::{Either, select},
};
use worker::{AbortController, Delay, Fetch, Headers, Request, RequestInit, RequestRedirect, Response};

/// How long a document may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest document, in bytes.
const MAX: usize = 256 * 1024;

/// Who asks.
pub(crate) enum Outside {
    Network,
    #[cfg(test)]
    Fake(crate::testing::FakeOutside),
}

impl Outside {
    /// A document of JSON. Redirects are not followed: what is trusted is the address that was written down.
    ///
    /// # Errors
    /// What is wrong, in words that follow an address.
    pub(crate) async fn document(&self, url: &str) -> Result<Vec<u8>, String> {
        match self {
            Self::Network => fetch(url).await,
            #[cfg(test)]
            Self::Fake(fake) => fake.document(url),
        }
    }
}

async fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let unreachable = |error: worker::Error| format!("cannot be reached: {error}");
    let headers = Headers::new();
    headers.set("accept", "application/json").map_err(unreachable)?;
    let mut init = RequestInit::new();
    init.with_headers(headers).with_redirect(RequestRedirect::Manual);
    let request = Fetch::Request(Request::new_with_init(url, &init).map_err(unreachable)?);
    let controller = AbortController::default();
    let signal = controller.signal();
    let asked = async { whole(request.send_with_signal(&signal).await.map_err(unreachable)?).await };
    match select(pin!(asked), pin!(Delay::from(PATIENCE))).await {
        Either::Left((document, _)) => document,
        Either::Right(_) => {
            controller.abort();
            Err("does not answer in time".to_owned())
        }
    }
}

async fn whole(mut response: Response) -> Result<Vec<u8>, String> {
    if response.status_code() != 200 {
        return Err(format!("answers {}", response.status_code()));
    }
    let mut stream = response.stream().map_err(|error| error.to_string())?;
    let mut bytes = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.map_err(|error| format!("breaks off: {error}"))?);
        if bytes.len() > MAX {
            return Err(format!("answers more than {MAX} bytes"));
        }
    }
    Ok(bytes.into())
}
