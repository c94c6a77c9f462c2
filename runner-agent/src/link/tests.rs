//! The link, over real sockets, against an edge that a test scripts.

use std::net::Ipv4Addr;

use patr_models::{
    ids::{Id, RunnerId},
    wire::{FromAgent, PROTOCOL, Snapshot, ToAgent, close},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::*;

/// How long anything may take on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// An edge that does as it is told, and an agent's link to it.
struct Story {
    listener: TcpListener,
    desired: watch::Receiver<Option<Arc<Known>>>,
    report: watch::Sender<Option<Report>>,
    link: JoinHandle<Stopped>,
    _state: tempfile::TempDir,
}

impl Story {
    async fn new() -> Self {
        Self::with(Timing::default()).await
    }

    async fn with(timing: Timing) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let state = tempfile::tempdir().unwrap();
        let config = Config {
            base: format!("ws://{}", listener.local_addr().unwrap()),
            token: crate::config::Token::of("patr_r_test"),
            state_dir: state.path().into(),
        };
        let store = Arc::new(Store::open(state.path()).unwrap());
        let (desired_tx, desired) = watch::channel(None);
        let (report, report_rx) = watch::channel(None);
        let lanes = watch::Sender::new(0);
        let host = "a machine".to_owned();
        let key = crate::vault::Vault::new([7; 32]).public();
        let (_, samples) = mpsc::channel(1);
        let session =
            Session { config, store, host, key, desired: desired_tx, report: report_rx, samples, lanes };
        let link = tokio::spawn(keep(session, timing));
        Self { listener, desired, report, link, _state: state }
    }

    /// The next connection, before it is a WebSocket.
    async fn connection(&self) -> TcpStream {
        time::timeout(PATIENCE, self.listener.accept()).await.expect("the agent connects").unwrap().0
    }

    /// The next connection answers a status instead of an upgrade.
    async fn answers(&self, status: &str) {
        let mut stream = self.connection().await;
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    /// The next connection, after its hello.
    async fn greeted(&self) -> Edge {
        let mut edge = Edge(accept_async(self.connection().await).await.unwrap());
        assert!(matches!(edge.hears().await, FromAgent::Hello { .. }));
        edge
    }

    /// The next connection, welcomed.
    async fn welcomed(&self) -> Edge {
        let mut edge = self.greeted().await;
        let runner = RunnerId::from_parts(Millis(0), 0);
        edge.says(&ToAgent::Welcome {
            runner,
            protocol: PROTOCOL,
            epoch: 1,
            now: Millis(0),
            lanes: 0,
            metrics: true,
        })
        .await;
        edge
    }

    async fn knows(&mut self, revision: u64) {
        let known =
            self.desired.wait_for(|known| known.as_ref().is_some_and(|k| k.snapshot.revision == revision));
        time::timeout(PATIENCE, known).await.expect("the snapshot is taken").unwrap();
    }

    async fn stops(self) -> Stopped {
        time::timeout(PATIENCE, self.link).await.expect("the link ends").unwrap()
    }
}

/// The edge's end of a connection.
struct Edge(WebSocketStream<TcpStream>);

impl Edge {
    async fn says(&mut self, message: &ToAgent) {
        self.0.send(Message::text(serde_json::to_string(message).unwrap())).await.unwrap();
    }

    async fn desires(&mut self, revision: u64) {
        self.says(&ToAgent::Desired { snapshot: Snapshot { revision, ..Snapshot::default() } }).await;
    }

    /// The next message that is no heartbeat.
    async fn hears(&mut self) -> FromAgent {
        loop {
            let message = time::timeout(PATIENCE, self.0.next()).await.expect("the agent says something");
            match message.unwrap().unwrap() {
                Message::Text(text) if text == patr_models::wire::PING => {}
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn hears_report(&mut self, revision: u64) -> u64 {
        match self.hears().await {
            FromAgent::Report { seq, report } => {
                assert_eq!(report.revision, revision);
                seq
            }
            other @ (FromAgent::Hello { .. } | FromAgent::Metrics { .. }) => panic!("{other:?}"),
        }
    }

    async fn closes(mut self, code: u16) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: "as scripted".into() };
        self.0.close(Some(frame)).await.unwrap();
    }
}

fn report(revision: u64) -> Option<Report> {
    Some(Report { revision, ..Report::default() })
}

#[tokio::test]
async fn a_socket_that_drops_before_the_hello_is_followed_by_another() {
    let mut story = Story::new().await;
    drop(story.connection().await);
    drop(accept_async(story.connection().await).await.unwrap());
    story.welcomed().await.desires(1).await;
    story.knows(1).await;
}

#[tokio::test]
async fn a_report_whose_answer_was_lost_is_sent_again_on_the_next_connection() {
    let story = Story::new().await;
    story.report.send_replace(report(7));
    let mut first = story.welcomed().await;
    first.hears_report(7).await;
    drop(first);
    let mut second = story.welcomed().await;
    let seq = second.hears_report(7).await;
    second.says(&ToAgent::Stored { through: seq }).await;
    story.report.send_replace(report(8));
    assert_eq!(second.hears_report(8).await, seq + 1);
}

#[tokio::test]
async fn a_link_that_is_half_open_is_given_up() {
    let timing = Timing { silence: Duration::from_millis(200), ..Timing::default() };
    let mut story = Story::with(timing).await;
    // It stays open, and says nothing any more.
    let silent = story.welcomed().await;
    story.welcomed().await.desires(1).await;
    story.knows(1).await;
    drop(silent);
}

#[tokio::test]
async fn an_edge_that_only_answers_heartbeats_is_given_up() {
    let timing = Timing { welcome: Duration::from_millis(200), ..Timing::default() };
    let mut story = Story::with(timing).await;
    let _mute = story.greeted().await;
    story.welcomed().await.desires(1).await;
    story.knows(1).await;
}

#[tokio::test]
async fn a_message_that_is_not_understood_costs_nothing() {
    let mut story = Story::new().await;
    let mut edge = story.welcomed().await;
    edge.0.send(Message::text("{")).await.unwrap();
    edge.desires(1).await;
    story.knows(1).await;
}

#[tokio::test]
async fn an_overloaded_edge_is_tried_again_and_not_sooner_than_it_asks() {
    let mut story = Story::new().await;
    story.answers("500 Internal Server Error").await;
    let begun = Instant::now();
    story.answers("429 Too Many Requests\r\nretry-after: 1").await;
    story.answers("503 Service Unavailable\r\nretry-after: 1").await;
    story.welcomed().await.desires(1).await;
    story.knows(1).await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_refused_token_stops_the_agent() {
    let story = Story::new().await;
    story.answers("401 Unauthorized").await;
    assert_eq!(story.stops().await, Stopped::TokenRefused);
}

#[tokio::test]
async fn what_the_edge_closes_for_good_is_not_tried_again() {
    let table = [
        (close::REPLACED, Stopped::Replaced),
        (close::REVOKED, Stopped::TokenRefused),
        (close::PROTOCOL, Stopped::Protocol),
    ];
    for (code, stopped) in table {
        let story = Story::new().await;
        story.welcomed().await.closes(code).await;
        assert_eq!(story.stops().await, stopped);
    }
}

#[tokio::test]
async fn what_the_edge_closes_for_now_is_tried_again() {
    for code in [1001, 1011, close::MALFORMED] {
        let mut story = Story::new().await;
        story.welcomed().await.closes(code).await;
        story.welcomed().await.desires(1).await;
        story.knows(1).await;
    }
}
