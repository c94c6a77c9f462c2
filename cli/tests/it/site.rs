//! `patr site`.

use patr_models::{
    deployment::get::GetDeployment,
    endpoint::body::{Created, Json, NoContent},
    error::Common,
    ids::{Ref, SiteId},
    site::{
        Access, Preview, Site, SiteVersion,
        create::CreateSite,
        create_version::{self, CreateVersion},
        delete::{self, DeleteSite},
        get::GetSite,
        list::ListSites,
        missing_packs::{MissingPacks, Packs},
        put_pack::PutPack,
        rollback::{self, RollBackSite},
        set_access::{self, SetSiteAccess},
        start::StartSite,
        stats::{Day, GetSiteStats, Stats},
        stop::StopSite,
        versions::ListVersions,
    },
    time::Millis,
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{at, deployment, page, site, site_version},
};

fn docs() -> Ref<SiteId> {
    "docs".parse().unwrap()
}

fn not_found(name: &str) -> Common {
    Common::NotFound { noun: "site".to_owned(), name: name.to_owned() }
}

/// A site that nothing was uploaded to.
fn empty() -> Site {
    Site { live: None, manifest: None, ..site(1, "docs") }
}

/// With a folder of two files.
fn with_folder() -> TestContext {
    let t = TestContext::new();
    std::fs::create_dir(t.folder().join("dist")).unwrap();
    t.file("dist/index.html", "<h1>hello</h1>");
    t.file("dist/404.html", "gone");
    t
}

/// Every pack is there from an upload that was cut off.
fn stored_already(t: &TestContext) {
    t.edge.answers::<MissingPacks>(Json(Packs { packs: vec![] }));
}

#[test]
fn deploying_a_folder_makes_the_site_and_a_version() {
    let t = with_folder();
    t.edge.refuses_commonly::<GetSite>(&not_found("docs"));
    t.edge.answers::<CreateSite>(Created(empty()));
    stored_already(&t);
    t.edge.answers::<CreateVersion>(Json(SiteVersion { live: true, ..site_version(1) }));
    patr_snapshot!(t.patr("site deploy dist --name docs"), @"
    exit code: 0
    ----- stdout -----
    https://docs-acme.apps.example.com
    ----- stderr -----
    made the site `docs`
    uploading 18 B
    version 1 of `docs` is live: 2 files, 0 unchanged, 0 B uploaded in 0 packs, 1 pack there from before
    ");
    assert_eq!(t.edge.order(), ["GetSite", "CreateSite", "MissingPacks", "CreateVersion"]);
    assert!(!t.edge.asked_once::<CreateVersion>().call.query.preview);
}

#[test]
fn only_packs_that_are_missing_are_sent() {
    let t = with_folder();
    t.edge.answers::<GetSite>(Json(empty()));
    stored_already(&t);
    t.edge.answers::<CreateVersion>(Json(site_version(2)));
    assert_eq!(t.patr("site deploy dist --name docs").run().code, 0);
    assert!(t.edge.asked::<PutPack>().is_empty());
    let packs = t.edge.asked_once::<MissingPacks>().call.body.0;

    let t = with_folder();
    t.edge.answers::<GetSite>(Json(empty()));
    t.edge.answers::<MissingPacks>(Json(packs.clone()));
    t.edge.answers::<PutPack>(NoContent);
    t.edge.answers::<CreateVersion>(Json(site_version(2)));
    let ran = t.patr("-q site deploy dist --name docs").run();
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "https://docs-acme.apps.example.com\n"));
    assert_eq!(vec![t.edge.asked_once::<PutPack>().call.path.pack], packs.packs);
}

