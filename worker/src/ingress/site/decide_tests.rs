use patr_models::site::manifest::NewEntry;

use super::super::fixture::{TODAY, file, get, manifest_of, script, site, told};
use super::*;

const SINGLE_PAGE: &str = r#"{"not_found":"single-page-application"}"#;

fn pages() -> Site {
    site(
        vec![
            file("index.html"),
            file("a b.html"),
            file("docs/index.html"),
            file("404.html"),
            script("app.1f.js"),
        ],
        "",
    )
}

#[test]
fn a_file_is_answered_with_what_a_browser_needs_to_know_of_it() {
    let site = pages();
    let reply = get("/").of(&site).unwrap();
    let fields: Vec<_> = reply.headers.iter().collect();
    assert_eq!(
        fields,
        [
            ("content-type", "text/html; charset=utf-8"),
            ("etag", "\"abababababababababababababababab\""),
            ("cache-control", "public, max-age=0, must-revalidate"),
            ("x-content-type-options", "nosniff"),
            ("accept-ranges", "bytes"),
        ]
    );
}

#[test]
fn the_address_of_a_page_is_written_in_one_way_and_keeps_its_query() {
    let site = pages();
    for (asked, expected) in [
        ("/a%20b", "200 identity 0..10"),
        ("/a%20b.html?x=%20y", "307 /a%20b?x=%20y"),
        ("/%61%20b", "307 /a%20b"),
        ("//a%20b", "307 /a%20b"),
        ("/docs?", "307 /docs/"),
        ("/docs/index.html", "307 /docs/"),
        ("/a%2520b", "404 identity 0..10"),
        ("/A%20b", "404 identity 0..10"),
        ("/%2e%2e%2fsecret", "404 identity 0..10"),
    ] {
        assert_eq!(told(&get(asked).of(&site)), expected, "{asked}");
    }
}

#[test]
fn a_file_whose_name_is_encoded_twice_has_the_address_that_is() {
    let site = site(
        vec![file("%5Bx%5D.html"), file("100%.txt"), file("a#b?c.txt"), file("😀.txt"), file("a@b.txt")],
        "",
    );
    for (asked, expected) in [
        ("/%255Bx%255D", "200 identity 0..10"),
        ("/%5Bx%5D", "404 text"),
        ("/100%25.txt", "200 identity 0..10"),
        ("/100%.txt", "307 /100%25.txt"),
        ("/a%23b%3Fc.txt", "200 identity 0..10"),
        ("/%F0%9F%98%80.txt", "200 identity 0..10"),
        ("/a@b.txt", "307 /a%40b.txt"),
    ] {
        assert_eq!(told(&get(asked).of(&site)), expected, "{asked}");
    }
}

#[test]
fn under_a_prefix_redirects_have_it() {
    let site = pages();
    assert_eq!(told(&get("/docs?x").under("/p").of(&site)), "307 /p/docs/?x");
    assert_eq!(told(&get("/").under("/p").of(&site)), "200 identity 0..10");
}

#[test]
fn a_method_that_no_file_knows_is_told_which_ones_are() {
    let site = pages();
    for path in ["/", "/docs", "/app.1f.js"] {
        let reply = get(path).method(Method::Other).of(&site).unwrap();
        assert_eq!((reply.status, reply.headers.get("allow")), (405, Some("GET, HEAD")), "{path}");
    }
    assert_eq!(get("/none").method(Method::Other).of(&site).unwrap().status, 404);
}

#[test]
fn head_has_the_length_and_no_body() {
    let site = pages();
    for (path, status) in [("/", 200), ("/none", 404)] {
        let reply = get(path).method(Method::Head).with("range", "bytes=0-1").of(&site).unwrap();
        assert_eq!((reply.status, reply.headers.get("content-length")), (status, Some("10")));
        assert!(matches!(reply.body, crate::ingress::site::reply::Body::Empty));
    }
}

#[test]
fn a_single_page_answers_navigations_and_nothing_else() {
    let mut index = file("index.html");
    index.immutable = true;
    let site = site(vec![index], SINGLE_PAGE);
    for (path, field, value, expected) in [
        ("/user/7", "sec-fetch-mode", "navigate", "200 identity 0..10"),
        ("/john.doe", "sec-fetch-mode", "navigate", "200 identity 0..10"),
        ("/user/7", "accept", "text/html,*/*", "200 identity 0..10"),
        ("/user/7", "accept", "*/*", "404 text"),
        ("/user/7", "sec-fetch-mode", "cors", "404 text"),
        ("/old.3a.js", "sec-fetch-mode", "navigate", "404 text"),
        ("/old.3a.JS", "accept", "text/html", "404 text"),
    ] {
        assert_eq!(told(&get(path).with(field, value).of(&site)), expected, "{path} {value}");
    }
    let reply = get("/user/7").with("accept", "text/html").of(&site).unwrap();
    assert_eq!(reply.headers.get("cache-control"), Some("public, max-age=0, must-revalidate"));
}

