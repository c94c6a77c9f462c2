//! What becomes of a tab whose machine sleeps, whose network goes, whose connection is dead or closed by the edge, and which is
//! older than the dashboard that the edge serves.

use patr_models::live::close;
use patr_stories::{Browser, Dashboard, Edge, Program, eventually};
use serde_json::json;

use super::live::{HIDE, KEEP_SOCKETS, NO_TURNS, SHOWN};
use crate::accounts::Person;

/// Time passes for the page while nothing of it runs, as on a machine that sleeps: its clock is ahead by what is added.
const SLEEP: &str = "
    const real = Date.now;
    window.slept = 0;
    Date.now = () => real() + window.slept;
";

/// The first connection is dead once the page says so: nothing is sent on it, nothing heard, and nobody closes it.
const DEAF: &str = "
    window.sockets = [];
    const Open = window.WebSocket;
    window.WebSocket = class extends Open {
        constructor(...given) {
            super(...given);
            window.sockets.push(this);
            const isDead = () => window.isDead && window.sockets[0] === this;
            this.addEventListener('message', event => isDead() && event.stopImmediatePropagation());
            const send = this.send.bind(this);
            this.send = text => isDead() || send(text);
        }
    };
";

/// Heartbeats come sooner than every twenty seconds, and nothing is asked for by turns.
const SOON: &str = "
    const every = window.setInterval;
    window.setInterval = (run, time, ...rest) => time === 3000 ? 0 : every(run, time > 3000 ? 1000 : time, ...rest);
";

/// Nothing is loaded ahead of time.
const NOTHING_AHEAD: &str = "
    const after = window.setTimeout;
    window.setTimeout = (run, time, ...rest) => time === 2000 ? 0 : after(run, time, ...rest);
";

const FOLLOW: &str = "
    const link = Object.assign(document.createElement('a'), { href: given[0] });
    document.body.append(link);
    link.click();
";

const SCRIPT: &str = "return document.querySelector('script[type=module]').getAttribute('src')";

impl Person<'_> {
    /// Looks at secrets in a page that these scripts run in first, and is told of changes.
    async fn watches_secrets(&self, first: &[&str]) {
        for script in first {
            self.browser.run_first(script).await;
        }
        self.logs_in().await;
        self.visits("/w/acme/secrets").await;
        self.is_told().await;
    }

    /// Waits until there were so many connections, and the last is open.
    async fn has_connected(&self, times: u64) {
        eventually("another connection", async || {
            let seen = "return [window.sockets.length, window.sockets.at(-1).readyState]";
            let seen = self.browser.run(seen, Vec::new()).await;
            if seen[0].as_u64() >= Some(times) && seen[1] == json!(1) { Ok(()) } else { Err(seen) }
        })
        .await;
    }

    async fn runs(&self, script: &str) {
        self.browser.run(script, Vec::new()).await;
    }

    /// Waits until the page is one of this dashboard, and shows a view of it.
    async fn is_at(&self, dashboard: &Dashboard, heading: &str) {
        eventually("the other dashboard", async || {
            let script =
                self.browser.window.execute(SCRIPT, Vec::new()).await.map_err(|error| error.to_string())?;
            if script == json!(dashboard.script()) { Ok(()) } else { Err(script.to_string()) }
        })
        .await;
        self.reads("h1", heading).await;
    }
}

#[tokio::test]
async fn a_tab_of_a_machine_that_slept_asks_before_it_shows_anything_as_of_now() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.watches_secrets(&[NO_TURNS, DEAF, SLEEP]).await;
    // What happens now is not heard.
    ada.runs("window.isDead = true").await;
    Program::of(&edge, &owner).with_input(&["secret", "set", "meanwhile"], b"value").await;
    ada.runs("window.slept = 3600_000").await;
    assert_eq!(browser.run(SHOWN, vec![json!("meanwhile")]).await, json!(true));
    browser.close().await;
}

#[tokio::test]
async fn a_connection_that_is_dead_is_found_out_by_its_heartbeat() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.watches_secrets(&[SOON, DEAF]).await;
    ada.runs("window.isDead = true").await;
    Program::of(&edge, &owner).with_input(&["secret", "set", "meanwhile"], b"value").await;
    ada.has_connected(2).await;
    ada.reads("td", "meanwhile").await;
    browser.close().await;
}

