//! Pictures of every view for `docs/`, at a desk in light and in dark colours, and on a phone in dark ones: taken where
//! `PATR_PICTURES` names a folder, `PATR_PICTURES=$PWD/docs/dashboard cargo xtask test -- -E 'test(pictures)'`.

use std::path::Path;

use patr_stories::{Agent, Browser, Edge, Program, debian_image, eventually, example_image, runner::CleanUp};

use super::{DARK, DESKTOP, PHONE, pages};
use crate::accounts::Person;

/// `/w/acme/deployments/web` is `deployments-web`; the overview is `overview`.
fn name(view: &str) -> String {
    let name = view.trim_start_matches("/w/acme").trim_start_matches('/').replace('/', "-");
    if name.is_empty() { "overview".to_owned() } else { name }
}

/// What opens something is not kept in a picture, although what it opened is gone.
const HIDE_TOKENS: &str = r"
    const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace(/(patr_r_)\w+/g, '$1…');
";

async fn take(browser: &Browser, folder: &Path, name: &str, suffix: &str) {
    browser.run(HIDE_TOKENS, Vec::new()).await;
    let picture = browser.window.screenshot().await.unwrap();
    std::fs::write(folder.join(format!("{name}{suffix}.png")), picture).unwrap();
}

#[tokio::test]
async fn pictures_of_every_view_are_taken_where_they_are_wanted() {
    let Some(folder) = std::env::var_os("PATR_PICTURES") else { return };
    let folder = Path::new(&folder);
    let (Some(image), Some(shell), Some(browser)) = (example_image(), debian_image(), Browser::open().await)
    else {
        return;
    };
    let edge = Edge::start().await;
    let owner = pages::workspace(&edge).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in_at(DESKTOP).await;
    ada.visits("/w/acme/new/runners").await;
    ada.fills("input[name=name]", "home").await;
    ada.chooses("form button", "Add a runner").await;
    let token = ada.reads(".command code", "patr_r_").await.text().await.unwrap();
    take(&browser, folder, "waiting", "").await;
    let _agent = Agent::start(&edge, &token);
    ada.reads("h2", "It is connected").await;

    // One that serves, although its newest release does not start.
    let program = Program::of(&edge, &owner);
    program.run(&["volume", "create", "store", "--runner", "home"]).await;
    let deploy = ["deploy", &image, "--name", "shop", "--port", "8080", "--volume", "store:/data"];
    let deploy = [&deploy[..], &["--runner", "home"]].concat();
    program.run(&deploy).await;
    let _clean_up = CleanUp(owner.deployment("shop").await.id.to_string());
    program.run(&["volume", "snapshot", "store"]).await;
    program.try_run(&[&deploy[..], &["--env", "CRASH=yes"]].concat()).await;
    for path in ["/", "/answer?status=404", "/answer?status=204"] {
        edge.get("shop-acme", path).await;
    }
    program.run(&["deploy", &shell, "--name", "db", "--runner", "home", "--command", "sleep infinity"]).await;
    let _clean_up_too = CleanUp(owner.deployment("db").await.id.to_string());
    // An agent tells once a minute.
    eventually("it is measured", async || {
        let show = ["deployment", "show", "shop", "--metrics", "--output", "json"];
        let measured = program.run(&show).await;
        if measured.contains("cpu_millis") { Ok(()) } else { Err(measured) }
    })
    .await;
    let real = [("web/terminal", "db/terminal"), ("/web", "/shop"), ("/box", "/home"), ("/data", "/store")];
    let views = pages::VIEWS
        .map(|view| real.iter().fold(view.to_owned(), |view, (one, other)| view.replace(one, other)));
    for (screen, suffix) in [(DESKTOP, ""), (DARK, "-dark"), (PHONE, "-phone")] {
        ada.looks_at(screen).await;
        for view in &views {
            ada.visits(view).await;
            if view.ends_with("/logs") {
                ada.reads("[role=log] p", "listening").await;
            }
            if view.ends_with("/metrics") {
                ada.reads("td", " cores").await;
            }
            if view.ends_with("/terminal") {
                ada.connects().await;
                ada.enters("clear; ls /; id --user --name").await;
                ada.reads_line("root").await;
            }
            take(&browser, folder, &name(view), suffix).await;
        }
    }
    browser.close().await;
}
