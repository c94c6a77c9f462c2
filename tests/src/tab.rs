//! What a tab does to stay up to date: a WebSocket that hears what changes in a workspace.

use futures_util::{SinkExt, StreamExt};
use http::header::AUTHORIZATION;
use patr_models::{
    endpoint::ApiEndpoint,
    live::{Changed, ToTab, follow::FollowWorkspace},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use crate::{Caller, Edge, PATIENCE};

/// A socket that a caller of the API has opened.
pub type Socket = WebSocketStream<TcpStream>;

/// Opens a WebSocket of the API; else the status of the answer. An edge that is not there yet answers nothing.
pub async fn open(edge: &Edge, path: &str, token: &str) -> Result<Socket, Option<u16>> {
    let stream = TcpStream::connect(("127.0.0.1", edge.port)).await.map_err(|_| None)?;
    let mut request = format!("ws://localhost:{}{path}", edge.port).into_client_request().unwrap();
    request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(Some(response.status().as_u16())),
        Err(_) => Err(None),
    }
}

/// A tab, and what it was told so far.
pub struct Tab {
    socket: Socket,
    told: Vec<Changed>,
}

impl Tab {
    /// A tab that is connected, or the status of the answer.
    pub async fn open(edge: &Edge, caller: &Caller) -> Result<Self, Option<u16>> {
        let path = FollowWorkspace::PATH.fill(&[caller.workspace().to_string()]);
        let socket = open(edge, &path, caller.token().unwrap_or_default()).await?;
        let mut tab = Self { socket, told: Vec::new() };
        match tab.next().await {
            Ok(Message::Text(text)) if is_connected(&text) => Ok(tab),
            Ok(other) => panic!("the first message is {other:?}"),
            Err(()) => Err(None),
        }
    }

    /// Waits until it is told of this.
    pub async fn hears(&mut self, changed: &Changed) {
        while !self.told.contains(changed) {
            match self.next().await {
                Ok(Message::Text(text)) => match serde_json::from_str(&text).unwrap() {
                    ToTab::Changed { resources, .. } => self.told.extend(resources),
                    ToTab::Connected { .. } => panic!("it is connected once"),
                },
                other => panic!("{other:?} while waiting for {changed:?}"),
            }
        }
    }

    /// What it was told since this was last asked, and nothing that is on its way.
    pub fn take_told(&mut self) -> Vec<Changed> {
        std::mem::take(&mut self.told)
    }

    /// What is answered to a heartbeat, past what is told before it.
    pub async fn answers(&mut self, heartbeat: &str) -> String {
        self.socket.send(Message::text(heartbeat)).await.unwrap();
        loop {
            match self.next().await {
                Ok(Message::Text(text)) if !text.starts_with('{') => return text.to_string(),
                Ok(Message::Text(_)) => {}
                other => panic!("{other:?} in place of an answer"),
            }
        }
    }

    /// Waits until it is closed; the code, if there is one.
    pub async fn ends(&mut self) -> Option<u16> {
        loop {
            match self.next().await {
                Ok(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Ok(_) => {}
                Err(()) => return None,
            }
        }
    }

    async fn next(&mut self) -> Result<Message, ()> {
        let next = timeout(PATIENCE, self.socket.next()).await.expect("something is heard in time");
        next.ok_or(())?.map_err(drop)
    }
}

fn is_connected(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok(ToTab::Connected { .. }))
}
