//! Lines to be copied.

use leptos::{prelude::*, task::spawn_local};

use super::{icon::icon, notice::Notice};
use crate::{browser, text::shell as words};

/// Puts text where it can be pasted from, and says so.
pub(crate) fn copy(notice: Notice, text: String) {
    spawn_local(async move {
        notice.say(if browser::copy(&text).await { words::COPIED } else { words::NOT_COPIED });
    });
}

/// A line for a terminal, with a button that copies it.
pub(crate) fn command(line: String) -> impl IntoView {
    let notice = Notice::of_the_page();
    let copied = line.clone();
    view! {
        <div class="command">
            // What is wider than the screen is scrolled with the keys, too.
            <pre tabindex="0"><code>{line}</code></pre>
            <button class="plain" title=words::COPY aria-label=words::COPY on:click=move |_| copy(notice, copied.clone())>
                {icon("copy")}
            </button>
        </div>
    }
}

/// The same action as a command, folded away under a button that copies it.
pub(crate) fn as_command(line: impl Fn() -> String + 'static) -> impl IntoView {
    let notice = Notice::of_the_page();
    view! {
        <button type="button" class="plain small" on:click=move |_| copy(notice, line())>
            {icon("copy")} {words::COPY_COMMAND}
        </button>
    }
}

/// The same where there is room for its sign only.
pub(crate) fn copy_line(line: String) -> impl IntoView {
    let notice = Notice::of_the_page();
    let title = format!("{}: {line}", words::COPY_COMMAND);
    let label = title.clone();
    view! {
        <button type="button" class="plain small" title=title aria-label=label on:click=move |_| copy(notice, line.clone())>
            {icon("copy")}
        </button>
    }
}
