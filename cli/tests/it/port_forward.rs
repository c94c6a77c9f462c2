//! `patr port-forward`.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Child, Stdio},
};

use patr_models::{
    deployment::{
        connect::{self, ConnectToDeployment, END},
        get::GetDeployment,
        list::ListDeployments,
    },
    endpoint::body::Json,
    error::Common,
};
use rustix::process::{Pid, Signal, kill_process};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    context::{TestContext, patr_snapshot},
    edge::{Answer, Turn},
    sample::{deployment, page},
};

fn context() -> TestContext {
    let t = TestContext::new();
    t.edge.answers::<GetDeployment>(Json(deployment("db")));
    t
}

/// One that listens, and a connection through it.
fn connected(t: &TestContext) -> (Child, TcpStream) {
    let mut child = t.patr("port-forward db 5432:0").stdout(Stdio::piped()).start();
    let mut address = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
    (child, TcpStream::connect(address.trim()).unwrap())
}

fn interrupted(t: &TestContext, child: Child) -> (i32, String) {
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = t.patr("").ended(child);
    (ended.code, ended.stderr)
}

#[test]
fn bytes_go_both_ways_and_an_end_is_passed_on() {
    let t = context();
    t.edge.says::<ConnectToDeployment>(Answer::Talk(vec![
        Turn::Hears(END),
        Turn::Says(Message::binary("answer")),
        Turn::Says(Message::text(END)),
    ]));
    let (child, mut client) = connected(&t);
    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "answer");
    let said = t.edge.messages().into_iter().filter(|message| !message.is_ping()).collect::<Vec<_>>();
    assert_eq!(said[..2], [Message::binary("question"), Message::text(END)]);
    let query = t.edge.asked_once::<ConnectToDeployment>().call.query;
    assert_eq!((query.port, query.replica), (5432, None));
    assert_eq!(interrupted(&t, child).0, 0, "leaving is the ordinary end");
}

#[test]
fn a_connection_that_is_refused_says_why_and_the_next_one_is_tried() {
    let t = context();
    let reason = "nothing listens there".to_owned();
    t.edge.refuses::<ConnectToDeployment>(&connect::Error::Refused { port: 5432, reason });
    let (child, mut client) = connected(&t);
    let mut nothing = Vec::new();
    // It may be ended or reset: either says that there is nothing to hear.
    let _ = client.read_to_end(&mut nothing);
    assert_eq!(nothing, b"");
    let (_, said) = interrupted(&t, child);
    assert!(said.contains("port 5432: nothing listens there"), "{said}");
    assert!(said.contains("not on 127.0.0.1 only"), "{said}");
}

#[test]
fn a_port_here_that_is_taken_is_said_before_anything_else() {
    let t = context();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let ended = t.patr(&format!("port-forward db 5432:{port}")).run();
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{}", ended.stderr);
    assert!(ended.stderr.contains("as in `5432:0`"), "{}", ended.stderr);
}

#[test]
fn a_slip_in_a_name_is_told_at_once() {
    let t = TestContext::new();
    let missing = Common::NotFound { noun: "deployment".to_owned(), name: "bd".to_owned() };
    t.edge.refuses_commonly::<GetDeployment>(&missing);
    t.edge.answers::<ListDeployments>(page(vec![deployment("db")]));
    patr_snapshot!(t.patr("port-forward bd 5432"), @"
    exit code: 4
    ----- stderr -----
    error: there is no deployment `bd` here

    hint: did you mean `db`?
    ");
}

#[test]
fn a_port_is_needed_and_has_to_be_one() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("port-forward db 0"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value '0' for '<PORT[:LOCAL]>...': `0` is not a port: use 1 to 65535

    For more information, try '--help'.
    ");
}
