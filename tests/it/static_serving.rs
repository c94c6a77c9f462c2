//! What a browser gets of a site, through the whole of the real edge.

use bytes::Bytes;
use http::{HeaderMap, Method, header::CONTENT_TYPE};
use patr_models::{
    limits::CHUNK,
    site::{
        config::{HtmlHandling, NotFound, ServeConfig},
        manifest::Coding,
        rules::{headers_file, redirects_file},
    },
};
use patr_stories::{Edge, File, Folder};

/// "zipped", as gzip makes it.
const ZIPPED: &[u8] =
    &[31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 202, 44, 40, 72, 77, 1, 0, 87, 104, 194, 226, 6, 0, 0, 0];
/// "small", as brotli makes it.
const SMALL: &[u8] = &[11, 2, 128, 115, 109, 97, 108, 108, 3];

/// What came back.
struct Got {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> (u16, &str) {
        (self.status, std::str::from_utf8(&self.body).unwrap())
    }

    fn led(&self) -> (u16, &str) {
        (self.status, self.header("location"))
    }
}

async fn send(edge: &Edge, method: Method, host: &str, path: &str, fields: &[(&str, &str)]) -> Got {
    let mut request = edge.request(method, host, path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Got { status, headers, body: response.bytes().await.unwrap() }
}

async fn get(edge: &Edge, path: &str, fields: &[(&str, &str)]) -> Got {
    send(edge, Method::GET, "docs-acme", path, fields).await
}

fn rules(redirects: &str, headers: &str) -> ServeConfig {
    let (redirects, problems) = redirects_file::parse(redirects, HtmlHandling::default());
    assert_eq!(problems, []);
    let (headers, problems) = headers_file::parse(headers);
    assert_eq!(problems, []);
    ServeConfig { redirects, headers, ..ServeConfig::default() }
}

#[tokio::test]
async fn rules_lead_rewrite_and_set_headers() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let config = rules(
        "/old/* /new/:splat 301\n/away https://x.example/#part\n/app/* /shell 200\n/shop /at Country=at\n/closed /gone 404",
        "/*\n  X-Frame-Options: DENY\n/shell*\n  Cache-Control: no-cache\n  ! X-Frame-Options",
    );
    let files = vec![
        File::new("shell.html", "shell"),
        File::new("gone.html", "gone"),
        File::new("shop.html", "shop"),
    ];
    Folder::of(files).with(config).become_site(&owner, "docs").await;

    let old = get(&edge, "/old/a//b?x=1", &[]).await;
    assert_eq!(old.led(), (301, "/new/a/b?x=1"));
    assert_eq!(old.header("x-frame-options"), "DENY");
    assert_eq!(get(&edge, "/away?y", &[]).await.led(), (302, "https://x.example/?y#part"));
    assert_eq!(get(&edge, "/app/settings", &[]).await.text(), (200, "shell"));
    assert_eq!(get(&edge, "/closed", &[]).await.text(), (404, "gone"));
    let shell = get(&edge, "/shell", &[]).await;
    assert_eq!((shell.header("cache-control"), shell.header("x-frame-options")), ("no-cache", ""));
    // As the local edge is told of where a client is.
    assert_eq!(get(&edge, "/shop", &[("mf-cf-blob", r#"{"country":"AT"}"#)]).await.led(), (302, "/at"));
    assert_eq!(get(&edge, "/shop", &[("mf-cf-blob", r#"{"country":"CH"}"#)]).await.text(), (200, "shop"));
}

#[tokio::test]
async fn ranges_of_a_file_of_several_chunks_are_its_own_bytes() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let film: Vec<u8> = (0..2 * CHUNK + 1000).map(|at| (at * 7 % 251) as u8).collect();
    let files =
        vec![File::new("film.mp4", film.clone()).typed("video/mp4"), File::new("a.txt", "0123456789")];
    Folder::of(files).become_site(&owner, "docs").await;

    let whole = get(&edge, "/film.mp4", &[]).await;
    assert!(whole.status == 200 && whole.body == film);
    assert_eq!(
        (whole.header("content-length"), whole.header("accept-ranges")),
        (film.len().to_string().as_str(), "bytes")
    );
    let size = film.len();
    for (range, from, to) in [
        ("bytes=0-9".to_owned(), 0, 10),
        (format!("bytes={}-{}", CHUNK - 5, CHUNK + 5), CHUNK - 5, CHUNK + 6),
        (format!("bytes=100-{}", 2 * CHUNK + 10), 100, 2 * CHUNK + 11),
        (format!("bytes={}-", 2 * CHUNK - 1), 2 * CHUNK - 1, size),
        (format!("bytes={CHUNK}-{}", 2 * CHUNK - 1), CHUNK, 2 * CHUNK),
        ("bytes=-10".to_owned(), size - 10, size),
    ] {
        let part = get(&edge, "/film.mp4", &[("range", &range)]).await;
        assert_eq!(
            (part.status, part.header("content-range")),
            (206, format!("bytes {from}-{}/{size}", to - 1).as_str())
        );
        assert_eq!(part.header("content-length"), (to - from).to_string());
        assert!(part.body == film[from..to], "{range}");
    }
    let beyond = get(&edge, "/film.mp4", &[("range", "bytes=99999999-")]).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, format!("bytes */{size}").as_str()));

    let tag = get(&edge, "/a.txt", &[]).await.header("etag").to_owned();
    let part = |fields: Vec<(&'static str, String)>| {
        let edge = &edge;
        async move {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let got = get(edge, "/a.txt", &fields).await;
            (got.status, got.text().1.to_owned())
        }
    };
    let range = ("range", "bytes=2-3".to_owned());
    assert_eq!(part(vec![range.clone(), ("if-range", tag)]).await, (206, "23".to_owned()));
    assert_eq!(part(vec![range, ("if-range", "\"old\"".to_owned())]).await, (200, "0123456789".to_owned()));
    assert_eq!(part(vec![("range", "bytes=0-1,4-5".to_owned())]).await, (200, "0123456789".to_owned()));
}

#[tokio::test]
async fn more_than_an_isolate_keeps_in_memory_is_served_to_many_at_once_as_it_is() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let text = |at: usize| format!("{at} ").repeat(40_000);
    // About 80 MB, in packs of about 1 MiB, of which 28 MiB are kept.
    let files = (0..400).map(|at| File::new(format!("{at}.txt"), text(at)).typed("application/x-text"));
    Folder::of(files.collect()).become_site(&owner, "docs").await;
    for at in 0..100 {
        let paths = [at, 399 - at, (at * 7 + 100) % 400, (at * 13 + 200) % 400];
        let [one, two, three, four] = paths.map(|at| format!("/{at}.txt"));
        let (one, two, three, four) = tokio::join!(
            get(&edge, &one, &[]),
            get(&edge, &two, &[]),
            get(&edge, &three, &[]),
            get(&edge, &four, &[])
        );
        for (got, at) in [one, two, three, four].into_iter().zip(paths) {
            assert!(got.status == 200 && got.body == text(at), "{at}: {} bytes", got.body.len());
        }
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_in_the_middle_of_a_file_leaves_nothing_behind() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let files =
        vec![File::new("film.mp4", vec![7; 3 * CHUNK]).typed("video/mp4"), File::new("a.txt", "still here")];
    Folder::of(files).become_site(&owner, "docs").await;
    for _ in 0..10 {
        let mut response = edge.request(Method::GET, "docs-acme", "/film.mp4").send().await.unwrap();
        assert!(!response.chunk().await.unwrap().unwrap().is_empty());
    }
    assert_eq!(get(&edge, "/a.txt", &[]).await.text(), (200, "still here"));
    assert_eq!(get(&edge, "/film.mp4", &[]).await.body.len(), 3 * CHUNK);
}

#[tokio::test]
async fn a_browser_gets_the_coding_that_it_takes_and_keeps_it() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    // Of no type that the local edge would code again, on its own way out.
    let script = File::new("app.1f.js", "plain").typed("application/x-script").immutable();
    let script = script.coded(Coding::Gzip, ZIPPED).coded(Coding::Brotli, SMALL);
    Folder::of(vec![script]).become_site(&owner, "docs").await;

    let fields = [("accept-encoding", "gzip, deflate, br")];
    let coded = get(&edge, "/app.1f.js", &fields).await;
    assert_eq!((coded.status, &coded.body[..]), (200, SMALL));
    assert_eq!((coded.header("content-encoding"), coded.header("vary")), ("br", "Accept-Encoding"));
    assert_eq!(coded.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(coded.headers[CONTENT_TYPE], "application/x-script");
    assert_eq!(coded.header("x-content-type-options"), "nosniff");
    let tag = coded.header("etag");
    assert!(tag.ends_with("-br\""));

    let again = get(&edge, "/app.1f.js", &[fields[0], ("if-none-match", &format!("\"x\", W/{tag}"))]).await;
    assert_eq!(again.text(), (304, ""));
    assert_eq!((again.header("etag"), again.header("vary")), (tag, "Accept-Encoding"));
    assert_eq!(again.header("cache-control"), coded.header("cache-control"));

    let head = send(&edge, Method::HEAD, "docs-acme", "/app.1f.js", &fields).await;
    assert_eq!((head.status, head.header("content-length"), head.header("etag")), (200, "9", tag));
    let zipped = get(&edge, "/app.1f.js", &[("accept-encoding", "gzip;q=1, br;q=0.5")]).await;
    assert_eq!((&zipped.body[..], zipped.header("content-encoding")), (ZIPPED, "gzip"));
    let plain = get(&edge, "/app.1f.js", &[]).await;
    assert_eq!((plain.text(), plain.header("content-encoding")), ((200, "plain"), ""));
}

#[tokio::test]
async fn a_single_page_application_answers_pages_and_never_a_script_with_one() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let config = ServeConfig { not_found: NotFound::SinglePage, ..ServeConfig::default() };
    Folder::of(vec![File::new("index.html", "app")]).with(config).become_site(&owner, "docs").await;
    assert_eq!(get(&edge, "/user/7", &[("sec-fetch-mode", "navigate")]).await.text(), (200, "app"));
    assert_eq!(get(&edge, "/user/7", &[("accept", "text/html")]).await.text(), (200, "app"));
    let script = get(&edge, "/old.1f.js", &[("sec-fetch-mode", "no-cors"), ("accept", "*/*")]).await;
    assert_eq!(script.text(), (404, "Not found\n"));
    assert_eq!(script.headers[CONTENT_TYPE], "text/plain; charset=utf-8");
}

#[tokio::test]
async fn a_site_under_a_prefix_sees_the_paths_below_it() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let files = vec![
        File::new("index.html", "home"),
        File::new("a/index.html", "a"),
        File::new("404.html", "nothing"),
    ];
    Folder::of(files).with(rules("/old /a/", "/a/\n  X-Of: a")).become_site(&owner, "docs").await;
    let body = r#"{"host":"shop.localhost","path":"/help","target":{"kind":"site","site":"docs"}}"#;
    assert_eq!(owner.raw(Method::POST, "/api/v1/workspaces/acme/urls", body).await.0, 201);

    let shop = async |path: &str| send(&edge, Method::GET, "shop", path, &[]).await;
    assert_eq!(shop("/help?x").await.led(), (307, "/help/?x"));
    assert_eq!(shop("/help/").await.text(), (200, "home"));
    assert_eq!(shop("/help/a").await.led(), (307, "/help/a/"));
    assert_eq!(shop("/help/a/index.html").await.led(), (307, "/help/a/"));
    assert_eq!(shop("/help/a/").await.header("x-of"), "a");
    assert_eq!(shop("/help/old?x").await.led(), (302, "/help/a/?x"));
    assert_eq!(shop("/help/none").await.text(), (404, "nothing"));
}

#[tokio::test]
async fn unusual_names_are_served_and_nothing_outside_of_a_site_is() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let names = [
        ("a b.txt", "/a%20b.txt"),
        ("a#b.txt", "/a%23b.txt"),
        ("a?b.txt", "/a%3Fb.txt"),
        ("100%.txt", "/100%25.txt"),
        ("a%20b.txt", "/a%2520b.txt"),
        ("😀/é.txt", "/%F0%9F%98%80/%C3%A9.txt"),
        ("Case.txt", "/Case.txt"),
        ("case.txt", "/case.txt"),
        ("a+b&c=d.txt", "/a%2Bb%26c%3Dd.txt"),
        ("..hidden/x..y", "/..hidden/x..y"),
    ];
    let long = format!("{}.txt", "long/".repeat(400));
    let mut files: Vec<File> = names.iter().map(|(name, _)| File::new(*name, *name)).collect();
    files.push(File::new(long.clone(), "long"));
    Folder::of(files).become_site(&owner, "docs").await;
    for (name, address) in names {
        assert_eq!(get(&edge, address, &[]).await.text(), (200, name), "{address}");
    }
    assert_eq!(get(&edge, &format!("/{long}"), &[]).await.text(), (200, "long"));
    assert_eq!(get(&edge, "/a+b&c=d.txt?q=1", &[]).await.led(), (307, "/a%2Bb%26c%3Dd.txt?q=1"));
    assert_eq!(get(&edge, "/CASE.txt", &[]).await.status, 404);
    for path in [
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/case.txt.map",
        "/..%5c..%5cwindows",
        "/😀/%2e%2e%2fcase.txt",
        "/case.txt%00",
        "/case.txt/",
        "//evil.example/%2f..",
        "/%ff%fe",
    ] {
        let got = get(&edge, path, &[]).await;
        assert_eq!((got.status, got.header("location")), (404, ""), "{path}");
    }
}

#[tokio::test]
async fn a_rewrite_reaches_another_site_of_the_installation_and_a_circle_of_them_ends() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let at = |site: &str| format!("http://{site}-acme.localhost:{}", edge.port);
    let front = rules(&format!("/api/* {}/:splat 200\n/loop {}/loop 200", at("back"), at("back")), "");
    let back = rules(&format!("/loop {}/loop 200", at("docs")), "");
    Folder::of(vec![File::new("index.html", "front")]).with(front).become_site(&owner, "docs").await;
    Folder::of(vec![File::new("data.json", "{}")]).with(back).become_site(&owner, "back").await;
    assert_eq!(get(&edge, "/api/data.json", &[]).await.text(), (200, "{}"));
    assert_eq!(get(&edge, "/", &[]).await.text(), (200, "front"));
    let circle = get(&edge, "/loop", &[]).await;
    assert_eq!((circle.status, circle.text().1.contains("round in a circle")), (508, true));
}
