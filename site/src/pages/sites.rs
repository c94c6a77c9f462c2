//! Static sites of a workspace.

mod one;
mod upload;

use leptos::prelude::*;
use patr_models::{
    auth::Permission,
    site::{
        Site,
        list::{ListSites, Path},
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
    status::{Badge, Tone},
    text::{edge::sites as words, shell, upload as upload_words},
};
pub(crate) use one::show;
pub(crate) use upload::new;

pub(crate) fn list() -> impl IntoView {
    let here = Here::of_the_page();
    let listing = Listing::new();
    let sites = fresh(move || {
        let (workspace, name, pages) = (here.workspace(), listing.name.get(), listing.pages.get());
        Ask::new(format!("{workspace:?} {name}"), async move {
            api::list::<ListSites, _>(Path { workspace: workspace? }, &name, pages).await
        })
    });
    view! {
        {head(shell::section(Section::Sites), move || here.may(Permission::SiteCreate).then(|| view! {
            <a class="button primary" href=place::new(Section::Sites, &here.name())>{upload_words::NEW}</a>
        }))}
        {listing.search(words::SEARCH)}
        {sites.show(move |page| listing.draw(
            page,
            || {
                let may = here.may(Permission::SiteCreate);
                let line = may.then(|| patr_in(&here.name(), &["site", "deploy", "public", "--name", "www"]));
                empty(words::EMPTY, words::EMPTY_SAYS, line).into_any()
            },
            |items| {
                let rows = items.iter().map(|one| row(here, one)).collect();
                table(shell::section(Section::Sites), &words::COLUMNS, rows).into_any()
            },
        ))}
    }
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
