//! What is wrong is said, with a stable code, and nothing is half-done.

use http::Method;
use patr_stories::Edge;

#[tokio::test]
async fn each_kind_of_bad_input_has_its_code() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    owner.add_runner("box").await;
    let deployments = "/api/v1/workspaces/acme/deployments";
    let long =
        format!(r#"{{"name":"{}","runners":[{{"runner":"box"}}],"spec":{{"image":"a"}}}}"#, "x".repeat(41));
    let huge = format!(r#"{{"name":"{}"}}"#, "x".repeat(300_000));
    let cases = [
        ("{", 400, "invalid_request"),
        (
            r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a"},"extra":1}"#,
            400,
            "invalid_request",
        ),
        (r#"{"name":1,"runners":[{"runner":"box"}],"spec":{"image":"a"}}"#, 400, "invalid_request"),
        (
            r#"{"name":"Not A Name","runners":[{"runner":"box"}],"spec":{"image":"a"}}"#,
            400,
            "invalid_request",
        ),
        (&long, 400, "invalid_request"),
        (&huge, 413, "too_large"),
        (r#"{"name":"a","runners":[{"runner":"elsewhere"}],"spec":{"image":"a"}}"#, 422, "runner_not_found"),
        (
            r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a","ports":[{"port":0}]}}"#,
            422,
            "spec_invalid",
        ),
        (
            r#"{"name":"a","runners":[{"runner":"box"}],"spec":{"image":"a"},"replicas":1000}"#,
            422,
            "too_many_replicas",
        ),
    ];
    for (body, status, code) in cases {
        let answer = owner.raw(Method::POST, deployments, body.to_owned()).await;
        assert_eq!(answer, (status, code.to_owned()), "{}", &body[..body.len().min(80)]);
    }
    let (status, _) = owner.raw(Method::GET, &format!("{deployments}/a"), "").await;
    assert_eq!(status, 404, "nothing was made");
}

#[tokio::test]
async fn a_name_is_taken_once_and_a_stale_change_is_refused() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    owner.add_runner("box").await;
    let body = r#"{"name":"web","runners":[{"runner":"box"}],"spec":{"image":"a","ports":[{"port":80}]}}"#;
    let path = "/api/v1/workspaces/acme/deployments";
    assert_eq!(owner.raw(Method::POST, path, body).await.0, 201);
    assert_eq!(owner.raw(Method::POST, path, body).await, (409, "name_taken".to_owned()));

    use patr_models::{
        deployment::scale,
        endpoint::{
            Call, NoQuery,
            body::Json,
            headers::{ETag, IfMatch},
        },
    };
    let scale = async |generation| {
        let path = scale::Path { workspace: owner.workspace(), deployment: "web".parse().unwrap() };
        let headers = IfMatch { if_match: Some(ETag::of(generation)), key: None };
        let body = Json(scale::Body { replicas: 2, autoscale: None });
        owner.send::<scale::ScaleDeployment>(Call { path, query: NoQuery {}, headers, body }).await
    };
    assert_eq!(scale(1).await.unwrap().0.generation, 2);
    assert!(scale(1).await.unwrap_err().is("stale"));
}

#[tokio::test]
async fn a_write_with_an_idempotency_key_happens_once() {
    let edge = Edge::start().await;
    let owner = edge.owner("owner", "acme").await;
    use patr_models::{
        endpoint::{Call, NoQuery, body::Json, headers::Once},
        site::create,
    };
    let create = async |name: &str| {
        let path = create::Path { workspace: owner.workspace() };
        let headers = Once { key: Some("key-1".parse().unwrap()) };
        let body = Json(create::Body { name: name.parse().unwrap() });
        owner.send::<create::CreateSite>(Call { path, query: NoQuery {}, headers, body }).await
    };
    let first = create("docs").await.unwrap().0;
    assert_eq!(create("docs").await.unwrap().0, first);
    assert!(create("other").await.unwrap_err().is("idempotency_key_reused"));
}
