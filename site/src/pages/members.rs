//! People in a workspace, and links with which others become members.

mod invitations;

use leptos::prelude::*;
use patr_models::{
    auth::Permission,
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
        dialog::{Danger, Dialog, danger},
        form::submit,
        list::{Listing, table},
        moment,
        notice::Notice,
        page::head,
    },
    place::Section,
    text::{people::members as words, shell},
};

pub(crate) fn list() -> impl IntoView {
    let here = Here::of_the_page();
    let listing = Listing::new();
    let members = fresh(move || {
        let (workspace, name, pages) = (here.workspace(), listing.name.get(), listing.pages.get());
        Ask::new(format!("{workspace:?} {name}"), async move {
            api::list::<ListMembers, _>(Path { workspace: workspace? }, &name, pages).await
        })
    });
    let roles = roles(here);
    let (removed, edited) = (RwSignal::new(None::<Member>), RwSignal::new(None::<Member>));
    let (removing, editing) = (Dialog::new(), Dialog::new());
    view! {
        {head(shell::section(Section::Members), ())}
        {listing.search(words::SEARCH)}
        {members.show(move |page| listing.draw(
            page,
            || ().into_any(),
            |items| {
                let rows = items.iter().map(|member| vec![
                    view! { <span class="name">{member.email.to_string()}</span> }.into_any(),
                    names(&member.roles).into_any(),
                    moment(member.joined_at).into_any(),
                    buttons(here, member, (edited, editing), (removed, removing)).into_any(),
                ]);
                table(shell::section(Section::Members), &words::COLUMNS, rows.collect()).into_any()
            },
        ))}
        {move || removed.get().map(|member| ask(here, &member, removing))}
        {move || edited.get().map(|member| edit(here, roles, &member, editing))}
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
    })
}

fn names(roles: &[HeldRole]) -> String {
    roles.iter().map(|role| role.name.to_string()).collect::<Vec<_>>().join(", ")
}

type Chosen = (RwSignal<Option<Member>>, Dialog);

fn buttons(here: Here, member: &Member, edit: Chosen, remove: Chosen) -> impl IntoView + use<> {
    let open = |(chosen, dialog): Chosen| {
        let member = member.clone();
        move |_| {
            chosen.set(Some(member.clone()));
            // The dialog is drawn with the member first.
            request_animation_frame(move || dialog.open());
        }
    };
    let (open_edit, open_remove) = (open(edit), open(remove));
    view! {
        <span class="actions">
            {here.may(Permission::MemberEdit).then(|| view! { <button on:click=open_edit>{words::EDIT}</button> })}
            {here.may(Permission::MemberRemove).then(|| view! { <button class="danger" on:click=open_remove>{words::REMOVE}</button> })}
        </span>
    }
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
