//! The dashboard in a real browser: the first hour of somebody who has a machine and an image.

mod pages;

use fantoccini::{Locator, elements::Element};
use patr_stories::{Agent, Browser, Edge, Program, eventually, example_image, runner::CleanUp};

use crate::accounts::Person;

impl Person<'_> {
    /// Waits until something with these words is there, and to be seen.
    async fn reads(&self, css: &str, words: &str) -> Element {
        eventually(words, async || {
            let found =
                self.browser.window.find_all(Locator::Css(css)).await.map_err(|error| error.to_string())?;
            let mut seen = Vec::new();
            for element in found {
                // What is drawn anew meanwhile is looked for again.
                let text = element.text().await.map_err(|error| error.to_string())?;
                if text.contains(words) && element.is_displayed().await.unwrap_or_default() {
                    return Ok(element);
                }
                seen.push(text);
            }
            Err(format!("{seen:?}"))
        })
        .await
    }

    /// Presses what has these words on it.
    async fn chooses(&self, css: &str, words: &str) {
        eventually(words, async || {
            let found = self.reads(css, words).await;
            found.click().await.map_err(|error| error.to_string())
        })
        .await;
    }

    /// Puts text in the place of what a field holds.
    async fn fills(&self, css: &str, text: &str) {
        let field = self.sees(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    async fn logs_in(&self) {
        self.goes_to("/").await;
        self.gives_the_password().await;
        self.reads("h1", "acme").await;
    }
}

#[tokio::test]
async fn somebody_adds_a_machine_deploys_breaks_it_reads_why_and_goes_back() {
    let (Some(image), Some(browser)) = (example_image(), Browser::open().await) else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;

    ada.chooses("nav a", "Runners").await;
    ada.chooses("a.primary", "Add a runner").await;
    ada.fills("input[name=name]", "home").await;
    ada.chooses("form button", "Add a runner").await;
    ada.reads("h2", "Waiting for it to connect").await;
    let token = ada.reads(".command code", "patr_r_").await.text().await.unwrap();
    let _agent = Agent::start(&edge, &token);
    ada.reads("h2", "It is connected").await;

    ada.chooses("a.primary", "Deploy an image").await;
    ada.fills("input[name=image]", &image).await;
    ada.fills("input[name=name]", "web").await;
    ada.fills("input[name=ports]", "8080").await;
    ada.chooses("form button", "Deploy").await;
    ada.reads(".cause.good", "1 replica serves").await;
    let _clean_up = CleanUp(owner.deployment("web").await.id.to_string());
    assert_eq!(edge.get("web-acme", "/").await.0, 200);

    ada.chooses(".tabs a", "Environment").await;
    ada.fills("textarea[name=env]", "CRASH=yes").await;
    ada.chooses("form button", "Deploy with these").await;
    ada.chooses(".tabs a", "Status").await;
    ada.reads(".cause.bad", "code 3").await;
    ada.reads(".cause.bad", "Release 1 still serves").await;
    ada.reads(".cause .log", "CRASH is set").await;
    assert_eq!(edge.get("web-acme", "/").await.0, 200);

    ada.chooses(".tabs a", "Releases").await;
    ada.reads("td", "env: +CRASH").await;
    ada.chooses("td button", "Roll back").await;
    ada.chooses("dialog button.danger", "Roll back").await;
    ada.chooses(".tabs a", "Status").await;
    ada.reads(".cause.good", "1 replica serves").await;

    // What is done on the command line shows here by itself.
    Program::of(&edge, &owner).run(&["deployment", "scale", "web", "2", "--no-wait"]).await;
    ada.reads(".cause.good", "2 replicas serve").await;
    ada.chooses(".tabs a", "Logs").await;
    ada.sees("[role=log]").await;
    browser.close().await;
}

#[tokio::test]
async fn somebody_is_invited_joins_and_is_offered_no_more_than_they_may_do() {
    let (Some(adas), Some(bobs)) = (Browser::open().await, Browser::open().await) else { return };
    let edge = Edge::start().await;
    edge.owner("ada", "acme").await;
    let bobs_account = edge.person("bob").await;
    let ada = Person { browser: &adas, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;

    ada.chooses("nav a", "Members").await;
    ada.chooses("form button", "Make a link").await;
    let link = ada.reads(".command code", "/join#").await.text().await.unwrap();
    Program::of(&edge, &bobs_account).run(&["join", link.trim(), "--url", &edge.url()]).await;
    ada.reads("td", "bob@example.com").await;

    let bob = Person { browser: &bobs, edge: &edge, email: "bob@example.com" };
    bob.logs_in().await;
    bob.chooses("nav a", "Deployments").await;
    bob.reads("h2", "No deployment yet").await;
    assert!(
        bobs.window.find(Locator::Css("a.primary")).await.is_err(),
        "a viewer is offered nothing to make"
    );
    bob.goes_to("/w/acme/new/deployments").await;
    bob.reads("main p", "Ask somebody who may do this").await;
    bob.goes_to("/w/elsewhere").await;
    bob.reads("[role=alert]", "there is no workspace `elsewhere` here").await;
    adas.close().await;
    bobs.close().await;
}
