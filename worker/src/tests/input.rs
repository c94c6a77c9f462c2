//! What is wrong with a request is said: a stable code, and a message that names the place.

use http::Method;

use super::installation::Installation;
use crate::testing::{Answered, App};

const DEPLOYMENTS: &str = "/api/v1/workspaces/acme/deployments";

/// The status, the code, and a part of the message.
type Expected = (u16, &'static str, &'static str);

fn holds(answered: &Answered, (status, code, part): Expected, what: &str) {
    let error = answered.error();
    assert_eq!((answered.status(), error.code.as_str()), (status, code), "{what}: {}", error.message);
    assert!(error.message.contains(part), "{what}: {}", error.message);
    assert!(error.id.is_some(), "{what}");
    assert_eq!(answered.header("cache-control"), Some("no-store"), "{what}");
}

/// Sends bodies to one endpoint; none of them may change anything.
fn bodies(method: &Method, path: &str, cases: &[(&str, Expected)]) {
    let app = App::new();
    let installation = Installation::new(&app);
    let before = app.sqlite.dump();
    for (body, expected) in cases {
        let answered = installation.owner.raw(method.clone(), path, (*body).to_owned());
        holds(&answered, *expected, &body[..body.len().min(80)]);
    }
    assert_eq!(app.sqlite.dump(), before, "nothing was made");
}

