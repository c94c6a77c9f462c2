//! What views are made of.

pub(crate) mod action;
pub(crate) mod command;
pub(crate) mod dialog;
pub(crate) mod form;
pub(crate) mod icon;
pub(crate) mod list;
pub(crate) mod notice;
pub(crate) mod page;
pub(crate) mod palette;
pub(crate) mod problem;

use leptos::prelude::*;
use patr_models::time::Millis;

use crate::{browser, format, live::Live, status::Badge};
use icon::icon;

/// A status: a sign, a word, and a colour that says nothing else.
pub(crate) fn badge(badge: Badge) -> impl IntoView {
    let class = badge.tone.class();
    view! { <span class=format!("badge {class}")>{icon(class)} {badge.word}</span> }
}

/// A moment in the past as its age, with the exact one on hover.
pub(crate) fn moment(at: Millis) -> impl IntoView {
    let live = Live::of_the_page();
    view! {
        <time datetime=at.to_string() title=title(at)>{move || format::ago(at, live.now())}</time>
    }
}

/// A moment to come.
pub(crate) fn until(at: Millis) -> impl IntoView {
    let live = Live::of_the_page();
    view! {
        <time datetime=at.to_string() title=title(at)>{move || format::ahead(at, live.now())}</time>
    }
}

fn title(at: Millis) -> String {
    format!("{} ({})", browser::local_time(at), format::exact(at))
}

/// The name of something, which leads to it.
pub(crate) fn name_of(path: String, name: String) -> AnyView {
    view! { <a class="name" href=path>{name}</a> }.into_any()
}

/// An identifier, whole on hover and when it is copied.
pub(crate) fn id(text: impl ToString) -> impl IntoView {
    view! { <code class="id">{text.to_string()}</code> }
}

/// Where something will be. The style sheet shows it after a while only: most answers are faster.
pub(crate) fn skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" role="status"><span class="hidden">{crate::text::shell::LOADING}</span>
            <i></i><i></i><i></i>
        </div>
    }
}

/// Pairs of a name and what it is.
pub(crate) fn facts(facts: Vec<(&'static str, AnyView)>) -> impl IntoView {
    let rows = facts.into_iter().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> });
    view! { <dl class="facts">{rows.collect_view()}</dl> }
}
