//! Which view is at which address.

use leptos::prelude::*;
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

use crate::{
    pages::workspaces,
    parts::page::head,
    shell::shell,
    split::{self, later},
    text::shell as words,
};

pub(crate) fn app() -> impl IntoView {
    view! {
        <Router>
            {shell(|| view! {
                <Routes fallback=nothing>
                    <Route path=path!("/") view=workspaces::begin/>
                    <Route path=path!("/workspaces") view=later(split::people, |views| views.workspaces)/>
                    <Route path=path!("/w/:workspace") view=later(split::overview, |views| views.show)/>
                    <Route path=path!("/w/:workspace/deployments") view=later(split::workloads, |views| views.deployments)/>
                    <Route path=path!("/w/:workspace/new/deployments") view=later(split::changes, |views| views.new_deployment)/>
                    <Route path=path!("/w/:workspace/deployments/:name/:tab?") view=later(split::workloads, |views| views.deployment)/>
                    <Route path=path!("/w/:workspace/runners") view=later(split::workloads, |views| views.runners)/>
                    <Route path=path!("/w/:workspace/new/runners") view=later(split::workloads, |views| views.new_runner)/>
                    <Route path=path!("/w/:workspace/runners/:name") view=later(split::workloads, |views| views.runner)/>
                    <Route path=path!("/w/:workspace/sites") view=later(split::resources, |views| views.sites)/>
                    <Route path=path!("/w/:workspace/new/sites") view=later(split::resources, |views| views.new_site)/>
                    <Route path=path!("/w/:workspace/sites/:name") view=later(split::resources, |views| views.site)/>
                    <Route path=path!("/w/:workspace/urls") view=later(split::resources, |views| views.urls)/>
                    <Route path=path!("/w/:workspace/new/urls") view=later(split::resources, |views| views.new_url)/>
                    <Route path=path!("/w/:workspace/volumes") view=later(split::resources, |views| views.volumes)/>
                    <Route path=path!("/w/:workspace/new/volumes") view=later(split::resources, |views| views.new_volume)/>
                    <Route path=path!("/w/:workspace/volumes/:name") view=later(split::resources, |views| views.volume)/>
                    <Route path=path!("/w/:workspace/secrets") view=later(split::resources, |views| views.secrets)/>
                    <Route path=path!("/w/:workspace/members") view=later(split::people, |views| views.members)/>
                    <Route path=path!("/w/:workspace/roles") view=later(split::people, |views| views.roles)/>
                    <Route path=path!("/w/:workspace/audit") view=later(split::people, |views| views.audit)/>
                    <Route path=path!("/tokens") view=later(split::people, |views| views.tokens)/>
                </Routes>
            })}
        </Router>
    }
}

fn nothing() -> impl IntoView {
    view! { {head(words::NOT_FOUND, ())} <p>{words::NOT_FOUND_SAYS}</p> }
}
