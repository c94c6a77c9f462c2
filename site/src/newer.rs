//! Whether the edge serves another dashboard by now than the one that runs here. Then the next view that somebody chooses is one of
//! that: nothing that is being typed is lost, and nobody has to reload anything.

use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::hooks::use_location;

use crate::{api, browser, live::Live};

/// How often it is asked for in a tab that somebody sees.
const EVERY: Duration = Duration::from_secs(600);

/// Keeps asking, for the whole dashboard.
pub(crate) fn follow(live: Live) {
    let is_known = RwSignal::new(false);
    let ask = move || {
        if browser::is_visible() && !is_known.get_untracked() {
            spawn_local(async move {
                if is_there().await {
                    is_known.set(true);
                }
            });
        }
    };
    let _ = window_event_listener(ev::visibilitychange, move |_| ask());
    set_interval(ask, EVERY);
    // The edge may have been away because another one has taken its place.
    Effect::new(move |_| {
        if live.is_told() {
            ask();
        }
    });
    let (path, search) = (use_location().pathname, use_location().search);
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) && is_known.get_untracked() {
            // Not a reload: the address bar has the last view yet.
            let search = search.get_untracked();
            let mark = if search.is_empty() { "" } else { "?" };
            browser::leave_for(&format!("{path}{mark}{search}"));
        }
        path
    });
}

/// Whether it does now; not if it does not answer.
pub(crate) async fn is_there() -> bool {
    let (Ok(page), Some(script)) = (api::text("/").await, browser::own_script()) else { return false };
    !page.contains(&script)
}
