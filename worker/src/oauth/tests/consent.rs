//! The page that asks a person.

use std::time::Duration;

use patr_models::workspace;

use super::*;

fn other_workspace(owner: &Caller<'_>, name: &str) -> String {
    let body = Json(workspace::create::Body { name: name.parse().unwrap() });
    let path = workspace::create::Path {};
    owner.create::<workspace::create::CreateWorkspace>(path, body).unwrap().0.id.to_string()
}

fn authorizations(app: &App) -> usize {
    app.sqlite.rows("SELECT * FROM oauth_authorizations").len()
}

#[test]
fn who_is_not_logged_in_logs_in_first_and_comes_back() {
    let app = App::new();
    let path = address(&tool(&app), &[]);
    let (to, said) = {
        let nobody = app.anonymous().with_token("patr_s_ended".to_owned());
        let answer = open(&nobody, &path);
        let to = format!("https://patr.example{}", answer.headers()["location"].to_str().unwrap());
        let to: Url = to.parse().unwrap();
        (to.path().to_owned(), to.query_pairs().into_owned().collect::<BTreeMap<_, _>>())
    };
    assert_eq!(to, "/login");
    let next: Url = format!("https://patr.example{}", said["next"]).parse().unwrap();
    let asked: Url = format!("https://patr.example{path}").parse().unwrap();
    let pairs = |url: &Url| url.query_pairs().into_owned().collect::<BTreeMap<_, _>>();
    assert_eq!((next.path(), pairs(&next)), (authorize::PATH, pairs(&asked)));
}

#[test]
fn the_page_says_who_asks_for_what_and_where_it_leads() {
    let app = App::new();
    let owner = app.owner("acme");
    let page = open(&owner, &address(&tool(&app), &[]));
    let text = text(&page);
    for said in [
        "tool",
        "bob@example.com",
        "https://tool.example",
        "Sites: see, deploy to them",
        "owner-of-acme@example.com",
        "acme",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(!policy.contains("tool.example") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[test]
fn what_a_client_sends_is_no_markup() {
    let app = App::new();
    let owner = app.owner("acme");
    let state = "\"><script>alert(1)</script>";
    let client = tool(&app);
    let text = text(&open(&owner, &address(&client, &[("state", state)])));
    assert!(!text.contains("<script>alert") && text.contains("&lt;script&gt;"), "{text}");
    let (_, said) = led(&decide(&owner, &address(&client, &[("state", state)]), "approve"));
    assert_eq!(said["state"], state, "it comes back as it was");
}

#[test]
fn nobody_is_sent_where_the_client_has_not_said_before() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    for wrong in [
        [("client_id", "app_00000000000000000000000000")],
        [("client_id", "nonsense")],
        [("client_id", "")],
        [("redirect_uri", "https://tool.example/cb/")],
        [("redirect_uri", "https://tool.example:8443/cb")],
        [("redirect_uri", "https://eve.example/cb")],
        [("redirect_uri", "javascript:alert(1)")],
    ] {
        let page = open(&owner, &address(&client, &wrong));
        assert_eq!(page.status(), 400, "{wrong:?}");
        assert!(!leads_back(&page), "{wrong:?}");
        assert!(!text(&page).contains("example/cb") && !text(&page).contains("alert(1)"), "{wrong:?}");
    }
    let twice = address(&client, &[]) + "&scope=site:edit";
    assert_eq!(open(&owner, &twice).status(), 400, "a parameter that is there twice is two questions");
}

#[test]
fn an_address_may_be_left_out_where_there_is_one() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    let (to, _) = led(&decide(&owner, &address(&client, &[("redirect_uri", "")]), "approve"));
    assert_eq!(to, REDIRECT);
    let two = register(&owner, "two", false, &[REDIRECT, "https://tool.example/other"]);
    assert_eq!(open(&owner, &address(&two, &[("redirect_uri", "")])).status(), 400);
}

#[test]
fn a_program_on_the_persons_own_machine_listens_on_any_port() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = register(&owner, "cli", false, &["http://127.0.0.1/cb"]);
    let here = "http://127.0.0.1:51234/cb";
    let (to, said) = led(&decide(&owner, &address(&client, &[("redirect_uri", here)]), "approve"));
    assert_eq!(to, here);
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &said["code"]),
        ("redirect_uri", here),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(ask(&app, &client, &fields).status(), 200);
}

#[test]
fn what_cannot_be_given_is_told_the_person_who_may_take_it_back_to_the_client() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    for (wrong, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("response_mode", "fragment"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("scope", ""), "invalid_scope"),
        (("scope", "site:fly"), "invalid_scope"),
        (("scope", "openid"), "invalid_scope"),
    ] {
        let page = open(&owner, &address(&client, &[wrong]));
        assert_eq!(page.status(), 400, "{wrong:?}");
        assert!(!leads_back(&page), "{wrong:?}");
        let text = text(&page);
        let back = format!("<a href=\"{REDIRECT}?error={error}&amp;error_description=");
        assert!(
            text.contains(&back) && text.contains("&amp;iss=https%3A%2F%2Fpatr.example"),
            "{wrong:?}: {text}"
        );
    }
    assert_eq!(authorizations(&app), 0);
}

