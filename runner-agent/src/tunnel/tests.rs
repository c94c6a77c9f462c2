//! Streams from the edge's end of a lane to replicas on loopback and back.

mod connections;
mod others;
mod requests;
mod websockets;

use std::{collections::HashMap, net::SocketAddr};

use patr_models::{
    ids::{DeploymentId, Id, RunnerId},
    time::Millis,
    wire::{ResponseHead, Snapshot},
};
use patr_tunnel::{Decoder, Message as Crossing};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::{
    backends::Backends,
    handover::Handover,
    runtime::{Address, Health, Replica, ReplicaState, fake::Fake},
    store::Known,
    vault::Vault,
};

/// How long anything may take on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn id() -> DeploymentId {
    DeploymentId::from_parts(Millis(0), 1)
}

/// What came back on a stream.
#[derive(Default)]
struct Answer {
    bytes: Vec<u8>,
    ended: bool,
    reset: Option<Code>,
    /// In how many frames it came.
    frames: usize,
}

impl Answer {
    fn split(&self) -> Option<(ResponseHead, &[u8])> {
        let (length, rest) = self.bytes.split_first_chunk::<4>()?;
        let (head, body) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        Some((serde_json::from_slice(head).unwrap(), body))
    }

    fn messages(&self) -> Vec<Crossing> {
        let mut decoder = Decoder::default();
        decoder.push(self.split().map(|(_, body)| body).unwrap_or_default());
        std::iter::from_fn(|| decoder.pull().unwrap()).collect()
    }
}

/// The edge's end of a lane, and the agent's with all that it leads to.
struct Edge {
    mux: Mux,
    outbox: Outbox,
    target: Target<Fake>,
    backends: Backends,
    handover: Handover,
    fake: Fake,
    vault: Vault,
    answers: HashMap<StreamId, Answer>,
}

impl Edge {
    fn new() -> Self {
        let (backends, handover) = (Backends::default(), Handover::default());
        let runner = RunnerId::from_parts(Millis(0), 1);
        let (_, desired) = watch::channel(Some(Arc::new(Known { runner, snapshot: Snapshot::default() })));
        let (fake, vault) = (Fake::new(), Vault::new([7; 32]));
        let target = Target::new((backends.clone(), fake.clone()), desired, vault.clone(), handover.clone());
        let mux = Mux::new(Side::Edge);
        let answers = HashMap::new();
        Self { mux, outbox: Outbox::default(), target, backends, handover, fake, vault, answers }
    }

    /// A container that runs, whatever is in it.
    fn runs(&self, name: &str) {
        self.runs_at(name, Address::Published([].into()));
    }

    fn runs_at(&self, name: &str, address: Address) {
        let replica = Replica {
            id: name.to_owned(),
            deployment: id(),
            generation: 1,
            release: 1,
            hash: String::new(),
            digest: None,
            probe: None,
            http_port: None,
            proven: true,
            health: Health::Unasked,
            state: ReplicaState::Running(address),
        };
        self.fake.foreign(&RunnerId::from_parts(Millis(0), 1).to_string(), replica);
    }

    fn opens(&mut self, request: &OpenRequest, fin: bool) -> StreamId {
        self.mux.open(serde_json::to_vec(request).unwrap().into(), fin).unwrap()
    }

    /// A replica whose port 80 is there.
    fn replica(&self, name: &str, at: SocketAddr) {
        self.backends.add(id(), name, Address::Published([(80, at.port())].into()));
    }

