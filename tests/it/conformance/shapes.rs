//! Requests that two servers could take for different ones: none of them brings a second request to the application.

use patr_stories::exchange::say;

use super::Place;

/// A second request, if what comes before it is taken for shorter than it is; the last on its connection.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n";

/// Beginnings of requests; after each comes [`SMUGGLED`].
const REFUSED: [(&str, &str); 15] = [
    ("a length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    ("two lengths", "Content-Length: 0\r\nContent-Length: 55\r\n\r\n"),
    ("a list of lengths", "Content-Length: 0, 55\r\n\r\n"),
    ("a length with a sign", "Content-Length: +0\r\n\r\n"),
    ("a negative length", "Content-Length: -1\r\n\r\n"),
    ("a hexadecimal length", "Content-Length: 0x0\r\n\r\n"),
    ("a coding that is not known", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("chunks under another coding", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    ("a coding after a vertical tab", "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    ("a field that begins with a space", " Content-Length: 55\r\n\r\n"),
    ("a null", "X: a\0b\r\n\r\n"),
    ("a chunk of a strange size", "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n"),
    ("a chunk of a negative size", "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n"),
    ("a chunk of a size without end", "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff1\r\n\r\n"),
];

/// Shapes that the platform reads in one way. The application is given a clean request, and what follows is one of its
/// own: it went through the same rules, and has its own answer.
const READ_IN_ONE_WAY: [(&str, &str); 3] = [
    ("an empty length", "Content-Length: \r\n\r\n"),
    ("a space before the colon", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("a folded field", "X: y\r\n Transfer-Encoding: chunked\r\n\r\n"),
];

/// The application hears of no request that the edge did not answer as one, and of none that is whole where the edge
/// refused it.
pub(super) async fn are_refused(place: &Place) {
    for (number, (name, shape)) in REFUSED.into_iter().enumerate() {
        let answers = send(place, number, shape).await;
        let refusals = answers.iter().filter(|status| (400..=502).contains(*status)).count();
        assert_eq!(refusals, answers.len(), "{name}: {answers:?}");
        assert_eq!(place.text("/fate/smuggled").await, "unheard", "{name}: {answers:?}");
        assert_ne!(place.text(&format!("/fate/{number}")).await, "whole", "{name}: {answers:?}");
    }
    for (number, (name, shape)) in (100..).zip(READ_IN_ONE_WAY) {
        assert_eq!(send(place, number, shape).await, [200, 200], "{name}");
    }
}

/// The statuses of what is answered.
async fn send(place: &Place, number: usize, shape: &str) -> Vec<u16> {
    let request = format!("POST /swallow/{number} HTTP/1.1\r\nHost: HOST\r\n{shape}{SMUGGLED}");
    let said = say(place.edge, request.replace("HOST", &place.host).as_bytes()).await;
    let said = String::from_utf8_lossy(&said);
    let heads = said.split("HTTP/1.1 ").skip(1);
    heads.filter_map(|head| head.split(' ').next()?.parse().ok()).collect()
}
