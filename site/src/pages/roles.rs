//! Roles of a workspace, and what each allows.

mod form;
mod matrix;

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    endpoint::body::NoBody,
    role::{
        Role, delete,
        list::{ListRoles, Path},
    },
};

use crate::{
    api,
    command::patr_in,
    fresh::{Ask, fresh},
    here::Here,
    parts::{
        action::Action,
        dialog::{Danger, Dialog, Picked, danger},
        page::{head, section},
    },
    place::Section,
    text::{people::roles as words, shell},
};

pub(crate) fn list() -> impl IntoView {
    let here = Here::of_the_page();
    let roles = fresh(move || {
        let workspace = here.workspace();
        Ask::new(format!("{workspace:?}"), async move {
            let page = api::list::<ListRoles, Role>(Path { workspace: workspace? }, "", usize::MAX).await?;
            Ok(page.items)
        })
        .about(&[ResourceType::Role])
    });
    let (edited, deleted) = (Picked::new(), Picked::new());
    view! {
        {head(shell::section(Section::Roles), ())}
        <p class="soft">{words::SAYS}</p>
        {roles.show(move |roles| view! {
            {own(here, &roles, edited, deleted)}
            {section(words::MATRIX, matrix::show(&roles))}
        })}
        {edited.view(move |role, dialog| change(here, role, dialog))}
        {deleted.view(move |role, dialog| ask(here, &role, dialog))}
        {move || here.may(Permission::RoleCreate).then(|| section(words::NEW, form::new(here)))}
    }
}

/// Those that can be changed.
fn own(
    here: Here,
    roles: &[Role],
    edited: Picked<Role>,
    deleted: Picked<Role>,
) -> Option<impl IntoView + use<>> {
    let own: Vec<Role> = roles.iter().filter(|role| role.role.id.is_some()).cloned().collect();
    let (may_edit, may_delete) = (here.may(Permission::RoleEdit), here.may(Permission::RoleDelete));
    let is_some = !own.is_empty();
    let lines = own.into_iter().map(move |role| {
        let name = role.role.name.to_string();
        let edit = may_edit.then(|| edited.button("", words::EDIT, role.clone()));
        let delete = may_delete.then(|| deleted.button("danger", words::DELETE, role));
        view! { <li><strong>{name}</strong> <span class="actions">{edit} {delete}</span></li> }
    });
    is_some.then(|| section(words::OWN, view! { <ul class="lines">{lines.collect_view()}</ul> }))
}

fn change(here: Here, role: Role, dialog: Dialog) -> impl IntoView {
    let title = words::edit_title(role.role.name.as_str());
    let inner = view! {
        {form::edit(here, role, move || dialog.close())}
        <button type="button" class="plain" on:click=move |_| dialog.close()>{shell::CANCEL}</button>
    };
    dialog.view(title, inner)
}

fn ask(here: Here, role: &Role, dialog: Dialog) -> Option<impl IntoView + use<>> {
    let id = role.role.id?;
    let action = Action::new();
    let run = move || {
        let workspace = untrack(|| here.workspace());
        let doing = async move {
            let path = delete::Path { workspace: workspace?, role: id.into() };
            api::change::<delete::DeleteRole>(path, NoBody).await
        };
        action.run(doing, move |_| dialog.close());
    };
    let name = role.role.name.as_str();
    let ask = Danger {
        title: words::delete_title(name),
        says: words::DELETE_SAYS.to_owned(),
        name: None,
        button: words::DELETE,
        command: patr_in(&here.name(), &["role", "delete", name]),
    };
    Some(danger(dialog, action, ask, run))
}
