//! Every view: whole on a phone, readable by machines that read to people, and deaf to what others have written into it.

use fantoccini::Locator;
use patr_stories::{Browser, Caller, Edge, File, Folder, Program};
use serde_json::{Value, json};

use crate::accounts::Person;

/// What somebody writes who would like to do something in another one's browser.
const MARKUP: &str = "<img src=x onerror=\"window.wrong=1\"><script>window.wrong=1</script>";

/// Every view of a workspace, the caller's own, and a part of each kind of thing.
const VIEWS: [&str; 20] = [
    "/w/acme",
    "/w/acme/deployments",
    "/w/acme/new/deployments",
    "/w/acme/deployments/web",
    "/w/acme/deployments/web/releases",
    "/w/acme/deployments/web/logs",
    "/w/acme/deployments/web/environment",
    "/w/acme/deployments/web/settings",
    "/w/acme/runners",
    "/w/acme/new/runners",
    "/w/acme/runners/box",
    "/w/acme/sites",
    "/w/acme/sites/www",
    "/w/acme/urls",
    "/w/acme/new/urls",
    "/w/acme/secrets",
    "/w/acme/members",
    "/w/acme/roles",
    "/w/acme/audit",
    "/tokens",
];

/// What axe finds wrong: the rules, and where (WCAG 2.2, levels A and AA).
const AXE: &str = "
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const found = await axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return found.violations.map(rule => rule.id + ': ' + rule.nodes.map(node => node.html + ' ' + node.any.map(check => check.message)).join(' | '));
";

/// A workspace with one of everything, named and filled by somebody who means no good.
async fn workspace(edge: &Edge) -> Caller {
    let owner = edge.owner("ada", "acme").await;
    owner.add_runner("box").await;
    let program = Program::of(edge, &owner);
    let env = format!("NOTE={MARKUP}");
    program
        .run(&[
            "deploy",
            "nginx:1",
            "--name",
            "web",
            "--port",
            "80",
            "--env",
            &env,
            "--runner",
            "box",
            "--no-wait",
        ])
        .await;
    Folder::of(vec![File::new("index.html", "hello")]).become_site(&owner, "www").await;
    program.run(&["url", "add", "shop", "--redirect", "https://example.com/<b>"]).await;
    program.with_input(&["secret", "set", "api-key"], b"value").await;
    program.run(&["member", "invite", "viewer"]).await;
    program.run(&["role", "create", "deployer", "--allow", "deployment:*"]).await;
    program.run(&["token", "create", "ci"]).await;
    // Refused, and in the audit log as it was asked for.
    let path = "/api/v1/workspaces/acme/deployments/%3Cimg%20src%3Dx%3E";
    owner.raw(http::Method::DELETE, path, "").await;
    owner
}

async fn is_drawn(ada: &Person<'_>) {
    ada.sees("h1").await;
    let is_whole = "
        while (document.querySelector('.skeleton')) await new Promise(requestAnimationFrame);
        return true;
    ";
    assert_eq!(ada.browser.run(is_whole, Vec::new()).await, json!(true));
}

#[tokio::test]
async fn every_view_fits_a_phone_and_is_accessible_in_both_themes() {
    let Some(browser) = Browser::open().await else { return };
    let Some(axe) = std::env::var_os("PATR_AXE") else { return };
    let axe = std::fs::read_to_string(axe).unwrap();
    let edge = Edge::start().await;
    workspace(&edge).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    for (theme, width) in [("light", 1280), ("dark", 360)] {
        browser.resize(width, 800).await;
        browser.run("localStorage.setItem('theme', given[0])", vec![json!(theme)]).await;
        for view in VIEWS {
            ada.goes_to(view).await;
            is_drawn(&ada).await;
            let wide = browser.run("return document.documentElement.scrollWidth", Vec::new()).await;
            assert!(wide.as_u64() <= Some(u64::from(width)), "{view} is {wide} wide");
            browser.run(&axe, Vec::new()).await;
            assert_eq!(browser.run(AXE, Vec::new()).await, json!([]), "{view}, {theme}");
        }
    }
    browser.close().await;
}

