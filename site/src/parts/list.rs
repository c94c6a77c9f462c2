//! Tables, which are cards on a narrow screen, and lists that say how to make their first entry.

use leptos::prelude::*;
use patr_models::page::Page;

use super::{command::command, icon::icon};
use crate::text::shell as words;

/// One line of a table: a view for each column.
pub(crate) type Row = Vec<AnyView>;

/// A table. On a narrow screen each line is a card, and the heading of a column stands before its cell.
pub(crate) fn table(
    caption: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Row>,
) -> impl IntoView {
    let head = columns.iter().map(|column| view! { <th scope="col">{*column}</th> }).collect_view();
    let body = rows
        .into_iter()
        .map(|row| {
            let cells = columns
                .iter()
                .zip(row)
                .map(|(column, cell)| view! { <td data-label=*column><div>{cell}</div></td> });
            view! { <tr>{cells.collect_view()}</tr> }
        })
        .collect_view();
    view! {
        <table>
            <caption class="hidden">{caption}</caption>
            <thead><tr>{head}</tr></thead>
            <tbody>{body}</tbody>
        </table>
    }
}

/// What there is when there is nothing: what it would be, and how to make the first.
pub(crate) fn empty(title: &'static str, says: &'static str, line: Option<String>) -> impl IntoView {
    view! {
        <div class="empty">
            <h2>{title}</h2>
            <p>{says}</p>
            {line.map(command)}
        </div>
    }
}

/// A list that can be searched by name and goes on.
#[derive(Clone, Copy)]
pub(crate) struct Listing {
    /// What was typed.
    pub(crate) name: RwSignal<String>,
    /// How much of it is asked for.
    pub(crate) pages: RwSignal<usize>,
}

impl Listing {
    pub(crate) fn new() -> Self {
        Self { name: RwSignal::new(String::new()), pages: RwSignal::new(1) }
    }

    /// The field that `/` leads to.
    pub(crate) fn search(self, label: &'static str) -> impl IntoView {
        view! {
            <label class="search">
                <span class="hidden">{label}</span>
                {icon("search")}
                <input type="search" placeholder=label title=words::SEARCH_KEY bind:value=self.name/>
            </label>
        }
    }

    /// The lines that there are, or what stands in their place.
    pub(crate) fn draw<T>(
        self,
        page: Page<T>,
        nothing: impl FnOnce() -> AnyView,
        some: impl FnOnce(Vec<T>) -> AnyView,
    ) -> AnyView {
        if page.items.is_empty() {
            let is_searched = !self.name.with_untracked(String::is_empty);
            return if is_searched {
                view! { <p class="soft">{words::NO_MATCH}</p> }.into_any()
            } else {
                nothing()
            };
        }
        let more = page.next.is_some().then(|| {
            view! {
                <p><button on:click=move |_| self.pages.update(|pages| *pages += 1)>{words::MORE}</button></p>
            }
        });
        view! { {some(page.items)} {more} }.into_any()
    }
}
