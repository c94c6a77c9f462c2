//! A command in a replica.

use std::pin::{Pin, pin};

use bytes::{BufMut, Bytes, BytesMut};
use patr_models::{
    deployment::{
        exec::{FromCommand, Size, ToCommand, output},
        logs::LogStream,
    },
    ids::DeploymentId,
    wire::ResponseHead,
};
use patr_tunnel::{Code, Message};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};

use super::{Target, encode, refuse, websocket::Incoming};
use crate::{
    runtime::{Exec, Fault, Runtime},
    tunnel::{Reader, Writer},
};

const NO_REPLICA: &str = "no such replica runs";

impl<R: Runtime> Target<R> {
    pub(super) async fn exec(
        self,
        (deployment, prefix): (DeploymentId, Option<String>),
        command: Vec<String>,
        tty: Option<Size>,
        (reader, writer): (Reader, Writer),
    ) {
        let Some(replica) = self.replica(deployment, prefix.as_deref()).await else {
            return refuse(writer, 409, NO_REPLICA.to_owned()).await;
        };
        match self.runtime.exec(&replica.id, command, tty).await {
            Ok(exec) => carry(exec, reader, writer).await,
            Err(Fault::Failed(failure)) => refuse(writer, 422, failure.message).await,
            Err(Fault::Away(error)) => refuse(writer, 503, error.to_string()).await,
            Err(Fault::Gone(_)) => refuse(writer, 409, NO_REPLICA.to_owned()).await,
        }
    }
}

async fn carry(exec: Exec, reader: Reader, writer: Writer) {
    let head = ResponseHead { status: 101, headers: Vec::new() };
    if !writer.write(encode(&head)).await {
        return;
    }
    let Some(last) = converse(exec, reader, &writer).await else { return };
    let Ok(text) = serde_json::to_string(&last) else { return writer.abort(Code::Protocol) };
    let close = Message::Close(Some((1000, String::new())));
    writer.finish_with([Message::Text(text).encode(), close.encode()].concat().into()).await;
}

/// Passes on what both sides say until the command has ended; nothing when nobody hears it any more.
async fn converse(exec: Exec, mut reader: Reader, writer: &Writer) -> Option<FromCommand> {
    let Exec { input, output, sizes, ended } = exec;
    let mut speaking = pin!(speak(output, writer));
    let heard = tokio::select! {
        heard = &mut speaking => heard,
        // Its caller may say nothing more, and the command go on. One who has left hears nothing, also of a command that is silent.
        heard = listen(&mut reader, input, sizes) => heard && speaking.await,
    };
    if !heard {
        return None;
    }
    let unknown =
        |_| FromCommand::Refused { message: "its exit code cannot be known".to_owned(), hint: None };
    Some(ended.await.map_or_else(unknown, |exit_code| FromCommand::Ended { exit_code }))
}

/// What the command writes, to its end; whether anybody hears it.
async fn speak(mut output: mpsc::Receiver<(LogStream, Bytes)>, writer: &Writer) -> bool {
    while let Some((stream, bytes)) = output.recv().await {
        let mut message = BytesMut::with_capacity(1 + bytes.len());
        message.put_u8(match stream {
            LogStream::Stdout => output::STDOUT,
            LogStream::Stderr => output::STDERR,
        });
        message.put(bytes);
        if !writer.write(Message::Binary(message.freeze()).encode()).await {
            return false;
        }
    }
    true
}

type Input = Pin<Box<dyn AsyncWrite + Send>>;

/// What its caller says, until that is over; whether there still is one. What is no message ends the input, as the end of it does.
async fn listen(reader: &mut Reader, input: Input, sizes: mpsc::Sender<Size>) -> bool {
    let (mut messages, mut input) = (Incoming::default(), Some(input));
    while let Ok(Some(message)) = messages.next(reader).await {
        match message {
            Message::Binary(bytes) => {
                let Some(to) = &mut input else { continue };
                if to.write_all(&bytes).await.is_err() || to.flush().await.is_err() {
                    break;
                }
            }
            Message::Text(text) => match serde_json::from_str(&text) {
                Ok(ToCommand::Resize { size }) => {
                    // A later size replaces one that was not taken.
                    let _ = sizes.try_send(size);
                }
                Ok(ToCommand::EndOfInput) => end(input.take()).await,
                Err(_) => {}
            },
            Message::Close(_) => {
                end(input.take()).await;
                return false;
            }
        }
    }
    end(input.take()).await;
    true
}

/// Some end when they are shut down, and a pipe of this machine when it is dropped.
async fn end(input: Option<Input>) {
    if let Some(mut input) = input {
        let _ = input.shutdown().await;
    }
}
