//! A WebSocket of the API. The browser sends the login's cookie along and says whose page asks; of a refusal it says nothing.

use js_sys::Uint8Array;
use patr_models::endpoint::{
    ApiEndpoint, Call,
    client::{from_http, into_http},
};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{BinaryType, CloseEvent, Event as Opened, MessageEvent, WebSocket};

use super::{Problem, answer, refusal};
use crate::browser;

/// What is heard of one.
pub(crate) enum Heard {
    Opened,
    Text(String),
    Bytes(Uint8Array),
    /// With its code. Nothing more is heard.
    Closed(u16),
}

/// See the module. It is closed when it is dropped.
pub(crate) struct Socket {
    socket: WebSocket,
    _opened: Closure<dyn FnMut(Opened)>,
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    pub(crate) fn open<E: ApiEndpoint>(
        call: &Call<E>,
        hear: impl Fn(Heard) + Clone + 'static,
    ) -> Option<Self> {
        // `http` becomes `ws`, `https` becomes `wss`.
        let origin = browser::origin().replacen("http", "ws", 1);
        Self::at(&into_http(call, &origin, None).ok()?.uri().to_string(), hear)
    }

    fn at(url: &str, hear: impl Fn(Heard) + Clone + 'static) -> Option<Self> {
        let socket = WebSocket::new(url).ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let (open, message, close) = (hear.clone(), hear.clone(), hear);
        let opened = Closure::<dyn FnMut(_)>::new(move |_| open(Heard::Opened));
        let heard = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            let data = event.data();
            message(match data.as_string() {
                Some(text) => Heard::Text(text),
                None => Heard::Bytes(Uint8Array::new(&data)),
            });
        });
        let closed =
            Closure::<dyn FnMut(_)>::new(move |event: CloseEvent| close(Heard::Closed(event.code())));
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Some(Self { socket, _opened: opened, _heard: heard, _closed: closed })
    }

    /// One that cannot say it any more is found out by what is not answered.
    pub(crate) fn say(&self, text: &str) {
        let _ = self.socket.send_with_str(text);
    }

    pub(crate) fn send(&self, bytes: &[u8]) {
        let _ = self.socket.send_with_u8_array(bytes);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}

/// Why a WebSocket does not come about: what the same call is refused for when it asks for none. `None` when that it is none
/// is all that is wrong with it.
pub(crate) async fn why_not<E: ApiEndpoint>(call: &Call<E>) -> Option<Problem> {
    let response = match answer(into_http(call, "", None)).await {
        Ok(response) => response,
        Err(problem) => return Some(problem),
    };
    from_http::<E>(response).err().filter(|error| !error.is("not_upgraded")).map(refusal)
}
