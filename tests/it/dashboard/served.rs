//! The dashboard, as far as it can be seen without a browser.

use patr_stories::{Caller, Edge};

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
    assert!(wasm.headers().get("content-encoding").is_none(), "who takes no coding gets none");
    let coded = client.get(format!("{}{file}", edge.url())).header("accept-encoding", "br");
    let coded = coded.send().await.unwrap();
    let names = ["content-type", "content-encoding"].map(|name| coded.headers()[name].to_str().unwrap());
    assert_eq!(names, ["application/wasm", "br"]);
    assert!(coded.bytes().await.unwrap().len() * 3 < wasm.bytes().await.unwrap().len());
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