#[test]
fn a_body_that_is_not_what_the_endpoint_declares_is_refused_with_its_place() {
    let long =
        format!(r#"{{"name":"{}","runners":[{{"runner":"box"}}],"spec":{{"image":"a"}}}}"#, "x".repeat(41));
    let huge = format!(r#"{{"name":"{}"}}"#, "x".repeat(300_000));
    let deep = format!(r#"{{"name":{}"#, "[".repeat(5000));
    bodies(
        &Method::POST,
        DEPLOYMENTS,
        &[
            ("", (400, "invalid_request", "body: EOF")),
            ("{", (400, "invalid_request", "EOF")),
            ("[]", (400, "invalid_request", "body: ")),
            ("null", (400, "invalid_request", "body: ")),
            ("\u{0}", (400, "invalid_request", "body: ")),
            ("{} {}", (400, "invalid_request", "missing field `name`")),
            (&deep, (400, "invalid_request", "name: ")),
            (
                r#"{"name":"a","runners":[{"runner":"box"}]}"#,
                (400, "invalid_request", "missing field `spec`"),
            ),
            (
                r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a"},"extra":1}"#,
                (400, "invalid_request", "unknown field `extra`"),
            ),
            (
                r#"{"name":"a","name":"b","runners":[{"runner":"box"}],"spec":{"image":"a"}}"#,
                (400, "invalid_request", "duplicate field `name`"),
            ),
            (
                r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a","portz":[]}}"#,
                (400, "invalid_request", "portz"),
            ),
            (
                r#"{"name":1,"runners":[{"runner":"box"}],"spec":{"image":"a"}}"#,
                (400, "invalid_request", "name: "),
            ),
            (
                r#"{"name":"a","runners":[{"runner":{}}],"spec":{"image":"a"}}"#,
                (400, "invalid_request", "runners[0].runner: "),
            ),
            (
                r#"{"name":"Not A Name","runners":[{"runner":"box"}],"spec":{"image":"a"}}"#,
                (400, "invalid_request", "name: `Not A Name` is not a name"),
            ),
            (
                r#"{"name":"a","runners":[{"runner":"dep_00000000000000000000000000"}],"spec":{"image":"a"}}"#,
                (400, "invalid_request", "runners[0].runner: expected an id like `run_"),
            ),
            (
                r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a b"}}"#,
                (400, "invalid_request", "spec.image: "),
            ),
            (
                r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a","ports":[{"port":70000}]}}"#,
                (400, "invalid_request", "spec.ports[0].port: "),
            ),
            (
                r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a","env":{"1A":"b"}}}"#,
                (400, "invalid_request", "`1A`"),
            ),
            (
                r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a"},"replicas":-1}"#,
                (400, "invalid_request", "replicas: "),
            ),
            (
                r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a"},"replicas":1.5}"#,
                (400, "invalid_request", "replicas: "),
            ),
            (
                r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a"},"replicas":99999999999999999999}"#,
                (400, "invalid_request", "replicas: "),
            ),
            (&long, (400, "invalid_request", "use 1 to 40")),
            (&huge, (413, "too_large", "larger than 262144 bytes")),
            (
                r#"{"name":"a","runners":[{"runner":"elsewhere"}],"spec":{"image":"a"}}"#,
                (422, "runner_not_found", "runners: there is no runner `elsewhere`"),
            ),
            (
                r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a","ports":[{"port":0}]}}"#,
                (422, "spec_invalid", "spec.ports[0].port: "),
            ),
            (
                r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a"},"replicas":4294967295}"#,
                (422, "too_many_replicas", "replicas: at most 100"),
            ),
        ],
    );
}

#[test]
fn each_endpoint_names_the_field_that_is_wrong() {
    bodies(
        &Method::POST,
        "/api/v1/sign-up",
        &[
            (
                r#"{"email":"ada","password":"password1"}"#,
                (400, "invalid_request", "email: `ada` is not an e-mail address"),
            ),
            (
                r#"{"email":"ada@example.com","password":"short"}"#,
                (400, "invalid_request", "password: a password has 8 to 256"),
            ),
        ],
    );
    bodies(
        &Method::POST,
        "/api/v1/tokens",
        &[
            (
                r#"{"name":"a","expires_at":"tomorrow"}"#,
                (400, "invalid_request", "expires_at: expected a time like"),
            ),
            (r#"{"name":"a","expires_at":"2001-01-01T00:00:00Z"}"#, (422, "already_expired", "expires_at: ")),
            (
                r#"{"name":"a","workspaces":[{"workspace":"nothing"}]}"#,
                (404, "not_found", "workspace `nothing`"),
            ),
        ],
    );
    bodies(
        &Method::POST,
        "/api/v1/workspaces",
        &[(r#"{"name":"a-name-longer-than-22-characters"}"#, (400, "invalid_request", "use 1 to 22"))],
    );
    bodies(
        &Method::POST,
        "/api/v1/workspaces/acme/runners",
        &[(
            r#"{"name":"a","runtime":"podman"}"#,
            (400, "invalid_request", "runtime: unknown variant `podman`"),
        )],
    );
    bodies(
        &Method::POST,
        "/api/v1/workspaces/acme/urls",
        &[
            (
                r#"{"host":"a_b.apps.example","target":{"kind":"site","site":"docs"}}"#,
                (400, "invalid_request", "host: "),
            ),
            (
                r#"{"host":"a.apps.example","path":"a","target":{"kind":"site","site":"docs"}}"#,
                (400, "invalid_request", "path: "),
            ),
            (
                r#"{"host":"a.apps.example","target":{"kind":"proxy","url":"ftp://example.com"}}"#,
                (400, "invalid_request", "target: "),
            ),
            (r#"{"host":"a.apps.example","target":{"kind":"cname"}}"#, (400, "invalid_request", "target")),
        ],
    );
    bodies(
        &Method::POST,
        "/api/v1/workspaces/acme/deployments/web/rollback",
        &[
            (r#"{"release":"1"}"#, (400, "invalid_request", "release: ")),
            (r#"{"release":4294967296}"#, (400, "invalid_request", "release: ")),
            (r#"{"release":0}"#, (422, "no_such_release", "release: there is no release 0")),
        ],
    );
}

#[test]
fn a_secret_that_cannot_be_kept_is_told_why_and_never_quoted() {
    let expected = (400, "invalid_request", "body: expected");
    let large = format!(r#"{{"value":{{"text":"{}"}}}}"#, "x".repeat(48 * 1024 + 1));
    bodies(
        &Method::PUT,
        "/api/v1/workspaces/acme/secrets/db",
        &[
            (r#""hunter3""#, expected),
            (r#"{"value":"hunter3"}"#, expected),
            (r#"{"value":{"text":"a","hunter3":"b"}}"#, expected),
            (r#"{"value":{"text":""}}"#, (422, "value_invalid", "value: it is empty")),
            (r#"{"value":{"base64":"hunter3!"}}"#, (422, "value_invalid", "value: it is not base64")),
            (&large, (422, "value_invalid", "value: 49153 bytes are over the limit of 49152")),
        ],
    );
}

#[test]
fn an_endpoint_without_a_body_says_so_to_who_sends_one() {
    bodies(
        &Method::POST,
        "/api/v1/workspaces/acme/deployments/web/restart",
        &[("{}", (400, "invalid_request", "body: `RestartDeployment` takes none"))],
    );
}

#[test]
fn a_query_that_cannot_be_read_names_its_parameter() {
    let app = App::new();
    let installation = Installation::new(&app);
    for (query, part) in [
        ("limit=many", "query `limit`: "),
        ("limit=-1", "query `limit`: "),
        ("limit=99999999999999999999", "query `limit`: "),
        ("limit=1&limit=2", "limit"),
        ("cursor=%2e%2e", "query `cursor`: this is not a cursor"),
        ("cursor=nonsense", "query `cursor`: this is not a cursor"),
        ("cursor=usr_00000000000000000000000000", "query `cursor`: this is not a cursor"),
        ("nmae=a", "unknown field `nmae`"),
    ] {
        for list in ["runners", "deployments", "volumes", "volumes/data/snapshots", "urls", "audit"] {
            let path = format!("/api/v1/workspaces/acme/{list}?{query}");
            holds(&installation.owner.raw(Method::GET, &path, ""), (400, "invalid_request", part), &path);
        }
    }
    for (path, part) in [
        ("/api/v1/workspaces?cursor=run_00000000000000000000000000", "query `cursor`"),
        ("/api/v1/tokens?cursor=run_00000000000000000000000000", "query `cursor`"),
        ("/api/v1/workspaces/acme/deployments/web/releases?cursor=a", "query `cursor`"),
        ("/api/v1/workspaces/acme/deployments/web/watch?after=-1", "query `after`"),
        ("/api/v1/workspaces/acme/deployments/web/logs?follow=maybe", "query `follow`"),
        ("/api/v1/workspaces/acme/deployments/web/logs?tail=4294967296", "query `tail`"),
        ("/api/v1/workspaces/acme/url-test", "missing field `url`"),
        ("/api/v1/workspaces/acme/url-test?url=nowhere", "query `url`"),
        ("/api/v1/workspaces/acme?verbose=1", "unknown field `verbose`"),
    ] {
        holds(&installation.owner.raw(Method::GET, path, ""), (400, "invalid_request", part), path);
    }
}

#[test]
fn a_page_is_as_long_as_it_may_be_at_most() {
    let app = App::new();
    let owner = app.owner("acme");
    for name in ["one", "two", "three"] {
        owner.runner(name);
    }
    for (limit, items) in [("0", 1), ("1", 1), ("3", 3), ("60000", 3)] {
        let answered = owner.raw(Method::GET, &format!("/api/v1/workspaces/acme/runners?limit={limit}"), "");
        let page: serde_json::Value = serde_json::from_slice(answered.body()).unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), items, "{limit}");
        assert_eq!(page["next"].is_null(), items == 3, "{limit}");
    }
}

#[test]
fn a_path_is_decoded_once_and_what_is_no_path_is_no_route() {
    let app = App::new();
    let installation = Installation::new(&app);
    let workspace = "/api/v1/workspaces";
    for (path, expected) in [
        (format!("{workspace}/%ff"), (404, "no_such_route", "%ff")),
        (format!("{workspace}/acme/"), (404, "no_such_route", "/acme/")),
        (format!("{workspace}//acme"), (404, "no_such_route", "//acme")),
        (format!("{workspace}/a%2Fcme"), (404, "not_found", "workspace `a/cme`")),
        (format!("{workspace}/acme%00"), (404, "not_found", "workspace")),
        (
            format!("{workspace}/acme/runners/a%2Fb"),
            (400, "invalid_request", "path `runner`: `a/b` is not a name"),
        ),
        (format!("{workspace}/acme/runners/%2e%2e"), (400, "invalid_request", "path `runner`")),
        (format!("{workspace}/acme/runners/box%252F"), (400, "invalid_request", "path `runner`")),
        (
            format!("{workspace}/acme/runners/dep_00000000000000000000000000"),
            (400, "invalid_request", "expected an id like `run_"),
        ),
        (format!("{workspace}/acme/runners/{}", "x".repeat(10_000)), (400, "invalid_request", "use 1 to 40")),
        (format!("{workspace}/acme/urls/shop"), (400, "invalid_request", "path `url`")),
        ("/api/v2/info".to_owned(), (404, "no_such_route", "GET /api/v2/info")),
        ("/internal/v1/nothing".to_owned(), (404, "no_such_route", "/internal/v1/nothing")),
    ] {
        holds(&installation.owner.raw(Method::GET, &path, ""), expected, &path[..path.len().min(80)]);
    }
    let escaped = installation.owner.raw(Method::GET, &format!("{workspace}/%61cme/runners/b%6fx"), "");
    assert_eq!(escaped.status(), 200);
}

#[test]
fn another_method_is_told_those_that_are_possible() {
    let app = App::new();
    let installation = Installation::new(&app);
    let answered = installation.owner.raw(Method::PUT, "/api/v1/workspaces/acme", "{}");
    holds(&answered, (405, "method_not_allowed", "only GET, PATCH, DELETE"), "PUT");
    assert_eq!(answered.header("allow"), Some("GET, PATCH, DELETE"));
    let head = installation.owner.raw(Method::HEAD, "/api/v1/info", "");
    assert_eq!(head.status(), 405);
}

#[test]
fn a_body_of_another_type_is_refused() {
    let app = App::new();
    let owner = app.owner("acme");
    let send = |headers: &[(&str, &str)]| {
        owner.with_headers(Method::POST, "/api/v1/workspaces", headers, r#"{"name":"a"}"#)
    };
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "application/jsonp")],
        &[("content-type", "application/json, text/plain")],
    ] {
        holds(&send(headers), (415, "unsupported_media_type", "application/json"), &format!("{headers:?}"));
    }
    assert_eq!(send(&[("content-type", "Application/JSON; charset=utf-8")]).status(), 201);
}

#[test]
fn a_header_that_is_there_twice_is_not_chosen_from() {
    let app = App::new();
    let installation = Installation::new(&app);
    let before = app.sqlite.dump();
    let path = "/api/v1/workspaces/acme/deployments/web/restart";
    let send = |headers: &[(&str, &str)]| installation.owner.with_headers(Method::POST, path, headers, "");
    for (name, one, two) in [("if-match", "\"2\"", "\"3\""), ("idempotency-key", "a", "b")] {
        let part = if name == "if-match" { "header `if-match`" } else { "header `idempotency-key`" };
        holds(&send(&[(name, one), (name, two)]), (400, "invalid_request", part), name);
        // As the platform hands it on.
        holds(&send(&[(name, &format!("{one}, {two}"))]), (400, "invalid_request", part), name);
    }
    let twice = [("authorization", "Bearer patr_s_other")];
    holds(&send(&twice), (401, "unauthenticated", "valid token"), "authorization");
    assert_eq!(app.sqlite.dump(), before);
}

#[test]
fn a_header_that_cannot_be_read_is_named() {
    let app = App::new();
    let installation = Installation::new(&app);
    let path = "/api/v1/workspaces/acme/deployments/web/restart";
    let send = |headers: &[(&str, &str)]| installation.owner.with_headers(Method::POST, path, headers, "");
    for (name, value) in [
        ("if-match", "2"),
        ("if-match", "W/\"2\""),
        ("if-match", ""),
        ("idempotency-key", ""),
        ("idempotency-key", "with space"),
        ("idempotency-key", &"x".repeat(129)),
    ] {
        let error = send(&[(name, value)]).error();
        assert_eq!(error.code, "invalid_request", "{name}: {value}");
        assert!(error.message.starts_with(&format!("header `{name}`: expected")), "{}", error.message);
    }
}

#[test]
fn a_token_that_is_none_is_told_how_to_authenticate() {
    let app = App::new();
    for header in ["Bearer", "Bearer ", "Basic YTpi", "bearer nonsense", "patr_s_x"] {
        let answered =
            app.anonymous().with_headers(Method::GET, "/api/v1/me", &[("authorization", header)], "");
        holds(&answered, (401, "unauthenticated", "valid token"), header);
        assert_eq!(answered.header("www-authenticate"), Some("Bearer"));
    }
}

#[test]
fn a_stranger_learns_nothing_from_how_a_request_is_wrong() {
    let app = App::new();
    let installation = Installation::new(&app);
    let stranger = app.owner("other");
    for body in ["", "{", r#"{"name":"web"}"#, &"x".repeat(400_000)] {
        for caller in [&stranger, &app.anonymous()] {
            let code = caller.raw(Method::POST, DEPLOYMENTS, body.to_owned()).code();
            assert!(["not_found", "unauthenticated"].contains(&code.as_str()), "{code}");
        }
    }
    assert_eq!(installation.owner.raw(Method::POST, DEPLOYMENTS, "{").code(), "invalid_request");
}
