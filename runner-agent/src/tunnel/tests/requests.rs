//! What is remembered of requests.

use patr_models::deployment::{WorkloadSpec, requests::RequestLine};

use super::*;
use crate::backends::Expected;

impl Edge {
    fn reads_requests(&mut self, follow: bool) -> StreamId {
        self.opens(&OpenRequest::Requests { deployment: id(), follow, tail: 10 }, true)
    }
}

fn lines(answer: &Answer) -> Vec<RequestLine> {
    let body = answer.split().map(|(_, body)| body).unwrap_or_default();
    let whole = body.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
    whole.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

const HEADERS: [(&str, &str); 2] = [("x-forwarded-for", "192.0.2.7"), ("x-request-id", "req_1")];

#[tokio::test]
async fn a_request_that_was_answered_says_who_asked_and_what_it_was_told() {
    let mut edge = Edge::new();
    edge.replica("0123456789abcdef", answering("hello").await);
    let stream = edge.asks("GET", &HEADERS, Some(""));
    edge.ends(stream).await;
    let reading = edge.reads_requests(false);
    let lines = lines(edge.ends(reading).await);
    let [line] = &lines[..] else { panic!("one request: {lines:?}") };
    assert_eq!((line.method.as_str(), line.target.as_str(), line.host.as_str()), ("GET", "/", "web"));
    assert_eq!((line.status, line.bytes, line.client.as_str()), (200, 5, "192.0.2.7"));
    assert_eq!((line.replica.as_str(), line.id.as_deref()), ("0123456789ab", Some("req_1")));
}

#[tokio::test]
async fn a_request_that_got_no_answer_has_no_status() {
    let mut edge = Edge::new();
    edge.replica("bad", closed().await);
    let refused = edge.asks("POST", &[], Some("x"));
    edge.ends(refused).await;
    edge.backends.remove(id(), "bad");
    let spec = WorkloadSpec::of("web:1".parse().unwrap());
    edge.backends.expect(HashMap::from([(id(), Expected::of(false, &spec, &[]))]));
    let nobody = edge.asks("GET", &[], None);
    edge.ends(nobody).await;
    let reading = edge.reads_requests(false);
    let lines = lines(edge.ends(reading).await);
    let seen: Vec<_> = lines.iter().map(|line| (line.status, line.replica.as_str())).collect();
    assert_eq!(seen, [(0, "bad"), (0, "")]);
}

#[tokio::test]
async fn who_follows_hears_of_requests_as_they_end() {
    let mut edge = Edge::new();
    edge.replica("a", answering("hello").await);
    let reading = edge.reads_requests(true);
    edge.hears(reading, |answer| answer.split().is_some()).await;
    for count in 1..=2 {
        let stream = edge.asks("GET", &[], None);
        edge.ends(stream).await;
        let seen = lines(edge.hears(reading, |answer| lines(answer).len() == count).await);
        assert!(seen.iter().all(|line| line.status == 200));
    }
}
