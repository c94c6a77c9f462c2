//! How a managed URL treats requests on their way to a real application.

use http::{Method, StatusCode};
use patr_models::{
    endpoint::body::{Json, NoBody},
    ids::ManagedUrlId,
    managed_url::{
        ManagedUrl, UrlOptions,
        create::{self, NewTarget},
        list, test, update,
    },
    page::ListQuery,
};
use patr_stories::{Caller, Edge, eventually, example_image};

use crate::deploy::deployed;

/// Leads `shop.localhost` and a path to something.
pub(crate) async fn url(owner: &Caller, path: &str, target: NewTarget, options: UrlOptions) -> ManagedUrl {
    let host = "shop.localhost".parse().unwrap();
    let body = create::Body { host, path: Some(path.parse().unwrap()), target, options };
    let to = create::Path { workspace: owner.workspace() };
    owner.call_once::<create::CreateUrl>(to, Json(body)).await.unwrap().0
}

/// The deployment that the stories are about.
pub(crate) fn to_web() -> NewTarget {
    NewTarget::Deployment { deployment: "web".parse().unwrap(), port: None }
}

/// Changes how requests are treated. The edge believes the old routing table for up to a second.
pub(crate) async fn treat(owner: &Caller, url: ManagedUrlId, options: UrlOptions) {
    let path = update::Path { workspace: owner.workspace(), url };
    let body = update::Body { target: None, options: Some(options) };
    owner.change::<update::UpdateUrl>(path, Json(body)).await.unwrap();
}

async fn automatic(owner: &Caller) -> ManagedUrlId {
    let path = list::Path { workspace: owner.workspace() };
    let call = patr_models::endpoint::Call::<list::ListUrls> {
        path,
        query: ListQuery::default(),
        headers: patr_models::endpoint::headers::NoHeaders,
        body: NoBody,
    };
    let urls = owner.send(call).await.unwrap().0.items;
    urls.into_iter().find(|url| url.host.as_str() == "web-acme.localhost").unwrap().id
}

/// Asks until the status is as expected: an isolate believes a routing table for a second.
async fn answers(edge: &Edge, client: &str, expected: u16) -> reqwest::Response {
    eventually(&format!("{expected} for {client}"), async || {
        let request = edge.request(Method::GET, "web-acme", "/").header("cf-connecting-ip", client);
        let answer = request.send().await.unwrap();
        if answer.status() == expected { Ok(answer) } else { Err(answer.status()) }
    })
    .await
}

