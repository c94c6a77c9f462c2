//! What others have written is only read: names, log lines, values of the environment, errors, images, paths.

use fantoccini::Locator;
use patr_stories::{
    Agent, Browser, Caller, Edge, File, Folder, Program, eventually, example_image, program::Ended,
    runner::CleanUp,
};
use serde_json::json;

use crate::accounts::Person;

/// What somebody writes who would like to do something in another one's browser.
const MARKUP: &str = "<img src=x onerror=\"window.wrong=1\"><script>window.wrong=1</script>";
/// What commands a terminal, and what turns the order of letters around.
const ESCAPES: &str = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}txet";

/// Markup in everything that takes text.
async fn fill(edge: &Edge, owner: &Caller, image: &str) {
    let program = Program::of(edge, owner);
    let note = format!("NOTE={MARKUP}{ESCAPES}");
    let deploy = ["deploy", image, "--name", "web", "--port", "8080", "--runner", "box", "--env", &note];
    program.run(&deploy).await;
    program.run(&["url", "add", "shop", "--redirect", "https://example.com/<b>"]).await;
    let page = File::new("<img src=x onerror=window.wrong=1>.html", MARKUP);
    Folder::of(vec![page]).become_site(owner, "www").await;
    let Ended { code, .. } = program.try_run(&["deploy", MARKUP, "--name", "other", "--runner", "box"]).await;
    assert_ne!(code, Some(0), "an image is named by more than anything");
}

#[tokio::test]
async fn what_others_have_written_is_only_read() {
    let (Some(image), Some(browser)) = (example_image(), Browser::open().await) else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("ada", "acme").await;
    let _agent = Agent::start(&edge, &owner.add_runner("box").await);
    fill(&edge, &owner, &image).await;
    let _clean_up = CleanUp(owner.deployment("web").await.id.to_string());
    eventually("it says it", async || {
        let asked = edge.request(reqwest::Method::POST, "web-acme", "/say?name=NOTE").send().await.unwrap();
        if asked.status() == 200 { Ok(()) } else { Err(asked.status()) }
    })
    .await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;

    ada.visits("/w/acme/deployments/web/environment").await;
    let typed = ada.sees("textarea[name=env]").await.prop("value").await.unwrap().unwrap();
    assert!(typed.contains(MARKUP), "{typed}");
    ada.is_unharmed("the environment").await;

    ada.visits("/w/acme/deployments/web/logs").await;
    let line = ada.reads("[role=log] p", "onerror").await.text().await.unwrap();
    assert!(line.contains(MARKUP) && !line.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{line:?}");
    ada.is_unharmed("the log").await;

    ada.visits("/w/acme/audit").await;
    for folded in browser.window.find_all(Locator::Css("summary")).await.unwrap() {
        folded.click().await.unwrap();
    }
    ada.reads("details pre", "onerror").await;
    ada.is_unharmed("the audit log").await;

    ada.visits("/w/acme/new/deployments").await;
    ada.fills("input[name=image]", MARKUP).await;
    ada.fills("input[name=name]", "other").await;
    ada.chooses("form button", "Deploy").await;
    ada.sees("form [role=alert]").await;
    ada.is_unharmed("an error").await;

    for view in ["/w/acme/urls", "/w/acme/sites/www", "/w/acme/deployments/%3Cimg%20src%3Dx%3E"] {
        ada.visits(view).await;
        ada.is_unharmed(view).await;
    }
    ada.sees("main [role=alert]").await;
    // The same in the address of a page that is loaded, not followed to.
    ada.goes_to("/w/acme/audit?name=%3Cimg%20src%3Dx%20onerror%3Dwindow.wrong%3D1%3E#%3Cscript%3E").await;
    ada.reads("h1", "Audit log").await;
    ada.is_unharmed("an address").await;
    assert_eq!(browser.run("return document.title", Vec::new()).await, json!("Audit log · Patr"));
    browser.close().await;
}
