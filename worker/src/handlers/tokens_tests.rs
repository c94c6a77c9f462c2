use std::time::Duration;

use http::Method;
use patr_models::{
    auth::{Grant, Permission, Scope},
    endpoint::body::NoBody,
    name::Name,
    time::Millis,
    token::{LastUsed, create::Opening, get, list, revoke, rotate},
    user::{log_out, who_am_i},
};

use super::*;
use crate::testing::{App, Caller, Outcome, code, pages, refusal};

const MINUTE: Duration = Duration::from_secs(60);

fn body(name: &str) -> create::Body {
    create::Body::named(name.parse().unwrap())
}

/// For one workspace, with whatever its maker may there, or with only this.
fn narrow(name: &str, workspace: &str, grants: Option<Vec<Grant>>) -> create::Body {
    let workspaces = Some(vec![Opening { workspace: workspace.parse().unwrap(), grants }]);
    create::Body { workspaces, ..body(name) }
}

fn make(caller: &Caller<'_>, body: create::Body) -> Outcome<NewToken> {
    caller.create::<CreateToken>(create::Path {}, Json(body)).map(|made| made.0)
}

fn with<'a>(caller: &Caller<'a>, made: &NewToken) -> Caller<'a> {
    caller.with_token(made.secret.clone())
}

fn revoke(caller: &Caller<'_>, token: &str) -> Outcome<NoContent> {
    caller.call::<RevokeToken>(revoke::Path { token: token.parse().unwrap() }, NoBody)
}

fn rotate(caller: &Caller<'_>, token: &str, overlap_s: u32) -> Outcome<NewToken> {
    let path = rotate::Path { token: token.parse().unwrap() };
    caller.call::<RotateToken>(path, Json(rotate::Body { overlap_s })).map(|rotated| rotated.0)
}

fn show(caller: &Caller<'_>, token: &str) -> Outcome<Token> {
    caller.get::<GetToken>(get::Path { token: token.parse().unwrap() }).map(|shown| shown.0)
}

fn names(caller: &Caller<'_>) -> Vec<Name> {
    let list = |query| caller.list::<ListTokens, _>(list::Path {}, query).unwrap();
    pages(list, |token| token.name.clone())
}

fn works(app: &App, secret: &str) -> bool {
    let caller = app.anonymous().with_token(secret.to_owned());
    caller.get::<who_am_i::WhoAmI>(who_am_i::Path {}).is_ok()
}

/// What is answered to a question about oneself from this address.
fn from(app: &App, secret: &str, address: &str) -> (u16, String) {
    let caller = app.anonymous().with_token(secret.to_owned());
    let answered = caller.with_headers(Method::GET, "/api/v1/me", &[("cf-connecting-ip", address)], "");
    (answered.status(), answered.code())
}

/// For sites with these last digits of their ids.
fn only(permission: Permission, ids: &[&str]) -> Grant {
    let ids = ids.iter().map(|id| format!("site_{id:0>26}")).collect();
    Grant { permission, resources: Scope::Only(ids) }
}

#[test]
fn a_token_works_until_it_is_revoked_by_name_or_id() {
    let app = App::new();
    let ada = app.person("ada");
    let (one, two) = (make(&ada, body("one")).unwrap(), make(&ada, body("two")).unwrap());
    assert!(works(&app, &one.secret) && works(&app, &two.secret));
    revoke(&ada, "one").unwrap();
    revoke(&ada, &two.token.id.to_string()).unwrap();
    assert!(!works(&app, &one.secret) && !works(&app, &two.secret));
    assert_eq!(code(revoke(&ada, "one")), "not_found");
}

#[test]
fn a_secret_is_one_that_scanners_recognise_and_is_stored_nowhere() {
    let app = App::new();
    let ada = app.person("ada");
    let made = make(&ada, body("ci")).unwrap();
    assert!(patr_models::auth::secret::is_whole(prefix::TOKEN, &made.secret));
    let dump = app.sqlite.dump().join("\n");
    assert!(!dump.contains(&made.secret[prefix::TOKEN.len()..]));
}

