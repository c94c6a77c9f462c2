//! One try of a probe, for runtimes whose replicas are reached over TCP.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::Empty;
use patr_models::deployment::{
    Failure, FailureKind,
    spec::{Ask, Probe},
};
use tokio::{net::TcpStream, time::timeout};

use super::{Address, failure};

/// How long a connection may take: replicas are on this machine.
const CONNECT: Duration = Duration::from_secs(2);

pub async fn ask(at: &Address, probe: &Probe) -> Result<(), Failure> {
    let patience = Duration::from_secs(probe.timeout_s().into());
    match probe.ask() {
        Some(Ask::Tcp { port }) => connect(at, port, patience).await.map(drop),
        Some(Ask::Http { port, path }) => {
            let connected = connect(at, port, patience).await?;
            get(connected, port, path, patience).await
        }
        Some(Ask::Exec { .. }) | None => {
            Err(failure(FailureKind::ProbeFailed, "the probe asks no port of the replica"))
        }
    }
}

async fn connect(at: &Address, port: u16, patience: Duration) -> Result<(TcpStream, SocketAddr), Failure> {
    let closed =
        |why: &str| failure(FailureKind::PortClosed, format!("nothing listens on port {port} ({why})"));
    let address = at.port(port).ok_or_else(|| closed("it is not published"))?;
    let connecting = timeout(patience.min(CONNECT), TcpStream::connect(address)).await;
    let stream = connecting.map_err(|_| closed("no answer"))?.map_err(|error| closed(&error.to_string()))?;
    Ok((stream, address))
}

async fn get(
    (stream, address): (TcpStream, SocketAddr),
    port: u16,
    path: &str,
    patience: Duration,
) -> Result<(), Failure> {
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
    match timeout(patience, asking).await {
        Ok(Ok(status)) if status.is_success() || status.is_redirection() => Ok(()),
        Ok(Ok(status)) => Err(bad(format!("answered {status}"))),
        Ok(Err(error)) => Err(bad(format!("failed: {error}"))),
        Err(_) => Err(bad(format!("was not answered within {} s", patience.as_secs()))),
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
    async fn an_answer_has_the_time_that_the_probe_gives_it() {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut probe = Probe::http(address.port(), "/");
        probe.timeout_s = Some(1);
        let failed = ask(&Address::Network(address.ip()), &probe).await.unwrap_err();
        assert!(failed.message.ends_with("was not answered within 1 s"), "{}", failed.message);
    }

    #[tokio::test]
    async fn a_probe_by_command_is_no_question_to_a_port() {
        let at = Address::Published(Default::default());
        let failed = ask(&at, &Probe::exec(["true"])).await.unwrap_err();
        assert_eq!(failed.kind, FailureKind::ProbeFailed);
    }

    #[tokio::test]
    async fn a_port_that_is_not_published_is_closed() {
        let at = Address::Published([(80, 40_080)].into());
        let failed = ask(&at, &Probe::tcp(81)).await.unwrap_err();
        assert_eq!(failed.kind, FailureKind::PortClosed);
    }
}
