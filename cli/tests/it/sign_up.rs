//! `patr sign-up`.

use patr_models::{
    endpoint::body::Created,
    user::sign_up::{self, SignUp},
    workspace::list::ListWorkspaces,
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{self, page},
};

const SIGN_UP: &str = "sign-up --email ada@example.com --password-stdin";

#[test]
fn signing_up_logs_in_and_says_what_comes_next() {
    let t = TestContext::logged_out();
    t.edge.answers::<SignUp>(Created(sample::session()));
    t.edge.answers::<ListWorkspaces>(page(vec![]));
    let line = format!("{SIGN_UP} --bootstrap-secret s3cret");
    patr_snapshot!(t.patr(&line).stdin("correct horse battery"), @"
    exit code: 0
    ----- stderr -----
    logged in at [EDGE] as ada@example.com
    hint: make a workspace: `patr workspace create NAME`
    ");

    let body = t.edge.asked_once::<SignUp>().call.body.0;
    assert_eq!(body.password.reveal(), "correct horse battery");
    assert_eq!(body.bootstrap_secret.as_deref(), Some("s3cret"));
}

#[test]
fn a_fresh_installation_asks_for_its_secret() {
    let t = TestContext::logged_out();
    t.edge.refuses::<SignUp>(&sign_up::Error::BootstrapSecretNeeded);
    patr_snapshot!(t.patr(SIGN_UP).stdin("correct horse battery"), @"
    exit code: 3
    ----- stderr -----
    error: this installation asks for its bootstrap secret

    hint: give `--bootstrap-secret SECRET`; the local edge prints it on its first start; on Cloudflare it is the secret BOOTSTRAP_SECRET
    ");
}

#[test]
fn a_wrong_secret_is_an_error_of_authentication() {
    let t = TestContext::logged_out().with("PATR_BOOTSTRAP_SECRET", "guess");
    t.edge.refuses::<SignUp>(&sign_up::Error::BootstrapSecretWrong);
    patr_snapshot!(t.patr(SIGN_UP).stdin("correct horse battery"), @"
    exit code: 3
    ----- stderr -----
    error: this is not the bootstrap secret of this installation
    ");
    assert_eq!(t.edge.asked_once::<SignUp>().call.body.0.bootstrap_secret.as_deref(), Some("guess"));
}

#[test]
fn an_address_has_one_account() {
    let t = TestContext::logged_out();
    t.edge.refuses::<SignUp>(&sign_up::Error::EmailTaken);
    patr_snapshot!(t.patr(SIGN_UP).stdin("correct horse battery"), @"
    exit code: 1
    ----- stderr -----
    error: there is already an account with this address

    hint: log in instead
    ");
}

#[test]
fn a_short_password_is_refused_before_anything_is_sent() {
    let t = TestContext::logged_out();
    patr_snapshot!(t.patr(SIGN_UP).stdin("short"), @"
    exit code: 2
    ----- stderr -----
    error: a password has 8 to 256 characters
    ");
}

#[test]
fn nobody_is_asked_for_a_password_where_nobody_sits() {
    let t = TestContext::logged_out();
    patr_snapshot!(t.patr("sign-up --email ada@example.com"), @"
    exit code: 2
    ----- stderr -----
    error: nobody can be asked: stdin is not a terminal

    hint: give the password with `--password-stdin`
    ");
}
