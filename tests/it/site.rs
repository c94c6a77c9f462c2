//! A folder of files, from upload to browser.

use bytes::Bytes;
use http::Method;
use patr_models::{
    endpoint::{
        Call,
        body::{Json, NoBody, Octets},
        client::ResponseError,
        headers::NoHeaders,
    },
    site::{
        PackHash, SiteVersion, create, create_version,
        manifest::{Coding, NewEntry, NewRepresentation, write},
        put_pack, rollback,
    },
};
use patr_stories::{Caller, Edge};

async fn create_version(
    owner: &Caller,
    path: create_version::Path,
    manifest: Vec<u8>,
) -> Result<SiteVersion, ResponseError> {
    let (query, body) = (create_version::Query::default(), Octets(manifest.into()));
    let call = Call::<create_version::CreateVersion> { path, query, headers: NoHeaders, body };
    owner.send(call).await.map(|Json(version)| version)
}

/// Uploads files as one version.
async fn upload(owner: &Caller, files: &[(&str, &str)]) {
    let pack: Bytes = files.iter().flat_map(|(_, text)| text.bytes()).collect();
    let hash = PackHash::of(&pack);
    let (workspace, site) = (owner.workspace(), "docs".parse().unwrap());
    let path = put_pack::Path { workspace, site, pack: hash.clone() };
    owner.call::<put_pack::PutPack>(path, Octets(pack)).await.unwrap();
    let mut offset = 0;
    let entries = files.iter().map(|(path, text)| {
        let entry = NewEntry {
            path: (*path).to_owned(),
            content_type: "text/html; charset=utf-8".to_owned(),
            immutable: false,
            until_day: 0,
            representations: vec![NewRepresentation {
                coding: Coding::Identity,
                pack: 0,
                packs: 1,
                offset,
                size: text.len() as u64,
                hash: PackHash::of(text.as_bytes()).to_bytes(),
            }],
        };
        offset += text.len() as u64;
        entry
    });
    let manifest = write(&[hash], entries.collect(), b"").unwrap();
    let path = create_version::Path { workspace: owner.workspace(), site: "docs".parse().unwrap() };
    create_version(owner, path, manifest).await.unwrap();
}

async fn with_site(edge: &Edge) -> Caller {
    let owner = edge.owner("owner", "acme").await;
    let body = Json(create::Body { name: "docs".parse().unwrap() });
    owner.call_once::<create::CreateSite>(create::Path { workspace: owner.workspace() }, body).await.unwrap();
    owner
}

#[tokio::test]
async fn a_new_version_is_served_at_once_and_a_rollback_brings_the_old_one_back() {
    let edge = Edge::start().await;
    let owner = with_site(&edge).await;
    assert_eq!(edge.get("docs-acme", "/").await.0, 404);
    upload(&owner, &[("index.html", "one"), ("404.html", "nothing here")]).await;
    assert_eq!(edge.get("docs-acme", "/").await, (200, "one".to_owned()));
    assert_eq!(edge.get("docs-acme", "/missing").await, (404, "nothing here".to_owned()));
    upload(&owner, &[("index.html", "two")]).await;
    assert_eq!(edge.get("docs-acme", "/").await, (200, "two".to_owned()));
    let path = rollback::Path { workspace: owner.workspace(), site: "docs".parse().unwrap() };
    owner.call::<rollback::RollBackSite>(path, Json(rollback::Body::default())).await.unwrap();
    assert_eq!(edge.get("docs-acme", "/").await, (200, "one".to_owned()));
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let edge = Edge::start().await;
    let owner = with_site(&edge).await;
    upload(&owner, &[("index.html", "one")]).await;
    let first = edge.request(Method::GET, "docs-acme", "/").send().await.unwrap();
    assert_eq!(first.headers()["content-type"], "text/html; charset=utf-8");
    let etag = first.headers()["etag"].clone();
    let again =
        edge.request(Method::GET, "docs-acme", "/").header("if-none-match", etag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(again.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_pack_that_was_damaged_on_the_way_and_a_path_that_climbs_out_are_refused() {
    let edge = Edge::start().await;
    let owner = with_site(&edge).await;
    let (workspace, site) = (owner.workspace(), "docs".parse().unwrap());
    let path = put_pack::Path { workspace, site, pack: PackHash::of(b"sent") };
    let error = owner.call::<put_pack::PutPack>(path, Octets(Bytes::from_static(b"sint"))).await.unwrap_err();
    assert!(error.is("hash_mismatch"));

    // A manifest that our own writer would not make: `a/b` turned into `../`.
    let entry = NewEntry {
        path: "a/b".to_owned(),
        content_type: "text/html".to_owned(),
        immutable: false,
        until_day: 0,
        representations: vec![NewRepresentation {
            coding: Coding::Identity,
            pack: 0,
            packs: 0,
            offset: 0,
            size: 0,
            hash: [0; 32],
        }],
    };
    let mut manifest = write(&[], vec![entry], b"").unwrap();
    let at = manifest.windows(3).position(|bytes| bytes == b"a/b").unwrap();
    manifest[at..at + 3].copy_from_slice(b"../");
    let path = create_version::Path { workspace: owner.workspace(), site: "docs".parse().unwrap() };
    let error = create_version(&owner, path, manifest).await.unwrap_err();
    assert!(error.is("manifest_invalid"));
}

#[tokio::test]
async fn redirects_and_paths_match_by_whole_segments() {
    let edge = Edge::start().await;
    let owner = with_site(&edge).await;
    upload(&owner, &[("index.html", "one")]).await;
    let urls = "/api/v1/workspaces/acme/urls";
    let add = async |body: &str| owner.raw(Method::POST, urls, body.to_owned()).await;
    let redirect = r#"{"host":"shop.localhost","path":"/old","target":{"kind":"redirect","url":"https://example.com/new"}}"#;
    assert_eq!(add(redirect).await.0, 201);
    assert_eq!(add(redirect).await.1, "url_taken");
    assert_eq!(
        add(r#"{"host":"a.b.localhost","target":{"kind":"site","site":"docs"}}"#).await.1,
        "host_not_allowed"
    );
    assert_eq!(add(r#"{"host":"shop.localhost","target":{"kind":"site","site":"docs"}}"#).await.0, 201);
    let answer = edge.request(Method::GET, "shop", "/old/x?y=1").send().await.unwrap();
    assert_eq!(answer.status(), 307);
    assert_eq!(answer.headers()["location"], "https://example.com/new/x?y=1");
    assert_eq!(edge.get("shop", "/older").await.0, 404);
    assert_eq!(edge.get("shop", "/").await, (200, "one".to_owned()));

    let stranger = edge.owner("stranger", "other").await;
    let theirs =
        r#"{"host":"shop.localhost","path":"/x","target":{"kind":"redirect","url":"https://evil.example"}}"#;
    let answer = stranger.raw(Method::POST, "/api/v1/workspaces/other/urls", theirs).await;
    assert_eq!(answer, (409, "host_taken".to_owned()));
}

#[tokio::test]
async fn what_was_deployed_survives_a_power_cut() {
    let mut edge = Edge::start().await;
    let owner = with_site(&edge).await;
    upload(&owner, &[("index.html", "kept")]).await;
    edge.kill_and_restart().await;
    assert_eq!(edge.get("docs-acme", "/").await, (200, "kept".to_owned()));
    let path = patr_models::site::get::Path { workspace: owner.workspace(), site: "docs".parse().unwrap() };
    assert_eq!(owner.call::<patr_models::site::get::GetSite>(path, NoBody).await.unwrap().0.live, Some(1));
}
