//! A sentence about what was just done, for everybody who reads or hears the page.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use crate::browser;

/// How long it stays.
const SHOWN: Duration = Duration::from_secs(4);

/// See the module.
#[derive(Clone, Copy)]
pub(crate) struct Notice(RwSignal<(u64, String)>);

impl Notice {
    pub(crate) fn begin() -> Self {
        let notice = Self(RwSignal::new((0, String::new())));
        provide_context(notice);
        notice
    }

    pub(crate) fn of_the_page() -> Self {
        expect_context()
    }

    pub(crate) fn say(self, text: impl ToString) {
        let number = self.0.with_untracked(|(number, _)| number + 1);
        self.0.set((number, text.to_string()));
        spawn_local(async move {
            browser::pause(SHOWN).await;
            // Another one has taken its place by now, or nobody looks.
            if self.0.try_with_untracked(|(shown, _)| *shown) == Some(number) {
                self.0.set((number, String::new()));
            }
        });
    }

    /// Where it is shown.
    pub(crate) fn view(self) -> impl IntoView {
        view! { <div class="notice" role="status" aria-live="polite">{move || self.0.get().1}</div> }
    }
}
