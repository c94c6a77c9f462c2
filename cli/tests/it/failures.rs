//! What goes wrong around a command: the network, the edge, whatever stands in front of it, and our own output.

use std::net::TcpListener;

use http::header;
use patr_models::{
    deployment::{Status, create::CreateDeployment, get::GetDeployment, list::ListDeployments},
    endpoint::body::{Created, Json},
    error::Common,
    user::who_am_i::WhoAmI,
    workspace::get::GetWorkspace,
};

use crate::{
    context::{TestContext, patr_snapshot},
    edge::Answer,
    sample::{self, deployment, deployment_that_is, failure, page, starting},
};

/// A pipe whose reader has left.
fn closed_pipe() -> std::io::PipeWriter {
    std::io::pipe().unwrap().1
}

#[test]
fn an_edge_that_cannot_be_reached_is_named() {
    let t = TestContext::new();
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let ran = t.patr(&format!("whoami --url http://127.0.0.1:{port}")).run().to_string();
    insta::assert_snapshot!(ran.replace(&port.to_string(), "[PORT]"), @"
    exit code: 1
    ----- stderr -----
    error: cannot reach http://127.0.0.1:[PORT]: Connection refused (os error 111)

    hint: check the address and the network; `--url` chooses another installation
    ");
}

#[test]
fn an_answer_that_is_not_json_is_not_taken_for_one() {
    let t = TestContext::new();
    t.edge.says::<WhoAmI>(Answer::raw(200, "<html>\n<title>Welcome to nginx!</title>"));
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 1
    ----- stderr -----
    error: [EDGE] answered 200 OK: body: expected value at line 1 column 1

    hint: is this the address of a Patr installation? `--url` chooses another
    ");
}

#[test]
fn a_page_in_place_of_an_error_is_cut_to_its_first_line() {
    let t = TestContext::new();
    t.edge.says::<WhoAmI>(Answer::raw(502, "<html>\r\n<head><title>502 Bad Gateway</title>\x1b[2J</head>"));
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 1
    ----- stderr -----
    error: [EDGE] answered 502 Bad Gateway: not an error of this API: <html>

    hint: something between here and the installation answers; try again later
    ");
}

#[test]
fn an_answer_that_is_cut_off_is_an_error() {
    let t = TestContext::new();
    t.edge.says::<WhoAmI>(Answer::CutOff(http::Response::new("{\"id\":".into())));
    let ran = t.patr("whoami").run();
    assert_eq!(ran.code, 1);
    assert_eq!(t.edge.asked::<WhoAmI>().len(), 2, "a question is repeated once");
}

#[test]
fn a_fault_of_the_server_names_the_request() {
    let t = TestContext::new();
    t.edge.says::<WhoAmI>(Answer::fault());
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 1
    ----- stderr -----
    error: something went wrong on our side

    hint: try again; if it stays, look for req_00000000000000000000000007 in the log
    ");
}

#[test]
fn too_many_requests_say_when_to_try_again() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<WhoAmI>(&Common::TooManyRequests { seconds: 30 });
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 1
    ----- stderr -----
    error: too many attempts

    hint: try again in 30 seconds
    ");
}

#[test]
fn a_limit_in_front_of_the_edge_says_when_to_try_again_too() {
    let t = TestContext::new();
    let limited = Answer::raw(429, "error code: 1015").with(header::RETRY_AFTER, "90");
    t.edge.says::<WhoAmI>(limited);
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 1
    ----- stderr -----
    error: [EDGE] answered 429 Too Many Requests: not an error of this API: error code: 1015

    hint: try again in 1m 30s
    ");
}

#[test]
fn a_redirect_is_not_followed_with_the_token() {
    let t = TestContext::new();
    t.edge.says::<WhoAmI>(Answer::raw(302, "").with(header::LOCATION, "http://127.0.0.1:1/"));
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 1
    ----- stderr -----
    error: [EDGE] answered 302 Found: not an error of this API

    hint: is this the address of a Patr installation? `--url` chooses another
    ");
}

