//! A terminal in the browser, at a shell in a container of a real Engine.

use fantoccini::{
    Locator,
    actions::{InputSource, KeyAction, KeyActions},
};
use patr_stories::{
    Agent, Browser, Docker, Edge, Program, debian_image, eventually,
    runner::{CleanUp, containers},
};
use serde_json::{Value, json};

use super::{DESKTOP, PHONE, Screen, said};
use crate::accounts::Person;

const VIEW: &str = "/w/acme/deployments/web/terminal";

/// Notes what the page's policy has refused and what a program could have made the page do, and keeps its WebSockets.
const NOTE: &str = "
    window.refused = [];
    document.addEventListener('securitypolicyviolation', event => refused.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));
    window.wrong = null;
    window.open = (...given) => { window.wrong = ['open', ...given]; return null; };
    window.confirm = (...given) => { window.wrong = ['confirm', ...given]; return true; };
    navigator.clipboard.writeText = async text => { window.wrong = ['copied', text]; };
    window.sockets = [];
    const Open = window.WebSocket;
    window.WebSocket = class extends Open { constructor(...given) { super(window.blocked ? given[0].replace('/exec?', '/nothing?') : given[0]); window.sockets.push(this); } };
";

/// What is on the screen, as it is read to people.
const LINES: &str = r"
    const rows = [...document.querySelectorAll('.xterm-accessibility-tree > div')];
    return rows.map(row => row.textContent.replaceAll('\u00a0', ' ').trimEnd());
";

/// How many commands this page is connected to.
const CONNECTED: &str = "return sockets.filter(socket => socket.url.includes('/exec?') && socket.readyState <= WebSocket.OPEN).length";

/// Somebody's machine, with a deployment on it that has a shell.
struct Machine {
    edge: Edge,
    program: Program,
    agent: Agent,
    deployment: String,
    _clean_up: CleanUp,
}

impl Machine {
    async fn with(image: &str) -> Self {
        let edge = Edge::start().await;
        let owner = edge.owner("ada", "acme").await;
        let agent = Agent::start(&edge, &owner.add_runner("box").await);
        let program = Program::of(&edge, &owner);
        program
            .run(&["deploy", image, "--name", "web", "--runner", "box", "--command", "sleep infinity"])
            .await;
        let deployment = owner.deployment("web").await.id.to_string();
        let _clean_up = CleanUp(deployment.clone());
        Self { edge, program, agent, deployment, _clean_up }
    }

    fn ada<'a>(&'a self, browser: &'a Browser) -> Person<'a> {
        Person { browser, edge: &self.edge, email: "ada@example.com" }
    }

    /// Waits until a program runs in the container, or does not any more.
    async fn runs(&self, program: &str, wanted: bool) {
        eventually(program, async || {
            let container = containers(&self.deployment).pop().unwrap_or_default();
            let processes = Docker::of_the_machine().run(&["top", &container, "-eo", "pid,args"], "");
            if processes.contains(program) == wanted { Ok(()) } else { Err(processes) }
        })
        .await;
    }
}