    fn asks(&mut self, method: &str, headers: &[(&str, &str)], body: Option<&'static str>) -> StreamId {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let request = OpenRequest::Http {
            deployment: id(),
            port: 80,
            method: method.to_owned(),
            target: "/".to_owned(),
            headers: [("host", "web")].iter().chain(headers).map(own).collect(),
        };
        let upgrades = !headers.is_empty();
        let stream = self.opens(&request, body.is_none() && !upgrades);
        if let Some(body) = body {
            self.mux.send(stream, body.into(), true).unwrap();
        }
        stream
    }

    fn says(&mut self, stream: StreamId, message: &Crossing) {
        self.mux.send(stream, message.encode(), false).unwrap();
    }

    /// Passes frames both ways until an answer is as it should be.
    async fn hears(&mut self, stream: StreamId, wanted: impl Fn(&Answer) -> bool) -> &Answer {
        let passing = async {
            loop {
                self.gives();
                if self.answers.get(&stream).is_some_and(&wanted) {
                    return;
                }
                self.passes().await;
            }
        };
        time::timeout(PATIENCE, passing).await.expect("the answer comes");
        &self.answers[&stream]
    }

    fn gives(&mut self) {
        while let Some(frame) = self.mux.next_frame() {
            self.outbox.lane().input(frame, &self.target).unwrap();
        }
    }

    /// Passes what there is one way, and what comes of it the other.
    async fn passes(&mut self) {
        self.gives();
        self.outbox.ready.notified().await;
        self.outbox.gather().await;
        while let Some(Message::Binary(frame)) = self.outbox.next() {
            self.mux.input(frame).unwrap();
            self.take();
        }
    }

    fn take(&mut self) {
        while let Some(event) = self.mux.poll_event() {
            match event {
                Event::Data { id, bytes, fin } => {
                    self.mux.consumed(id, bytes.len());
                    let answer = self.answers.entry(id).or_default();
                    answer.bytes.extend_from_slice(&bytes);
                    answer.ended = fin;
                    answer.frames += 1;
                }
                Event::Reset { id, code } => self.answers.entry(id).or_default().reset = Some(code),
                Event::Opened { .. } | Event::Writable { .. } => {}
            }
        }
    }

    async fn ends(&mut self, stream: StreamId) -> &Answer {
        self.hears(stream, |answer| answer.ended || answer.reset.is_some()).await
    }
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A replica that answers every request with its name.
async fn answering(name: &'static str) -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{name}", name.len());
                while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    address
}

/// A replica that breaks off whatever it is asked, and counts how often that was.
async fn breaking() -> (SocketAddr, Arc<std::sync::atomic::AtomicUsize>) {
    let (listener, address) = listener().await;
    let asked: Arc<std::sync::atomic::AtomicUsize> = Arc::default();
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    (address, asked)
}

/// Where nothing listens.
async fn closed() -> SocketAddr {
    listener().await.1
}

#[tokio::test]
async fn a_small_answer_comes_as_one_frame() {
    let mut edge = Edge::new();
    edge.replica("a", answering("hello").await);
    let stream = edge.asks("GET", &[], None);
    let answer = edge.ends(stream).await;
    let (head, body) = answer.split().unwrap();
    assert_eq!((head.status, body, answer.frames), (200, &b"hello"[..], 1));
}

#[tokio::test]
async fn what_may_be_asked_twice_is_asked_of_another_replica_when_one_refuses_or_breaks_off() {
    let (broken, asked) = breaking().await;
    for bad in [closed().await, broken] {
        let mut edge = Edge::new();
        edge.replica("bad", bad);
        let stream = edge.asks("GET", &[], None);
        edge.replica("good", answering("good").await);
        let answer = edge.ends(stream).await;
        assert_eq!(answer.split().unwrap().1, b"good");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_may_not_be_asked_twice_is_asked_once() {
    let (broken, asked) = breaking().await;
    let mut edge = Edge::new();
    edge.replica("bad", broken);
    let stream = edge.asks("POST", &[], Some("one order"));
    edge.replica("good", answering("good").await);
    let answer = edge.ends(stream).await;
    assert_eq!(answer.reset, Some(Code::Unreachable));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn nobody_is_there() {
    let mut edge = Edge::new();
    edge.backends.expect(HashMap::new());
    let stream = edge.asks("GET", &[], None);
    assert_eq!(edge.ends(stream).await.reset, Some(Code::NoTarget));
}

#[tokio::test]
async fn an_agent_that_ends_leaves_to_the_next_one_what_the_edge_asks_again_and_finishes_the_rest() {
    let mut edge = Edge::new();
    edge.replica("a", answering("hello").await);
    edge.handover.close().await;
    let left = edge.asks("GET", &[], None);
    for finished in [edge.asks("POST", &[], Some("one order")), edge.asks("DELETE", &[], None)] {
        assert_eq!(edge.ends(finished).await.reset, None);
    }
    assert!(!edge.answers.contains_key(&left));
}
