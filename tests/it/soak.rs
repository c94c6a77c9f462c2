//! Traffic of every kind over a bad way, while its lanes are cut and its ends are killed: every answer is right, broken
//! off, or an honest refusal; and afterwards the agent holds no more than before.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::Request;
use http_body_util::BodyExt;
use patr_stories::{
    Agent, Edge,
    caller::{live, web},
    eventually, example_image,
    exchange::{Answer, Ask, Connection, whole},
    link::{Link, Weather},
    pass,
    runner::CleanUp,
};
use tokio::{net::TcpStream, sync::watch, task::JoinSet, time};
use tokio_tungstenite::tungstenite::Message;

/// How many clients of each kind there are.
const CLIENTS: u32 = 3;
const DOWN: usize = 2_000_000;
const UP: usize = 1_000_000;

/// Everything that came of a client's requests.
#[derive(Debug, Default)]
struct Tally {
    right: BTreeMap<&'static str, u64>,
    broken: BTreeMap<&'static str, u64>,
    refused: BTreeMap<u16, u64>,
    wrong: Vec<String>,
}

#[derive(Clone)]
struct Traffic {
    edge: SocketAddr,
    host: String,
    tally: Arc<Mutex<Tally>>,
}

/// What an exchange came to.
enum Came {
    Right,
    Broken,
    Refused(u16),
    Wrong(String),
}

/// Of an answer that must be this one, unless it says honestly that there is none.
fn judge(answer: Result<Answer, String>, is_right: impl Fn(&Answer) -> bool) -> Came {
    match answer {
        Err(_) => Came::Broken,
        Ok(answer) if answer.status == 200 && is_right(&answer) => Came::Right,
        // Patr's own, which says so.
        Ok(answer) if matches!(answer.status, 502..=504) && answer.fields.contains_key("patr-request-id") => {
            Came::Refused(answer.status)
        }
        Ok(Answer { status, fields, body, .. }) => {
            Came::Wrong(format!("{status} {fields:?} and {} bytes", body.len()))
        }
    }
}

impl Traffic {
    async fn ask(&self, kind: &str) -> Came {
        match kind {
            "small" => judge(self.send(Ask::get("/")).await, |answer| answer.body.starts_with(b"hello")),
            "down" => {
                let in_order = |answer: &Answer| {
                    answer.body.len() == DOWN
                        && answer.body.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at % 251)
                };
                let asked = self.send(Ask::get(format!("/stream?bytes={DOWN}"))).await;
                match &asked {
                    // It has no length: docs/data-plane.md says why its client cannot know here that it was cut.
                    Ok(answer) if answer.status == 200 && answer.body.len() < DOWN => Came::Broken,
                    _ => judge(asked, in_order),
                }
            }
            "up" => {
                let body = Some(Bytes::from(vec![1; UP]));
                let asked = self.send(Ask { body, ..Ask::with("POST", "/upload", b"") }).await;
                judge(asked, |answer| answer.body == format!("{UP}\n"))
            }
            "slow" => judge(self.send(Ask::get("/slow?ms=700")).await, |answer| &answer.body[..] == b"ok\n"),
            "leaves" => self.leave().await,
            _ => self.talk().await,
        }
    }

    async fn send(&self, ask: Ask) -> Result<Answer, String> {
        ask.by_hyper(self.edge, &self.host).await
    }

    /// Reads the beginning of a large answer, and is gone.
    async fn leave(&self) -> Came {
        let Ok(mut connection) = Connection::try_open(self.edge).await else { return Came::Broken };
        let request = Request::get("/stream?bytes=500000000").header("host", &self.host);
        let Ok(answer) = connection.send(request.body(whole(Bytes::new())).unwrap()).await else {
            return Came::Broken;
        };
        let status = answer.status().as_u16();
        match answer.into_body().frame().await {
            Some(Ok(_)) if status == 200 => Came::Right,
            Some(Ok(_)) => Came::Refused(status),
            _ => Came::Broken,
        }
    }

    /// A WebSocket that says something, hears it back, and closes.
    async fn talk(&self) -> Came {
        let Ok(stream) = TcpStream::connect(self.edge).await else { return Came::Broken };
        let opened = tokio_tungstenite::client_async(format!("ws://{}/echo", self.host), stream).await;
        let Ok((mut socket, _)) = opened else { return Came::Broken };
        for number in 0..20 {
            let said = Message::binary(vec![number; 10_000]);
            if socket.send(said.clone()).await.is_err() {
                return Came::Broken;
            }
            match time::timeout(patr_stories::PATIENCE, socket.next()).await {
                Ok(Some(Ok(heard))) if heard == said => {}
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return Came::Broken,
                other => return Came::Wrong(format!("{other:?}")),
            }
        }
        if socket.close(None).await.is_ok() { Came::Right } else { Came::Broken }
    }

    fn count(&self, kind: &'static str, came: Came) {
        let mut tally = self.tally.lock().unwrap();
        match came {
            Came::Right => *tally.right.entry(kind).or_default() += 1,
            Came::Broken => *tally.broken.entry(kind).or_default() += 1,
            Came::Refused(status) => *tally.refused.entry(status).or_default() += 1,
            Came::Wrong(what) => tally.wrong.push(format!("{kind}: {what}")),
        }
    }

    async fn go_on(self, kind: &'static str, stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let came = self.ask(kind).await;
            let ended_well = matches!(came, Came::Right);
            self.count(kind, came);
            if !ended_well {
                // As a person would, who tries again.
                pass(Duration::from_millis(50)).await;
            }
        }
    }
}

