//! What a deployment was asked, in a tab that is open meanwhile.

use std::net::SocketAddr;

use fantoccini::Locator;
use patr_stories::{Agent, Browser, Edge, Program, eventually, example_image, exchange, runner::CleanUp};
use serde_json::json;

use crate::accounts::Person;

/// Lines of the log.
const LINES: &str = "[role=log] p:has(time)";

#[tokio::test]
async fn who_looks_at_the_requests_of_a_deployment_sees_each_as_it_ends_and_finds_those_that_failed() {
    let (Some(image), Some(browser)) = (example_image(), Browser::open().await) else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let _agent = Agent::start(&edge, &owner.add_runner("box").await);
    let program = Program::of(&edge, &owner);
    program.run(&["deploy", &image, "--name", "web", "--port", "8080", "--runner", "box"]).await;
    let _clean_up = CleanUp(owner.deployment("web").await.id.to_string());
    assert_eq!(edge.get("web-acme", "/answer?status=204&before").await.0, 204);
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    ada.visits("/w/acme/deployments/web").await;
    ada.chooses(".tabs a", "Requests").await;
    ada.reads(LINES, "before").await;

    // While somebody looks.
    assert_eq!(edge.get("web-acme", "/answer?status=418&teapot").await.0, 418);
    let line = ada.reads(LINES, "teapot").await.text().await.unwrap();
    assert!(line.contains("418 GET web-acme.localhost") && line.contains(" ms"), "{line}");
    ada.finds_it_accessible("the requests").await;

    let shown = async || browser.window.find_all(Locator::Css(LINES)).await.unwrap().len();
    ada.chooses("select[name=status] option", "400 and above").await;
    ada.reads(LINES, "teapot").await;
    assert_eq!(shown().await, 1);
    ada.fills(".filters input[type=search]", "no such thing").await;
    ada.reads("[role=log]", "No line").await;
    ada.fills(".filters input[type=search]", "teapot").await;
    ada.reads(LINES, "teapot").await;
    // Emptied by a key: WebDriver empties a field without the event that typing has.
    ada.fills(".filters input[type=search]", "t\u{e003}").await;
    ada.chooses("select[name=status] option", "Any").await;
    ada.reads(LINES, "before").await;

    // As no browser would write it.
    let ask = format!(
        "GET /<img/src=x/onerror=window.wrong=1>?<script>window.wrong=1</script> HTTP/1.1\r\n\
         host: web-acme.localhost:{}\r\nconnection: close\r\n\r\n",
        edge.port
    );
    exchange::say(SocketAddr::from(([127, 0, 0, 1], edge.port)), ask.as_bytes()).await;
    ada.reads(LINES, "onerror").await;
    ada.is_unharmed("a path").await;

    // Nothing comes while it is paused, and then what was missed does.
    ada.chooses(".filters button", "Pause").await;
    assert_eq!(edge.get("web-acme", "/answer?meanwhile").await.0, 200);
    assert!(ada.looks_for(LINES, "meanwhile").await.is_err());
    ada.chooses(".filters button", "Follow").await;
    ada.reads(LINES, "meanwhile").await;
    browser.close().await;
}

/// Counts the answers that are still read in the page.
const COUNT_READERS: &str = "
    window.reading = 0;
    const ask = window.fetch;
    window.fetch = async (url, init) => {
        if (!/[/](logs|requests)[?]/.test(url)) return ask(url, init);
        window.reading += 1;
        init.signal.addEventListener('abort', () => window.reading -= 1);
        return ask(url, init);
    };
";

#[tokio::test]
async fn a_tab_that_is_left_reads_no_log_any_more() {
    let (Some(image), Some(browser)) = (example_image(), Browser::open().await) else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let _agent = Agent::start(&edge, &owner.add_runner("box").await);
    let program = Program::of(&edge, &owner);
    program.run(&["deploy", &image, "--name", "web", "--port", "8080", "--runner", "box"]).await;
    let _clean_up = CleanUp(owner.deployment("web").await.id.to_string());
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    browser.run_first(COUNT_READERS).await;
    ada.logs_in().await;
    let are_read = async |count: u64| {
        eventually("answers that are read", async || {
            match browser.run("return window.reading", Vec::new()).await {
                reading if reading == json!(count) => Ok(()),
                reading => Err(reading),
            }
        })
        .await;
    };
    // One for each view: a browser has six connections to a host.
    for view in ["logs", "requests", "logs", "requests", "logs", "requests", "logs", "requests"] {
        ada.visits(&format!("/w/acme/deployments/web/{view}")).await;
        if view == "logs" {
            ada.reads("[role=log] p", "listening").await;
        }
    }
    assert_eq!(edge.get("web-acme", "/answer?now").await.0, 200);
    ada.reads(LINES, "now").await;
    are_read(1).await;
    ada.visits("/w/acme/deployments/web/settings").await;
    are_read(0).await;
    browser.close().await;
}
