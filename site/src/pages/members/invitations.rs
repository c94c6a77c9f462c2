//! Links with which people become members.

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    endpoint::body::{Created, NoBody},
    invitation::{
        Invitation,
        create::{Body, CreateInvitation, Path},
        list::{self, ListInvitations},
        revoke::{self, RevokeInvitation},
    },
    name::Email,
};

use super::{choices, names, references};
use crate::{
    api,
    command::patr_in,
    fresh::Fresh,
    here::Here,
    parts::{
        action::Action,
        command::command,
        form::{Field, field, submit},
        list::{Listing, table},
        notice::Notice,
        page::section,
        until,
    },
    text::{people::members as words, shell},
};

pub(super) fn invite(here: Here, roles: Fresh<Vec<String>>) -> impl IntoView {
    let (email, held) = (RwSignal::new(String::new()), RwSignal::new(vec!["viewer".to_owned()]));
    let link = RwSignal::new(None::<String>);
    let action = Action::new();
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = email.get_untracked();
        let address = match typed.trim() {
            "" => None,
            typed => match typed.parse::<Email>() {
                Ok(address) => Some(address),
                Err(problem) => return action.refuse(problem),
            },
        };
        let (workspace, roles) = (untrack(|| here.workspace()), references(held.get_untracked()));
        let doing = async move {
            let body = Body { roles: roles?, email: address, lasts_s: None };
            api::create::<CreateInvitation, _>(Path { workspace: workspace? }, body).await
        };
        action.run(doing, move |Created(made)| {
            email.set(String::new());
            link.set(Some(made.link));
        });
    };
    let line = move || {
        let (held, email) = (held.get_untracked(), email.get_untracked());
        let roles: Vec<&str> = held.iter().map(String::as_str).collect();
        let flags: &[&str] = if email.trim().is_empty() { &[] } else { &["--email", email.trim()] };
        patr_in(&untrack(|| here.name()), &[&["member", "invite"], roles.as_slice(), flags].concat())
    };
    section(
        words::INVITE,
        view! {
            <form on:submit=send>
                {field(words::EMAIL, words::EMAIL_HINT, email, Field::of("email", "ada@example.com").optional().kind("email"))}
                {move || roles.known().map(|roles| choices(roles, held))}
                {submit(words::MAKE_LINK, action, line)}
            </form>
            {move || link.get().map(|link| view! { <h3>{words::LINK}</h3> <p class="soft">{shell::ONCE}</p> {command(link)} })}
        },
    )
}

pub(super) fn list(here: Here) -> impl IntoView {
    let listing = Listing::new();
    let about = &[ResourceType::Member, ResourceType::Role];
    let invitations = listing.ask::<ListInvitations, _>(here, about, |workspace| list::Path { workspace });
    section(
        words::INVITATIONS,
        invitations.show(move |page| {
            listing.draw(
                page,
                || view! { <p class="soft">{words::INVITATIONS_NONE}</p> }.into_any(),
                |items| {
                    let rows = items.iter().map(|one| row(here, one)).collect();
                    table(words::INVITATIONS, &words::INVITATION_COLUMNS, rows).into_any()
                },
            )
        }),
    )
}

fn row(here: Here, one: &Invitation) -> Vec<AnyView> {
    let (action, notice, id) = (Action::new(), Notice::of_the_page(), one.id);
    let run = move |_| {
        let workspace = untrack(|| here.workspace());
        let doing = async move {
            let path = revoke::Path { workspace: workspace?, invitation: id };
            api::call::<RevokeInvitation>(path, NoBody).await
        };
        action.run(doing, move |_| notice.say(words::REVOKED));
    };
    vec![
        one.email.as_ref().map_or_else(|| words::WHOEVER.to_owned(), ToString::to_string).into_any(),
        names(&one.roles).into_any(),
        one.created_by.to_string().into_any(),
        until(one.expires_at).into_any(),
        here.may(Permission::MemberInvite)
            .then(|| view! { <button disabled=move || action.is_busy() on:click=run>{words::REVOKE}</button> {action.problem()} })
            .into_any(),
    ]
}
