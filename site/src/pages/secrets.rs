//! Secrets of a workspace. Values go in and never come out.

use leptos::prelude::*;
use patr_models::{
    auth::Permission,
    endpoint::body::{Json, NoBody},
    name::Name,
    secret::{
        Secret, SecretValue, delete,
        list::{ListSecrets, Path},
        set,
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
        form::{Field, field, submit},
        list::{Listing, empty, table},
        moment,
        notice::Notice,
        page::{head, section},
    },
    place::{self, Section},
    text::{edge::secrets as words, shell},
};

pub(crate) fn list() -> impl IntoView {
    let here = Here::of_the_page();
    let listing = Listing::new();
    let secrets = fresh(move || {
        let (workspace, name, pages) = (here.workspace(), listing.name.get(), listing.pages.get());
        Ask::new(format!("{workspace:?} {name}"), async move {
            api::list::<ListSecrets, _>(Path { workspace: workspace? }, &name, pages).await
        })
    });
    let chosen = RwSignal::new(None::<Name>);
    let dialog = Dialog::new();
    view! {
        {head(shell::section(Section::Secrets), ())}
        {listing.search(words::SEARCH)}
        {secrets.show(move |page| listing.draw(
            page,
            || empty(words::EMPTY, words::EMPTY_SAYS, None).into_any(),
            |items| {
                let rows = items.iter().map(|secret| row(here, secret, chosen, dialog)).collect();
                table(shell::section(Section::Secrets), &words::COLUMNS, rows).into_any()
            },
        ))}
        {move || here.may(Permission::SecretEdit).then(|| section(words::SET, form(here)))}
        {move || chosen.get().map(|name| ask(here, name, dialog))}
    }
}

fn row(here: Here, secret: &Secret, chosen: RwSignal<Option<Name>>, dialog: Dialog) -> Vec<AnyView> {
    let name = secret.name.clone();
    let used = secret.used_by.iter().map(|used| {
        let path = place::one(Section::Deployments, &here.name(), used.deployment.as_str());
        let old = (used.version != secret.version).then(|| format!(" v{}", used.version));
        view! { <span><a href=path>{used.deployment.to_string()}</a>{old}" "</span> }
    });
    let open = move |_| {
        chosen.set(Some(name.clone()));
        // The dialog is drawn with the name first.
        request_animation_frame(move || dialog.open());
    };
    vec![
        view! { <code>{secret.name.to_string()}</code> }.into_any(),
        secret.version.into_any(),
        used.collect_view().into_any(),
        moment(secret.updated_at).into_any(),
        here.may_on(Permission::SecretDelete, &secret.name)
            .then(|| view! { <button class="danger" on:click=open>{words::DELETE}</button> })
            .into_any(),
    ]
}

fn form(here: Here) -> impl IntoView {
    let (name, value) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (action, notice) = (Action::new(), Notice::of_the_page());
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let secret = match name.get_untracked().trim().parse::<Name>() {
            Ok(secret) => secret,
            Err(problem) => return action.refuse(problem),
        };
        let (workspace, body) =
            (untrack(|| here.workspace()), set::Body { value: SecretValue::Text(value.get_untracked()) });
        let doing = async move {
            let path = set::Path { workspace: workspace?, secret };
            api::call::<set::SetSecret>(path, Json(body)).await
        };
        action.run(doing, move |_| {
            name.set(String::new());
            value.set(String::new());
            notice.say(words::SAVED);
        });
    };
    // Without the value: a shell would remember it.
    let line = move || patr_in(&untrack(|| here.name()), &["secret", "set", &name.get_untracked()]);
    view! {
        <form on:submit=send>
            {field(words::NAME, words::NAME_HINT, name, Field::of("name", "database-url"))}
            {field(words::VALUE, words::VALUE_HINT, value, Field::of("value", "").kind("password"))}
            {submit(words::SAVE, action, line)}
        </form>
    }
}

fn ask(here: Here, name: Name, dialog: Dialog) -> impl IntoView {
    let action = Action::new();
    let ask = Danger {
        title: words::delete_title(name.as_str()),
        says: words::DELETE_SAYS.to_owned(),
        name: Some(name.to_string()),
        button: words::DELETE,
        command: patr_in(&here.name(), &["secret", "delete", name.as_str()]),
    };
    let run = move || {
        let (workspace, secret) = (untrack(|| here.workspace()), name.clone());
        let doing = async move {
            api::call::<delete::DeleteSecret>(delete::Path { workspace: workspace?, secret }, NoBody).await
        };
        action.run(doing, move |_| dialog.close());
    };
    danger(dialog, action, ask, run)
}
