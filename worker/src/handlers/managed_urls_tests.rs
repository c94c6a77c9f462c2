use patr_models::{
    deployment::{delete as delete_deployment, stop},
    endpoint::{body::NoBody, headers::NoHeaders},
    ids::{Id, Ref, WorkspaceId},
    internal::observe::Observed,
    managed_url::{
        Target, UrlOptions, get, list,
        stats::{self, Counts},
        test,
    },
    page::ListQuery,
    runner::Connection,
    site,
    time::Millis,
};

use super::*;
use crate::testing::{App, Caller, Outcome, code, named, pages, redirect};

/// A workspace with a deployment `web` on a runner `box`, and a site `docs`.
fn owner(app: &App) -> Caller<'_> {
    let owner = app.owner("acme");
    owner.runner("box");
    owner.deploy("web", "box");
    let path = site::create::Path { workspace: owner.workspace() };
    let body = Json(site::create::Body { name: "docs".parse().unwrap() });
    owner.create::<site::create::CreateSite>(path, body).unwrap();
    owner
}

fn deployment(name: &str, port: Option<u16>) -> NewTarget {
    NewTarget::Deployment { deployment: name.parse().unwrap(), port }
}

fn proxy(url: &str) -> NewTarget {
    NewTarget::Proxy { url: url.parse().unwrap() }
}

fn workspace() -> Ref<WorkspaceId> {
    "acme".parse().unwrap()
}

fn update(caller: &Caller<'_>, url: ManagedUrlId, target: NewTarget) -> Outcome<ManagedUrl> {
    let path = update::Path { workspace: workspace(), url };
    caller
        .change::<UpdateUrl>(path, Json(update::Body { target: Some(target), options: None }))
        .map(|it| it.0)
}

fn delete(caller: &Caller<'_>, url: ManagedUrlId) -> Outcome<NoContent> {
    caller.change::<DeleteUrl>(delete::Path { workspace: workspace(), url }, NoBody)
}

fn automatic(caller: &Caller<'_>) -> ManagedUrl {
    let list =
        caller.list::<ListUrls, _>(list::Path { workspace: workspace() }, ListQuery::default()).unwrap();
    list.items.into_iter().find(|url| url.host.as_str() == "web-acme.apps.example").unwrap()
}

fn verdict(caller: &Caller<'_>, url: &str) -> Verdict {
    let query = test::Query { url: url.parse().unwrap() };
    let headers = NoHeaders;
    let call = Call::<TestUrl> { path: test::Path { workspace: workspace() }, query, headers, body: NoBody };
    caller.send(call).map(|reply| reply.body.0).unwrap()
}

#[test]
fn a_url_leads_to_each_kind_of_target_and_is_published() {
    let app = App::new();
    let owner = owner(&app);
    let targets = [
        ("one", deployment("web", Some(80)), "\"kind\":\"deployment\""),
        ("two", deployment("web", None), "\"port\":80"),
        ("three", NewTarget::Site { site: "docs".parse().unwrap() }, "\"kind\":\"site\""),
        ("four", proxy("https://example.net/a"), "https://example.net/a"),
        ("five", redirect(), "\"kind\":\"redirect\""),
    ];
    for (name, target, published) in targets {
        let made = owner.url(&format!("{name}.apps.example"), target).unwrap();
        assert_eq!(made.url, format!("https://{name}.apps.example/"));
        let table = app.kv.text(&format!("host/{name}.apps.example")).unwrap();
        assert!(table.contains(published), "{table}");
        let got = owner.call::<GetUrl>(get::Path { workspace: workspace(), url: made.id }, NoBody).unwrap();
        assert_eq!(got.0, made);
    }
}

