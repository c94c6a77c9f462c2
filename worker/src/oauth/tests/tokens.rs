//! What a client does with its code and its tokens.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use patr_models::oauth::{ACCESS_LIFE_S, CODE_LIFE_S, REFRESH_LIFE_S};

use super::*;

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

fn rows(app: &App, table: &str) -> usize {
    app.sqlite.rows(&format!("SELECT * FROM {table}")).len()
}

#[test]
fn a_code_is_exchanged_for_tokens_that_may_what_was_asked_and_no_more() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    let answered = exchange(&app, &client, &code(&owner, &client));
    let said = json(&answered);
    assert_eq!(said["token_type"], "Bearer");
    assert_eq!((&said["expires_in"], &said["scope"]), (&3600.into(), &"site:view site:deploy".into()));
    assert_eq!(answered.header("cache-control"), Some("no-store"));
    let tokens = Tokens::of(&answered);
    assert!(tokens.access.starts_with("patr_a_") && tokens.refresh.starts_with("patr_f_"));
    assert_eq!(get(&app, &tokens.access, SITES), 200);
    assert_eq!(get(&app, &tokens.access, "/api/v1/workspaces/acme/runners"), 403);
    assert_eq!(get(&app, &tokens.access, "/api/v1/me"), 200);
    app.pass(Duration::from_secs(ACCESS_LIFE_S.into()));
    assert_eq!(get(&app, &tokens.access, SITES), 401);
    let dump = app.sqlite.dump().join("\n");
    assert!(!dump.contains(&tokens.access) && !dump.contains(&tokens.refresh), "only hashes are stored");
}

#[test]
fn a_client_never_may_more_than_whoever_lets_it_at_that_moment() {
    let app = App::new();
    let owner = app.owner("acme");
    let tokens = let_in(&owner, &tool(&app));
    app.sqlite.run(
        "INSERT INTO roles (id, workspace_id, name, grants, created_at, updated_at)
             SELECT 'role_00000000000000000000000001', id, 'ops', '[{\"permission\":\"runner:view\"}]', 1, 1 FROM workspaces;
         UPDATE member_roles SET role = 'role_00000000000000000000000001'",
    );
    assert_eq!(owner.raw(Method::GET, "/api/v1/workspaces/acme/runners", "").status(), 200);
    assert_eq!(get(&app, &tokens.access, SITES), 403);
    assert_eq!(get(&app, &tokens.access, "/api/v1/workspaces/acme/runners"), 403, "it was not given that");
    app.sqlite.run("DELETE FROM members");
    assert_eq!(get(&app, &tokens.access, SITES), 404);
}

