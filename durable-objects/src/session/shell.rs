//! Socket, storage and alarm into [`Core`], and its effects back.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use futures_channel::oneshot;
use futures_util::{FutureExt, future::select, pin_mut};
use patr_models::{
    endpoint::body::{Json, NoContent},
    ids::{RunnerId, WorkspaceId},
    internal::{
        Facts, RUNNER_HEADER, SECRET_HEADER, WORKSPACE_HEADER, metrics::ReadMetrics, observe, revoke, wake,
    },
    routes::{Found, SessionRoute},
    time::Millis,
    wire::{Epoch, FromAgent, PING, PONG, Sample, close},
};
use worker::{
    Delay, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage, WebSocketPair,
    console_error, worker_sys::WebSocketRequestResponsePair,
};

use super::{
    changes::Changes,
    core::{Core, Effect, Effects},
    metrics,
    saved::ReportId,
    storage,
};
use crate::{
    directory::{Control, announce},
    platform::{answer, internal_secret, last_heartbeat, now},
};

/// How long someone waits for news before being told that there is none.
const LONG_POLL: Duration = Duration::from_secs(20);

/// When an alarm rings again that could not be heard.
const ALARM_AGAIN: Duration = Duration::from_secs(30);

/// One runner's session on the platform.
pub struct Session {
    state: State,
    env: Env,
    /// Read from storage at the first event.
    core: RefCell<Option<Core>>,
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
    /// What the alarm is set to, as far as is known since the object woke: setting it costs a write.
    armed: Cell<Option<Millis>>,
}

impl Session {
    pub fn new(state: State, env: Env) -> Self {
        // The platform answers heartbeats by itself, so that they do not wake the object.
        if let Ok(pair) = WebSocketRequestResponsePair::new(PING, PONG) {
            state.set_websocket_auto_response(&pair);
        }
        Self { state, env, core: RefCell::new(None), waiting: RefCell::default(), armed: Cell::new(None) }
    }

    pub async fn fetch(&self, request: Request) -> Result<Response> {
        if let Some(runner) = request.headers().get(RUNNER_HEADER)? {
            let workspace = request.headers().get(WORKSPACE_HEADER)?;
            return self.accept(&runner, workspace.as_deref()).await;
        }
        let secret = request.headers().get(SECRET_HEADER)?.unwrap_or_default();
        if secret != internal_secret(&self.env)? {
            return Response::error("this is an internal address", 403);
        }
        match SessionRoute::find(&request.method().as_ref().parse().unwrap_or_default(), &request.path()) {
            Found::Route(SessionRoute::Wake, _) => {
                self.event(|core| core.woken(now())).await?;
                answer::<wake::Wake>(NoContent)
            }
            Found::Route(SessionRoute::Revoke, _) => {
                self.event(|core| core.revoked(now())).await?;
                answer::<revoke::Revoke>(NoContent)
            }
            Found::Route(SessionRoute::Observe, _) => self.observe(request.query()?).await,
            Found::Route(SessionRoute::ReadMetrics, _) => {
                let series = metrics::read(&self.state, &request.query()?, now())?;
                answer::<ReadMetrics>(Json(series))
            }
            Found::OtherMethods(_) | Found::Nothing => Response::error("no such route", 404),
        }
    }

    pub async fn alarm(&self) -> Result<()> {
        self.armed.set(None);
        let Err(error) = self.event(|core| core.alarm(now())).await else { return Ok(()) };
        console_error!("the session's alarm: {error}");
        // An alarm that fails six times is forgotten by the platform, so it is set anew instead. Where not even that
        // is possible, the platform's tries are what is left.
        self.state.storage().set_alarm(ALARM_AGAIN).await
    }

