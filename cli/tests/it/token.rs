//! `patr token`.

use std::time::Duration;

use patr_models::{
    auth::{Grant, Permission},
    endpoint::body::{Created, Json, NoContent},
    error::Common,
    site::list::ListSites,
    time::Millis,
    token::{
        LastUsed, NewToken, Opening, Token,
        create::{self, CreateToken},
        get::GetToken,
        list::ListTokens,
        revoke::RevokeToken,
        rotate::RotateToken,
    },
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{acme, at, id, page, site, token},
};

fn made(token: Token) -> Created<NewToken> {
    Created(NewToken { token, secret: "patr_t_secret".to_owned() })
}

#[test]
fn only_the_secret_of_a_new_token_goes_to_stdout() {
    let t = TestContext::new();
    t.edge.answers::<CreateToken>(made(token("ci")));
    patr_snapshot!(t.patr("token create ci"), @"
    exit code: 0
    ----- stdout -----
    patr_t_secret
    ----- stderr -----
    made the token `ci`, which does not expire; it is not shown again
    ");
    patr_snapshot!(t.patr("token create ci -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "tok_00000000000000000000000001",
      "name": "ci",
      "created_at": "2026-01-31T12:00:00.000Z",
      "secret": "patr_t_secret"
    }
    ----- stderr -----
    made the token `ci`, which does not expire; it is not shown again
    "#);
    patr_snapshot!(t.patr("token create ci --quiet"), @"
    exit code: 0
    ----- stdout -----
    patr_t_secret
    ");
}

#[test]
fn a_token_may_be_for_one_workspace_and_for_some_time() {
    let t = TestContext::new();
    t.edge.answers::<CreateToken>(made(Token { expires_at: Some(at(0)), ..token("ci") }));
    patr_snapshot!(t.patr("token create ci --only-workspace acme --expires-in 90d"), @"
    exit code: 0
    ----- stdout -----
    patr_t_secret
    ----- stderr -----
    made the token `ci`, which expires at 2026-01-31 12:00:00Z; it is not shown again
    ");

    let body = t.edge.asked_once::<CreateToken>().call.body.0;
    assert_eq!(body.workspaces, Some(vec![create::Opening::of(acme())]));
    let ninety_days = Duration::from_secs(90 * 24 * 60 * 60);
    assert!(body.expires_at.is_some_and(|at| at > Millis(0) + ninety_days));
}

#[test]
fn a_token_may_be_for_networks_and_good_only_later() {
    let t = TestContext::new();
    t.edge.answers::<CreateToken>(made(token("ci")));
    let line = "token create ci --from 192.0.2.0/24 --from 2001:db8::/32 --not-before 2026-01-31T12:00:00Z";
    assert_eq!(t.patr(line).run().code, 0);
    let body = t.edge.asked_once::<CreateToken>().call.body.0;
    let networks: Vec<String> = body.networks.iter().map(ToString::to_string).collect();
    assert_eq!((networks.join(" ").as_str(), body.not_before), ("192.0.2.0/24 2001:db8::/32", Some(at(0))));
    assert_eq!(body.workspaces, None);
}

#[test]
fn what_a_token_may_is_said_by_names_and_sent_by_ids() {
    let t = TestContext::new();
    t.edge.answers::<CreateToken>(made(token("ci")));
    t.edge.answers::<ListSites>(page(vec![site(1, "docs"), site(2, "blog")]));
    let line =
        "token create ci --allow site:view --allow site:deploy --only docs --allow 'secret:*' --except prod";
    assert_eq!(t.patr(line).run().code, 0);
    assert_eq!(t.edge.asked_once::<ListSites>().call.path.workspace, acme());
    let body = t.edge.asked_once::<CreateToken>().call.body.0;
    let expected = concat!(
        r#"[{"workspace":"acme","grants":[{"permission":"site:view"},"#,
        r#"{"permission":"site:deploy","resources":{"only":["site_00000000000000000000000001"]}},"#,
        r#"{"permission":"secret:view","resources":{"except":["prod"]}},"#,
        r#"{"permission":"secret:edit","resources":{"except":["prod"]}},"#,
        r#"{"permission":"secret:delete","resources":{"except":["prod"]}}]}]"#,
    );
    assert_eq!(serde_json::to_string(&body.workspaces).unwrap(), expected);
}

#[test]
fn names_are_looked_for_in_each_workspace_that_a_token_opens() {
    let t = TestContext::new();
    t.edge.answers::<CreateToken>(made(token("ci")));
    t.edge.answers::<ListSites>(page(vec![site(1, "docs")]));
    t.edge.answers::<ListSites>(page(vec![site(2, "docs")]));
    let line =
        "token create ci --only-workspace acme --only-workspace umbrella --allow site:view --only docs";
    assert_eq!(t.patr(line).run().code, 0);
    let body = t.edge.asked_once::<CreateToken>().call.body.0;
    let openings = serde_json::to_string(&body.workspaces).unwrap();
    assert!(openings.contains("000001\"]") && openings.contains("000002\"]"), "{openings}");
}

#[test]
fn a_time_that_cannot_be_read_is_refused_before_anything_is_sent() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("token create ci --expires-in tomorrow"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'tomorrow' for '--expires-in <TIME>': `tomorrow` is not a time: use something like `90s`, `10m` or `30d`

    For more information, try '--help'.
    ");
}

#[test]
fn a_name_is_taken_once() {
    let t = TestContext::new();
    t.edge.refuses::<CreateToken>(&create::Error::NameTaken { name: "ci".parse().unwrap() });
    patr_snapshot!(t.patr("token create ci"), @"
    exit code: 1
    ----- stderr -----
    error: you already have a token named `ci`

    hint: choose another name, or revoke the old one
    ");
}

#[test]
fn a_narrow_token_cannot_make_a_wide_one() {
    let t = TestContext::new();
    t.edge.refuses::<CreateToken>(&create::Error::Wider { what: "workspaces" });
    patr_snapshot!(t.patr("token create ci"), @"
    exit code: 3
    ----- stderr -----
    error: workspaces: a token cannot make one that opens more than itself, from more places or for longer

    hint: log in to make it, or ask for less
    ");
}

fn deploys() -> Token {
    let used = LastUsed { at: at(5), from: Some("192.0.2.7".parse().unwrap()) };
    Token {
        id: id(2),
        workspaces: Some(vec![Opening {
            workspace: id(1),
            grants: Some(vec![Grant::all(Permission::SiteDeploy)]),
        }]),
        networks: vec!["192.0.2.0/24".parse().unwrap()],
        expires_at: Some(at(90)),
        former_until: Some(at(60)),
        last_used: Some(used),
        ..token("deploys")
    }
}

#[test]
fn listing_tokens() {
    let t = TestContext::new();
    t.edge.answers::<ListTokens>(page(vec![token("ci"), deploys()]));
    patr_snapshot!(t.patr("token list"), @"
    exit code: 0
    ----- stdout -----
    NAME     WORKSPACES                     LAST USED             EXPIRES               ID
    ci       all                            never                 -                     tok_00000000000000000000000001
    deploys  ws_00000000000000000000000001  2026-01-31 12:05:00Z  2026-01-31 13:30:00Z  tok_00000000000000000000000002
    ");
}

#[test]
fn showing_a_token() {
    let t = TestContext::new();
    t.edge.answers::<GetToken>(Json(deploys()));
    patr_snapshot!(t.patr("token show deploys"), @"
    exit code: 0
    ----- stdout -----
    name        deploys
    workspaces  ws_00000000000000000000000001
    may         site:deploy in ws_00000000000000000000000001
    from        192.0.2.0/24
    last used   2026-01-31 12:05:00Z from 192.0.2.7
    created     2026-01-31 12:00:00Z
    good from   -
    expires     2026-01-31 13:30:00Z
    old secret  good until 2026-01-31 13:00:00Z
    id          tok_00000000000000000000000002
    ");
    patr_snapshot!(t.patr("token show deploys -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "tok_00000000000000000000000002",
      "name": "deploys",
      "workspaces": [
        {
          "workspace": "ws_00000000000000000000000001",
          "grants": [
            {
              "permission": "site:deploy"
            }
          ]
        }
      ],
      "networks": [
        "192.0.2.0/24"
      ],
      "created_at": "2026-01-31T12:00:00.000Z",
      "expires_at": "2026-01-31T13:30:00.000Z",
      "former_until": "2026-01-31T13:00:00.000Z",
      "last_used": {
        "at": "2026-01-31T12:05:00.000Z",
        "from": "192.0.2.7"
      }
    }
    "#);
}

#[test]
fn rotating_a_token_shows_the_new_secret_once() {
    let t = TestContext::new();
    let rotated = |former_until| {
        Json(NewToken { token: Token { former_until, ..token("ci") }, secret: "patr_t_new".to_owned() })
    };
    t.edge.answers::<RotateToken>(rotated(None));
    patr_snapshot!(t.patr("token rotate ci"), @"
    exit code: 0
    ----- stdout -----
    patr_t_new
    ----- stderr -----
    this is the new secret of `ci`, whose old one is refused from now on; it is not shown again
    ");
    t.edge.answers::<RotateToken>(rotated(Some(at(60))));
    patr_snapshot!(t.patr("token rotate ci --overlap 1h"), @"
    exit code: 0
    ----- stdout -----
    patr_t_new
    ----- stderr -----
    this is the new secret of `ci`, whose old one is good until 2026-01-31 13:00:00Z; it is not shown again
    ");
    let overlaps: Vec<u32> =
        t.edge.asked::<RotateToken>().iter().map(|asked| asked.call.body.0.overlap_s).collect();
    assert_eq!(overlaps, [0, 3600]);
}

#[test]
fn revoking_a_token() {
    let t = TestContext::new();
    t.edge.answers::<RevokeToken>(NoContent);
    patr_snapshot!(t.patr("token revoke ci"), @"
    exit code: 0
    ----- stderr -----
    revoked the token `ci`
    ");
    assert_eq!(t.edge.asked_once::<RevokeToken>().call.path.token.to_string(), "ci");
}

#[test]
fn revoking_a_token_that_does_not_exist() {
    let t = TestContext::new();
    t.edge.answers::<ListTokens>(page(vec![token("ci")]));
    let missing = Common::NotFound { noun: "token".to_owned(), name: "cii".to_owned() };
    t.edge.refuses_commonly::<RevokeToken>(&missing);
    patr_snapshot!(t.patr("token revoke cii"), @"
    exit code: 4
    ----- stderr -----
    error: there is no token `cii` here

    hint: did you mean `ci`?
    ");
}
