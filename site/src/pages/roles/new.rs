//! A new role: a name, and what it allows.

use leptos::prelude::*;
use patr_models::{
    auth::{Grant, Permission, ResourceType},
    name::Name,
    role::create::{Body, CreateRole, Path},
};

use crate::{
    api,
    command::patr_in,
    here::Here,
    parts::{
        action::Action,
        form::{Field, field, submit},
        notice::Notice,
    },
    text::people::roles as words,
};

pub(super) fn form(here: Here) -> impl IntoView {
    let (name, allowed) = (RwSignal::new(String::new()), RwSignal::new(Vec::<Permission>::new()));
    let (action, notice) = (Action::new(), Notice::of_the_page());
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let role = match name.get_untracked().trim().parse::<Name>() {
            Ok(role) => role,
            Err(problem) => return action.refuse(problem),
        };
        let workspace = untrack(|| here.workspace());
        let grants = allowed.get_untracked().into_iter().map(Grant::all).collect();
        let doing = async move {
            api::create::<CreateRole, _>(Path { workspace: workspace? }, Body { name: role, grants }).await
        };
        action.run(doing, move |_| {
            name.set(String::new());
            notice.say(words::CREATED);
        });
    };
    let line = move || {
        let (name, allowed) = (name.get_untracked(), allowed.get_untracked());
        let flags: Vec<&str> =
            allowed.iter().flat_map(|permission| ["--allow", permission.as_str()]).collect();
        patr_in(&untrack(|| here.name()), &[&["role", "create", name.trim()], flags.as_slice()].concat())
    };
    view! {
        <form on:submit=send>
            {field(words::NAME, words::NAME_HINT, name, Field::of("name", "deployer"))}
            {ResourceType::ALL.iter().map(|kind| group(here, *kind, allowed)).collect_view()}
            {submit(words::CREATE, action, line)}
        </form>
    }
}

/// The permissions about one type of resources. Nobody gives more than they have.
fn group(here: Here, kind: ResourceType, allowed: RwSignal<Vec<Permission>>) -> impl IntoView {
    let all = Permission::ALL.iter().copied().filter(move |permission| permission.resource_type() == kind);
    let boxes = all.map(|permission| {
        let tick = move |event| {
            let is_ticked = event_target_checked(&event);
            allowed.update(|allowed| {
                allowed.retain(|other| *other != permission);
                if is_ticked {
                    allowed.push(permission);
                }
            });
        };
        let verb = permission.as_str().split(':').nth(1).unwrap_or_default();
        let is_lacking = move || !here.may(permission);
        view! { <label><input type="checkbox" name="allow" value=permission.as_str() disabled=is_lacking on:change=tick/> {verb}</label> }
    });
    view! { <fieldset class="choices"><legend>{kind.noun()}</legend>{boxes.collect_view()}</fieldset> }
}
