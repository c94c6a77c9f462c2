//! The head of each view.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::{here::Here, place::Section, text::shell as words};

/// A part of the address, by what the route calls it.
pub(crate) fn of_address(key: &'static str) -> Memo<String> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get(key).unwrap_or_default()))
}

/// A heading, what can be done here, and the title of the tab.
pub(crate) fn head(title: impl Into<String>, actions: impl IntoView + 'static) -> impl IntoView {
    let title = title.into();
    document().set_title(&format!("{title} · Patr"));
    view! {
        <header class="head"><h1>{title}</h1><div class="actions">{actions}</div></header>
    }
}

/// The same for one thing of a section, with the way back to where it is listed.
pub(crate) fn head_of(
    here: Here,
    list: Section,
    title: impl Into<String>,
    actions: impl IntoView + 'static,
) -> impl IntoView {
    view! {
        <nav class="crumbs" aria-label=words::WAY_BACK><a href=list.path(&here.name())>{words::section(list)}</a></nav>
        {head(title, actions)}
    }
}

/// A part of a view with a heading of its own.
pub(crate) fn section(title: &'static str, inner: impl IntoView + 'static) -> impl IntoView {
    view! { <section class="card"><h2>{title}</h2>{inner}</section> }
}