#[test]
fn a_token_works_from_when_it_is_good_until_it_expires() {
    let app = App::new();
    let ada = app.person("ada");
    let (from, until) = (app.now.get() + MINUTE, app.now.get() + 2 * MINUTE);
    let body = create::Body { not_before: Some(from), expires_at: Some(until), ..body("ci") };
    let made = make(&ada, body.clone()).unwrap();
    let early = with(&ada, &made).raw(Method::GET, "/api/v1/me", "");
    assert_eq!((early.status(), early.code().as_str()), (401, "token_not_yet_valid"));
    assert_eq!(early.header("www-authenticate"), Some("Bearer"));
    app.pass(MINUTE);
    assert!(works(&app, &made.secret));
    app.pass(MINUTE);
    assert!(!works(&app, &made.secret));
    assert_eq!(code(make(&ada, create::Body { name: "late".parse().unwrap(), ..body })), "already_expired");
}

#[test]
fn a_token_that_would_never_be_good_is_not_made() {
    let app = App::new();
    let ada = app.person("ada");
    let at = Some(app.now.get() + MINUTE);
    assert_eq!(code(make(&ada, create::Body { not_before: at, expires_at: at, ..body("ci") })), "never_good");
}

#[test]
fn a_name_is_taken_once_by_each_person() {
    let app = App::new();
    let (ada, bob) = (app.person("ada"), app.person("bob"));
    make(&ada, body("ci")).unwrap();
    assert_eq!(code(make(&ada, body("ci"))), "name_taken");
    assert_eq!(code(make(&bob, body("ci"))), "");
}

#[test]
fn a_token_works_only_from_its_networks() {
    let app = App::new();
    let ada = app.person("ada");
    let networks = vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    let made = make(&ada, create::Body { networks, ..body("ci") }).unwrap();
    for inside in ["192.0.2.200", "2001:db8::7", "::ffff:192.0.2.1"] {
        assert_eq!(from(&app, &made.secret, inside).0, 200, "{inside}");
    }
    for outside in ["192.0.3.1", "2001:db9::7", "nonsense"] {
        assert_eq!(from(&app, &made.secret, outside), (403, "network_not_allowed".to_owned()), "{outside}");
    }
    assert!(!works(&app, &made.secret), "an address that is not known is in no network");
}

#[test]
fn a_use_from_elsewhere_is_seen_in_the_log_once_a_minute() {
    let app = App::new();
    let ada = app.person("ada");
    let networks = vec!["192.0.2.0/24".parse().unwrap()];
    let made = make(&ada, create::Body { networks, ..body("ci") }).unwrap();
    from(&app, &made.secret, "192.0.2.1");
    assert!(app.refusals().is_empty());
    for address in ["198.51.100.7", "198.51.100.8"] {
        from(&app, &made.secret, address);
    }
    assert_eq!(app.refusals(), ["UseToken"]);
    let line = app.sqlite.rows("SELECT * FROM audit WHERE outcome = 'refused'").remove(0);
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["chain"], line["user_id"], "its maker sees it");
    assert_eq!((&line["resource"], &line["name"]), (&line["token_id"], &"ci".into()));
    assert_eq!((&line["code"], &line["address"]), (&"network_not_allowed".into(), &"198.51.100.7".into()));
    app.pass(MINUTE);
    from(&app, &made.secret, "198.51.100.7");
    assert_eq!(app.refusals(), ["UseToken", "UseToken"]);
}

#[test]
fn a_refusal_that_cannot_be_written_down_is_a_refusal_all_the_same() {
    let app = App::new();
    let ada = app.person("ada");
    let networks = vec!["192.0.2.0/24".parse().unwrap()];
    let made = make(&ada, create::Body { networks, ..body("ci") }).unwrap();
    app.sqlite.break_after(1, crate::db::sqlite::Fault::Refused);
    assert_eq!(from(&app, &made.secret, "198.51.100.7"), (403, "network_not_allowed".to_owned()));
    assert!(app.sqlite.has_broken());
}

