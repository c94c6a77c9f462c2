//! Fields.

use leptos::prelude::*;

use super::{action::Action, command::as_command, icon::icon};
use crate::text::shell as words;

/// A line of text with its name above and its use below.
pub(crate) fn field(
    label: &'static str,
    hint: &'static str,
    value: RwSignal<String>,
    attributes: Field,
) -> impl IntoView {
    view! {
        <label class="field">
            <span>{label}</span>
            <input
                type=attributes.kind
                name=attributes.name
                required=attributes.is_required
                placeholder=attributes.example
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                bind:value=value
            />
            <small>{hint}</small>
        </label>
    }
}

/// A field for a part of what is looked for, which `/` leads to.
pub(crate) fn search(label: &'static str, value: RwSignal<String>) -> impl IntoView {
    view! {
        <label class="search">
            <span class="hidden">{label}</span>
            {icon("search")}
            <input type="search" placeholder=label title=words::SEARCH_KEY bind:value=value/>
        </label>
    }
}

/// How a field is.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    name: &'static str,
    kind: &'static str,
    example: &'static str,
    is_required: bool,
}

impl Field {
    /// One that has to be filled.
    pub(crate) fn of(name: &'static str, example: &'static str) -> Self {
        Self { name, kind: "text", example, is_required: true }
    }

    pub(crate) fn optional(self) -> Self {
        Self { is_required: false, ..self }
    }

    pub(crate) fn kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }
}

/// Several lines of text.
pub(crate) fn lines(
    label: &'static str,
    hint: &'static str,
    name: &'static str,
    example: &'static str,
    value: RwSignal<String>,
) -> impl IntoView {
    view! {
        <label class="field">
            <span>{label}</span>
            <textarea name=name rows="4" placeholder=example spellcheck="false" autocapitalize="none" bind:value=value></textarea>
            <small>{hint}</small>
        </label>
    }
}

/// A choice of few: value and what it is called.
pub(crate) fn select(
    label: &'static str,
    name: &'static str,
    options: Vec<(String, String)>,
    value: RwSignal<String>,
) -> impl IntoView {
    let options = options.into_iter().map(move |(key, said)| {
        let selected = key == value.get_untracked();
        view! { <option value=key selected=selected>{said}</option> }
    });
    view! {
        <label class="field">
            <span>{label}</span>
            <select name=name on:change=move |event| value.set(event_target_value(&event))>{options.collect_view()}</select>
        </label>
    }
}

/// The end of a form: what sends it, the same as a command, and why it was refused.
pub(crate) fn submit(
    label: &'static str,
    action: Action,
    command: impl Fn() -> String + 'static,
) -> impl IntoView {
    view! {
        {action.problem()}
        <div class="actions">
            <button class="primary" disabled=move || action.is_busy()>{label}</button>
            {as_command(command)}
        </div>
    }
}
