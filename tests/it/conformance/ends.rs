//! Bodies that take their time, and exchanges that end before their end.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use patr_stories::{
    debian_image, eventually,
    exchange::{self, Ask, Body, CollectAll, Connection, say, whole},
};
use sha2::{Digest, Sha256};

use super::{NODE, Place, cases::raw};
use crate::software::Desk;

const BIG: usize = 100_000_000;

impl Place {
    fn request(&self, method: &str, target: &str, body: Body) -> Request<Body> {
        Request::builder().method(method).uri(target).header("host", &self.host).body(body).unwrap()
    }

    /// Begins to ask, over a connection through Patr that ends when it is dropped.
    async fn begin(&self, target: &str) -> (Connection, http::Response<Incoming>) {
        let mut connection = Connection::open(self.edge).await;
        let asked = connection.send(self.request("GET", target, whole(Bytes::new()))).await;
        (connection, asked.unwrap())
    }

    /// Waits until the application says what became of a request.
    async fn sees(&self, name: &str, fate: &str) {
        eventually(&format!("`{fate}` of `{name}`"), async || {
            let seen = self.text(&format!("/fate/{name}")).await;
            if seen == fate { Ok(()) } else { Err(seen) }
        })
        .await;
    }
}

async fn piece(body: &mut Incoming) -> Bytes {
    body.frame().await.unwrap().unwrap().into_data().unwrap()
}

#[tokio::test]
async fn bodies_pass_as_they_come_and_whoever_breaks_off_is_heard_at_the_other_end() {
    let Some(image) = debian_image() else { return };
    let mut desk = Desk::new().await;
    let node = Place::of(&mut desk, &image, "node", "server.mjs", NODE).await;
    answers_that_break_off_are_broken(&node).await;
    events_and_polls_are_not_held_back(&node).await;
    clients_that_leave_end_the_work(&node).await;
    uploads_stream_and_break_off(&node).await;
    big_bodies_are_whole(&node).await;
    a_slow_reader_holds_up_itself(&node).await;
    odd_clients_are_answered(&node).await;
}

async fn events_and_polls_are_not_held_back(node: &Place) {
    let (_connection, answer) = node.begin("/hold/events").await;
    let mut body = answer.into_body();
    // Each is read before the next one is written.
    assert_eq!(&piece(&mut body).await[..], b"data: first\n\n");
    assert_eq!(node.text("/release/events").await, "true");
    assert_eq!(&piece(&mut body).await[..], b"data: next\n\n");
    assert_eq!(node.text("/release/events/last").await, "true");
    assert_eq!(&body.collect().await.unwrap().to_bytes()[..], b"data: next\n\n");
    node.sees("events", "whole").await;

    let polling = async { node.text("/poll/poll").await };
    let releasing = async {
        node.sees("poll", "begun").await;
        node.text("/release/poll/last").await
    };
    assert_eq!(tokio::join!(polling, releasing).0, "data: next\n\n");
}

/// workerd looks whether its client is there when it has something to write; so does this.
async fn clients_that_leave_end_the_work(node: &Place) {
    let (connection, answer) = node.begin("/hold/reader").await;
    node.sees("reader", "begun").await;
    drop((connection, answer));
    eventually("the end of an answer that nobody reads", async || {
        node.text("/release/reader").await;
        let seen = node.text("/fate/reader").await;
        if seen == "closed" { Ok(()) } else { Err(seen) }
    })
    .await;

    // Much is on its way to somebody who is gone: that is found out without a word of the application.
    for framing in ["sized", "chunked"] {
        let (connection, answer) = node.begin(&format!("/big/{BIG}/{framing}/gone-{framing}")).await;
        let mut body = answer.into_body();
        piece(&mut body).await;
        drop((connection, body));
        node.sees(&format!("gone-{framing}"), "closed").await;
    }
}