/// What a process holds: open files, and resident memory in MB.
fn holds(pid: u32) -> (usize, u64) {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    (files, resident.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024)
}

#[tokio::test]
async fn traffic_over_a_bad_way_is_right_or_honestly_refused_and_the_agent_stays_small() {
    let Some(image) = example_image() else { return };
    let dose: u64 = std::env::var("PATR_DOSE").ok().and_then(|dose| dose.parse().ok()).unwrap_or(1);
    let mut edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let weather = Weather { delay: Duration::from_millis(2), stall_every: 50 };
    let link = Link::to(edge.port, weather).await;
    let url = format!("http://localhost:{}", link.port);
    let mut agent = Agent::start_at(&url, &owner.add_runner("box").await, &[]);
    let made = owner.deploy("web", "box", web(&image)).await.unwrap();
    let _clean_up = CleanUp(made.id.to_string());
    owner.sees("web", live(1)).await;
    eventually("the first answer", async || match edge.get("web-acme", "/").await {
        (200, _) => Ok(()),
        other => Err(other),
    })
    .await;

    let traffic = Traffic {
        edge: ([127, 0, 0, 1], edge.port).into(),
        host: format!("web-acme.localhost:{}", edge.port),
        tally: Arc::default(),
    };
    let (stop, stopped) = watch::channel(false);
    let mut clients = JoinSet::new();
    for kind in ["small", "down", "up", "slow", "leaves", "talks"] {
        for _ in 0..CLIENTS {
            clients.spawn(traffic.clone().go_on(kind, stopped.clone()));
        }
    }
    for round in 0..dose {
        for number in 0..4 {
            pass(Duration::from_millis(600)).await;
            link.cut(number + round as usize);
        }
        agent.kill_and_restart().await;
        pass(Duration::from_millis(1500)).await;
        if round.is_multiple_of(3) {
            edge.kill_and_restart().await;
        }
        pass(Duration::from_millis(2500)).await;
    }
    stop.send(true).unwrap();
    clients.join_all().await;

    let tally = std::mem::take(&mut *traffic.tally.lock().unwrap());
    println!("{tally:?}");
    assert_eq!(tally.wrong, Vec::<String>::new());
    for kind in ["small", "down", "up", "slow", "leaves", "talks"] {
        assert!(tally.right.get(kind).is_some_and(|right| *right > 0), "no {kind} came through: {tally:?}");
    }
    // What the agent had open for all of them: a connection of its own to the application each, and memory.
    eventually("the end of everything that was open", async || {
        let (files, memory) = holds(agent.pid());
        if files < 40 && memory < 150 { Ok(()) } else { Err((files, memory)) }
    })
    .await;
    // With nothing left to finish it does not take the 30 s that it gives to what it has begun.
    time::timeout(Duration::from_secs(15), agent.stop()).await.expect("a stream was left open");
}
