//! The first hour of somebody who has a machine and an image, at a desk and on a phone, and of somebody who is invited.

use fantoccini::Locator;
use patr_stories::{Agent, Browser, Edge, Program, eventually, example_image, runner::CleanUp};

use super::{DESKTOP, PHONE, Screen};
use crate::accounts::Person;

/// From an empty workspace to a deployment that was broken and is well again, and somebody who may look at it for a while.
async fn first_hour(screen: Screen) {
    let (Some(image), Some(browser)) = (example_image(), Browser::open().await) else { return };
    let edge = Edge::start().await;
    // The account and the workspace are there: signing up is told with the folder that is dropped.
    let owner = edge.owner("ada", "acme").await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in_at(screen).await;
    ada.finds_it_accessible("the overview").await;

    let _agent = ada.adds_a_machine().await;
    ada.deploys(&image).await;
    let _clean_up = CleanUp(owner.deployment("web").await.id.to_string());
    eventually("it answers", async || match edge.get("web-acme", "/").await {
        (200, _) => Ok(()),
        other => Err(other),
    })
    .await;
    ada.breaks_it_and_reads_why().await;
    assert_eq!(edge.get("web-acme", "/").await.0, 200);
    ada.goes_back().await;
    // What is done on the command line shows here by itself.
    Program::of(&edge, &owner).run(&["deployment", "scale", "web", "2", "--no-wait"]).await;
    ada.reads(".cause.good", "2 replicas serve").await;
    ada.chooses(".tabs a", "Logs").await;
    ada.reads("[role=log] p", "listening on port 8080").await;
    ada.finds_it_accessible("the log").await;
    // An agent tells once a minute.
    eventually("it is measured", async || {
        let show = ["deployment", "show", "web", "--metrics", "--output", "json"];
        let measured = Program::of(&edge, &owner).run(&show).await;
        if measured.contains("cpu_millis") { Ok(()) } else { Err(measured) }
    })
    .await;
    ada.chooses(".tabs a", "Metrics").await;
    ada.reads("td", " cores").await;
    ada.finds_it_accessible("the metrics").await;
    ada.invites_and_revokes().await;
    browser.close().await;
}

impl Person<'_> {
    async fn adds_a_machine(&self) -> Agent {
        self.opens("Runners").await;
        self.finds_it_accessible("no runner yet").await;
        self.chooses("a.primary", "Add a runner").await;
        self.fills("input[name=name]", "home").await;
        self.chooses("form button", "Add a runner").await;
        self.reads("h2", "Waiting for it to connect").await;
        self.finds_it_accessible("waiting for a runner").await;
        let token = self.reads(".command code", "patr_r_").await.text().await.unwrap();
        let agent = Agent::start(self.edge, &token);
        self.reads("h2", "It is connected").await;
        self.finds_it_accessible("a runner is there").await;
        agent
    }

    async fn deploys(&self, image: &str) {
        self.chooses("a.primary", "Deploy an image").await;
        self.fills("input[name=image]", image).await;
        self.fills("input[name=name]", "web").await;
        self.fills("input[name=ports]", "8080").await;
        self.finds_it_accessible("a new deployment").await;
        self.chooses("form button", "Deploy").await;
        self.reads(".cause.good", "1 replica serves").await;
        self.finds_it_accessible("it serves").await;
    }

    async fn breaks_it_and_reads_why(&self) {
        self.chooses(".tabs a", "Environment").await;
        self.fills("textarea[name=env]", "CRASH=yes").await;
        self.chooses("form button", "Deploy with these").await;
        self.chooses(".tabs a", "Status").await;
        self.reads(".cause.bad", "code 3").await;
        self.reads(".cause.bad", "Release 1 still serves").await;
        self.reads(".cause .log", "CRASH is set").await;
        self.finds_it_accessible("it failed").await;
    }

    async fn goes_back(&self) {
        self.chooses(".tabs a", "Releases").await;
        self.reads("td", "env: +CRASH").await;
        self.finds_it_accessible("the releases").await;
        self.chooses("td button", "Roll back").await;
        self.sees("dialog[open]").await;
        self.finds_it_accessible("a question").await;
        self.chooses("dialog button.danger", "Roll back").await;
        self.chooses(".tabs a", "Status").await;
        self.reads(".cause.good", "1 replica serves").await;
    }

    async fn invites_and_revokes(&self) {
        self.opens("Members").await;
        self.chooses("form button", "Make a link").await;
        self.reads(".command code", "/join#").await;
        self.finds_it_accessible("an invitation").await;
        self.chooses("td button", "Revoke").await;
        self.reads("main p", "There is none.").await;
        self.finds_it_accessible("no invitation").await;
    }
}

#[tokio::test]
async fn somebody_adds_a_machine_deploys_breaks_it_and_goes_back_at_a_desk() {
    first_hour(DESKTOP).await;
}

#[tokio::test]
async fn somebody_adds_a_machine_deploys_breaks_it_and_goes_back_on_a_phone() {
    first_hour(PHONE).await;
}

#[tokio::test]
async fn somebody_is_invited_joins_and_is_offered_no_more_than_they_may_do() {
    let (Some(adas), Some(bobs)) = (Browser::open().await, Browser::open().await) else { return };
    let edge = Edge::start().await;
    edge.owner("ada", "acme").await;
    let bobs_account = edge.person("bob").await;
    let ada = Person { browser: &adas, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;

    ada.opens("Members").await;
    ada.chooses("form button", "Make a link").await;
    let link = ada.reads(".command code", "/join#").await.text().await.unwrap();
    Program::of(&edge, &bobs_account).run(&["join", link.trim(), "--url", &edge.url()]).await;
    ada.reads("td", "bob@example.com").await;

    let bob = Person { browser: &bobs, edge: &edge, email: "bob@example.com" };
    bob.logs_in().await;
    bob.opens("Deployments").await;
    bob.reads("h2", "No deployment yet").await;
    assert!(
        bobs.window.find(Locator::Css("a.primary")).await.is_err(),
        "a viewer is offered nothing to make"
    );
    bob.visits("/w/acme/new/deployments").await;
    bob.reads("main p", "Ask somebody who may do this").await;
    bob.goes_to("/w/elsewhere").await;
    bob.reads("[role=alert]", "there is no workspace `elsewhere` here").await;
    adas.close().await;
    bobs.close().await;
}
