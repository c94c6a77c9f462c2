//! The conversation with a command: `patr_models::deployment::exec` has its messages.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use patr_models::deployment::exec::{FromCommand, HandedOn, ToCommand, WINDOW, output};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, interval_at, timeout},
};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::{
    client::{PING_EVERY, SILENCE},
    context::Context,
    exit_code::Exit,
    failure::{Failure, Outcome},
    terminal::Resizes,
};

/// What is on the way, and may be.
pub(super) struct Window {
    /// For input: what the command did not take keeps its place.
    room: Semaphore,
    /// What was taken of the output and is to be said.
    taken: mpsc::UnboundedSender<usize>,
}

impl Window {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<usize>) {
        let (taken, says) = mpsc::unbounded_channel();
        (Self { room: Semaphore::new(WINDOW), taken }, says)
    }

    /// The next chunk of input, once there is room for it. It stays in `waiting` when something else comes first.
    async fn next(&self, input: &mut mpsc::Receiver<Bytes>, waiting: &mut Option<Bytes>) -> Option<Bytes> {
        if waiting.is_none() {
            *waiting = Some(input.recv().await?);
        }
        let length = waiting.as_ref().map_or(0, Bytes::len);
        // It is never closed, and a chunk is far smaller than it.
        self.room.acquire_many(u32::try_from(length).ok()?).await.ok()?.forget();
        waiting.take()
    }
}

/// Sends input and sizes for as long as it is polled. What cannot be sent is for the other direction to notice.
pub(super) async fn send(
    mut sink: impl Sink<Message> + Unpin,
    mut input: mpsc::Receiver<Bytes>,
    (window, mut taken): (&Window, mpsc::UnboundedReceiver<usize>),
    mut resizes: Resizes,
) -> Infallible {
    let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    let (mut has_input, mut waiting) = (true, None);
    let mut message = said(ToCommand::Took { bytes: 0 });
    loop {
        if sink.send(message).await.is_err() {
            return std::future::pending().await;
        }
        message = tokio::select! {
            chunk = window.next(&mut input, &mut waiting), if has_input => {
                has_input = chunk.is_some();
                chunk.map_or_else(|| said(ToCommand::EndOfInput), Message::Binary)
            }
            Some(bytes) = taken.recv() => said(ToCommand::Took { bytes }),
            size = resizes.next() => said(ToCommand::Resize { size }),
            _ = ping.tick() => Message::Ping(Bytes::new()),
        };
    }
}

fn said(word: ToCommand) -> Message {
    // Plain data: it cannot fail to serialise.
    Message::text(serde_json::to_string(&word).unwrap_or_default())
}

/// Writes output until the command has ended, and answers its exit status.
pub(super) async fn receive(
    mut stream: impl Stream<Item = Result<Message, Error>> + Unpin,
    window: &Window,
    ctx: &Context,
) -> Outcome {
    let mut handed_on = HandedOn::default();
    loop {
        let message = timeout(SILENCE, stream.next()).await.map_err(|_| lost("nobody answers"))?;
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                show(&bytes, ctx)?;
                if let Some(bytes) = handed_on.more(bytes.len().saturating_sub(1)) {
                    let _ = window.taken.send(bytes);
                }
            }
            Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                Ok(FromCommand::Took { bytes }) => window.room.add_permits(bytes.min(WINDOW)),
                Ok(FromCommand::Ended { exit_code: 0 }) => return Ok(Exit::Ok),
                Ok(FromCommand::Ended { exit_code }) => {
                    return Ok(Exit::Command(u8::try_from(exit_code).unwrap_or(u8::MAX)));
                }
                Ok(FromCommand::Refused { message, hint }) => {
                    let failure = Failure::failed(message);
                    return Err(hint.into_iter().fold(failure, Failure::hint).into());
                }
                // A word of another version's making is not worth ending over.
                Err(_) => {}
            },
            Some(Ok(Message::Close(_))) | None => return Err(lost("it was closed").into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(error)) => return Err(lost(&error.to_string()).into()),
        }
    }
}

fn show(bytes: &[u8], ctx: &Context) -> Outcome<()> {
    match bytes.split_first() {
        Some((&output::STDOUT, bytes)) => ctx.printer.bytes(bytes)?,
        Some((&output::STDERR, bytes)) => ctx.printer.error_bytes(bytes),
        _ => {}
    }
    Ok(())
}

fn lost(problem: &str) -> Failure {
    Failure::failed(format!("the connection to the command broke off: {problem}"))
        .hint("whether the command went on is not known")
}
