//! A client's WebSocket, as messages on a stream.
//!
//! ```text
//!  client ──events──▶ Incoming ──under credit──▶ stream ──▶ agent
//!         ◀──send── Decoder ◀────────────────── stream ◀──
//! ```
//!
//! It is not one of the sockets that may hibernate: those are the agents' alone, and the object's handlers hear of no
//! other. A close of either side is passed on and answered on the spot.

use std::{
    cell::RefCell,
    future::poll_fn,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::{Either, select};
use js_sys::Uint8Array;
use patr_models::wire::ResponseHead;
use patr_tunnel::{Code, Decoder, Message};
use wasm_bindgen::{JsCast, prelude::Closure};
use worker::{
    Delay, Headers, Response, ResponseBuilder, Result, WebSocket, WebSocketPair,
    worker_sys::web_sys::{self, BinaryType, CloseEvent, Event, MessageEvent},
};

use super::{
    lane::{Broken, LaneStream},
    messages::{Backlog, Broke, Ended, Total, close_of},
    serve,
};

/// How long the application may take to answer a client's close.
const CLOSING: Duration = Duration::from_secs(10);

/// Headers of a 101 that are about the agent's connection to the application, not about the client's.
const OF_ONE_CONNECTION: [&str; 4] =
    ["connection", "upgrade", "sec-websocket-accept", "sec-websocket-extensions"];

/// Answers 101, and carries messages until either side ends.
pub(super) fn join(head: &ResponseHead, first: Bytes, stream: LaneStream, total: &Total) -> Result<Response> {
    let headers = upgraded(head)?;
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    server.accept()?;
    let incoming = Rc::new(RefCell::new(Incoming::new(total)));
    let listeners = Listeners::attach(&server, &incoming)?;
    wasm_bindgen_futures::spawn_local(async move {
        carry(&server, &incoming, first, stream).await;
        drop(listeners);
    });
    Ok(ResponseBuilder::new().with_status(101).with_headers(headers).with_websocket(client).empty())
}

fn upgraded(head: &ResponseHead) -> Result<Headers> {
    let headers = serve::headers(head)?;
    for name in OF_ONE_CONNECTION {
        headers.delete(name)?;
    }
    Ok(headers)
}

async fn carry(socket: &WebSocket, incoming: &RefCell<Incoming>, first: Bytes, stream: LaneStream) {
    let up = pin!(up(&stream, incoming));
    let down = pin!(down(&stream, first, socket));
    match select(up, down).await {
        // The application has a moment to answer before its stream is given up.
        Either::Left((Up::Closed, down)) => {
            select(down, pin!(Delay::from(CLOSING))).await;
        }
        Either::Left((Up::Broke, _)) => LaneStream::abort(stream.lane(), stream.id(), Code::Cancelled),
        Either::Left((Up::Refused, down)) => farewell(socket, down.await),
        Either::Right((ended, _)) => {
            farewell(socket, ended);
            LaneStream::finish(stream.lane(), stream.id());
        }
    }
}

fn farewell(socket: &WebSocket, ended: Ended) {
    let (code, reason) = ended.farewell().unzip();
    // A client that has closed already refuses.
    let _ = socket.close(code, reason);
}

/// How the client's direction ended.
enum Up {
    /// Its close was passed on.
    Closed,
    /// It is gone, or was cut off.
    Broke,
    /// The stream takes no more; why is in the other direction.
    Refused,
}

async fn up(stream: &LaneStream, incoming: &RefCell<Incoming>) -> Up {
    loop {
        let Ok(message) = poll_fn(|context| incoming.borrow_mut().poll(context)).await else {
            return Up::Broke;
        };
        let sent = pin!(LaneStream::send_all(stream.lane(), stream.id(), message.encode()));
        match select(sent, pin!(given_up(incoming))).await {
            Either::Left((true, _)) => {}
            Either::Left((false, _)) => return Up::Refused,
            Either::Right(_) => return Up::Broke,
        }
        if matches!(message, Message::Close(_)) {
            LaneStream::finish(stream.lane(), stream.id());
            return Up::Closed;
        }
    }
}

/// An agent that takes nothing holds nobody who has left: what a client that has closed still had to say may take a moment
/// more, what one said that is gone no time at all.
async fn given_up(incoming: &RefCell<Incoming>) {
    let broke = poll_fn(|context| incoming.borrow_mut().poll_over(context)).await;
    if !broke {
        Delay::from(CLOSING).await;
    }
}

async fn down(stream: &LaneStream, first: Bytes, socket: &WebSocket) -> Ended {
    let mut decoder = Decoder::default();
    decoder.push(&first);
    drop(first);
    loop {
        loop {
            // A client that is gone takes nothing; its own direction says so.
            let _ = match decoder.pull() {
                Ok(None) => break,
                Ok(Some(Message::Text(text))) => socket.send_with_str(text),
                Ok(Some(Message::Binary(bytes))) => socket.send_with_bytes(bytes),
                Ok(Some(Message::Close(close))) => return Ended::Closed(close),
                Err(error) => return Ended::Malformed(error),
            };
        }
        match stream.read().await {
            Some(Ok(bytes)) => decoder.push(&bytes),
            Some(Err(Broken::Lost)) => return Ended::Lost,
            Some(Err(Broken::Reset(_) | Broken::Left)) => return Ended::Reset,
            None => return Ended::Cut,
        }
    }
}

/// What has come from a client.
struct Incoming {
    backlog: Backlog,
    /// Nothing more is taken: there was a close, or `broke` says why.
    over: bool,
    broke: bool,
    reader: Option<Waker>,
}

impl Incoming {
    fn new(total: &Total) -> Self {
        Self { backlog: Backlog::new(total.clone()), over: false, broke: false, reader: None }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<std::result::Result<Message, Broke>> {
        if self.broke {
            return Poll::Ready(Err(Broke));
        }
        if let Some(message) = self.backlog.pop() {
            return Poll::Ready(Ok(message));
        }
        self.reader = Some(context.waker().clone());
        Poll::Pending
    }

    /// Whether the client is gone without a close, once nothing more comes of it.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        if self.over {
            return Poll::Ready(self.broke);
        }
        self.reader = Some(context.waker().clone());
        Poll::Pending
    }

    /// A message, unless there are too many: then the client is closed, and whoever reads hears that it is gone.
    fn push(&mut self, message: Message, socket: &web_sys::WebSocket) {
        if self.over {
            return;
        }
        self.over = matches!(message, Message::Close(_));
        if let Err(overrun) = self.backlog.push(message) {
            let (code, reason) = overrun.farewell();
            let _ = socket.close_with_code_and_reason(code, reason);
            (self.over, self.broke) = (true, true);
        }
        self.reader.take().into_iter().for_each(Waker::wake);
    }

    fn broke(&mut self) {
        if !self.over {
            (self.over, self.broke) = (true, true);
            self.reader.take().into_iter().for_each(Waker::wake);
        }
    }
}

