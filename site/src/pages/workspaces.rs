//! `/` and `/workspaces`.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use patr_models::{
    endpoint::body::Created,
    name::WorkspaceName,
    workspace::{
        Workspace,
        create::{Body, CreateWorkspace, Path},
    },
};

use crate::{
    api,
    command::patr,
    here::Here,
    parts::{
        action::Action,
        form::{Field, field, submit},
        id,
        list::{empty, table},
        moment,
        page::{head, section},
    },
    place::{self, Section},
    text::shell::workspaces as words,
};

/// Leads to the workspace that was looked at last.
pub(crate) fn begin() -> impl IntoView {
    let here = Here::of_the_page();
    here.workspaces.show(move |page| {
        let to = here
            .first(&page.items)
            .map_or_else(|| place::WORKSPACES.to_owned(), |name| Section::Overview.path(&name));
        let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
        let navigate = use_navigate();
        // After this is drawn: an address cannot change while its view is being made.
        request_animation_frame(move || navigate(&to, options));
    })
}

pub(crate) fn list() -> impl IntoView {
    let here = Here::of_the_page();
    view! {
        {head(words::TITLE, ())}
        {here.workspaces.show(|page| {
            if page.items.is_empty() {
                return empty(words::EMPTY, words::EMPTY_SAYS, None).into_any();
            }
            table(words::TITLE, &words::COLUMNS, page.items.into_iter().map(row).collect()).into_any()
        })}
        {section(words::NEW, form())}
    }
}

fn row(workspace: Workspace) -> Vec<AnyView> {
    let path = Section::Overview.path(workspace.name.as_str());
    vec![
        view! { <a class="name" href=path>{workspace.name.to_string()}</a> }.into_any(),
        moment(workspace.created_at).into_any(),
        id(workspace.id).into_any(),
    ]
}

fn form() -> impl IntoView {
    let name = RwSignal::new(String::new());
    let action = Action::new();
    let navigate = use_navigate();
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let name = match name.get_untracked().trim().parse::<WorkspaceName>() {
            Ok(name) => name,
            Err(problem) => return action.refuse(problem),
        };
        let navigate = navigate.clone();
        action.run(api::create::<CreateWorkspace, _>(Path {}, Body { name }), move |Created(made)| {
            navigate(&Section::Overview.path(made.name.as_str()), NavigateOptions::default());
        });
    };
    view! {
        <form on:submit=send>
            {field(words::NAME, words::NAME_HINT, name, Field::of("name", "acme"))}
            {submit(words::CREATE, action, move || patr(&["workspace", "create", &name.get_untracked()]))}
        </form>
    }
}