#[test]
fn whoever_lets_a_client_in_is_sent_back_with_a_code() {
    let app = App::new();
    let owner = app.owner("acme");
    let (to, said) = led(&decide(&owner, &address(&tool(&app), &[]), "approve"));
    assert_eq!(to, REDIRECT);
    assert_eq!(said.keys().map(String::as_str).collect::<Vec<_>>(), ["code", "iss", "state"]);
    assert_eq!((said["state"].as_str(), said["iss"].as_str()), ("a b&c", ISSUER));
    assert_eq!(app.last_audit(), "AuthorizeClient");
    assert!(!app.sqlite.dump().join("\n").contains(&said["code"]), "only its hash is stored");
}

#[test]
fn whoever_refuses_is_sent_back_too_and_nothing_is_written() {
    let app = App::new();
    let owner = app.owner("acme");
    let path = address(&tool(&app), &[]);
    let before = app.sqlite.dump();
    for decision in ["deny", "", "whatever"] {
        let (to, said) = led(&decide(&owner, &path, decision));
        assert_eq!((to.as_str(), said["error"].as_str()), (REDIRECT, "access_denied"));
        assert_eq!((said["state"].as_str(), said["iss"].as_str()), ("a b&c", ISSUER));
    }
    assert_eq!(app.sqlite.dump(), before);
}

#[test]
fn a_form_that_another_page_sends_decides_nothing() {
    let app = App::new();
    let owner = app.owner("acme");
    let path = address(&tool(&app), &[]);
    let (_, query) = path.split_once('?').unwrap();
    let (_, boxes) = fields(&open(&owner, &path));
    let body = format!("{query}&decision=approve&{}=on", boxes[0]);
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(browse(&owner, Method::POST, authorize::PATH, site, &body).status(), 403, "{site}");
    }
    assert_eq!(authorizations(&app), 0);
    assert!(leads_back(&browse(&owner, Method::POST, authorize::PATH, "same-origin", &body)));
    assert_eq!(browse(&owner, Method::PUT, authorize::PATH, "same-origin", &body).status(), 405);
}

#[test]
fn a_client_gets_into_the_workspaces_that_are_chosen_and_no_others() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    let path = address(&client, &[]);
    assert!(text(&open(&owner, &path)).contains(" checked>acme"), "there is nothing to choose");
    let umbrella = other_workspace(&owner, "umbrella");
    let page = open(&owner, &path);
    assert!(!text(&page).contains("checked"), "of several none is taken for meant");
    let theirs = other_workspace(&app.person("eve"), "theirs");
    let (hidden, _) = fields(&page);
    let choose = |ids: &[&str]| {
        let names: Vec<String> = ids.iter().map(|id| format!("workspace.{id}")).collect();
        let mut all: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (&**name, &**value)).collect();
        all.extend(names.iter().map(|name| (&**name, "on")));
        all.push(("decision", "approve"));
        submit(&owner, &all)
    };
    for none in [&[][..], &[theirs.as_str()], &["nonsense"]] {
        let page = choose(none);
        assert_eq!(page.status(), 400, "{none:?}");
        assert!(text(&page).contains("Choose at least one workspace"), "{none:?}");
    }
    let (_, said) = led(&choose(&[&umbrella, &theirs]));
    let tokens = Tokens::of(&exchange(&app, &client, &said["code"]));
    assert_eq!(get(&app, &tokens.access, "/api/v1/workspaces/umbrella/sites"), 200);
    assert_eq!(get(&app, &tokens.access, SITES), 404);
    assert_eq!(get(&app, &tokens.access, "/api/v1/workspaces/theirs/sites"), 404);
}

#[test]
fn somebody_who_lets_in_one_program_after_the_other_is_slowed_down() {
    let app = App::new();
    let owner = app.owner("acme");
    let path = address(&tool(&app), &[]);
    let let_in = |_: &u32| leads_back(&decide(&owner, &path, "approve"));
    assert_eq!((0..100).take_while(let_in).count(), 60);
    let page = decide(&owner, &path, "approve");
    assert_eq!(page.status(), 429);
    assert!(text(&page).contains("Try again in some minutes"), "{}", text(&page));
    app.pass(Duration::from_secs(60));
    assert!(leads_back(&decide(&owner, &path, "approve")));
}

#[test]
fn the_account_shows_what_was_let_in_with_a_way_to_take_it_back() {
    let app = App::new();
    let owner = app.owner("acme");
    assert!(!text(&open(&owner, "/account")).contains("<h2>Programs</h2>"));
    let tokens = let_in(&owner, &tool(&app));
    let page = text(&open(&owner, "/account"));
    let (_, rest) = page.split_once("<h2>Programs</h2>").unwrap();
    assert!(rest.contains("<li><span>tool<small>"), "{rest}");
    let (_, rest) = rest.split_once("data-method=DELETE data-path=\"").unwrap();
    let path = rest.split('"').next().unwrap();
    assert_eq!(owner.raw(Method::DELETE, path, "").code(), "");
    assert_eq!(get(&app, &tokens.access, SITES), 401);
    assert_eq!(app.last_audit(), "RevokeAuthorization");
}

#[test]
fn a_client_that_is_deleted_meanwhile_gets_nothing() {
    let app = App::new();
    let owner = app.owner("acme");
    let path = address(&tool(&app), &[]);
    app.sqlite.meanwhile("DELETE FROM oauth_clients");
    let answer = decide(&owner, &path, "approve");
    assert_eq!(answer.status(), 400);
    assert!(text(&answer).contains("not registered here any more"), "{}", text(&answer));
}
