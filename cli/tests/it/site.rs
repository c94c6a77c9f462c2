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
    patr_snapshot!(t.patr("site deploy dist --name docs"), @"");
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
    patr_snapshot!(t.patr("-q -o json site deploy dist --name docs"), @"");
}

#[test]
fn a_preview_has_an_address_of_its_own() {
    let t = with_folder();
    t.edge.answers::<GetSite>(Json(empty()));
    stored_already(&t);
    let preview = Preview { url: "https://p3-docs-acme.apps.example.com".to_owned(), expires_at: at(60) };
    t.edge.answers::<CreateVersion>(Json(SiteVersion { preview: Some(preview), ..site_version(3) }));
    patr_snapshot!(t.patr("site deploy dist --name docs --preview --preview-days 3"), @"");
    let query = t.edge.asked_once::<CreateVersion>().call.query;
    assert_eq!((query.preview, query.preview_days), (true, Some(3)));
}

#[test]
fn a_stopped_site_is_deployed_and_stays_stopped() {
    let t = with_folder();
    t.edge.answers::<GetSite>(Json(Site { running: false, ..empty() }));
    stored_already(&t);
    t.edge.answers::<CreateVersion>(Json(site_version(2)));
    patr_snapshot!(t.patr("site deploy dist --name docs"), @"");
}

#[test]
fn what_the_server_refuses_is_shown_in_its_words() {
    let t = with_folder();
    t.edge.answers::<GetSite>(Json(empty()));
    stored_already(&t);
    let problem = "it names a file twice".to_owned();
    t.edge.refuses::<CreateVersion>(&create_version::Error::ManifestInvalid { problem });
    patr_snapshot!(t.patr("site deploy dist --name docs"), @"");
}

#[test]
fn a_folder_is_checked_without_an_installation() {
    let t = with_folder();
    patr_snapshot!(t.patr("site deploy dist --check").without("PATR_URL"), @"");
    t.file("dist/patr.site.toml", "html_handlng = \"none\"\n");
    t.file("dist/_redirects", "/old /new 999\n");
    patr_snapshot!(t.patr("site deploy dist --check"), @"");
    patr_snapshot!(t.patr("site deploy absent --check"), @"");
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
    patr_snapshot!(t.patr("site deploy dist --name docs"), @"");
}

#[test]
fn a_redirect_to_a_deployment_without_a_url_is_refused() {
    let t = with_folder();
    t.file("dist/_redirects", "/api/* deployment:web:81/:splat 200\n");
    t.edge.answers::<GetDeployment>(Json(deployment("web")));
    patr_snapshot!(t.patr("site deploy dist --name docs"), @"");
}

#[test]
fn a_deploy_needs_a_name() {
    let t = with_folder();
    patr_snapshot!(t.patr("site deploy dist"), @"");
    patr_snapshot!(t.patr("site deploy dist --name docs --preview-days 3"), @"");
}

#[test]
fn listing_sites() {
    let t = TestContext::new();
    t.edge.answers::<ListSites>(page(vec![site(1, "docs"), Site { live: None, ..site(2, "blog") }]));
    patr_snapshot!(t.patr("site list"), @"");
    patr_snapshot!(t.patr("site list -o json --limit 1"), @"");
}

#[test]
fn a_workspace_without_sites_says_how_to_make_one() {
    let t = TestContext::new();
    t.edge.answers::<ListSites>(page(vec![]));
    patr_snapshot!(t.patr("site list"), @"");
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
    patr_snapshot!(t.patr("site show docs"), @"");
    patr_snapshot!(t.patr("site show docs -o json"), @"");
}

#[test]
fn a_slip_in_a_name_suggests_the_site() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<GetSite>(&not_found("dosc"));
    t.edge.answers::<ListSites>(page(vec![site(1, "docs")]));
    patr_snapshot!(t.patr("site show dosc"), @"");
}

#[test]
fn listing_versions() {
    let t = TestContext::new();
    let preview = Preview { url: "https://p3-docs-acme.apps.example.com".to_owned(), expires_at: at(60) };
    let third = SiteVersion { preview: Some(preview), ..site_version(3) };
    t.edge.answers::<ListVersions>(page(vec![third, site_version(2), site_version(1)]));
    patr_snapshot!(t.patr("site versions docs"), @"");
}

#[test]
fn rolling_back_says_to_what() {
    let t = TestContext::new();
    t.edge.answers::<RollBackSite>(Json(Site { live: Some(1), ..site(1, "docs") }));
    patr_snapshot!(t.patr("site rollback docs"), @"");
    assert_eq!(t.edge.asked_once::<RollBackSite>().call.body.0.version, None);
}

#[test]
fn rolling_back_to_what_is_not_there() {
    let t = TestContext::new();
    t.edge.refuses::<RollBackSite>(&rollback::Error::NoSuchVersion { version: 9 });
    t.edge.refuses::<RollBackSite>(&rollback::Error::NothingToRollBackTo);
    t.edge.answers::<ListSites>(page(vec![site(1, "docs")]));
    patr_snapshot!(t.patr("site rollback docs --version 9"), @"");
    patr_snapshot!(t.patr("site rollback docs"), @"");
}

#[test]
fn access_is_given_to_everybody_members_or_who_knows_the_password() {
    let t = TestContext::new();
    t.edge.answers::<SetSiteAccess>(Json(site(1, "docs")));
    patr_snapshot!(t.patr("site access docs public"), @"");
    patr_snapshot!(t.patr("site access docs members"), @"");
    patr_snapshot!(t.patr("site access docs password --password-stdin").stdin("correct horse\n"), @"");
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
    patr_snapshot!(t.patr("site access docs password"), @"");
    patr_snapshot!(t.patr("site access docs password --password-stdin").stdin("short\n"), @"");
    patr_snapshot!(t.patr("site access docs public --password-stdin").stdin("correct horse\n"), @"");
    patr_snapshot!(t.patr("site access docs friends"), @"");
}

#[test]
fn stopping_and_starting_a_site() {
    let t = TestContext::new();
    t.edge.answers::<StopSite>(Json(Site { running: false, ..site(1, "docs") }));
    patr_snapshot!(t.patr("site stop docs"), @"");
    t.edge.answers::<StartSite>(Json(site(1, "docs")));
    patr_snapshot!(t.patr("site start docs"), @"");
    assert_eq!(t.edge.asked_once::<StartSite>().call.path.site, docs());
}

#[test]
fn deleting_a_site() {
    let t = TestContext::new();
    t.edge.answers::<DeleteSite>(NoContent);
    patr_snapshot!(t.patr("site delete docs"), @"");
}

#[test]
fn a_site_that_a_url_leads_to_stays() {
    let t = TestContext::new();
    t.edge.refuses::<DeleteSite>(&delete::Error::HasUrls { url: "shop.example.com".to_owned() });
    patr_snapshot!(t.patr("site delete docs"), @"");
}
