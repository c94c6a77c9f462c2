//! WebSockets that are echoed: how many round trips they make, and what many cost that say nothing.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tungstenite::{Message, WebSocket};

use super::super::Options;
use super::contenders::Contender;

/// How many are left idle.
pub(super) const IDLE: usize = 1000;
/// What is said.
const MESSAGE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

type Socket = WebSocket<TcpStream>;

/// What round trips came to.
pub(super) struct Trips {
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// As many sockets as there are connections, each of which says something as soon as it has heard the last.
pub(super) fn round_trips(contender: &Contender, options: &Options) -> anyhow::Result<Trips> {
    let sockets = idle(contender, options.connections as usize)?;
    let (begun, lasts) = (Instant::now(), Duration::from_secs(options.seconds.into()));
    let talking: Vec<_> = sockets
        .into_iter()
        .map(|mut socket| {
            thread::spawn(move || -> anyhow::Result<Vec<Duration>> {
                let mut trips = Vec::new();
                while begun.elapsed() < lasts {
                    trips.push(trip(&mut socket)?);
                }
                Ok(trips)
            })
        })
        .collect();
    let mut trips = Vec::new();
    for thread in talking {
        trips.extend(thread.join().map_err(|_| anyhow::anyhow!("a client of a WebSocket ended"))??);
    }
    let seconds = begun.elapsed().as_secs_f64();
    trips.sort();
    let ms = |share: f64| {
        let at = ((trips.len() as f64 * share) as usize).min(trips.len().saturating_sub(1));
        trips.get(at).map_or(f64::NAN, |trip| trip.as_secs_f64() * 1000.0)
    };
    Ok(Trips { per_second: trips.len() as f64 / seconds, p50_ms: ms(0.5), p99_ms: ms(0.99) })
}

/// Sockets that have each made a round trip, so that they are open to their end.
pub(super) fn idle(contender: &Contender, count: usize) -> anyhow::Result<Vec<Socket>> {
    (0..count)
        .map(|_| {
            let mut socket = open(contender)?;
            trip(&mut socket)?;
            Ok(socket)
        })
        .collect()
}

fn open(contender: &Contender) -> anyhow::Result<Socket> {
    let stream = TcpStream::connect(contender.url.replace("http://", ""))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let url = format!("ws://{}/echo", contender.host);
    let (socket, _) = tungstenite::client(url, stream).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(socket)
}

fn trip(socket: &mut Socket) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    socket.send(Message::text(MESSAGE)).context("saying something")?;
    let heard = socket.read().context("hearing it")?;
    ensure!(heard.to_text().is_ok_and(|text| text == MESSAGE), "something else was heard: {heard:?}");
    Ok(begun.elapsed())
}