#[test]
fn a_target_that_cannot_be_used_is_named() {
    let app = App::new();
    let owner = owner(&app);
    let other = app.owner("other");
    other.runner("box");
    other.deploy("theirs", "box");
    let tcp = owner.raw(
        http::Method::POST,
        "/api/v1/workspaces/acme/deployments",
        r#"{"name":"tcp","runners":[{"runner":"box"}],"spec":{"image":"a","ports":[{"port":5432,"protocol":"tcp"}]}}"#,
    );
    assert_eq!(tcp.status(), 201);
    let made = owner.url("shop.apps.example", redirect()).unwrap().id;
    for (target, expected) in [
        (deployment("nothing", None), "target_not_found"),
        (deployment("theirs", None), "target_not_found"),
        (NewTarget::Site { site: "nothing".parse().unwrap() }, "target_not_found"),
        (deployment("web", Some(81)), "no_such_port"),
        (deployment("tcp", None), "no_http_port"),
        (proxy("https://patr.example/"), "proxy_to_self"),
        (proxy("http://web-acme.apps.example:8080/x"), "proxy_to_self"),
    ] {
        assert_eq!(code(owner.url("new.apps.example", target.clone())), expected);
        assert_eq!(code(update(&owner, made, target)), expected);
    }
    assert_eq!(app.last_audit(), "CreateUrl");
}

#[test]
fn a_target_that_is_deleted_meanwhile_is_not_found() {
    const GONE: &str = "DELETE FROM managed_urls WHERE kind = 'deployment'; DELETE FROM deployments";
    let app = App::new();
    let owner = owner(&app);
    let made = owner.url("shop.apps.example", redirect()).unwrap();
    app.sqlite.meanwhile(GONE);
    assert_eq!(code(owner.url("new.apps.example", deployment("web", None))), "target_not_found");
    owner.deploy("web", "box");
    app.sqlite.meanwhile(GONE);
    assert_eq!(code(update(&owner, made.id, deployment("web", None))), "target_not_found");
}

#[test]
fn a_host_is_one_label_under_the_apps_domain() {
    let app = App::new();
    let owner = owner(&app);
    for host in ["example.org", "apps.example", "a.b.apps.example", "patr.example", "xapps.example"] {
        assert_eq!(code(owner.url(host, redirect())), "host_not_allowed", "{host}");
    }
}

#[test]
fn a_host_belongs_to_the_workspace_that_has_something_there() {
    let app = App::new();
    let (owner, other) = (owner(&app), app.owner("other"));
    let made = owner.url("shop.apps.example", redirect()).unwrap();
    assert_eq!(code(owner.url("shop.apps.example", redirect())), "url_taken");
    assert_eq!(code(other.url("shop.apps.example", redirect())), "host_taken");
    delete(&owner, made.id).unwrap();
    assert_eq!(app.kv.text("host/shop.apps.example"), None);
    assert_eq!(code(other.url("shop.apps.example", redirect())), "");
}

#[test]
fn a_url_that_was_made_with_its_deployment_goes_with_it_and_not_before() {
    let app = App::new();
    let owner = owner(&app);
    let made = automatic(&owner);
    assert_eq!(code(delete(&owner, made.id)), "url_is_automatic");
    assert_eq!(code(update(&owner, made.id, redirect())), "url_is_automatic");
    let path = delete_deployment::Path { workspace: workspace(), deployment: "web".parse().unwrap() };
    owner.change::<delete_deployment::DeleteDeployment>(path, NoBody).unwrap();
    let path = get::Path { workspace: workspace(), url: made.id };
    assert_eq!(code(owner.call::<GetUrl>(path, NoBody)), "not_found");
}

#[test]
fn a_changed_url_is_published_and_moves_its_etag() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.url("shop.apps.example", redirect()).unwrap();
    let changed = update(&owner, made.id, proxy("https://example.net/")).unwrap();
    assert_eq!((made.generation, changed.generation), (1, 2));
    assert!(matches!(changed.target, Target::Proxy { .. }));
    assert!(app.kv.text("host/shop.apps.example").unwrap().contains("\"kind\":\"proxy\""));
    let path = delete::Path { workspace: workspace(), url: made.id };
    assert_eq!(code(owner.change_at::<DeleteUrl>(1, path.clone(), NoBody)), "stale");
    assert_eq!(code(owner.change_at::<DeleteUrl>(2, path, NoBody)), "");
}

#[test]
fn a_list_goes_on_page_by_page_and_filters_by_host() {
    let app = App::new();
    let owner = app.owner("acme");
    app.owner("other").url("theirs.apps.example", redirect()).unwrap();
    for name in ["one", "two", "three", "four", "five"] {
        owner.url(&format!("{name}.apps.example"), redirect()).unwrap();
    }
    let list = |query| owner.list::<ListUrls, _>(list::Path { workspace: workspace() }, query).unwrap();
    assert_eq!(pages(list, |url| url.host.to_string()).len(), 5);
    assert_eq!(list(named("ne.apps")).items.len(), 1);
}

