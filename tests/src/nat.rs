//! A router between an agent and its edge that forgets connections: what is on one of those gets nowhere, and neither end
//! hears of it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Bytes of a connection's beginning that are looked at: the request line.
const BEGINNING: usize = 512;

/// The router. Dropped, it refuses connections.
pub struct Nat {
    pub port: u16,
    known: Known,
    accepting: JoinHandle<()>,
}

/// What each connection began with, and who is told when it is forgotten.
type Known = Arc<Mutex<Vec<(String, watch::Sender<bool>)>>>;

impl Nat {
    /// Listens, and leads to a port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let known = Known::default();
        let accepting = tokio::spawn(accept(listener, ([127, 0, 0, 1], port).into(), Arc::clone(&known)));
        Self { port: own, known, accepting }
    }

    /// The address that an agent is told.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Forgets the connections whose request has this in its beginning; how many those were. Later ones are new.
    pub fn forget(&self, request: &str) -> usize {
        let mut known = self.known.lock().unwrap();
        let forgotten = known.extract_if(.., |(beginning, _)| beginning.contains(request));
        forgotten.filter(|(_, forget)| forget.send(true).is_ok()).count()
    }
}

impl Drop for Nat {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, to: SocketAddr, known: Known) {
    while let Ok((near, _)) = listener.accept().await {
        tokio::spawn(carry(near, to, Arc::clone(&known)));
    }
}

async fn carry(mut near: TcpStream, to: SocketAddr, known: Known) {
    // An edge that is not there refuses, and so does this.
    let Ok(mut far) = TcpStream::connect(to).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let mut beginning = vec![0; BEGINNING];
    let Ok(length @ 1..) = near.read(&mut beginning).await else { return };
    if far.write_all(&beginning[..length]).await.is_err() {
        return;
    }
    let (forget, mut forgotten) = watch::channel(false);
    known.lock().unwrap().push((String::from_utf8_lossy(&beginning[..length]).into_owned(), forget));
    let is_forgotten = async {
        // Whoever forgets drops the sender after that.
        if forgotten.wait_for(|forgotten| *forgotten).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        // Both stay open, and nothing passes.
        () = is_forgotten => std::future::pending().await,
    }
}
