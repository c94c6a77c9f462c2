//! Managed URLs of a workspace, and what answers at an address.

mod new;

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    endpoint::body::NoBody,
    managed_url::{
        ManagedUrl, Target, delete,
        list::{ListUrls, Path},
    },
};

use crate::{
    api,
    command::patr_in,
    here::Here,
    parts::{
        action::Action,
        dialog::{Danger, Dialog, Picked, danger},
        list::{First, List, Listing},
        moment,
    },
    place::{self, Section},
    text::edge::urls as words,
};
pub(crate) use new::new;

const LIST: List = List {
    section: Section::Urls,
    search: words::SEARCH,
    columns: &words::COLUMNS,
    empty: (words::EMPTY, words::EMPTY_SAYS),
    first: Some(First {
        permission: Permission::UrlCreate,
        label: words::NEW,
        line: &["url", "add", "shop", "--deployment", "web"],
    }),
};

/// URLs, and what they lead to.
const DEPENDS_ON: &[ResourceType] = &[ResourceType::Url, ResourceType::Deployment, ResourceType::Site];

pub(crate) fn list() -> impl IntoView {
    let (here, listing, removed) = (Here::of_the_page(), Listing::new(), Picked::new());
    let urls = listing.ask::<ListUrls, _>(here, DEPENDS_ON, |workspace| Path { workspace });
    view! {
        {listing.view(here, LIST, urls, move |url| row(here, url, removed))}
        {removed.view(move |url, dialog| ask(here, &url, dialog))}
    }
}

fn row(here: Here, url: &ManagedUrl, removed: Picked<ManagedUrl>) -> Vec<AnyView> {
    let last = if url.automatic {
        view! { <small>{words::AUTOMATIC}</small> }.into_any()
    } else {
        here.may_on(Permission::UrlDelete, &url.id)
            .then(|| removed.button("danger", words::REMOVE, url.clone()))
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