impl Person<'_> {
    async fn opens_the_terminal_at(&self, screen: Screen) {
        self.browser.run_first(NOTE).await;
        self.logs_in_at(screen).await;
        self.visits(VIEW).await;
        self.sees("#terminal-button:not(:disabled)").await;
    }

    pub(super) async fn connects(&self) {
        self.presses("#terminal-button").await;
        self.reads("[role=status]", "Connected.").await;
        self.reads_on_screen("a prompt", |lines| lines.iter().any(|line| line.ends_with(['#', '$']))).await;
    }

    /// Presses keys for whatever has the focus. A field that is not to be seen takes none of WebDriver's own.
    async fn types_keys(&self, keys: &str) {
        let mut actions = KeyActions::new("keys".to_owned());
        for value in keys.chars() {
            actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.browser.window.perform_actions(actions).await.unwrap();
    }

    /// Types a line, and Enter.
    pub(super) async fn enters(&self, line: &str) {
        self.types_keys(&format!("{line}\u{e007}")).await;
    }

    /// Holds Ctrl, and Shift where it is wanted, while another key is pressed.
    async fn presses_with_ctrl(&self, shift: bool, value: char) {
        let held: &[char] = if shift { &['\u{e009}', '\u{e008}'] } else { &['\u{e009}'] };
        let mut actions = KeyActions::new("keys".to_owned());
        for &value in held.iter().chain([&value]) {
            actions = actions.then(KeyAction::Down { value });
        }
        for &value in [&value].into_iter().chain(held.iter().rev()) {
            actions = actions.then(KeyAction::Up { value });
        }
        self.browser.window.perform_actions(actions).await.unwrap();
    }

    /// Waits until the screen is as wanted.
    async fn reads_on_screen(&self, what: &str, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        eventually(what, async || {
            let lines: Vec<String> = serde_json::from_value(self.browser.run(LINES, Vec::new()).await)
                .map_err(|error| vec![error.to_string()])?;
            if wanted(&lines) { Ok(lines) } else { Err(lines) }
        })
        .await
    }

    /// Waits until a line of the screen is this.
    pub(super) async fn reads_line(&self, line: &str) -> Vec<String> {
        self.reads_on_screen(line, |lines| lines.iter().any(|seen| seen == line)).await
    }

    /// The program's size of the terminal is that of what is drawn.
    async fn finds_the_size_right(&self) {
        // It is told after the screen has changed, so what was asked too early is asked again.
        eventually("the size of the terminal", async || {
            self.enters("clear; stty size; printf %0$(($(tput cols)+1))d 0 | tr 0 x; echo").await;
            let lines = self
                .reads_on_screen("a line that is one too long", |lines| {
                    lines.iter().any(|line| line == "x") && lines.iter().any(|line| line.starts_with("xx"))
                })
                .await;
            let columns = lines.iter().find(|line| line.starts_with("xx")).unwrap().len();
            if lines.contains(&format!("{} {columns}", lines.len())) { Ok(()) } else { Err(lines) }
        })
        .await;
    }

    /// The page's policy had nothing to refuse, and nothing was done that only a person may do.
    async fn finds_nothing_wrong(&self) {
        let found = self.browser.run("return [refused, window.wrong, document.title]", Vec::new()).await;
        assert_eq!(found, json!([[], Value::Null, "web · Patr"]));
        self.is_unharmed("the terminal").await;
    }
}

/// At a screen of this kind: typing, colours, another size, an end, another beginning.
async fn a_shell_is_used_at(screen: Screen) {
    let (Some(image), Some(browser)) = (debian_image(), Browser::open().await) else { return };
    let machine = Machine::with(&image).await;
    let ada = machine.ada(&browser);
    ada.opens_the_terminal_at(screen).await;
    ada.reads(".tabs a[aria-current]", "Terminal").await;
    ada.finds_it_accessible("no command yet").await;
    ada.connects().await;
    ada.enters("echo it is $((6*7))").await;
    ada.reads_line("it is 42").await;

    ada.enters(r"clear; printf '\033[48;2;10;200;10mgreen\033[m \033[31mred\033[m\n'").await;
    ada.reads_line("green red").await;
    let colours = "
        const found = text => [...document.querySelectorAll('.xterm-rows span')].find(span => span.textContent === text);
        return [getComputedStyle(found('green')).backgroundColor, getComputedStyle(found('red')).color !== getComputedStyle(found('green')).color];
    ";
    assert_eq!(browser.run(colours, Vec::new()).await, json!(["rgb(10, 200, 10)", true]));
    ada.finds_it_accessible("a shell").await;
    ada.finds_nothing_wrong().await;

    ada.finds_the_size_right().await;
    browser.resize(screen.width + 200, 600).await;
    ada.finds_the_size_right().await;
    browser.resize(screen.width, 800).await;

    ada.enters("exit 3").await;
    ada.reads("[role=status]", "ended with exit code 3").await;
    ada.reads("#terminal-button", "Connect again").await;
    ada.finds_it_accessible("a command that has ended").await;
    ada.connects().await;
    let lines =
        ada.reads_on_screen("a new screen", |lines| lines.iter().any(|line| line.ends_with('#'))).await;
    assert!(!lines.iter().any(|line| line.contains("exit 3")), "{lines:?}");
    browser.close().await;
}

