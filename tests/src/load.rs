//! Traffic that goes on while a story changes things, and counts what went wrong.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpStream, sync::watch, task::JoinSet, time};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

use crate::Edge;

/// How much traffic.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub requests_per_second: u32,
    /// Every so many requests one takes five seconds.
    pub slow_every: u32,
    pub sockets: u32,
    /// How long a replica that is taken out keeps its WebSockets.
    pub drain: Duration,
}

/// What happened.
#[derive(Debug, Default)]
pub struct Tally {
    pub requests: u64,
    pub slow: u64,
    /// WebSockets that were closed when their time was up, and opened again.
    pub drained: u64,
    pub messages: u64,
    pub failures: Vec<String>,
}

/// Traffic to a deployment of the example image.
pub struct Load {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    host: String,
    shape: Shape,
    tally: Mutex<Tally>,
    /// When what runs was last changed.
    changed: Mutex<Instant>,
}

impl Shared {
    fn count(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.tally.lock().unwrap());
    }

    fn failed(&self, what: String) {
        self.count(|tally| tally.failures.push(what));
    }
}

impl Load {
    /// Begins; WebSockets are open when this returns.
    pub async fn start(edge: &Edge, host: &str, shape: Shape) -> Self {
        let shared = Arc::new(Shared {
            address: SocketAddr::from(([127, 0, 0, 1], edge.port)),
            host: format!("{host}.localhost:{}", edge.port),
            shape,
            tally: Mutex::default(),
            changed: Mutex::new(Instant::now()),
        });
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for number in 0..shape.sockets {
            let socket = open(&shared).await.unwrap();
            tasks.spawn(talk(Arc::clone(&shared), socket, number, stopped.clone()));
        }
        tasks.spawn(ask(Arc::clone(&shared), stopped));
        Self { stop, tasks, shared }
    }

    /// Something is about to be changed: from here on WebSockets have their time to drain.
    pub fn changing(&self) {
        *self.shared.changed.lock().unwrap() = Instant::now();
    }

    /// How many requests have gone wrong by now.
    pub fn failures(&self) -> Vec<String> {
        self.shared.tally.lock().unwrap().failures.clone()
    }

    /// Ends, when every request has its answer.
    pub async fn end(self) -> Tally {
        let Self { stop, tasks, shared } = self;
        stop.send(true).unwrap();
        tasks.join_all().await;
        std::mem::take(&mut *shared.tally.lock().unwrap())
    }
}

async fn ask(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let (host, _) = shared.host.split_once(':').unwrap();
    let client = crate::http_client()
        .resolve(host, shared.address)
        .timeout(Duration::from_secs(60))
        // workerd closes connections that were idle for 5 s, and a request may meet that halfway (RFC 9112, 9.3.1).
        .pool_idle_timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    let mut tick = time::interval(Duration::from_secs(1) / shared.shape.requests_per_second);
    tick.set_missed_tick_behavior(time::MissedTickBehavior::Skip);
    let mut asking = JoinSet::new();
    for number in 0_u64.. {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stopped.changed() => break,
        }
        let slow = number % u64::from(shared.shape.slow_every) == 0;
        let path = if slow { "/slow?ms=5000" } else { "/" };
        let (request, shared) = (client.get(format!("http://{}{path}", shared.host)), Arc::clone(&shared));
        asking.spawn(async move {
            let begun = Instant::now();
            let answer = async { request.send().await?.error_for_status()?.text().await };
            let outcome = answer.await;
            shared.count(|tally| {
                tally.requests += 1;
                tally.slow += u64::from(slow);
            });
            if let Err(error) = outcome {
                shared.failed(format!("{path} after {:?}: {error:?}", begun.elapsed()));
            }
        });
        while asking.try_join_next().is_some() {}
    }
    asking.join_all().await;
}

type Socket = tokio_tungstenite::WebSocketStream<TcpStream>;

async fn open(shared: &Shared) -> Result<Socket, String> {
    let stream = TcpStream::connect(shared.address).await.map_err(|error| error.to_string())?;
    let url = format!("ws://{}/echo", shared.host);
    let opened = tokio_tungstenite::client_async(url, stream).await;
    opened.map(|(socket, _)| socket).map_err(|error| error.to_string())
}

/// Says something every 200 ms and wants it back. A socket that is closed in time is opened again.
async fn talk(shared: Arc<Shared>, mut socket: Socket, number: u32, mut stopped: watch::Receiver<bool>) {
    let mut tick = time::interval(Duration::from_millis(200));
    for said in 0_u64.. {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stopped.changed() => return drop(socket.close(None).await),
        }
        let text = format!("{number}: {said}");
        // One that is being closed takes no more; what it says last is read below.
        let _ = socket.send(Message::text(text.clone())).await;
        match time::timeout(Duration::from_secs(30), socket.next()).await {
            Ok(Some(Ok(Message::Text(back)))) if back.as_str() == text => {
                shared.count(|tally| tally.messages += 1);
            }
            Ok(Some(Ok(Message::Close(Some(frame))))) if frame.code == CloseCode::Away => {
                let after = shared.changed.lock().unwrap().elapsed();
                if after < shared.shape.drain {
                    shared.failed(format!("socket {number} was closed {after:?} after a change"));
                }
                match open(&shared).await {
                    Ok(opened) => socket = opened,
                    Err(error) => {
                        return shared.failed(format!("socket {number} could not be opened again: {error}"));
                    }
                }
                shared.count(|tally| tally.drained += 1);
            }
            other => return shared.failed(format!("socket {number} was cut: {other:?}")),
        }
    }
}