#[test]
fn an_account_is_its_persons_business() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = app.anonymous().with_token(let_in(&owner, &tool(&app)).access);
    let code = |method: Method, path: &str, body: &str| client.raw(method, path, body.to_owned()).code();
    assert_eq!(code(Method::POST, "/api/v1/tokens", r#"{"name":"mine"}"#), "not_with_this_token");
    assert_eq!(code(Method::POST, "/api/v1/workspaces", r#"{"name":"mine"}"#), "token_too_narrow");
    let registered = r#"{"name":"mine","redirect_uris":["https://eve.example/cb"]}"#;
    assert_eq!(code(Method::POST, "/api/v1/oauth/clients", registered), "wrong_kind_of_token");
    for path in ["/api/v1/oauth/clients", "/api/v1/oauth/authorizations", "/api/v1/audit"] {
        assert_eq!(code(Method::GET, path, ""), "wrong_kind_of_token", "{path}");
    }
    assert_eq!(code(Method::PATCH, "/api/v1/me", r#"{"name":"Eve"}"#), "wrong_kind_of_token");
}

#[test]
fn a_code_is_good_for_its_client_with_its_verifier_and_not_for_long() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    let other = register(&owner, "other", false, &[REDIRECT]);
    let code = code(&owner, &client);
    assert_eq!(error(&exchange(&app, &other, &code)), invalid_grant());
    let right = [("grant_type", "authorization_code"), ("code", &code)];
    let verifier = ("code_verifier", VERIFIER);
    for wrong in [("code_verifier", CHALLENGE), ("code_verifier", "short")] {
        assert_eq!(
            error(&ask(&app, &client, &[&right[..], &[wrong]].concat())),
            invalid_grant(),
            "{wrong:?}"
        );
    }
    let elsewhere = ("redirect_uri", "https://tool.example/other");
    assert_eq!(error(&ask(&app, &client, &[&right[..], &[verifier, elsewhere]].concat())), invalid_grant());
    assert_eq!(error(&ask(&app, &client, &right)), (400, "invalid_request".to_owned()));
    assert_eq!(
        ask(&app, &client, &[&right[..], &[verifier]].concat()).status(),
        200,
        "OAuth 2.1 leaves it out"
    );
    let late = super::code(&owner, &client);
    app.pass(Duration::from_secs(CODE_LIFE_S.into()));
    assert_eq!(error(&exchange(&app, &client, &late)), invalid_grant());
}

#[test]
fn a_code_that_comes_twice_ends_what_came_of_it() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    let code = code(&owner, &client);
    let tokens = Tokens::of(&exchange(&app, &client, &code));
    assert_eq!(get(&app, &tokens.access, SITES), 200);
    assert_eq!(error(&exchange(&app, &client, &code)), invalid_grant());
    assert_eq!(get(&app, &tokens.access, SITES), 401);
    assert_eq!(error(&refresh(&app, &client, &tokens.refresh)), invalid_grant());
    assert_eq!(app.last_audit(), "EndStolenAuthorization");
}

#[test]
fn of_two_that_come_at_once_neither_keeps_anything() {
    for (table, taken) in [("oauth_codes", false), ("oauth_refresh_tokens", true)] {
        let app = App::new();
        let owner = app.owner("acme");
        let client = tool(&app);
        let code = code(&owner, &client);
        let answered = if taken {
            let tokens = Tokens::of(&exchange(&app, &client, &code));
            app.sqlite.meanwhile("UPDATE oauth_refresh_tokens SET used = 1");
            refresh(&app, &client, &tokens.refresh)
        } else {
            app.sqlite.meanwhile("UPDATE oauth_codes SET used = 1");
            exchange(&app, &client, &code)
        };
        assert_eq!(error(&answered), invalid_grant(), "{table}");
        assert_eq!(rows(&app, "oauth_authorizations"), 0, "{table}");
    }
}

#[test]
fn a_refresh_token_is_good_once_and_the_next_one_goes_on() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    let mut tokens = let_in(&owner, &client);
    for _ in 0..3 {
        app.pass(Duration::from_secs(u64::from(REFRESH_LIFE_S) - 60));
        app.sweep();
        let next = Tokens::of(&refresh(&app, &client, &tokens.refresh));
        assert_ne!(next.refresh, tokens.refresh);
        tokens = next;
    }
    assert_eq!(get(&app, &tokens.access, SITES), 200);
    app.pass(Duration::from_secs(REFRESH_LIFE_S.into()));
    assert_eq!(error(&refresh(&app, &client, &tokens.refresh)), invalid_grant());
}

#[test]
fn a_refresh_token_that_comes_twice_ends_its_family_and_no_other() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    let (first, other) = (let_in(&owner, &client), let_in(&owner, &client));
    let second = Tokens::of(&refresh(&app, &client, &first.refresh));
    assert_eq!(error(&refresh(&app, &client, &first.refresh)), invalid_grant());
    assert_eq!(app.last_audit(), "EndStolenAuthorization");
    assert_eq!(error(&refresh(&app, &client, &second.refresh)), invalid_grant());
    assert_eq!((get(&app, &first.access, SITES), get(&app, &second.access, SITES)), (401, 401));
    assert_eq!(get(&app, &other.access, SITES), 200);
    assert_eq!(refresh(&app, &client, &other.refresh).status(), 200);
}

#[test]
fn a_client_that_takes_one_token_after_the_other_is_slowed_down_and_loses_nothing() {
    let app = App::new();
    let client = tool(&app);
    let mut tokens = let_in(&app.owner("acme"), &client);
    let refused = loop {
        let answered = refresh(&app, &client, &tokens.refresh);
        if answered.status() != 200 {
            break answered;
        }
        tokens = Tokens::of(&answered);
    };
    assert_eq!(error(&refused), (429, "temporarily_unavailable".to_owned()));
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(app.audit().iter().filter(|action| **action == "GiveClientTokens").count(), 60);
    app.pass(Duration::from_secs(60));
    assert_eq!(refresh(&app, &client, &tokens.refresh).status(), 200, "it was not used up");
}

#[test]
fn a_refresh_token_is_its_clients_and_for_what_was_asked() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    let other = register(&owner, "other", false, &[REDIRECT]);
    let tokens = let_in(&owner, &client);
    assert_eq!(error(&refresh(&app, &other, &tokens.refresh)), invalid_grant());
    let with = |scope: &str| {
        ask(
            &app,
            &client,
            &[("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh), ("scope", scope)],
        )
    };
    assert_eq!(error(&with("site:view site:deploy runner:view")), (400, "invalid_scope".to_owned()));
    assert_eq!(with("site:deploy site:view").status(), 200, "the same in another order");
}

#[test]
fn a_client_with_a_secret_shows_it_in_one_way() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = register(&owner, "server", true, &[REDIRECT]);
    let (id, secret) = (client.client.id.to_string(), client.secret.clone().unwrap());
    let mut refresh = let_in_with(&owner, &client, &secret).refresh;
    let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let mut ask = |authorization: Option<String>, fields: &[(&str, &str)]| {
        let all = [&[("grant_type", "refresh_token"), ("refresh_token", &*refresh)], fields].concat();
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        let answered = app.oauth(Method::POST, TOKEN, &headers, &form(&all));
        if answered.status() == 200 {
            refresh = Tokens::of(&answered).refresh;
        }
        answered
    };
    let nobody = (401, "invalid_client".to_owned());
    let refused = ask(Some(basic("patr_k_wrong")), &[]);
    assert_eq!(error(&refused), nobody);
    assert!(refused.header("www-authenticate").unwrap().starts_with("Basic "));
    assert_eq!(error(&ask(None, &[("client_id", &id)])), nobody);
    assert_eq!(error(&ask(None, &[("client_id", &id), ("client_secret", "wrong")])), nobody);
    assert_eq!(error(&ask(Some("Bearer x".to_owned()), &[("client_id", &id)])), nobody);
    let both = ask(Some(basic(&secret)), &[("client_secret", &secret)]);
    assert_eq!(error(&both), (400, "invalid_request".to_owned()));
    assert_eq!(ask(Some(basic(&secret)), &[]).status(), 200);
    assert_eq!(ask(None, &[("client_id", &id), ("client_secret", &secret)]).status(), 200);
    assert!(!app.sqlite.dump().join("\n").contains(&secret), "only its hash is stored");
}

/// As [`let_in`], of a client with a secret.
fn let_in_with(who: &Caller<'_>, client: &NewClient, secret: &str) -> Tokens {
    let code = code(who, client);
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("code_verifier", VERIFIER),
        ("client_secret", secret),
    ];
    Tokens::of(&ask(who.app(), client, &fields))
}

