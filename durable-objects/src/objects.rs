//! The shells that the platform instantiates. They only forward.

use worker::{
    DurableObject, Env, Error, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
    durable_object, wasm_bindgen,
};

use crate::{feed::shell::Feed, session::shell::Session, tunnel::shell::Tunnel};

// Bare attributes, so that fetch, alarm and WebSocket handlers are all exported.

/// One per runner, named by its id.
#[durable_object]
pub struct RunnerSession(Session);

impl DurableObject for RunnerSession {
    fn new(state: State, env: Env) -> Self {
        Self(Session::new(state, env))
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        self.0.fetch(request).await
    }

    async fn alarm(&self) -> Result<Response> {
        self.0.alarm().await?;
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        self.0.message(&socket, message).await;
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, code: usize, _: String, _: bool) -> Result<()> {
        self.0.closed(&socket, code).await;
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _: Error) -> Result<()> {
        self.0.closed(&socket, 1006).await;
        Ok(())
    }
}

/// One per runner and lane, named `<runner>/<lane>`.
#[durable_object]
pub struct RunnerTunnel(Tunnel);

impl DurableObject for RunnerTunnel {
    fn new(state: State, _: Env) -> Self {
        Self(Tunnel::new(state))
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        self.0.fetch(request).await
    }

    async fn alarm(&self) -> Result<Response> {
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        self.0.message(&socket, message);
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, code: usize, _: String, _: bool) -> Result<()> {
        self.0.closed(&socket, code).await
    }

    async fn websocket_error(&self, socket: WebSocket, _: Error) -> Result<()> {
        self.0.closed(&socket, 1006).await
    }
}

/// One per workspace, named by its id.
#[durable_object]
pub struct WorkspaceFeed(Feed);

impl DurableObject for WorkspaceFeed {
    fn new(state: State, env: Env) -> Self {
        Self(Feed::new(state, env))
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        self.0.fetch(request).await
    }

    async fn alarm(&self) -> Result<Response> {
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, _: WebSocketIncomingMessage) -> Result<()> {
        self.0.message(&socket);
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, _: usize, _: String, _: bool) -> Result<()> {
        self.0.closed(&socket);
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _: Error) -> Result<()> {
        self.0.closed(&socket);
        Ok(())
    }
}
