//! What outlives replicas, in a browser: made, kept, put back, downloaded, copied and deleted.

use std::{fs, path::Path};

use fantoccini::Locator;
use patr_stories::{Agent, Browser, Edge, Program, eventually, example_image, runner::CleanUp};
use serde_json::json;

use super::{DESKTOP, PHONE, Screen};
use crate::accounts::Person;

/// The example's own tool, and what it writes to.
const TOOL: &str = "/patr-example-web";
const BIRD: &str = "/data/bird";
/// A line of the table of snapshots.
const SNAPSHOT: &str = "td .id";
/// The field and the button of the question that is open.
const CONFIRM: &str = "dialog[open] input[name=confirm]";
const MEANT: &str = "dialog[open] button.danger";

impl Person<'_> {
    /// Presses what asks, and answers with a name.
    async fn destroys(&self, css: &str, words: &str, name: &str) {
        self.chooses(css, words).await;
        self.sees("dialog[open] button.danger:disabled").await;
        self.fills(CONFIRM, name).await;
        self.chooses(MEANT, words).await;
    }
}

/// What a file that the browser has downloaded has in it, once all of it is there.
async fn downloaded(folder: &Path, name: &str) -> Vec<u8> {
    let file = folder.join(name);
    // It has its name for nothing but itself at first, and then at once with all that is in it.
    let bytes = eventually(name, async || match fs::read(&file) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        other => Err(format!("{other:?}")),
    })
    .await;
    fs::remove_file(file).unwrap();
    bytes
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

async fn a_volume_at(screen: Screen) {
    let (Some(image), Some(browser)) = (example_image(), Browser::open().await) else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    // Neither of these is what a form begins with, wherever they are in the list.
    owner.add_runner("attic").await;
    let _agent = Agent::start(&edge, &owner.add_runner("box").await);
    owner.add_runner("cellar").await;
    let program = Program::of(&edge, &owner);
    let folder = tempfile::tempdir().unwrap();
    browser.download_into(folder.path()).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in_at(screen).await;
    ada.opens("Runners").await;
    ada.reads("td", "Connected").await;

    ada.opens("Volumes").await;
    ada.reads("h2", "No volume yet").await;
    ada.finds_it_accessible("no volume yet").await;
    ada.chooses("a.primary", "New volume").await;
    let chosen = "const runner = document.querySelector('select[name=runner]'); \
                  return [runner.value, ...[...runner.options].map(it => it.text).sort()]";
    ada.sees("select[name=runner]").await;
    let chosen = browser.run(chosen, Vec::new()).await;
    assert_eq!(chosen, json!(["box", "attic (never connected)", "box", "cellar (never connected)"]));
    ada.fills("input[name=name]", "data").await;
    ada.chooses("form button", "Make the volume").await;
    ada.reads(".badge", "Ready").await;

    let mount = ["deploy", &image, "--name", "web", "--port", "8080", "--volume", "data:/data"];
    program.run(&[&mount[..], &["--runner", "box"]].concat()).await;
    let _clean_up = CleanUp(owner.deployment("web").await.id.to_string());
    let write = async |bird| drop(program.run(&["exec", "web", "--", TOOL, "write", BIRD, bird]).await);
    write("wren").await;
    ada.visits("/w/acme/deployments/web").await;
    ada.reads("td", "/data").await;
    ada.chooses("td a", "data").await;
    ada.reads("h1", "data").await;
    ada.reads("dd a", "web").await;
    ada.chooses("button", "Take a snapshot").await;
    ada.reads(SNAPSHOT, "snap_").await;
    ada.finds_it_accessible("a volume with a snapshot").await;

    write("robin").await;
    for (what, bird, other) in [(".head a", "robin", "wren"), ("td a", "wren", "robin")] {
        ada.chooses(what, "Download").await;
        let archive = downloaded(folder.path(), "data.tar").await;
        assert!(has(&archive, "bird") && has(&archive, bird) && !has(&archive, other), "{what}");
        // As large as a tape's records are (POSIX.1-2001, pax): all of it has come.
        assert!(archive.len() % 512 == 0 && archive.ends_with(&[0; 1024]), "{what}: {}", archive.len());
    }

    // What runs with it has to be stopped before, and that is said.
    ada.destroys("td button", "Restore", "data").await;
    ada.reads("dialog[open] [role=alert]", "the deployment `web` runs with it").await;
    ada.finds_it_accessible("a refusal").await;
    ada.chooses("dialog[open] button", "Cancel").await;
    program.run(&["deployment", "stop", "web"]).await;
    ada.destroys("td button", "Restore", "data").await;
    ada.reads(".notice", "It is what it was then").await;
    program.run(&["deployment", "start", "web"]).await;
    assert_eq!(program.run(&["exec", "web", "--", TOOL, "read", BIRD]).await, "wren");

    ada.chooses("td button", "Copy").await;
    ada.fills("dialog[open] input[name=copy]", "data-2").await;
    ada.finds_it_accessible("a copy").await;
    ada.chooses("dialog[open] button", "Copy").await;
    ada.reads("h1", "data-2").await;
    ada.reads(".badge", "Ready").await;
    ada.chooses(".head a", "Download").await;
    assert!(has(&downloaded(folder.path(), "data-2.tar").await, "wren"));
    ada.destroys(".head button", "Delete", "data-2").await;
    ada.reads("h1", "Volumes").await;

    // One that is mounted stays.
    ada.visits("/w/acme/volumes/data").await;
    ada.destroys("td button", "Delete", "data").await;
    ada.reads("main p", "No snapshot yet").await;
    ada.destroys(".head button", "Delete", "data").await;
    ada.reads("dialog[open] [role=alert]", "the deployment `web` mounts it").await;
    ada.reads("dialog[open] p", "deploy web without it").await;
    browser.close().await;
}