#[test]
fn what_a_server_says_cannot_command_the_terminal() {
    let t = TestContext::new();
    let hostile = Common::NotFound { noun: "deployment".to_owned(), name: "\x1b[2Jx".to_owned() };
    t.edge.refuses_commonly::<WhoAmI>(&hostile);
    patr_snapshot!(t.patr("whoami"), @r"
    exit code: 4
    ----- stderr -----
    error: there is no deployment `\u{1b}[2Jx` here

    hint: check the name, and the workspace with `patr workspace list`
    ");
}

#[test]
fn a_reader_who_leaves_early_is_not_an_error() {
    let t = TestContext::new();
    t.edge.answers::<ListDeployments>(page(vec![deployment("web")]));
    patr_snapshot!(t.patr("deployment list").stdout(closed_pipe()), @"exit code: 0");
    patr_snapshot!(t.patr("completions bash").stdout(closed_pipe()), @"exit code: 0");
    patr_snapshot!(t.patr("help").stdout(closed_pipe()), @"exit code: 0");
    patr_snapshot!(t.patr("deploy --help").stdout(closed_pipe()), @"exit code: 0");
}

#[test]
fn a_reader_who_leaves_early_does_not_turn_a_failed_rollout_into_a_success() {
    let t = TestContext::new();
    let missing = Common::NotFound { noun: "deployment".to_owned(), name: "web".to_owned() };
    t.edge.refuses_commonly::<GetDeployment>(&missing);
    t.edge.answers::<CreateDeployment>(Created(deployment_that_is(starting())));
    t.edge.rolls_out([Status::Failed { failure: failure(&[]), serving: None }]);
    let line = "deploy nginx:1 --name web --runner home -o json";
    patr_snapshot!(t.patr(line).stdout(closed_pipe()), @"
    exit code: 1
    ----- stderr -----
    made `web` on the runner `home`
    error: release 3 of `web` failed: it ended with exit code 3
    nothing serves

    hint: repair it and run `patr deploy` again
    ");
}

#[test]
fn what_was_made_is_made_once_even_if_the_answer_is_lost() {
    let t = TestContext::new();
    let missing = Common::NotFound { noun: "deployment".to_owned(), name: "web".to_owned() };
    t.edge.refuses_commonly::<GetDeployment>(&missing);
    t.edge.says::<CreateDeployment>(Answer::CutOff(http::Response::new("{".into())));
    t.edge.answers::<CreateDeployment>(Created(deployment("web")));
    assert_eq!(t.patr("deploy nginx:1 --name web --runner home --no-wait").run().code, 0);
    let keys = t.edge.asked::<CreateDeployment>().into_iter().map(|asked| asked.call.headers.key.unwrap());
    let keys = keys.collect::<Vec<_>>();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "the edge can tell that it is the same request");
}

#[test]
fn quiet_is_silent_about_everything_but_errors() {
    let t = TestContext::new();
    t.edge.answers::<WhoAmI>(Json(sample::user()));
    t.edge.answers::<GetWorkspace>(Json(sample::workspace(1, "acme")));
    t.edge.answers::<ListDeployments>(page(vec![]));
    patr_snapshot!(t.patr("deployment list -q"), @"exit code: 0");
    patr_snapshot!(t.patr("whoami -q"), @"
    exit code: 0
    ----- stdout -----
    email         ada@example.com
    id            usr_00000000000000000000000001
    installation  [EDGE]
    workspace     acme
    ");
}

#[test]
fn the_api_token_of_the_environment_is_used_and_never_saved() {
    let t = TestContext::new();
    t.edge.answers::<WhoAmI>(Json(sample::user()));
    assert_eq!(t.patr("whoami -o json").run().code, 0);
    assert_eq!(t.edge.asked_once::<WhoAmI>().token.as_deref(), Some(sample::TOKEN));
    assert!(!t.config().exists());
}
