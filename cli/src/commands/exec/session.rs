//! The conversation with a command: `patr_models::deployment::exec` has its messages.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use patr_models::deployment::exec::{FromCommand, ToCommand, output};
use tokio::{
    sync::mpsc::Receiver,
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

/// Sends input and sizes for as long as it is polled. What cannot be sent is for the other direction to notice.
pub(super) async fn send(
    mut sink: impl Sink<Message> + Unpin,
    mut input: Receiver<Bytes>,
    mut resizes: Resizes,
) -> Infallible {
    let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    let mut has_input = true;
    loop {
        let message = tokio::select! {
            chunk = input.recv(), if has_input => {
                has_input = chunk.is_some();
                chunk.map_or_else(|| said(ToCommand::EndOfInput), Message::Binary)
            }
            size = resizes.next() => said(ToCommand::Resize { size }),
            _ = ping.tick() => Message::Ping(Bytes::new()),
        };
        if sink.send(message).await.is_err() {
            return std::future::pending().await;
        }
    }
}

fn said(word: ToCommand) -> Message {
    // Plain data: it cannot fail to serialise.
    Message::text(serde_json::to_string(&word).unwrap_or_default())
}

/// Writes output until the command has ended, and answers its exit status.
pub(super) async fn receive(
    mut stream: impl Stream<Item = Result<Message, Error>> + Unpin,
    ctx: &Context,
) -> Outcome {
    loop {
        let message = timeout(SILENCE, stream.next()).await.map_err(|_| lost("nobody answers"))?;
        match message {
            Some(Ok(Message::Binary(bytes))) => show(&bytes, ctx)?,
            Some(Ok(Message::Text(text))) => {
                // A word of another version's making is not worth ending over.
                if let Ok(word) = serde_json::from_str(&text) {
                    return Ok(end(word)?);
                }
            }
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

fn end(word: FromCommand) -> Result<Exit, Failure> {
    match word {
        FromCommand::Ended { exit_code: 0 } => Ok(Exit::Ok),
        FromCommand::Ended { exit_code } => Ok(Exit::Command(u8::try_from(exit_code).unwrap_or(u8::MAX))),
        FromCommand::Refused { message, hint } => {
            let failure = Failure::failed(message);
            Err(match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            })
        }
    }
}

fn lost(problem: &str) -> Failure {
    Failure::failed(format!("the connection to the command broke off: {problem}"))
        .hint("whether the command went on is not known")
}
