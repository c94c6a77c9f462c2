//! Volumes of a workspace.

mod copy;
mod new;
mod one;
mod snapshots;

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    name::Name,
    volume::{
        Volume,
        list::{ListVolumes, Path},
    },
};

use crate::{
    format,
    here::Here,
    parts::{
        badge,
        list::{First, List, Listing},
        moment, name_of,
    },
    place::{self, Section},
    status,
    text::volumes as words,
};
pub(crate) use new::new;
pub(crate) use one::show;

const LIST: List = List {
    section: Section::Volumes,
    search: words::SEARCH,
    columns: &words::COLUMNS,
    empty: (words::EMPTY, words::EMPTY_SAYS),
    first: Some(First {
        permission: Permission::VolumeCreate,
        label: words::NEW,
        line: &["volume", "create", "data", "--runner", "home"],
    }),
};

/// What all that is shown of a volume follows from.
const DEPENDS_ON: &[ResourceType] = &[ResourceType::Volume, ResourceType::Deployment, ResourceType::Runner];

pub(crate) fn list() -> impl IntoView {
    let (here, listing) = (Here::of_the_page(), Listing::new());
    let volumes = listing.ask::<ListVolumes, _>(here, DEPENDS_ON, |workspace| Path { workspace });
    listing.view(here, LIST, volumes, move |one| row(here, one))
}

fn row(here: Here, one: &Volume) -> Vec<AnyView> {
    let name = one.name.to_string();
    vec![
        name_of(place::one(Section::Volumes, &here.name(), &name), name),
        badge(status::of_volume(one.state)).into_any(),
        runner(here, one),
        one.bytes.map(format::bytes).into_any(),
        users(here, &one.used_by).into_any(),
        moment(one.created_at).into_any(),
    ]
}

/// Where it is.
fn runner(here: Here, one: &Volume) -> AnyView {
    let path = place::one(Section::Runners, &here.name(), one.runner_name.as_str());
    view! { <a href=path>{one.runner_name.to_string()}</a> }.into_any()
}

/// The deployments that mount it.
fn users(here: Here, names: &[Name]) -> impl IntoView + use<> {
    let links = names.iter().map(|name| {
        let path = place::one(Section::Deployments, &here.name(), name.as_str());
        view! { <span><a href=path>{name.to_string()}</a>" "</span> }
    });
    links.collect_view()
}
