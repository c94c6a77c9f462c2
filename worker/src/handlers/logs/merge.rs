//! Lines of several runners as one stream of lines.

use futures_util::{Stream, TryStreamExt, future::ready, stream::select_all};
use worker::{Response, ResponseBody, Result};

/// The bodies of several answers, by lines: each line as soon as it is whole, in the order in which they arrive.
pub(super) fn merge(answers: Vec<Response>) -> Result<ResponseBody> {
    let mut streams = Vec::new();
    for mut answer in answers {
        streams.push(Box::pin(by_lines(answer.stream()?)));
    }
    Response::from_stream(select_all(streams)).map(|response| response.into_parts().1)
}

/// Chunks that are whole lines. What follows the last line end is no line: the runner was lost while it wrote one.
fn by_lines<E>(
    chunks: impl Stream<Item = std::result::Result<Vec<u8>, E>>,
) -> impl Stream<Item = std::result::Result<Vec<u8>, E>> {
    let mut lines = Lines::default();
    chunks.map_ok(move |chunk| lines.push(&chunk)).try_filter(|whole| ready(!whole.is_empty()))
}

/// Cuts bytes where lines end.
#[derive(Debug, Default)]
struct Lines {
    /// The beginning of a line that has not ended.
    begun: Vec<u8>,
}

impl Lines {
    /// All lines that are whole with these bytes.
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Some(end) = bytes.iter().rposition(|&byte| byte == b'\n') else {
            self.begun.extend_from_slice(bytes);
            return Vec::new();
        };
        let (whole, rest) = bytes.split_at(end + 1);
        let mut lines = std::mem::replace(&mut self.begun, rest.to_vec());
        lines.extend_from_slice(whole);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_whole_lines_however_the_bytes_come() {
        let mut lines = Lines::default();
        let pushed: Vec<_> = [&b"a"[..], b"b\nc", b"\n", b"d\ne\nf"].map(|bytes| lines.push(bytes)).into();
        assert_eq!(pushed, [&b""[..], b"ab\n", b"c\n", b"d\ne\n"]);
        assert_eq!(lines.begun, b"f", "no line yet");
    }
}
