//! Which view is at which address.

use leptos::prelude::*;
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

use crate::{
    pages::{
        audit, deployments, members, overview, roles, runners, secrets, sites, tokens, urls, workspaces,
    },
    parts::page::head,
    shell::shell,
    text::shell as words,
};

pub(crate) fn app() -> impl IntoView {
    view! {
        <Router>
            {shell(|| view! {
                <Routes fallback=nothing>
                    <Route path=path!("/") view=workspaces::begin/>
                    <Route path=path!("/workspaces") view=workspaces::list/>
                    <Route path=path!("/w/:workspace") view=overview::show/>
                    <Route path=path!("/w/:workspace/deployments") view=deployments::list/>
                    <Route path=path!("/w/:workspace/new/deployments") view=deployments::new/>
                    <Route path=path!("/w/:workspace/deployments/:name/:tab?") view=deployments::show/>
                    <Route path=path!("/w/:workspace/runners") view=runners::list/>
                    <Route path=path!("/w/:workspace/new/runners") view=runners::add/>
                    <Route path=path!("/w/:workspace/runners/:name") view=runners::show/>
                    <Route path=path!("/w/:workspace/sites") view=sites::list/>
                    <Route path=path!("/w/:workspace/new/sites") view=sites::new/>
                    <Route path=path!("/w/:workspace/sites/:name") view=sites::show/>
                    <Route path=path!("/w/:workspace/urls") view=urls::list/>
                    <Route path=path!("/w/:workspace/new/urls") view=urls::new/>
                    <Route path=path!("/w/:workspace/secrets") view=secrets::list/>
                    <Route path=path!("/w/:workspace/members") view=members::list/>
                    <Route path=path!("/w/:workspace/roles") view=roles::list/>
                    <Route path=path!("/w/:workspace/audit") view=audit::list/>
                    <Route path=path!("/tokens") view=tokens::list/>
                </Routes>
            })}
        </Router>
    }
}

fn nothing() -> impl IntoView {
    view! { {head(words::NOT_FOUND, ())} <p>{words::NOT_FOUND_SAYS}</p> }
}