#[tokio::test]
async fn a_shell_is_used_at_a_desk_in_light_colours() {
    a_shell_is_used_at(DESKTOP).await;
}

#[tokio::test]
async fn a_shell_is_used_on_a_phone_in_dark_colours() {
    a_shell_is_used_at(PHONE).await;
}

#[tokio::test]
async fn who_leaves_ends_what_runs_there_and_the_keyboard_leads_out() {
    let (Some(image), Some(browser)) = (debian_image(), Browser::open().await) else { return };
    let machine = Machine::with(&image).await;
    let ada = machine.ada(&browser);
    ada.opens_the_terminal_at(DESKTOP).await;
    ada.connects().await;
    let focus = "return document.activeElement.id || document.activeElement.className";
    // Tab is the shell's.
    ada.types_keys("\u{e004}").await;
    assert_eq!(browser.run(focus, Vec::new()).await, json!("xterm-helper-textarea"));
    ada.presses_with_ctrl(true, '\u{e007}').await;
    assert_eq!(browser.run(focus, Vec::new()).await, json!("terminal-button"));
    // Back in, and out by what the button says.
    ada.presses(".tty .xterm-screen").await;
    ada.enters("sleep 4321").await;
    machine.runs("sleep 4321", true).await;
    ada.presses("#terminal-button").await;
    ada.reads("[role=status]", "Disconnected").await;
    machine.runs("sleep 4321", false).await;

    ada.connects().await;
    ada.enters("sleep 1234").await;
    machine.runs("sleep 1234", true).await;
    ada.chooses(".tabs a", "Status").await;
    ada.sees(".cause").await;
    assert_eq!(browser.run(CONNECTED, Vec::new()).await, json!(0));
    machine.runs("sleep 1234", false).await;
    browser.close().await;
}

#[tokio::test]
async fn what_a_program_writes_commands_nothing_but_the_screen() {
    let (Some(image), Some(browser)) = (debian_image(), Browser::open().await) else { return };
    let machine = Machine::with(&image).await;
    let ada = machine.ada(&browser);
    ada.opens_the_terminal_at(DESKTOP).await;
    ada.connects().await;
    // The clipboard, a title, another window title, a link, markup.
    ada.enters(r"printf '\033]52;c;c3RvbGVu\007\033]0;stolen\007\033]2;stolen\007\033[22t\033[8;99;99t'")
        .await;
    ada.enters(r"clear; printf '\033]8;;https://evil.example/\033\\link\033]8;;\033\\ <img src=x onerror=window.wrong=1><b>bold</b>\n'").await;
    ada.reads_line("link <img src=x onerror=window.wrong=1><b>bold</b>").await;
    let link = browser.window.find(Locator::Css(".xterm-screen")).await.unwrap();
    link.click().await.unwrap();
    ada.finds_nothing_wrong().await;

    // Without end: the page lives, little is kept, and what interrupts is heard.
    ada.enters("yes this is a line of some length, of which there are a great many").await;
    ada.reads_on_screen("much output", |lines| {
        lines.iter().filter(|line| line.starts_with("this is")).count() > 10
    })
    .await;
    let heap = "return performance.memory.usedJSHeapSize";
    let most = 256 << 20;
    for _ in 0..50 {
        let heap = browser.run(heap, Vec::new()).await.as_u64().unwrap();
        assert!(heap < most, "{heap} bytes are kept");
    }
    ada.presses_with_ctrl(false, 'c').await;
    machine.runs("yes this is", false).await;
    ada.enters("clear; echo still $((1+1))").await;
    ada.reads_line("still 2").await;

    // More than a window at once, into a program that takes its time.
    ada.enters("clear; stty raw -echo; sleep 2; head --bytes 3000000 | wc --bytes; stty sane").await;
    machine.runs("sleep 2", true).await;
    let paste = "
        const pasted = new DataTransfer();
        pasted.setData('text/plain', 'x'.repeat(3000000));
        document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: pasted, bubbles: true }));
    ";
    browser.run(paste, Vec::new()).await;
    ada.reads_on_screen("all of it", |lines| lines.iter().any(|line| line.contains("3000000"))).await;
    ada.finds_nothing_wrong().await;
    browser.close().await;
}

