//! An answer that goes on while it is read.

use bytes::Bytes;

use super::chain;

/// See the module.
pub(crate) struct Body {
    response: reqwest::Response,
    rest: Vec<u8>,
}

impl Body {
    pub(super) fn new(response: reqwest::Response) -> Self {
        Self { response, rest: Vec::new() }
    }

    /// What comes next; `None` when the answer is over, and what happened when it broke off.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        self.response.chunk().await.map_err(|error| chain(&error))
    }

    /// The next line without its end; `None` when the answer is over, and what happened when it broke off.
    pub(crate) async fn line(&mut self) -> Result<Option<Vec<u8>>, String> {
        loop {
            if let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.rest.drain(..=end).collect();
                line.pop();
                return Ok(Some(line));
            }
            match self.chunk().await? {
                Some(chunk) => self.rest.extend_from_slice(&chunk),
                None if self.rest.is_empty() => return Ok(None),
                None => return Ok(Some(std::mem::take(&mut self.rest))),
            }
        }
    }
}
