//! The program comes in parts: the first is what every view needs, each other one the views of some sections. A part is loaded when
//! somebody looks at a view of it, and all of them a moment after the page has begun: a tab that is open over a deploy has them.
//!
//! What several parts need is put into the first (`xtask/src/site.rs`).

// The attribute declares functions for the linker, which is unsafe; nothing that is written here is.
#![allow(unsafe_code)]

use std::{future::Future, pin::Pin, rc::Rc, sync::Arc, time::Duration};

use leptos::{prelude::*, task::spawn_local};
use patr_models::{
    deployment::Deployment,
    site::{
        SiteVersion,
        config::{NotFound, ServeConfig},
    },
};
use wasm_split_helpers::{SplitLoaderError as Missing, wasm_split};
use web_sys::File;

use crate::{
    api::Problem,
    browser,
    chosen::Chosen,
    fresh::{Fresh, State},
    here::Here,
    newer,
    pages::{
        audit,
        deployments::{self, Known},
        members, overview, roles, runners, secrets, sites, tokens, urls, volumes, workspaces,
    },
    parts::{
        palette::{self, Entry},
        problem::problem_box,
        skeleton,
    },
    text::problem as words,
    upload::{self, Target, Upload},
};

/// How long the first view has the connection for itself.
const AFTER: Duration = Duration::from_secs(2);

/// Draws a view.
pub(crate) type View = fn() -> AnyView;

/// Draws a part of the view of a deployment.
pub(crate) type Tab = fn(Here, Fresh<Deployment>, Known) -> AnyView;

/// What there is in a workspace.
#[derive(Clone, Copy)]
pub(crate) struct Overview {
    pub(crate) show: View,
    /// What can be jumped to in a workspace of this name.
    pub(crate) entries: fn(String) -> Doing<Vec<Entry>>,
}

#[wasm_split(overview, fallible)]
pub(crate) fn overview() -> Result<Overview, Missing> {
    Ok(Overview {
        show: || overview::show().into_any(),
        entries: |workspace| Box::pin(async move { Ok(palette::resources(workspace).await) }),
    })
}

/// What runs, and on what.
#[derive(Clone, Copy)]
pub(crate) struct Workloads {
    pub(crate) deployments: View,
    pub(crate) deployment: View,
    pub(crate) runners: View,
    pub(crate) new_runner: View,
    pub(crate) runner: View,
}

#[wasm_split(workloads, fallible)]
pub(crate) fn workloads() -> Result<Workloads, Missing> {
    Ok(Workloads {
        deployments: || deployments::list().into_any(),
        deployment: || deployments::show().into_any(),
        runners: || runners::list().into_any(),
        new_runner: || runners::add().into_any(),
        runner: || runners::show().into_any(),
    })
}

/// What makes releases of deployments.
#[derive(Clone, Copy)]
pub(crate) struct Changes {
    pub(crate) new_deployment: View,
    pub(crate) releases: Tab,
    pub(crate) environment: Tab,
    pub(crate) settings: Tab,
}

#[wasm_split(changes, fallible)]
pub(crate) fn changes() -> Result<Changes, Missing> {
    Ok(Changes {
        new_deployment: || deployments::new().into_any(),
        releases: |here, _, known| deployments::releases::show(here, known).into_any(),
        environment: |here, one, known| deployments::environment::show(here, one, known).into_any(),
        settings: |here, one, known| deployments::settings::show(here, one, known).into_any(),
    })
}

/// What deployments do while they run.
#[derive(Clone, Copy)]
pub(crate) struct Insight {
    pub(crate) logs: Tab,
    pub(crate) requests: Tab,
    pub(crate) terminal: Tab,
    pub(crate) metrics: Tab,
}

#[wasm_split(insight, fallible)]
pub(crate) fn insight() -> Result<Insight, Missing> {
    Ok(Insight {
        logs: |here, _, known| deployments::logs::show(here, known).into_any(),
        requests: |here, one, known| deployments::requests::show(here, one, known).into_any(),
        terminal: |here, one, known| deployments::terminal::show(here, one, known).into_any(),
        metrics: |here, _, known| deployments::metrics::show(here, known).into_any(),
    })
}

/// What is served, and what deployments need.
#[derive(Clone, Copy)]
pub(crate) struct Resources {
    pub(crate) sites: View,
    pub(crate) new_site: View,
    pub(crate) site: View,
    pub(crate) urls: View,
    pub(crate) new_url: View,
    pub(crate) volumes: View,
    pub(crate) new_volume: View,
    pub(crate) volume: View,
    pub(crate) secrets: View,
}