    pub async fn message(&self, socket: &WebSocket, message: WebSocketIncomingMessage) {
        let Some(epoch) = self.epoch(socket) else { return };
        let message = match message {
            WebSocketIncomingMessage::String(text) => serde_json::from_str::<FromAgent>(&text).ok(),
            WebSocketIncomingMessage::Binary(_) => None,
        };
        let outcome = match message {
            Some(message) => self.event(|core| core.received(epoch, message, now())).await,
            None => self.event(|core| core.malformed(epoch)).await,
        };
        if let Err(error) = outcome {
            // What was not saved must not be acted on: the agent reconnects and says it again.
            console_error!("a message of epoch {epoch}: {error}");
            let _ = socket.close(Some(close::MALFORMED), Some("it could not be kept"));
        }
    }

    pub async fn closed(&self, socket: &WebSocket, code: usize) {
        let Some(epoch) = self.epoch(socket) else { return };
        // Without an answer the peer's close is never completed; codes like 1006 may not be sent.
        let code = u16::try_from(code).ok().filter(|code| (3000..5000).contains(code) || *code == 1000);
        let _ = socket.close(Some(code.unwrap_or(1000)), Some(""));
        if let Err(error) = self.event(|core| core.disconnected(epoch, now())).await {
            console_error!("the end of epoch {epoch}: {error}");
        }
    }

    async fn accept(&self, runner: &str, workspace: Option<&str>) -> Result<Response> {
        let runner: RunnerId = runner.parse().map_err(|_| "the runner header is not an id")?;
        // A `worker` that was deployed before this script does not say it.
        let workspace: Option<WorkspaceId> = workspace.and_then(|workspace| workspace.parse().ok());
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        let mut epoch = 0;
        let effects = self.step(|core| {
            let (given, effects) = core.accepted(runner, now());
            epoch = given;
            workspace.into_iter().for_each(|workspace| core.belongs_to(workspace));
            effects
        })?;
        self.state.accept_websocket_with_tags(&server, &[&epoch.to_string()]);
        self.perform(effects).await?;
        Response::from_websocket(client)
    }

    async fn observe(&self, query: observe::Query) -> Result<Response> {
        let first = self.look()?;
        if query.after != Some(first.version) {
            return answer::<observe::Observe>(Json(first));
        }
        // Nothing is awaited since the look, so no news is missed.
        let (sender, receiver) = oneshot::channel();
        self.wait(sender);
        let timeout = Delay::from(LONG_POLL).fuse();
        pin_mut!(timeout);
        select(receiver, timeout).await;
        answer::<observe::Observe>(Json(self.look()?))
    }

