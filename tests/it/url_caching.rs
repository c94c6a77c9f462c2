//! What a managed URL keeps of a real application's answers, and what it counts.

use http::Method;
use patr_models::{
    endpoint::{Call, body::NoBody, headers::NoHeaders},
    managed_url::{
        ManagedUrl, UrlOptions,
        stats::{self, Counts},
    },
};
use patr_stories::{Caller, Edge, eventually, example_image};

use crate::{
    deploy::deployed,
    url_options::{header, to_web, treat, url},
};

/// An answer of the application, which counts them.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    count: String,
    cache_status: String,
    age: Option<u64>,
}

async fn ask(edge: &Edge, method: Method, path: &str, fields: &[(&str, &str)]) -> Seen {
    let mut request = edge.request(method, "shop", path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    assert!(header(&answer, "patr-request-id").starts_with("req_"));
    assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("patr-kept")), "{answer:?}");
    Seen {
        cache_status: header(&answer, "cache-status").to_owned(),
        age: header(&answer, "age").parse().ok(),
        count: answer.text().await.unwrap(),
    }
}

async fn get(edge: &Edge, path: &str, fields: &[(&str, &str)]) -> Seen {
    ask(edge, Method::GET, path, fields).await
}

/// Asks until the answer comes from what is kept: that is written after the answer that it was.
async fn hit(edge: &Edge, path: &str, fields: &[(&str, &str)]) -> Seen {
    eventually(&format!("a hit of {path}"), async || {
        let seen = get(edge, path, fields).await;
        if seen.cache_status.contains("; hit") { Ok(seen) } else { Err(seen) }
    })
    .await
}

async fn never_hits(edge: &Edge, path: &str, fields: &[(&str, &str)], why: &str) {
    let (first, second) = (get(edge, path, fields).await, get(edge, path, fields).await);
    assert_ne!(first.count, second.count, "{path} {fields:?}");
    for seen in [first, second] {
        assert_eq!(seen.cache_status, format!("patr; fwd={why}"), "{path} {fields:?}");
    }
}

async fn caching(owner: &Caller, options: &UrlOptions) -> ManagedUrl {
    url(owner, "/", to_web(), options.clone()).await
}

#[tokio::test]
async fn answers_are_kept_as_they_say_and_no_others() {
    let Some(image) = example_image() else { return };
    let (edge, owner, _agent, _clean_up) = deployed(&image).await;
    let options = UrlOptions { cache: true, ..UrlOptions::default() };
    let made = caching(&owner, &options).await;

    let path = "/answer?cache-control=max-age=600";
    assert_eq!(get(&edge, path, &[]).await.cache_status, "patr; fwd=uri-miss; stored");
    let kept = hit(&edge, path, &[]).await;
    assert!(kept.age.is_some_and(|age| age < 60), "{kept:?}");
    let answer = edge.request(Method::GET, "shop", path).send().await.unwrap();
    assert_eq!(header(&answer, "cache-control"), "max-age=600", "as the application said it");
    let answer = edge.request(Method::HEAD, "shop", path).send().await.unwrap();
    assert!(header(&answer, "cache-status").contains("; hit"), "{answer:?}");
    let part = edge.request(Method::GET, "shop", path).header("range", "bytes=0-0").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.text().await.unwrap().len()), (206, 1));
    assert_ne!(
        get(&edge, path, &[("cache-control", "no-cache")]).await.count,
        kept.count,
        "if a client wants"
    );

    let vary = "/answer?cache-control=max-age=600&vary=accept-language";
    get(&edge, vary, &[("accept-language", "de")]).await;
    let german = hit(&edge, vary, &[("accept-language", "de")]).await;
    get(&edge, vary, &[("accept-language", "en")]).await;
    let english = hit(&edge, vary, &[("accept-language", "en")]).await;
    assert_ne!(german.count, english.count);
    assert_eq!(hit(&edge, vary, &[("accept-language", "de")]).await.count, german.count, "both are kept");

    never_hits(&edge, "/answer?cache-control=public,max-age=600&set-cookie=a=b", &[], "uri-miss").await;
    never_hits(&edge, "/answer?cache-control=private,max-age=600", &[], "uri-miss").await;
    never_hits(&edge, "/answer", &[], "uri-miss").await;
    let secret = [("authorization", "Basic eDp5")];
    never_hits(&edge, "/answer?cache-control=public,max-age=600&x=1", &secret, "bypass").await;
    never_hits(&edge, path, &secret, "bypass").await;

    let before = hit(&edge, path, &[]).await;
    ask(&edge, Method::POST, path, &[]).await;
    assert_ne!(get(&edge, path, &[]).await.count, before.count, "a change makes it untrue");

    let before = hit(&edge, path, &[]).await;
    treat(&owner, made.id, UrlOptions { stale_if_error_s: Some(60), ..options }).await;
    eventually("an answer that was not kept before the change", async || {
        let seen = get(&edge, path, &[]).await;
        if seen.count == before.count { Err(seen) } else { Ok(()) }
    })
    .await;
}

#[tokio::test]
async fn a_stale_answer_is_served_while_the_runner_is_away_and_everything_is_counted() {
    let Some(image) = example_image() else { return };
    let (edge, owner, agent, _clean_up) = deployed(&image).await;
    let options = UrlOptions { cache: true, stale_if_error_s: Some(600), ..UrlOptions::default() };
    let made = caching(&owner, &options).await;
    let path = "/answer?cache-control=max-age=3";
    get(&edge, path, &[]).await;
    let kept = hit(&edge, path, &[]).await;
    drop(agent);
    let stale = eventually("a stale answer", async || {
        let seen = get(&edge, path, &[]).await;
        if seen.cache_status.contains("detail=stale-if-error") { Ok(seen) } else { Err(seen) }
    })
    .await;
    assert!(stale.cache_status.contains("fwd-status=503"), "{stale:?}");
    assert!(stale.age.is_some_and(|age| age >= 3), "{stale:?}");
    assert_eq!(stale.count, kept.count);
    counted(&owner, &made, |counts| {
        counts.requests >= 3 && counts.cached >= 2 && counts.statuses[1] >= 3 && counts.bytes >= 6
    })
    .await;
}

/// Waits until what was asked under a URL is as it should be.
async fn counted(owner: &Caller, url: &ManagedUrl, wanted: impl Fn(&Counts) -> bool) {
    eventually("the counts", async || {
        let path = stats::Path { workspace: owner.workspace(), url: url.id };
        let query = stats::Query::default();
        let call = Call::<stats::GetUrlStats> { path, query, headers: NoHeaders, body: NoBody };
        let mut sum = Counts::default();
        for hour in owner.send(call).await.unwrap().0.hours {
            sum.add(&hour.counts);
        }
        if wanted(&sum) { Ok(()) } else { Err(sum) }
    })
    .await;
}
