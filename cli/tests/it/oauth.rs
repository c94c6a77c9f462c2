//! `patr oauth`.

use patr_models::{
    auth::{Grant, Permission},
    endpoint::body::{Created, NoContent},
    error::Common,
    oauth::{
        Authorization, Client,
        create_client::{self, CreateClient, NewClient},
        delete_client::DeleteClient,
        list_authorizations::ListAuthorizations,
        list_clients::ListClients,
        revoke_authorization::RevokeAuthorization,
    },
    token::Opening,
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{at, id, page},
};

fn client(n: u128, name: &str, confidential: bool) -> Client {
    let redirect_uris = vec!["https://tool.example/cb".parse().unwrap()];
    Client { id: id(n), name: name.parse().unwrap(), redirect_uris, confidential, created_at: at(0) }
}

fn authorization() -> Authorization {
    let grants = vec![Grant::all(Permission::SiteView), Grant::all(Permission::SiteDeploy)];
    Authorization {
        id: id(1),
        client: id(1),
        client_name: "tool".parse().unwrap(),
        workspaces: vec![Opening { workspace: id(1), grants: Some(grants) }],
        created_at: at(0),
        renewed_at: Some(at(60)),
        expires_at: at(90),
    }
}

#[test]
fn registering_a_program() {
    let t = TestContext::new();
    t.edge.answers::<CreateClient>(Created(NewClient { client: client(1, "tool", false), secret: None }));
    patr_snapshot!(t.patr("oauth client create tool --redirect-uri https://tool.example/cb"), @"
    exit code: 0
    ----- stdout -----
    name          tool
    client id     app_00000000000000000000000001
    redirect uri  https://tool.example/cb
    ");
    let body = t.edge.asked_once::<CreateClient>().call.body.0;
    assert!(!body.confidential && body.redirect_uris.len() == 1);
}

#[test]
fn a_program_that_can_keep_a_secret_is_shown_it_once() {
    let t = TestContext::new();
    let secret = Some("patr_k_secret".to_owned());
    t.edge.answers::<CreateClient>(Created(NewClient { client: client(1, "server", true), secret }));
    let line = "oauth client create server --redirect-uri https://tool.example/cb --redirect-uri http://127.0.0.1/cb --confidential";
    patr_snapshot!(t.patr(line), @"
    exit code: 0
    ----- stdout -----
    name           server
    client id      app_00000000000000000000000001
    client secret  patr_k_secret
    redirect uri   https://tool.example/cb
    ----- stderr -----
    the secret is not shown again
    ");
    patr_snapshot!(t.patr(&format!("{line} -o json")), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "app_00000000000000000000000001",
      "name": "server",
      "redirect_uris": [
        "https://tool.example/cb"
      ],
      "confidential": true,
      "created_at": "2026-01-31T12:00:00.000Z",
      "secret": "patr_k_secret"
    }
    ----- stderr -----
    the secret is not shown again
    "#);
    let body = &t.edge.asked::<CreateClient>()[0].call.body.0;
    assert!(body.confidential && body.redirect_uris.len() == 2);
}

#[test]
fn an_address_that_somebody_could_listen_to_is_refused_before_anything_is_sent() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("oauth client create tool --redirect-uri http://tool.example/cb"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'http://tool.example/cb' for '--redirect-uri <URI>': `http://tool.example/cb` is no redirect URI: expected `https://…`, or `http://127.0.0.1/…` for a program on the person's own machine

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("oauth client create tool"), @"
    exit code: 2
    ----- stderr -----
    error: the following required arguments were not provided:
      --redirect-uri <URI>

    Usage: patr oauth client create --redirect-uri <URI> --url <URL> --workspace <WORKSPACE> <NAME>

    For more information, try '--help'.
    ");
}

#[test]
fn a_name_is_taken_once() {
    let t = TestContext::new();
    t.edge.refuses::<CreateClient>(&create_client::Error::NameTaken { name: "tool".parse().unwrap() });
    patr_snapshot!(t.patr("oauth client create tool --redirect-uri https://tool.example/cb"), @"
    exit code: 1
    ----- stderr -----
    error: you already have a client named `tool`

    hint: choose another name, or delete the old one
    ");
}

#[test]
fn listing_programs() {
    let t = TestContext::new();
    t.edge.answers::<ListClients>(page(vec![client(1, "tool", false), client(2, "server", true)]));
    patr_snapshot!(t.patr("oauth client list"), @"
    exit code: 0
    ----- stdout -----
    NAME    KIND          REDIRECT URIS            CLIENT ID
    tool    public        https://tool.example/cb  app_00000000000000000000000001
    server  confidential  https://tool.example/cb  app_00000000000000000000000002
    ");
    t.edge.answers::<ListClients>(page(vec![]));
    patr_snapshot!(t.patr("oauth client list"), @"
    exit code: 0
    ----- stderr -----
    nothing to show
    hint: `patr oauth client create NAME --redirect-uri URI` makes one
    ");
}

#[test]
fn deleting_a_program() {
    let t = TestContext::new();
    t.edge.answers::<DeleteClient>(NoContent);
    patr_snapshot!(t.patr("oauth client delete tool"), @"
    exit code: 0
    ----- stderr -----
    deleted `tool`: its tokens are refused from now on
    ");
    t.edge.answers::<ListClients>(page(vec![client(1, "tool", false)]));
    let missing = Common::NotFound { noun: "OAuth client".to_owned(), name: "tol".to_owned() };
    t.edge.refuses_commonly::<DeleteClient>(&missing);
    patr_snapshot!(t.patr("oauth client delete tol"), @"
    exit code: 4
    ----- stderr -----
    error: there is no OAuth client `tol` here

    hint: did you mean `tool`?
    ");
}

#[test]
fn what_programs_were_let_do() {
    let t = TestContext::new();
    t.edge.answers::<ListAuthorizations>(page(vec![authorization()]));
    patr_snapshot!(t.patr("oauth authorizations"), @"
    exit code: 0
    ----- stdout -----
    PROGRAM  MAY                    WORKSPACES                     SINCE                 LAST RENEWED          ID
    tool     site:view site:deploy  ws_00000000000000000000000001  2026-01-31 12:00:00Z  2026-01-31 13:00:00Z  authz_00000000000000000000000001
    ");
}

#[test]
fn letting_a_program_do_nothing_more() {
    let t = TestContext::new();
    t.edge.answers::<RevokeAuthorization>(NoContent);
    patr_snapshot!(t.patr("oauth revoke authz_00000000000000000000000001"), @"
    exit code: 0
    ----- stderr -----
    revoked `authz_00000000000000000000000001`: its tokens are refused from now on
    ");
    patr_snapshot!(t.patr("oauth revoke tool"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'tool' for '<ID>': expected an id like `authz_…`, found `tool`

    For more information, try '--help'.
    ");
}
