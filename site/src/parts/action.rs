//! Something that is done at a press of a button: while it is under way, and when it is refused.

use std::{future::Future, pin::Pin};

use leptos::{prelude::*, task::spawn_local};

use super::{icon::icon, problem::problem_box};
use crate::{api::Problem, live::Live};

/// See the module.
#[derive(Clone, Copy)]
pub(crate) struct Action {
    is_busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
    /// What is waited for, where that may take longer than a press of a button.
    waits: &'static str,
    live: Live,
}

impl Action {
    pub(crate) fn new() -> Self {
        Self::slow("")
    }

    /// One that says what it waits for.
    pub(crate) fn slow(waits: &'static str) -> Self {
        Self { is_busy: RwSignal::new(false), problem: RwSignal::new(None), waits, live: Live::of_the_page() }
    }

    /// Does it, unless it is under way already, and then what follows from it.
    pub(crate) fn run<T: 'static>(
        self,
        doing: impl Future<Output = Result<T, Problem>> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        if !self.is_busy.get_untracked() {
            self.perform(Box::pin(async move {
                then(doing.await?);
                Ok(())
            }));
        }
    }

    fn perform(self, doing: Pin<Box<dyn Future<Output = Result<(), Problem>>>>) {
        self.is_busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let done = doing.await;
            // Whoever asked has gone elsewhere: it is done all the same.
            let _ = self.is_busy.try_set(false);
            if let Err(problem) = done {
                let _ = self.problem.try_set(Some(problem));
            }
            self.live.look_again();
        });
    }

    pub(crate) fn is_busy(self) -> bool {
        self.is_busy.get()
    }

    /// Says what is wrong before anything is sent.
    pub(crate) fn refuse(self, problem: impl ToString) {
        self.problem.set(Some(Problem::saying(problem)));
    }

    /// Why it was refused, if it was; until then what is waited for.
    pub(crate) fn problem(self) -> AnyView {
        let waits = move || {
            let is_said = self.is_busy.get() && !self.waits.is_empty();
            is_said.then(|| view! { <p class="waits" role="status">{icon("busy")} {self.waits}</p> })
        };
        view! { {waits} {move || self.problem.get().map(problem_box)} }.into_any()
    }
}