#[tokio::test]
async fn a_tab_without_a_network_says_since_when_and_catches_up() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.watches_secrets(&[KEEP_SOCKETS]).await;
    browser.has_network(false).await;
    ada.reads(".old", "As of").await;
    Program::of(&edge, &owner).with_input(&["secret", "set", "meanwhile"], b"value").await;
    browser.has_network(true).await;
    ada.reads("td", "meanwhile").await;
    ada.sees_no(".old").await;
    ada.has_connected(2).await;
    browser.close().await;
}

#[tokio::test]
async fn a_connection_that_the_edge_ends_is_made_anew_at_once() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let bobs = edge.person("bob").await;
    let link = Program::of(&edge, &owner).run(&["member", "invite", "viewer"]).await;
    Program::of(&edge, &bobs).run(&["join", link.trim(), "--url", &edge.url()]).await;
    let bob = Person { browser: &browser, edge: &edge, email: "bob@example.com" };
    for script in [NO_TURNS, KEEP_SOCKETS] {
        browser.run_first(script).await;
    }
    bob.logs_in().await;
    bob.visits("/w/acme/runners").await;
    bob.is_told().await;
    bob.runs("window.sockets.at(-1).addEventListener('close', event => window.code = event.code)").await;
    // What he may do changes.
    let program = Program::of(&edge, &owner);
    program.run(&["member", "set-roles", "bob@example.com", "admin"]).await;
    bob.has_connected(2).await;
    assert_eq!(browser.run("return window.code", Vec::new()).await, json!(close::RENEW));
    bob.reads("a.primary", "Add a runner").await;

    // Silence of a minute is too long to wait for.
    let silent = format!(
        "window.sockets.at(-1).dispatchEvent(new CloseEvent('close', {{ code: {} }}))",
        close::SILENT
    );
    bob.runs(&silent).await;
    bob.has_connected(3).await;
    program.run(&["runner", "add", "home"]).await;
    bob.reads("td", "home").await;
    browser.close().await;
}

#[tokio::test]
async fn a_tab_that_stays_open_over_a_deploy_goes_on_and_is_of_the_new_dashboard_with_the_next_view() {
    let Some(browser) = Browser::open().await else { return };
    let mut edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.watches_secrets(&[KEEP_SOCKETS]).await;
    ada.fills("input[name=name]", "half-typed").await;

    let newer = Dashboard::other();
    edge.kill().await;
    edge.restart_with(&newer).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.is_told().await;
    Program::of(&edge, &owner).with_input(&["secret", "set", "afterwards"], b"value").await;
    ada.reads("td", "afterwards").await;
    // Nothing of it was taken away under somebody's hands.
    let typed = browser.run("return document.querySelector('input[name=name]').value", Vec::new()).await;
    assert_eq!(typed, json!("half-typed"));
    assert_ne!(browser.run(SCRIPT, Vec::new()).await, json!(newer.script()));
    ada.opens("URLs").await;
    ada.is_at(&newer, "URLs").await;
    browser.close().await;
}

#[tokio::test]
async fn a_view_that_was_not_loaded_before_a_deploy_comes_from_the_new_dashboard() {
    let Some(browser) = Browser::open().await else { return };
    let mut edge = Edge::start().await;
    edge.owner("ada", "acme").await;
    browser.run_first(NOTHING_AHEAD).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    // Nobody looks, so nothing is noticed until the view is wanted.
    browser.run(HIDE, vec![json!(true)]).await;

    let newer = Dashboard::other();
    edge.kill().await;
    edge.restart_with(&newer).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    browser
        .window
        .execute(FOLLOW.replace("given", "arguments").as_str(), vec![json!("/w/acme/audit")])
        .await
        .unwrap();
    ada.is_at(&newer, "Audit log").await;
    browser.close().await;
}

#[tokio::test]
async fn a_part_that_does_not_come_is_said_and_asked_for_again() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    edge.owner("ada", "acme").await;
    browser.run_first(NOTHING_AHEAD).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    browser.has_network(false).await;
    browser.run(FOLLOW, vec![json!("/w/acme/audit")]).await;
    ada.reads("[role=alert]", "does not come").await;
    browser.has_network(true).await;
    ada.chooses("main button", "Ask for it again").await;
    ada.reads("h1", "Audit log").await;
    browser.close().await;
}
