//! The body of a request, on its way to a target, and where it is cut.

use std::{cell::Cell, rc::Rc};

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{
    wasm_bindgen_futures::{JsFuture, spawn_local},
    web_sys::{
        self, ReadableStream, ReadableStreamDefaultReader, Request, WritableStream,
        WritableStreamDefaultWriter,
    },
};

use crate::answer::Fault;

/// What is read of the body of a refused request, in bytes: one that nobody has read makes the platform reset the
/// connection, and the answer may be lost with it.
const DRAIN: u64 = 1024 * 1024;

#[wasm_bindgen]
extern "C" {
    /// The platform's own pipe, which `worker` does not wrap.
    #[wasm_bindgen(extends = web_sys::TransformStream)]
    type IdentityTransformStream;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<IdentityTransformStream, JsValue>;
}

/// A body that goes no further than its limit.
pub(super) struct Upload {
    body: Option<ReadableStream>,
    limit: Option<u64>,
    over: Rc<Cell<bool>>,
}

impl Upload {
    /// The body of a request. With a limit, it is counted on its way if nobody has said how long it is.
    pub(super) fn of(request: &Request, limit: Option<u64>) -> Result<Self, Fault> {
        let over = Rc::new(Cell::new(false));
        let mut body = request.body();
        let declared = request.headers().has("content-length").map_err(refused)?;
        if let (Some(limit), Some(from), false) = (limit, &body, declared) {
            let pipe = IdentityTransformStream::new().map_err(refused)?;
            spawn_local(carry(from.clone(), pipe.writable(), limit, Rc::clone(&over)));
            body = Some(pipe.readable());
        }
        Ok(Self { body, limit, over })
    }

    pub(super) fn body(&self) -> Option<&ReadableStream> {
        self.body.as_ref()
    }

    /// The limit, if the body went over it. The target was not given the end of it then.
    pub(super) fn overrun(&self) -> Option<u64> {
        self.limit.filter(|_| self.over.get())
    }
}

async fn carry(from: ReadableStream, to: WritableStream, limit: u64, over: Rc<Cell<bool>>) {
    let reader = from.get_reader().unchecked_into::<ReadableStreamDefaultReader>();
    let Ok(writer) = to.get_writer() else { return };
    match copy(&reader, &writer, limit).await {
        Ok(Copied::Whole) => {}
        Ok(Copied::Over) => {
            over.set(true);
            let _ = JsFuture::from(writer.abort()).await;
            let _ = drain(&reader).await;
        }
        // The client broke off, or nobody reads any more: either hears of it.
        Err(_) => {
            let _ = JsFuture::from(writer.abort()).await;
            let _ = JsFuture::from(reader.cancel()).await;
        }
    }
}

/// What came of a body.
enum Copied {
    Whole,
    Over,
}

async fn copy(
    reader: &ReadableStreamDefaultReader,
    writer: &WritableStreamDefaultWriter,
    mut left: u64,
) -> Result<Copied, JsValue> {
    loop {
        let Some(bytes) = read(reader).await? else {
            JsFuture::from(writer.close()).await?;
            return Ok(Copied::Whole);
        };
        let Some(rest) = left.checked_sub(bytes.length().into()) else { return Ok(Copied::Over) };
        left = rest;
        JsFuture::from(writer.write_with_chunk(&bytes)).await?;
    }
}

async fn read(reader: &ReadableStreamDefaultReader) -> Result<Option<Uint8Array>, JsValue> {
    let read = JsFuture::from(reader.read()).await?;
    Ok(Reflect::get(&read, &"value".into())?.dyn_into().ok())
}

/// Reads some of what nobody wants.
async fn drain(reader: &ReadableStreamDefaultReader) -> Result<(), JsValue> {
    let mut left = DRAIN;
    while let Some(bytes) = read(reader).await? {
        match left.checked_sub(bytes.length().into()) {
            Some(rest) => left = rest,
            None => break,
        }
    }
    JsFuture::from(reader.cancel()).await.map(drop)
}

/// Reads some of the body of a request that is refused.
pub(super) async fn discard(request: &Request) {
    if let Some(body) = request.body() {
        let reader = body.get_reader().unchecked_into::<ReadableStreamDefaultReader>();
        // A client that is gone needs no answer.
        let _ = drain(&reader).await;
    }
}

fn refused(error: JsValue) -> Fault {
    Fault::new(worker::Error::from(error))
}
