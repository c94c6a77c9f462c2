//! What went wrong, and what to do about it.

use leptos::prelude::*;

use crate::{api::Problem, text::problem as words};

/// A box with the API's own words: sentence, hint, and the number to quote.
pub(crate) fn problem_box(problem: Problem) -> impl IntoView {
    view! {
        <div class="problem" role="alert">
            <p>{problem.message}</p>
            {problem.hint.map(|hint| view! { <p class="soft">{hint}</p> })}
            {problem.id.map(|id| view! { <p class="soft">{words::QUOTE} " " <code>{id}</code></p> })}
        </div>
    }
}
