//! A bad way between an agent and its edge: slow, stalling, and cut now and then. It stands in for `netem` where a story
//! has no network of its own: what a lost packet is to TCP, a stall is here.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::{AbortHandle, JoinHandle},
};

use crate::pass;

/// How bad it is.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// What each piece takes, one way.
    pub delay: Duration,
    /// Every so many pieces one takes ten times as long.
    pub stall_every: u64,
}

/// The way. Dropped, everything on it is cut.
pub struct Link {
    pub port: u16,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    accepting: JoinHandle<()>,
}

impl Link {
    /// Listens, and leads to a port of this machine.
    pub async fn to(port: u16, weather: Weather) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<Mutex<Vec<AbortHandle>>>::default();
        let accepting =
            tokio::spawn(accept(listener, ([127, 0, 0, 1], port).into(), weather, Arc::clone(&connections)));
        Self { port: address.port(), connections, accepting }
    }

    /// Cuts one of the connections; which one, `number` says.
    pub fn cut(&self, number: usize) {
        let mut connections = self.connections.lock().unwrap();
        connections.retain(|connection| !connection.is_finished());
        if !connections.is_empty() {
            let which = number % connections.len();
            connections.swap_remove(which).abort();
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
        self.connections.lock().unwrap().drain(..).for_each(|connection| connection.abort());
    }
}

async fn accept(
    listener: TcpListener,
    to: SocketAddr,
    weather: Weather,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
) {
    while let Ok((near, _)) = listener.accept().await {
        let carrying = tokio::spawn(async move {
            // An edge that is not there refuses, and so does this.
            let Ok(far) = TcpStream::connect(to).await else { return };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::select! {
                () = carry(near_in, far_out, weather) => {}
                () = carry(far_in, near_out, weather) => {}
            }
        });
        connections.lock().unwrap().push(carrying.abort_handle());
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, weather: Weather) {
    let mut buffer = vec![0; 256 * 1024];
    for number in 1_u64.. {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
        let stalls = number.is_multiple_of(weather.stall_every);
        pass(weather.delay * if stalls { 10 } else { 1 }).await;
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