#[tokio::test]
async fn what_does_not_come_about_says_why() {
    let (Some(image), Some(browser)) = (debian_image(), Browser::open().await) else { return };
    let mut machine = Machine::with(&image).await;
    {
        let ada = machine.ada(&browser);
        ada.opens_the_terminal_at(DESKTOP).await;
        ada.fills("input[name=command]", "no-such-shell").await;
        ada.presses("#terminal-button").await;
        ada.reads("main", "no-such-shell").await;
        ada.reads("main", "which need not have a shell").await;
        ada.fills("input[name=command]", "sh -c '").await;
        ada.presses("#terminal-button").await;
        ada.reads("[role=alert]", "a quote is not closed").await;
        ada.fills("input[name=command]", "sh").await;
        ada.connects().await;
    }
    // Its machine loses its power.
    machine.agent.kill().await;
    {
        let ada = machine.ada(&browser);
        ada.reads("[role=alert]", "broke off").await;
        ada.presses("#terminal-button").await;
        ada.reads("[role=alert]", "its runner `box` is not connected").await;
        ada.finds_it_accessible("a refusal").await;
    }
    machine.agent.restart();
    let ada = machine.ada(&browser);
    ada.visits("/w/acme/deployments/web").await;
    ada.reads(".cause.good", "1 replica serves").await;
    machine.program.run(&["deployment", "stop", "web"]).await;
    ada.reads(".cause", "Stopped").await;
    eventually("its container is gone", async || match containers(&machine.deployment) {
        none if none.is_empty() => Ok(()),
        some => Err(some),
    })
    .await;
    ada.visits(VIEW).await;
    ada.presses("#terminal-button:not(:disabled)").await;
    ada.reads("[role=alert]", "no such replica runs").await;
    ada.finds_nothing_wrong().await;
    // Where nothing lets a WebSocket through, that is said, and not what the API says to who asks for none.
    browser.run("window.blocked = true", Vec::new()).await;
    ada.presses("#terminal-button").await;
    ada.reads("[role=alert]", "does not come about").await;
    browser.close().await;
}

#[tokio::test]
async fn who_may_look_is_offered_no_terminal_and_gets_none() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    owner.add_runner("box").await;
    let program = Program::of(&edge, &owner);
    program.run(&["deploy", "nginx:1", "--name", "web", "--runner", "box", "--no-wait"]).await;
    let link = program.run(&["member", "invite", "viewer"]).await;
    let bobs_account = edge.person("bob").await;
    Program::of(&edge, &bobs_account).run(&["join", link.trim(), "--url", &edge.url()]).await;

    let bob = Person { browser: &browser, edge: &edge, email: "bob@example.com" };
    bob.logs_in().await;
    bob.visits("/w/acme/deployments/web").await;
    bob.reads(".tabs a", "Releases").await;
    for tab in browser.window.find_all(Locator::Css(".tabs a")).await.unwrap() {
        assert_ne!(tab.text().await.map_err(said).unwrap(), "Terminal");
    }
    bob.visits(VIEW).await;
    bob.reads("main p", "Ask somebody who may do this").await;
    let path = "/api/v1/workspaces/acme/deployments/web/exec?command=sh";
    let asked = "return [(await fetch(given[0])).status, await new Promise(done => {
        const socket = new WebSocket(location.origin.replace('http', 'ws') + given[0] + '&says_why=true');
        socket.onopen = () => done('opened');
        socket.onclose = event => done(event.code);
    })]";
    assert_eq!(browser.run(asked, vec![json!(path)]).await, json!([403, 1006]));
    browser.close().await;
}