#[test]
fn a_page_for_what_is_missing_has_no_tag_and_ignores_conditions() {
    let site = pages();
    let reply = get("/none").with("if-none-match", "*").with("range", "bytes=0-1").of(&site).unwrap();
    assert_eq!((reply.status, reply.headers.get("etag")), (404, None));
    assert_eq!(told(&Ok(reply)), "404 identity 0..10");
}

#[test]
fn a_script_of_an_earlier_version_is_answered_until_its_day() {
    let old = |until_day: u16| NewEntry { until_day, ..script("old.2e.js") };
    let site = site(vec![file("index.html")], SINGLE_PAGE);
    let request = get("/old.2e.js").with("accept", "text/html");
    let kept = manifest_of(vec![old(TODAY)]);
    let reply = request.with_carried(&site, Some(&kept)).unwrap();
    assert_eq!(reply.headers.get("cache-control"), Some("public, max-age=31536000, immutable"));
    let gone = manifest_of(vec![old(TODAY - 1)]);
    assert_eq!(told(&request.with_carried(&site, Some(&gone))), "404 text");
    assert_eq!(told(&get("//old.2e.js").with_carried(&site, Some(&kept))), "307 /old.2e.js");
}

#[test]
fn a_rewrite_serves_a_page_from_wherever_it_is_and_never_for_ever() {
    let rewrites = r#"{"redirects":[
        {"from":"/x","to":"/a b.html","status":200},{"from":"/y","to":"/docs/index.html","status":404},
        {"from":"/z","to":"/app.1f.js","status":200},{"from":"/n","to":"/none","status":200}]}"#;
    let files = vec![file("a b.html"), file("docs/index.html"), script("app.1f.js")];
    let site = site(files, rewrites);
    assert_eq!(told(&get("/x").of(&site)), "200 identity 0..10");
    assert_eq!(told(&get("/y").of(&site)), "404 identity 0..10");
    assert_eq!(told(&get("/n").of(&site)), "404 text");
    let reply = get("/z").of(&site).unwrap();
    assert_eq!(reply.headers.get("cache-control"), Some("public, max-age=0, must-revalidate"));
}

#[test]
fn a_coding_is_said_and_caches_are_told_to_keep_them_apart() {
    let site = pages();
    let script = |accept: &str| get("/app.1f.js").with("accept-encoding", accept).of(&site).unwrap();
    let reply = script("gzip, br");
    let field = |name: &str| reply.headers.get(name).unwrap_or_default();
    assert_eq!((field("content-encoding"), field("vary")), ("br", "Accept-Encoding"));
    assert_eq!(field("etag"), "\"abababababababababababababababab-br\"");
    assert_eq!(reply.headers.get("accept-ranges"), None);
    assert_eq!(told(&Ok(reply)), "200 br 0..4");
    let plain = script("identity");
    assert_eq!(
        (plain.headers.get("content-encoding"), plain.headers.get("vary")),
        (None, Some("Accept-Encoding"))
    );
}

#[test]
fn a_client_that_has_the_coding_it_would_get_is_told_so() {
    let site = pages();
    let tag = "\"abababababababababababababababab-br\"";
    let request = get("/app.1f.js").with("if-none-match", format!("W/{tag}"));
    let reply = request.clone().with("accept-encoding", "br").of(&site).unwrap();
    let fields: Vec<_> = reply.headers.iter().collect();
    assert_eq!(reply.status, 304);
    assert_eq!(
        fields,
        [
            ("etag", tag),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("vary", "Accept-Encoding")
        ]
    );
    assert_eq!(told(&request.with("accept-encoding", "gzip").of(&site)), "200 gzip 0..5");
}

#[test]
fn a_range_is_of_the_files_own_bytes() {
    let site = pages();
    let range = |value: &str| get("/app.1f.js").with("accept-encoding", "br").with("range", value);
    let reply = range("bytes=2-4").of(&site).unwrap();
    assert_eq!(reply.headers.get("content-range"), Some("bytes 2-4/10"));
    assert_eq!(told(&Ok(reply)), "206 identity 2..5");
    let beyond = range("bytes=10-").of(&site).unwrap();
    assert_eq!((beyond.status, beyond.headers.get("content-range")), (416, Some("bytes */10")));
    assert_eq!(told(&range("bytes=0-1,4-5").of(&site)), "200 identity 0..10");
    let strict = range("bytes=2-4").with("accept-encoding", "br, identity;q=0");
    assert_eq!(told(&strict.of(&site)), "200 br 0..4");
}

#[test]
fn a_range_of_another_version_of_the_file_is_answered_whole() {
    let site = pages();
    let range = |tag: &str| told(&get("/").with("range", "bytes=2-4").with("if-range", tag).of(&site));
    assert_eq!(range("\"abababababababababababababababab\""), "206 identity 2..5");
    assert_eq!(range("W/\"abababababababababababababababab\""), "200 identity 0..10");
    assert_eq!(range("\"other\""), "200 identity 0..10");
}

#[test]
fn what_is_answered_to_a_user_is_left_to_them_to_keep() {
    let site = pages();
    let reply = get("/").with("authorization", "Bearer x").of(&site).unwrap();
    assert_eq!(reply.headers.get("cache-control"), None);
}