    /// Whoever left without news is forgotten with the next one who comes.
    fn wait(&self, sender: oneshot::Sender<()>) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.retain(|waiter| !waiter.is_canceled());
        waiting.push(sender);
    }

    fn look(&self) -> Result<observe::Observed> {
        self.with_core(|core| {
            let sockets = self.state.get_websockets_with_tag(&core.save().epoch.to_string());
            let heard = sockets.first().and_then(|socket| last_heartbeat(self.state.as_raw(), socket));
            core.observe(heard, now())
        })
    }

    /// One event: decide, keep, then act.
    async fn event(&self, event: impl FnOnce(&mut Core) -> Effects) -> Result<()> {
        let effects = self.step(event)?;
        self.perform(effects).await
    }

    fn step(&self, event: impl FnOnce(&mut Core) -> Effects) -> Result<Effects> {
        self.with_core(|core| {
            let before = core.save().clone();
            let effects = event(core);
            if *core.save() != before
                && let Err(error) = storage::store(&self.state, core.save())
            {
                *core = Core::restore(before);
                return Err(error);
            }
            Ok(effects)
        })?
    }

    fn with_core<T>(&self, f: impl FnOnce(&mut Core) -> T) -> Result<T> {
        let mut slot = self.core.borrow_mut();
        if slot.is_none() {
            *slot = Some(Core::restore(storage::load(&self.state)?));
        }
        slot.as_mut().map(f).ok_or_else(|| "the session is not loaded".into())
    }

    async fn perform(&self, effects: Effects) -> Result<()> {
        // First, so that whatever breaks below is tried again.
        self.arm().await?;
        let mut queue = std::collections::VecDeque::from(effects);
        while let Some(effect) = queue.pop_front() {
            match effect {
                Effect::Send(message) => self.send(&serde_json::to_string(&message)?)?,
                Effect::Close { epoch, code, reason } => self.close(epoch, code, reason),
                Effect::CloseOlder(epoch) => self.close_older(epoch),
                Effect::Fetch(runner) => queue.extend(self.fetch_desired(runner).await?),
                Effect::Record { runner, of, facts } => queue.extend(self.record(runner, of, facts).await?),
                Effect::Keep(samples) => self.keep_samples(&samples),
                Effect::Wake => self.notify(),
                Effect::Tell(workspace, changed) => self.tell(workspace, changed),
            }
        }
        self.arm().await
    }

    /// Nobody waits for it, the agent least. What is lost of it is read when somebody looks next.
    fn tell(&self, workspace: WorkspaceId, changed: Changes) {
        let env = self.env.clone();
        self.state.wait_until(async move {
            if let Err(error) = announce(&env, workspace, changed).await {
                console_error!("the feed of {workspace} is not told: {error}");
            }
        });
    }

    /// What is not kept is a gap; the session goes on.
    fn keep_samples(&self, samples: &[Sample]) {
        if let Err(error) = metrics::keep(&self.state, samples, now()) {
            console_error!("what replicas used is not kept: {error}");
        }
    }

    fn notify(&self) {
        for waiter in self.waiting.borrow_mut().drain(..) {
            // Whoever left in the meantime need not hear.
            let _ = waiter.send(());
        }
    }

    async fn record(&self, runner: RunnerId, of: ReportId, facts: Facts) -> Result<Effects> {
        // Other events may come in while D1 is written; the outcome is an event of its own.
        let outcome = Control::new(&self.env)?.record(runner, facts).await;
        if let Err(error) = &outcome {
            console_error!("report {} of {runner} is not recorded: {error}", of.seq);
        }
        self.step(|core| match outcome {
            Ok(()) => core.recorded(of),
            Err(_) => core.not_recorded(of, now()),
        })
    }

    async fn fetch_desired(&self, runner: RunnerId) -> Result<Effects> {
        let outcome = Control::new(&self.env)?.desired(runner).await;
        if let Err(error) = &outcome {
            console_error!("what is desired of {runner} is not known: {error}");
        }
        self.step(|core| match outcome {
            Ok(Some(snapshot)) => core.desired(snapshot),
            Ok(None) => core.removed(now()),
            Err(_) => core.not_fetched(now()),
        })
    }

    /// Sets the alarm. One that is not needed any more is left to ring for nothing.
    async fn arm(&self) -> Result<()> {
        let deadline = self.with_core(|core| core.deadline())?;
        let Some(at) = deadline.filter(|at| self.armed.get() != Some(*at)) else { return Ok(()) };
        let wait = at.since(now()).max(Duration::from_millis(1));
        self.state.storage().set_alarm(wait).await?;
        self.armed.set(Some(at));
        Ok(())
    }

    fn epoch(&self, socket: &WebSocket) -> Option<Epoch> {
        self.state.get_tags(socket).first()?.parse().ok()
    }

    fn send(&self, text: &str) -> Result<()> {
        let epoch = self.with_core(|core| core.save().epoch)?;
        for socket in self.state.get_websockets_with_tag(&epoch.to_string()) {
            // A socket that is just closing refuses; the next connection starts over anyway.
            let _ = socket.send_with_str(text);
        }
        Ok(())
    }

    fn close(&self, epoch: Epoch, code: u16, reason: &str) {
        for socket in self.state.get_websockets_with_tag(&epoch.to_string()) {
            let _ = socket.close(Some(code), Some(reason));
        }
    }

    fn close_older(&self, than: Epoch) {
        for socket in self.state.get_websockets() {
            if self.epoch(&socket).is_some_and(|epoch| epoch < than) {
                let _ =
                    socket.close(Some(close::REPLACED), Some("another agent connected with the same token"));
            }
        }
    }
}
