//! `patr token`.

use std::time::Duration;

use patr_models::{
    endpoint::body::{Created, NoContent},
    error::Common,
    time::Millis,
    token::{
        Token,
        create::{self, CreateToken, NewToken},
        list::ListTokens,
        revoke::RevokeToken,
    },
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{acme, at, id, page, token},
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
    assert_eq!(body.workspace, Some(acme()));
    let ninety_days = Duration::from_secs(90 * 24 * 60 * 60);
    assert!(body.expires_at.is_some_and(|at| at > Millis(0) + ninety_days));
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
    t.edge.refuses::<CreateToken>(&create::Error::Wider);
    patr_snapshot!(t.patr("token create ci"), @"
    exit code: 3
    ----- stderr -----
    error: a token cannot make one that opens more workspaces or is good for longer than itself

    hint: log in with a password to make it, or ask for less in `workspace` and `expires_at`
    ");
}

#[test]
fn listing_tokens() {
    let t = TestContext::new();
    let narrow = Token { id: id(2), workspace: Some(id(1)), expires_at: Some(at(90)), ..token("deploys") };
    t.edge.answers::<ListTokens>(page(vec![token("ci"), narrow]));
    patr_snapshot!(t.patr("token list"), @"
    exit code: 0
    ----- stdout -----
    NAME     WORKSPACE                      CREATED               EXPIRES               ID
    ci       all                            2026-01-31 12:00:00Z  -                     tok_00000000000000000000000001
    deploys  ws_00000000000000000000000001  2026-01-31 12:00:00Z  2026-01-31 13:30:00Z  tok_00000000000000000000000002
    ");
    patr_snapshot!(t.patr("token list -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "items": [
        {
          "id": "tok_00000000000000000000000001",
          "name": "ci",
          "created_at": "2026-01-31T12:00:00.000Z"
        },
        {
          "id": "tok_00000000000000000000000002",
          "name": "deploys",
          "workspace": "ws_00000000000000000000000001",
          "created_at": "2026-01-31T12:00:00.000Z",
          "expires_at": "2026-01-31T13:30:00.000Z"
        }
      ]
    }
    "#);
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