#[test]
fn a_version_as_json_is_what_the_api_answers() {
    let t = with_folder();
    t.edge.answers::<GetSite>(Json(empty()));
    stored_already(&t);
    t.edge.answers::<CreateVersion>(Json(site_version(2)));
    patr_snapshot!(t.patr("-q -o json site deploy dist --name docs"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "number": 2,
      "live": true,
      "manifest": "05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f",
      "files": 3,
      "bytes": 1500,
      "created_by": "usr_00000000000000000000000001",
      "created_at": "2026-01-31T12:02:00.000Z"
    }
    "#);
}

#[test]
fn a_preview_has_an_address_of_its_own() {
    let t = with_folder();
    t.edge.answers::<GetSite>(Json(empty()));
    stored_already(&t);
    let preview = Preview { url: "https://p3-docs-acme.apps.example.com".to_owned(), expires_at: at(60) };
    t.edge.answers::<CreateVersion>(Json(SiteVersion { preview: Some(preview), ..site_version(3) }));
    patr_snapshot!(t.patr("site deploy dist --name docs --preview --preview-days 3"), @"
    exit code: 0
    ----- stdout -----
    https://p3-docs-acme.apps.example.com
    ----- stderr -----
    uploading 18 B
    version 3 of `docs` is a preview until 2026-01-31 13:00:00Z: 2 files, 0 unchanged, 0 B uploaded in 0 packs, 1 pack there from before
    hint: `patr site rollback docs --version 3` makes it live
    ");
    let query = t.edge.asked_once::<CreateVersion>().call.query;
    assert_eq!((query.preview, query.preview_days), (true, Some(3)));
}

#[test]
fn a_stopped_site_is_deployed_and_stays_stopped() {
    let t = with_folder();
    t.edge.answers::<GetSite>(Json(Site { running: false, ..empty() }));
    stored_already(&t);
    t.edge.answers::<CreateVersion>(Json(site_version(2)));
    patr_snapshot!(t.patr("site deploy dist --name docs"), @"
    exit code: 0
    ----- stdout -----
    https://docs-acme.apps.example.com
    ----- stderr -----
    uploading 18 B
    version 2 of `docs` is live: 2 files, 0 unchanged, 0 B uploaded in 0 packs, 1 pack there from before
    hint: it is stopped: `patr site start docs` lets it answer
    ");
}

#[test]
fn what_the_server_refuses_is_shown_in_its_words() {
    let t = with_folder();
    t.edge.answers::<GetSite>(Json(empty()));
    stored_already(&t);
    let problem = "it names a file twice".to_owned();
    t.edge.refuses::<CreateVersion>(&create_version::Error::ManifestInvalid { problem });
    patr_snapshot!(t.patr("site deploy dist --name docs"), @"
    exit code: 1
    ----- stderr -----
    uploading 18 B
    error: manifest: it names a file twice
    ");
}

#[test]
fn a_folder_is_checked_without_an_installation() {
    let t = with_folder();
    patr_snapshot!(t.patr("site deploy dist --check").without("PATR_URL"), @"
    exit code: 0
    ----- stderr -----
    dist can be deployed: 2 files, 18 B
    ");
    t.file("dist/patr.site.toml", "html_handlng = \"none\"\n");
    t.file("dist/_redirects", "/old /new 999\n");
    patr_snapshot!(t.patr("site deploy dist --check"), @"
    exit code: 2
    ----- stderr -----
    error: 1 problem in dist; nothing was uploaded
      patr.site.toml:1: there is no key `html_handlng`: did you mean `html_handling`?
    ");
    patr_snapshot!(t.patr("site deploy absent --check"), @"
    exit code: 2
    ----- stderr -----
    error: absent is not a folder
    ");
    assert!(t.edge.order().is_empty());
}

#[test]
fn a_folder_says_who_may_see_it() {
    let t = with_folder();
    t.file("dist/patr.site.toml", "access = \"members\"\n");
    t.edge.answers::<GetSite>(Json(empty()));
    t.edge.answers::<SetSiteAccess>(Json(Site { access: Access::Members, ..empty() }));
    stored_already(&t);
    t.edge.answers::<CreateVersion>(Json(site_version(2)));
    assert_eq!(t.patr("site deploy dist --name docs").run().code, 0);
    assert_eq!(t.edge.order()[..2], ["GetSite", "SetSiteAccess"], "before anything new can be seen");

    t.file("dist/patr.site.toml", "access = \"password\"\n");
    patr_snapshot!(t.patr("site deploy dist --name docs"), @"
    exit code: 2
    ----- stderr -----
    error: patr.site.toml asks for a password, and `docs` has none

    hint: set one with `patr site access docs password`, then deploy again
    ");
}

#[test]
fn a_redirect_to_a_deployment_without_a_url_is_refused() {
    let t = with_folder();
    t.file("dist/_redirects", "/api/* deployment:web:81/:splat 200\n");
    t.edge.answers::<GetDeployment>(Json(deployment("web")));
    patr_snapshot!(t.patr("site deploy dist --name docs"), @"
    exit code: 2
    ----- stderr -----
    error: `deployment:web:81` has no automatic URL

    hint: its first http port has one; `patr url add` makes one for another, to name in `_redirects`
    ");
}

#[test]
fn a_deploy_needs_a_name() {
    let t = with_folder();
    patr_snapshot!(t.patr("site deploy dist"), @"
    exit code: 2
    ----- stderr -----
    error: the following required arguments were not provided:
      --name <NAME>

    Usage: patr site deploy --url <URL> --workspace <WORKSPACE> --name <NAME> <DIR>

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("site deploy dist --name docs --preview-days 3"), @"
    exit code: 2
    ----- stderr -----
    error: the following required arguments were not provided:
      --preview

    Usage: patr site deploy --preview --name <NAME> --preview-days <DAYS> --url <URL> --workspace <WORKSPACE> <DIR>

    For more information, try '--help'.
    ");
}

#[test]
fn listing_sites() {
    let t = TestContext::new();
    t.edge.answers::<ListSites>(page(vec![site(1, "docs"), Site { live: None, ..site(2, "blog") }]));
    patr_snapshot!(t.patr("site list"), @"
    exit code: 0
    ----- stdout -----
    NAME  LIVE  URL                                 CHANGED
    docs  2     https://docs-acme.apps.example.com  2026-01-31 12:05:00Z
    blog  -     https://blog-acme.apps.example.com  2026-01-31 12:05:00Z
    ");
    patr_snapshot!(t.patr("site list -o json --limit 1"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "items": [
        {
          "id": "site_00000000000000000000000001",
          "name": "docs",
          "live": 2,
          "manifest": "05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f",
          "running": true,
          "access": "public",
          "url": "https://docs-acme.apps.example.com",
          "generation": 7,
          "created_at": "2026-01-31T12:00:00.000Z",
          "updated_at": "2026-01-31T12:05:00.000Z"
        },
        {
          "id": "site_00000000000000000000000002",
          "name": "blog",
          "manifest": "05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f",
          "running": true,
          "access": "public",
          "url": "https://blog-acme.apps.example.com",
          "generation": 7,
          "created_at": "2026-01-31T12:00:00.000Z",
          "updated_at": "2026-01-31T12:05:00.000Z"
        }
      ]
    }
    "#);
}

#[test]
fn a_workspace_without_sites_says_how_to_make_one() {
    let t = TestContext::new();
    t.edge.answers::<ListSites>(page(vec![]));
    patr_snapshot!(t.patr("site list"), @"
    exit code: 0
    ----- stderr -----
    nothing to show
    hint: `patr site deploy DIR --name NAME` makes one
    ");
}

#[test]
fn showing_a_site_shows_what_was_served_of_it() {
    let t = TestContext::new();
    t.edge.answers::<GetSite>(Json(Site { access: Access::Password, ..site(1, "docs") }));
    let day = |number: u64, requests: u64| Day {
        day: Millis((20_484 + number) * 86_400_000),
        requests,
        bytes: requests * 1024,
        status_2xx: requests - 2,
        status_3xx: 1,
        status_4xx: 1,
        status_5xx: 0,
        cache_hits: requests / 2,
    };
    t.edge.answers::<GetSiteStats>(Json(Stats { days: vec![day(0, 1200), day(1, 40)] }));
    patr_snapshot!(t.patr("site show docs"), @"
    exit code: 0
    ----- stdout -----
    name            docs
    id              site_00000000000000000000000001
    url             https://docs-acme.apps.example.com
    live version    2
    answers         yes
    may be seen by  who knows the password
    changed         2026-01-31 12:05:00Z

    DAY         REQUESTS  SENT      2XX    3XX  4XX  5XX  FROM MEMORY
    2026-02-01  40        40.0 KiB  38     1    1    0    20
    2026-01-31  1,200     1.1 MiB   1,198  1    1    0    600
    30 days     1,240     1.2 MiB   1,236  2    2    0    620
    ");
    patr_snapshot!(t.patr("site show docs -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "site_00000000000000000000000001",
      "name": "docs",
      "live": 2,
      "manifest": "05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f",
      "running": true,
      "access": "password",
      "url": "https://docs-acme.apps.example.com",
      "generation": 7,
      "created_at": "2026-01-31T12:00:00.000Z",
      "updated_at": "2026-01-31T12:05:00.000Z"
    }
    "#);
}

#[test]
fn a_slip_in_a_name_suggests_the_site() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetSite>(&not_found("dosc"));
    t.edge.answers::<ListSites>(page(vec![site(1, "docs")]));
    patr_snapshot!(t.patr("site show dosc"), @"
    exit code: 4
    ----- stderr -----
    error: there is no site `dosc` here

    hint: did you mean `docs`?
    ");
}

#[test]
fn listing_versions() {
    let t = TestContext::new();
    let preview = Preview { url: "https://p3-docs-acme.apps.example.com".to_owned(), expires_at: at(60) };
    let third = SiteVersion { preview: Some(preview), ..site_version(3) };
    t.edge.answers::<ListVersions>(page(vec![third, site_version(2), site_version(1)]));
    patr_snapshot!(t.patr("site versions docs"), @"
    exit code: 0
    ----- stdout -----
    VERSION  LIVE  FILES  SIZE     MADE                  PREVIEW                                UNTIL
    3              3      1.4 KiB  2026-01-31 12:03:00Z  https://p3-docs-acme.apps.example.com  2026-01-31 13:00:00Z
    2        yes   3      1.4 KiB  2026-01-31 12:02:00Z
    1              3      1.4 KiB  2026-01-31 12:01:00Z
    ");
}

#[test]
fn rolling_back_says_to_what() {
    let t = TestContext::new();
    t.edge.answers::<RollBackSite>(Json(Site { live: Some(1), ..site(1, "docs") }));
    patr_snapshot!(t.patr("site rollback docs"), @"
    exit code: 0
    ----- stdout -----
    https://docs-acme.apps.example.com
    ----- stderr -----
    version 1 of `docs` is live
    ");
    assert_eq!(t.edge.asked_once::<RollBackSite>().call.body.0.version, None);
}

#[test]
fn rolling_back_to_what_is_not_there() {
    let t = TestContext::new();
    t.edge.refuses::<RollBackSite>(&rollback::Error::NoSuchVersion { version: 9 });
    t.edge.refuses::<RollBackSite>(&rollback::Error::NothingToRollBackTo);
    t.edge.answers::<ListSites>(page(vec![site(1, "docs")]));
    patr_snapshot!(t.patr("site rollback docs --version 9"), @"
    exit code: 4
    ----- stderr -----
    error: version: there is no version 9

    hint: `patr site versions` lists them
    ");
    patr_snapshot!(t.patr("site rollback docs"), @"
    exit code: 1
    ----- stderr -----
    error: there is no version before the live one
    ");
}

#[test]
fn access_is_given_to_everybody_members_or_who_knows_the_password() {
    let t = TestContext::new();
    t.edge.answers::<SetSiteAccess>(Json(site(1, "docs")));
    patr_snapshot!(t.patr("site access docs public"), @"
    exit code: 0
    ----- stdout -----
    https://docs-acme.apps.example.com
    ----- stderr -----
    everybody may see `docs`
    ");
    patr_snapshot!(t.patr("site access docs members"), @"
    exit code: 0
    ----- stdout -----
    https://docs-acme.apps.example.com
    ----- stderr -----
    members of the workspace may see `docs`
    ");
    patr_snapshot!(t.patr("site access docs password --password-stdin").stdin("correct horse\n"), @"
    exit code: 0
    ----- stdout -----
    https://docs-acme.apps.example.com
    ----- stderr -----
    `docs` asks for the password, also whoever it has let in before
    ");
    let bodies: Vec<_> = t.edge.asked::<SetSiteAccess>().into_iter().map(|asked| asked.call.body.0).collect();
    assert!(matches!(&bodies[..], [
        set_access::Body::Public {},
        set_access::Body::Members {},
        set_access::Body::Password { password },
    ] if password.reveal() == "correct horse"));
}

#[test]
fn a_password_that_cannot_be_one_is_refused_before_anything_is_sent() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("site access docs password"), @"
    exit code: 2
    ----- stderr -----
    error: nobody can be asked: stdin is not a terminal

    hint: give the password with `--password-stdin`
    ");
    patr_snapshot!(t.patr("site access docs password --password-stdin").stdin("short\n"), @"
    exit code: 2
    ----- stderr -----
    error: a password has 8 to 256 characters
    ");
    patr_snapshot!(t.patr("site access docs public --password-stdin").stdin("correct horse\n"), @"
    exit code: 2
    ----- stderr -----
    error: only a site with a password takes `--password-stdin`
    ");
    patr_snapshot!(t.patr("site access docs friends"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'friends' for '<WHO>'
      [possible values: public, password, members]

    For more information, try '--help'.
    ");
}

#[test]
fn stopping_and_starting_a_site() {
    let t = TestContext::new();
    t.edge.answers::<StopSite>(Json(Site { running: false, ..site(1, "docs") }));
    patr_snapshot!(t.patr("site stop docs"), @"
    exit code: 0
    ----- stdout -----
    https://docs-acme.apps.example.com
    ");
    t.edge.answers::<StartSite>(Json(site(1, "docs")));
    patr_snapshot!(t.patr("site start docs"), @"
    exit code: 0
    ----- stdout -----
    https://docs-acme.apps.example.com
    ");
    assert_eq!(t.edge.asked_once::<StartSite>().call.path.site, docs());
}

#[test]
fn deleting_a_site() {
    let t = TestContext::new();
    t.edge.answers::<DeleteSite>(NoContent);
    patr_snapshot!(t.patr("site delete docs"), @"
    exit code: 0
    ----- stderr -----
    deleted `docs` and its versions
    ");
}

#[test]
fn a_site_that_a_url_leads_to_stays() {
    let t = TestContext::new();
    t.edge.refuses::<DeleteSite>(&delete::Error::HasUrls { url: "shop.example.com".to_owned() });
    patr_snapshot!(t.patr("site delete docs"), @"
    exit code: 1
    ----- stderr -----
    error: the managed URL `shop.example.com` leads to it

    hint: remove it first: `patr url remove shop.example.com`
    ");
}
