use serde_json::json;

use super::super::fixture::{Request, file, get, site, told};
use super::*;

/// What the redirects say to a request.
fn ruled(redirects: serde_json::Value, request: &Request) -> Option<Ruled> {
    let rules = Rules::compile(json!({ "redirects": redirects }).to_string().as_bytes()).unwrap();
    request.asked(|asked| rules.redirect(asked))
}

/// Where one redirect leads a request, if it does.
fn location(from: &str, to: &str, request: &Request) -> Option<String> {
    match ruled(json!([{ "from": from, "to": to, "status": 302 }]), request)? {
        Ruled::Lead { location, .. } => Some(location),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_rule_in_the_file_wins_whether_it_is_exact_or_not() {
    let rule = |from: &str, to: &str| json!({ "from": from, "to": to, "status": 302 });
    let exact_first = json!([rule("/a", "/exact"), rule("/*", "/dynamic")]);
    let dynamic_first = json!([rule("/*", "/dynamic"), rule("/a", "/exact")]);
    let to = |rules, path| match ruled(rules, &get(path)) {
        Some(Ruled::Lead { location, .. }) => location,
        other => format!("{other:?}"),
    };
    assert_eq!(to(exact_first.clone(), "/a"), "/exact");
    assert_eq!(to(exact_first, "/b"), "/dynamic");
    assert_eq!(to(dynamic_first, "/a"), "/dynamic");
    let hosts = json!([
        rule("https://other.example/a", "/other"),
        rule("/a", "/any"),
        rule("https://site.example/a", "/late")
    ]);
    assert_eq!(to(hosts.clone(), "/a"), "/any");
    let rules = Rules::compile(json!({ "redirects": hosts }).to_string().as_bytes()).unwrap();
    let other = get("/a").host("other.example").asked(|asked| rules.redirect(asked));
    assert!(matches!(other, Some(Ruled::Lead { location, .. }) if location == "/other"));
}

#[test]
fn exact_redirects_are_looked_up_and_only_the_others_are_tried() {
    let exact = (0..9_999).map(|at| json!({ "from": format!("/old/{at}"), "to": "/new", "status": 301 }));
    let all: Vec<_> = exact.chain([json!({ "from": "/:a", "to": "/b", "status": 301 })]).collect();
    let rules = Rules::compile(json!({ "redirects": all }).to_string().as_bytes()).unwrap();
    assert_eq!((rules.exact.len(), &rules.dynamic[..]), (9_999, &[9_999][..]));
    assert!(get("/old/9998").asked(|asked| rules.redirect(asked)).is_some());
}

#[test]
fn a_location_has_the_query_of_the_target_or_else_of_the_request() {
    for (to, asked, expected) in [
        ("/b", "/a?x=1", "/b?x=1"),
        ("/b?y=2", "/a?x=1", "/b?y=2"),
        ("/b#part", "/a?x=1", "/b?x=1#part"),
        ("/b?y=2#part", "/a", "/b?y=2#part"),
        ("https://x.example/b#part", "/a?x=1", "https://x.example/b?x=1#part"),
        ("https://x.example/b?y=2", "/a?x=1", "https://x.example/b?y=2"),
        ("/b?to=https://x.example//y", "/a", "/b?to=https://x.example//y"),
    ] {
        assert_eq!(location("/a", to, &get(asked)).unwrap(), expected);
    }
}

#[test]
fn no_path_makes_a_redirect_lead_to_another_host() {
    for (path, expected) in [
        ("/go//evil.example", "/evil.example"),
        ("/go///evil.example/x", "/evil.example/x"),
        ("/go/%5Cevil.example", "/%5Cevil.example"),
        ("/go/%2Fevil.example", "/%2Fevil.example"),
        ("/go/.%2F/evil.example", "/.%2F/evil.example"),
    ] {
        assert_eq!(location("/go/*", "/:splat", &get(path)).unwrap(), expected, "{path}");
    }
    assert_eq!(location("/a", "/\\evil.example", &get("/a")).unwrap(), "/evil.example");
    assert_eq!(location("/a/:host", "https://:host.example/x", &get("/a/evil%2F")), None, "no host at all");
    let captured = ruled(
        json!([{ "from": "/a", "to": "/:to", "status": 302, "when": { "query": [["to", ":to"]] } }]),
        &get("/a?to=/evil.example"),
    );
    assert!(
        matches!(captured, Some(Ruled::Lead { location, .. }) if location == "/%2Fevil.example?to=/evil.example")
    );
}

#[test]
fn a_rule_that_leads_to_the_address_itself_is_passed_over() {
    assert_eq!(location("/*", "/home", &get("/home")), None);
    assert_eq!(location("/*", "/home", &get("/home?x=1")), None);
    assert_eq!(location("/*", "/home?x=2", &get("/home?x=1")).unwrap(), "/home?x=2");
    assert_eq!(location("/*", "/home", &get("/home/")).unwrap(), "/home");
}

#[test]
fn below_a_prefix_rules_see_and_give_the_path_below_it() {
    assert_eq!(location("/a", "/b", &get("/a").under("/docs")).unwrap(), "/docs/b");
    assert_eq!(location("/docs/a", "/b", &get("/a").under("/docs")), None);
    assert_eq!(
        location("/a", "https://x.example/b", &get("/a").under("/docs")).unwrap(),
        "https://x.example/b"
    );
}

#[test]
fn a_rewrite_keeps_the_address_and_may_lead_elsewhere() {
    let rewrite = |to: &str, status: u16| json!([{ "from": "/app/*", "to": to, "status": status }]);
    assert_eq!(
        ruled(rewrite("/shell.html?x", 200), &get("/app/a?b")),
        Some(Ruled::Rewrite { status: 200, path: "/shell.html".to_owned() })
    );
    assert_eq!(
        ruled(rewrite("/gone", 404), &get("/app/a")),
        Some(Ruled::Rewrite { status: 404, path: "/gone".to_owned() })
    );
    assert_eq!(
        ruled(rewrite("https://api.example/v1/:splat", 200), &get("/app/a?b=c")),
        Some(Ruled::Elsewhere("https://api.example/v1/a?b=c".to_owned()))
    );
}

#[test]
fn conditions_decide_and_what_they_decide_is_kept_from_caches() {
    let site = site(
        vec![file("shop.html")],
        &json!({ "redirects": [
            { "from": "/shop", "to": "/at", "status": 302, "when": { "country": ["at"] } },
            { "from": "/shop", "to": "/de", "status": 302, "when": { "language": ["de"], "cookie": ["beta"] } },
        ]})
        .to_string(),
    );
    let request = get("/shop");
    assert_eq!(told(&request.clone().from("AT").of(&site)), "302 /at");
    let german = request.clone().with("accept-language", "de-DE, en;q=0.5");
    assert_eq!(told(&german.clone().of(&site)), "200 identity 0..10");
    let reply = german.with("cookie", "beta=1").of(&site);
    assert_eq!(told(&reply), "302 /de");
    assert_eq!(reply.unwrap().headers.get("cache-control"), Some("no-store"));
    assert_eq!(told(&request.of(&site)), "200 identity 0..10");
}

#[test]
fn header_rules_replace_ours_and_add_to_each_other() {
    let site = site(
        vec![file("art/a.html")],
        &json!({ "headers": [
            { "path": "/art/*", "set": [["cache-control", "no-cache"], ["x-of", ":splat"], ["set-cookie", "a=1"]] },
            { "path": "https://site.example/art/:name", "set": [["set-cookie", "b=2"], ["x-of", "again"]], "unset": ["x-content-type-options"] },
            { "path": "/other", "set": [["x-other", "1"]] },
        ]})
        .to_string(),
    );
    let reply = get("/art/a").of(&site).unwrap();
    let fields: Vec<_> = reply
        .headers
        .iter()
        .filter(|(name, _)| !matches!(*name, "etag" | "content-type" | "accept-ranges"))
        .collect();
    assert_eq!(
        fields,
        [
            ("cache-control", "no-cache"),
            ("x-of", "a"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("x-of", "again")
        ]
    );
}

#[test]
fn header_rules_are_applied_to_every_kind_of_answer() {
    let site = site(
        vec![file("page.html")],
        &json!({
            "redirects": [{ "from": "/old", "to": "/page", "status": 301 }],
            "headers": [{ "path": "/*", "set": [["x-robots-tag", "noindex"]] }],
        })
        .to_string(),
    );
    let etag = get("/page").of(&site).unwrap().headers.get("etag").unwrap().to_owned();
    for (request, status) in [
        (get("/page"), 200),
        (get("/page").with("if-none-match", etag), 304),
        (get("/page").with("range", "bytes=1-2"), 206),
        (get("/page").with("range", "bytes=99-"), 416),
        (get("/page.html"), 307),
        (get("/old"), 301),
        (get("/page").method(crate::ingress::site::asked::Method::Other), 405),
        (get("/none"), 404),
    ] {
        let reply = request.of(&site).unwrap();
        assert_eq!((reply.status, reply.headers.get("x-robots-tag")), (status, Some("noindex")));
    }
}