#[test]
fn a_test_says_what_would_answer() {
    let app = App::new();
    let owner = owner(&app);
    owner.url("shop.apps.example", proxy("https://example.net/base")).unwrap();
    app.owner("other").url("theirs.apps.example", redirect()).unwrap();
    let says = |url: &str, summary: &str| {
        let verdict = verdict(&owner, url);
        assert!(verdict.summary.contains(summary), "{url}: {}", verdict.summary);
        verdict
    };
    let found = says("https://shop.apps.example/a?b=1#c", "a proxy would answer");
    assert_eq!(found.forwards_to.as_deref(), Some("https://example.net/base/a?b=1"));
    let found = says("https://shop.apps.example/a#c", "a proxy would answer");
    assert_eq!(found.forwards_to.as_deref(), Some("https://example.net/base/a"), "a fragment stays behind");
    assert!(found.published && found.managed_url.is_some());
    says("https://web-acme.apps.example/", "port 80 of the deployment");
    says("https://docs-acme.apps.example/", "a site without a version");
    says("https://theirs.apps.example/", "no managed URL under");
    says("https://elsewhere.example/", "no managed URL under");
    says("https://[::1]/", "is not a host");
    let path = stop::Path { workspace: workspace(), deployment: "web".parse().unwrap() };
    owner.change::<stop::StopDeployment>(path, NoBody).unwrap();
    says("https://web-acme.apps.example/", "is stopped: it would answer 503");
}

#[test]
fn a_test_says_that_kv_is_behind() {
    let app = App::new();
    let owner = owner(&app);
    let made = owner.url("shop.apps.example", redirect()).unwrap();
    app.kv.fail(usize::MAX);
    update(&owner, made.id, proxy("https://example.net/")).unwrap();
    assert!(!verdict(&owner, "https://shop.apps.example/").published);
    app.kv.fail(0);
    app.sweep();
    assert!(verdict(&owner, "https://shop.apps.example/").published);
}

/// Makes a URL at a path of `shop.apps.example`.
fn make(caller: &Caller<'_>, path: &str, target: NewTarget, options: &UrlOptions) -> Outcome<ManagedUrl> {
    let host = "shop.apps.example".parse().unwrap();
    let body = create::Body { host, path: Some(path.parse().unwrap()), target, options: options.clone() };
    caller.create::<CreateUrl>(create::Path { workspace: workspace() }, Json(body)).map(|made| made.0)
}

fn treat(caller: &Caller<'_>, url: ManagedUrlId, options: &UrlOptions) -> Outcome<ManagedUrl> {
    let path = update::Path { workspace: workspace(), url };
    let body = update::Body { target: None, options: Some(options.clone()) };
    caller.change::<UpdateUrl>(path, Json(body)).map(|it| it.0)
}

#[test]
fn options_are_kept_published_and_changed() {
    let app = App::new();
    let owner = owner(&app);
    let options = UrlOptions {
        strip_prefix: true,
        allow: vec!["192.0.2.9/24".parse().unwrap()],
        ..UrlOptions::default()
    };
    let made = make(&owner, "/api", deployment("web", None), &options).unwrap();
    assert_eq!(made.options, options);
    let table = || app.kv.text("host/shop.apps.example").unwrap();
    assert!(table().contains("192.0.2.0/24") && table().contains("\"generation\":1"), "{}", table());
    let changed = treat(&owner, made.id, &UrlOptions::default()).unwrap();
    assert_eq!((changed.options, changed.generation), (UrlOptions::default(), 2));
    assert_eq!(changed.target, made.target, "it leads where it led");
    assert!(!table().contains("options") && table().contains("\"generation\":2"), "{}", table());
    assert_eq!(app.last_audit(), "UpdateUrl");
}

