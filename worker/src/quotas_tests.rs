use patr_models::quota::usage::{self, GetUsage};

use super::*;
use crate::testing::{App, Caller, Outcome, redirect, refusal};

fn with(quota: Quota, most: u64) -> App {
    let mut app = App::new();
    app.settings.quotas = Quotas([(quota, most)].into());
    app
}

fn used(caller: &Caller<'_>, quota: Quota) -> (u64, Option<u64>) {
    let usages = caller.get::<GetUsage>(usage::Path { workspace: caller.workspace() }).unwrap().0;
    let usage = usages.items.iter().find(|usage| usage.quota == quota).unwrap();
    (usage.used, usage.limit)
}

/// That something was refused because of a quota, and with which numbers.
fn refused<T>(outcome: Outcome<T>) -> String {
    let refusal = refusal(outcome);
    assert_eq!(refusal.code, "quota_exceeded");
    refusal.message
}

#[test]
fn what_is_one_too_many_is_refused_with_the_quota_the_limit_and_the_use() {
    let app = with(Quota::Secrets, 2);
    let owner = app.owner("acme");
    owner.secret("a", "1").unwrap();
    owner.secret("b", "1").unwrap();
    owner.secret("b", "2").unwrap();
    assert_eq!(refused(owner.secret("c", "1")), "this workspace may have 2 secrets, and has 2");
    assert_eq!(used(&owner, Quota::Secrets), (2, Some(2)));
    app.owner("other").secret("a", "1").unwrap();
}

#[test]
fn requests_that_race_have_no_more_together_than_one_after_the_other() {
    let app = with(Quota::Urls, 1);
    let owner = app.owner("acme");
    // Between the look at what there is and the batch, somebody else takes the last one.
    app.sqlite.meanwhile(
        "INSERT INTO hosts (host, workspace_id) SELECT 'first.apps.example', id FROM workspaces;
         INSERT INTO managed_urls (id, workspace_id, host, path, kind, url, created_at)
             SELECT 'url_00000000000000000000000009', id, 'first.apps.example', '/', 'redirect', 'https://example.org/', 1
             FROM workspaces",
    );
    let before = app.audit();
    assert_eq!(
        refused(owner.url("shop.apps.example", redirect())),
        "this workspace may have 1 managed URLs, and has 1"
    );
    assert_eq!(app.audit(), before);
    assert_eq!(app.refusals(), ["CreateUrl"]);
}

#[test]
fn each_thing_is_counted() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.runner("box");
    owner.deploy("web", "box");
    owner.secret("db", "1").unwrap();
    owner.volume("data", "box", false).unwrap();
    owner.url("shop.apps.example", redirect()).unwrap();
    let workspace = app.sqlite.rows("SELECT id FROM workspaces")[0].clone();
    let workspace: serde_json::Value = serde_json::from_str(&workspace).unwrap();
    let workspace = workspace["id"].as_str().unwrap();
    app.sqlite.run(&format!(
        "INSERT INTO blobs (workspace_id, kind, hash, size) VALUES ('{workspace}', 'pack', 'a', 7), ('another', 'pack', 'a', 9)"
    ));
    for (quota, expected) in [
        (Quota::Runners, 1),
        (Quota::Deployments, 1),
        (Quota::Replicas, 1),
        (Quota::Sites, 0),
        (Quota::SiteBytes, 7),
        (Quota::Volumes, 1),
        (Quota::Secrets, 1),
        (Quota::Urls, 2),
        (Quota::Members, 1),
    ] {
        assert_eq!(used(&owner, quota), (expected, None), "{quota:?}");
    }
}

#[test]
fn the_operator_allows_one_workspace_more_or_less() {
    let app = with(Quota::Secrets, 1);
    let (more, less) = (app.owner("more"), app.owner("less"));
    app.sqlite.run(
        "INSERT INTO quotas SELECT id, 'secrets', CASE name WHEN 'more' THEN 2 ELSE 0 END FROM workspaces",
    );
    more.secret("a", "1").unwrap();
    more.secret("b", "1").unwrap();
    assert_eq!(refused(more.secret("c", "1")), "this workspace may have 2 secrets, and has 2");
    assert_eq!(refused(less.secret("a", "1")), "this workspace may have 0 secrets, and has 0");
    assert_eq!(used(&less, Quota::Secrets), (0, Some(0)));
}

#[test]
fn every_action_that_is_counted_is_an_endpoint() {
    let names: Vec<&str> = patr_models::routes::Route::ALL.iter().map(|route| route.name()).collect();
    assert!(COUNTED.iter().all(|(name, _)| names.contains(name)));
}

#[test]
fn quotas_are_read_by_name_and_a_wrong_one_is_no_quota_at_all() {
    let of = |text: &'static str| Quotas::read(|name| (name == "QUOTA_SITE_BYTES").then(|| text.to_owned()));
    assert_eq!(of("1000").unwrap().of(Quota::SiteBytes), Some(1000));
    assert_eq!(of("").unwrap().of(Quota::SiteBytes), None);
    assert!(of("a lot").is_err());
}
