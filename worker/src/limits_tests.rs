use http::Method;

use super::*;
use crate::testing::{Answered, App, BOOTSTRAP};

fn log_in(app: &App, from: &str, email: &str, password: &str) -> Answered {
    let body = format!(r#"{{"email":"{email}","password":"{password}"}}"#);
    let headers = [("content-type", "application/json"), ("cf-connecting-ip", from)];
    app.anonymous().with_headers(Method::POST, "/api/v1/log-in", &headers, body)
}

fn with_account(app: &App) {
    let body = format!(
        r#"{{"email":"ada@example.com","password":"correct horse","bootstrap_secret":"{BOOTSTRAP}"}}"#
    );
    assert_eq!(app.anonymous().raw(Method::POST, "/api/v1/sign-up", body).status(), 201);
}

/// Attempts in one bucket, all at the same moment, until one is refused.
fn at_once(app: &App, bucket: &str, rule: Rule) -> u32 {
    let ctx = app.ctx();
    let attempt = |_: &u32| futures_executor::block_on(take(&ctx, bucket, rule)).is_ok_and(|taken| taken);
    u32::try_from((0..1000).take_while(attempt).count()).unwrap()
}

#[test]
fn a_bucket_holds_what_its_rule_says_and_drains_evenly() {
    let app = App::new();
    let rule = per(60, 6);
    assert_eq!(at_once(&app, "one", rule), 6);
    assert_eq!(at_once(&app, "two", rule), 6, "another bucket is another's");
    app.pass(Duration::from_secs(9));
    assert_eq!(at_once(&app, "one", rule), 0);
    app.pass(Duration::from_secs(1));
    assert_eq!(at_once(&app, "one", rule), 1);
    app.pass(Duration::from_secs(25));
    assert_eq!(at_once(&app, "one", rule), 2);
    app.pass(Duration::from_secs(3600));
    assert_eq!(at_once(&app, "one", rule), 6, "time that nobody used is not saved");
}

#[test]
fn who_comes_too_early_is_told_when_there_is_room() {
    let app = App::new();
    let rule = per(60, 6);
    at_once(&app, "one", rule);
    let seconds = || match futures_executor::block_on(count(&app.ctx(), "one", rule)) {
        Err(Refused::Common(Common::TooManyRequests { seconds })) => seconds,
        _ => panic!("there was room"),
    };
    assert_eq!(seconds(), 10);
    app.pass(Duration::from_millis(9500));
    assert_eq!(seconds(), 1);
    app.pass(Duration::from_millis(500));
    assert_eq!(at_once(&app, "one", rule), 1);
}

#[test]
fn guesses_of_a_stranger_do_not_keep_the_owner_out() {
    let app = App::new();
    with_account(&app);
    let wrong = || log_in(&app, "192.0.2.66", "ada@example.com", "wrong").status();
    assert_eq!((0..GUESSES.most).map(|_| wrong()).filter(|status| *status == 401).count(), 10);
    assert_eq!(wrong(), 429);
    assert_eq!(log_in(&app, "192.0.2.66", "ada@example.com", "correct horse").status(), 429);
    assert_eq!(log_in(&app, "192.0.2.1", "ada@example.com", "correct horse").status(), 201);
}

#[test]
fn guesses_from_everywhere_slow_each_source_down_and_a_right_one_is_right() {
    let app = App::new();
    with_account(&app);
    for at in 0..GUESSES_OF_ALL.most {
        let from = format!("198.51.100.{}", at % 250);
        assert_eq!(log_in(&app, &from, "ada@example.com", "wrong").status(), 401);
    }
    let wrong = || log_in(&app, "203.0.113.5", "ada@example.com", "wrong").status();
    let looked_at = std::iter::repeat_with(wrong).take_while(|status| *status == 401).count();
    assert_eq!(looked_at, 3);
    assert_eq!(log_in(&app, "192.0.2.1", "ada@example.com", "correct horse").status(), 201);
}

#[test]
fn one_address_tries_no_more_than_so_many_accounts() {
    let app = App::new();
    with_account(&app);
    let statuses =
        (0..100).map(|at| log_in(&app, "192.0.2.66", &format!("{at}@example.com"), "wrong").status());
    let statuses: Vec<u16> = statuses.collect();
    assert_eq!(statuses.iter().position(|status| *status == 429), Some(60));
    assert_eq!(log_in(&app, "192.0.2.1", "ada@example.com", "correct horse").status(), 201);
}

#[test]
fn an_account_makes_so_many_tokens_and_is_then_told_when_to_come_back() {
    let app = App::new();
    let (ada, bob) = (app.person("ada"), app.person("bob"));
    let make = |who: &crate::testing::Caller<'_>, at: u32| {
        who.raw(Method::POST, "/api/v1/tokens", format!(r#"{{"name":"t{at}"}}"#))
    };
    assert!((0..60).all(|at| make(&ada, at).status() == 201));
    let refused = make(&ada, 60);
    assert_eq!((refused.status(), refused.header("retry-after")), (429, Some("60")));
    assert_eq!(refused.code(), "too_many_requests");
    assert_eq!(make(&bob, 0).status(), 201);
}

#[test]
fn every_rule_is_about_an_endpoint_that_there_is() {
    let names: Vec<&str> = patr_models::routes::Route::ALL.iter().map(|route| route.name()).collect();
    for (name, rule) in SOURCES.iter().chain(USERS) {
        assert!(names.contains(name), "{name}");
        assert!(rule.each() >= Duration::from_millis(1), "{name}");
    }
}

#[test]
fn a_bucket_that_is_empty_is_forgotten() {
    let app = App::new();
    at_once(&app, "one", per(60, 6));
    app.sweep();
    assert_eq!(app.sqlite.rows("SELECT * FROM limits").len(), 1);
    app.pass(Duration::from_secs(60));
    app.sweep();
    assert_eq!(app.sqlite.rows("SELECT * FROM limits").len(), 0);
}