#[tokio::test]
async fn a_volume_is_made_kept_put_back_downloaded_copied_and_deleted_at_a_desk() {
    a_volume_at(DESKTOP).await;
}

#[tokio::test]
async fn a_volume_is_made_kept_put_back_downloaded_copied_and_deleted_on_a_phone() {
    a_volume_at(PHONE).await;
}

#[tokio::test]
async fn who_may_only_look_is_offered_nothing_to_do_with_a_volume() {
    let (Some(_), Some(adas), Some(bobs)) = (example_image(), Browser::open().await, Browser::open().await)
    else {
        return;
    };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let mut agent = Agent::start(&edge, &owner.add_runner("box").await);
    let program = Program::of(&edge, &owner);
    program.run(&["volume", "create", "data", "--runner", "box"]).await;
    eventually("it is there", async || match program.run(&["volume", "show", "data"]).await {
        shown if shown.contains("ready") => Ok(()),
        other => Err(other),
    })
    .await;
    program.run(&["volume", "snapshot", "data"]).await;
    let link = program.run(&["member", "invite", "viewer"]).await;
    let link = link.split_whitespace().find(|word| word.contains("/join#")).unwrap();
    Program::of(&edge, &edge.person("bob").await).run(&["join", link, "--url", &edge.url()]).await;

    // A question that nobody has asked yet is on the page all the same.
    let offered = "main :is(.head, td) :is(button, a.button):not(dialog *)";
    let ada = Person { browser: &adas, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    ada.visits("/w/acme/volumes/data").await;
    ada.reads("td button", "Restore").await;
    let bob = Person { browser: &bobs, edge: &edge, email: "bob@example.com" };
    bob.logs_in().await;
    bob.opens("Volumes").await;
    bob.chooses("td a", "data").await;
    bob.reads(".badge", "Ready").await;
    bob.reads(SNAPSHOT, "snap_").await;
    assert!(bobs.window.find(Locator::Css(offered)).await.is_err());
    bob.finds_it_accessible("a volume to look at").await;
    bob.visits("/w/acme/volumes").await;
    assert!(bobs.window.find(Locator::Css("a.primary")).await.is_err());
    bob.visits("/w/acme/new/volumes").await;
    bob.reads("main p", "Ask somebody who may do this").await;

    // Nor is anybody offered what is out of reach: that is said instead.
    agent.kill().await;
    ada.reads(".badge", "Unknown").await;
    ada.reads(".facts", "out of reach until that is back").await;
    eventually("only what needs no runner", async || {
        let found = adas.window.find_all(Locator::Css(offered)).await.unwrap();
        if found.len() == 1 { Ok(()) } else { Err(found.len()) }
    })
    .await;
    agent.restart();
    ada.reads("td button", "Restore").await;
    adas.close().await;
    bobs.close().await;
}
