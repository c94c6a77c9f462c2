//! Roles of a workspace, and what each allows.

mod matrix;
mod new;

use leptos::prelude::*;
use patr_models::{
    auth::Permission,
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
        dialog::{Danger, Dialog, danger},
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
    });
    let chosen = RwSignal::new(None::<Role>);
    let dialog = Dialog::new();
    view! {
        {head(shell::section(Section::Roles), ())}
        <p class="soft">{words::SAYS}</p>
        {roles.show(move |roles| view! {
            {own(here, &roles, chosen, dialog)}
            {section(words::MATRIX, matrix::show(&roles))}
        })}
        {move || chosen.get().map(|role| ask(here, &role, dialog))}
        {move || here.may(Permission::RoleCreate).then(|| section(words::NEW, new::form(here)))}
    }
}

/// Those that can be changed.
fn own(
    here: Here,
    roles: &[Role],
    chosen: RwSignal<Option<Role>>,
    dialog: Dialog,
) -> Option<impl IntoView + use<>> {
    let own: Vec<Role> = roles.iter().filter(|role| role.role.id.is_some()).cloned().collect();
    let may_delete = here.may(Permission::RoleDelete);
    let is_some = !own.is_empty();
    let lines = own.into_iter().map(move |role| {
        let name = role.role.name.to_string();
        let open = move |_| {
            chosen.set(Some(role.clone()));
            // The dialog is drawn with the role first.
            request_animation_frame(move || dialog.open());
        };
        let button =
            may_delete.then(|| view! { <button class="danger" on:click=open>{words::DELETE}</button> });
        view! { <li><strong>{name}</strong> <span class="actions">{button}</span></li> }
    });
    is_some.then(|| section(words::OWN, view! { <ul class="lines">{lines.collect_view()}</ul> }))
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
