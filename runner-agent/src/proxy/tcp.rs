//! A connection to a port of a replica: `patr_models::deployment::connect` has its messages.
//!
//! ```text
//!  caller ──messages──▶ hear ──queue──▶ write ──▶ replica
//!         ◀──messages── read ◀─────────────────── replica
//! ```
//!
//! Hearing never waits for the replica: what the caller says it took lets `read` go on, and a replica may read nothing
//! before it has written.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use patr_models::{
    deployment::connect::{END, WINDOW, taken, took},
    ids::DeploymentId,
    wire::ResponseHead,
};
use patr_tunnel::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Mutex, Semaphore, mpsc},
    time::timeout,
};

use super::{
    Running, Target, encode, refuse,
    websocket::{Incoming, say, takes_up},
};
use crate::{
    runtime::Runtime,
    tunnel::{Reader, Writer},
};

/// How long a replica has to take a connection.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);
/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// How a connection came to its end.
enum Over {
    /// Both directions have ended.
    Ended,
    /// The caller closed, or is gone.
    Left,
    /// Something broke.
    Broke(String),
}

impl<R: Runtime> Target<R> {
    pub(super) async fn tcp(
        self,
        (deployment, prefix): (DeploymentId, Option<String>),
        port: u16,
        (reader, writer): (Reader, Writer),
    ) {
        let Some(replica) = self.replica(deployment, prefix.as_deref()).await else {
            return refuse(writer, 409, "no such replica runs".to_owned()).await;
        };
        let stream = match connect(&replica, port).await {
            Ok(stream) => stream,
            Err(sentence) => return refuse(writer, 502, sentence).await,
        };
        if !writer.write(encode(&ResponseHead { status: 101, headers: Vec::new() })).await {
            return;
        }
        let close = match carry(stream, reader, &writer).await {
            Over::Ended | Over::Left => (1000, String::new()),
            Over::Broke(why) => (1011, why),
        };
        writer.finish_with(Message::Close(Some(close)).encode()).await;
    }
}

/// The connection, or why there is none: what is said of the port.
async fn connect(replica: &Running, port: u16) -> Result<TcpStream, String> {
    // As people see it in lists.
    let id = replica.id.get(..12).unwrap_or(&replica.id);
    let Some(address) = replica.address.port(port) else {
        return Err(format!(
            "this runner reaches only declared ports of its replicas, and {id} has no such one"
        ));
    };
    let stream = match timeout(CONNECTS_WITHIN, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            return Err(format!("nothing listens on it in replica {id}"));
        }
        Ok(Err(error)) => return Err(format!("replica {id} cannot be reached: {error}")),
        Err(_) => return Err(format!("replica {id} does not answer on it")),
    };
    // What a protocol says in small pieces is waited for.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// What the caller has said to the replica.
enum Said {
    Bytes(Bytes),
    End,
}

async fn carry(stream: TcpStream, reader: Reader, writer: &Writer) -> Over {
    let (from, to) = stream.into_split();
    let (says, said) = mpsc::unbounded_channel();
    // What may be sent to the caller, and what the caller may have sent.
    let (window, room) = (Semaphore::new(WINDOW), Semaphore::new(WINDOW));
    // The parts of two messages must not mix.
    let writer = Mutex::new(writer);
    let both = async { tokio::try_join!(read(from, &window, &writer), write(to, said, &room, &writer)) };
    tokio::select! {
        over = hear(reader, says, &window, &room) => over,
        both = both => both.map_or_else(|over| over, |_| Over::Ended),
    }
}

/// Takes what the caller says, to its end.
async fn hear(
    mut reader: Reader,
    says: mpsc::UnboundedSender<Said>,
    window: &Semaphore,
    room: &Semaphore,
) -> Over {
    let mut messages = Incoming::default();
    loop {
        match messages.next(&mut reader).await {
            Ok(Some(Message::Binary(bytes))) => {
                if !takes_up(room, bytes.len()) {
                    return Over::Broke("more was sent than may be on the way".to_owned());
                }
                // Nobody takes more of one who has said that nothing follows.
                let _ = says.send(Said::Bytes(bytes));
            }
            Ok(Some(Message::Text(text))) if text == END => drop(says.send(Said::End)),
            Ok(Some(Message::Text(text))) => window.add_permits(taken(&text).unwrap_or(0)),
            Ok(Some(Message::Close(_)) | None) => return Over::Left,
            Err(error) => return Over::Broke(error.to_string()),
        }
    }
}

/// From the caller to the replica.
async fn write(
    mut to: OwnedWriteHalf,
    mut said: mpsc::UnboundedReceiver<Said>,
    room: &Semaphore,
    writer: &Mutex<&Writer>,
) -> Result<(), Over> {
    while let Some(Said::Bytes(bytes)) = said.recv().await {
        to.write_all(&bytes).await.map_err(broke)?;
        room.add_permits(bytes.len());
        if !say(writer, Message::Text(took(bytes.len()))).await {
            return Err(Over::Left);
        }
    }
    to.shutdown().await.map_err(broke)
}

/// From the replica to the caller.
async fn read(mut from: OwnedReadHalf, window: &Semaphore, writer: &Mutex<&Writer>) -> Result<(), Over> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(CHUNK);
        if (&mut from).take(CHUNK as u64).read_buf(&mut buffer).await.map_err(broke)? == 0 {
            say(writer, Message::Text(END.to_owned())).await;
            return Ok(());
        }
        let bytes = buffer.split().freeze();
        // It is never closed.
        let permits = window.acquire_many(bytes.len() as u32).await.map_err(|_| Over::Left)?;
        permits.forget();
        if !say(writer, Message::Binary(bytes)).await {
            return Err(Over::Left);
        }
    }
}

fn broke(error: io::Error) -> Over {
    Over::Broke(format!("the application broke the connection off: {error}"))
}
