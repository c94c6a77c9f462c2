use std::time::{Duration, Instant};

use http::Method;
use patr_models::{
    endpoint::body::{Json, NoBody},
    user::{Session, log_in, log_out, sign_up, who_am_i},
};

use crate::{
    db::sqlite::Fault,
    testing::{App, BOOTSTRAP, Outcome, code},
};

/// Wrong passwords for one account from one place, before more are refused.
const GUESSES_MAX: u32 = 10;

fn sign_up(app: &App, name: &str, secret: Option<&str>) -> Outcome<Session> {
    let body = sign_up::Body {
        email: format!("{name}@example.com").parse().unwrap(),
        password: "correct horse".parse().unwrap(),
        bootstrap_secret: secret.map(str::to_owned),
    };
    app.anonymous().call::<sign_up::SignUp>(sign_up::Path {}, Json(body)).map(|made| made.0)
}

fn log_in(app: &App, name: &str, password: &str) -> Outcome<Session> {
    let email = format!("{name}@example.com").parse().unwrap();
    let body = log_in::Body { email, password: password.to_owned(), second_factor: None };
    app.anonymous().call::<log_in::LogIn>(log_in::Path {}, Json(body)).map(|made| made.0)
}

fn who(app: &App, token: &str) -> Outcome<String> {
    let caller = app.anonymous().with_token(token.to_owned());
    caller.get::<who_am_i::WhoAmI>(who_am_i::Path {}).map(|user| user.0.email.to_string())
}

#[test]
fn the_first_account_needs_the_bootstrap_secret_even_where_sign_up_is_open() {
    let app = App::new();
    assert!(app.settings.sign_up_open);
    assert_eq!(code(sign_up(&app, "eve", None)), "bootstrap_secret_needed");
    assert_eq!(code(sign_up(&app, "eve", Some("guess"))), "bootstrap_secret_wrong");
    assert_eq!(app.audit(), [""; 0]);
    let session = sign_up(&app, "ada", Some(BOOTSTRAP)).unwrap();
    assert_eq!(who(&app, &session.token).unwrap(), "ada@example.com");
    assert_eq!(app.audit(), ["SignUp"]);
}

#[test]
fn later_accounts_need_it_only_where_sign_up_is_closed() {
    let mut app = App::new();
    app.person("first");
    assert_eq!(code(sign_up(&app, "ada", None)), "");
    app.settings.sign_up_open = false;
    assert_eq!(code(sign_up(&app, "bob", None)), "bootstrap_secret_needed");
    assert_eq!(code(sign_up(&app, "bob", Some(BOOTSTRAP))), "");
}

#[test]
fn an_address_has_one_account() {
    let app = App::new();
    app.person("ada");
    let before = app.sqlite.dump();
    assert_eq!(code(sign_up(&app, "ADA", None)), "email_taken");
    assert_eq!(app.sqlite.dump(), before);
}

