//! The sockets of a lane, and the requests for it.

use std::{cell::Cell, cell::RefCell, rc::Rc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures_util::future::{Either, select};
use patr_models::{
    internal::{OPEN_HEADER, PARKED_HEADER, RUNNER_HEADER, TunnelTrouble, WAIT_HEADER},
    wire::{PING, PONG, PROBED, RESTART, RESTARTED, close},
};
use worker::{
    Delay, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage, WebSocketPair,
    worker_sys::WebSocketRequestResponsePair,
};

use super::{
    handover::{Verdict, next_number},
    lane::{Lane, REPLACED, Shared},
    messages::Total,
    parking::{Parking, Presence, WAIT},
    serve::{serve, trouble},
};
use crate::platform::{last_heartbeat, now};

/// Where [`Presence`] is kept.
const PRESENCE: &str = "presence";

/// One lane on the platform.
pub struct Tunnel {
    state: Rc<State>,
    /// Of the newest socket.
    current: RefCell<Option<Shared>>,
    /// Of older ones, as long as they have streams, and of dead ones, as long as the platform knows them.
    retired: RefCell<Vec<Shared>>,
    parking: RefCell<Parking<Shared>>,
    /// As it is kept, once it was read or written.
    presence: Cell<Option<Presence>>,
    total: Total,
}

impl Tunnel {
    pub fn new(state: State) -> Self {
        if let Ok(pair) = WebSocketRequestResponsePair::new(PING, PONG) {
            state.set_websocket_auto_response(&pair);
        }
        Self {
            state: Rc::new(state),
            current: RefCell::default(),
            retired: RefCell::default(),
            parking: RefCell::default(),
            presence: Cell::default(),
            total: Total::default(),
        }
    }

    pub async fn fetch(&self, request: Request) -> Result<Response> {
        let headers = request.headers();
        if let Some(open) = headers.get(OPEN_HEADER)? {
            let open = URL_SAFE_NO_PAD.decode(open).map_err(|error| error.to_string())?;
            return match self.current() {
                None if headers.has(WAIT_HEADER)? => self.park(open.into(), request).await,
                lane => self.open(lane, open.into(), request).await,
            };
        }
        if headers.has(RUNNER_HEADER)? {
            return self.accept().await;
        }
        self.revoke().await?;
        Response::empty()
    }

    async fn open(&self, lane: Option<Shared>, open: Bytes, request: Request) -> Result<Response> {
        match lane {
            Some(lane) => serve(lane, open, request, &self.total).await,
            None => trouble(TunnelTrouble::LaneDown),
        }
    }

    /// As `open`, once there is an agent; the answer says how long that took.
    async fn park(&self, open: Bytes, request: Request) -> Result<Response> {
        let since = now();
        let lane = self.wait().await?;
        let parked = now().since(since).as_millis();
        let mut response = self.open(lane, open, request).await?;
        response.headers_mut().set(PARKED_HEADER, &parked.to_string())?;
        Ok(response)
    }

    pub fn message(&self, socket: &WebSocket, message: WebSocketIncomingMessage) {
        let Some(lane) = self.lane_of(socket) else { return };
        lane.borrow_mut().heard();
        match message {
            WebSocketIncomingMessage::Binary(bytes) => {
                let outcome = lane.borrow_mut().input(bytes.into());
                if let Err(error) = outcome {
                    worker::console_error!("an agent broke the tunnel's protocol: {error}");
                    lane.borrow_mut().close(close::MALFORMED, &error.to_string());
                    self.forget(socket);
                }
            }
            WebSocketIncomingMessage::String(text) if text == RESTARTED => lane.borrow_mut().stale = false,
            WebSocketIncomingMessage::String(text) if text == PROBED => lane.borrow_mut().probed(),
            WebSocketIncomingMessage::String(_) => {}
        }
    }

    pub async fn closed(&self, socket: &WebSocket, code: usize) -> Result<()> {
        let code = u16::try_from(code).ok().filter(|code| (3000..5000).contains(code)).unwrap_or(1000);
        let _ = socket.close(Some(code), Some(""));
        self.forget(socket);
        if self.state.get_websockets().iter().all(|other| same(other, socket)) {
            self.keep(self.presence().await?.without_socket(now())).await?;
        }
        Ok(())
    }

    async fn accept(&self) -> Result<Response> {
        self.keep(Presence::Here).await?;
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        if let Some(lane) = self.current() {
            self.retire(lane);
        }
        let number = next_number(self.state.get_websockets().iter().map(|socket| self.number(socket)));
        self.state.accept_websocket_with_tags(&server, &[&number.to_string()]);
        let lane = Rc::new(RefCell::new(Lane::new(server, false, now())));
        *self.current.borrow_mut() = Some(Rc::clone(&lane));
        self.parking.borrow_mut().arrived(&lane);
        Response::from_websocket(client)
    }

    /// The token is no longer good.
    async fn revoke(&self) -> Result<()> {
        self.parking.borrow_mut().clear();
        for socket in self.state.get_websockets() {
            let _ = socket.close(Some(close::REVOKED), Some("the token was revoked"));
        }
        let retired = self.retired.take();
        for lane in self.current.take().into_iter().chain(retired) {
            lane.borrow_mut().lost();
        }
        self.keep(Presence::Unknown).await
    }

    /// A newer socket takes over: this one keeps the streams that it has.
    fn retire(&self, lane: Shared) {
        lane.borrow_mut().retired = Some(now());
        self.retired.borrow_mut().push(Rc::clone(&lane));
        wasm_bindgen_futures::spawn_local(drain(Rc::clone(&self.state), lane));
    }

    /// Waits for the agent, if it may be back soon.
    async fn wait(&self) -> Result<Option<Shared>> {
        let presence = self.presence().await?.without_socket(now());
        self.keep(presence).await?;
        // It may have come while storage was asked.
        if let Some(lane) = self.current() {
            return Ok(Some(lane));
        }
        let place = presence.is_awaited(now()).then(|| self.parking.borrow_mut().enter()).flatten();
        let Some(place) = place else { return Ok(None) };
        Ok(match select(place, Delay::from(WAIT)).await {
            Either::Left((lane, _)) => lane.ok(),
            Either::Right(_) => None,
        })
    }

    /// The lane of the newest socket; found again after hibernation, which older ones do not outlive: their streams
    /// are forgotten.
    fn current(&self) -> Option<Shared> {
        let mut slot = self.current.borrow_mut();
        // The platform may list a socket for long after it was closed.
        if let Some(dead) = slot.take_if(|lane| lane.borrow().is_dead()) {
            self.retired.borrow_mut().push(dead);
        }
        if slot.is_none() {
            let retired = self.retired.borrow();
            let known = |socket: &WebSocket| retired.iter().any(|lane| same(lane.borrow().socket(), socket));
            let mut sockets = self.state.get_websockets();
            sockets.retain(|socket| !known(socket));
            sockets.sort_by_key(|socket| self.number(socket));
            let newest = sockets.pop()?;
            for older in sockets {
                let _ = older.close(Some(close::REPLACED), Some(REPLACED));
            }
            newest.send_with_str(RESTART).ok()?;
            *slot = Some(Rc::new(RefCell::new(Lane::new(newest, true, now()))));
        }
        slot.clone()
    }

    fn lane_of(&self, socket: &WebSocket) -> Option<Shared> {
        let is_of = |lane: &Shared| same(lane.borrow().socket(), socket);
        let retired = self.retired.borrow().iter().find(|lane| is_of(lane)).cloned();
        retired.or_else(|| self.current().filter(is_of))
    }

    /// A socket is gone, and its streams with it.
    fn forget(&self, socket: &WebSocket) {
        let is_of = |lane: &Shared| same(lane.borrow().socket(), socket);
        let current = self.current.borrow_mut().take_if(|lane| is_of(lane));
        let retired: Vec<Shared> = self.retired.borrow_mut().extract_if(.., |lane| is_of(lane)).collect();
        for lane in current.into_iter().chain(retired) {
            lane.borrow_mut().lost();
        }
    }

    /// The number of a socket; 0 for one that an older script accepted.
    fn number(&self, socket: &WebSocket) -> u64 {
        self.state.get_tags(socket).first().and_then(|tag| tag.parse().ok()).unwrap_or(0)
    }

    async fn presence(&self) -> Result<Presence> {
        if let Some(presence) = self.presence.get() {
            return Ok(presence);
        }
        let presence = self.state.storage().get(PRESENCE).await?.unwrap_or_default();
        self.presence.set(Some(presence));
        Ok(presence)
    }

    async fn keep(&self, presence: Presence) -> Result<()> {
        if self.presence.replace(Some(presence)) != Some(presence) {
            self.state.storage().put(PRESENCE, presence).await?;
        }
        Ok(())
    }
}

/// Closes a retired lane when it is time.
async fn drain(state: Rc<State>, lane: Shared) {
    loop {
        let verdict = {
            let lane = lane.borrow();
            lane.verdict(last_heartbeat(state.as_raw(), lane.socket()), now())
        };
        match verdict {
            Verdict::LookAgain(after) => Delay::from(after).await,
            Verdict::Close => return lane.borrow_mut().close(close::REPLACED, REPLACED),
        }
    }
}

fn same(one: &WebSocket, other: &WebSocket) -> bool {
    let one: &worker::worker_sys::web_sys::WebSocket = one.as_ref();
    let other: &worker::worker_sys::web_sys::WebSocket = other.as_ref();
    one == other
}
