//! Secrets of a workspace. Values go in and never come out.

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
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
    here::Here,
    parts::{
        action::Action,
        dialog::{Danger, Dialog, Picked, danger},
        form::{Field, field, submit},
        list::{List, Listing},
        moment,
        notice::Notice,
        page::section,
    },
    place::{self, Section},
    text::edge::secrets as words,
};

const LIST: List = List {
    section: Section::Secrets,
    search: words::SEARCH,
    columns: &words::COLUMNS,
    empty: (words::EMPTY, words::EMPTY_SAYS),
    first: None,
};

/// Secrets, and who uses them.
const DEPENDS_ON: &[ResourceType] = &[ResourceType::Secret, ResourceType::Deployment];

pub(crate) fn list() -> impl IntoView {
    let (here, listing, deleted) = (Here::of_the_page(), Listing::new(), Picked::new());
    let secrets = listing.ask::<ListSecrets, _>(here, DEPENDS_ON, |workspace| Path { workspace });
    view! {
        {listing.view(here, LIST, secrets, move |secret| row(here, secret, deleted))}
        {move || here.may(Permission::SecretEdit).then(|| section(words::SET, form(here)))}
        {deleted.view(move |name, dialog| ask(here, name, dialog))}
    }
}

fn row(here: Here, secret: &Secret, deleted: Picked<Name>) -> Vec<AnyView> {
    let used = secret.used_by.iter().map(|used| {
        let path = place::one(Section::Deployments, &here.name(), used.deployment.as_str());
        let old = (used.version != secret.version).then(|| format!(" v{}", used.version));
        view! { <span><a href=path>{used.deployment.to_string()}</a>{old}" "</span> }
    });
    vec![
        view! { <code>{secret.name.to_string()}</code> }.into_any(),
        secret.version.into_any(),
        used.collect_view().into_any(),
        moment(secret.updated_at).into_any(),
        here.may_on(Permission::SecretDelete, &secret.name)
            .then(|| deleted.button("danger", words::DELETE, secret.name.clone()))
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