#[tokio::test]
async fn what_others_have_written_is_only_read() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    workspace(&edge).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    ada.goes_to("/w/acme/deployments/web/environment").await;
    let typed = ada.sees("textarea[name=env]").await.prop("value").await.unwrap().unwrap();
    assert!(typed.contains(MARKUP), "{typed}");
    ada.goes_to("/w/acme/audit").await;
    ada.chooses("summary", "Changes").await;
    ada.reads("details pre", "onerror").await;
    ada.reads("td", "<img src=x>").await;
    ada.goes_to("/w/acme/deployments/%3Cimg%20src%3Dx%3E").await;
    ada.sees("[role=alert]").await;
    assert!(browser.window.find(Locator::Css("main img, main script")).await.is_err());
    assert_eq!(browser.run("return window.wrong ?? null", Vec::new()).await, Value::Null);
    browser.close().await;
}

#[tokio::test]
async fn all_of_it_is_reached_by_the_keyboard() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    workspace(&edge).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    let active = "return document.activeElement.className + ' ' + document.activeElement.type";
    ada.presses_keys("\u{e004}").await;
    assert!(browser.run(active, Vec::new()).await.as_str().unwrap().contains("skip"));
    ada.goes_to("/w/acme/deployments").await;
    ada.sees("table").await;
    ada.presses_keys("/").await;
    assert!(browser.run(active, Vec::new()).await.as_str().unwrap().contains("search"));
    // Ctrl-K, a part of a name, Enter.
    ada.presses_keys("\u{e009}k\u{e000}").await;
    ada.reads(".palette li", "box").await;
    ada.presses_keys("runner box\u{e007}").await;
    ada.reads("h1", "box").await;
    browser.close().await;
}

#[tokio::test]
async fn the_page_is_the_control_hosts_alone_and_lets_no_other_script_in() {
    let edge = Edge::start().await;
    let anyone = Caller::anonymous(edge.url());
    let client = reqwest::Client::new();
    let page = client.get(format!("{}/w/acme/anything", edge.url())).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.contains("script-src 'self' 'wasm-unsafe-eval';") && !policy.contains("unsafe-inline"),
        "{policy}"
    );
    assert_eq!(page.headers()["cache-control"], "no-cache");
    let tag = page.headers()["etag"].clone();
    let html = page.text().await.unwrap();
    assert!(!html.contains("<script>") && !html.contains(" style="), "{html}");

    let file = html.split('"').find(|part| part.ends_with(".wasm")).unwrap();
    let wasm = client.get(format!("{}{file}", edge.url())).send().await.unwrap();
    assert_eq!(wasm.headers()["content-type"], "application/wasm");
    assert_eq!(wasm.headers()["cache-control"], "public, max-age=31536000, immutable");
    let again = client.get(format!("{}/", edge.url())).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), 304);

    // A managed host has none of it, whether or not anything is there.
    assert_eq!(edge.get("www-acme", file).await.0, 404);
    assert_eq!(edge.get("www-acme", "/w/acme").await.0, 404);
    let (status, body) = anyone.raw(http::Method::GET, "/api/v1/no-such-thing", "").await;
    assert!(status == 404 && body.contains("no_such_route"), "{body}");
    assert_eq!(client.get(format!("{}/assets/patr-0.wasm", edge.url())).send().await.unwrap().status(), 404);
    assert_eq!(client.post(format!("{}/", edge.url())).send().await.unwrap().status(), 405);
}

impl Person<'_> {
    /// Keys for whatever has the focus, as WebDriver writes them.
    async fn presses_keys(&self, keys: &str) {
        let active = self.browser.window.active_element().await.unwrap();
        active.send_keys(keys).await.unwrap();
    }
}
