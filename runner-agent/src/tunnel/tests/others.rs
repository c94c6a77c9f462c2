//! Commands and logs.

use patr_models::deployment::{
    exec::{FromCommand, ToCommand},
    logs::{LogLine, LogStream},
};

use super::*;
use crate::vault;

#[tokio::test]
async fn a_command_hears_its_input_and_its_output_and_exit_code_come_back() {
    let mut edge = Edge::new();
    edge.runs("c1");
    let command = vec!["cat".to_owned(), "-".to_owned()];
    let request = OpenRequest::Exec { deployment: id(), replica: Some("c".to_owned()), command, tty: None };
    let stream = edge.opens(&request, false);
    edge.says(stream, &Crossing::Binary("hello".into()));
    let end = serde_json::to_string(&ToCommand::EndOfInput).unwrap();
    edge.says(stream, &Crossing::Text(end));
    let answer = edge.ends(stream).await;
    assert_eq!(answer.split().unwrap().0.status, 101);
    let ended = serde_json::to_string(&FromCommand::Ended { exit_code: 7 }).unwrap();
    let wanted = [
        Crossing::Binary("\u{1}hello".into()),
        Crossing::Binary("\u{2}cat -".into()),
        Crossing::Text(ended),
        Crossing::Close(Some((1000, String::new()))),
    ];
    assert_eq!(answer.messages(), wanted);
}

#[tokio::test]
async fn a_command_in_a_replica_that_does_not_run_is_refused_in_words() {
    let mut edge = Edge::new();
    edge.runs("c1");
    let command = vec!["true".to_owned()];
    let request = OpenRequest::Exec { deployment: id(), replica: Some("x".to_owned()), command, tty: None };
    let stream = edge.opens(&request, false);
    let (head, words) = edge.ends(stream).await.split().map(|(head, body)| (head, body.to_vec())).unwrap();
    assert_eq!((head.status, words), (409, b"no such replica runs".to_vec()));
}

#[tokio::test]
async fn logs_show_replicas_that_are_gone_and_no_secrets() {
    let mut edge = Edge::new();
    edge.runs("c2");
    let sealed = vault::tests::seal(&edge.vault.public(), "key", "hunter22");
    edge.vault.learn(&vault::tests::desired(Some(sealed)));
    for (replica, at, text) in
        [("c1", 1, "gone with hunter22"), ("c2", 2, "here with hunter22"), ("c2", 3, "x")]
    {
        let (replica, text) = (replica.to_owned(), text.to_owned());
        edge.fake.writes(LogLine { at: Millis(at), replica, stream: LogStream::Stdout, text });
    }
    let request = OpenRequest::Logs {
        deployment: id(),
        follow: false,
        tail: 10,
        replica: None,
        since: None,
        search: Some("with".to_owned()),
    };
    let stream = edge.opens(&request, true);
    let body = edge.ends(stream).await.split().unwrap().1.to_vec();
    let lines = body.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let texts: Vec<String> =
        lines.map(|line| serde_json::from_slice::<LogLine>(line).unwrap().text).collect();
    assert_eq!(texts, ["gone with [secret]", "here with [secret]"]);
}
