//! Tables, which are cards on a narrow screen, and lists that say how to make their first entry.

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    endpoint::{
        ApiEndpoint,
        body::{Json, NoBody},
        headers::NoHeaders,
    },
    ids::{Ref, WorkspaceId},
    page::{ListQuery, Page},
};

use super::{command::command, form::search, page::head};
use crate::{
    api,
    command::patr_in,
    fresh::{Ask, Fresh, fresh},
    here::Here,
    place::{self, Section},
    text::shell as words,
};

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

/// What the view of a section says.
#[derive(Clone, Copy)]
pub(crate) struct List {
    pub(crate) section: Section,
    /// What the field for a name says.
    pub(crate) search: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// What is said when there is nothing: that, and what it would be.
    pub(crate) empty: (&'static str, &'static str),
    /// How one is made, where that has a view of its own.
    pub(crate) first: Option<First>,
}

/// How something is made: by whom, what leads there, and on the command line.
#[derive(Clone, Copy)]
pub(crate) struct First {
    pub(crate) permission: Permission,
    pub(crate) label: &'static str,
    pub(crate) line: &'static [&'static str],
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

    /// So much of a list of the workspace as is asked for, kept as it is there; `about` are the kinds that it depends on.
    pub(crate) fn ask<E, T>(
        self,
        here: Here,
        about: &'static [ResourceType],
        path: impl Fn(Ref<WorkspaceId>) -> E::Path + Copy + 'static,
    ) -> Fresh<Page<T>>
    where
        E: ApiEndpoint<
                Query = ListQuery,
                RequestHeaders = NoHeaders,
                Request = NoBody,
                Response = Json<Page<T>>,
            >,
        E::Path: Clone,
        T: Clone + PartialEq + Send + Sync + 'static,
    {
        fresh(move || {
            let (workspace, name, pages) = (here.workspace(), self.name.get(), self.pages.get());
            Ask::new(format!("{workspace:?} {name}"), async move {
                api::list::<E, T>(path(workspace?), &name, pages).await
            })
            .about(about)
        })
    }

    /// The view of a section: what it is called, what is in it, and how more is made.
    pub(crate) fn view<T: Clone + Send + Sync + 'static>(
        self,
        here: Here,
        list: List,
        page: Fresh<Page<T>>,
        row: impl Fn(&T) -> Row + Send + Sync + 'static,
    ) -> AnyView {
        let List { section, search: prompt, columns, empty: (title, says), first } = list;
        let offered = move || first.filter(|first| here.may(first.permission));
        let name = words::section(section);
        view! {
            {head(name, move || offered().map(|first| view! {
                <a class="button primary" href=place::new(section, &here.name())>{first.label}</a>
            }))}
            {search(prompt, self.name)}
            {page.show(move |page| self.draw(
                page,
                || empty(title, says, offered().map(|first| patr_in(&here.name(), first.line))).into_any(),
                |items| table(name, columns, items.iter().map(&row).collect()).into_any(),
            ))}
        }
        .into_any()
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
