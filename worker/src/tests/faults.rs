//! A broken D1, one call after the other: what is answered, and that nothing is half-done.

use patr_models::routes::Route;

use super::installation::{Installation, asks_the_runner, streams, takes, writes};
use crate::{db::sqlite::Fault, testing::App};

/// Breaks each call that a request makes, one at a time, until it makes no more.
fn each_call(
    route: Route,
    fault: Fault,
    headers: &[(&str, &str)],
    check: impl Fn(&str, &[String], &Installation<'_>),
) {
    let app = App::new();
    let installation = Installation::new(&app);
    for at in 0.. {
        let app = app.copy();
        let installation = installation.at(&app);
        let before = (app.sqlite.dump(), app.audit());
        app.sqlite.break_after(at, fault);
        let answered = installation.send(route, headers);
        if !app.sqlite.has_broken() {
            assert!(at > 1, "{} asks D1 who calls, and more", route.name());
            return;
        }
        let name = format!("{} with its call {at} {fault:?}", route.name());
        if answered.status() >= 400 {
            let error = answered.error();
            assert_eq!((answered.status(), error.code.as_str()), (500, "internal"), "{name}");
            assert_eq!(
                error.id.map(|id| id.to_string()).as_deref(),
                answered.header("patr-request-id"),
                "{name}"
            );
            assert!(!error.message.contains("D1"), "{name} tells what is none of the caller's business");
        }
        let changed = app.sqlite.dump() != before.0;
        let lines = app.audit().len() - before.1.len();
        assert_eq!(lines, usize::from(changed), "{name}: a change has its line, and a line has its change");
        check(&name, &before.1, &installation);
    }
}

#[test]
fn a_write_that_d1_breaks_is_all_there_with_its_line_or_not_at_all() {
    for route in writes() {
        for fault in [Fault::Refused, Fault::AnswerLost] {
            each_call(route, fault, &[], |_, _, _| {});
        }
    }
}

#[test]
fn a_write_that_broke_and_is_repeated_with_its_key_happens_once() {
    for route in writes().filter(|route| takes(*route, "idempotency-key")) {
        for fault in [Fault::Refused, Fault::AnswerLost] {
            let key = [("idempotency-key", "key-1")];
            each_call(route, fault, &key, |name, before, installation| {
                let again = installation.send(route, &key).code();
                assert!(
                    ["", "idempotency_key_in_use", "already_made"].contains(&again.as_str()),
                    "{name}: {again}"
                );
                assert_eq!(installation.owner.app().audit()[before.len()..], [route.name()], "{name}");
            });
        }
    }
}

#[test]
fn a_read_that_d1_breaks_answers_internal() {
    let app = App::new();
    let installation = Installation::new(&app);
    for &route in Route::ALL.iter().filter(|route| route.method() == http::Method::GET) {
        if streams(route) || matches!(route, Route::GetInfo | Route::GetManifest) {
            continue;
        }
        for at in 0.. {
            let app = app.copy();
            let installation = installation.at(&app);
            app.sqlite.break_after(at, Fault::Refused);
            let answered = installation.send(route, &[]);
            if !app.sqlite.has_broken() {
                break;
            }
            assert_eq!(
                (answered.status(), answered.code().as_str()),
                (500, "internal"),
                "{} {at}",
                route.name()
            );
        }
    }
}

#[test]
fn a_hint_that_is_lost_harms_nothing() {
    for route in writes().filter(|route| !asks_the_runner(*route)) {
        let app = App::new();
        let installation = Installation::new(&app);
        app.objects.fail(usize::MAX);
        assert_eq!(installation.send(route, &[]).code(), "", "{}", route.name());
        assert_eq!(app.last_audit(), route.name());
    }
}
