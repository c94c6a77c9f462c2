//! Deployments of a workspace.

mod base;
pub(crate) mod environment;
pub(crate) mod logs;
pub(crate) mod metrics;
mod new;
mod one;
pub(crate) mod releases;
pub(crate) mod settings;
mod status_tab;

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    deployment::{
        Deployment,
        list::{ListDeployments, Path},
    },
};

use crate::{
    api,
    command::patr_in,
    fresh::{Ask, fresh},
    here::Here,
    parts::{
        badge,
        list::{Listing, empty, table},
        moment, name_of,
        page::head,
    },
    place::{self, Section},
    status,
    text::{deployments as words, shell},
};
pub(crate) use new::new;
pub(crate) use one::{Known, show};

/// What all that is shown of a deployment follows from.
const DEPENDS_ON: &[ResourceType] = &[ResourceType::Deployment, ResourceType::Runner, ResourceType::Url];

pub(crate) fn list() -> impl IntoView {
    let here = Here::of_the_page();
    let listing = Listing::new();
    let deployments = fresh(move || {
        let (workspace, name, pages) = (here.workspace(), listing.name.get(), listing.pages.get());
        Ask::new(format!("{workspace:?} {name}"), async move {
            api::list::<ListDeployments, _>(Path { workspace: workspace? }, &name, pages).await
        })
        .about(DEPENDS_ON)
    });
    let may_create = move || here.may(Permission::DeploymentCreate);
    view! {
        {head(shell::section(Section::Deployments), move || may_create().then(|| view! {
            <a class="button primary" href=place::new(Section::Deployments, &here.name())>{words::NEW}</a>
        }))}
        {listing.search(words::SEARCH)}
        {deployments.show(move |page| listing.draw(
            page,
            || {
                let line = ["deploy", "nginx", "--name", "web", "--port", "80", "--runner", "home"];
                empty(words::EMPTY, words::EMPTY_SAYS, may_create().then(|| patr_in(&here.name(), &line))).into_any()
            },
            |items| {
                let rows = items.iter().map(|one| row(here, one)).collect();
                table(shell::section(Section::Deployments), &words::COLUMNS, rows).into_any()
            },
        ))}
    }
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
