//! When to ask again. What is on the screen is asked for every few seconds while somebody can see it, and at once when the page
//! is looked at again or something was changed from here.

use std::time::Duration;

use leptos::{ev, prelude::*};
use patr_models::time::Millis;

use crate::{browser, format::OLD};

const EVERY: Duration = Duration::from_secs(3);

/// See the module.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    /// Grows when what is shown may be another by now.
    ticks: RwSignal<u64>,
    /// When the API last answered.
    answered: RwSignal<Millis>,
    /// The clock, to the second.
    now: RwSignal<Millis>,
}

impl Live {
    /// Begins, for the whole dashboard.
    pub(crate) fn begin() -> Self {
        let now = browser::now();
        let live = Self { ticks: RwSignal::new(0), answered: RwSignal::new(now), now: RwSignal::new(now) };
        set_interval(move || live.now.set(browser::now()), Duration::from_secs(1));
        let tick = move || {
            if browser::is_visible() {
                live.look_again();
            }
        };
        set_interval(tick, EVERY);
        // A tab in the background did not ask: what it shows is old, and about to be asked for.
        let _ = window_event_listener(ev::visibilitychange, move |_| tick());
        provide_context(live);
        live
    }

    pub(crate) fn of_the_page() -> Self {
        expect_context()
    }

    /// Has everything on the screen asked for.
    pub(crate) fn look_again(&self) {
        self.ticks.update(|ticks| *ticks += 1);
    }

    /// Has whoever reads it run again when it is time to ask.
    pub(crate) fn follow(&self) {
        self.ticks.track();
    }

    /// The API has answered.
    pub(crate) fn heard(&self) {
        self.answered.set(browser::now());
    }

    pub(crate) fn now(&self) -> Millis {
        self.now.get()
    }

    /// When the API last answered, if what is shown is old for that.
    pub(crate) fn old_since(&self) -> Option<Millis> {
        let answered = self.answered.get();
        (self.now.get().since(answered) > OLD).then_some(answered)
    }
}
