//! WebSockets between a published client and published servers, after the cases of Autobahn's test suite.

use std::{collections::BTreeMap, process::Stdio};

use patr_stories::debian_image;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command};

use super::{Place, SERVERS};
use crate::software::Desk;

/// What came of each case.
type Outcomes = BTreeMap<String, Value>;

/// Runs every case of `client.py` against one address, in a container that shares this machine's network.
async fn outcomes(image: &str, to: std::net::SocketAddr, host: &str) -> Outcomes {
    let mut client = Command::new("docker")
        .args(["run", "--rm", "--interactive", "--network", "host", image, "python3", "-"])
        .args([&to.ip().to_string(), &to.port().to_string(), host])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let script = std::fs::read(format!("{SERVERS}/client.py")).unwrap();
    client.stdin.take().unwrap().write_all(&script).await.unwrap();
    let said = client.wait_with_output().await.unwrap();
    assert!(said.status.success(), "the client ended with {}", said.status);
    let lines = String::from_utf8(said.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str::<(String, Value)>(line).unwrap()).collect()
}

/// What each case comes to where it is the same for every server.
fn expected() -> [(&'static str, Value); 6] {
    [
        ("fragments from the client", json!(["fragments", [0, 255], "éx"])),
        ("pings of the client", json!("still here")),
        ("pings of the server", json!(["answered"])),
        ("a sub-protocol", json!("superchat")),
        ("no sub-protocol", json!(null)),
        ("a refusal", json!([403, "because"])),
    ]
}

/// Who is left without a close is told by Patr that the application broke off: a close cannot be left out.
const BROKEN_OFF: &str = "the server breaks off";

/// The application is told that its client went away.
const LEFT: &str = "the client breaks off";

/// Whoever receives it first is to refuse it (RFC 6455, 8.1); workerd does not.
const NOT_UTF_8: &str = "text that is not UTF-8";

#[tokio::test]
async fn messages_pings_and_closes_of_published_libraries_are_the_same_as_without_patr() {
    let Some(image) = debian_image() else { return };
    let mut desk = Desk::new().await;
    let python = Place::of(&mut desk, &image, "python", "sockets.py", "python3 /run/sockets.py").await;
    let node = Place::of(&mut desk, &image, "node", "sockets.js", "node /run/sockets.js").await;
    for (name, place) in [("websockets", python), ("ws", node)] {
        let mut direct = outcomes(&image, place.direct, &place.host).await;
        let mut through = outcomes(&image, place.edge, &place.host).await;
        for (case, outcome) in expected() {
            assert_eq!(direct[case], outcome, "{name}: {case}, directly");
        }
        assert_eq!(direct.remove(BROKEN_OFF), Some(json!([[], null])), "{name}");
        assert_eq!(
            through.remove(BROKEN_OFF),
            Some(json!([[], [1011, "the application broke off"]])),
            "{name}"
        );
        assert_eq!(direct.remove(LEFT), Some(json!(["None"])), "{name}");
        assert_eq!(through.remove(LEFT), Some(json!(["[1001, '']"])), "{name}");
        // The platform reads it as text, with a mark for each byte that is none.
        assert_eq!(direct.remove(NOT_UTF_8), Some(json!([1007])), "{name}");
        assert_eq!(through.remove(NOT_UTF_8), Some(json!("κ\u{fffd}\u{fffd}\u{fffd}")), "{name}");
        let differing: Vec<String> = direct
            .iter()
            .filter(|(case, outcome)| through.get(*case) != Some(*outcome))
            .map(|(case, outcome)| format!("{case}: {outcome} and {:?}", through.get(case)))
            .collect();
        assert!(differing.is_empty(), "{name}:\n{}", differing.join("\n"));
    }
}
