//! When to ask again: at once when the edge tells that something has changed, when the page is looked at again, and when
//! something was done from here. While the edge cannot tell, every few seconds; and now and then even while it can, for its
//! word is a hint. Nobody asks while nobody can see the page.

mod socket;

use std::time::Duration;

use leptos::{ev, prelude::*};
use patr_models::{auth::ResourceType, live::Changed, time::Millis};

use crate::{age::Answers, browser, format::OLD};

/// How often, while the edge does not tell of changes, or something that was asked for has not come.
const EVERY: Duration = Duration::from_secs(3);
/// How many times more seldom while it does: what is lost on its way is shown half a minute later.
const SELDOM: u32 = 10;

const KINDS: usize = ResourceType::ALL.len();

/// See the module.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    /// Each grows when what is shown of its kind may be another by now.
    changes: [RwSignal<u64>; KINDS],
    answers: RwSignal<Answers>,
    /// Whether the edge tells of changes.
    is_told: RwSignal<bool>,
    /// Whether the last question was answered.
    is_reached: RwSignal<bool>,
    /// The clock, to the second.
    now: RwSignal<Millis>,
    old_since: Memo<Option<Millis>>,
}

impl Live {
    /// Begins, for the whole dashboard.
    pub(crate) fn begin() -> Self {
        let (answers, now) = (RwSignal::new(Answers::default()), RwSignal::new(browser::now()));
        let live = Self {
            changes: std::array::from_fn(|_| RwSignal::new(0)),
            answers,
            is_told: RwSignal::new(false),
            is_reached: RwSignal::new(true),
            now,
            old_since: Memo::new(move |_| answers.with(|answers| answers.old_since(now.get()))),
        };
        live.keep_time();
        live.take_turns();
        // A tab in the background did not ask: what it shows is old.
        let _ = window_event_listener(ev::visibilitychange, move |_| live.look_if_seen());
        provide_context(live);
        live
    }

    fn keep_time(self) {
        let tick = move || {
            let now = browser::now();
            // The machine slept: nobody knows whether anything was told meanwhile, or is told now.
            if now.since(self.now.get_untracked()) > OLD {
                self.is_told.set(false);
                self.look_if_seen();
            }
            self.now.set(now);
        };
        set_interval(tick, Duration::from_secs(1));
    }

    fn take_turns(self) {
        let turn = StoredValue::new(0u32);
        let take = move || {
            turn.update_value(|turn| *turn = (*turn + 1) % SELDOM);
            let is_sure = self.is_told.get_untracked() && !self.answers.with_untracked(Answers::is_asking);
            if !is_sure || turn.get_value() == 0 {
                self.look_if_seen();
            }
        };
        set_interval(take, EVERY);
    }

    fn look_if_seen(self) {
        if browser::is_visible() {
            self.look_again();
        }
    }

    /// Has the edge tell of changes in the workspace that is looked at.
    pub(crate) fn listen(self, workspace: Memo<String>) {
        socket::listen(self, workspace);
    }

    /// Until when all that changed was told, if it is. Where the machine slept the clock of the page is behind: better too old
    /// than too new.
    fn told(self) -> Option<Millis> {
        self.is_told.get_untracked().then(|| self.now.get_untracked())
    }

    /// All that changed until now was told.
    fn confirm(self) {
        if let Some(told) = self.told() {
            self.answers.update(|answers| answers.confirm(told));
        }
    }

    fn reach(self, is_reached: bool) {
        if self.is_reached.get_untracked() != is_reached {
            self.is_reached.set(is_reached);
        }
    }

    pub(crate) fn of_the_page() -> Self {
        expect_context()
    }

    /// Has everything on the screen asked for.
    pub(crate) fn look_again(self) {
        self.changes.iter().for_each(|change| change.update(|count| *count += 1));
    }

    /// Has what is shown of these asked for.
    fn look_again_at(self, changed: &[Changed]) {
        for (kind, change) in ResourceType::ALL.iter().zip(self.changes) {
            if changed.iter().any(|changed| changed.kind == *kind) {
                change.update(|count| *count += 1);
            }
        }
    }

    pub(crate) fn now(self) -> Millis {
        self.now.get()
    }

    /// Whether the edge tells of changes now.
    pub(crate) fn is_told(self) -> bool {
        self.is_told.get()
    }

    /// When what is shown was known, if that is long ago.
    pub(crate) fn old_since(self) -> Option<Millis> {
        self.old_since.get()
    }
}

/// An answer on the screen that is to be of now, for as long as the view that made it.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    live: Live,
    number: u64,
}

impl Shown {
    pub(crate) fn begin() -> Self {
        let live = Live::of_the_page();
        let number = live.answers.try_update(|answers| answers.add(browser::now())).unwrap_or_default();
        on_cleanup(move || {
            let _ = live.answers.try_update(|answers| answers.remove(number));
        });
        Self { live, number }
    }

    /// Has whoever reads it run again when something of these kinds may be another.
    pub(crate) fn follow(self, about: &[ResourceType]) {
        for (kind, change) in ResourceType::ALL.iter().zip(self.live.changes) {
            if about.contains(kind) {
                change.track();
            }
        }
    }

    /// Says that it is asked for.
    pub(crate) fn asks(self) {
        let told = self.live.told();
        self.live.answers.update(|answers| answers.ask(self.number, browser::now(), told));
    }

    /// Says that it was asked for in vain.
    pub(crate) fn misses(self) {
        self.live.reach(false);
    }

    /// Says that what was asked for at this moment is known.
    pub(crate) fn knows(self, at: Millis) {
        self.live.reach(true);
        self.live.answers.update(|answers| answers.know(self.number, at));
    }
}