#[test]
fn the_log_says_what_a_token_may_and_what_one_might_that_is_no_more() {
    let app = App::new();
    let owner = app.owner("acme");
    let networks = vec!["192.0.2.0/24".parse().unwrap()];
    let grants = Some(vec![Grant::all(Permission::SiteView)]);
    let made = make(&owner, create::Body { networks, ..narrow("ci", "acme", grants) }).unwrap();
    rotate(&owner, "ci", 60).unwrap();
    revoke(&owner, "ci").unwrap();
    let lines = app.sqlite.rows("SELECT before_json, after_json FROM audit ORDER BY rowid DESC LIMIT 3");
    let said = |at: usize, column: &str| -> serde_json::Value {
        let line: serde_json::Value = serde_json::from_str(&lines[at]).unwrap();
        line[column].as_str().map_or(serde_json::Value::Null, |text| serde_json::from_str(text).unwrap())
    };
    let token = serde_json::json!({
        "workspaces": made.token.workspaces, "networks": ["192.0.2.0/24"], "not_before": null, "expires_at": null,
    });
    assert_eq!((said(2, "before_json"), said(2, "after_json")), (serde_json::Value::Null, token.clone()));
    let until = serde_json::json!({ "former_until": app.now.get() + MINUTE });
    assert_eq!(
        (said(1, "before_json"), said(1, "after_json")),
        (serde_json::json!({ "former_until": null }), until)
    );
    assert_eq!((said(0, "before_json"), said(0, "after_json")), (token, serde_json::Value::Null));
}

#[test]
fn the_last_use_is_written_down_once_a_minute() {
    let app = App::new();
    let ada = app.person("ada");
    let made = make(&ada, body("ci")).unwrap();
    assert_eq!(show(&ada, "ci").unwrap().last_used, None);
    let first = app.now.get();
    let used = |at: Millis, from: &str| Some(LastUsed { at, from: Some(from.parse().unwrap()) });
    from(&app, &made.secret, "192.0.2.1");
    assert_eq!(show(&ada, "ci").unwrap().last_used, used(first, "192.0.2.1"));
    app.pass(Duration::from_secs(59));
    from(&app, &made.secret, "192.0.2.2");
    assert_eq!(show(&ada, "ci").unwrap().last_used, used(first, "192.0.2.1"));
    app.pass(Duration::from_secs(1));
    from(&app, &made.secret, "192.0.2.3");
    assert_eq!(show(&ada, "ci").unwrap().last_used, used(first + MINUTE, "192.0.2.3"));
}

#[test]
fn a_use_that_cannot_be_written_down_is_a_use_all_the_same() {
    let app = App::new();
    let ada = app.person("ada");
    let made = make(&ada, body("ci")).unwrap();
    app.sqlite.break_after(1, crate::db::sqlite::Fault::Refused);
    assert!(works(&app, &made.secret));
    assert!(app.sqlite.has_broken());
}

#[test]
fn a_rotated_token_has_another_secret_and_the_old_one_is_good_for_the_overlap() {
    let app = App::new();
    let ada = app.person("ada");
    let first = make(&ada, body("ci")).unwrap();
    let second = rotate(&ada, "ci", 60).unwrap();
    assert_eq!(second.token, Token { former_until: Some(app.now.get() + MINUTE), ..first.token.clone() });
    assert!(works(&app, &first.secret) && works(&app, &second.secret));
    let third = rotate(&ada, "ci", 60).unwrap();
    assert!(!works(&app, &first.secret), "only one secret before the newest is good");
    app.pass(MINUTE);
    assert!(!works(&app, &second.secret) && works(&app, &third.secret));
    assert_eq!(show(&ada, "ci").unwrap().former_until, None);
    let fourth = rotate(&ada, "ci", 0).unwrap();
    assert!(!works(&app, &third.secret) && works(&app, &fourth.secret));
    assert_eq!(code(rotate(&ada, "ci", OVERLAP_MAX_S + 1)), "overlap_too_long");
}

#[test]
fn logging_out_revokes_a_token_by_either_of_its_secrets() {
    let app = App::new();
    let ada = app.person("ada");
    let first = make(&ada, body("ci")).unwrap();
    let second = rotate(&ada, "ci", 60).unwrap();
    with(&ada, &first).call::<log_out::LogOut>(log_out::Path {}, NoBody).unwrap();
    assert!(!works(&app, &second.secret));
}