#[test]
fn a_client_without_a_secret_has_none_to_show() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    let fields =
        [("grant_type", "authorization_code"), ("code", &*code(&owner, &client)), ("client_secret", "x")];
    assert_eq!(error(&ask(&app, &client, &fields)), (401, "invalid_client".to_owned()));
}

#[test]
fn what_is_no_grant_is_told() {
    let app = App::new();
    let client = tool(&app);
    for wrong in ["password", "client_credentials", "implicit"] {
        let answered = ask(&app, &client, &[("grant_type", wrong)]);
        assert_eq!(error(&answered), (400, "unsupported_grant_type".to_owned()), "{wrong}");
    }
}

#[test]
fn a_client_learns_what_its_own_tokens_are_good_for_and_nothing_of_others() {
    let app = App::new();
    let owner = app.owner("acme");
    let public = tool(&app);
    let server = register(&owner, "server", true, &[REDIRECT]);
    let secret = server.secret.clone().unwrap();
    let (own, others) = (let_in_with(&owner, &server, &secret), let_in(&owner, &public));
    let id = server.client.id.to_string();
    let ask = |token: &str| {
        let fields = [("client_id", &*id), ("client_secret", &secret), ("token", token)];
        json(&app.form(INTROSPECT, &form(&fields)))
    };
    let access = ask(&own.access);
    assert_eq!(access["active"], true);
    assert_eq!(
        (&access["scope"], &access["client_id"]),
        (&"site:view site:deploy".into(), &id.clone().into())
    );
    let life = access["exp"].as_u64().unwrap() - access["iat"].as_u64().unwrap();
    assert_eq!(life, u64::from(ACCESS_LIFE_S));
    assert_eq!((&access["iss"], access["workspaces"].as_array().unwrap().len()), (&ISSUER.into(), 1));
    assert_eq!(ask(&own.refresh)["active"], true);
    let inactive = serde_json::json!({ "active": false });
    for none in [&*others.access, &others.refresh, "nonsense", owner.token()] {
        assert_eq!(ask(none), inactive);
    }
    app.pass(Duration::from_secs(ACCESS_LIFE_S.into()));
    assert_eq!(ask(&own.access), inactive);
    let fields = [("client_id", &*public.client.id.to_string()), ("token", &others.access)];
    assert_eq!(error(&app.form(INTROSPECT, &form(&fields))), (401, "invalid_client".to_owned()));
}

