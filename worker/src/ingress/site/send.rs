//! The platform's response to a reply.

use std::ops::Range;

use js_sys::{Reflect, Uint8Array};
use patr_models::{
    ids::WorkspaceId,
    site::manifest::{Manifest, Representation},
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{StreamPipeOptions, WritableStream};
use worker::{
    Context,
    wasm_bindgen_futures::JsFuture,
    web_sys::{self as platform_sys, ReadableStream, ReadableStreamDefaultReader, Response, ResponseInit},
    worker_sys::FixedLengthStream,
};

use super::{
    fields::Headers,
    reply::{Body, Reply},
    store::{self, Place},
};
use crate::{
    answer::Fault,
    handlers::versions::pack_key,
    kv::{Kv, Reading},
    platform,
};

/// From this many bytes on, bytes are streamed and not kept: an isolate has 128 MB for all its requests.
const STREAMED: u64 = 2 * 1024 * 1024;

/// Sends a reply.
pub(super) async fn send(
    kv: &Kv,
    context: &Context,
    workspace: WorkspaceId,
    reply: Reply<'_>,
) -> Result<Response, Fault> {
    let Reply { status, headers, body } = reply;
    let response = match body {
        Body::Empty => Response::new_with_opt_str_and_init(None, &init(status, &headers)?),
        Body::Text(text) => Response::new_with_opt_str_and_init(Some(text), &init(status, &headers)?),
        Body::Bytes { range, .. } if range.is_empty() => {
            Response::new_with_opt_str_and_init(None, &init(status, &headers)?)
        }
        Body::Bytes { of, representation, range } => {
            let in_memory = representation.packs == 1 && representation.size < STREAMED;
            let hash = of.pack_bytes(representation.pack).filter(|_| in_memory);
            let Some(hash) = hash else {
                let run = Run::new(kv, workspace, of, &representation, &range);
                return run.respond(context, &init(status, &headers)?, range.end - range.start);
            };
            let pack = store::pack(kv, workspace, hash).await?;
            let place = place(&representation, &range)?;
            return store::respond(&pack, (workspace, *hash), place, status, headers);
        }
    };
    response.map_err(refused)
}

fn refused(error: JsValue) -> Fault {
    Fault::new(worker::Error::from(error))
}

/// Where in their pack bytes are.
fn place(of: &Representation<'_>, range: &Range<u64>) -> Result<Place, Fault> {
    let at = |offset: u64| of.offset.checked_add(offset).and_then(|at| u32::try_from(at).ok());
    match (at(range.start), at(range.end)) {
        (Some(first), Some(end)) => Ok(Place { first, end }),
        _ => Err(Fault::new("a file is said to be beyond the end of any pack")),
    }
}

/// Status and header fields, as the platform takes them.
pub(super) fn init(status: u16, headers: &Headers<'_>) -> Result<ResponseInit, Fault> {
    let sent = platform_sys::Headers::new().map_err(refused)?;
    let init = ResponseInit::new();
    for (name, value) in headers.iter() {
        sent.append(name, value).map_err(refused)?;
        if name == "content-encoding" {
            // The bytes are in that coding already.
            Reflect::set(&init, &"encodeBody".into(), &"manual".into()).map_err(refused)?;
        }
    }
    init.set_status(status);
    init.set_headers(&sent);
    Ok(init)
}

/// Bytes that run through packs, on their way: a stream of each pack after the other, the next one begun while one is
/// sent. No more of them is in memory than the platform holds of two streams.
struct Run {
    kv: Kv,
    keys: Vec<String>,
    /// Bytes before the first that is sent.
    skip: u64,
    /// Bytes that are still to be sent.
    left: u64,
    /// The length of each pack but the last, where that is known.
    chunk: Option<u64>,
}

impl Run {
    fn new(
        kv: &Kv,
        workspace: WorkspaceId,
        of: &Manifest<Vec<u8>>,
        representation: &Representation<'_>,
        range: &Range<u64>,
    ) -> Self {
        let before = match representation.chunk {
            Some(chunk) => range.start / chunk,
            None => 0,
        };
        let first = u64::from(representation.pack) + before;
        let end = u64::from(representation.pack) + u64::from(representation.packs);
        let packs = (first..end).filter_map(|at| of.pack(u32::try_from(at).ok()?));
        Self {
            kv: kv.clone(),
            keys: packs.map(|hash| pack_key(workspace, &hash)).collect(),
            skip: representation.offset + range.start - before * representation.chunk.unwrap_or_default(),
            left: range.end - range.start,
            chunk: representation.chunk,
        }
    }

    fn respond(self, context: &Context, init: &ResponseInit, length: u64) -> Result<Response, Fault> {
        // Given a length, the platform says it, and breaks off when it gets other bytes than that.
        let pipe = FixedLengthStream::new_big_int(length.into()).map_err(refused)?;
        let writable = pipe.writable();
        // The request goes on until the last byte is written, or until nobody reads any more.
        context.wait_until(async move {
            if let Err(error) = self.write(&writable).await {
                platform::log(format_args!("a file was broken off: {error}"));
                let _ = JsFuture::from(writable.abort()).await;
            }
        });
        Response::new_with_opt_readable_stream_and_init(Some(&pipe.readable()), init).map_err(refused)
    }

    async fn write(mut self, to: &WritableStream) -> Result<(), Fault> {
        let mut keys = std::mem::take(&mut self.keys).into_iter();
        let mut next = self.begin(keys.next())?;
        while let Some((key, reading)) = next.take().filter(|_| self.left > 0) {
            // One pack further than is needed is never begun.
            let ends_here = self.chunk.is_some_and(|chunk| self.skip + self.left <= chunk);
            next = if ends_here { None } else { self.begin(keys.next())? };
            let from = reading.stream().await?.ok_or_else(|| Fault::new(format!("{key} is not in KV")))?;
            self.write_pack(&from, to).await?;
        }
        JsFuture::from(to.close()).await.map(drop).map_err(refused)
    }

    fn begin(&self, key: Option<String>) -> Result<Option<(String, Reading)>, Fault> {
        key.map(|key| Ok((self.kv.get_stream(&key)?, key)))
            .transpose()
            .map(|begun| begun.map(|(r, k)| (k, r)))
    }

    async fn write_pack(&mut self, from: &ReadableStream, to: &WritableStream) -> Result<(), Fault> {
        match self.chunk {
            // The platform carries over a whole pack by itself.
            Some(chunk) if self.skip == 0 && self.left >= chunk => {
                let options = StreamPipeOptions::new();
                options.set_prevent_close(true);
                self.left -= chunk;
                JsFuture::from(from.pipe_to_with_options(to, &options)).await.map(drop).map_err(refused)
            }
            _ => self.write_part(from, to).await,
        }
    }

    async fn write_part(&mut self, from: &ReadableStream, to: &WritableStream) -> Result<(), Fault> {
        let writer = to.get_writer().map_err(refused)?;
        let reader = from.get_reader().unchecked_into::<ReadableStreamDefaultReader>();
        while self.left > 0 {
            let read = JsFuture::from(reader.read()).await.map_err(refused)?;
            let value = Reflect::get(&read, &"value".into()).map_err(refused)?;
            let Ok(bytes) = value.dyn_into::<Uint8Array>() else { break };
            if let Some(wanted) = self.wanted(u64::from(bytes.length())) {
                let bytes = bytes.subarray(wanted.start, wanted.end);
                JsFuture::from(writer.write_with_chunk(&bytes)).await.map_err(refused)?;
            }
        }
        if self.left == 0 {
            // Ends the reading of what is not wanted; that it may have ended already is no matter.
            let _ = JsFuture::from(reader.cancel()).await;
        }
        writer.release_lock();
        Ok(())
    }

    /// Which of the next `length` bytes are sent.
    fn wanted(&mut self, length: u64) -> Option<Range<u32>> {
        let first = self.skip.min(length);
        let end = length.min(first.saturating_add(self.left));
        self.skip -= first;
        self.left -= end - first;
        // A chunk of a stream is never near 4 GiB.
        let range = u32::try_from(first).ok()?..u32::try_from(end).ok()?;
        Some(range).filter(|range| !range.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use patr_models::site::manifest::Coding;

    use super::*;

    #[test]
    fn what_is_not_wanted_is_skipped_over_packs_and_nothing_is_sent_twice() {
        let mut run =
            Run { kv: Kv::Memory(Default::default()), keys: Vec::new(), skip: 25, left: 12, chunk: None };
        let wanted: Vec<_> = (0..5).map(|_| run.wanted(10)).collect();
        assert_eq!(wanted, [None, None, Some(5..10), Some(0..7), None]);
    }

    #[test]
    fn a_range_begins_in_the_pack_that_has_it_where_the_length_of_packs_is_known() {
        let manifest = super::super::fixture::manifest(&["a"]);
        let kv = Kv::Memory(Default::default());
        let workspace = patr_models::ids::Id::from_parts(patr_models::time::Millis(0), 0);
        let of = |chunk, offset| Representation {
            coding: Coding::Identity,
            pack: 0,
            packs: 3,
            offset,
            size: 290,
            hash: &[0; 32],
            chunk,
        };
        let run = |representation: &Representation<'_>| {
            let run = Run::new(&kv, workspace, &manifest, representation, &(205..215));
            (run.skip, run.left)
        };
        assert_eq!(run(&of(Some(100), 0)), (5, 10));
        assert_eq!(run(&of(None, 3)), (208, 10));
    }
}
