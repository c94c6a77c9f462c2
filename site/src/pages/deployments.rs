//! Deployments of a workspace.

mod base;
pub(crate) mod environment;
mod follow;
pub(crate) mod logs;
pub(crate) mod metrics;
mod new;
mod one;
pub(crate) mod releases;
pub(crate) mod requests;
pub(crate) mod settings;
mod status_tab;
pub(crate) mod terminal;

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    deployment::{
        Deployment,
        list::{ListDeployments, Path},
    },
};

use crate::{
    here::Here,
    parts::{
        badge,
        list::{First, List, Listing},
        moment, name_of,
    },
    place::{self, Section},
    status,
    text::deployments as words,
};
pub(crate) use new::new;
pub(crate) use one::{Known, show};

/// What all that is shown of a deployment follows from.
const DEPENDS_ON: &[ResourceType] = &[ResourceType::Deployment, ResourceType::Runner, ResourceType::Url];

const LIST: List = List {
    section: Section::Deployments,
    search: words::SEARCH,
    columns: &words::COLUMNS,
    empty: (words::EMPTY, words::EMPTY_SAYS),
    first: Some(First {
        permission: Permission::DeploymentCreate,
        label: words::NEW,
        line: &["deploy", "nginx", "--name", "web", "--port", "80", "--runner", "home"],
    }),
};

pub(crate) fn list() -> impl IntoView {
    let (here, listing) = (Here::of_the_page(), Listing::new());
    let deployments = listing.ask::<ListDeployments, _>(here, DEPENDS_ON, |workspace| Path { workspace });
    listing.view(here, LIST, deployments, move |one| row(here, one))
}

fn row(here: Here, one: &Deployment) -> Vec<AnyView> {
    let name = one.name.to_string();
    let runners: Vec<String> = one.runners.iter().map(|placed| placed.name.to_string()).collect();
    vec![
        name_of(place::one(Section::Deployments, &here.name(), &name), name),
        badge(status::of_deployment(&one.status)).into_any(),
        view! { <code>{one.spec.image.to_string()}</code> }.into_any(),
        runners.join(", ").into_any(),
        one.release.into_any(),
        moment(one.updated_at).into_any(),
    ]
}
