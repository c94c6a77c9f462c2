//! Ways to a replica other than its URL.

use patr_stories::{Host, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Desk, on_each_runtime};

on_each_runtime! {
    logs_commands_and_forwarded_ports_reach_a_replica
}

async fn logs_commands_and_forwarded_ports_reach_a_replica<H: Host>(desk: Desk<H>) {
    desk.deployed(1).await;
    eventually("its first line", async || {
        let said = desk.patr.run(&["logs", "web", "--tail", "5"]).await;
        if said.contains("listening on port") { Ok(()) } else { Err(said) }
    })
    .await;

    let program = desk.host.program();
    let ended = desk.patr.with_input(&["exec", "web", "--", &program, "count"], b"some words").await;
    assert_eq!((ended.code, &ended.stdout[..]), (Some(0), "10"), "{ended:?}");
    // More than anything on the way holds, before any of it is read.
    let large = vec![b'x'; 24_000_000];
    let ended = desk.patr.with_input(&["exec", "web", "--", &program, "count", "3"], &large).await;
    assert_eq!((ended.code, &ended.stdout[..]), (Some(0), "24000000"), "{ended:?}");
    let ended = desk.patr.try_run(&["exec", "web", "--", &program, "exit", "7"]).await;
    assert_eq!(ended.code, Some(7), "{ended:?}");

    let mut forwarding = desk.patr.start(&["port-forward", "web", "8080:0"]);
    let mut socket = TcpStream::connect(forwarding.line().await).await.unwrap();
    socket.write_all(b"GET /headers HTTP/1.1\r\nhost: bird\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("host: bird"), "{answer}");
}
