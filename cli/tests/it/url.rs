//! `patr url`.

use patr_models::{
    endpoint::body::{Created, Json, NoContent},
    info::get::GetInfo,
    managed_url::{
        ManagedUrl, Target,
        create::{self, CreateUrl, NewTarget},
        delete::DeleteUrl,
        get::GetUrl,
        list::ListUrls,
        stats::{GetUrlStats, Stats},
        test::{TestUrl, Verdict},
        update::{self, UpdateUrl},
    },
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{self, id, page, to_web, url},
};

const HOST: &str = "shop.apps.example.com";

fn redirect(permanent: bool) -> Target {
    Target::Redirect { url: "https://shop.example.net/".parse().unwrap(), permanent }
}

#[test]
fn a_bare_label_is_taken_under_the_apps_domain() {
    let t = TestContext::new();
    t.edge.answers::<GetInfo>(Json(sample::info()));
    t.edge.answers::<CreateUrl>(Created(url(1, HOST, "/", to_web())));
    patr_snapshot!(t.patr("url add shop --deployment web:80"), @"
    exit code: 0
    ----- stdout -----
    https://shop.apps.example.com/
    ----- stderr -----
    leads to deployment web:80
    ");

    let call = t.edge.asked_once::<CreateUrl>().call;
    let target = NewTarget::Deployment { deployment: "web".parse().unwrap(), port: Some(80) };
    assert_eq!((call.body.0.host.as_str(), call.body.0.target), (HOST, target));
    assert!(call.headers.key.is_some(), "it is made once");
}

#[test]
fn a_path_below_a_host_may_lead_elsewhere() {
    let t = TestContext::new();
    t.edge.answers::<CreateUrl>(Created(url(1, HOST, "/old", redirect(true))));
    let line = format!("url add {HOST}/old --redirect https://shop.example.net/ --permanent -o json");
    patr_snapshot!(t.patr(&line), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "url_00000000000000000000000001",
      "host": "shop.apps.example.com",
      "path": "/old",
      "target": {
        "kind": "redirect",
        "url": "https://shop.example.net/",
        "permanent": true
      },
      "automatic": false,
      "generation": 7,
      "url": "https://shop.apps.example.com/old",
      "created_at": "2026-01-31T12:00:00.000Z"
    }
    ----- stderr -----
    leads to permanent redirect https://shop.example.net/
    "#);
    assert_eq!(t.edge.asked_once::<CreateUrl>().call.body.0.path.unwrap().as_str(), "/old");
}

#[test]
fn a_url_leads_to_one_thing() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("url add shop"), @"
    exit code: 2
    ----- stderr -----
    error: the following required arguments were not provided:
      <--deployment <NAME[:PORT]>|--site <NAME>|--proxy <URL>|--redirect <URL>>

    Usage: patr url add HOST[/PATH] (--deployment NAME[:PORT] | --site NAME | --proxy URL | --redirect URL) [OPTIONS]

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("url add shop --deployment web --site docs"), @"
    exit code: 2
    ----- stderr -----
    error: the argument '--deployment <NAME[:PORT]>' cannot be used with '--site <NAME>'

    Usage: patr url add HOST[/PATH] (--deployment NAME[:PORT] | --site NAME | --proxy URL | --redirect URL) [OPTIONS]

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("url add shop --deployment web --permanent"), @"
    exit code: 2
    ----- stderr -----
    error: the argument '--deployment <NAME[:PORT]>' cannot be used with '--permanent'

    Usage: patr url add HOST[/PATH] (--deployment NAME[:PORT] | --site NAME | --proxy URL | --redirect URL) [OPTIONS]

    For more information, try '--help'.
    ");
}

