//! People in a workspace, and links with which others become members.

mod invitations;

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    endpoint::body::{Json, NoBody},
    ids::{Ref, RoleId},
    member::{
        Member, PersonRef,
        list::{ListMembers, Path},
        remove, set_roles,
    },
    page::Page,
    role::{HeldRole, Role, list},
};

use crate::{
    api,
    command::patr_in,
    fresh::{Ask, Fresh, fresh},
    here::Here,
    parts::{
        action::Action,
        dialog::{Danger, Dialog, Picked, danger},
        form::submit,
        list::{List, Listing},
        moment,
        notice::Notice,
    },
    place::Section,
    text::people::members as words,
};

const LIST: List = List {
    section: Section::Members,
    search: words::SEARCH,
    columns: &words::COLUMNS,
    // There is always somebody.
    empty: ("", ""),
    first: None,
};

pub(crate) fn list() -> impl IntoView {
    let here = Here::of_the_page();
    let listing = Listing::new();
    let about = &[ResourceType::Member, ResourceType::Role];
    let members = listing.ask::<ListMembers, _>(here, about, |workspace| Path { workspace });
    let roles = roles(here);
    let (removed, edited) = (Picked::new(), Picked::new());
    view! {
        {listing.view(here, LIST, members, move |member| vec![
            view! { <span class="name">{member.email.to_string()}</span> }.into_any(),
            names(&member.roles).into_any(),
            moment(member.joined_at).into_any(),
            buttons(here, member, edited, removed).into_any(),
        ])}
        {removed.view(move |member, dialog| ask(here, &member, dialog))}
        {edited.view(move |member, dialog| edit(here, roles, &member, dialog))}
        {move || here.may(Permission::MemberInvite).then(|| invitations::invite(here, roles))}
        {invitations::list(here)}
    }
}

/// The roles that somebody can be given, by name.
fn roles(here: Here) -> Fresh<Vec<String>> {
    fresh(move || {
        let workspace = here.workspace();
        Ask::new(format!("{workspace:?}"), async move {
            let path = list::Path { workspace: workspace? };
            let page: Page<Role> = api::list::<list::ListRoles, _>(path, "", usize::MAX).await?;
            Ok(page.items.into_iter().map(|role| role.role.name.to_string()).collect())
        })
        .about(&[ResourceType::Role])
    })
}

fn names(roles: &[HeldRole]) -> String {
    roles.iter().map(|role| role.name.to_string()).collect::<Vec<_>>().join(", ")
}

fn buttons(
    here: Here,
    member: &Member,
    edited: Picked<Member>,
    removed: Picked<Member>,
) -> impl IntoView + use<> {
    let edit = here.may(Permission::MemberEdit).then(|| edited.button("", words::EDIT, member.clone()));
    let remove =
        here.may(Permission::MemberRemove).then(|| removed.button("danger", words::REMOVE, member.clone()));
    view! { <span class="actions">{edit} {remove}</span> }
}

/// Boxes to tick, one for each role.
fn choices(roles: Vec<String>, held: RwSignal<Vec<String>>) -> impl IntoView {
    let boxes = roles.into_iter().map(move |role| {
        let is_held = held.with_untracked(|held| held.contains(&role));
        let name = role.clone();
        let tick = move |event| {
            let is_ticked = event_target_checked(&event);
            held.update(|held| {
                held.retain(|other| *other != name);
                if is_ticked {
                    held.push(name.clone());
                }
            });
        };
        view! { <label><input type="checkbox" name="role" value=role.clone() checked=is_held on:change=tick/> {role.clone()}</label> }
    });
    view! { <fieldset class="choices"><legend>{words::ROLES}</legend>{boxes.collect_view()}</fieldset> }
}

/// Roles as calls name them.
fn references(roles: Vec<String>) -> Result<Vec<Ref<RoleId>>, api::Problem> {
    roles.into_iter().map(|role| role.parse().map_err(api::Problem::saying)).collect()
}

fn edit(here: Here, roles: Fresh<Vec<String>>, member: &Member, dialog: Dialog) -> impl IntoView + use<> {
    let held = RwSignal::new(member.roles.iter().map(|role| role.name.to_string()).collect::<Vec<_>>());
    let (action, notice, user) = (Action::new(), Notice::of_the_page(), member.user);
    let email = member.email.to_string();
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let (workspace, roles) = (untrack(|| here.workspace()), references(held.get_untracked()));
        let doing = async move {
            let path = set_roles::Path { workspace: workspace?, member: PersonRef::Id(user) };
            api::call::<set_roles::SetMemberRoles>(path, Json(set_roles::Body { roles: roles? })).await
        };
        action.run(doing, move |_| {
            dialog.close();
            notice.say(words::SAVED);
        });
    };
    let title = words::edit_title(&email);
    let line = move || {
        let held = held.get_untracked();
        let roles: Vec<&str> = held.iter().map(String::as_str).collect();
        patr_in(&untrack(|| here.name()), &[&["member", "set-roles", &email], roles.as_slice()].concat())
    };
    let known = untrack(|| roles.known()).unwrap_or_default();
    dialog.view(
        title,
        view! {
            <form on:submit=send>
                {choices(known, held)}
                {submit(words::SAVE, action, line)}
            </form>
        },
    )
}

fn ask(here: Here, member: &Member, dialog: Dialog) -> impl IntoView + use<> {
    let (action, user) = (Action::new(), member.user);
    let email = member.email.as_str();
    let run = move || {
        let workspace = untrack(|| here.workspace());
        let doing = async move {
            let path = remove::Path { workspace: workspace?, member: PersonRef::Id(user) };
            api::call::<remove::RemoveMember>(path, NoBody).await
        };
        action.run(doing, move |_| dialog.close());
    };
    let ask = Danger {
        title: words::remove_title(email),
        says: words::REMOVE_SAYS.to_owned(),
        name: None,
        button: words::REMOVE,
        command: patr_in(&here.name(), &["member", "remove", email]),
    };
    danger(dialog, action, ask, run)
}
