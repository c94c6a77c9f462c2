//! Static sites of a workspace.

mod one;
mod upload;

use leptos::prelude::*;
use patr_models::{
    auth::{Permission, ResourceType},
    site::{
        Site,
        list::{ListSites, Path},
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
    status::{Badge, Tone},
    text::{edge::sites as words, upload as upload_words},
};
pub(crate) use one::show;
pub(crate) use upload::new;

const LIST: List = List {
    section: Section::Sites,
    search: words::SEARCH,
    columns: &words::COLUMNS,
    empty: (words::EMPTY, words::EMPTY_SAYS),
    first: Some(First {
        permission: Permission::SiteCreate,
        label: upload_words::NEW,
        line: &["site", "deploy", "public", "--name", "www"],
    }),
};

/// What all that is shown of a site follows from.
const DEPENDS_ON: &[ResourceType] = &[ResourceType::Site, ResourceType::Url];

pub(crate) fn list() -> impl IntoView {
    let (here, listing) = (Here::of_the_page(), Listing::new());
    let sites = listing.ask::<ListSites, _>(here, DEPENDS_ON, |workspace| Path { workspace });
    listing.view(here, LIST, sites, move |one| row(here, one))
}

fn row(here: Here, one: &Site) -> Vec<AnyView> {
    let name = one.name.to_string();
    vec![
        name_of(place::one(Section::Sites, &here.name(), &name), name),
        badge(condition(one)).into_any(),
        one.live.into_any(),
        link(&one.url).into_any(),
        moment(one.updated_at).into_any(),
    ]
}

fn link(url: &str) -> impl IntoView + use<> {
    let (url, said) = (url.to_owned(), url.to_owned());
    view! { <a href=url target="_blank" rel="noopener external">{said}</a> }
}

fn condition(site: &Site) -> Badge {
    match (site.running, site.live) {
        (false, _) => Badge { tone: Tone::Quiet, word: words::STOPPED },
        (true, None) => Badge { tone: Tone::Quiet, word: words::NEVER },
        (true, Some(_)) => Badge { tone: Tone::Good, word: words::LIVE },
    }
}
