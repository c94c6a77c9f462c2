//! A command in a replica.

use std::pin::{Pin, pin};

use bytes::{BufMut, Bytes, BytesMut};
use patr_models::{
    deployment::{
        exec::{FromCommand, HandedOn, Size, ToCommand, WINDOW, output},
        logs::LogStream,
    },
    ids::DeploymentId,
    wire::ResponseHead,
};
use patr_tunnel::{Code, Message};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::{Mutex, Semaphore, mpsc, watch},
};

use super::{
    Target, encode, refuse,
    websocket::{Incoming, say, takes_up},
};
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
    let (says, said) = mpsc::unbounded_channel();
    // What the caller has taken of the output, once it says so, and what it may have sent.
    let ((takes, taken), room) = (watch::channel(None), Semaphore::new(WINDOW));
    // The parts of two messages must not mix.
    let writer = Mutex::new(writer);
    let mut speaking = pin!(speak(output, taken, &writer));
    let mut feeding = pin!(feed(input, said, &room, &writer));
    let mut listening = pin!(listen(&mut reader, (says, &room), takes, sizes));
    let (mut feeds, mut listens) = (true, true);
    let heard = loop {
        tokio::select! {
            heard = &mut speaking => break heard,
            // Its caller may say nothing more, and the command go on. One who has left hears nothing, also of a command that is silent.
            over = &mut listening, if listens => match over {
                Over::Said => listens = false,
                Over::Left => break false,
                Over::TooMuch => return Some(refused("more input was sent than may be on the way")),
            },
            () = &mut feeding, if feeds => feeds = false,
        }
    };
    if !heard {
        return None;
    }
    let unknown = |_| refused("its exit code cannot be known");
    Some(ended.await.map_or_else(unknown, |exit_code| FromCommand::Ended { exit_code }))
}

fn refused(message: &str) -> FromCommand {
    FromCommand::Refused { message: message.to_owned(), hint: None }
}

/// What the command writes, to its end, as fast as its caller takes it; whether anybody hears it.
async fn speak(
    mut output: mpsc::Receiver<(LogStream, Bytes)>,
    mut taken: watch::Receiver<Option<usize>>,
    writer: &Mutex<&Writer>,
) -> bool {
    let mut sent = 0_usize;
    while let Some((stream, bytes)) = output.recv().await {
        let next = sent.saturating_add(bytes.len());
        let fits = |taken: &Option<usize>| {
            taken.is_none_or(|taken| next <= taken.saturating_add(WINDOW) || sent <= taken)
        };
        // One that says nothing more says neither that it takes any.
        let _ = taken.wait_for(fits).await;
        sent = next;
        let mut message = BytesMut::with_capacity(1 + bytes.len());
        message.put_u8(match stream {
            LogStream::Stdout => output::STDOUT,
            LogStream::Stderr => output::STDERR,
        });
        message.put(bytes);
        if !say(writer, Message::Binary(message.freeze())).await {
            return false;
        }
    }
    true
}

type Input = Pin<Box<dyn AsyncWrite + Send>>;

/// How what a caller says came to its end.
enum Over {
    /// It says nothing more, and may listen.
    Said,
    /// It closed, or is gone.
    Left,
    /// It does not wait until what it says is taken, and would fill the memory of this machine.
    TooMuch,
}

/// What its caller says. It never waits for the command: what is said of its output lets it go on, and a command may read nothing
/// before it has written.
async fn listen(
    reader: &mut Reader,
    (says, room): (mpsc::UnboundedSender<Bytes>, &Semaphore),
    takes: watch::Sender<Option<usize>>,
    sizes: mpsc::Sender<Size>,
) -> Over {
    let (mut messages, mut says) = (Incoming::default(), Some(says));
    while let Ok(Some(message)) = messages.next(reader).await {
        match message {
            Message::Binary(bytes) if !bytes.is_empty() => {
                // Nobody takes more of one who has said that nothing follows.
                let Some(says) = &says else { continue };
                if !takes_up(room, bytes.len()) {
                    return Over::TooMuch;
                }
                let _ = says.send(bytes);
            }
            Message::Binary(_) => {}
            Message::Text(text) => match serde_json::from_str(&text) {
                Ok(ToCommand::Resize { size }) => {
                    // A later size replaces one that was not taken.
                    let _ = sizes.try_send(size);
                }
                Ok(ToCommand::Took { bytes }) => takes.send_modify(|taken| {
                    *taken = Some(taken.unwrap_or_default().saturating_add(bytes));
                }),
                Ok(ToCommand::EndOfInput) => says = None,
                Err(_) => {}
            },
            Message::Close(_) => return Over::Left,
        }
    }
    // What is no message ends the input, as the end of it does.
    Over::Said
}

/// Gives the command its input, and says how much it took. What it does not want is thrown away, for it goes on without.
async fn feed(
    input: Input,
    mut said: mpsc::UnboundedReceiver<Bytes>,
    room: &Semaphore,
    writer: &Mutex<&Writer>,
) {
    let (mut input, mut handed_on) = (Some(input), HandedOn::default());
    while let Some(bytes) = said.recv().await {
        if let Some(to) = &mut input
            && (to.write_all(&bytes).await.is_err() || to.flush().await.is_err())
        {
            input = None;
        }
        room.add_permits(bytes.len());
        if let Some(bytes) = handed_on.more(bytes.len())
            && let Ok(word) = serde_json::to_string(&FromCommand::Took { bytes })
        {
            say(writer, Message::Text(word)).await;
        }
    }
    end(input).await;
}

/// Some end when they are shut down, and a pipe of this machine when it is dropped.
async fn end(input: Option<Input>) {
    if let Some(mut input) = input {
        let _ = input.shutdown().await;
    }
}
