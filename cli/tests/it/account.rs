//! `patr account`, and logging in with a second factor.

use patr_models::{
    endpoint::body::{Created, Json, NoContent},
    error::Common,
    ids::{Id, PasskeyId, SessionId},
    page::Page,
    passkey::Passkey,
    second_factor::{
        RecoveryCodes, SecondFactors,
        begin_totp::{BeginTotp, Enrolment},
        enable_totp::EnableTotp,
        get::GetSecondFactors,
        new_recovery_codes::NewRecoveryCodes,
    },
    session::{self, end::EndSession, end_others::EndOtherSessions, list::ListSessions},
    time::Millis,
    user::{
        change_email::ChangeEmail,
        change_password::ChangePassword,
        delete::{self, DeleteAccount},
        log_in::{self, LogIn},
        proof::{Proof, SecondFactor},
        prove::Prove,
        send_verification::{self, SendVerification, Sent},
        update::UpdateProfile,
        who_am_i::WhoAmI,
    },
    workspace::list::ListWorkspaces,
};

use crate::{
    context::{TestContext, patr_snapshot},
    sample::{self, page, workspace},
    terminal::Terminal,
};

fn needed() -> log_in::Error {
    log_in::Error::SecondFactorNeeded {
        ways: "a code of your authenticator app, or a recovery code".to_owned(),
    }
}

#[test]
fn a_code_is_sent_beside_the_password() {
    let t = TestContext::logged_out();
    t.edge.answers::<LogIn>(Created(sample::session()));
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme")]));
    let line = "login --email ada@example.com --password-stdin --code 123456";
    assert_eq!(t.patr(line).stdin("correct horse").run().code, 0);
    let body = t.edge.asked_once::<LogIn>().call.body.0;
    assert!(matches!(body.second_factor, Some(SecondFactor::Code(code)) if code == "123456"));
}

