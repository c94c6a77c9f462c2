//! A tab that was opened before a deploy goes on working after it: what it loads later is still there.

use patr_stories::{Browser, Edge, File, Folder};
use serde_json::json;

/// How many chunks a version has, and how many versions follow the first.
const DEPLOYS: u32 = 5;

fn script(path: String, text: String) -> File {
    File::new(path, text).typed("text/javascript; charset=utf-8").immutable()
}

/// As a bundler makes it: a page, an entry that is named by its content, and a chunk for each view that the entry loads
/// when it is wanted.
fn version(number: u32) -> Folder {
    let entry = format!(
        "document.title = 'version {number}'; window.view = n => import(`./view-${{n}}.{number}abcdef0.js`);"
    );
    let page =
        format!("<!doctype html><script type=module src=/app.{number}abcdef0.js></script>version {number}");
    let mut files = vec![File::new("index.html", page), script(format!("app.{number}abcdef0.js"), entry)];
    for view in 0..=DEPLOYS {
        let text = format!("export const from = 'view {view} of version {number}';");
        files.push(script(format!("view-{view}.{number}abcdef0.js"), text));
    }
    Folder::of(files)
}

async fn view(browser: &Browser, number: u32) -> serde_json::Value {
    browser.run("return (await window.view(given[0])).from", vec![json!(number)]).await
}

#[tokio::test]
async fn a_tab_that_is_open_over_five_deploys_loads_every_chunk_of_its_version() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    version(1).become_site(&owner, "shop").await;
    let url = format!("http://shop-acme.localhost:{}/", edge.port);
    browser.window.goto(&url).await.unwrap();
    browser.window.wait().for_element(fantoccini::Locator::Css("html")).await.unwrap();
    for deploy in 0..=DEPLOYS {
        if deploy > 0 {
            version(1 + deploy).upload(&owner, "shop").await;
        }
        assert_eq!(view(&browser, deploy).await, json!(format!("view {deploy} of version 1")));
    }
    // What never was there is not answered with the page: a script that is HTML fails far from its cause.
    let missing =
        "const r = await fetch('/view-9.1abcdef0.js'); return [r.status, r.headers.get('cache-control')]";
    let missing = browser.run(missing, vec![]).await;
    assert_eq!(missing[0], json!(404), "{missing}");
    // A reload is the newest version, whole.
    browser.window.refresh().await.unwrap();
    let newest = 1 + DEPLOYS;
    assert_eq!(view(&browser, 0).await, json!(format!("view 0 of version {newest}")));
    assert_eq!(browser.window.title().await.unwrap(), format!("version {newest}"));
    browser.close().await;
}
