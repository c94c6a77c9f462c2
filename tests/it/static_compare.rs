//! The same folder on Cloudflare's own asset server and here, asked the same.
//!
//! Where the answers differ it is because ours are meant to: [`WANTED`] says why, and a difference that is not in it
//! fails, as does one in it that is no longer there.

use http::Method;
use patr_models::site::{
    config::{HtmlHandling, ServeConfig},
    rules::{headers_file, redirects_file},
};
use patr_stories::{AssetServer, Edge, File, Folder};

const FILES: &[(&str, &str)] = &[
    ("index.html", "home"),
    ("page.html", "page"),
    ("folder/index.html", "folder"),
    ("both.html", "both, the page"),
    ("both/index.html", "both, the folder"),
    ("style.css", "body{}"),
    ("binary", "binary"),
    ("plain.txt", "plain"),
    ("404.html", "nothing here"),
    ("folder/404.html", "nothing in this folder"),
    ("a b.html", "a space"),
    ("[x].txt", "brackets"),
    ("empty.txt", ""),
];

const REDIRECTS: &str = "\
/old /page 301
/out https://x.example/y
/seg/:a/:b /page?a=:a&b=:b
/splat/* /folder/:splat 308
/open/* /:splat 302
/frag /page#part 303
/shell /page 200
/shell-file /page.html 200
/missing-target /none 200
";

const HEADERS: &str = "\
/*
  X-All: yes
/page
  Cache-Control: max-age=5
  X-Page: :none
/style.css
  ! ETag
/seg/*
  X-Seg: :splat
";

/// Method, path, and header fields.
type Row = (Method, &'static str, &'static [(&'static str, &'static str)]);

/// `ETAG` in a field stands for the tag that the same server gave.
const ROWS: &[Row] = &[
    (Method::GET, "/", &[]),
    (Method::GET, "/index", &[]),
    (Method::GET, "/index.html", &[]),
    (Method::GET, "/index.html?x=1", &[]),
    (Method::GET, "/index/", &[]),
    (Method::GET, "/page", &[]),
    (Method::GET, "/page.html", &[]),
    (Method::GET, "/page/", &[]),
    (Method::GET, "/page/index", &[]),
    (Method::GET, "/page/index.html", &[]),
    (Method::GET, "/page.html/", &[]),
    (Method::GET, "/folder", &[]),
    (Method::GET, "/folder?q", &[]),
    (Method::GET, "/folder/", &[]),
    (Method::GET, "/folder.html", &[]),
    (Method::GET, "/folder/index.html", &[]),
    (Method::GET, "/both", &[]),
    (Method::GET, "/both/", &[]),
    (Method::GET, "/both.html", &[]),
    (Method::GET, "/both/index.html", &[]),
    (Method::GET, "/style.css", &[]),
    (Method::GET, "/style.css/", &[]),
    (Method::GET, "/binary", &[]),
    (Method::GET, "/empty.txt", &[]),
    (Method::GET, "/404", &[]),
    (Method::GET, "/404.html", &[]),
    (Method::GET, "/a%20b", &[]),
    (Method::GET, "/a%20b.html", &[]),
    (Method::GET, "/%61%20b", &[]),
    (Method::GET, "/[x].txt", &[]),
    (Method::GET, "/%5Bx%5D.txt", &[]),
    (Method::GET, "//page", &[]),
    (Method::GET, "/folder//index.html", &[]),
    (Method::GET, "/folder/../page", &[]),
    (Method::GET, "/folder/%2e%2e/page", &[]),
    (Method::GET, "/folder%2Findex.html", &[]),
    (Method::GET, "/%A0", &[]),
    (Method::GET, "/PAGE", &[]),
    (Method::GET, "/none", &[]),
    (Method::GET, "/folder/none", &[]),
    (Method::GET, "/none[1]", &[]),
    (Method::GET, "/old", &[]),
    (Method::GET, "/old?x=1", &[]),
    (Method::POST, "/old", &[]),
    (Method::GET, "/out?x=1", &[]),
    (Method::GET, "/seg/1/2?x=1", &[]),
    (Method::GET, "/seg/1/2/3", &[]),
    (Method::GET, "/splat/a/b?c", &[]),
    (Method::GET, "/open//evil.example", &[]),
    (Method::GET, "/frag?x=1", &[]),
    (Method::GET, "/shell", &[]),
    (Method::GET, "/shell-file", &[]),
    (Method::GET, "/missing-target", &[]),
    (Method::HEAD, "/page", &[]),
    (Method::HEAD, "/none", &[]),
    (Method::POST, "/page", &[]),
    (Method::PUT, "/page.html", &[]),
    (Method::OPTIONS, "/page", &[]),
    (Method::POST, "/none", &[]),
    (Method::GET, "/plain.txt", &[("if-none-match", "ETAG")]),
    (Method::GET, "/plain.txt", &[("if-none-match", "W/ETAG")]),
    (Method::GET, "/plain.txt", &[("if-none-match", "\"other\"")]),
    (Method::GET, "/plain.txt", &[("if-none-match", "\"other\", ETAG")]),
    (Method::GET, "/plain.txt", &[("if-none-match", "*")]),
    (Method::HEAD, "/plain.txt", &[("if-none-match", "ETAG")]),
    (Method::GET, "/none", &[("if-none-match", "ETAG")]),
    (Method::GET, "/plain.txt", &[("range", "bytes=0-1")]),
    (Method::GET, "/plain.txt", &[("authorization", "Bearer x")]),
];

/// Where ours differs, and why.
const WANTED: &[(&str, &str)] = &[
    ("GET /shell-file", "a rewrite keeps the address: theirs leads to the page's own"),
    (
        "GET /binary",
        "a type is always said, of a name without an extension too: theirs leaves it to be guessed",
    ),
    ("GET /%A0", "where there is no file there is nothing to write in another way: theirs leads once more"),
    (
        "GET /none[1]",
        "where there is no file there is nothing to write in another way: theirs leads once more",
    ),
    ("POST /none", "nothing is there for any method: theirs says that only the method is wrong"),
    ("GET /plain.txt if-none-match: \"other\", ETAG", "a list of tags (RFC 9110, 13.1.2)"),
    ("GET /plain.txt if-none-match: *", "any tag at all (RFC 9110, 13.1.2)"),
    (
        "GET /none if-none-match: ETAG",
        "conditions count only where the answer would be a success (RFC 9110, 13.2.1)",
    ),
    ("GET /plain.txt range: bytes=0-1", "ranges: theirs has none"),
];

/// What is compared of an answer. Tags differ by how they are made; that there is one does not.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    location: String,
    content_type: String,
    cache_control: String,
    tagged: bool,
    rules: Vec<String>,
    body: String,
}

async fn answer(request: reqwest::RequestBuilder) -> (Answer, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let header = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let mut answer = Answer {
        status,
        location: header("location"),
        // A type says nothing about a body that is not there.
        content_type: if matches!(status, 200 | 206) { header("content-type") } else { String::new() },
        cache_control: if matches!(status, 200 | 206 | 304) {
            header("cache-control")
        } else {
            String::new()
        },
        tagged: matches!(status, 200 | 206 | 304) && headers.contains_key("etag"),
        rules: ["x-all", "x-page", "x-seg"].map(header).into(),
        body: response.text().await.unwrap(),
    };
    if status >= 300 && status != 404 {
        answer.body.clear();
    }
    (answer, header("etag"))
}

#[tokio::test]
async fn what_the_asset_server_of_cloudflare_answers_is_answered_here() {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in FILES.iter().chain(&[("_redirects", REDIRECTS), ("_headers", HEADERS)]) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let theirs = AssetServer::start(folder.path()).await;
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    let (redirects, problems) = redirects_file::parse(REDIRECTS, HtmlHandling::default());
    assert_eq!(problems, []);
    let (headers, problems) = headers_file::parse(HEADERS);
    assert_eq!(problems, []);
    let files = FILES.iter().map(|(path, text)| File::new(*path, *text).typed(content_type(path))).collect();
    let config = ServeConfig { redirects, headers, ..ServeConfig::default() };
    Folder::of(files).with(config).become_site(&owner, "docs").await;

    let mut different = Vec::new();
    for (method, path, fields) in ROWS {
        let mut said = format!("{method} {path}");
        let mut requests =
            [theirs.request(method.clone(), path), edge.request(method.clone(), "docs-acme", path)];
        for (name, value) in *fields {
            said += &format!(" {name}: {value}");
            let tags = [
                answer(theirs.request(Method::GET, path)).await.1,
                answer(edge.request(Method::GET, "docs-acme", path)).await.1,
            ];
            let [their, our] = requests;
            requests = [
                their.header(*name, value.replace("ETAG", &tags[0])),
                our.header(*name, value.replace("ETAG", &tags[1])),
            ];
        }
        let [their, our] = requests;
        let (their, our) = (answer(their).await.0, answer(our).await.0);
        if their != our {
            different.push((said, their, our));
        }
    }
    let unwanted: Vec<_> =
        different.iter().filter(|(said, ..)| !WANTED.iter().any(|(row, _)| row == said)).collect();
    assert!(unwanted.is_empty(), "{unwanted:#?}");
    let gone: Vec<_> =
        WANTED.iter().filter(|(row, _)| !different.iter().any(|(said, ..)| said == row)).collect();
    assert!(gone.is_empty(), "no longer different: {gone:#?}");
}

/// As the asset server finds it.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "txt")) => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
