//! One connection: `patr_models::deployment::connect` has its messages.
//!
//! ```text
//!  client ──bytes──▶ binary messages ──▶ replica       an end of bytes ──▶ END, and the other direction goes on
//!         ◀──bytes── binary messages ◀──
//! ```

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use patr_models::{
    deployment::connect::END,
    wire::{PING_EVERY_S, SILENCE_S},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, interval_at, timeout},
};
use tokio_tungstenite::tungstenite::{Error, Message};

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;
/// A connection on which nothing is said is dropped on the way.
const PING_EVERY: Duration = Duration::from_secs(PING_EVERY_S);
/// Pings are answered: after so long without a word there is nobody.
const SILENCE: Duration = Duration::from_secs(SILENCE_S);

/// Carries bytes both ways until both directions have ended; or says what broke.
pub(super) async fn carry<S>(client: impl AsyncRead + AsyncWrite, socket: S) -> Result<(), String>
where
    S: Sink<Message, Error = Error> + Stream<Item = Result<Message, Error>>,
{
    let (reader, writer) = tokio::io::split(client);
    let (sink, stream) = socket.split();
    let (reader, writer) = (Box::pin(reader), Box::pin(writer));
    let (sink, stream) = (Box::pin(sink), Box::pin(stream));
    // The replica's side says when all is over: a client that has said everything still listens.
    tokio::select! {
        ended = down(stream, writer) => ended,
        problem = up(reader, sink) => Err(problem),
    }
}

/// Sends what the client says, then pings for as long as it is polled. Comes back only with what broke.
async fn up(
    mut client: impl AsyncRead + Unpin,
    mut sink: impl Sink<Message, Error = Error> + Unpin,
) -> String {
    let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    let mut buffer = BytesMut::new();
    let mut open = true;
    loop {
        buffer.reserve(CHUNK);
        let message = tokio::select! {
            read = client.read_buf(&mut buffer), if open => match read {
                Ok(0) => {
                    open = false;
                    Message::text(END)
                }
                Ok(_) => Message::Binary(buffer.split().freeze()),
                Err(error) => return format!("the client: {error}"),
            },
            _ = ping.tick() => Message::Ping(Bytes::new()),
        };
        if let Err(error) = sink.send(message).await {
            // How it ended is for the other direction to say, if it can.
            if matches!(error, Error::ConnectionClosed | Error::AlreadyClosed) {
                return std::future::pending().await;
            }
            return error.to_string();
        }
    }
}

/// Gives the client what the replica says, until that ends.
async fn down(
    mut stream: impl Stream<Item = Result<Message, Error>> + Unpin,
    mut client: impl AsyncWrite + Unpin,
) -> Result<(), String> {
    let said = |error: std::io::Error| format!("the client: {error}");
    loop {
        let message = timeout(SILENCE, stream.next()).await.map_err(|_| "nobody answers".to_owned())?;
        match message {
            Some(Ok(Message::Binary(bytes))) => client.write_all(&bytes).await.map_err(said)?,
            Some(Ok(Message::Text(text))) if text.as_str() == END => client.shutdown().await.map_err(said)?,
            // Normal closure (RFC 6455, 7.4.1): both directions have ended.
            Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1000 => return Ok(()),
            Some(Ok(Message::Close(Some(frame)))) => return Err(frame.reason.to_string()),
            Some(Ok(Message::Close(None))) => return Ok(()),
            Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("it was closed".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

    use super::*;

    type Replica = WebSocketStream<tokio::io::DuplexStream>;

    /// A connection that is carried, the client's end of it, and the replica's.
    async fn carried() -> (tokio::task::JoinHandle<Result<(), String>>, tokio::io::DuplexStream, Replica) {
        let (client, ours) = duplex(1024);
        let (near, far) = duplex(4096);
        let socket = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
        let replica = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
        (tokio::spawn(carry(ours, socket)), client, replica)
    }

    async fn heard(replica: &mut Replica) -> Message {
        replica.next().await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_client_that_has_said_everything_still_gets_its_answer() {
        let (carrying, mut client, mut replica) = carried().await;
        client.write_all(b"question").await.unwrap();
        assert_eq!(heard(&mut replica).await, Message::Binary("question".into()));
        client.shutdown().await.unwrap();
        assert_eq!(heard(&mut replica).await, Message::text(END));
        replica.send(Message::Binary("answer".into())).await.unwrap();
        replica.send(Message::text(END)).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"answer");
        replica.close(None).await.unwrap();
        assert_eq!(carrying.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn a_connection_that_breaks_says_why() {
        let (carrying, client, replica) = carried().await;
        drop(replica);
        assert!(carrying.await.unwrap().is_err());
        drop(client);
    }
}
