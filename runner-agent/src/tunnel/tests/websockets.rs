//! WebSockets to replicas.

use tokio::net::TcpStream;
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        handshake::server::{ErrorResponse, Request, Response},
        protocol::CloseFrame,
    },
};

use super::*;

#[expect(clippy::result_large_err, reason = "it is tungstenite's callback")]
fn chooses_protocol(_: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    response.headers_mut().insert("sec-websocket-protocol", "chat".parse().unwrap());
    Ok(response)
}

/// A replica that sends every message back, and closes with 4321 when it is asked to.
async fn echoing() -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    address
}

async fn echo(stream: TcpStream) {
    let mut socket = accept_hdr_async(stream, chooses_protocol).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        if message == Message::text("close") {
            let frame = CloseFrame { code: 4321.into(), reason: "as asked".into() };
            socket.close(Some(frame)).await.unwrap();
        } else if message.is_text() || message.is_binary() {
            socket.send(message).await.unwrap();
        }
    }
}

const UPGRADE: [(&str, &str); 3] = [
    ("upgrade", "websocket"),
    ("sec-websocket-protocol", "chat, other"),
    ("sec-websocket-extensions", "permessage-deflate"),
];

#[tokio::test]
async fn messages_of_a_websocket_pass_both_ways_and_it_counts_as_in_flight() {
    let mut edge = Edge::new();
    edge.replica("a", echoing().await);
    let stream = edge.asks("GET", &UPGRADE, None);
    let messages = [Crossing::Text("ä".to_owned()), Crossing::Binary(vec![7; 200_000].into())];
    let answer = edge.hears(stream, |answer| answer.split().is_some()).await;
    let head = answer.split().unwrap().0;
    assert_eq!(head.status, 101);
    assert!(head.headers.contains(&("sec-websocket-protocol".to_owned(), "chat".to_owned())));
    assert!(!head.headers.iter().any(|(name, _)| name == "sec-websocket-accept"));
    // As much as there is credit for; the rest when there is more.
    for part in messages.iter().map(Crossing::encode).collect::<Vec<_>>().concat().chunks(50_000) {
        while edge.mux.sendable(stream) < part.len() {
            let before = edge.answers[&stream].bytes.len();
            edge.hears(stream, |answer| answer.bytes.len() > before).await;
        }
        edge.mux.send(stream, part.to_vec().into(), false).unwrap();
        if let Some(frame) = edge.mux.next_frame() {
            edge.outbox.lane().input(frame, &edge.target).unwrap();
        }
        tokio::task::yield_now().await;
        while let Some(Message::Binary(frame)) = edge.outbox.next() {
            edge.mux.input(frame).unwrap();
            edge.take();
        }
    }
    let answer = edge.hears(stream, |answer| answer.messages().len() == 2).await;
    assert_eq!(answer.messages(), messages);
    assert_eq!(edge.backends.want(id()).requests, 1);
}

#[tokio::test]
async fn how_a_replica_closes_is_told_to_the_client() {
    let mut edge = Edge::new();
    edge.replica("a", echoing().await);
    let stream = edge.asks("GET", &UPGRADE, None);
    edge.says(stream, &Crossing::Text("close".to_owned()));
    let answer = edge.ends(stream).await;
    assert_eq!(answer.messages(), [Crossing::Close(Some((4321, "as asked".to_owned())))]);
}

#[tokio::test]
async fn how_a_client_closes_is_told_to_the_replica_whose_answer_comes_back() {
    let mut edge = Edge::new();
    edge.replica("a", echoing().await);
    let stream = edge.asks("GET", &UPGRADE, None);
    let close = Crossing::Close(Some((4000, "bye".to_owned())));
    edge.says(stream, &close);
    assert_eq!(edge.ends(stream).await.messages(), [close]);
}

#[tokio::test]
async fn a_replica_whose_time_is_up_closes_its_websockets_as_going_away() {
    let mut edge = Edge::new();
    edge.replica("a", echoing().await);
    let stream = edge.asks("GET", &UPGRADE, None);
    edge.hears(stream, |answer| answer.split().is_some()).await;
    let load = edge.backends.remove(id(), "a").unwrap();
    assert_eq!(load.count(), 1);
    load.cut();
    let answer = edge.ends(stream).await;
    assert_eq!(answer.messages(), [Crossing::Close(Some((1001, String::new())))]);
    time::timeout(PATIENCE, load.ended()).await.expect("it is not in flight any more");
}

#[tokio::test]
async fn an_upgrade_that_is_refused_is_answered_as_it_is() {
    let mut edge = Edge::new();
    edge.replica("a", answering("no sockets here").await);
    let stream = edge.asks("GET", &UPGRADE, None);
    let answer = edge.ends(stream).await;
    let (head, body) = answer.split().unwrap();
    assert_eq!((head.status, body), (200, &b"no sockets here"[..]));
}
