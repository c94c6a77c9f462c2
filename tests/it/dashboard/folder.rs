//! A folder becomes a site in a browser: from the bootstrap secret to it, with the button, and when somebody changes their mind.

use std::{fs, path::Path};

use fantoccini::Locator;
use patr_stories::{Browser, Caller, Edge, File, Folder, eventually};
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
/// The packs that the page has sent since it was loaded.
const PACKS: &str =
    "return performance.getEntriesByType('resource').filter(it => it.name.includes('/packs/')).length";
/// Lets the page send so many packs, and holds the others until `go` is called.
const HOLD: &str = "
    const send = window.fetch;
    let more = given[0];
    const held = new Promise(go => window.go = go);
    window.fetch = async (...asked) => {
        if (String(asked[0]).includes('/packs/') && more-- <= 0) await held;
        return send(...asked);
    };
";
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
    /// Chooses a folder with the button, and waits until the form says something of it.
    async fn picks(&self, folder: &Path, said: &str) {
        self.sees(".drop").await;
        let input = self.browser.window.find(Locator::Css(".drop input[type=file]")).await.unwrap();
        input.send_keys(&folder.display().to_string()).await.unwrap();
        self.reads("form:has(.drop)", said).await;
    }

    /// How many packs the page has sent since it was loaded.
    async fn has_sent(&self) -> u64 {
        self.browser.run(PACKS, Vec::new()).await.as_u64().unwrap()
    }

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

/// Bytes that no coding makes less of, others for another seed.
fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        // Xorshift (Marsaglia, 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..size).map(|_| next()).collect()
}

/// A site with one page, and somebody who looks at it.
async fn site(edge: &Edge) -> Caller {
    let owner = edge.owner("ada", "acme").await;
    Folder::of(vec![File::new("index.html", "<p>one</p>")]).become_site(&owner, "www").await;
    owner
}

#[tokio::test]
async fn a_folder_that_is_chosen_becomes_a_preview_and_what_is_live_stays() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    site(&edge).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("public");
    put(&folder, "index.html", "<p>two</p>");
    put(&folder, "a/b.css", "p { color: red }");
    put(&folder, ".git/config", "not for everybody");
    ada.visits("/w/acme/sites/www").await;
    ada.picks(&folder, "2 files").await;
    ada.chooses("form:has(.drop) button", "Make a preview").await;
    let address = ada.sees("td small a[href^='http']").await.attr("href").await.unwrap().unwrap();
    let host = address.trim_start_matches("http://").split('.').next().unwrap();
    for (path, text) in [("/", "<p>two</p>"), ("/a/b.css", "p { color: red }")] {
        eventually(path, async || match edge.get(host, path).await {
            (200, found) if found == text => Ok(()),
            other => Err(other),
        })
        .await;
    }
    assert_eq!(edge.get("www-acme", "/").await, (200, "<p>one</p>".to_owned()));
    ada.finds_it_accessible("a preview").await;
    browser.close().await;
}

#[tokio::test]
async fn an_upload_that_is_cancelled_leaves_the_site_and_is_not_sent_again() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    site(&edge).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("public");
    put(&folder, "index.html", "<p>two</p>");
    // Each is a pack of its own.
    for seed in 0..12 {
        fs::write(folder.join(format!("{seed:02}.bin")), noise(1 + 2 * seed, 900_000)).unwrap();
    }
    ada.visits("/w/acme/sites/www").await;
    browser.run(HOLD, vec![json!(5)]).await;
    ada.picks(&folder, "13 files").await;
    ada.presses(PUBLISH).await;
    eventually("five packs are there", async || match ada.has_sent().await {
        5 => Ok(()),
        other => Err(other),
    })
    .await;
    ada.reads(".progress", "Sending").await;
    ada.finds_it_accessible("an upload").await;
    ada.chooses("form:has(.drop) button", "Cancel").await;
    browser.run("go()", Vec::new()).await;
    ada.reads("form:has(.drop) [role=alert]", "the site is as it was").await;
    assert_eq!(edge.get("www-acme", "/").await, (200, "<p>one</p>".to_owned()));
    assert_eq!(edge.get("www-acme", "/00.bin").await.0, 404);
    let before = ada.has_sent().await;
    assert!((5..13).contains(&before), "{before}");

    ada.presses(PUBLISH).await;
    is_served(&edge, "/", "<p>two</p>").await;
    let all = ada.has_sent().await;
    assert!((12..=13).contains(&all), "{before} before, {all} in all");
    let last = edge.request(http::Method::GET, "www-acme", "/11.bin").send().await.unwrap();
    assert!(last.bytes().await.unwrap() == noise(23, 900_000), "it is what was chosen");
    browser.close().await;
}

#[tokio::test]
async fn a_file_that_is_sent_in_parts_is_served_as_it_was_chosen() {
    let Some(browser) = Browser::open().await else { return };
    let edge = Edge::start().await;
    site(&edge).await;
    let ada = Person { browser: &browser, edge: &edge, email: "ada@example.com" };
    ada.logs_in().await;
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("public");
    put(&folder, "index.html", "<p>two</p>");
    // Two parts and a bit; and one that a coding makes less of, and more than a part all the same.
    let (noise, lines) = (noise(7, 9 << 20), "all the birds, and their names\n".repeat(300_000));
    fs::write(folder.join("large.bin"), &noise).unwrap();
    put(&folder, "large.txt", &lines);
    ada.visits("/w/acme/sites/www").await;
    ada.drops(&folder, "3 files").await;
    ada.presses(PUBLISH).await;
    is_served(&edge, "/", "<p>two</p>").await;
    let get = async |path: &str| edge.request(http::Method::GET, "www-acme", path).send().await.unwrap();
    let served = get("/large.bin").await;
    assert_eq!(served.headers()["content-length"], noise.len().to_string());
    assert!(served.bytes().await.unwrap() == noise, "it is what was chosen");
    assert!(get("/large.txt").await.text().await.unwrap() == lines, "it is what was chosen");
    let part =
        edge.request(http::Method::GET, "www-acme", "/large.bin").header("range", "bytes=4194300-4194310");
    let part = part.send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.unwrap(), noise[4_194_300..=4_194_310]);
    browser.close().await;
}
