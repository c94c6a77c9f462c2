//! One connection: `patr_models::deployment::connect` has its messages.
//!
//! ```text
//!  client ──bytes──▶ binary messages ──▶ replica       an end of bytes ──▶ END, and the other direction goes on
//!         ◀──bytes── binary messages ◀──
//! ```

use bytes::{Bytes, BytesMut};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use patr_models::deployment::connect::{END, WINDOW, taken, took};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{Semaphore, mpsc},
    time::{Instant, interval_at, timeout},
};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{PING_EVERY, SILENCE};

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// Carries bytes both ways until both directions have ended; or says what broke.
pub(super) async fn carry<S>(client: impl AsyncRead + AsyncWrite, socket: S) -> Result<(), String>
where
    S: Sink<Message, Error = Error> + Stream<Item = Result<Message, Error>>,
{
    let (reader, writer) = tokio::io::split(client);
    let (sink, stream) = socket.split();
    let (reader, writer) = (Box::pin(reader), Box::pin(writer));
    let (sink, stream) = (Box::pin(sink), Box::pin(stream));
    let (says, said) = mpsc::channel(1);
    let (gives, given) = mpsc::unbounded_channel();
    let window = Semaphore::new(WINDOW);
    // Hearing never waits for the client: what the replica says it took lets the client go on, and a client may read
    // nothing before it has written.
    let down = async { tokio::try_join!(hear(stream, gives, &window), write(given, writer, says.clone())) };
    // The replica's side says when all is over: a client that has said everything still listens.
    tokio::select! {
        ended = down => ended.map(drop),
        problem = read(reader, &window, says.clone()) => Err(problem),
        problem = send(said, sink) => Err(problem),
    }
}

/// Takes what the client says, as fast as the replica takes it. Comes back only with what broke.
async fn read(mut client: impl AsyncRead + Unpin, window: &Semaphore, says: mpsc::Sender<Message>) -> String {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(CHUNK);
        match (&mut client).take(CHUNK as u64).read_buf(&mut buffer).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => return format!("the client: {error}"),
        }
        let bytes = buffer.split().freeze();
        // Neither the window nor the channel is ever closed.
        if let Ok(permits) = window.acquire_many(bytes.len() as u32).await {
            permits.forget();
        }
        let _ = says.send(Message::Binary(bytes)).await;
    }
    let _ = says.send(Message::text(END)).await;
    std::future::pending().await
}

/// Sends what is said, and pings in between. Comes back only with what broke.
async fn send(
    mut said: mpsc::Receiver<Message>,
    mut sink: impl Sink<Message, Error = Error> + Unpin,
) -> String {
    let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    loop {
        let message = tokio::select! {
            Some(message) = said.recv() => message,
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

/// Takes what the replica says, until that ends.
async fn hear(
    mut stream: impl Stream<Item = Result<Message, Error>> + Unpin,
    gives: mpsc::UnboundedSender<Message>,
    window: &Semaphore,
) -> Result<(), String> {
    loop {
        let message = timeout(SILENCE, stream.next()).await.map_err(|_| "nobody answers".to_owned())?;
        match message {
            Some(Ok(Message::Text(text))) if text.as_str() != END => {
                window.add_permits(taken(&text).unwrap_or(0));
            }
            Some(Ok(message @ (Message::Binary(_) | Message::Text(_)))) => drop(gives.send(message)),
            // Normal closure (RFC 6455, 7.4.1): both directions have ended.
            Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1000 => return Ok(()),
            Some(Ok(Message::Close(Some(frame)))) => return Err(frame.reason.to_string()),
            Some(Ok(Message::Close(None))) => return Ok(()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("it was closed".to_owned()),
        }
    }
}

/// Gives the client what the replica has said, and says how much it took.
async fn write(
    mut given: mpsc::UnboundedReceiver<Message>,
    mut client: impl AsyncWrite + Unpin,
    says: mpsc::Sender<Message>,
) -> Result<(), String> {
    let said = |error: std::io::Error| format!("the client: {error}");
    while let Some(message) = given.recv().await {
        let Message::Binary(bytes) = message else {
            client.shutdown().await.map_err(said)?;
            continue;
        };
        client.write_all(&bytes).await.map_err(said)?;
        let _ = says.send(Message::text(took(bytes.len()))).await;
    }
    Ok(())
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

    /// Takes bytes until there are more than that many; how many there are then.
    async fn takes(replica: &mut Replica, more_than: usize) -> usize {
        let mut got = 0;
        while got <= more_than {
            if let Message::Binary(bytes) = heard(replica).await {
                got += bytes.len();
            }
        }
        got
    }

    #[tokio::test]
    async fn a_client_is_held_up_until_the_replica_has_taken_what_it_said() {
        let (_carrying, mut client, mut replica) = carried().await;
        let writing =
            tokio::spawn(async move { client.write_all(&vec![7; 2 * WINDOW]).await.map(|()| client) });
        // What is read at once may not fit what is left of the window.
        let got = takes(&mut replica, WINDOW - 1024).await;
        assert!(got <= WINDOW && !writing.is_finished());
        replica.send(Message::text(took(got))).await.unwrap();
        takes(&mut replica, 2 * WINDOW - got - 1).await;
        writing.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_breaks_says_why() {
        let (carrying, client, replica) = carried().await;
        drop(replica);
        assert!(carrying.await.unwrap().is_err());
        drop(client);
    }
}