pub(crate) fn header<'a>(answer: &'a reqwest::Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn only_clients_of_the_named_networks_are_let_through() {
    let Some(image) = example_image() else { return };
    let (edge, owner, _agent, _clean_up) = deployed(&image).await;
    let url = automatic(&owner).await;
    let allow = |networks: &[&str]| UrlOptions {
        allow: networks.iter().map(|network| network.parse().unwrap()).collect(),
        ..UrlOptions::default()
    };
    treat(&owner, url, allow(&["203.0.113.0/24"])).await;
    // As what it is here a client is not allowed; the local edge believes one that says it is another.
    let refused = eventually("the refusal of this machine", async || {
        let answer = edge.request(Method::GET, "web-acme", "/").send().await.unwrap();
        if answer.status() == 403 { Ok(answer) } else { Err(answer.status()) }
    })
    .await;
    assert_eq!(header(&refused, "patr-trouble"), "not-allowed");
    assert!(header(&refused, "patr-request-id").starts_with("req_"));
    assert_eq!(header(&refused, "retry-after"), "", "waiting does not help");
    assert!(refused.text().await.unwrap().contains("\"not_allowed\""));
    answers(&edge, "203.0.113.9", 200).await;
    answers(&edge, "203.0.114.9", 403).await;
    treat(&owner, url, allow(&["127.0.0.0/8", "::1"])).await;
    answers(&edge, "127.0.0.1", 200).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_however_it_comes() {
    let Some(image) = example_image() else { return };
    let (edge, owner, _agent, _clean_up) = deployed(&image).await;
    let limited = UrlOptions { max_body_bytes: Some(100_000), ..UrlOptions::default() };
    url(&owner, "/", to_web(), limited).await;
    let upload = async |body: reqwest::Body| {
        edge.request(Method::POST, "shop", "/upload").body(body).send().await.unwrap()
    };
    assert_eq!(upload(vec![0; 100_000].into()).await.text().await.unwrap(), "100000\n");
    let refused = upload(vec![0; 100_001].into()).await;
    assert_eq!(
        (refused.status(), header(&refused, "patr-trouble")),
        (StatusCode::PAYLOAD_TOO_LARGE, "too-large")
    );
    // In pieces, nobody says how long it is.
    let pieces = |count: usize| {
        let pieces = (0..count).map(|_| Ok::<_, std::io::Error>(vec![0u8; 10_000]));
        reqwest::Body::wrap_stream(futures_util::stream::iter(pieces))
    };
    assert_eq!(upload(pieces(10)).await.text().await.unwrap(), "100000\n");
    assert_eq!(upload(pieces(11)).await.status(), 413);
    assert_eq!(upload(vec![0; 5].into()).await.text().await.unwrap(), "5\n", "the next one is not affected");
}

#[tokio::test]
async fn a_target_that_takes_too_long_is_given_up() {
    let Some(image) = example_image() else { return };
    let (edge, owner, _agent, _clean_up) = deployed(&image).await;
    let impatient = UrlOptions { timeout_s: Some(5), ..UrlOptions::default() };
    url(&owner, "/", to_web(), impatient).await;
    let late = edge.request(Method::GET, "shop", "/slow?ms=60000").send().await.unwrap();
    assert_eq!((late.status().as_u16(), header(&late, "patr-trouble")), (504, "timeout"));
    assert_eq!(edge.get("shop", "/slow?ms=1").await.0, 200);
    // The time is until an answer begins; how long it goes on is nobody's business.
    let long = edge.request(Method::GET, "shop", "/stream?bytes=20000000").send().await.unwrap();
    assert_eq!((long.status().as_u16(), long.bytes().await.unwrap().len()), (200, 20_000_000));
}

#[tokio::test]
async fn an_application_sees_the_path_and_the_host_that_its_url_says() {
    let Some(image) = example_image() else { return };
    let (edge, owner, _agent, _clean_up) = deployed(&image).await;
    let options = UrlOptions {
        strip_prefix: true,
        host_header: Some("inside.example".parse().unwrap()),
        ..UrlOptions::default()
    };
    let made = url(&owner, "/api", to_web(), options).await;
    let (_, seen) = edge.get("shop", "/api/headers?a=/api").await;
    assert!(seen.starts_with("GET /headers?a=/api HTTP/1.1\n"), "{seen}");
    for line in ["host: inside.example", "x-forwarded-prefix: /api", "x-forwarded-host: shop.localhost"] {
        assert!(seen.contains(line), "{line} in {seen}");
    }
    let query = test::Query { url: made.url.parse().unwrap() };
    let path = test::Path { workspace: owner.workspace() };
    let headers = patr_models::endpoint::headers::NoHeaders;
    let call = patr_models::endpoint::Call::<test::TestUrl> { path, query, headers, body: NoBody };
    let verdict = owner.send(call).await.unwrap().0.summary;
    for part in ["`web`", "`box`", "without `/api`", "1 of 1 replicas"] {
        assert!(verdict.contains(part), "{part} in {verdict}");
    }
}

#[tokio::test]
async fn every_answer_of_a_deployment_can_be_quoted() {
    let Some(image) = example_image() else { return };
    let (edge, _owner, _agent, _clean_up) = deployed(&image).await;
    let answer = edge.request(Method::GET, "web-acme", "/headers").send().await.unwrap();
    let id = header(&answer, "patr-request-id").to_owned();
    assert!(answer.text().await.unwrap().contains(&format!("x-request-id: {id}\n")), "{id}");
    let own = edge.request(Method::GET, "web-acme", "/headers").header("x-request-id", "mine");
    let answer = own.send().await.unwrap();
    assert!(header(&answer, "patr-request-id").starts_with("req_"));
    assert!(answer.text().await.unwrap().contains("x-request-id: mine\n"));
    // An application says nothing in our name.
    let path = "/answer?patr-request-id=theirs&patr-trouble=lost&patr-parked=1";
    let answer = edge.request(Method::GET, "web-acme", path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(header(&answer, "patr-request-id").starts_with("req_"));
    assert_eq!((header(&answer, "patr-trouble"), header(&answer, "patr-parked")), ("", ""));
}