#[test]
fn without_a_terminal_nobody_is_asked_for_a_code_and_the_hint_says_how_to_give_it() {
    let t = TestContext::logged_out();
    t.edge.refuses::<LogIn>(&needed());
    patr_snapshot!(t.patr("login --email ada@example.com --password-stdin").stdin("correct horse"), @"
    exit code: 3
    ----- stderr -----
    error: the password is right, and this account wants more: a code of your authenticator app, or a recovery code

    hint: give `--code CODE`; for a passkey, log in with a browser
    ");
}

#[test]
fn an_account_is_shown_with_what_protects_it() {
    let t = TestContext::new();
    let passkey = Passkey {
        id: PasskeyId::from_parts(Millis(0), 1),
        name: "laptop".parse().unwrap(),
        created_at: Millis(0),
        last_used_at: None,
    };
    let factors = SecondFactors { totp_since: None, passkeys: vec![passkey], recovery_codes_left: 9 };
    t.edge.answers::<WhoAmI>(Json(sample::user()));
    t.edge.answers::<GetSecondFactors>(Json(factors));
    let shown = t.patr("account show").run();
    for line in
        ["email              ada@example.com (not proved)", "passkeys           1", "recovery codes     9"]
    {
        assert!(shown.stdout.contains(line), "{}", shown.stdout);
    }
}

#[test]
fn a_name_is_set() {
    let t = TestContext::new();
    let mut user = sample::user();
    user.name = "Ada".parse().unwrap();
    t.edge.answers::<UpdateProfile>(Json(user));
    patr_snapshot!(t.patr("account set-name Ada"), @"
    exit code: 0
    ----- stderr -----
    you are called `Ada` now
    ");
}

#[test]
fn a_change_of_the_address_says_whether_a_link_was_sent() {
    let t = TestContext::new();
    t.edge.answers::<ChangeEmail>(Json(Sent { sent: true }));
    patr_snapshot!(t.patr("account set-email ada@example.org"), @"
    exit code: 0
    ----- stderr -----
    a link is on its way to ada@example.org: open it, and the address is changed
    ");
    t.edge.answers::<ChangeEmail>(Json(Sent { sent: false }));
    patr_snapshot!(t.patr("account set-email ada@example.org"), @"
    exit code: 0
    ----- stderr -----
    your address is ada@example.org now; this installation sends no mail, so it is not proved
    ");
}

#[test]
fn an_installation_without_mail_says_so() {
    let t = TestContext::new();
    t.edge.refuses::<SendVerification>(&send_verification::Error::MailOff);
    patr_snapshot!(t.patr("account verify-email"), @"
    exit code: 1
    ----- stderr -----
    error: this installation sends no mail

    hint: whoever runs it can let it send some: see docs/accounts.md
    ");
}

#[test]
fn a_password_is_changed_from_stdin() {
    let t = TestContext::new();
    t.edge.answers::<ChangePassword>(NoContent);
    patr_snapshot!(t.patr("account set-password --password-stdin").stdin("a new password\n"), @"
    exit code: 0
    ----- stderr -----
    your password is another now, and your other logins have ended
    ");
    assert_eq!(t.edge.asked_once::<ChangePassword>().call.body.0.password.reveal(), "a new password");
}

#[test]
fn without_a_terminal_a_proof_is_another_login() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<NewRecoveryCodes>(&Common::ProofNeeded);
    patr_snapshot!(t.patr("account recovery-codes"), @"
    exit code: 2
    ----- stderr -----
    this needs a proof that it is you
    error: nobody can be asked: stdin is not a terminal

    hint: run `patr login` again: for ten minutes no other proof is asked for
    ");
}

#[test]
fn recovery_codes_go_to_stdout() {
    let t = TestContext::new();
    let recovery_codes = vec!["patr_c_one".to_owned(), "patr_c_two".to_owned()];
    t.edge.answers::<NewRecoveryCodes>(Json(RecoveryCodes { recovery_codes }));
    patr_snapshot!(t.patr("account recovery-codes"), @"
    exit code: 0
    ----- stdout -----
    patr_c_one
    patr_c_two
    ----- stderr -----
    keep these recovery codes: each lets you in once, and they are not shown again
    ");
}

#[test]
fn logins_are_listed_and_ended() {
    let t = TestContext::new();
    let log_in = session::LogIn {
        id: SessionId::from_parts(Millis(0), 1),
        current: true,
        device: "patr/0.1.0".to_owned(),
        address: None,
        created_at: Millis(0),
        last_used_at: Millis(0),
        expires_at: Millis(0),
    };
    t.edge.answers::<ListSessions>(Json(Page { items: vec![log_in], next: None }));
    let listed = t.patr("account sessions list").run();
    assert!(listed.stdout.contains("patr/0.1.0 (this one)  -"), "{}", listed.stdout);
    t.edge.answers::<EndSession>(NoContent);
    t.edge.answers::<EndOtherSessions>(NoContent);
    patr_snapshot!(t.patr("account sessions end ses_00000000000000000000000001"), @"
    exit code: 0
    ----- stderr -----
    ended the login ses_00000000000000000000000001
    ");
    patr_snapshot!(t.patr("account sessions end --others"), @"
    exit code: 0
    ----- stderr -----
    ended all of your logins but this one
    ");
    assert_eq!(t.patr("account sessions end").run().code, 2);
}

#[test]
fn the_only_owner_of_a_workspace_is_told_what_to_do() {
    let t = TestContext::new();
    t.edge.answers::<WhoAmI>(Json(sample::user()));
    t.edge.refuses::<DeleteAccount>(&delete::Error::SoleOwner { workspace: "acme".parse().unwrap() });
    patr_snapshot!(t.patr("account delete --yes"), @"
    exit code: 1
    ----- stderr -----
    error: you are the only owner of the workspace `acme`

    hint: make somebody else an owner, or delete the workspace
    ");
}

#[test]
fn on_a_terminal_a_code_is_asked_for_when_one_is_wanted() {
    let t = TestContext::logged_out();
    t.edge.refuses::<LogIn>(&needed());
    t.edge.answers::<LogIn>(Created(sample::session()));
    t.edge.answers::<ListWorkspaces>(page(vec![workspace(1, "acme")]));
    let mut terminal = Terminal::open(100, 24);
    let mut patr = t.patr("login --email ada@example.com").on(&terminal);
    let child = patr.start();
    terminal.hides_what_is_typed();
    terminal.types("correct horse\n");
    t.edge.wait_for::<LogIn>(1);
    terminal.types("123456\n");
    assert_eq!(patr.ended(child).code, 0);
    let codes = t.edge.asked::<LogIn>().into_iter().map(|asked| asked.call.body.0.second_factor);
    let codes: Vec<_> = codes.collect();
    assert!(matches!(&codes[..], [None, Some(SecondFactor::Code(code))] if code == "123456"));
}

#[test]
fn on_a_terminal_a_proof_is_asked_for_and_the_call_repeated() {
    let t = TestContext::new();
    t.edge.refuses_commonly::<NewRecoveryCodes>(&Common::ProofNeeded);
    t.edge.answers::<Prove>(NoContent);
    t.edge.answers::<NewRecoveryCodes>(Json(RecoveryCodes { recovery_codes: vec!["patr_c_one".to_owned()] }));
    let mut terminal = Terminal::open(100, 24);
    let mut patr = t.patr("account recovery-codes").on(&terminal);
    let child = patr.start();
    terminal.hides_what_is_typed();
    terminal.types("correct horse\n");
    terminal.shows("patr_c_one");
    assert_eq!(patr.ended(child).code, 0);
    let proof = t.edge.asked_once::<Prove>().call.body.0.proof;
    assert!(matches!(proof, Proof::Password(password) if password == "correct horse"));
}

#[test]
fn an_authenticator_app_is_enabled_with_its_first_code() {
    let t = TestContext::new();
    let enrolment = Enrolment {
        secret: "GEZDGNBV".to_owned(),
        url: "otpauth://totp/x".to_owned(),
        qr: "<svg/>".to_owned(),
    };
    t.edge.answers::<BeginTotp>(Json(enrolment));
    t.edge.answers::<EnableTotp>(Json(RecoveryCodes { recovery_codes: vec!["patr_c_one".to_owned()] }));
    let mut terminal = Terminal::open(100, 24);
    let mut patr = t.patr("account totp enable").on(&terminal);
    let child = patr.start();
    terminal.types("123456\n");
    terminal.shows("patr_c_one");
    assert_eq!(patr.ended(child).code, 0);
    assert_eq!(t.edge.asked_once::<EnableTotp>().call.body.0.code, "123456");
}
