use patr_models::site::create_version::Query;

use crate::{
    db::{DbError, sites::unchanged},
    testing::{
        App, Caller,
        site::{DAY, HOUR, upload, with_config},
    },
};

const ONE: &[(&str, &str)] = &[("app.1.js", "one"), ("index.html", "one")];
const TWO: &[(&str, &str)] = &[("app.2.js", "two"), ("index.html", "two")];
const THREE: &[(&str, &str)] = &[("app.3.js", "three"), ("index.html", "three")];

fn owner(app: &App) -> Caller<'_> {
    let owner = app.owner("acme");
    owner.site();
    owner
}

fn texts(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_deploy_carries_hashed_files_of_the_versions_before() {
    let app = App::new();
    let owner = owner(&app);
    let one = owner.deploy_files(ONE);
    assert_eq!(app.served("docs-acme"), (Some(one.manifest), None));
    let two = owner.deploy_files(TWO);
    assert_eq!(app.served("docs-acme").0, Some(two.manifest));
    assert_eq!(app.carried("docs-acme"), texts(&[("app.1.js", "one")]));
    owner.deploy_files(THREE);
    assert_eq!(app.carried("docs-acme"), texts(&[("app.1.js", "one"), ("app.2.js", "two")]));
}

#[test]
fn a_rollback_carries_those_of_the_newer_version() {
    let app = App::new();
    let owner = owner(&app);
    let one = owner.deploy_files(ONE);
    owner.deploy_files(TWO);
    assert_eq!(owner.roll_back(None).unwrap().live, Some(1));
    assert_eq!(app.served("docs-acme").0, Some(one.manifest));
    assert_eq!(app.carried("docs-acme"), texts(&[("app.2.js", "two")]));
    assert_eq!(owner.roll_back(None).unwrap_err().to_string(), "there is no version before the live one");
    assert!(owner.roll_back(Some(9)).unwrap_err().is("no_such_version"));
}

#[test]
fn what_is_carried_goes_when_its_days_are_over_and_then_its_bytes() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy_files(ONE);
    owner.deploy_files(TWO);
    app.pass_with_sweeps(13 * DAY);
    assert_eq!(app.carried("docs-acme").len(), 1);
    app.pass_with_sweeps(3 * DAY);
    assert_eq!(app.served("docs-acme").1, None);
    app.pass_with_sweeps(2 * DAY);
    assert_eq!(app.keys("manifest/"), 2, "only those of the two versions");
}

#[test]
fn a_deploy_replaces_a_version_whose_manifest_is_lost() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy_files(ONE);
    app.kv.lose("manifest/");
    let two = owner.deploy_files(TWO);
    assert_eq!(app.served("docs-acme"), (Some(two.manifest), None));
}

#[test]
fn a_site_that_changed_meanwhile_is_not_written_over() {
    let app = App::new();
    let site = owner(&app).show_site();
    assert!(app.batch(vec![unchanged(site.id, site.generation)]).is_ok());
    assert!(matches!(app.batch(vec![unchanged(site.id, site.generation + 1)]), Err(DbError::Stale)));
}

#[test]
fn the_same_manifest_as_the_live_one_makes_no_version() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy_files(ONE);
    assert_eq!(owner.deploy_files(ONE).number, 1);
    owner.deploy_files(TWO);
    assert_eq!(owner.deploy_files(ONE).number, 3);
    assert_eq!(app.rows("garbage"), 0);
}