#[test]
fn places_and_targets_that_cannot_be_read_are_refused_before_anything_is_sent() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("url add sh_op --deployment web"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'sh_op' for '<HOST[/PATH]>': `sh_op` is not a host: use labels of a-z, 0-9 and `-` with dots between, and no port

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("url add shop/../x --deployment web"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'shop/../x' for '<HOST[/PATH]>': `/../x` is not a path prefix: begin with `/`, without `.` or `..` segments, `//`, `?`, `#` or spaces

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("url add shop --deployment web:http"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'web:http' for '--deployment <NAME[:PORT]>': `http` is not a port: use 1 to 65535

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("url add shop --proxy status.example.net"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'status.example.net' for '--proxy <URL>': `status.example.net` is not a web address: begin with `http://` or `https://` and a host

    For more information, try '--help'.
    ");
}

#[test]
fn a_place_is_taken_once() {
    let t = TestContext::new();
    t.edge.refuses::<CreateUrl>(&create::Error::Taken { url: HOST.to_owned() });
    patr_snapshot!(t.patr(&format!("url add {HOST} --deployment web")), @"
    exit code: 1
    ----- stderr -----
    error: `shop.apps.example.com` already has a managed URL

    hint: `patr url update` changes where it leads
    ");
}

#[test]
fn a_target_that_does_not_exist_is_not_found() {
    let t = TestContext::new();
    let missing = create::Error::TargetNotFound { noun: "deployment".to_owned(), name: "wbe".to_owned() };
    t.edge.refuses::<CreateUrl>(&missing);
    patr_snapshot!(t.patr(&format!("url add {HOST} --deployment wbe")), @"
    exit code: 4
    ----- stderr -----
    error: target: there is no deployment `wbe` in this workspace
    ");
}

#[test]
fn a_host_elsewhere_is_refused_with_one_that_would_do() {
    let t = TestContext::new();
    let elsewhere = create::Error::HostNotAllowed {
        host: "shop.example.net".parse().unwrap(),
        apps_domain: "apps.example.com".to_owned(),
    };
    t.edge.refuses::<CreateUrl>(&elsewhere);
    patr_snapshot!(t.patr("url add shop.example.net --deployment web"), @"
    exit code: 1
    ----- stderr -----
    error: host: `shop.example.net` is not one label under `apps.example.com`

    hint: use a host like `shop.apps.example.com`
    ");
}

#[test]
fn listing_urls() {
    let t = TestContext::new();
    let site = Target::Site { site: id(1), site_name: "docs".parse().unwrap() };
    let proxy = Target::Proxy { url: "https://status.example.net/".parse().unwrap() };
    t.edge.answers::<ListUrls>(page(vec![
        ManagedUrl { automatic: true, ..url(1, "web-acme.apps.example.com", "/", to_web()) },
        url(2, HOST, "/", redirect(false)),
        url(3, HOST, "/docs", site),
        url(4, HOST, "/status", proxy),
        url(5, HOST, "/old", redirect(true)),
    ]));
    patr_snapshot!(t.patr("url list"), @"
    exit code: 0
    ----- stdout -----
    URL                                   LEADS TO                                      AUTOMATIC  ID
    https://web-acme.apps.example.com/    deployment web:80                             yes        url_00000000000000000000000001
    https://shop.apps.example.com/        redirect https://shop.example.net/                       url_00000000000000000000000002
    https://shop.apps.example.com/docs    site docs                                                url_00000000000000000000000003
    https://shop.apps.example.com/status  proxy https://status.example.net/                        url_00000000000000000000000004
    https://shop.apps.example.com/old     permanent redirect https://shop.example.net/             url_00000000000000000000000005
    ");
    patr_snapshot!(t.patr("url list -o json --limit 1"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "items": [
        {
          "id": "url_00000000000000000000000001",
          "host": "web-acme.apps.example.com",
          "path": "/",
          "target": {
            "kind": "deployment",
            "deployment": "dep_00000000000000000000000001",
            "deployment_name": "web",
            "port": 80
          },
          "automatic": true,
          "generation": 7,
          "url": "https://web-acme.apps.example.com/",
          "created_at": "2026-01-31T12:00:00.000Z"
        },
        {
          "id": "url_00000000000000000000000002",
          "host": "shop.apps.example.com",
          "path": "/",
          "target": {
            "kind": "redirect",
            "url": "https://shop.example.net/",
            "permanent": false
          },
          "automatic": false,
          "generation": 7,
          "url": "https://shop.apps.example.com/",
          "created_at": "2026-01-31T12:00:00.000Z"
        },
        {
          "id": "url_00000000000000000000000003",
          "host": "shop.apps.example.com",
          "path": "/docs",
          "target": {
            "kind": "site",
            "site": "site_00000000000000000000000001",
            "site_name": "docs"
          },
          "automatic": false,
          "generation": 7,
          "url": "https://shop.apps.example.com/docs",
          "created_at": "2026-01-31T12:00:00.000Z"
        },
        {
          "id": "url_00000000000000000000000004",
          "host": "shop.apps.example.com",
          "path": "/status",
          "target": {
            "kind": "proxy",
            "url": "https://status.example.net/"
          },
          "automatic": false,
          "generation": 7,
          "url": "https://shop.apps.example.com/status",
          "created_at": "2026-01-31T12:00:00.000Z"
        },
        {
          "id": "url_00000000000000000000000005",
          "host": "shop.apps.example.com",
          "path": "/old",
          "target": {
            "kind": "redirect",
            "url": "https://shop.example.net/",
            "permanent": true
          },
          "automatic": false,
          "generation": 7,
          "url": "https://shop.apps.example.com/old",
          "created_at": "2026-01-31T12:00:00.000Z"
        }
      ]
    }
    "#);
}

#[test]
fn a_workspace_without_urls_says_how_to_make_one() {
    let t = TestContext::new();
    t.edge.answers::<ListUrls>(page(vec![]));
    patr_snapshot!(t.patr("url list"), @"
    exit code: 0
    ----- stderr -----
    nothing to show
    hint: `patr url add HOST --deployment NAME` makes one
    ");
}

#[test]
fn showing_a_url_by_its_place_or_id() {
    let t = TestContext::new();
    t.edge.answers::<ListUrls>(page(vec![url(2, HOST, "/api", to_web()), url(1, HOST, "/", to_web())]));
    t.edge.answers::<GetUrlStats>(Json(Stats::default()));
    patr_snapshot!(t.patr(&format!("url show https://{HOST}/")), @"
    exit code: 0
    ----- stdout -----
    url        https://shop.apps.example.com/
    leads to   deployment web:80
    automatic  no
    id         url_00000000000000000000000001
    created    2026-01-31 12:00:00Z
    ");
    t.edge.answers::<GetUrl>(Json(url(1, HOST, "/", to_web())));
    patr_snapshot!(t.patr("url show url_00000000000000000000000001 -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "url_00000000000000000000000001",
      "host": "shop.apps.example.com",
      "path": "/",
      "target": {
        "kind": "deployment",
        "deployment": "dep_00000000000000000000000001",
        "deployment_name": "web",
        "port": 80
      },
      "automatic": false,
      "generation": 7,
      "url": "https://shop.apps.example.com/",
      "created_at": "2026-01-31T12:00:00.000Z"
    }
    "#);
}

#[test]
fn showing_a_url_that_does_not_exist() {
    let t = TestContext::new();
    t.edge.answers::<ListUrls>(page(vec![url(1, HOST, "/", to_web())]));
    patr_snapshot!(t.patr(&format!("url show {HOST}/api")), @"
    exit code: 4
    ----- stderr -----
    error: there is no managed URL `shop.apps.example.com/api` here

    hint: `patr url list` shows them
    ");
}

#[test]
fn updating_a_url_changes_it_only_as_it_was_read() {
    let t = TestContext::new();
    t.edge.answers::<ListUrls>(page(vec![url(1, HOST, "/", to_web())]));
    t.edge.answers::<UpdateUrl>(Json(url(1, HOST, "/", redirect(false))));
    patr_snapshot!(t.patr(&format!("url update {HOST} --redirect https://shop.example.net")), @"
    exit code: 0
    ----- stdout -----
    https://shop.apps.example.com/
    ----- stderr -----
    leads to redirect https://shop.example.net/
    ");

    let call = t.edge.asked_once::<UpdateUrl>().call;
    assert_eq!(call.path.url, id(1));
    assert_eq!(call.headers.if_match.unwrap().as_str(), "\"7\"");
}

#[test]
fn updating_a_url_that_somebody_else_has_just_changed() {
    let t = TestContext::new();
    t.edge.answers::<ListUrls>(page(vec![url(1, HOST, "/", to_web())]));
    let stale = patr_models::error::Common::Stale { current: "\"8\"".to_owned() };
    t.edge.refuses_commonly::<UpdateUrl>(&stale);
    patr_snapshot!(t.patr(&format!("url update {HOST} --site docs")), @r#"
    exit code: 1
    ----- stderr -----
    error: the resource has changed: its ETag is now "8"

    hint: look at it again, then repeat the command
    "#);
}

#[test]
fn an_automatic_url_cannot_be_led_elsewhere() {
    let t = TestContext::new();
    t.edge.answers::<ListUrls>(page(vec![url(1, HOST, "/", to_web())]));
    t.edge.refuses::<UpdateUrl>(&update::Error::Automatic { url: HOST.to_owned() });
    patr_snapshot!(t.patr(&format!("url update {HOST} --site docs")), @"
    exit code: 1
    ----- stderr -----
    error: `shop.apps.example.com` was made with its deployment or site and follows it

    hint: make another managed URL with `patr url add`
    ");
}

#[test]
fn removing_a_url() {
    let t = TestContext::new();
    t.edge.answers::<ListUrls>(page(vec![url(1, HOST, "/", to_web())]));
    t.edge.answers::<DeleteUrl>(NoContent);
    patr_snapshot!(t.patr(&format!("url remove {HOST}")), @"
    exit code: 0
    ----- stderr -----
    removed https://shop.apps.example.com/
    ");
    assert_eq!(t.edge.asked_once::<DeleteUrl>().call.path.url, id(1));
}

#[test]
fn testing_an_address_says_what_would_answer() {
    let t = TestContext::new();
    t.edge.answers::<TestUrl>(Json(Verdict {
        summary: "the deployment `web` answers on port 80".to_owned(),
        managed_url: Some(url(1, HOST, "/", to_web())),
        forwards_to: None,
        published: false,
    }));
    let line = format!("url test https://{HOST}/cart");
    patr_snapshot!(t.patr(&line), @"
    exit code: 0
    ----- stdout -----
    verdict      the deployment `web` answers on port 80
    managed url  https://shop.apps.example.com/
    leads to     deployment web:80
    forwards to  -
    published    not yet
    ");
    patr_snapshot!(t.patr(&format!("{line} -o json")), @r#"
    exit code: 0
    ----- stdout -----
    {
      "summary": "the deployment `web` answers on port 80",
      "managed_url": {
        "id": "url_00000000000000000000000001",
        "host": "shop.apps.example.com",
        "path": "/",
        "target": {
          "kind": "deployment",
          "deployment": "dep_00000000000000000000000001",
          "deployment_name": "web",
          "port": 80
        },
        "automatic": false,
        "generation": 7,
        "url": "https://shop.apps.example.com/",
        "created_at": "2026-01-31T12:00:00.000Z"
      },
      "published": false
    }
    "#);
    assert_eq!(t.edge.asked::<TestUrl>()[0].call.query.url.as_str(), format!("https://{HOST}/cart"));
}

#[test]
fn testing_what_is_no_address() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("url test shop"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'shop' for '<URL>': `shop` is not a web address: begin with `http://` or `https://` and a host

    For more information, try '--help'.
    ");
}
