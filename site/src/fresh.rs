//! Answers of the API that are kept as they are there: asked for when a view opens, and again whenever
//! [`live`](crate::live) says so.

use std::{any::Any, future::Future, marker::PhantomData, pin::Pin, sync::Arc};

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

impl<T: PartialEq + Send + Sync + 'static> Ask<T> {
    fn of_any(self) -> Ask<Value> {
        let Self { key, about, answer } = self;
        Ask { key, about, answer: Box::pin(async move { Ok(Value(Arc::new(answer.await?))) }) }
    }
}

/// An answer of any type: so there is one function in what a browser loads that keeps asking, and not one for each type.
#[derive(Clone)]
struct Value(Arc<dyn Answer>);

impl Value {
    fn get<T: Clone + 'static>(&self) -> Option<T> {
        let answer: &dyn Any = &*self.0;
        answer.downcast_ref().cloned()
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.0.is(&*other.0)
    }
}

trait Answer: Any + Send + Sync {
    fn is(&self, other: &dyn Answer) -> bool;
}

impl<T: PartialEq + Send + Sync + 'static> Answer for T {
    fn is(&self, other: &dyn Answer) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref() == Some(self)
    }
}

/// See the module.
pub(crate) struct Fresh<T: 'static> {
    state: RwSignal<State<Value>>,
    of: PhantomData<fn() -> T>,
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
    Fresh { state: keep_asking(Until::Gone, Box::new(move || ask().of_any())), of: PhantomData }
}

/// The same of what stays as it is while somebody looks at a page: asks until there is an answer, and then only when what `ask`
/// reads changes.
pub(crate) fn once<T>(ask: impl Fn() -> Ask<T> + 'static) -> Fresh<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    Fresh { state: keep_asking(Until::Answered, Box::new(move || ask().of_any())), of: PhantomData }
}

/// How long a question is asked again.
#[derive(Clone, Copy, PartialEq)]
enum Until {
    /// There is an answer.
    Answered,
    /// Whoever asks is gone.
    Gone,
}

fn keep_asking(until: Until, ask: Box<dyn Fn() -> Ask<Value>>) -> RwSignal<State<Value>> {
    let state = RwSignal::new(State::Loading);
    let asked = StoredValue::new(Asked::default());
    let repeat = RwSignal::new(());
    let shown = Shown::begin();
    Effect::new(move |_| {
        repeat.track();
        let Ask { key, about, answer } = ask();
        let is_new = asked.with_value(|asked| asked.key != key);
        let is_known = state.with_untracked(|state| matches!(state, State::Known(_)));
        if until == Until::Answered && is_known && !is_new {
            return;
        }
        shown.follow(about);
        shown.asks();
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
            if is_passing {
                shown.misses()
            } else {
                shown.knows(at)
            }
            if asked.with_value(|asked| asked.is_due) {
                repeat.set(());
            }
        });
    });
    state
}

fn keep(state: RwSignal<State<Value>>, is_passing: bool, answer: Result<Value, Problem>) {
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
        match self.state.get() {
            State::Loading => State::Loading,
            // It is of this type: nothing else is put there.
            State::Known(value) => value.get().map_or(State::Loading, State::Known),
            State::Failed(problem) => State::Failed(problem),
        }
    }

    /// What is known; nothing while it is asked for, or could not be had.
    pub(crate) fn known(&self) -> Option<T> {
        match self.state() {
            State::Known(value) => Some(value),
            State::Loading | State::Failed(_) => None,
        }
    }

    /// Draws what is known, what is wrong, or where it will be.
    pub(crate) fn show<V: IntoAny + 'static>(self, draw: impl Fn(T) -> V + Send + Sync + 'static) -> AnyView {
        (move || match self.state() {
            State::Loading => skeleton().into_any(),
            State::Known(value) => draw(value).into_any(),
            State::Failed(problem) => problem_box(problem).into_any(),
        })
        .into_any()
    }
}
