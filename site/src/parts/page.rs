//! The head of each view.

use leptos::prelude::*;

/// A heading, what can be done here, and the title of the tab.
pub(crate) fn head(title: impl Into<String>, actions: impl IntoView + 'static) -> impl IntoView {
    let title = title.into();
    document().set_title(&format!("{title} · Patr"));
    view! {
        <header class="head"><h1>{title}</h1><div class="actions">{actions}</div></header>
    }
}

/// The same for one thing, with the way back to where it is listed.
pub(crate) fn head_of(
    list: (&'static str, String),
    title: impl Into<String>,
    actions: impl IntoView + 'static,
) -> impl IntoView {
    let (name, path) = list;
    view! {
        <nav class="crumbs" aria-label=crate::text::shell::WAY_BACK><a href=path>{name}</a></nav>
        {head(title, actions)}
    }
}

/// A part of a view with a heading of its own.
pub(crate) fn section(title: &'static str, inner: impl IntoView + 'static) -> impl IntoView {
    view! { <section class="card"><h2>{title}</h2>{inner}</section> }
}
