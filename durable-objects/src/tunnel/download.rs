//! The body of an answer, on its way to whoever asked.
//!
//! It goes through a pipe of the platform, not as a stream of JavaScript. When whoever asked is gone while bytes wait, a pipe
//! refuses them, and the application is told. A stream of JavaScript is merely read no more, until a collector finds it.

use bytes::Bytes;
use js_sys::Uint8Array;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use worker::{
    Result,
    web_sys::{ReadableStream, TransformStream, WritableStreamDefaultWriter},
};

use super::lane::LaneStream;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = TransformStream)]
    type IdentityTransformStream;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> std::result::Result<IdentityTransformStream, JsValue>;

    /// A pipe whose length its reader learns.
    #[wasm_bindgen(extends = TransformStream)]
    type FixedLengthStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(length: u64) -> std::result::Result<FixedLengthStream, JsValue>;
}

/// What was read with the head, then the rest of the stream; of this length, if it is known.
pub(super) fn download(length: Option<u64>, first: Bytes, stream: LaneStream) -> Result<ReadableStream> {
    let pipe: TransformStream = match length {
        Some(length) => FixedLengthStream::new(length)?.into(),
        None => IdentityTransformStream::new()?.into(),
    };
    let writer = pipe.writable().get_writer()?;
    spawn_local(async move {
        // Refused: nobody reads any more. The stream ends with this task, and is reset.
        let _ = carry(first, &stream, &writer).await;
    });
    Ok(pipe.readable())
}

async fn carry(
    first: Bytes,
    stream: &LaneStream,
    writer: &WritableStreamDefaultWriter,
) -> std::result::Result<(), JsValue> {
    if !first.is_empty() {
        write(writer, &first).await?;
    }
    while let Some(read) = stream.read().await {
        match read {
            Ok(bytes) => write(writer, &bytes).await?,
            Err(broken) => {
                let reason = JsValue::from(format!("the answer broke off: {broken:?}"));
                return JsFuture::from(writer.abort_with_reason(&reason)).await.map(drop);
            }
        }
    }
    JsFuture::from(writer.close()).await.map(drop)
}

async fn write(writer: &WritableStreamDefaultWriter, bytes: &[u8]) -> std::result::Result<(), JsValue> {
    JsFuture::from(writer.write_with_chunk(&Uint8Array::from(bytes))).await.map(drop)
}
