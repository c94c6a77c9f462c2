//! `patr login`, `logout`, `whoami`.

use patr_models::{
    device::{
        authorize::{AuthorizeDevice, DeviceAuthorization},
        exchange::{self, ExchangeDeviceCode},
    },
    endpoint::body::{Created, Json, NoContent},
    error::Common,
    user::{
        log_in::{self, LogIn},
        log_out::LogOut,
        who_am_i::WhoAmI,
    },
    workspace::{get::GetWorkspace, list::ListWorkspaces},
};

use crate::{
    context::{TestContext, mode, patr_snapshot},
    edge::{Answer, Edge},
    sample::{self, page, workspace},
};

const LOGIN: &str = "login --email ada@example.com --password-stdin";

/// Somebody who has logged in with a password, so that the login is on disk.
fn logged_in() -> TestContext {
    let t = TestContext::logged_out();
    t.edge.answers::<LogIn>(Created(sample::session()));
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme")]));
    assert_eq!(t.patr(LOGIN).stdin("correct horse\n").run().code, 0);
    t
}

#[test]
fn logging_in_chooses_the_only_workspace() {
    let t = TestContext::logged_out();
    t.edge.answers::<LogIn>(Created(sample::session()));
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme")]));
    patr_snapshot!(t.patr(LOGIN).stdin("correct horse\n"), @"
    exit code: 0
    ----- stderr -----
    logged in at [EDGE] as ada@example.com
    working in `acme`, your only workspace
    ");

    let asked = t.edge.asked_once::<LogIn>();
    assert_eq!((asked.call.body.0.password.as_str(), asked.token), ("correct horse", None));
    assert_eq!(t.edge.asked_once::<ListWorkspaces>().token.as_deref(), Some(sample::TOKEN));
}

#[test]
fn a_saved_login_is_used_and_only_its_owner_can_read_it() {
    let t = logged_in();
    t.edge.answers::<WhoAmI>(Json(sample::user()));
    t.edge.answers::<GetWorkspace>(Json(workspace(1, "acme")));
    patr_snapshot!(t.patr("whoami").without("PATR_URL"), @"
    exit code: 0
    ----- stdout -----
    email         ada@example.com
    id            usr_00000000000000000000000001
    installation  [EDGE]
    workspace     acme
    ");

    assert_eq!(t.edge.asked_once::<WhoAmI>().token.as_deref(), Some(sample::TOKEN));
    assert_eq!(mode(&t.config().join("credentials.json")).map(|mode| mode & 0o777), Some(0o600));
}

#[test]
fn a_saved_login_is_not_sent_to_another_installation() {
    let t = logged_in();
    let other = Edge::start();
    let ran = t.patr(&format!("whoami --url {}", other.url())).run();
    assert_eq!(ran.code, 3, "{ran}");
    assert!(other.order().is_empty());
}

#[test]
fn with_several_workspaces_one_has_to_be_chosen() {
    let t = TestContext::logged_out();
    t.edge.answers::<LogIn>(Created(sample::session()));
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme"), workspace(2, "umbrella")]));
    patr_snapshot!(t.patr(LOGIN).stdin("correct horse"), @"
    exit code: 0
    ----- stderr -----
    logged in at [EDGE] as ada@example.com
    hint: choose a workspace: `patr workspace use NAME`; `patr workspace list` shows them
    ");
}

#[test]
fn with_no_workspace_one_has_to_be_made() {
    let t = TestContext::logged_out();
    t.edge.answers::<LogIn>(Created(sample::session()));
    t.edge.answers::<ListWorkspaces>(page(vec![]));
    patr_snapshot!(t.patr(LOGIN).stdin("correct horse"), @"
    exit code: 0
    ----- stderr -----
    logged in at [EDGE] as ada@example.com
    hint: make a workspace: `patr workspace create NAME`
    ");
}

#[test]
fn a_token_logs_in_too() {
    let t = TestContext::logged_out();
    t.edge.answers::<WhoAmI>(Json(sample::user()));
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme")]));
    patr_snapshot!(t.patr("login --token-stdin").stdin("patr_t_ci\n"), @"
    exit code: 0
    ----- stderr -----
    logged in at [EDGE] as ada@example.com
    working in `acme`, your only workspace
    ");
    assert_eq!(t.edge.asked_once::<WhoAmI>().token.as_deref(), Some("patr_t_ci"));
}

#[test]
fn a_token_with_a_slip_is_not_sent() {
    let t = TestContext::logged_out();
    let token = "patr_t_00000000000000000000000000000000000000000000f111p";
    patr_snapshot!(t.patr("login --token-stdin").stdin(token), @"
    exit code: 2
    ----- stderr -----
    error: this is no token of Patr: its checksum is wrong

    hint: was all of it copied?
    ");
}

/// What a device is told; nobody waits between two questions of a test.
fn authorization() -> Created<DeviceAuthorization> {
    let verification_uri = "https://patr.example.com/device".to_owned();
    Created(DeviceAuthorization {
        device_code: "patr_d_code".to_owned(),
        user_code: "BCDF-GHJK".parse().unwrap(),
        verification_uri_complete: format!("{verification_uri}?user_code=BCDF-GHJK"),
        verification_uri,
        expires_in: 900,
        interval: 0,
    })
}

#[test]
fn logging_in_from_a_browser_waits_until_somebody_has_approved() {
    let t = TestContext::logged_out();
    t.edge.answers::<AuthorizeDevice>(authorization());
    t.edge.refuses::<ExchangeDeviceCode>(&exchange::Error::AuthorizationPending);
    t.edge.says::<ExchangeDeviceCode>(Answer::fault());
    t.edge.answers::<ExchangeDeviceCode>(Created(sample::session()));
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme")]));
    patr_snapshot!(t.patr("login --no-browser"), @"
    exit code: 0
    ----- stderr -----
    open https://patr.example.com/device?user_code=BCDF-GHJK
    and let this device in if the code is BCDF-GHJK
    logged in at [EDGE] as ada@example.com
    working in `acme`, your only workspace
    ");
    assert!(t.edge.asked_once::<AuthorizeDevice>().call.body.0.device.is_some(), "the page shows what asks");
    let codes = t.edge.asked::<ExchangeDeviceCode>();
    assert!(codes.len() == 3 && codes.iter().all(|asked| asked.call.body.0.device_code == "patr_d_code"));
}

#[test]
fn who_is_refused_in_the_browser_is_not_logged_in() {
    let t = TestContext::logged_out();
    t.edge.answers::<AuthorizeDevice>(authorization());
    t.edge.refuses::<ExchangeDeviceCode>(&exchange::Error::AccessDenied);
    patr_snapshot!(t.patr("login --quiet"), @"
    exit code: 1
    ----- stderr -----
    open https://patr.example.com/device?user_code=BCDF-GHJK
    and let this device in if the code is BCDF-GHJK
    error: the person has refused to let this device in
    ");
    assert!(!t.config().exists(), "a login that failed leaves nothing behind");
}

#[test]
fn a_code_that_nobody_used_ends_the_waiting() {
    let t = TestContext::logged_out();
    let late = DeviceAuthorization { expires_in: 0, ..authorization().0 };
    t.edge.answers::<AuthorizeDevice>(Created(late));
    t.edge.refuses::<ExchangeDeviceCode>(&exchange::Error::AuthorizationPending);
    let ran = t.patr("login").run();
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("nobody has let this device in"), "{ran}");
}

#[test]
fn a_wrong_password_is_an_error_of_authentication() {
    let t = TestContext::logged_out();
    t.edge.refuses::<LogIn>(&log_in::Error::WrongPassword);
    patr_snapshot!(t.patr(LOGIN).stdin("guess"), @"
    exit code: 3
    ----- stderr -----
    error: the address or the password is wrong
    ");
    assert!(!t.config().exists(), "a login that failed leaves nothing behind");
}

#[test]
fn too_many_attempts_say_when_to_try_again() {
    let t = TestContext::logged_out();
    t.edge.refuses_commonly::<LogIn>(&Common::TooManyRequests { seconds: 30 });
    patr_snapshot!(t.patr(LOGIN).stdin("guess"), @"
    exit code: 1
    ----- stderr -----
    error: too many attempts

    hint: try again in 30 seconds
    ");
}

#[test]
fn nobody_is_asked_for_a_password_where_nobody_sits() {
    let t = TestContext::logged_out();
    patr_snapshot!(t.patr("login --email ada@example.com"), @"
    exit code: 2
    ----- stderr -----
    error: nobody can be asked: stdin is not a terminal

    hint: give the password with `--password-stdin`, or a token with `--token-stdin`
    ");
    patr_snapshot!(t.patr("login --password-stdin"), @"
    exit code: 2
    ----- stderr -----
    error: nobody can be asked: stdin is not a terminal

    hint: give the address with `--email`
    ");
}

#[test]
fn an_empty_password_is_not_sent() {
    let t = TestContext::logged_out();
    patr_snapshot!(t.patr(LOGIN).stdin("\n"), @"
    exit code: 2
    ----- stderr -----
    error: expected the password on stdin, and found nothing
    ");
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_is_sent() {
    let t = TestContext::logged_out();
    patr_snapshot!(t.patr("login --email ada --password-stdin").stdin("x"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'ada' for '--email <EMAIL>': `ada` is not an e-mail address: expected something like `ada@example.com`

    For more information, try '--help'.
    ");
}

#[test]
fn an_installation_has_to_be_named_once() {
    let t = TestContext::fresh(Edge::start());
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 2
    ----- stderr -----
    error: no installation is chosen

    hint: give its address once: `patr login --url https://patr.example.com`
    ");
}

#[test]
fn a_password_goes_over_http_to_this_machine_only() {
    let t = TestContext::fresh(Edge::start());
    patr_snapshot!(t.patr("login --url http://patr.example.com"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'http://patr.example.com' for '--url <URL>': `http://patr.example.com` would send passwords and tokens unencrypted: use `https://`

    For more information, try '--help'.
    ");
    patr_snapshot!(t.patr("login --url https://patr.example.com/api"), @"
    exit code: 2
    ----- stderr -----
    error: invalid value 'https://patr.example.com/api' for '--url <URL>': `https://patr.example.com/api` is not the address of an installation: expected something like `https://patr.example.com`

    For more information, try '--help'.
    ");
}

#[test]
fn without_a_login_the_next_step_is_to_log_in() {
    let t = TestContext::logged_out();
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 3
    ----- stderr -----
    error: not logged in at [EDGE]

    hint: run `patr login`, or set PATR_TOKEN to an API token
    ");
}

#[test]
fn a_token_that_has_expired_says_so() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<WhoAmI>(&Common::Unauthenticated);
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 3
    ----- stderr -----
    error: this needs a valid token

    hint: it has expired or was revoked: run `patr login`; PATR_TOKEN, if it is set, wins over a login
    ");
}

#[test]
fn whoami_as_json_is_the_account() {
    let t = TestContext::new();
    t.edge.answers::<WhoAmI>(Json(sample::user()));
    patr_snapshot!(t.patr("whoami -o json"), @r#"
    exit code: 0
    ----- stdout -----
    {
      "id": "usr_00000000000000000000000001",
      "email": "ada@example.com",
      "email_verified": false,
      "created_at": "2026-01-31T12:00:00.000Z"
    }
    "#);
}

#[test]
fn logging_out_ends_the_login_there_and_here() {
    let t = logged_in();
    t.edge.answers::<LogOut>(NoContent);
    patr_snapshot!(t.patr("logout"), @"
    exit code: 0
    ----- stderr -----
    logged out of [EDGE]
    ");
    assert_eq!(t.edge.asked_once::<LogOut>().token.as_deref(), Some(sample::TOKEN));
    patr_snapshot!(t.patr("logout"), @"
    exit code: 0
    ----- stderr -----
    not logged in at [EDGE]
    ");
}

#[test]
fn a_login_that_has_ended_is_forgotten_here() {
    let t = logged_in();
    t.edge.refuses_commonly::<LogOut>(&Common::Unauthenticated);
    patr_snapshot!(t.patr("logout"), @"
    exit code: 0
    ----- stderr -----
    the login at [EDGE] had ended already
    ");
}

#[test]
fn a_login_that_cannot_be_ended_is_kept() {
    let t = logged_in();
    t.edge.says::<LogOut>(Answer::fault());
    assert_eq!(t.patr("logout").run().code, 1);
    t.edge.answers::<WhoAmI>(Json(sample::user()));
    let not_found = Common::NotFound { noun: "workspace".to_owned(), name: "acme".to_owned() };
    t.edge.refuses_commonly::<GetWorkspace>(&not_found);
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 0
    ----- stdout -----
    email         ada@example.com
    id            usr_00000000000000000000000001
    installation  [EDGE]
    workspace     ws_00000000000000000000000001, which is not there
    ");
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let t = logged_in().with("PATR_TOKEN", "");
    t.edge.answers::<LogOut>(NoContent);
    assert_eq!(t.patr("logout").run().code, 0);
}

#[test]
fn logging_out_does_not_revoke_a_token_of_the_environment() {
    let t = TestContext::new();
    patr_snapshot!(t.patr("logout"), @"
    exit code: 2
    ----- stderr -----
    error: PATR_TOKEN is set, and `patr logout` would revoke that token

    hint: unset PATR_TOKEN to end the saved login; `patr token revoke` revokes a token
    ");
}

#[test]
fn settings_that_cannot_be_read_are_named() {
    let t = logged_in();
    std::fs::write(t.config().join("settings.json"), "{").unwrap();
    patr_snapshot!(t.patr("whoami"), @"
    exit code: 2
    ----- stderr -----
    error: cannot read [HOME]/.config/patr/settings.json: EOF while parsing an object at line 1 column 1

    hint: repair or remove the file, then run `patr login`
    ");
}
