//! `patr exec`.

use patr_models::deployment::{
    exec::{self, ExecInDeployment, FromCommand, Size, ToCommand, WINDOW, output},
    list::ListDeployments,
};
use patr_models::error::Common;
use rustix::process::{Pid, Signal, kill_process};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    context::{TestContext, patr_snapshot},
    edge::{Answer, Turn},
    sample::{deployment, page},
    terminal::Terminal,
};

fn writes(stream: u8, text: &str) -> Turn {
    Turn::Says(Message::binary([&[stream], text.as_bytes()].concat()))
}

fn says(word: &FromCommand) -> Turn {
    Turn::Says(Message::text(serde_json::to_string(word).unwrap()))
}

fn ends(exit_code: i64) -> Turn {
    says(&FromCommand::Ended { exit_code })
}

fn running(turns: impl IntoIterator<Item = Turn>) -> TestContext {
    let t = TestContext::new();
    t.edge.says::<ExecInDeployment>(Answer::Talk(turns.into_iter().collect()));
    t
}

/// What the command was told besides input, and besides what was taken of its output.
fn words(t: &TestContext) -> Vec<ToCommand> {
    all_words(t).into_iter().filter(|word| !matches!(word, ToCommand::Took { .. })).collect()
}

fn all_words(t: &TestContext) -> Vec<ToCommand> {
    let messages = t.edge.messages();
    let texts = messages.iter().filter_map(|message| message.to_text().ok().filter(|_| message.is_text()));
    texts.map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// What the command got as input.
fn input(t: &TestContext) -> String {
    let messages = t.edge.messages();
    let bytes =
        messages.iter().filter(|message| message.is_binary()).flat_map(|message| message.clone().into_data());
    String::from_utf8(bytes.collect()).unwrap()
}

#[test]
fn output_and_errors_stay_apart_and_the_exit_status_is_the_command_s() {
    let t = running([
        Turn::Hears("end_of_input"),
        writes(output::STDOUT, "data\n"),
        writes(output::STDERR, "oops\n"),
        writes(output::STDOUT, "more"),
        ends(7),
    ]);
    patr_snapshot!(t.patr("exec web -- cat '/a b' -x"), @"
    exit code: 7
    ----- stdout -----
    data
    more----- stderr -----
    oops
    ");
    assert_eq!(words(&t), [ToCommand::EndOfInput]);
    let call = t.edge.asked_once::<ExecInDeployment>().call;
    assert_eq!(call.query.command, ["cat", "/a b", "-x"]);
    assert_eq!((call.query.columns, call.query.replica), (None, None));
}

#[test]
fn what_is_piped_in_reaches_the_command_and_then_ends() {
    let t = running([Turn::Hears("end_of_input"), writes(output::STDOUT, "3 lines\n"), ends(0)]);
    patr_snapshot!(t.patr("exec db --replica 3f9a -- wc -l").stdin("one\ntwo\nthree\n"), @"
    exit code: 0
    ----- stdout -----
    3 lines
    ");
    assert_eq!((input(&t).as_str(), words(&t)), ("one\ntwo\nthree\n", vec![ToCommand::EndOfInput]));
    assert_eq!(t.edge.asked_once::<ExecInDeployment>().call.query.replica.as_deref(), Some("3f9a"));
}

#[test]
fn a_command_hears_how_much_of_its_output_was_taken() {
    let chunk = Turn::Says(Message::binary([&[output::STDOUT][..], &[b'x'; WINDOW / 4]].concat()));
    let four = std::iter::repeat_n(chunk, 4).chain([Turn::Hears("took\",\"bytes\":262144"), ends(0)]);
    let t = running(four);
    let ran = t.patr("exec web -- dump").run();
    assert_eq!((ran.code, ran.stdout.len()), (0, WINDOW));
    let taken = all_words(&t).into_iter().filter_map(|word| match word {
        ToCommand::Took { bytes } => Some(bytes),
        _ => None,
    });
    assert_eq!(taken.take(2).collect::<Vec<_>>(), [0, WINDOW / 4], "it says from the beginning that it will");
}

#[test]
fn no_more_input_is_on_its_way_than_a_window() {
    let takes = |bytes| says(&FromCommand::Took { bytes });
    // As many chunks as fit; then something that is answered, whatever there still is to send.
    let window = std::iter::repeat_n(Turn::HearsBytes, WINDOW / 16_384);
    let output = [&[output::STDOUT][..], &[b'x'; WINDOW / 8]].concat();
    let asked = [Turn::Says(Message::binary(output)), Turn::Hears("131072"), takes(WINDOW), takes(WINDOW)];
    let t = running(window.chain(asked).chain([Turn::Hears("end_of_input"), ends(0)]));
    let file = t.folder().join("large");
    std::fs::write(&file, vec![b'x'; 3 * WINDOW]).unwrap();
    let ran = t.patr("exec web -- load").stdin_from(std::fs::File::open(file).unwrap()).run();
    assert_eq!((ran.code, input(&t).len()), (0, 3 * WINDOW));
    let messages = t.edge.messages();
    let before = messages.iter().take_while(|message| !message.to_string().contains("131072"));
    let sent: usize = before.filter(|message| message.is_binary()).map(Message::len).sum();
    assert_eq!(sent, WINDOW);
}

#[test]
fn bytes_that_are_no_text_pass() {
    let t = running([Turn::Says(Message::binary(vec![output::STDOUT, 0xff, 0, 0x1b])), ends(0)]);
    let file = t.folder().join("out");
    assert_eq!(t.patr("exec web -- dump").stdout(std::fs::File::create(&file).unwrap()).run().code, 0);
    assert_eq!(std::fs::read(file).unwrap(), [0xff, 0, 0x1b]);
}

#[test]
fn a_command_that_cannot_be_started_says_why() {
    let t = running([says(&FromCommand::Refused {
        message: "there is no `bash` in the image".to_owned(),
        hint: None,
    })]);
    patr_snapshot!(t.patr("exec web -- bash"), @"
    exit code: 1
    ----- stderr -----
    error: there is no `bash` in the image
    ");
}

#[test]
fn a_connection_that_breaks_off_is_not_an_end() {
    let t = running([writes(output::STDOUT, "one\n")]);
    patr_snapshot!(t.patr("exec web -- cat"), @"
    exit code: 1
    ----- stdout -----
    one
    ----- stderr -----
    error: the connection to the command broke off: it was closed

    hint: whether the command went on is not known
    ");
}

#[test]
fn what_is_no_websocket_is_refused() {
    let t = TestContext::new();
    t.edge.says::<ExecInDeployment>(Answer::raw(200, "hello"));
    patr_snapshot!(t.patr("exec web -- ls"), @"
    exit code: 1
    ----- stderr -----
    error: [EDGE] answered 200 OK: not an error of this API: hello

    hint: is this the address of a Patr installation? `--url` chooses another
    ");
}

#[test]
fn without_a_replica_nothing_can_be_run() {
    let t = TestContext::new();
    t.edge.refuses::<ExecInDeployment>(&exec::Error::NoReplica);
    patr_snapshot!(t.patr("exec web --replica ffff -- ls"), @"
    exit code: 1
    ----- stderr -----
    error: no such replica runs

    hint: `patr deployment show` lists those that do
    ");
}

#[test]
fn a_runner_that_is_away_runs_nothing() {
    let t = TestContext::new();
    t.edge.refuses::<ExecInDeployment>(&exec::Error::RunnerAway { runner: "home".to_owned() });
    patr_snapshot!(t.patr("exec web -- ls"), @"
    exit code: 1
    ----- stderr -----
    error: its runner `home` is not connected, and commands run there

    hint: `patr runner show home` says since when
    ");
}

#[test]
fn a_slip_in_a_name_suggests_the_deployment() {
    let t = TestContext::new();
    let missing = Common::NotFound { noun: "deployment".to_owned(), name: "wbe".to_owned() };
    t.edge.refuses_commonly::<ExecInDeployment>(&missing);
    t.edge.answers::<ListDeployments>(page(vec![deployment("web")]));
    patr_snapshot!(t.patr("exec wbe -- ls"), @"
    exit code: 4
    ----- stderr -----
    error: there is no deployment `wbe` here

    hint: did you mean `web`?
    ");
}

#[test]
fn a_command_is_needed() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("exec web"), @"
    exit code: 2
    ----- stderr -----
    error: the following required arguments were not provided:
      <COMMAND>...

    Usage: patr exec --url <URL> --workspace <WORKSPACE> <NAME> -- <COMMAND>...

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("exec web ls"), @"
    exit code: 2
    ----- stderr -----
    error: unexpected argument 'ls' found

    Usage: patr exec [OPTIONS] <NAME> -- <COMMAND>...

    For more information, try '--help'.
    ");
}

#[test]
fn ctrl_c_without_a_terminal_ends_it() {
    let t = running([writes(output::STDERR, "begun\n"), Turn::Hears("end_of_input"), Turn::Waits]);
    let mut patr = t.patr("exec web -- sleep 1000");
    let child = patr.start();
    t.edge.wait_for::<ExecInDeployment>(1);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ran = patr.ended(child);
    assert_eq!(ran.code, 130, "{ran}");
}

#[test]
fn a_terminal_passes_each_key_and_its_size_and_is_given_back() {
    let t = running([
        writes(output::STDOUT, "$ "),
        Turn::HearsBytes,
        writes(output::STDOUT, "typed"),
        Turn::Hears("resize"),
        ends(3),
    ]);
    let mut terminal = Terminal::open(100, 30);
    let mut patr = t.patr("exec web -- sh").on(&terminal);
    let child = patr.start();
    terminal.shows("$ ");
    assert!(!terminal.edits_lines());
    terminal.types("\u{3}");
    terminal.shows("typed");
    terminal.resize(120, 40);
    let ran = patr.ended(child);
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""));
    assert!(terminal.edits_lines(), "it is as the shell left it");
    assert_eq!(input(&t), "\u{3}", "Ctrl-C is for the command");
    assert_eq!(words(&t), [ToCommand::Resize { size: Size { columns: 120, rows: 40 } }]);
    let query = t.edge.asked_once::<ExecInDeployment>().call.query;
    assert_eq!((query.columns, query.rows), (Some(100), Some(30)));
}

#[test]
fn a_terminal_is_given_back_to_who_ends_patr() {
    let t = running([writes(output::STDOUT, "$ "), Turn::Waits]);
    let mut terminal = Terminal::open(80, 24);
    let mut patr = t.patr("exec web -- sh").on(&terminal);
    let child = patr.start();
    terminal.shows("$ ");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let ran = patr.ended(child);
    assert_eq!(ran.code, 130, "{ran}");
    assert!(terminal.edits_lines());
}

#[test]
fn a_terminal_can_be_refused_and_forced() {
    let t = running([writes(output::STDOUT, "out"), ends(0)]);
    let mut terminal = Terminal::open(80, 24);
    let mut patr = t.patr("exec web --no-tty -- ls").on(&terminal);
    let child = patr.start();
    terminal.shows("out");
    assert_eq!(patr.ended(child).code, 0);
    assert_eq!(t.edge.asked_once::<ExecInDeployment>().call.query.columns, None);

    let t = running([ends(0)]);
    assert_eq!(t.patr("exec web -t -- ls").run().code, 0);
    assert!(t.edge.asked_once::<ExecInDeployment>().call.query.columns.is_some());
}
