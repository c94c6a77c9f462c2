//! Answers of the API that are kept as they are there: asked for when a view opens, and again whenever
//! [`live`](crate::live) says so.

use std::{future::Future, pin::Pin};

use leptos::{prelude::*, task::spawn_local};
use patr_models::auth::ResourceType;

use crate::{
    api::Problem,
    browser,
    live::Shown,
    parts::{problem::problem_box, skeleton},
};

/// What is known of something.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State<T> {
    Loading,
    Known(T),
    Failed(Problem),
}

/// A question: what it is about, and how to ask it.
pub(crate) struct Ask<T> {
    /// Another key means another thing: what is known of the one is not shown for the other.
    key: String,
    /// Only when something of these kinds has changed is the answer another.
    about: &'static [ResourceType],
    answer: Pin<Box<dyn Future<Output = Result<T, Problem>>>>,
}

impl<T> Ask<T> {
    pub(crate) fn new(
        key: impl ToString,
        answer: impl Future<Output = Result<T, Problem>> + 'static,
    ) -> Self {
        Self { key: key.to_string(), about: ResourceType::ALL, answer: Box::pin(answer) }
    }

    /// The kinds of all that the answer depends on. Unless this is said, it may depend on anything.
    pub(crate) fn about(self, about: &'static [ResourceType]) -> Self {
        Self { about, ..self }
    }
}

/// See the module.
pub(crate) struct Fresh<T: 'static> {
    state: RwSignal<State<T>>,
}

impl<T> Clone for Fresh<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Fresh<T> {}

/// What was asked last.
#[derive(Default)]
struct Asked {
    key: String,
    number: u64,
    is_open: bool,
    /// Whether it was time to ask while an answer was on its way, which may be of before.
    is_due: bool,
}

/// Asks now, when what `ask` reads changes, and whenever it is time to.
pub(crate) fn fresh<T>(ask: impl Fn() -> Ask<T> + 'static) -> Fresh<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    keep_asking(Some(Shown::begin()), ask)
}

/// The same of what stays as it is while somebody looks at a page: asks only when what `ask` reads changes.
pub(crate) fn once<T>(ask: impl Fn() -> Ask<T> + 'static) -> Fresh<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    keep_asking(None, ask)
}

fn keep_asking<T>(shown: Option<Shown>, ask: impl Fn() -> Ask<T> + 'static) -> Fresh<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let state = RwSignal::new(State::Loading);
    let asked = StoredValue::new(Asked::default());
    let repeat = RwSignal::new(());
    Effect::new(move |_| {
        repeat.track();
        let Ask { key, about, answer } = ask();
        if let Some(shown) = shown {
            shown.follow(about);
            shown.asks();
        }
        let is_new = asked.with_value(|asked| asked.key != key);
        if !is_new && asked.with_value(|asked| asked.is_open) {
            return asked.update_value(|asked| asked.is_due = true);
        }
        if is_new {
            state.set(State::Loading);
        }
        let number = asked.with_value(|asked| asked.number) + 1;
        asked.set_value(Asked { key, number, is_open: true, is_due: false });
        let at = browser::now();
        spawn_local(async move {
            let answer = answer.await;
            // The view is gone, or shows something else by now.
            if asked.try_with_value(|asked| asked.number) != Some(number) {
                return;
            }
            asked.update_value(|asked| asked.is_open = false);
            // What is on the screen stays there, and the page says how old it is.
            let is_passing = matches!(&answer, Err(problem) if problem.is_passing);
            keep(state, is_passing, answer);
            match shown {
                Some(shown) if is_passing => shown.misses(),
                Some(shown) => shown.knows(at),
                None => {}
            }
            if asked.with_value(|asked| asked.is_due) {
                repeat.set(());
            }
        });
    });
    Fresh { state }
}

fn keep<T: Clone + PartialEq + Send + Sync + 'static>(
    state: RwSignal<State<T>>,
    is_passing: bool,
    answer: Result<T, Problem>,
) {
    if is_passing && state.with_untracked(|state| matches!(state, State::Known(_))) {
        return;
    }
    let next = answer.map_or_else(State::Failed, State::Known);
    if state.with_untracked(|state| *state != next) {
        state.set(next);
    }
}

impl<T: Clone + Send + Sync + 'static> Fresh<T> {
    /// All of it.
    pub(crate) fn state(&self) -> State<T> {
        self.state.get()
    }

    /// What is known; nothing while it is asked for, or could not be had.
    pub(crate) fn known(&self) -> Option<T> {
        match self.state.get() {
            State::Known(value) => Some(value),
            State::Loading | State::Failed(_) => None,
        }
    }

    /// Draws what is known, what is wrong, or where it will be.
    pub(crate) fn show<V: IntoAny + 'static>(self, draw: impl Fn(T) -> V + Send + Sync + 'static) -> AnyView {
        (move || match self.state.get() {
            State::Loading => skeleton().into_any(),
            State::Known(value) => draw(value).into_any(),
            State::Failed(problem) => problem_box(problem).into_any(),
        })
        .into_any()
    }
}
