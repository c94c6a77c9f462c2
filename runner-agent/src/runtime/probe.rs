//! One try of a probe, for runtimes whose replicas are reached over TCP.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::Empty;
use patr_models::deployment::{Failure, FailureKind, spec::Probe};
use tokio::{net::TcpStream, time::timeout};

use super::{Address, failure};

/// How long one try may take to connect, and how long to be answered.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn ask(at: &Address, probe: &Probe) -> Result<(), Failure> {
    let port = probe.port.unwrap_or_default();
    let closed =
        |why: &str| failure(FailureKind::PortClosed, format!("nothing listens on port {port} ({why})"));
    let address = at.port(port).ok_or_else(|| closed("it is not published"))?;
    let connecting = timeout(PATIENCE, TcpStream::connect(address)).await;
    let stream = connecting.map_err(|_| closed("no answer"))?.map_err(|error| closed(&error.to_string()))?;
    match &probe.path {
        Some(path) => get(stream, address, path, port).await,
        None => Ok(()),
    }
}

async fn get(stream: TcpStream, address: SocketAddr, path: &str, port: u16) -> Result<(), Failure> {
    let bad = |why: String| failure(FailureKind::ProbeFailed, format!("GET {path} on port {port} {why}"));
    let asking = async {
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
        tokio::spawn(connection);
        let request = http::Request::get(path)
            .header("host", address.to_string())
            .header("user-agent", "patr-probe")
            .body(Empty::<Bytes>::new());
        sender.send_request(request.unwrap_or_default()).await.map(|response| response.status())
    };
    match timeout(PATIENCE, asking).await {
        Ok(Ok(status)) if status.is_success() || status.is_redirection() => Ok(()),
        Ok(Ok(status)) => Err(bad(format!("answered {status}"))),
        Ok(Err(error)) => Err(bad(format!("failed: {error}"))),
        Err(_) => Err(bad("was not answered in time".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A replica that answers one request with this status line.
    async fn answering(status: &'static str) -> (Address, u16) {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await.unwrap();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        (Address::Network(address.ip()), address.port())
    }

    async fn get_root(status: &'static str) -> Result<(), Failure> {
        let (at, port) = answering(status).await;
        ask(&at, &Probe::http(port, "/")).await
    }

    #[tokio::test]
    async fn success_and_redirects_are_answers_and_errors_are_named() {
        assert_eq!(get_root("204 No Content").await, Ok(()));
        assert_eq!(get_root("302 Found").await, Ok(()));
        let failed = get_root("503 Service Unavailable").await.unwrap_err();
        assert_eq!(failed.kind, FailureKind::ProbeFailed);
        assert!(failed.message.contains("503"), "{}", failed.message);
    }

    #[tokio::test]
    async fn a_port_that_is_not_published_is_closed() {
        let at = Address::Published([(80, 40_080)].into());
        let failed = ask(&at, &Probe::tcp(81)).await.unwrap_err();
        assert_eq!(failed.kind, FailureKind::PortClosed);
    }
}
