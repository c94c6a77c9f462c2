//! What a tab shows while things happen elsewhere: to what it shows, to the edge, and to a runner.

use fantoccini::Locator;
use patr_stories::{Agent, Browser, Edge, Program, eventually, example_image, runner::CleanUp};
use serde_json::json;
use tokio::time::Instant;

use crate::accounts::Person;

/// Nothing is asked for by turns: no timer of more than two seconds goes off.
pub(super) const NO_TURNS: &str = "
    const every = window.setInterval;
    window.setInterval = (run, time, ...rest) => time > 2000 ? 0 : every(run, time, ...rest);
";

/// Keeps all WebSockets of the page where a story finds them.
pub(super) const KEEP_SOCKETS: &str = "
    window.sockets = [];
    const Open = window.WebSocket;
    window.WebSocket = class extends Open { constructor(...given) { super(...given); window.sockets.push(this); } };
";

/// No connection comes about.
const NO_SOCKETS: &str = "
    window.WebSocket = class { constructor() { throw new Error('not today'); } };
";

/// Has the next request whose address has this in it come to nothing.
const FAIL_ONE: &str = "
    const ask = window.fetch;
    window.fetch = (url, init) => {
        if (!String(url).includes(given[0])) return ask(url, init);
        window.fetch = ask;
        return Promise.reject(new TypeError('not today'));
    };
";

/// Says to the page whether anybody can see it.
pub(super) const HIDE: &str = "
    Object.defineProperty(document, 'hidden', { value: given[0], configurable: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
";

/// Waits until a text is on the screen.
pub(super) const SHOWN: &str = "
    while (!document.querySelector('main').innerText.includes(given[0])) await new Promise(requestAnimationFrame);
    return true;
";

impl Person<'_> {
    pub(super) async fn sees_no(&self, css: &str) {
        eventually(css, async || match self.browser.window.find_all(Locator::Css(css)).await {
            Ok(found) if found.is_empty() => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }

    /// Waits until the edge tells this tab of changes.
    pub(super) async fn is_told(&self) {
        eventually("an open socket", async || {
            let is_open = "return window.sockets.some(socket => socket.readyState === WebSocket.OPEN)";
            let is_open = self.browser.run(is_open, Vec::new()).await;
            if is_open == json!(true) { Ok(()) } else { Err(is_open) }
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_done_elsewhere_is_shown_without_being_asked_for() {
    let (Some(image), Some(browser)) = (example_image(), Browser::open().await) else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    browser.run_first(NO_TURNS).await;
    ada.logs_in().await;
    let program = Program::of(&edge, &owner);

    ada.visits("/w/acme/secrets").await;
    for name in ["api-key", "db-password"] {
        let done = async {
            program.with_input(&["secret", "set", name], b"value").await;
            Instant::now()
        };
        let shown = async {
            assert_eq!(browser.run(SHOWN, vec![json!(name)]).await, json!(true));
            Instant::now()
        };
        let (done, shown) = tokio::join!(done, shown);
        println!("shown {:?} after the command has ended", shown.saturating_duration_since(done));
    }

    // A runner comes, a container starts, a replica is ready: the agent reports it.
    ada.visits("/w/acme/runners").await;
    let mut agent = Agent::start(&edge, &owner.add_runner("box").await);
    ada.reads("td", "Connected").await;
    ada.visits("/w/acme/deployments").await;
    program.run(&["deploy", &image, "--name", "web", "--port", "8080", "--runner", "box", "--no-wait"]).await;
    let _clean_up = CleanUp(owner.deployment("web").await.id.to_string());
    ada.reads("td", "Live").await;
    ada.visits("/w/acme/deployments/web").await;
    program.run(&["deployment", "scale", "web", "2", "--no-wait"]).await;
    ada.reads(".cause.good", "2 replicas serve").await;
    // What is not known is not shown as if it were.
    agent.kill().await;
    ada.reads(".cause.warning", "Unknown").await;
    agent.restart();
    ada.reads(".cause.good", "2 replicas serve").await;

    // Another workspace is listened to as soon as it is looked at.
    program.run(&["workspace", "create", "other"]).await;
    ada.visits("/w/other/secrets").await;
    let other = Program::of(&edge, &owner.in_workspace("other"));
    other.with_input(&["secret", "set", "elsewhere"], b"value").await;
    ada.reads("td", "elsewhere").await;
    browser.close().await;
}

#[tokio::test]
async fn a_tab_that_nobody_sees_hears_of_nothing_and_has_caught_up_when_it_is_seen() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    browser.run_first(NO_TURNS).await;
    browser.run_first(KEEP_SOCKETS).await;
    ada.logs_in().await;
    ada.visits("/w/acme/secrets").await;
    ada.is_told().await;
    browser.run(HIDE, vec![json!(true)]).await;
    let open = "return window.sockets.filter(socket => socket.readyState <= WebSocket.OPEN).length";
    assert_eq!(browser.run(open, Vec::new()).await, json!(0));
    Program::of(&edge, &owner).with_input(&["secret", "set", "meanwhile"], b"value").await;
    browser.run(HIDE, vec![json!(false)]).await;
    ada.reads("td", "meanwhile").await;
    ada.is_told().await;
    browser.close().await;
}

#[tokio::test]
async fn what_is_done_elsewhere_is_asked_for_where_the_edge_cannot_tell() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    browser.run_first(NO_SOCKETS).await;
    ada.logs_in().await;
    ada.visits("/w/acme/secrets").await;
    Program::of(&edge, &owner).with_input(&["secret", "set", "api-key"], b"value").await;
    ada.reads("td", "api-key").await;
    browser.close().await;
}

#[tokio::test]
async fn a_tab_that_stays_open_over_a_restart_of_the_edge_says_what_is_old_and_recovers_by_itself() {
    let Some(browser) = Browser::open().await else { return };
    let mut edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    browser.run_first(KEEP_SOCKETS).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    ada.visits("/w/acme/secrets").await;
    ada.is_told().await;

    edge.kill().await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.reads(".old", "As of").await;
    edge.restart().await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.sees_no(".old").await;
    ada.is_told().await;
    Program::of(&edge, &owner).with_input(&["secret", "set", "api-key"], b"value").await;
    ada.reads("td", "api-key").await;
    browser.close().await;
}

#[tokio::test]
async fn what_a_form_asks_for_once_is_asked_for_again_until_it_is_answered() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    edge.owner("ada", "acme").await.add_runner("box").await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    ada.visits("/w/acme/roles").await;
    browser.run(FAIL_ONE, vec![json!("/runners?")]).await;
    ada.visits("/w/acme/new/deployments").await;
    ada.reads("form button", "Deploy").await;
    let is_used_up = "return /native code/.test(Function.prototype.toString.call(window.fetch))";
    assert_eq!(browser.run(is_used_up, Vec::new()).await, json!(true));
    browser.close().await;
}