#[test]
fn a_login_lasts_until_it_ends_or_is_ended() {
    let app = App::new();
    let first = sign_up(&app, "ada", Some(BOOTSTRAP)).unwrap();
    let second = log_in(&app, "ada", "correct horse").unwrap();
    assert_eq!(who(&app, &second.token).unwrap(), "ada@example.com");
    let caller = app.anonymous().with_token(second.token.clone());
    caller.call::<log_out::LogOut>(log_out::Path {}, NoBody).unwrap();
    assert_eq!(code(who(&app, &second.token)), "unauthenticated");
    assert_eq!(code(who(&app, &first.token)), "", "another login goes on");
    app.pass(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(code(who(&app, &first.token)), "unauthenticated");
    app.sweep();
    assert_eq!(app.sqlite.rows("SELECT id FROM sessions").len(), 0);
    assert_eq!(app.audit(), ["SignUp", "LogIn", "LogOut"]);
}

#[test]
fn a_login_that_failed_leaves_a_line_and_tells_its_caller_nothing() {
    let app = App::new();
    sign_up(&app, "ada", Some(BOOTSTRAP)).unwrap();
    let path = "/api/v1/log-in";
    let answer = |name: &str| {
        let body = format!(r#"{{"email":"{name}@example.com","password":"wrong"}}"#);
        let answered = app.anonymous().raw(Method::POST, path, body);
        let error = answered.error();
        (answered.status(), error.code, error.message, error.hint)
    };
    assert_eq!(answer("ada"), answer("nobody"));
    let lines = app.sqlite.rows(
        "SELECT action, code, name, (SELECT email FROM users WHERE id = user_id) AS who,
                chain = coalesce(user_id, 'none') AS own FROM audit WHERE outcome = 'refused' ORDER BY rowid",
    );
    let line = |name: &str, who: &str| {
        format!(
            r#"{{"action":"LogIn","code":"wrong_password","name":"{name}@example.com","own":1,"who":{who}}}"#
        )
    };
    assert_eq!(lines, [line("ada", "\"ada@example.com\""), line("nobody", "null")]);
}

#[test]
fn an_unknown_address_costs_the_work_of_a_known_one() {
    let app = App::new();
    sign_up(&app, "ada", Some(BOOTSTRAP)).unwrap();
    let asked = |name: &str| {
        app.sqlite.take_said();
        let start = Instant::now();
        assert_eq!(code(log_in(&app, name, "wrong")), "wrong_password");
        (app.sqlite.take_said(), start.elapsed())
    };
    let least = |name: &str| (0..3).map(|_| asked(name)).min_by_key(|(_, elapsed)| *elapsed).unwrap();
    let (known, unknown) = (least("ada"), least("nobody"));
    assert_eq!(known.0, unknown.0, "the same statements");
    // Hashing is nearly all of the time: without it, one would be some hundred times the other.
    let ratio = known.1.as_secs_f64() / unknown.1.as_secs_f64();
    assert!((0.05..20.0).contains(&ratio), "{known:?} {unknown:?}");
}

#[test]
fn what_nobodys_password_is_compared_with_costs_what_a_password_costs() {
    let cost = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
    let ours = super::hash_password("correct horse").unwrap();
    assert_eq!(cost(super::NOBODYS), cost(&ours));
    assert_eq!(super::NOBODYS.len(), ours.len(), "salt and hash are as long");
    assert!(!super::verify_password("", super::NOBODYS).unwrap());
}

#[test]
fn guessing_is_slowed_down_for_a_while_and_costs_the_owner_nothing_afterwards() {
    let app = App::new();
    for name in ["ada", "nobody"] {
        for _ in 0..GUESSES_MAX {
            assert_eq!(code(log_in(&app, name, "wrong")), "wrong_password");
        }
        let body = format!(r#"{{"email":"{name}@example.com","password":"wrong"}}"#);
        let answered = app.anonymous().raw(Method::POST, "/api/v1/log-in", body);
        assert_eq!((answered.status(), answered.header("retry-after")), (429, Some("90")));
    }
    let lines = app.refusals().len();
    assert_eq!(code(log_in(&app, "ada", "wrong")), "too_many_requests");
    assert_eq!(app.refusals().len(), lines, "what is not looked at fills no log");
    app.pass(Duration::from_secs(90));
    assert_eq!(code(log_in(&app, "ada", "wrong")), "wrong_password");
}

#[test]
fn a_right_password_forgets_the_wrong_ones() {
    let app = App::new();
    sign_up(&app, "ada", Some(BOOTSTRAP)).unwrap();
    for _ in 0..2 {
        for _ in 0..GUESSES_MAX - 1 {
            assert_eq!(code(log_in(&app, "ada", "wrong")), "wrong_password");
        }
        assert_eq!(code(log_in(&app, "ada", "correct horse")), "");
    }
}

/// A hundred guesses at once would all have found the count low, if each looked first and counted afterwards.
#[test]
fn an_attempt_is_counted_before_its_password_is_looked_at() {
    let app = App::new();
    let full = app.now.get().0 + 15 * 60 * 1000;
    app.sqlite.run(&format!("INSERT INTO limits VALUES ('password/ada@example.com/unknown', {full})"));
    app.sqlite.take_said();
    assert_eq!(code(log_in(&app, "ada", "wrong")), "too_many_requests");
    let said = app.sqlite.take_said().join("\n");
    assert!(!said.contains("FROM users"), "{said}");
}

#[test]
fn lines_about_nobody_are_kept_for_a_month() {
    let app = App::new();
    app.person("ada");
    assert_eq!(code(log_in(&app, "nobody", "wrong")), "wrong_password");
    assert_eq!(code(log_in(&app, "ada", "wrong")), "internal", "her hash is none: see `App::person`");
    let kept = || app.sqlite.rows("SELECT id FROM audit WHERE user_id IS NULL").len();
    app.pass(Duration::from_secs(29 * 24 * 3600));
    app.sweep();
    assert_eq!(kept(), 1);
    app.pass(Duration::from_secs(3 * 24 * 3600));
    app.sweep();
    let left = app.sqlite.rows("SELECT action, seq FROM audit WHERE user_id IS NULL");
    assert_eq!(left, [r#"{"action":"ForgetAudit","seq":2}"#], "what says that they are gone");
}

#[test]
fn an_account_or_a_login_that_d1_breaks_is_not_half_made() {
    type Attempt = fn(&App) -> Outcome<Session>;
    let attempts: [Attempt; 2] = [|app| sign_up(app, "bob", None), |app| log_in(app, "ada", "correct horse")];
    for attempt in attempts {
        for at in 0.. {
            let app = App::new();
            sign_up(&app, "ada", Some(BOOTSTRAP)).unwrap();
            let before = (
                app.audit(),
                app.sqlite.rows("SELECT id FROM users"),
                app.sqlite.rows("SELECT id FROM sessions"),
            );
            app.sqlite.break_after(at, Fault::Refused);
            let outcome = attempt(&app);
            if !app.sqlite.has_broken() {
                assert!(at > 1);
                break;
            }
            assert_eq!(code(outcome), "internal");
            let after = (
                app.audit(),
                app.sqlite.rows("SELECT id FROM users"),
                app.sqlite.rows("SELECT id FROM sessions"),
            );
            assert_eq!(before, after, "{at}");
        }
    }
}