#[test]
fn a_manifest_with_a_configuration_that_cannot_be_served_is_refused_with_the_problem() {
    let app = App::new();
    let owner = owner(&app);
    let (pack, manifest) = with_config(ONE, br#"{"not-found":"none"}"#);
    owner.put_pack(&pack).unwrap();
    let error = owner.version(manifest, Query::default()).unwrap_err();
    assert!(error.is("manifest_invalid") && error.to_string().contains("not-found"), "{error}");
}

#[test]
fn a_preview_has_an_address_of_its_own_and_leaves_the_live_version_as_it_is() {
    let app = App::new();
    let owner = owner(&app);
    let one = owner.deploy_files(ONE);
    let preview = owner.preview_files(TWO, None);
    assert_eq!((preview.number, preview.live), (2, false));
    let address = preview.preview.unwrap();
    assert_eq!(address.expires_at, app.now.get() + 7 * DAY);
    let label = address.url.strip_prefix("https://").unwrap().strip_suffix(".apps.example").unwrap();
    assert!(label.starts_with("docs-v2-") && label.len() == "docs-v2-".len() + 6, "{label}");
    assert_eq!(app.served(label), (Some(preview.manifest), None));
    assert_eq!(app.served("docs-acme"), (Some(one.manifest), None));
    assert_eq!(owner.show_site().live, Some(1));
    assert_eq!(owner.show_site().url, "https://docs-acme.apps.example");
}

#[test]
fn the_same_preview_again_lasts_longer_and_is_no_new_version() {
    let app = App::new();
    let owner = owner(&app);
    let first = owner.preview_files(ONE, None);
    app.pass(DAY);
    let again = owner.preview_files(ONE, None);
    assert_eq!(again.number, first.number);
    let (first, again) = (first.preview.unwrap(), again.preview.unwrap());
    assert_eq!((again.url, again.expires_at), (first.url, first.expires_at + DAY));
    let shorter = owner.preview_files(ONE, Some(1)).preview.unwrap();
    assert_eq!(shorter.expires_at, again.expires_at);
    assert_eq!(owner.preview_files(TWO, None).number, 2);
}

#[test]
fn a_preview_lasts_1_to_90_days() {
    let app = App::new();
    let owner = owner(&app);
    let (pack, manifest) = upload(ONE);
    owner.put_pack(&pack).unwrap();
    let with = |preview, days| {
        owner
            .version(manifest.clone(), Query { preview, preview_days: Some(days) })
            .map(|version| version.number)
    };
    for (preview, days) in [(true, 0), (true, 91), (false, 7)] {
        assert!(with(preview, days).unwrap_err().is("preview_days_invalid"), "{preview} {days}");
    }
    assert_eq!(with(true, 90).unwrap(), 1);
}

#[test]
fn an_expired_preview_goes_with_its_address_and_then_its_bytes() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy_files(ONE);
    owner.preview_files(TWO, Some(1));
    app.pass_with_sweeps(DAY - HOUR);
    assert_eq!((app.keys("host/"), app.rows("hosts"), owner.version_numbers()), (2, 2, vec![2, 1]));
    app.pass_with_sweeps(HOUR);
    assert_eq!((app.keys("host/"), app.rows("hosts"), owner.version_numbers()), (1, 1, vec![1]));
    assert_eq!(app.keys("pack/"), 2, "who hears of it late finds it still");
    app.pass_with_sweeps(3 * DAY);
    assert_eq!((app.keys("pack/"), app.keys("manifest/"), app.rows("garbage")), (1, 1, 0));
    assert_eq!(owner.deploy_files(THREE).number, 3, "no number is given twice");
}

#[test]
fn a_preview_that_was_made_live_outlives_its_address() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy_files(ONE);
    let preview = owner.preview_files(TWO, Some(1));
    assert_eq!(owner.roll_back(Some(2)).unwrap().live, Some(2));
    assert_eq!(app.served("docs-acme").0, Some(preview.manifest));
    assert_eq!(app.keys("host/"), 2);
    app.pass_with_sweeps(2 * DAY);
    assert_eq!((app.keys("host/"), owner.version_numbers()), (1, vec![2, 1]));
    owner.deploy_files(THREE);
    app.pass_with_sweeps(2 * DAY);
    assert_eq!(owner.version_numbers(), [3, 2, 1]);
}

#[test]
fn a_rollback_that_names_no_version_passes_previews_over() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy_files(ONE);
    owner.preview_files(TWO, None);
    owner.deploy_files(THREE);
    assert_eq!(owner.roll_back(None).unwrap().live, Some(1));
}

#[test]
fn old_versions_beyond_the_newest_thirty_go_and_never_the_live_one() {
    let app = App::new();
    let owner = owner(&app);
    let texts: Vec<String> = (1..=40).map(|number| format!("version {number}")).collect();
    for text in &texts {
        owner.deploy_files(&[("index.html", text)]);
    }
    owner.roll_back(Some(2)).unwrap();
    app.pass_with_sweeps(29 * DAY);
    assert_eq!(owner.version_numbers().len(), 40, "none is old enough");
    app.stay_logged_in();
    app.pass_with_sweeps(3 * DAY);
    let mut kept: Vec<u32> = (11..=40).rev().collect();
    kept.push(2);
    assert_eq!(owner.version_numbers(), kept);
    app.pass_with_sweeps(3 * DAY);
    assert_eq!((app.keys("pack/"), app.keys("manifest/")), (31, 31));
}

#[test]
fn a_deleted_site_takes_its_previews_and_all_its_bytes_with_it() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy_files(ONE);
    owner.deploy_files(TWO);
    owner.preview_files(THREE, None);
    owner.delete_site();
    assert_eq!((app.keys("host/"), app.rows("hosts")), (0, 0));
    app.pass_with_sweeps(3 * DAY);
    assert_eq!((app.kv.values().len(), app.rows("blobs"), app.rows("garbage")), (0, 0, 0));
}

#[test]
fn a_deleted_workspace_leaves_nothing_in_kv() {
    let app = App::new();
    let owner = owner(&app);
    owner.deploy_files(ONE);
    owner.delete_site();
    use patr_models::{endpoint::body::NoBody, workspace::delete};
    owner.call::<delete::DeleteWorkspace>(delete::Path { workspace: owner.workspace() }, NoBody).unwrap();
    app.pass_with_sweeps(3 * DAY);
    assert_eq!(app.kv.values().len(), 0);
}

#[test]
fn workspaces_share_no_bytes_and_one_keeps_its_own_when_the_other_goes() {
    let app = App::new();
    let (acme, other) = (owner(&app), app.owner("other"));
    other.site();
    acme.deploy_files(ONE);
    other.deploy_files(ONE);
    assert_eq!(app.keys("pack/"), 2);
    other.delete_site();
    app.pass_with_sweeps(3 * DAY);
    assert_eq!(app.keys("pack/"), 1);
    assert!(app.served("docs-acme").0.is_some());
}
