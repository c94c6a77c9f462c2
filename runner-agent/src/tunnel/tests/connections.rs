//! TCP connections to replicas.

use patr_models::deployment::connect::{END, WINDOW, took};
use tokio::net::TcpStream;

use super::*;

impl Edge {
    /// A replica of which only that port can be reached.
    fn listens(&self, name: &str, at: SocketAddr) {
        self.runs_at(name, Address::Published([(5432, at.port())].into()));
    }

    fn connects(&mut self, port: u16) -> StreamId {
        let request = OpenRequest::Tcp { deployment: id(), port, replica: None };
        self.opens(&request, false)
    }

    /// Sends bytes as fast as the tunnel takes them.
    async fn pours(&mut self, stream: StreamId, bytes: &[u8]) {
        let mut message = Crossing::Binary(bytes.to_vec().into()).encode();
        while !message.is_empty() {
            let room = self.mux.sendable(stream).min(message.len());
            if room == 0 {
                self.passes().await;
                continue;
            }
            self.mux.send(stream, message.split_to(room), false).unwrap();
        }
    }
}

fn close(code: u16, reason: &str) -> Crossing {
    Crossing::Close(Some((code, reason.to_owned())))
}

/// The end of the connection at the application.
async fn accepted(listener: &TcpListener) -> TcpStream {
    time::timeout(PATIENCE, listener.accept()).await.unwrap().unwrap().0
}

fn data(answer: &Answer) -> Vec<u8> {
    let bytes = answer.messages().into_iter().filter_map(|message| match message {
        Crossing::Binary(bytes) => Some(bytes),
        _ => None,
    });
    bytes.flatten().collect()
}

/// What a caller has heard of the application, as it comes.
#[derive(Default)]
struct Heard {
    decoder: Decoder,
    seen: usize,
    bytes: usize,
}

impl Heard {
    /// Waits for more; how much that was.
    async fn more(&mut self, edge: &mut Edge, stream: StreamId) -> usize {
        let seen = self.seen;
        let answer =
            edge.hears(stream, |answer| answer.split().is_some_and(|(_, body)| body.len() > seen)).await;
        let (_, body) = answer.split().unwrap();
        self.decoder.push(&body[seen..]);
        self.seen = body.len();
        let before = self.bytes;
        while let Some(message) = self.decoder.pull().unwrap() {
            if let Crossing::Binary(bytes) = message {
                self.bytes += bytes.len();
            }
        }
        self.bytes - before
    }
}

#[tokio::test]
async fn each_direction_ends_on_its_own() {
    let (listener, at) = listener().await;
    let mut edge = Edge::new();
    edge.listens("c1", at);
    let stream = edge.connects(5432);
    edge.says(stream, &Crossing::Binary("question".into()));
    edge.says(stream, &Crossing::Text(END.to_owned()));
    let application = tokio::spawn(async move {
        let mut socket = accepted(&listener).await;
        let mut asked = Vec::new();
        socket.read_to_end(&mut asked).await.unwrap();
        socket.write_all(b"answer to ").await.unwrap();
        socket.write_all(&asked).await.unwrap();
    });
    let answer = edge.ends(stream).await;
    assert_eq!(answer.split().unwrap().0.status, 101);
    assert_eq!(data(answer), b"answer to question");
    let messages = answer.messages();
    assert!(messages.contains(&Crossing::Text(took("question".len()))));
    assert_eq!(messages[messages.len() - 2..], [Crossing::Text(END.to_owned()), close(1000, "")]);
    application.await.unwrap();
}

#[tokio::test]
async fn a_caller_that_goes_ends_the_connection_of_the_application() {
    let (listener, at) = listener().await;
    for closes in [true, false] {
        let mut edge = Edge::new();
        edge.listens("c1", at);
        let stream = edge.connects(5432);
        edge.hears(stream, |answer| answer.split().is_some()).await;
        let mut socket = accepted(&listener).await;
        if closes {
            edge.says(stream, &close(1000, ""));
            edge.ends(stream).await;
        } else {
            edge.mux.reset(stream, Code::Cancelled);
            edge.gives();
        }
        let read = time::timeout(PATIENCE, socket.read(&mut [0; 8])).await.unwrap();
        assert_eq!(read.unwrap_or(0), 0);
    }
}

#[tokio::test]
async fn what_cannot_be_connected_is_refused_in_words() {
    let mut edge = Edge::new();
    edge.listens("0123456789abcdef", closed().await);
    let words = async |edge: &mut Edge, port| {
        let stream = edge.connects(port);
        let (head, words) = edge.ends(stream).await.split().unwrap();
        (head.status, String::from_utf8(words.to_vec()).unwrap())
    };
    let nothing = "nothing listens on it in replica 0123456789ab".to_owned();
    assert_eq!(words(&mut edge, 5432).await, (502, nothing));
    let undeclared =
        "this runner reaches only declared ports of its replicas, and 0123456789ab has no such one"
            .to_owned();
    assert_eq!(words(&mut edge, 81).await, (502, undeclared));
    let mut empty = Edge::new();
    assert_eq!(words(&mut empty, 81).await, (409, "no such replica runs".to_owned()));
}

#[tokio::test]
async fn a_caller_that_takes_nothing_holds_up_the_application_and_not_the_agent() {
    // More than the kernel holds.
    const ALL: usize = 12 * WINDOW;
    let (listener, at) = listener().await;
    let mut edge = Edge::new();
    edge.listens("c1", at);
    let stream = edge.connects(5432);
    let application = tokio::spawn(async move {
        let mut socket = accepted(&listener).await;
        socket.write_all(&vec![7; ALL]).await.unwrap();
    });
    edge.hears(stream, |answer| answer.split().is_some()).await;
    let mut heard = Heard::default();
    // What is read at once may not fit what is left of the window.
    while heard.bytes <= WINDOW - 64 * 1024 {
        heard.more(&mut edge, stream).await;
    }
    assert!(heard.bytes <= WINDOW && !application.is_finished());
    edge.says(stream, &Crossing::Text(took(heard.bytes)));
    while heard.bytes < ALL {
        let more = heard.more(&mut edge, stream).await;
        edge.says(stream, &Crossing::Text(took(more)));
    }
    assert_eq!(heard.bytes, ALL);
    edge.says(stream, &Crossing::Text(END.to_owned()));
    edge.ends(stream).await;
    application.await.unwrap();
}

#[tokio::test]
async fn a_caller_that_sends_more_than_it_may_is_cut_off() {
    let (listener, at) = listener().await;
    let mut edge = Edge::new();
    edge.listens("c1", at);
    let stream = edge.connects(5432);
    edge.pours(stream, &vec![0; WINDOW + 1]).await;
    let answer = edge.ends(stream).await;
    assert_eq!(answer.messages(), [close(1011, "more was sent than may be on the way")]);
    drop(listener);
}
