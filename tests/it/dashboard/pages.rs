//! Every view: whole on a phone, readable by machines that read to people, and all of it by the keyboard.

use patr_stories::{Browser, Caller, Edge, File, Folder, Program};

use super::{DESKTOP, PHONE, Screen};
use crate::accounts::Person;

/// Every view of a workspace, the caller's own, and a part of each kind of thing.
pub(super) const VIEWS: [&str; 27] = [
    "/w/acme",
    "/w/acme/deployments",
    "/w/acme/new/deployments",
    "/w/acme/deployments/web",
    "/w/acme/deployments/web/releases",
    "/w/acme/deployments/web/logs",
    "/w/acme/deployments/web/requests",
    "/w/acme/deployments/web/terminal",
    "/w/acme/deployments/web/metrics",
    "/w/acme/deployments/web/environment",
    "/w/acme/deployments/web/settings",
    "/w/acme/runners",
    "/w/acme/new/runners",
    "/w/acme/runners/box",
    "/w/acme/volumes",
    "/w/acme/new/volumes",
    "/w/acme/volumes/data",
    "/w/acme/sites",
    "/w/acme/new/sites",
    "/w/acme/sites/www",
    "/w/acme/urls",
    "/w/acme/new/urls",
    "/w/acme/secrets",
    "/w/acme/members",
    "/w/acme/roles",
    "/w/acme/audit",
    "/tokens",
];

/// A workspace with one of everything.
pub(super) async fn workspace(edge: &Edge) -> Caller {
    let owner = edge.owner("ada", "acme").await;
    owner.add_runner("box").await;
    let program = Program::of(edge, &owner);
    let web = "deploy nginx:1 --name web --port 80 --env LOG=info --volume data:/data --runner box --no-wait";
    let rest = [
        "volume create data --runner box",
        web,
        "url add shop --redirect https://example.com/",
        "member invite viewer",
        "role create deployer --allow deployment:*",
        "token create ci",
    ];
    for line in rest {
        program.run(&line.split(' ').collect::<Vec<_>>()).await;
    }
    program.with_input(&["secret", "set", "api-key"], b"value").await;
    Folder::of(vec![File::new("index.html", "hello")]).become_site(&owner, "www").await;
    owner
}

async fn every_view_is_accessible_at(screen: Screen) {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    workspace(&edge).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in_at(screen).await;
    for view in VIEWS {
        ada.visits(view).await;
        ada.finds_it_accessible(format_args!("{view}, {screen:?}")).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn every_view_is_accessible_on_a_desktop() {
    every_view_is_accessible_at(DESKTOP).await;
}

#[tokio::test]
async fn every_view_is_accessible_on_a_phone() {
    every_view_is_accessible_at(PHONE).await;
}

#[tokio::test]
async fn all_of_it_is_reached_by_the_keyboard() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    edge.owner("ada", "acme").await.add_runner("box").await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    let active = "return document.activeElement.className + ' ' + document.activeElement.type";
    ada.presses_keys("\u{e004}").await;
    assert!(browser.run(active, Vec::new()).await.as_str().unwrap().contains("skip"));
    ada.visits("/w/acme/runners").await;
    ada.presses_keys("/").await;
    assert!(browser.run(active, Vec::new()).await.as_str().unwrap().contains("search"));
    // Ctrl-K, a part of a name, Enter.
    ada.presses_keys("\u{e009}k\u{e000}").await;
    ada.presses_keys("runner box").await;
    ada.reads(".palette li[aria-selected=true]", "box").await;
    ada.presses_keys("\u{e007}").await;
    ada.reads("h1", "box").await;
    browser.close().await;
}