#[test]
fn an_automatic_url_takes_options_although_it_leads_nowhere_else() {
    let app = App::new();
    let owner = owner(&app);
    let options = UrlOptions { timeout_s: Some(5), ..UrlOptions::default() };
    assert_eq!(treat(&owner, automatic(&owner).id, &options).unwrap().options, options);
    assert!(app.kv.text("host/web-acme.apps.example").unwrap().contains("\"timeout_s\":5"));
}

#[test]
fn options_that_cannot_be_are_named_whenever_they_would_come_to_be() {
    let app = App::new();
    let owner = owner(&app);
    let cached = UrlOptions { cache: true, ..UrlOptions::default() };
    let refused = crate::testing::refusal(make(&owner, "/", redirect(), &cached));
    assert_eq!(refused.code, "option_invalid");
    assert!(refused.message.starts_with("options.cache:"), "{}", refused.message);
    let made = make(&owner, "/", proxy("https://example.net/"), &cached).unwrap();
    assert_eq!(code(update(&owner, made.id, redirect())), "option_invalid", "the target has no use for them");
    let never = UrlOptions { timeout_s: Some(0), ..UrlOptions::default() };
    assert_eq!(code(treat(&owner, made.id, &never)), "option_invalid");
    assert_eq!(app.last_audit(), "CreateUrl");
}

#[test]
fn a_test_says_what_options_do_and_whether_anything_serves() {
    let app = App::new();
    let owner = owner(&app);
    let options = UrlOptions {
        strip_prefix: true,
        allow: vec!["192.0.2.0/24".parse().unwrap(), "::1".parse().unwrap()],
        timeout_s: Some(5),
        ..UrlOptions::default()
    };
    make(&owner, "/api", deployment("web", None), &options).unwrap();
    let summary = || verdict(&owner, "https://shop.apps.example/api/v1").summary;
    assert_eq!(
        summary(),
        "port 80 of the deployment `web` would answer, for clients of 192.0.2.0/24 and ::1/128 only, without \
         `/api`, within 5 s, nothing serves yet on the runner `box`: its runner has never connected"
    );
    let path = patr_models::runner::get::Path { workspace: workspace(), runner: "box".parse().unwrap() };
    let runner = owner.get::<patr_models::runner::get::GetRunner>(path).unwrap().0.id;
    let connection = Connection::Offline { since: app.now.get() };
    app.objects.observe(runner, Observed { version: 1, connection, reported_at: None, report: None });
    assert!(summary().contains("its runner is offline since"), "{}", summary());
}

#[test]
fn what_isolates_counted_adds_up_by_hour_and_is_forgotten_after_thirty_days() {
    let app = App::new();
    let owner = owner(&app);
    app.stay_logged_in();
    let url = automatic(&owner).id;
    let now = url_hours::hour(app.now.get());
    let mut counts = Counts { requests: 3, bytes: 100, failovers: 1, cached: 2, ..Counts::default() };
    (counts.statuses, counts.latency[12], counts.lanes) = ([0, 2, 0, 0, 1], 7, vec![3]);
    let other = Counts { lanes: vec![0, 5], ..counts.clone() };
    let gone = ManagedUrlId::from_parts(Millis(0), 0);
    let count = |counted: &[_]| app.batch(vec![url_hours::add(counted)]).unwrap();
    count(&[((url, now), counts.clone()), ((url, now - 1), counts.clone()), ((gone, now), counts.clone())]);
    count(&[((url, now), other.clone())]);
    let told = |hours| {
        let path = stats::Path { workspace: workspace(), url };
        let query = stats::Query { hours };
        let call = Call::<GetUrlStats> { path, query, headers: NoHeaders, body: NoBody };
        owner.send(call).unwrap().body.0.hours
    };
    let mut sum = counts.clone();
    sum.add(&other);
    let hours = told(None);
    assert_eq!(hours.iter().map(|hour| &hour.counts).collect::<Vec<_>>(), [&counts, &sum]);
    assert_eq!(hours[1].at, Millis(u64::from(now) * 3_600_000));
    assert_eq!(told(Some(1)).len(), 1);
    let hour = std::time::Duration::from_secs(3600);
    app.pass(719 * hour);
    app.sweep();
    assert_eq!(told(Some(720)).len(), 1);
    app.pass(hour);
    app.sweep();
    assert_eq!(told(Some(720)).len(), 0);
}