#[wasm_split(resources, fallible)]
pub(crate) fn resources() -> Result<Resources, Missing> {
    Ok(Resources {
        sites: || sites::list().into_any(),
        new_site: || sites::new().into_any(),
        site: || sites::show().into_any(),
        urls: || urls::list().into_any(),
        new_url: || urls::new().into_any(),
        volumes: || volumes::list().into_any(),
        new_volume: || volumes::new().into_any(),
        volume: || volumes::show().into_any(),
        secrets: || secrets::list().into_any(),
    })
}

/// Who may do what, and who did.
#[derive(Clone, Copy)]
pub(crate) struct People {
    pub(crate) members: View,
    pub(crate) roles: View,
    pub(crate) audit: View,
    pub(crate) tokens: View,
    pub(crate) workspaces: View,
}

#[wasm_split(people, fallible)]
pub(crate) fn people() -> Result<People, Missing> {
    Ok(People {
        members: || members::list().into_any(),
        roles: || roles::list().into_any(),
        audit: || audit::list().into_any(),
        tokens: || tokens::list().into_any(),
        workspaces: || workspaces::list().into_any(),
    })
}

/// From a folder to a version of a site: what that takes is loaded when there is one.
#[derive(Clone, Copy)]
pub(crate) struct Publish {
    pub(crate) config: fn(Rc<Chosen<File>>, NotFound) -> Doing<ServeConfig>,
    pub(crate) deploy: fn(Upload, Target, Rc<Chosen<File>>, ServeConfig) -> Doing<SiteVersion>,
}

pub(crate) type Doing<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

#[wasm_split(publish, fallible)]
pub(crate) fn publish() -> Result<Publish, Missing> {
    Ok(Publish {
        config: |folder, not_found| Box::pin(async move { upload::config(&folder, not_found).await }),
        deploy: |upload, to, folder, config| {
            Box::pin(async move { upload.deploy(&to, &folder, &config).await })
        },
    })
}

impl From<Missing> for Problem {
    fn from(_: Missing) -> Self {
        Self::saying(words::PART_MISSING)
    }
}

/// A view of another part of the program.
pub(crate) fn later<T, F>(
    load: fn() -> F,
    choose: fn(T) -> View,
) -> impl Fn() -> AnyView + Clone + Send + Sync
where
    T: Copy + Send + Sync + 'static,
    F: Future<Output = Result<T, Missing>> + 'static,
{
    move || drawn_by(load, move |part| choose(part)())
}

/// What another part of the program draws.
pub(crate) fn drawn_by<T, F>(
    load: fn() -> F,
    draw: impl Fn(T) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView
where
    T: Copy + Send + Sync + 'static,
    F: Future<Output = Result<T, Missing>> + 'static,
{
    drawn(Rc::new(move || {
        let draw = draw.clone();
        Box::pin(async move {
            let part = load().await?;
            Ok(Arc::new(move || draw(part)) as Draw)
        })
    }))
}

type Draw = Arc<dyn Fn() -> AnyView + Send + Sync>;

/// One for all parts, of which there is less to load.
fn drawn(load: Rc<dyn Fn() -> Doing<Draw>>) -> AnyView {
    let view = RwSignal::new(State::Loading);
    let load = StoredValue::new_local(load);
    let ask = move || {
        view.set(State::Loading);
        let loading = load.with_value(|load| load());
        // The view may be gone when it has come.
        spawn_local(async move {
            let loaded = match loading.await {
                Ok(draw) => State::Known(draw),
                Err(_) if newer::is_there().await => return browser::reload(),
                Err(problem) => State::Failed(problem),
            };
            let _ = view.try_set(loaded);
        });
    };
    ask();
    (move || match view.get() {
        State::Loading => skeleton().into_any(),
        State::Known(draw) => draw(),
        State::Failed(problem) => view! {
            {problem_box(problem)}
            <button on:click=move |_| ask()>{words::PART_AGAIN}</button>
        }
        .into_any(),
    })
    .into_any()
}

/// Has the parts that are not here yet loaded, for views that somebody may look at later.
pub(crate) fn load_all() {
    let all = async {
        // What does not come now is asked for again when it is needed.
        let _ = (overview().await, workloads().await, resources().await, people().await);
        let _ = (changes().await, insight().await, publish().await);
    };
    set_timeout(move || spawn_local(all), AFTER);
}
