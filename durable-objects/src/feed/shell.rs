//! The sockets of a feed, and what is announced to it. Nothing is stored: what counts of a socket is kept with it.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use patr_models::{
    endpoint::body::NoContent,
    internal::{
        LISTENER_HEADER, Listener, SECRET_HEADER,
        announce::{Announce, Announcement},
    },
    live::{Changed, ToTab},
    routes::{FeedRoute, Found},
    wire::{PING, PONG},
};
use worker::{
    Delay, Env, Request, Response, Result, State, WebSocket, WebSocketPair, console_error,
    worker_sys::WebSocketRequestResponsePair,
};

use super::{
    gather::Gather,
    tab::{End, PARTED, Tab, admit},
};
use crate::platform::{answer, internal_secret, last_heartbeat, now};

/// The status for who is not let in (RFC 6585, 4), with how many there may be.
const TOO_MANY: u16 = 429;

/// What a tab says other than its heartbeat ends it (RFC 6455, 7.4.1).
const UNEXPECTED: End = (1008, "nothing but heartbeats is expected here");

/// One workspace's feed on the platform.
pub struct Feed {
    state: Rc<State>,
    env: Env,
    gather: Rc<RefCell<Gather<Changed>>>,
}

impl Feed {
    pub fn new(state: State, env: Env) -> Self {
        // The platform answers heartbeats by itself, so that they do not wake the object.
        if let Ok(pair) = WebSocketRequestResponsePair::new(PING, PONG) {
            state.set_websocket_auto_response(&pair);
        }
        Self { state: Rc::new(state), env, gather: Rc::default() }
    }

    pub async fn fetch(&self, mut request: Request) -> Result<Response> {
        if let Some(listener) = request.headers().get(LISTENER_HEADER)? {
            let listener = URL_SAFE_NO_PAD.decode(listener).map_err(|error| error.to_string())?;
            return self.accept(serde_json::from_slice(&listener)?);
        }
        let secret = request.headers().get(SECRET_HEADER)?.unwrap_or_default();
        if secret != internal_secret(&self.env)? {
            return Response::error("this is an internal address", 403);
        }
        match FeedRoute::find(&request.method().as_ref().parse().unwrap_or_default(), &request.path()) {
            Found::Route(FeedRoute::Announce, _) => {
                self.announce(request.json().await?);
                answer::<Announce>(NoContent)
            }
            Found::OtherMethods(_) | Found::Nothing => Response::error("no such route", 404),
        }
    }

    fn accept(&self, listener: Listener) -> Result<Response> {
        let others: Vec<Tab> = current(&self.state).into_iter().map(|(_, tab)| tab).collect();
        if let Err(max) = admit(listener.user, &others) {
            return Response::error(max.to_string(), TOO_MANY);
        }
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        let tab = Tab::new(listener, now());
        self.state.accept_web_socket(&server);
        server.serialize_attachment(serde_json::to_string(&tab)?)?;
        // It hears of every change from here on, so what it reads after this is what it has to know.
        server.send_with_str(serde_json::to_string(&ToTab::Connected { now: now() })?)?;
        Response::from_websocket(client)
    }

    fn announce(&self, Announcement { changed, parted }: Announcement) {
        let mut tabs = current(&self.state);
        if let Some(parted) = parted {
            let leaving = tabs.extract_if(.., |(_, tab)| tab.is_parted(parted));
            leaving.for_each(|(socket, _)| close(&socket, PARTED));
        }
        if tabs.is_empty() {
            return;
        }
        let Some(wait) = self.gather.borrow_mut().add(changed, now()) else { return };
        if wait.is_zero() {
            return tell(&self.state, &self.gather);
        }
        let (state, gather) = (Rc::clone(&self.state), Rc::clone(&self.gather));
        self.state.wait_until(async move {
            Delay::from(wait).await;
            tell(&state, &gather);
        });
    }

    /// Heartbeats do not come here: the platform has answered them.
    pub fn message(&self, socket: &WebSocket) {
        close(socket, UNEXPECTED);
    }

    pub fn closed(&self, socket: &WebSocket) {
        // Without an answer the peer's close is never completed.
        close(socket, (1000, ""));
    }
}

/// Tells everybody what has been gathered.
fn tell(state: &State, gather: &RefCell<Gather<Changed>>) {
    let changed = gather.borrow_mut().take(now());
    for (socket, tab) in current(state) {
        if let Err(error) = send(&socket, &tab, &changed) {
            console_error!("a tab of {} is not told: {error}", tab.user());
        }
    }
}

fn send(socket: &WebSocket, tab: &Tab, changed: &BTreeSet<Changed>) -> Result<()> {
    match tab.hears(changed, now()) {
        Some(message) => socket.send_with_str(serde_json::to_string(&message)?),
        None => Ok(()),
    }
}

/// Those who listen. Those whose time is over are closed first.
fn current(state: &State) -> Vec<(WebSocket, Tab)> {
    let mut stay = Vec::new();
    for socket in state.get_websockets() {
        let Some(tab) = kept(&socket) else { continue };
        match tab.end(last_heartbeat(state.as_raw(), &socket), now()) {
            Some(end) => close(&socket, end),
            None => stay.push((socket, tab)),
        }
    }
    stay
}

/// What is kept with a socket; nothing once it was closed, though the platform may go on knowing it.
fn kept(socket: &WebSocket) -> Option<Tab> {
    let text: Option<String> = socket.deserialize_attachment().ok()?;
    serde_json::from_str(&text?).ok()
}

fn close(socket: &WebSocket, (code, reason): End) {
    // Either fails on a socket that is closed already.
    let _ = socket.serialize_attachment("");
    let _ = socket.close(Some(code), Some(reason));
}
