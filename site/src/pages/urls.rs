//! Managed URLs of a workspace, and what answers at an address.

mod new;

use leptos::prelude::*;
use patr_models::{
    auth::Permission,
    endpoint::body::NoBody,
    managed_url::{
        ManagedUrl, Target, delete,
        list::{ListUrls, Path},
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
        list::{Listing, empty, table},
        moment,
        page::head,
    },
    place::{self, Section},
    text::{edge::urls as words, shell},
};
pub(crate) use new::new;

pub(crate) fn list() -> impl IntoView {
    let here = Here::of_the_page();
    let listing = Listing::new();
    let urls = fresh(move || {
        let (workspace, name, pages) = (here.workspace(), listing.name.get(), listing.pages.get());
        Ask::new(format!("{workspace:?} {name}"), async move {
            api::list::<ListUrls, _>(Path { workspace: workspace? }, &name, pages).await
        })
    });
    let chosen = RwSignal::new(None::<ManagedUrl>);
    let dialog = Dialog::new();
    view! {
        {head(shell::section(Section::Urls), move || here.may(Permission::UrlCreate).then(|| view! {
            <a class="button primary" href=place::new(Section::Urls, &here.name())>{words::NEW}</a>
        }))}
        {listing.search(words::SEARCH)}
        {urls.show(move |page| listing.draw(
            page,
            || {
                let line = ["url", "add", "shop", "--deployment", "web"];
                empty(words::EMPTY, words::EMPTY_SAYS, here.may(Permission::UrlCreate).then(|| patr_in(&here.name(), &line))).into_any()
            },
            |items| {
                let rows = items.iter().map(|url| row(here, url, chosen, dialog)).collect();
                table(shell::section(Section::Urls), &words::COLUMNS, rows).into_any()
            },
        ))}
        {move || chosen.get().map(|url| ask(here, &url, dialog))}
    }
}

fn row(here: Here, url: &ManagedUrl, chosen: RwSignal<Option<ManagedUrl>>, dialog: Dialog) -> Vec<AnyView> {
    let picked = url.clone();
    let open = move |_| {
        chosen.set(Some(picked.clone()));
        // The dialog is drawn with the address first.
        request_animation_frame(move || dialog.open());
    };
    let last = if url.automatic {
        view! { <small>{words::AUTOMATIC}</small> }.into_any()
    } else {
        here.may_on(Permission::UrlDelete, &url.id)
            .then(|| view! { <button class="danger" on:click=open>{words::REMOVE}</button> })
            .into_any()
    };
    vec![
        view! { <a href=url.url.clone() target="_blank" rel="noopener external">{url.url.clone()}</a> }
            .into_any(),
        target(here, &url.target),
        moment(url.created_at).into_any(),
        last,
    ]
}

/// Where a URL leads.
fn target(here: Here, target: &Target) -> AnyView {
    let leads = |section: Section, name: &str, more: String| {
        let path = place::one(section, &here.name(), name);
        view! { <a href=path>{name.to_owned()}</a> <small>{more}</small> }.into_any()
    };
    match target {
        Target::Deployment { deployment_name, port, .. } => {
            leads(Section::Deployments, deployment_name.as_str(), format!(" :{port}"))
        }
        Target::Site { site_name, .. } => leads(Section::Sites, site_name.as_str(), String::new()),
        Target::Proxy { url } => view! { <small>{words::PROXY}</small> " " {url.to_string()} }.into_any(),
        Target::Redirect { url, permanent } => {
            let status = if *permanent { 308 } else { 307 };
            view! { <small>{words::REDIRECT} " " {status}</small> " " {url.to_string()} }.into_any()
        }
    }
}

fn ask(here: Here, url: &ManagedUrl, dialog: Dialog) -> impl IntoView + use<> {
    let (action, id) = (Action::new(), url.id);
    let run = move || {
        let workspace = untrack(|| here.workspace());
        let doing = async move {
            api::change::<delete::DeleteUrl>(delete::Path { workspace: workspace?, url: id }, NoBody).await
        };
        action.run(doing, move |_| dialog.close());
    };
    let place = format!("{}{}", url.host, if url.path.as_str() == "/" { "" } else { url.path.as_str() });
    let ask = Danger {
        title: words::remove_title(&place),
        says: words::REMOVE_SAYS.to_owned(),
        name: None,
        button: words::REMOVE,
        command: patr_in(&here.name(), &["url", "remove", &place]),
    };
    danger(dialog, action, ask, run)
}