#[test]
fn a_client_gives_back_one_token_or_all() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    let other = register(&owner, "other", false, &[REDIRECT]);
    let tokens = let_in(&owner, &client);
    let give_back = |client: &NewClient, token: &str| {
        let id = client.client.id.to_string();
        app.form(REVOKE, &form(&[("client_id", &id), ("token", token)])).status()
    };
    for token in [&*tokens.access, &tokens.refresh, "nonsense"] {
        assert_eq!(give_back(&other, token), 200);
    }
    assert_eq!(get(&app, &tokens.access, SITES), 200, "it is not the other's to give");
    assert_eq!(give_back(&client, &tokens.access), 200);
    assert_eq!((get(&app, &tokens.access, SITES), app.last_audit().as_str()), (401, "GiveBackClientToken"));
    let next = Tokens::of(&refresh(&app, &client, &tokens.refresh));
    assert_eq!(give_back(&client, &next.refresh), 200);
    assert_eq!(get(&app, &next.access, SITES), 401);
    assert_eq!((rows(&app, "oauth_authorizations"), app.last_audit().as_str()), (0, "GiveBackClientToken"));
}

#[test]
fn logging_out_with_an_access_token_ends_that_token() {
    let app = App::new();
    let tokens = let_in(&app.owner("acme"), &tool(&app));
    let client = app.anonymous().with_token(tokens.access.clone());
    assert_eq!(client.raw(Method::POST, "/api/v1/log-out", "").code(), "");
    assert_eq!(get(&app, &tokens.access, SITES), 401);
}

#[test]
fn what_is_over_is_swept_away() {
    let app = App::new();
    let owner = app.owner("acme");
    let client = tool(&app);
    code(&owner, &client);
    let_in(&owner, &client);
    app.pass(Duration::from_secs(CODE_LIFE_S.into()));
    app.sweep();
    assert_eq!(rows(&app, "oauth_authorizations"), 1, "a code that nobody used takes everything with it");
    app.pass(Duration::from_secs(REFRESH_LIFE_S.into()));
    app.sweep();
    for table in ["oauth_authorizations", "oauth_codes", "oauth_refresh_tokens", "oauth_access_tokens"] {
        assert_eq!(rows(&app, table), 0, "{table}");
    }
}

#[test]
fn programs_find_out_where_everything_is() {
    let app = App::new();
    let answered = app.oauth(Method::GET, METADATA, &[], "");
    let said = json(&answered);
    assert_eq!(said["issuer"], ISSUER);
    assert_eq!(said["authorization_endpoint"], "https://patr.example/oauth/authorize");
    assert_eq!(said["token_endpoint"], "https://patr.example/oauth/token");
    assert_eq!(said["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(said["authorization_response_iss_parameter_supported"], true);
    assert_eq!(app.oauth(Method::POST, METADATA, &[], "").status(), 405);
    assert_eq!(app.oauth(Method::GET, TOKEN, &[], "").status(), 405);
}
