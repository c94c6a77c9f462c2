//! From the bootstrap secret to a site, in a browser alone.

use std::{fs, path::Path};

use patr_stories::{Browser, Edge, eventually};
use serde_json::json;

use super::DESKTOP;
use crate::accounts::{PASSWORD, Person};

/// Where the middle of what somebody drops a folder on is.
const MIDDLE: &str = "
    const zone = document.querySelector('.drop');
    zone.scrollIntoView({ block: 'center' });
    const { x, y, width, height } = zone.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
";
/// How many packs the page has sent since it was loaded.
const PACKS: &str =
    "return performance.getEntriesByType('resource').filter(it => it.name.includes('/packs/')).length";
/// What publishes it, once there is something to publish.
const PUBLISH: &str = "main form:has(.drop) .primary:not(:disabled)";

#[tokio::test]
async fn who_has_the_bootstrap_secret_and_a_folder_has_a_site() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.goes_to("/sign-up").await;
    ada.looks_at(DESKTOP).await;
    ada.fills("input[name=email]", ada.email).await;
    ada.fills("input[name=password]", PASSWORD).await;
    ada.fills("input[name=bootstrap_secret]", &edge.bootstrap_secret).await;
    ada.presses("main form button").await;
    ada.fills("input[name=name]", "acme").await;
    ada.presses("main form .primary").await;
    ada.reads("h1", "acme").await;

    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("public");
    put(&folder, "index.html", "<p>one</p>");
    put(&folder, "css/a.css", &"p { color: red }\n".repeat(100));
    put(&folder, ".git/config", "not for everybody");
    put(&folder, "_redirects", "/old /css/a.css\n");
    ada.visits("/w/acme/new/sites").await;
    ada.fills("input[name=name]", "www").await;
    ada.drops(&folder, "2 files").await;
    ada.finds_it_accessible("a folder that was dropped").await;
    ada.presses(PUBLISH).await;
    ada.sees("a[href^='http'][href*='www-acme']").await;
    is_served(&edge, "/", "<p>one</p>").await;
    let style = edge.request(http::Method::GET, "www-acme", "/css/a.css").header("accept-encoding", "gzip");
    assert_eq!(style.send().await.unwrap().headers()["content-encoding"], "gzip");
    assert_eq!(edge.get("www-acme", "/.git/config").await.0, 404);
    assert_eq!(edge.get("www-acme", "/old").await.0, 302);

    // Of what is there already nothing is sent again.
    put(&folder, "index.html", "<p>two</p>");
    ada.goes_to("/w/acme/sites/www").await;
    ada.drops(&folder, "2 files").await;
    ada.presses(PUBLISH).await;
    is_served(&edge, "/", "<p>two</p>").await;
    assert_eq!(browser.run(PACKS, Vec::new()).await, json!(1));

    // What only the command line reads is said, and nothing of it is sent.
    put(&folder, "patr.site.toml", "");
    ada.drops(&folder, "patr site deploy").await;
    ada.sees("main form:has(.drop) .primary:disabled").await;
    browser.close().await;
}

fn put(folder: &Path, path: &str, text: &str) {
    let file = folder.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

impl Person<'_> {
    /// Drops a folder from a file manager, and waits until the form says something of it.
    async fn drops(&self, folder: &Path, said: &str) {
        self.sees(".drop").await;
        let middle = self.browser.run(MIDDLE, Vec::new()).await;
        let middle = [0, 1].map(|at| middle[at].as_f64().unwrap());
        self.browser.drop_files(&[folder], middle.into()).await;
        self.reads("form:has(.drop)", said).await;
    }
}

async fn is_served(edge: &Edge, path: &str, text: &str) {
    eventually(text, async || match edge.get("www-acme", path).await {
        (200, found) if found == text => Ok(()),
        other => Err(other),
    })
    .await;
}