#[test]
fn a_token_makes_none_that_opens_more_from_more_places_or_for_longer() {
    let app = App::new();
    let owner = app.owner("acme");
    let at = app.now.get() + MINUTE;
    let limited = create::Body { expires_at: Some(at), ..narrow("limited", "acme", None) };
    let limited = with(&owner, &make(&owner, limited).unwrap());
    let child = |name: &str, workspaces: Option<&str>, expires_at| {
        let made = match workspaces {
            Some(workspace) => narrow(name, workspace, None),
            None => body(name),
        };
        code(make(&limited, create::Body { expires_at, ..made }))
    };
    assert_eq!(child("all", None, Some(at)), "wider_than_caller");
    assert_eq!(child("for-ever", Some("acme"), None), "wider_than_caller");
    assert_eq!(child("longer", Some("acme"), Some(at + Duration::from_secs(1))), "wider_than_caller");
    assert_eq!(child("same", Some("acme"), Some(at)), "");

    let networks = |text: &str| vec![text.parse().unwrap()];
    let here = create::Body { networks: networks("127.0.0.0/8"), ..body("here") };
    let here = make(&owner, here).unwrap().secret;
    for (network, expected) in [(None, 403), (Some("127.0.0.0/7"), 403), (Some("127.1.0.0/16"), 201)] {
        let networks = network.map(|network| format!(r#","networks":["{network}"]"#)).unwrap_or_default();
        let headers = [("cf-connecting-ip", "127.0.0.1"), ("content-type", "application/json")];
        let body = format!(r#"{{"name":"child"{networks}}}"#);
        let caller = app.anonymous().with_token(here.clone());
        let answered = caller.with_headers(Method::POST, "/api/v1/tokens", &headers, body);
        assert_eq!(answered.status(), expected, "{network:?}");
    }
}

#[test]
fn a_token_with_some_permissions_makes_none_with_more() {
    let app = App::new();
    let owner = app.owner("acme");
    let sites = |ids: &[&str]| Some(vec![only(Permission::SiteView, ids)]);
    let limited = with(&owner, &make(&owner, narrow("limited", "acme", sites(&["a", "b"]))).unwrap());
    let child = |name: &str, grants| code(make(&limited, narrow(name, "acme", grants)));
    assert_eq!(child("whatever", None), "wider_than_caller");
    assert_eq!(child("others", sites(&["a", "c"])), "more_than_you_may");
    assert_eq!(child("all", Some(vec![Grant::all(Permission::SiteView)])), "more_than_you_may");
    assert_eq!(child("fewer", sites(&["b"])), "");
}

#[test]
fn a_token_may_no_more_than_it_was_given() {
    let app = App::new();
    let owner = app.owner("acme");
    let grants = Some(vec![Grant::all(Permission::WorkspaceView), Grant::all(Permission::RunnerCreate)]);
    let limited = with(&owner, &make(&owner, narrow("limited", "acme", grants)).unwrap());
    let ask = |method: Method, path: &str, body: &str| limited.raw(method, path, body.to_owned()).code();
    assert_eq!(ask(Method::GET, "/api/v1/workspaces/acme", ""), "");
    assert_eq!(ask(Method::GET, "/api/v1/workspaces/acme/runners", ""), "forbidden");
    let runner = r#"{"name":"box","runtime":"docker"}"#;
    assert_eq!(ask(Method::POST, "/api/v1/workspaces/acme/runners", runner), "");
    assert_eq!(ask(Method::POST, "/api/v1/workspaces", r#"{"name":"other"}"#), "token_too_narrow");
}

#[test]
fn a_token_for_several_workspaces_opens_each_as_it_says() {
    let app = App::new();
    let owner = app.owner("acme");
    for name in ["umbrella", "private"] {
        owner.raw(Method::POST, "/api/v1/workspaces", format!(r#"{{"name":"{name}"}}"#));
    }
    let openings = vec![
        Opening::of("acme".parse().unwrap()),
        Opening {
            workspace: "umbrella".parse().unwrap(),
            grants: Some(vec![Grant::all(Permission::SiteView)]),
        },
    ];
    let made = make(&owner, create::Body { workspaces: Some(openings), ..body("two") }).unwrap();
    let token = with(&owner, &made);
    let status = |path: &str| token.raw(Method::GET, path, "").status();
    assert_eq!(status("/api/v1/workspaces/acme/runners"), 200);
    assert_eq!(status("/api/v1/workspaces/umbrella/sites"), 200);
    assert_eq!(status("/api/v1/workspaces/umbrella/runners"), 403);
    assert_eq!(status("/api/v1/workspaces/private/runners"), 404);
    let listed = token.raw(Method::GET, "/api/v1/workspaces", "");
    let listed = String::from_utf8_lossy(listed.body()).into_owned();
    assert!(
        listed.contains("acme") && listed.contains("umbrella") && !listed.contains("private"),
        "{listed}"
    );
}

#[test]
fn what_cannot_be_given_is_refused_by_name() {
    let app = App::new();
    let owner = app.owner("acme");
    let refused = |body| refusal(make(&owner, body)).message;
    let single = Some(vec![only(Permission::MemberView, &["1"])]);
    assert!(refused(narrow("a", "acme", single)).contains("`member:view` is given for all or not at all"));
    let twice = vec![Opening::of("acme".parse().unwrap()); 2];
    assert!(refused(create::Body { workspaces: Some(twice), ..body("a") }).contains("twice"));
    assert!(refused(create::Body { workspaces: Some(vec![]), ..body("a") }).contains("name 1 to 50"));
    let networks = vec!["::/0".parse().unwrap(); 65];
    assert!(refused(create::Body { networks, ..body("a") }).contains("at most 64"));
}

#[test]
fn a_token_reaches_only_itself_and_those_that_it_made() {
    let app = App::new();
    let owner = app.owner("acme");
    let made = make(&owner, body("parent")).unwrap();
    app.pass(Duration::from_millis(1));
    make(&owner, body("sibling")).unwrap();
    app.pass(Duration::from_millis(1));
    let parent = with(&owner, &made);
    assert_eq!(make(&parent, body("child")).unwrap().token.made_by, Some(made.token.id));
    assert_eq!(names(&parent).iter().map(Name::as_str).collect::<Vec<_>>(), ["parent", "child"]);
    assert_eq!(names(&owner).len(), 3);
    assert_eq!(code(show(&parent, "sibling")), "not_found");
    assert_eq!(code(rotate(&parent, "sibling", 0)), "not_found", "it would have the secret of another");
    assert_eq!(code(revoke(&parent, "sibling")), "not_found");
    assert_eq!(code(revoke(&app.person("eve"), "sibling")), "not_found");
    assert_eq!(code(rotate(&parent, "child", 0)), "");
}

#[test]
fn a_token_takes_those_that_it_made_with_it() {
    let app = App::new();
    let ada = app.person("ada");
    let parent = make(&ada, body("parent")).unwrap();
    let child = make(&with(&ada, &parent), body("child")).unwrap();
    let grandchild = make(&with(&ada, &child), body("grandchild")).unwrap();
    assert!(works(&app, &grandchild.secret));
    revoke(&ada, "parent").unwrap();
    assert!(!works(&app, &child.secret) && !works(&app, &grandchild.secret));
}

#[test]
fn a_workspace_that_is_not_the_callers_is_not_found() {
    let app = App::new();
    app.owner("acme");
    assert_eq!(code(make(&app.person("eve"), narrow("ci", "acme", None))), "not_found");
}

#[test]
fn a_workspace_that_goes_away_meanwhile_is_not_found() {
    let app = App::new();
    let owner = app.owner("acme");
    app.sqlite.meanwhile("DELETE FROM workspaces");
    assert_eq!(code(make(&owner, narrow("ci", "acme", None))), "not_found");
}

#[test]
fn a_token_for_a_workspace_that_is_gone_opens_nothing() {
    let app = App::new();
    let owner = app.owner("acme");
    let made = make(&owner, narrow("ci", "acme", None)).unwrap();
    app.sqlite.run("DELETE FROM workspaces");
    owner.raw(Method::POST, "/api/v1/workspaces", r#"{"name":"other"}"#);
    assert_eq!(show(&owner, "ci").unwrap().workspaces, Some(vec![]));
    let token = with(&owner, &made);
    assert_eq!(token.raw(Method::GET, "/api/v1/workspaces/other", "").status(), 404);
    assert_eq!(
        token.raw(Method::POST, "/api/v1/workspaces", r#"{"name":"mine"}"#).code(),
        "token_too_narrow"
    );
}