async fn uploads_stream_and_break_off(node: &Place) {
    let (sender, body) = exchange::channel();
    let mut connection = Connection::open(node.edge).await;
    let sending = connection.send(node.request("POST", "/swallow/slow", body));
    let writing = async {
        sender.send(Ok(Bytes::from_static(b"a little"))).unwrap();
        // It arrives while there is more to come.
        node.sees("slow", "begun").await;
        sender.send(Ok(Bytes::from_static(b" and the rest"))).unwrap();
        drop(sender);
    };
    let answer = tokio::join!(sending, writing).0.unwrap().collect_all().await.unwrap();
    assert_eq!(&answer.body[..], b"21");

    for (name, framing) in [("sized", "Content-Length: 1000000"), ("chunks", "Transfer-Encoding: chunked")] {
        let head = format!("POST /swallow/{name} HTTP/1.1\r\nHost: {}\r\n{framing}\r\n\r\n", node.host);
        let mut stream = tokio::net::TcpStream::connect(node.edge).await.unwrap();
        let beginning = [head.as_bytes(), b"5\r\nhello\r\n"].concat();
        tokio::io::AsyncWriteExt::write_all(&mut stream, &beginning).await.unwrap();
        node.sees(name, "begun").await;
        drop(stream);
        node.sees(name, "aborted").await;
    }

    let body = Bytes::from(vec![1; 20_000_000]);
    let refused = Ask { body: Some(body), ..Ask::with("PUT", "/refuse", b"") };
    let answer = refused.by_curl(node.edge, &node.host).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (413, &b"no, thank you"[..]));
}

async fn answers_that_break_off_are_broken(node: &Place) {
    // Without a length, what has come by then is all that the platform lets its client know: see docs/data-plane.md.
    for route in ["raw", "die"] {
        let ask = raw(route, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
        let answers = [ask.by_hyper(node.edge, &node.host).await, ask.by_curl(node.edge, &node.host).await];
        for broken in answers {
            let honest = broken.as_ref().map_or(true, |answer| answer.status == 502);
            assert!(honest, "{route}: {broken:?}");
        }
    }
    let no_answers = [
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "220 smtp.example ESMTP\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.1 99 Too Few\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 600 Too Many\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n",
    ];
    for bytes in no_answers {
        let answer = raw("raw", bytes).by_hyper(node.edge, &node.host).await.unwrap();
        assert_eq!(answer.status, 502, "{bytes:?}");
        assert_eq!(answer.values("patr-trouble").len(), 1, "{bytes:?}");
    }
}

async fn big_bodies_are_whole(node: &Place) {
    let content: Bytes = (0..BIG).map(|at| (at % 251_000 % 251) as u8).collect::<Vec<u8>>().into();
    let hash: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    for target in [format!("/big/{BIG}"), format!("/big/{BIG}/sized")] {
        let answer = Ask::get(target).by_hyper(node.edge, &node.host).await.unwrap();
        assert!(answer.body == content, "{} bytes came", answer.body.len());
    }
    for chunked in [false, true] {
        let up = Ask { body: Some(content.clone()), chunked, ..Ask::with("POST", "/echo", b"") };
        let answer = up.by_hyper(node.edge, &node.host).await.unwrap();
        let seen = super::seen(&answer).unwrap();
        assert_eq!((seen.length as usize, seen.sha256), (BIG, hash.clone()));
    }
}

async fn a_slow_reader_holds_up_itself(node: &Place) {
    let (_connection, answer) = node.begin(&format!("/big/{BIG}/sized/slow")).await;
    let mut body = answer.into_body();
    piece(&mut body).await;
    // Nobody reads on: the application is stopped once what lies between is full, and others are answered.
    let mut before = String::new();
    let written: usize = eventually("an end of what the application can write", async || {
        patr_stories::pass(Duration::from_millis(200)).await;
        let now = node.text("/fate/slow").await;
        if now == before { Ok(now.parse().unwrap()) } else { Err(std::mem::replace(&mut before, now)) }
    })
    .await;
    assert!(written < BIG / 2, "{written} bytes were taken of {BIG}, and nobody read them");
    let rest = body.collect().await.unwrap().to_bytes();
    assert!(rest.len() > BIG / 2);
    node.sees("slow", &BIG.to_string()).await;
}

async fn odd_clients_are_answered(node: &Place) {
    let host = &node.host;
    let old = format!("GET /answer/chunked HTTP/1.0\r\nHost: {host}\r\n\r\n");
    let answer = say(node.edge, old.as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.") && answer.ends_with(b"one,two"), "{}", answer.escape_ascii());

    let two = format!(
        "GET /status/299 HTTP/1.1\r\nHost: {host}\r\n\r\nGET /answer/sized HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    );
    let answers = String::from_utf8(say(node.edge, two.as_bytes()).await).unwrap();
    assert!(answers.starts_with("HTTP/1.1 299") && answers.ends_with("sized"), "{answers}");

    // The platform's own word: no Worker hears of it.
    let unknown = Ask { method: "FROBNICATE", ..Ask::get("/echo") };
    assert_eq!(unknown.by_hyper(node.edge, host).await.unwrap().status, 501);
}
