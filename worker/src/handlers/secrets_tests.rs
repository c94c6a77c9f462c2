use patr_models::{
    endpoint::body::NoBody,
    secret::{get, list},
};

use super::*;
use crate::testing::{App, Caller, Outcome, code, named, pages};

fn get(caller: &Caller<'_>, name: &str) -> Outcome<Secret> {
    let path = get::Path { workspace: caller.workspace(), secret: name.parse().unwrap() };
    caller.get::<GetSecret>(path).map(|got| got.0)
}

fn delete(caller: &Caller<'_>, name: &str) -> Outcome<NoContent> {
    let path = delete::Path { workspace: caller.workspace(), secret: name.parse().unwrap() };
    caller.call::<DeleteSecret>(path, NoBody)
}

#[test]
fn each_value_is_a_version_and_a_number_is_never_given_twice() {
    let app = App::new();
    let owner = app.owner("acme");
    assert_eq!(owner.secret("db", "one").unwrap().version, 1);
    assert_eq!(owner.secret("db", "two").unwrap().version, 2);
    delete(&owner, "db").unwrap();
    assert_eq!(
        (code(get(&owner, "db")), code(delete(&owner, "db"))),
        ("not_found".into(), "not_found".into())
    );
    assert_eq!(app.sqlite.rows("SELECT * FROM secret_versions"), [""; 0], "values go with their secret");
    app.pass(std::time::Duration::from_secs(1));
    let again = owner.secret("db", "three").unwrap();
    assert_eq!((again.version, again.created_at), (3, app.now.get()));
}

#[test]
fn a_secret_of_one_workspace_is_nothing_in_another() {
    let app = App::new();
    let (owner, other) = (app.owner("acme"), app.owner("other"));
    owner.secret("db", "one").unwrap();
    assert_eq!(code(get(&other, "db")), "not_found");
    assert_eq!(code(delete(&other, "db")), "not_found");
    assert_eq!(code(get(&other.in_workspace("acme"), "db")), "not_found");
    assert_eq!(other.secret("db", "theirs").unwrap().version, 1);
    assert_eq!(get(&owner, "db").unwrap().version, 1);
}

#[test]
fn of_two_values_at_once_both_are_versions() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.secret("db", "one").unwrap();
    app.sqlite.meanwhile(
        "INSERT INTO secret_versions SELECT id, 2, 'x', 1, 1 FROM secrets; UPDATE secrets SET version = 2",
    );
    assert_eq!(owner.secret("db", "two").unwrap().version, 3);
}

#[test]
fn of_two_first_secrets_at_once_one_makes_the_key_and_the_other_takes_it() {
    let app = App::new();
    let owner = app.owner("acme");
    let row: serde_json::Value =
        serde_json::from_str(&app.sqlite.rows("SELECT id FROM workspaces")[0]).unwrap();
    let workspace = row["id"].as_str().unwrap().parse().unwrap();
    let master = app.settings.secrets_keys.clone().unwrap().current;
    let theirs = master.wrap(workspace, &Key::random().unwrap()).unwrap();
    app.sqlite.meanwhile(format!("INSERT INTO data_keys VALUES ('{workspace}', '{theirs}', 1, '')"));
    assert_eq!(owner.secret("db", "one").unwrap().version, 1);
    let kept = app.sqlite.rows("SELECT wrapped FROM data_keys");
    assert_eq!(kept, [format!(r#"{{"wrapped":"{theirs}"}}"#)]);
}

#[test]
fn a_key_that_does_not_open_is_not_replaced() {
    let app = App::new();
    let owner = app.owner("acme");
    app.sqlite.run("INSERT INTO data_keys SELECT id, 'damaged', 1, '' FROM workspaces");
    let path = "/api/v1/workspaces/acme/secrets/db";
    let answered = owner.raw(http::Method::PUT, path, r#"{"value":{"text":"one"}}"#);
    assert_eq!(answered.code(), "internal");
    assert_eq!(app.sqlite.rows("SELECT * FROM secrets"), [""; 0]);
}

#[test]
fn versions_that_no_release_names_go_when_they_are_old() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.runner("box");
    owner.deploy("web", "box");
    for number in 1..=25 {
        owner.secret("db", &number.to_string()).unwrap();
        if number == 2 {
            app.sqlite
                .run("INSERT INTO release_secrets SELECT d.id, 9, s.id, 2 FROM deployments d, secrets s");
        }
    }
    let kept = app.sqlite.rows("SELECT version FROM secret_versions ORDER BY version");
    assert_eq!(
        (kept.len(), kept[0].as_str(), kept[1].as_str()),
        (21, r#"{"version":2}"#, r#"{"version":6}"#)
    );
}

#[test]
fn a_list_goes_on_page_by_page_filters_by_name_and_has_no_deleted_ones() {
    let app = App::new();
    let owner = app.owner("acme");
    for name in ["one", "two", "three", "four", "five", "six"] {
        owner.secret(name, "a").unwrap();
    }
    delete(&owner, "six").unwrap();
    let path = list::Path { workspace: owner.workspace() };
    let list = |query| owner.list::<ListSecrets, _>(path.clone(), query).unwrap();
    assert_eq!(pages(list, |secret| secret.name.to_string()), ["five", "four", "one", "three", "two"]);
    assert_eq!(list(named("ne")).items.len(), 1);
}

#[test]
fn a_workspace_has_a_limited_number_of_secrets() {
    let app = App::new();
    let owner = app.owner("acme");
    owner.secret("db", "one").unwrap();
    app.sqlite.run(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {WORKSPACE_SECRETS_MAX})
         INSERT INTO secrets (workspace_id, name, version, created_at, updated_at)
         SELECT w.id, 'secret-' || i, 1, 1, 1 FROM n, workspaces w"
    ));
    assert_eq!(code(owner.secret("more", "one")), "too_many_secrets");
    assert_eq!(owner.secret("db", "two").unwrap().version, 2);
}

#[test]
fn without_its_key_an_installation_keeps_no_secrets_and_says_which_one_it_is() {
    let mut app = App::new();
    app.settings.secrets_keys = None;
    let owner = app.owner("acme");
    let refused = crate::testing::refusal(owner.secret("db", "one"));
    assert_eq!(refused.code, "secrets_off");
    assert!(refused.message.contains("PATR_SECRETS_KEY"), "{}", refused.message);
}