/// What listens to a client's socket, until it is dropped.
struct Listeners {
    socket: web_sys::WebSocket,
    message: Closure<dyn FnMut(MessageEvent)>,
    close: Closure<dyn FnMut(CloseEvent)>,
    error: Closure<dyn FnMut(Event)>,
}

impl Listeners {
    fn attach(socket: &WebSocket, incoming: &Rc<RefCell<Incoming>>) -> Result<Self> {
        let socket: &web_sys::WebSocket = socket.as_ref();
        // What a newer compatibility date gives instead is read only in turns of its own.
        socket.set_binary_type(BinaryType::Arraybuffer);
        let message = on_message(socket.clone(), Rc::clone(incoming));
        let close = on_close(socket.clone(), Rc::clone(incoming));
        let gone = Rc::clone(incoming);
        let error = Closure::new(move |_: Event| gone.borrow_mut().broke());
        socket.add_event_listener_with_callback("message", message.as_ref().unchecked_ref())?;
        socket.add_event_listener_with_callback("close", close.as_ref().unchecked_ref())?;
        socket.add_event_listener_with_callback("error", error.as_ref().unchecked_ref())?;
        Ok(Self { socket: socket.clone(), message, close, error })
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        let Self { socket, message, close, error } = self;
        let _ = socket.remove_event_listener_with_callback("message", message.as_ref().unchecked_ref());
        let _ = socket.remove_event_listener_with_callback("close", close.as_ref().unchecked_ref());
        let _ = socket.remove_event_listener_with_callback("error", error.as_ref().unchecked_ref());
    }
}

fn on_message(
    socket: web_sys::WebSocket,
    incoming: Rc<RefCell<Incoming>>,
) -> Closure<dyn FnMut(MessageEvent)> {
    Closure::new(move |event: MessageEvent| {
        let data = event.data();
        let message = match data.as_string() {
            Some(text) => Message::Text(text),
            None => Message::Binary(Uint8Array::new(&data).to_vec().into()),
        };
        incoming.borrow_mut().push(message, &socket);
    })
}

fn on_close(socket: web_sys::WebSocket, incoming: Rc<RefCell<Incoming>>) -> Closure<dyn FnMut(CloseEvent)> {
    Closure::new(move |event: CloseEvent| {
        let mut incoming = incoming.borrow_mut();
        match close_of(event.code(), event.reason()) {
            Ok(close) => {
                // Without an answer the client's close is never completed.
                let _ = match &close {
                    Message::Close(Some((code, reason))) => socket.close_with_code_and_reason(*code, reason),
                    _ => socket.close(),
                };
                incoming.push(close, &socket);
            }
            Err(Broke) => incoming.broke(),
        }
    })
}
