//! The body of a request, on its way into a stream.

use bytes::Bytes;
use js_sys::{Object, Reflect, Uint8Array};
use patr_tunnel::{Code, StreamId};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::worker_sys::web_sys::ReadableStream;

use super::lane::{LaneStream, Shared};

/// The most that is read at once, in bytes. The platform's default reader gives 4 KiB, each for a turn of the event
/// loop; one that brings its own buffer gets what is there.
const PIECE: usize = 256 * 1024;

#[wasm_bindgen]
extern "C" {
    /// A byte stream, of which `worker` wraps only the default reader.
    type Source;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn reader(this: &Source, options: &Object) -> Result<Reader, JsValue>;

    type Reader;
    #[wasm_bindgen(method, catch)]
    async fn read(this: &Reader, into: Uint8Array) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn cancel(this: &Reader) -> Result<JsValue, JsValue>;

    /// What a read came to.
    type Piece;
    #[wasm_bindgen(method, getter)]
    fn done(this: &Piece) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &Piece) -> Option<Uint8Array>;
}

/// Sends the body of a request, no faster than the application reads it.
pub(super) async fn upload(lane: Shared, id: StreamId, body: ReadableStream) {
    match copy(&lane, id, body).await {
        Ok(()) => LaneStream::finish(&lane, id),
        // The client broke off: the application must not take what it has for the whole.
        Err(_) => LaneStream::abort(&lane, id, Code::Cancelled),
    }
}

async fn copy(lane: &Shared, id: StreamId, body: ReadableStream) -> Result<(), JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"mode".into(), &"byob".into())?;
    let reader = body.unchecked_into::<Source>().reader(&options)?;
    let mut buffer = Uint8Array::new_with_length(PIECE as u32);
    loop {
        // Nothing is read before it can go: what waits for credit waits at the client.
        let room = LaneStream::room(lane, id).await;
        if room == 0 {
            // The stream is over; so is the reading.
            return reader.cancel().await.map(drop);
        }
        let most = room.min(PIECE) as u32;
        let piece = reader.read(buffer.subarray(0, most)).await?.unchecked_into::<Piece>();
        let Some(bytes) = piece.value().filter(|_| !piece.done()) else { return Ok(()) };
        // A reset meanwhile shows at the next look for room.
        LaneStream::send(lane, id, Bytes::from(bytes.to_vec()));
        buffer = Uint8Array::new(&bytes.buffer());
    }
}
